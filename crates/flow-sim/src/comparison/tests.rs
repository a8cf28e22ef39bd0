use super::*;
use crate::chart::Stroke;
use crate::contender::contender;
use crate::scenario::parse;

fn score(seed: u64, utilisation: f64, throttled: f64) -> Score {
    Score {
        seed,
        utilisation,
        utilisation_whole: utilisation,
        utilisation_late: utilisation,
        throttled,
        throttled_late: throttled,
        throttled_count: 7,
        attempts_per_answer: 1.0,
        attempts_per_minute: 600.0,
        converged: Some(3.0),
        reconverged: vec![Some(12.0)],
        p50: 0.41,
        p99: 0.73,
        fixed: None,
        urgent_wait_p99: 0.0,
        in_flight_max: 9,
        jain: 1.0,
        parked_per_minute: None,
    }
}

fn entry(policy: &'static str, role: Role, scores: Vec<Score>) -> Entry {
    let scores = Scores(scores);
    let missed = missed(&scenario(), &scores);
    Entry { policy, role, width: None, scores, missed }
}

fn scenario() -> Scenario {
    let text = "about = \"a minute of ten\"\nduration_secs = 60\n\
                [[limit]]\ndimension = \"requests\"\nkind = \"bucket\"\nlimit = 600\n\
                [bars]\nutilisation_min = 0.95\nthrottled_max = 0.01\n";
    parse("tiny", text).unwrap()
}

fn comparison() -> Comparison {
    let ours = vec![score(1, 0.99, 0.002), score(2, 0.97, 0.02), score(3, 0.98, 0.004)];
    let mut never = score(1, 1.0, 0.2);
    never.reconverged = vec![Some(1.0), None];
    let mut best = entry(BEST_FIXED, Role::Reference, vec![score(1, 1.0, 0.0)]);
    best.width = Some(5);
    best.scores.0[0].reconverged.clear();
    let entries = vec![
        entry("adaptive", Role::Ours, ours),
        entry("fixed-20", Role::Rival, vec![never]),
        best,
    ];
    Comparison { scenario: scenario(), entries }
}

#[test]
fn the_table_shows_medians_and_worsts_the_means_best_first_and_what_ours_missed() {
    let expected = "\
tiny: a minute of ten
  policy              util  worst   429 %  worst  reconv s   p50 s   p99 s   score  bars
  adaptive           0.980  0.970    0.40   2.00        12    0.41    0.73   0.941  missed
  fixed-20           1.000  1.000   20.00  20.00     never    0.41    0.73  -1.000  missed
  fixed-best* 5      1.000  1.000    0.00   0.00         -    0.41    0.73   1.000  met

mean of 1 scenarios
  policy              util   429 %   score   worst  bars met
  fixed-best*        1.000    0.00   1.000   1.000  1 of 1
  adaptive           0.980    0.40   0.941   0.776  0 of 1
  fixed-20           1.000   20.00  -1.000  -1.000  0 of 1
score = utilisation x (1 - 10 x share of 429s); medians over seeds
* a reference: it knows the limit or was chosen knowing the result
missed by adaptive: tiny: throttled_max 0.01 (got 0.0200)
";
    assert_eq!(table(&[comparison()]), expected);
}

#[test]
fn of_a_bar_that_many_seeds_miss_the_furthest_miss_is_told() {
    let scores = Scores(vec![score(1, 0.9, 0.0), score(2, 0.7, 0.0), score(3, 0.8, 0.0)]);
    let missed = missed(&scenario(), &scores);
    let [miss] = &missed[..] else { panic!("{missed:?}") };
    assert!(miss.bar == "utilisation_min" && (miss.got - 0.7).abs() < 1e-12);
}

#[test]
fn a_comparison_repeats_itself_to_the_byte() {
    let entrants = [
        Entrant::Contender(contender("arc").unwrap()),
        Entrant::Contender(contender("aws").unwrap()),
    ];
    let run = || {
        let comparison = compare(&scenario(), &entrants, 2);
        let svg = crate::chart::svg(&drawing(&comparison, &entrants));
        (table(&[comparison]), svg)
    };
    assert_eq!(run(), run());
}

#[test]
fn the_sweep_finds_a_width_that_no_fixed_contender_beats() {
    let entrants = ["fixed-5", "fixed-20"].map(|name| Entrant::Contender(contender(name).unwrap()));
    let scenario = scenario();
    let best = compare(&scenario, &[Entrant::BestFixed], 2).entries.remove(0);
    for other in compare(&scenario, &entrants, 2).entries {
        assert!(best.figures().combined >= other.figures().combined - 0.005, "{}", other.policy);
    }
    assert!(best.width.is_some_and(|width| width > 1));
}

#[test]
fn the_drawing_has_the_limit_and_the_three_best_rivals() {
    let entrants = ["fixed-5", "fixed-20", "fixed-100", "arc", "paced"]
        .map(|name| Entrant::Contender(contender(name).unwrap()));
    let comparison = compare(&scenario(), &entrants, 1);
    let chart = drawing(&comparison, &entrants);
    let [admitted, refused] = &chart.panels[..] else { panic!("{chart:?}") };
    assert_eq!(admitted.lines.len(), 4);
    assert_eq!(admitted.lines[0].stroke, Stroke::Bound);
    assert!(admitted.lines[0].points.iter().all(|point| (point.1 - 10.0).abs() < 1e-9));
    assert!(refused.lines.iter().all(|line| line.name != "paced"), "a reference is no rival");
    let steps = refused.lines.iter().flat_map(|line| line.points.windows(2));
    for step in steps {
        assert!(step[0].1 <= step[1].1, "a count goes up only");
    }
}

#[test]
fn without_a_rate_the_calls_in_flight_are_drawn() {
    let text = "about = \"slots\"\nduration_secs = 60\n[service]\nslots = 4\n";
    let scenario = parse("slots", text).unwrap();
    let entrants = [Entrant::Contender(contender("fixed-5").unwrap())];
    let chart = drawing(&compare(&scenario, &entrants, 1), &entrants);
    let in_flight = &chart.panels[2].lines[0];
    assert!(in_flight.points.iter().skip(1).all(|point| (point.1 - 5.0).abs() < 1e-9));
}
