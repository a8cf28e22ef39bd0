//! Bytes alive stay under `--memory-limit`.

use crate::support::{Desk, prose};
use std::io::Write;

/// What the limit allows beyond itself.
const SLACK: f64 = 1.10;

#[test]
fn one_large_text_stays_under_the_limit() {
    let desk = Desk::new();
    let path = desk.docs().join("large.txt");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let mut written = 0;
    let mut seed = 0;
    while written < 64 << 20 {
        let text = prose(seed, 20_000);
        file.write_all(text.as_bytes()).unwrap();
        written += text.len();
        seed += 1;
    }
    file.flush().unwrap();
    stays_under(&desk, 256, 1);
}

#[test]
fn many_small_files_stay_under_the_limit() {
    let desk = Desk::new();
    for n in 0..2000 {
        desk.write(&format!("{}/{n}.md", n % 40), format!("# File {n}\n\n{}", prose(n, 80)));
    }
    stays_under(&desk, 256, 2000);
}

fn stays_under(desk: &Desk, limit_mib: u64, documents: u64) {
    let answer = desk.ingest(&["--memory-limit", &format!("{limit_mib}MiB")]).exits(0);
    assert_eq!(answer.number("documents.ingested"), documents);
    let peak = answer.number("peak_rss_bytes");
    assert!(peak > 8 << 20, "nothing was measured: {peak}");
    assert!(peak as f64 <= (limit_mib << 20) as f64 * SLACK, "{} MiB", peak >> 20);
}
