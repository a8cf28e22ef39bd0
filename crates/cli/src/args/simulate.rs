//! `simulate`.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// A built-in scenario (with * at its end: all that begin so), a file, or a folder of .toml files
    /// [default: all built-in scenarios]
    #[arg(long = "scenario", value_name = "NAME|FILE|DIR")]
    pub scenarios: Vec<String>,
    /// Who takes part [default: all]
    #[arg(long = "policy", value_name = "NAME")]
    pub policies: Vec<String>,
    /// Runs of each policy on each scenario, seeds 1 to N
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(1..=SEEDS_MAX)
    )]
    pub seeds: u64,
    /// Draw each scenario as DIR/NAME.svg, and write the table to DIR/table.txt
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// List scenarios and policies, and simulate nothing
    #[arg(long)]
    pub list: bool,
}

/// All scores are held in memory.
const SEEDS_MAX: u64 = 1000;
