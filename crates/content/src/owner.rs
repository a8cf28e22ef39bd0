//! Which process answers for an upload, and whether it still lives.

use std::fs;

/// What is known of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Alive,
    Dead,
    /// In another container of this machine, whose processes cannot be seen from here.
    Unknown,
}

/// Names a process of this machine so that no later one has the same name: boot, number, start, and the container in
/// which these are its number and start.
pub(crate) fn ourselves() -> String {
    let pid = std::process::id();
    let started = started(pid).unwrap_or_default();
    format!("{}/{pid}/{started}/{}", boot(), namespace())
}

pub(crate) fn look(owner: &str) -> Owner {
    let parts: Vec<&str> = owner.split('/').collect();
    let [boot_then, pid, then, container] = parts[..] else { return Owner::Dead };
    let Ok(pid) = pid.parse() else { return Owner::Dead };
    if boot_then != boot() {
        return Owner::Dead;
    }
    if container != namespace() {
        return Owner::Unknown;
    }
    if started(pid).is_some_and(|now| now == then) { Owner::Alive } else { Owner::Dead }
}

/// Of process numbers. Source: `pid_namespaces(7)`.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().into_owned()
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
        assert_eq!(look(&own), Owner::Alive, "{own}");
        let [boot, pid, started, container] = own.split('/').collect::<Vec<_>>()[..] else {
            panic!("{own}");
        };
        assert_eq!(look(&format!("{boot}/{pid}/1/{container}")), Owner::Dead);
        assert_eq!(look(&format!("another-boot/{pid}/{started}/{container}")), Owner::Dead);
        assert_eq!(look(&format!("{boot}/{pid}/{started}/pid:[1]")), Owner::Unknown);
        assert_eq!((look(""), look("a/b/c")), (Owner::Dead, Owner::Dead));
    }

    #[test]
    fn a_process_that_has_ended_is_dead() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let started = started(child.id()).unwrap();
        let name = format!("{}/{}/{started}/{}", boot(), child.id(), namespace());
        assert_eq!(look(&name), Owner::Alive);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(look(&name), Owner::Dead);
    }
}
