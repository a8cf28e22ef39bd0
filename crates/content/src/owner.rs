//! Which process answers for an upload, and whether it still lives.

use std::fs;

/// Names a process of this machine so that no later one has the same name: boot, number, start.
pub(crate) fn ourselves() -> String {
    let pid = std::process::id();
    let started = started(pid).unwrap_or_default();
    format!("{}/{pid}/{started}", boot())
}

/// Also true of what cannot be told: an upload of a living process must not be touched.
pub(crate) fn is_alive(owner: &str) -> bool {
    let mut parts = owner.split('/');
    let (Some(boot_then), Some(pid), Some(then)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Ok(pid) = pid.parse() else { return false };
    boot_then == boot() && started(pid).is_some_and(|now| now == then)
}

/// Differs after each start of the machine; empty where the system has none.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// When the process was started, in ticks since the boot. Source: proc(5), field 22 of `stat`.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in the second field may hold anything, a bracket included.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    // A process that has ended and was not waited for is dead.
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_others_of_its_number_do_not() {
        let own = ourselves();
        assert!(is_alive(&own), "{own}");
        let (head, _) = own.rsplit_once('/').unwrap();
        assert!(!is_alive(&format!("{head}/1")));
        let (_, tail) = own.split_once('/').unwrap();
        assert!(!is_alive(&format!("another-boot/{tail}")));
        assert!(!is_alive("") && !is_alive("a/b/c"));
    }

    #[test]
    fn a_process_that_has_ended_is_dead() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let name = format!("{}/{}/{}", boot(), child.id(), started(child.id()).unwrap());
        assert!(is_alive(&name));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(&name));
    }
}
