//! Size and weight of the running text, against which headings stand out.

use crate::layout::line::Line;
use crate::page::pitch::Setting;
use std::collections::BTreeMap;

/// The running text of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Body {
    pub size: f32,
    /// Stem thickness in thousandths of an em; 0 is unknown.
    pub stem: f32,
    /// It is set in a face of fixed width.
    pub fixed: bool,
}

/// Running text seen so far. A page with little text of its own, such as a title page, is judged by it.
#[derive(Debug, Default)]
pub(crate) struct BodyTally {
    glyphs_by_size: BTreeMap<u16, u64>,
    stem: f32,
    glyphs: u64,
    fixed_glyphs: u64,
}

/// A page with so many glyphs of one size knows its own body: some eight lines.
const OWN_BODY_GLYPHS: u64 = 500;

/// Bold faces have stems half as thick again as their regular ones; letters of one face differ by a tenth.
const BOLD: f32 = 1.25;

impl Body {
    pub(crate) fn is_bold(self, line: &Line) -> bool {
        self.stem > 0.0 && line.stem > BOLD * self.stem
    }
}

impl BodyTally {
    /// Adds a page, and says what its running text is.
    pub(crate) fn add(&mut self, lines: &[Line]) -> Body {
        let mut page = BTreeMap::new();
        for line in lines {
            let (size, glyphs) = (half_points(line.size), u64::from(line.glyphs));
            *page.entry(size).or_insert(0) += glyphs;
            *self.glyphs_by_size.entry(size).or_insert(0) += glyphs;
            self.glyphs += glyphs;
            if matches!(line.setting, Setting::Fixed(_)) {
                self.fixed_glyphs += glyphs;
            }
        }
        let own = most(&page).filter(|&(_, glyphs)| glyphs >= OWN_BODY_GLYPHS);
        let Some((size, _)) = own.or_else(|| most(&self.glyphs_by_size)) else {
            return Body::default();
        };
        if let Some(stem) = usual_stem(lines, size) {
            self.stem = stem;
        }
        let fixed = self.fixed_glyphs * 2 > self.glyphs;
        Body { size: f32::from(size) / 2.0, stem: self.stem, fixed }
    }
}

fn half_points(size: f32) -> u16 {
    (size * 2.0).round() as u16
}

/// The size with the most glyphs; of equals the smallest.
fn most(sizes: &BTreeMap<u16, u64>) -> Option<(u16, u64)> {
    let most = sizes.values().max()?;
    sizes.iter().find(|(_, glyphs)| *glyphs == most).map(|(size, glyphs)| (*size, *glyphs))
}

/// Median over the glyphs of that size.
fn usual_stem(lines: &[Line], size: u16) -> Option<f32> {
    let mut stems: Vec<(f32, u32)> = lines
        .iter()
        .filter(|line| line.stem > 0.0 && half_points(line.size) == size)
        .map(|line| (line.stem, line.glyphs))
        .collect();
    stems.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = stems.iter().map(|(_, glyphs)| glyphs).sum::<u32>() / 2;
    let mut sum = 0;
    stems
        .into_iter()
        .find(|(_, glyphs)| {
            sum += glyphs;
            sum > half
        })
        .map(|(stem, _)| stem)
}
