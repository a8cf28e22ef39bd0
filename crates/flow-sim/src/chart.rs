//! Line charts as SVG, for people to look at: panels above each other that share one axis of time.
//!
//! Written here because a chart is a page of text and a drawing library is not. Every number is rounded to a tenth
//! of a pixel, so that the same data give the same bytes.

mod axis;

use axis::Axis;
pub use axis::Scale;
use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 18.0;
const PANEL_HEIGHT: f64 = 200.0;
const PANEL_GAP: f64 = 34.0;
const LEGEND_ROW: f64 = 18.0;
/// Names of the legend per row.
const LEGEND_COLUMNS: usize = 4;
const FONT: &str = "DejaVu Sans, Helvetica, Arial, sans-serif";

/// Panels over seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub title: String,
    /// What the drawing shows, in a line below the title.
    pub subtitle: String,
    /// End of the axis, in seconds.
    pub seconds: f64,
    pub panels: Vec<Panel>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What is counted, and its unit.
    pub label: String,
    pub scale: Scale,
    /// Greater values are drawn at the upper edge; none: all fit.
    pub most: Option<f64>,
    pub lines: Vec<Line>,
}

/// Values over seconds; a line that bears the name of one in another panel is drawn alike and named once.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub name: String,
    pub stroke: Stroke,
    /// Seconds and value, in order of time.
    pub points: Vec<(f64, f64)>,
}

/// Colours that the colour-blind can tell apart. Source: Okabe and Ito, "Color Universal Design" (2008).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// The one that the chart is about.
    Main,
    First,
    Second,
    Third,
    /// What cannot be exceeded.
    Bound,
    /// What the main one believes.
    Belief,
}

impl Stroke {
    fn attributes(self) -> &'static str {
        match self {
            Self::Main => r##"stroke="#0072b2" stroke-width="2.4""##,
            Self::First => r##"stroke="#d55e00" stroke-width="1.3""##,
            Self::Second => r##"stroke="#009e73" stroke-width="1.3""##,
            Self::Third => r##"stroke="#cc79a7" stroke-width="1.3""##,
            Self::Bound => r##"stroke="#000000" stroke-width="1.3" stroke-dasharray="7 4""##,
            Self::Belief => r##"stroke="#56b4e9" stroke-width="1.3" stroke-dasharray="2 3""##,
        }
    }
}

/// Shape of what is returned: one SVG document.
pub fn svg(chart: &Chart) -> String {
    let legend = legend(chart);
    let head = 58.0 + LEGEND_ROW * legend.len().div_ceil(LEGEND_COLUMNS) as f64;
    let height = head + chart.panels.len() as f64 * (PANEL_HEIGHT + PANEL_GAP) + 18.0;
    let mut out = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" font-size="12">
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
"##
    );
    text(&mut out, (LEFT, 24.0), r#"font-size="17" font-weight="bold""#, &chart.title);
    text(&mut out, (LEFT, 42.0), r##"fill="#555555""##, &chart.subtitle);
    draw_legend(&mut out, &legend);
    let time = Axis::linear(chart.seconds, LEFT, WIDTH - RIGHT);
    for (index, panel) in chart.panels.iter().enumerate() {
        let top = head + index as f64 * (PANEL_HEIGHT + PANEL_GAP);
        draw_panel(&mut out, panel, &time, top);
    }
    text(&mut out, ((LEFT + WIDTH - RIGHT) / 2.0, height - 10.0), MIDDLE, "time, s");
    out.push_str("</svg>\n");
    out
}

const MIDDLE: &str = r#"text-anchor="middle""#;

/// Every name once, in order of appearance.
fn legend(chart: &Chart) -> Vec<(&str, Stroke)> {
    let mut names: Vec<(&str, Stroke)> = Vec::new();
    for line in chart.panels.iter().flat_map(|panel| &panel.lines) {
        if !names.iter().any(|(name, _)| *name == line.name) {
            names.push((&line.name, line.stroke));
        }
    }
    names
}

fn draw_legend(out: &mut String, names: &[(&str, Stroke)]) {
    let column = (WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS as f64;
    for (index, (name, stroke)) in names.iter().enumerate() {
        let x = LEFT + column * (index % LEGEND_COLUMNS) as f64;
        let y = 60.0 + LEGEND_ROW * (index / LEGEND_COLUMNS) as f64;
        path(out, *stroke, &[(x, y - 4.0), (x + 26.0, y - 4.0)]);
        text(out, (x + 32.0, y), "", name);
    }
}

fn draw_panel(out: &mut String, panel: &Panel, time: &Axis, top: f64) {
    let bottom = top + PANEL_HEIGHT;
    let points = panel.lines.iter().flat_map(|line| &line.points);
    let most = points.map(|point| point.1).fold(0.0, f64::max);
    let most = panel.most.map_or(most, |bound| most.min(bound));
    let values = Axis::new(panel.scale, most, bottom, top);
    for tick in values.ticks() {
        let y = values.place(tick);
        grid(out, [(LEFT, y), (WIDTH - RIGHT, y)]);
        text(out, (LEFT - 6.0, y + 4.0), r#"text-anchor="end""#, &axis::label(tick));
    }
    for tick in time.ticks() {
        let x = time.place(tick);
        grid(out, [(x, top), (x, bottom)]);
        text(out, (x, bottom + 15.0), MIDDLE, &axis::label(tick));
    }
    let middle = f64::midpoint(top, bottom);
    let turned = format!(r#"{MIDDLE} transform="rotate(-90 16 {middle:.1})""#);
    text(out, (16.0, middle), &turned, &panel.label);
    for line in &panel.lines {
        let place = |&(at, value): &(f64, f64)| (time.place(at), values.place(value));
        path(out, line.stroke, &line.points.iter().map(place).collect::<Vec<_>>());
    }
    put(
        out,
        format_args!(
            r##"<path d="M{LEFT:.1} {top:.1}V{bottom:.1}H{:.1}" fill="none" stroke="#333333"/>"##,
            WIDTH - RIGHT
        ),
    );
}

fn grid(out: &mut String, [(x1, y1), (x2, y2)]: [(f64, f64); 2]) {
    put(
        out,
        format_args!(
            r##"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="#e4e4e4"/>"##
        ),
    );
}

fn path(out: &mut String, stroke: Stroke, points: &[(f64, f64)]) {
    if points.is_empty() {
        return;
    }
    let steps: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    put(
        out,
        format_args!(
            r#"<path d="M{}" fill="none" stroke-linejoin="round" {}/>"#,
            steps.join("L"),
            stroke.attributes()
        ),
    );
}

fn text(out: &mut String, (x, y): (f64, f64), attributes: &str, content: &str) {
    let space = if attributes.is_empty() { "" } else { " " };
    let content = escaped(content);
    put(out, format_args!(r#"<text x="{x:.1}" y="{y:.1}"{space}{attributes}>{content}</text>"#));
}

fn put(out: &mut String, element: std::fmt::Arguments<'_>) {
    writeln!(out, "{element}").expect("writing to a string cannot fail");
}

fn escaped(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    for c in content.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML 1.0 has no way to write other control characters.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
