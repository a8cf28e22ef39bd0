//! Where a glyph stands, and how far the next one is from it.

/// Unit vector along which text runs; `(1, 0)` is upright Latin text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Direction {
    pub dx: f32,
    pub dy: f32,
}

impl Direction {
    pub(crate) const RIGHT: Self = Self { dx: 1.0, dy: 0.0 };

    /// Distance of a point along the direction.
    pub(crate) fn along(self, x: f32, y: f32) -> f32 {
        x * self.dx + y * self.dy
    }

    /// Distance of a point above the origin's line, for a reader who holds the page so that the direction
    /// points to the right.
    pub(crate) fn above(self, x: f32, y: f32) -> f32 {
        y * self.dx - x * self.dy
    }

    /// Within eight degrees: the text of a skewed scan is still one direction.
    pub(crate) fn agrees(self, other: Self) -> bool {
        self.dx * other.dx + self.dy * other.dy > 0.99
    }
}

/// Origin, direction, advance and size of one drawn glyph, in page space (points, y upwards).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glyph {
    pub x: f32,
    pub y: f32,
    pub direction: Direction,
    pub advance: f32,
    /// Height of the em square as drawn.
    pub size: f32,
}

/// What lies between two glyphs drawn one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The next letter of the same word.
    Adjacent,
    /// A gap as wide as a space.
    Space,
    /// The same line, but so far away that it may be another column or cell.
    Gap,
    Line,
}

/// A gap of more than this many ems is a space. Narrower ones are kerning and letter spacing; justified lines
/// of narrow faces have spaces of a sixth of an em.
const SPACE: f32 = 0.14;
/// Wider than the widest justified space.
const GAP: f32 = 1.2;
/// Superscripts rise by a third of an em, lines are more than an em apart.
const RISE: f32 = 0.5;
/// Kerning and overprinted accents go back less than this.
const BACK: f32 = 1.5;
/// So that glyphs of size zero are told apart by their distance.
const SIZE_MIN: f32 = 0.1;

impl Glyph {
    /// Whether the next glyph is drawn over this one, as accents are over letters.
    pub(crate) fn is_under(&self, next: &Self) -> bool {
        let forward = self.direction.along(next.x - self.x, next.y - self.y);
        forward.abs() < 0.5 * self.advance
    }

    pub(crate) fn step_to(&self, next: &Self) -> Step {
        let (dx, dy) = (next.x - self.x, next.y - self.y);
        let gap = self.direction.along(dx, dy) - self.advance;
        let rise = self.direction.above(dx, dy).abs();
        let size = self.size.max(next.size).max(SIZE_MIN);
        if rise > RISE * size
            || gap < -BACK * size - self.advance
            || !self.direction.agrees(next.direction)
        {
            Step::Line
        } else if gap > GAP * size {
            Step::Gap
        } else if gap > SPACE * size {
            Step::Space
        } else {
            Step::Adjacent
        }
    }
}
