//! Bytes alive stay under `--memory-limit`.

use crate::support::{Answer, Desk, prose};
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

/// Each shape once took many times its bytes.
#[test]
fn hostile_items_stay_under_the_limit() {
    let desk = Desk::new();
    let numbers = |count: usize| {
        format!("{{\"id\":\"n\",\"text\":\"x\",\"list\":[{}0]}}\n", "0,".repeat(count))
    };
    let good = "{\"id\":\"good\",\"text\":\"a good item\"}\n";
    desk.write("long.jsonl", numbers(20_000_000) + good);
    desk.write("wide.json", format!("[{},{good}]", numbers(3_900_000)));
    desk.write(
        "columns.csv",
        format!("{}b\n{}x\n", "a,".repeat(2_000_000), "1,".repeat(2_000_000)),
    );
    desk.write("cell.csv", format!("id,text\n1,\"{}\"\n", "word ".repeat(19_000_000)));
    let answer = desk.ingest(&["--memory-limit", "256MiB"]).exits(3);
    let failures = answer.json()["failures"].clone();
    for file in ["long.jsonl", "wide.json", "columns.csv", "cell.csv"] {
        let of_file = |failure: &&serde_json::Value| {
            let document = failure["document"].as_str().unwrap();
            document.starts_with(file) && failure["class"] == "too_large"
        };
        assert!(failures.as_array().unwrap().iter().any(|f| of_file(&f)), "{file}: {failures}");
    }
    assert_eq!(answer.number("documents.ingested"), 2, "the good items");
    assert_peak(&answer, 256);
}

fn stays_under(desk: &Desk, limit_mib: u64, documents: u64) {
    let answer = desk.ingest(&["--memory-limit", &format!("{limit_mib}MiB")]).exits(0);
    assert_eq!(answer.number("documents.ingested"), documents);
    assert_peak(&answer, limit_mib);
}

fn assert_peak(answer: &Answer, limit_mib: u64) {
    let peak = answer.number("peak_rss_bytes");
    assert!(peak > 8 << 20, "nothing was measured: {peak}");
    assert!(peak as f64 <= (limit_mib << 20) as f64 * SLACK, "{} MiB", peak >> 20);
}
