//! Limiters against simulated providers, as a user calls it.

use crate::support::{Answer, Desk};

const TINY: &str = "about = \"ten a second for two minutes\"\nduration_secs = 120\n\
                    [[limit]]\ndimension = \"requests\"\nkind = \"bucket\"\nlimit = 600\nsecs = 60\n";

fn simulate(desk: &Desk, arguments: &[&str]) -> Answer {
    let mut words = vec!["simulate", "--seeds", "1", "-q"];
    words.extend(arguments);
    desk.run(&words)
}

#[test]
fn the_table_has_a_row_per_policy_and_their_means() {
    let desk = Desk::new();
    let file = desk.write("tiny.toml", TINY);
    let policies = ["--policy", "paced", "--policy", "fixed-20"];
    let asked: Vec<&str> =
        ["--scenario", file.to_str().unwrap()].into_iter().chain(policies).collect();
    let answer = simulate(&desk, &asked).exits(0);
    let lines: Vec<&str> = answer.stdout.lines().collect();
    assert_eq!(lines[0], "tiny: ten a second for two minutes");
    assert!(lines[1].contains("util") && lines[1].contains("429 %"));
    assert!(lines[2].starts_with("  fixed-20 ") && lines[2].ends_with("  met"));
    assert!(lines[3].starts_with("  paced* ") && lines[3].ends_with("  met"));
    assert_eq!(lines[5], "mean of 1 scenarios");
    assert_eq!(answer.stdout.matches("fixed-20").count(), 2);
}

#[test]
fn the_same_question_gets_the_same_bytes_as_table_json_and_drawing() {
    let desk = Desk::new();
    let file = desk.write("tiny.toml", TINY);
    let file = file.to_str().unwrap();
    let out = desk.docs().join("drawn");
    let asked = ["--scenario", file, "--policy", "aws", "--out", out.to_str().unwrap(), "--json"];
    let run = || {
        let answer = simulate(&desk, &asked).exits(0);
        let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
        (answer.json(), answer.stdout, read("tiny.svg"), read("table.txt"))
    };
    let (json, first, svg, table) = run();
    assert_eq!(run(), (json.clone(), first, svg.clone(), table.clone()));
    let entry = &json["scenarios"][0]["entries"][0];
    assert_eq!(entry["policy"], "aws");
    assert_eq!(entry["role"], "rival");
    assert!(entry["utilisation"]["median"].as_f64().unwrap() > 0.5);
    assert!(json["drawings"][0].as_str().unwrap().ends_with("tiny.svg"));
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    assert!(table.starts_with("tiny: "));
}

#[test]
fn a_mistyped_key_names_the_file_the_key_and_the_nearest_one() {
    let desk = Desk::new();
    let text = format!("{TINY}[bars]\nutilisaton_min = 0.9\n");
    let file = desk.write("typo.toml", &text);
    let answer = simulate(&desk, &["--scenario", file.to_str().unwrap()]).exits(2);
    for part in ["typo.toml", "line 9", "utilisaton_min", "utilisation_min"] {
        assert!(answer.stderr.contains(part), "{part}: {answer:?}");
    }
}

#[test]
fn what_does_not_exist_is_usage_and_names_what_is_near() {
    let desk = Desk::new();
    let answer = simulate(&desk, &["--scenario", "steady-600-buckt"]).exits(2);
    assert!(answer.stderr.contains("steady-600-bucket"), "{answer:?}");
    let answer = simulate(&desk, &["--policy", "awz"]).exits(2);
    assert!(answer.stderr.contains("aws"), "{answer:?}");
    let answer = simulate(&desk, &["--scenario", "nowhere.toml"]).exits(2);
    assert!(answer.stderr.contains("nowhere.toml"), "{answer:?}");
}

#[test]
fn a_folder_stands_for_its_scenarios_and_a_name_for_one() {
    let desk = Desk::new();
    desk.write("folder/b.toml", TINY);
    desk.write("folder/a.toml", TINY);
    desk.write("other/a.toml", TINY.replace("600", "60"));
    let folder = desk.docs().join("folder");
    let folder = folder.to_str().unwrap();
    let json = simulate(&desk, &["--scenario", folder, "--list", "--json"]).exits(0).json();
    let names: Vec<&str> = json["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "b"]);
    let other = desk.docs().join("other");
    let both = ["--scenario", folder, "--scenario", other.to_str().unwrap(), "--list"];
    let answer = simulate(&desk, &both).exits(2);
    assert!(answer.stderr.contains("two different scenarios are called a"), "{answer:?}");
}

#[test]
fn a_bar_that_ours_misses_is_named_and_ends_with_3_and_others_do_not_count() {
    let desk = Desk::new();
    let file = desk.write("high.toml", format!("{TINY}[bars]\nutilisation_min = 2.0\n"));
    let scenario = ["--scenario", file.to_str().unwrap()];
    let ours = [scenario[0], scenario[1], "--policy", "adaptive"];
    let answer = simulate(&desk, &ours).exits(3);
    assert!(answer.stdout.contains("missed by adaptive: high: utilisation_min 2 "), "{answer:?}");
    let others = [scenario[0], scenario[1], "--policy", "fixed-5"];
    assert!(!simulate(&desk, &others).exits(0).stdout.contains("missed by"));
}
