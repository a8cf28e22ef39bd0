use super::*;

fn chart() -> Chart {
    let line = |name: &str, stroke, points: &[(f64, f64)]| Line {
        name: name.to_owned(),
        stroke,
        points: points.to_vec(),
    };
    Chart {
        title: "halves & <doubles>".to_owned(),
        subtitle: "seed 1".to_owned(),
        seconds: 60.0,
        panels: vec![
            Panel {
                label: "requests/s".to_owned(),
                scale: Scale::Linear,
                most: None,
                lines: vec![
                    line("limit", Stroke::Bound, &[(0.0, 10.0), (60.0, 10.0)]),
                    line("ours", Stroke::Main, &[(0.0, 0.0), (60.0, 9.0)]),
                ],
            },
            Panel {
                label: "429s so far".to_owned(),
                scale: Scale::Counts,
                most: None,
                lines: vec![line("ours", Stroke::Main, &[(0.0, 0.0), (60.0, 99.0)])],
            },
        ],
    }
}

/// The names of the elements in order, after checking that each one that is opened is closed.
fn elements(svg: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = Vec::new();
    let mut rest = svg;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "a bare > in {before}");
        let (tag, next) = after.split_once('>').expect("the tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of {tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
        } else {
            let name = tag.split([' ', '/']).next().unwrap().to_owned();
            seen.push(name.clone());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = next;
    }
    assert!(open.is_empty(), "left open: {open:?}");
    seen
}

#[test]
fn every_element_is_closed_and_every_text_escaped() {
    let svg = svg(&chart());
    assert_eq!(elements(&svg)[0], "svg");
    assert!(svg.contains("halves &amp; &lt;doubles&gt;"));
}

#[test]
fn a_name_stands_once_in_the_legend_however_many_panels_it_is_in() {
    let svg = svg(&chart());
    assert_eq!(svg.matches(">ours<").count(), 1);
    // Once per panel and once in the legend.
    assert_eq!(svg.matches(Stroke::Main.attributes()).count(), 3);
}

#[test]
fn axes_bear_their_units() {
    let svg = svg(&chart());
    for unit in [">requests/s<", ">429s so far<", ">time, s<"] {
        assert!(svg.contains(unit), "{unit}");
    }
}

#[test]
fn lines_lie_where_their_values_are() {
    let svg = svg(&chart());
    let limit =
        svg.lines().filter(|line| line.contains(Stroke::Bound.attributes())).nth(1).unwrap();
    let (left, right) = limit.split_once('L').unwrap();
    let y = left.rsplit(' ').next().unwrap();
    assert!(right.starts_with(&format!("942.0 {y}\"")), "a level line: {limit}");
}

#[test]
fn no_coordinate_is_without_a_number() {
    let mut empty = chart();
    empty.panels[0].lines.clear();
    empty.panels[1].lines[0].points.clear();
    let svg = svg(&empty);
    elements(&svg);
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn values_above_the_bound_lie_at_the_upper_edge() {
    let mut cut = chart();
    cut.panels[0].most = Some(10.0);
    cut.panels[0].lines[1].points = vec![(0.0, 1000.0), (60.0, 2000.0)];
    let svg = svg(&cut);
    let line = svg.lines().filter(|line| line.contains(Stroke::Main.attributes())).nth(1).unwrap();
    assert!(line.contains("M78.0 76.0L942.0 76.0"), "{line}");
}
