//! Numbers from `/proc/<pid>/status`.

use std::io;

/// Of another process of ours, or of `self`. `None`: it is gone, or a zombie.
pub(crate) fn bytes_of(process: &str, field: &str) -> io::Result<Option<u64>> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    Ok(bytes_in(&status, field))
}

/// The kernel writes `Field:    123 kB`.
fn bytes_in(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status = "VmData:\t     12 kB\nVm:\t 7 kB\nRssAnon:\t  300 kB\nThreads:\t2\n";
        assert_eq!(bytes_in(status, "Vm"), Some(7 * 1024));
        assert_eq!(bytes_in(status, "RssAnon"), Some(300 * 1024));
        assert_eq!(bytes_in(status, "Threads"), None);
        assert_eq!(bytes_in(status, "Rss"), None);
    }

    #[test]
    fn this_process_has_memory() {
        assert!(bytes_of("self", "RssAnon").unwrap().unwrap() > 4096);
    }
}
