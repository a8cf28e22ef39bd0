//! Landlock without a rule: no file, no network, no signal to another process.

use landlock::{
    ABI, Access, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetError,
    RulesetStatus, Scope,
};

/// The newest interface whose rights this was tested with; an older kernel enforces what it knows of it.
const INTERFACE: ABI = ABI::V6;

/// Says what this kernel cannot forbid. That is not an error: the system call filter stands as well.
pub(super) fn forbid_everything() -> Option<String> {
    match restrict() {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => None,
        Ok(_) => Some("landlock is not enabled in this kernel".to_owned()),
        Err(error) => Some(format!("landlock: {error}")),
    }
}

fn restrict() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(INTERFACE))?
        .handle_access(AccessNet::from_all(INTERFACE))?
        .scope(Scope::from_all(INTERFACE))?
        .create()?
        .restrict_self()
}
