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

/// The share in use of what this process may use: the largest of the main memory's and those of its control groups.
/// What can be given up at once, such as files that were read, is not in use. `root` is `/`.
pub(crate) fn memory_in_use(root: &Path) -> Option<f64> {
    let main = read(root, "proc/meminfo").and_then(|text| {
        let (all, free) = (main_memory(&text)?, kib(&text, "MemAvailable:")?);
        Some(1.0 - free as f64 / all as f64)
    });
    let groups = read(root, "proc/self/cgroup").unwrap_or_default();
    let shares = groups.lines().flat_map(|line| group_shares(root, line));
    main.into_iter().chain(shares).reduce(f64::max)
}

fn group_shares(root: &Path, line: &str) -> Vec<f64> {
    let Some((mount, path, files)) = memory_group(line) else { return Vec::new() };
    let mount = root.join(mount);
    let share = |group: &Path| {
        let folder = mount.join(group);
        let number = |file| read(&folder, file)?.trim().parse::<u64>().ok();
        let (limit, used) = (number(files.limit)?, number(files.used)?);
        let given_up = read(&folder, "memory.stat").unwrap_or_default();
        let mut given_up = given_up.lines().filter_map(|line| line.strip_prefix(files.inactive));
        let given_up = given_up.next().and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        (limit > 0).then(|| used.saturating_sub(given_up) as f64 / limit as f64)
    };
    Path::new(path).ancestors().filter_map(share).collect()
}

/// Line `MemTotal:  16337304 kB`.
fn main_memory(meminfo: &str) -> Option<u64> {
    kib(meminfo, "MemTotal:")
}

/// Bytes.
fn kib(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

/// Files of a group of one version.
struct Files {
    limit: &'static str,
    used: &'static str,
    /// Prefix of the line of `memory.stat` with what can be given up.
    inactive: &'static str,
}

/// Where a group's files lie below `/`, its path there, and their names. A line is `0::/path` (version 2) or
/// `4:memory,cpu:/path` (version 1).
fn memory_group(line: &str) -> Option<(&'static str, &str, Files)> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
    if controllers.is_empty() {
        let files =
            Files { limit: "memory.max", used: "memory.current", inactive: "inactive_file " };
        return Some(("sys/fs/cgroup", path, files));
    }
    let files = Files {
        limit: "memory.limit_in_bytes",
        used: "memory.usage_in_bytes",
        inactive: "total_inactive_file ",
    };
    let memory = controllers.split(',').any(|name| name == "memory");
    memory.then_some(("sys/fs/cgroup/memory", path, files))
}

/// Every group on the way to the root limits its children, and in a container the path of the host may not be
/// visible: then only the root counts.
fn group_limits(root: &Path, line: &str) -> Vec<u64> {
    let Some((mount, path, files)) = memory_group(line) else { return Vec::new() };
    let mount = root.join(mount);
    Path::new(path)
        .ancestors()
        .filter_map(|group| read(&mount.join(group), files.limit))
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
    fn the_fullest_limit_counts_and_what_can_be_given_up_is_not_in_use() {
        let main = ("proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 900 kB\n");
        let v2 = ("proc/self/cgroup", "0::/job\n");
        let current = ("sys/fs/cgroup/job/memory.current", "600\n");
        let stat = ("sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 100\n");
        for (files, expected) in [
            (vec![], None),
            (vec![main], Some(0.1)),
            (vec![main, v2, current, ("sys/fs/cgroup/job/memory.max", "max\n")], Some(0.1)),
            (vec![main, v2, current, stat, ("sys/fs/cgroup/job/memory.max", "1000\n")], Some(0.5)),
            (
                vec![
                    main,
                    ("proc/self/cgroup", "4:memory:/\n"),
                    ("sys/fs/cgroup/memory/memory.usage_in_bytes", "80\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "100\n"),
                ],
                Some(0.8),
            ),
        ] {
            let found = memory_in_use(machine(&files).path());
            let near = found.zip(expected).is_none_or(|(a, b)| (a - b).abs() < 1e-9);
            assert!(found.is_some() == expected.is_some() && near, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn this_machine_has_cores() {
        assert!(Machine::detect().cores >= 1);
    }
}
