//! What this process may use of the machine: of its container, where it runs in one.

use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// At least 1.
    pub cores: usize,
    /// Bytes of main memory; none if the system does not say.
    pub memory: Option<u64>,
}

/// Taken where the system does not say how much memory there is; `config check` warns then.
const MEMORY_ASSUMED: u64 = 2 << 30;

impl Machine {
    /// The cores already respect affinity and the processor quota of cgroups of both versions.
    pub(crate) fn detect() -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory_below(Path::new("/")),
        }
    }

    /// Bytes.
    pub(crate) fn memory_or_assumed(&self) -> u64 {
        self.memory.unwrap_or(MEMORY_ASSUMED)
    }
}

/// The least of the main memory and the limits of all control groups around this process. `root` is `/`.
fn memory_below(root: &Path) -> Option<u64> {
    let main = read(root, "proc/meminfo").and_then(|text| main_memory(&text));
    let groups = read(root, "proc/self/cgroup").unwrap_or_default();
    let limits = groups.lines().flat_map(|line| group_limits(root, line));
    main.into_iter().chain(limits).min()
}

/// Line `MemTotal:  16337304 kB`.
fn main_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

/// A line is `0::/path` (version 2) or `4:memory,cpu:/path` (version 1). Every group on the way to the root
/// limits its children, and in a container the path of the host may not be visible: then only the root counts.
fn group_limits(root: &Path, line: &str) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let (mount, file) = if controllers.is_empty() {
        ("sys/fs/cgroup", "memory.max")
    } else if controllers.split(',').any(|name| name == "memory") {
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
    } else {
        return Vec::new();
    };
    let mount = root.join(mount);
    Path::new(path.trim_start_matches('/'))
        .ancestors()
        .filter_map(|group| read(&mount.join(group), file))
        .filter_map(|limit| limit.trim().parse().ok())
        .collect()
}

fn read(folder: &Path, file: &str) -> Option<String> {
    std::fs::read_to_string(folder.join(file)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_tightest_limit_counts() {
        const MEMINFO: (&str, &str) =
            ("proc/meminfo", "MemFree:  1 kB\nMemTotal:       16777216 kB\nMemFree: 5 kB\n");
        let v2 = ("proc/self/cgroup", "0::/user/app\n");
        let v1 = ("proc/self/cgroup", "11:cpu,cpuacct:/job\n4:memory:/job\n0::/\n");
        for (case, files, expected) in [
            ("nothing is known", vec![], None),
            ("no group", vec![MEMINFO], Some(16 * GIB)),
            (
                "no limit",
                vec![MEMINFO, v2, ("sys/fs/cgroup/user/app/memory.max", "max\n")],
                Some(16 * GIB),
            ),
            (
                "own limit",
                vec![MEMINFO, v2, ("sys/fs/cgroup/user/app/memory.max", "1073741824\n")],
                Some(GIB),
            ),
            (
                "limit of the group above",
                vec![
                    MEMINFO,
                    v2,
                    ("sys/fs/cgroup/user/app/memory.max", "max\n"),
                    ("sys/fs/cgroup/user/memory.max", "2147483648\n"),
                ],
                Some(2 * GIB),
            ),
            (
                "in a container",
                vec![MEMINFO, v2, ("sys/fs/cgroup/memory.max", "3221225472\n")],
                Some(3 * GIB),
            ),
            (
                "version 1",
                vec![
                    MEMINFO,
                    v1,
                    ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4294967296\n"),
                ],
                Some(4 * GIB),
            ),
            (
                "version 1 without a limit",
                vec![
                    MEMINFO,
                    v1,
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ],
                Some(16 * GIB),
            ),
            (
                "another controller",
                vec![
                    MEMINFO,
                    ("proc/self/cgroup", "11:cpu:/job\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "4096\n"),
                ],
                Some(16 * GIB),
            ),
        ] {
            assert_eq!(memory_below(machine(&files).path()), expected, "{case}");
        }
    }

    #[test]
    fn this_machine_has_cores() {
        assert!(Machine::detect().cores >= 1);
    }
}
