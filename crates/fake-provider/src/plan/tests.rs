use super::{Plan, Wait};

/// The lines of the plan in the library's documentation.
fn documented() -> String {
    let text = include_str!("../lib.rs");
    let lines = text.lines().map(|line| line.trim_start_matches("//!").trim_start());
    let plan: Vec<&str> = lines
        .skip_while(|line| *line != "```toml")
        .skip(1)
        .take_while(|line| *line != "```")
        .collect();
    plan.join("\n")
}

#[test]
fn the_documented_plan_is_a_plan() {
    let plan = Plan::from_toml(&documented()).unwrap();
    assert_eq!(plan.keys.known.len(), 4);
    assert_eq!(plan.limits[0].changes.len(), 1);
    assert_eq!(plan.faults.len(), 3);
}

#[test]
fn an_empty_plan_is_the_default() {
    assert_eq!(Plan::from_toml("").unwrap(), Plan::default());
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    for (plan, named) in [
        ("[service]\nlatency_secs = -1.0", "latency_secs"),
        ("[service]\nlatency_sigma = nan", "latency_sigma"),
        ("[service]\nslots = 0", "slots"),
        ("fault = [{ what = { status = { code = 200 } } }]", "200"),
        ("fault = [{ what = 'reset_before', when = { probability = 1.5 } }]", "probability"),
        ("fault = [{ what = { drip = { bytes = 0, every = 1.0 } } }]", "drip"),
        ("dialect = 'ollama'\nfault = [{ what = { lie = 'shuffled' } }]", "indexes"),
        ("limit = [{ dimension = 'requests', kind = 'bucket', limit = -3 }]", "-3"),
    ] {
        let error = Plan::from_toml(plan).unwrap_err().to_string();
        assert!(error.contains(named), "{plan}: {error}");
    }
}

#[test]
fn hints_are_taken_over_where_nothing_is_said() {
    let plan = Plan::from_toml("hints = { retry_after = { times = 0.5 } }").unwrap();
    let hints = plan.hints.or(&plan.dialect.hints());
    assert_eq!(hints.retry_after, Some(Wait::Times(0.5)));
    assert_eq!(hints.headers, plan.dialect.hints().headers);
}
