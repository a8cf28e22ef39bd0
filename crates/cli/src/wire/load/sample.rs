//! One sample of the machine's load, from `/proc` and the control group.

use crate::settings::machine;
use flow::width::{Load, Waiting};
use std::fs;
use std::path::{Path, PathBuf};

/// Processor time since the system started, in its ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    /// Of all processors, idle or not.
    all: u64,
    busy: u64,
    /// Of this process and its children.
    own: u64,
}

#[derive(Debug)]
pub(super) struct Sampler {
    root: PathBuf,
    before: Option<Ticks>,
}

impl Sampler {
    /// `root` is `/`.
    pub(super) fn new(root: &Path) -> Self {
        let before = ticks(root);
        Self { root: root.to_owned(), before }
    }

    /// The load since the last sample. None where the system does not say it: then nothing follows it.
    pub(super) fn sample(&mut self, waiting: Waiting) -> Option<Load> {
        let now = ticks(&self.root);
        let before = std::mem::replace(&mut self.before, now)?;
        let now = now?;
        let all = now.all.checked_sub(before.all).filter(|all| *all > 0)? as f64;
        let busy = now.busy.saturating_sub(before.busy);
        // A child that ended takes its time with it until it is waited for.
        let own = now.own.saturating_sub(before.own);
        Some(Load {
            cpu: busy as f64 / all,
            cpu_of_others: busy.saturating_sub(own) as f64 / all,
            memory: machine::memory_in_use(&self.root)?,
            waiting,
        })
    }
}

fn ticks(root: &Path) -> Option<Ticks> {
    let (all, busy) = of_machine(&text(root, "proc/stat")?)?;
    let own =
        of_process(root, "self") + children(root).map(|id| of_process(root, &id)).sum::<u64>();
    Some(Ticks { all, busy, own })
}

/// Line `cpu  user nice system idle iowait irq softirq steal ...`; the time of guests is in `user` already.
fn of_machine(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let parts: Vec<u64> = line.split_whitespace().take(8).map_while(|n| n.parse().ok()).collect();
    let idle = parts.get(3)? + parts.get(4)?;
    let all: u64 = parts.iter().sum();
    Some((all, all - idle))
}

/// Of a process and the children that it has waited for: fields 14 to 17 of its `stat`, counted behind its name,
/// which may hold anything.
fn of_process(root: &Path, id: &str) -> u64 {
    let stat = text(root, &format!("proc/{id}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let times = fields.split_whitespace().skip(11).take(4);
    times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Process ids of the children that live now.
fn children(root: &Path) -> impl Iterator<Item = String> {
    let threads = fs::read_dir(root.join("proc/self/task")).into_iter().flatten().flatten();
    let lists =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

fn text(root: &Path, file: &str) -> Option<String> {
    fs::read_to_string(root.join(file)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn process(name: &str, ticks: [u64; 4]) -> String {
        let [a, b, c, d] = ticks;
        format!("7 ({name}) S 1 2 3 4 5 6 7 8 9 10 {a} {b} {c} {d} 20 0")
    }

    #[test]
    fn what_others_use_is_told_apart_from_what_this_process_and_its_children_use() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(root, "proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 750 kB\n");
        write(root, "proc/self/task/1/children", "8 9 ");
        write(root, "proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
        write(root, "proc/self/stat", &process("a) b (", [10, 10, 0, 0]));
        write(root, "proc/8/stat", &process("child", [5, 5, 0, 0]));
        let mut sampler = Sampler::new(root);
        assert_eq!(sampler.sample(Waiting::Nothing), None, "no time went by");
        write(root, "proc/stat", "cpu  400 100 100 1200 200 0 0 0 0 0\n");
        write(root, "proc/self/stat", &process("a) b (", [110, 10, 20, 30]));
        write(root, "proc/8/stat", &process("child", [55, 5, 0, 0]));
        let load = sampler.sample(Waiting::Something).unwrap();
        // 1000 ticks went by, 500 of them busy, 200 of those ours.
        assert_eq!((load.cpu, load.cpu_of_others, load.memory), (0.5, 0.3, 0.25));
        assert_eq!(load.waiting, Waiting::Something);
    }

    #[test]
    fn a_system_that_does_not_say_its_load_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Sampler::new(root.path()).sample(Waiting::Something), None);
    }
}
