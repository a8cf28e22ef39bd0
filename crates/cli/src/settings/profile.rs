//! Presets of what a run may take from the machine.

use crate::settings::machine::Machine;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Leaves the machine to others.
    Minimal,
    Balanced,
    /// The machine is ours.
    Aggressive,
    /// From the cores and the memory that this process may use.
    Auto,
}

/// What a profile means on a machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Preset {
    pub workers: u64,
    pub documents_in_flight: u64,
    /// Bytes.
    pub memory: u64,
    /// Share of the processors that others may use before this program takes less.
    pub cpu_max: f64,
}

const GIB: u64 = 1 << 30;

impl Profile {
    pub(crate) const ALL: [Self; 4] = [Self::Minimal, Self::Balanced, Self::Aggressive, Self::Auto];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Balanced => "balanced",
            Self::Aggressive => "aggressive",
            Self::Auto => "auto",
        }
    }

    /// The numbers are those of the earlier systems, so that a known name does what it did. Theirs were bare:
    /// here none takes more memory than its share of what the machine has.
    pub(crate) fn preset(self, machine: &Machine) -> Preset {
        let cores = machine.cores as u64;
        let memory = machine.memory_or_assumed();
        let share = |per_cent: u64| memory / 100 * per_cent;
        match self {
            Self::Minimal => Preset {
                workers: cores.min(2),
                documents_in_flight: 4,
                memory: share(60).min(4 * GIB),
                cpu_max: 0.6,
            },
            Self::Balanced => Preset {
                workers: cores,
                documents_in_flight: 16,
                memory: share(80).min(8 * GIB),
                cpu_max: 0.8,
            },
            Self::Aggressive => Preset {
                workers: cores,
                documents_in_flight: (4 * cores).min(32),
                memory: share(80).min(16 * GIB),
                cpu_max: 0.9,
            },
            Self::Auto => {
                let (documents, per_cent) = match memory {
                    little if little < 4 * GIB => (cores.min(4), 60),
                    some if some < 8 * GIB => ((2 * cores).min(8), 70),
                    _ => ((3 * cores).min(16), 80),
                };
                Preset {
                    workers: cores,
                    documents_in_flight: documents,
                    memory: share(per_cent).min(16 * GIB),
                    cpu_max: 0.8,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_fits_the_machine() {
        let small = Machine { cores: 2, memory: Some(2 * GIB) };
        let middle = Machine { cores: 4, memory: Some(6 * GIB) };
        let large = Machine { cores: 32, memory: Some(100 * GIB) };
        for (profile, machine, workers, documents_in_flight, memory) in [
            (Profile::Minimal, &small, 2, 4, 2 * GIB / 100 * 60),
            (Profile::Minimal, &large, 2, 4, 4 * GIB),
            (Profile::Balanced, &small, 2, 16, 2 * GIB / 100 * 80),
            (Profile::Balanced, &large, 32, 16, 8 * GIB),
            (Profile::Aggressive, &small, 2, 8, 2 * GIB / 100 * 80),
            (Profile::Aggressive, &large, 32, 32, 16 * GIB),
            (Profile::Auto, &small, 2, 2, 2 * GIB / 100 * 60),
            (Profile::Auto, &middle, 4, 8, 6 * GIB / 100 * 70),
            (Profile::Auto, &large, 32, 16, 16 * GIB),
        ] {
            let got = profile.preset(machine);
            let found = (got.workers, got.documents_in_flight, got.memory);
            assert_eq!(found, (workers, documents_in_flight, memory), "{profile:?} {machine:?}");
        }
    }
}
