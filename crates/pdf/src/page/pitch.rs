//! Whether text is set in a face of fixed width, as programs are.

/// Widths of the characters of a stretch of text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pitch {
    narrowest: f32,
    widest: f32,
    /// It has characters that are slim or broad in other faces, and ones that are neither.
    has_odd: bool,
    has_plain: bool,
}

/// How a stretch of text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Setting {
    /// Each character is as wide as this, in ems.
    Fixed(f32),
    Proportional,
    /// Too few characters to tell; the widest of them.
    Unknown(f32),
}

/// In ems: widths are rounded to thousandths, and drawn sizes a little more.
const SAME_WIDTH: f32 = 0.02;

impl Pitch {
    pub(crate) const NONE: Self = Self {
        narrowest: f32::INFINITY,
        widest: f32::NEG_INFINITY,
        has_odd: false,
        has_plain: false,
    };

    pub(crate) fn add(&mut self, character: char, ems: f32) {
        if character.is_ascii_graphic() {
            let odd = "ijlftrI.,;:'|!()[]mwMW".contains(character);
            self.merge(&Self { narrowest: ems, widest: ems, has_odd: odd, has_plain: !odd });
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.narrowest = self.narrowest.min(other.narrowest);
        self.widest = self.widest.max(other.widest);
        self.has_odd |= other.has_odd;
        self.has_plain |= other.has_plain;
    }

    pub(crate) fn setting(&self) -> Setting {
        if self.widest > self.narrowest && !is_same_width(self.widest, self.narrowest) {
            Setting::Proportional
        } else if self.has_odd && self.has_plain {
            Setting::Fixed(self.widest)
        } else {
            Setting::Unknown(self.widest)
        }
    }
}

pub(crate) fn is_same_width(a: f32, b: f32) -> bool {
    (a - b).abs() <= SAME_WIDTH
}

#[cfg(test)]
mod tests {
    use super::{Pitch, Setting};

    type Width = fn(char) -> f32;

    #[test]
    fn faces_are_told_by_what_is_slim_or_broad_in_them() {
        let courier = |_| 0.6;
        let helvetica = |c| if "ijl".contains(c) { 0.222 } else { 0.556 };
        let cases: [(&str, Width, Setting); 5] = [
            ("if (a)", courier, Setting::Fixed(0.6)),
            ("if (a)", helvetica, Setting::Proportional),
            ("bend", helvetica, Setting::Unknown(0.556)),
            ("}", courier, Setting::Unknown(0.6)),
            ("", courier, Setting::Unknown(f32::NEG_INFINITY)),
        ];
        for (text, width, setting) in cases {
            let mut pitch = Pitch::NONE;
            for character in text.chars() {
                pitch.add(character, width(character));
            }
            assert_eq!(pitch.setting(), setting, "{text}");
        }
    }
}
