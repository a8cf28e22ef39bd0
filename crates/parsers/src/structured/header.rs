//! Names of columns: the first row, where it looks like names.

/// Names by column.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    names: Vec<(u32, String)>,
}

impl Header {
    /// The header that a first row is; without names where its cells are no names.
    pub(crate) fn of_cells(cells: &[(u32, impl AsRef<str>)]) -> Self {
        let header = Self::forced(cells);
        if looks_like_names(&header.names) { header } else { Self::default() }
    }

    /// A first row that is known to be a header, whatever it looks like.
    pub(crate) fn forced(cells: &[(u32, impl AsRef<str>)]) -> Self {
        let names = cells.iter().map(|(column, text)| (*column, text.as_ref().trim().to_owned()));
        Self { names: names.collect() }
    }

    pub(crate) fn is_named(&self) -> bool {
        !self.names.is_empty()
    }

    /// Names are in the order of their columns.
    pub(crate) fn name(&self, column: u32) -> Option<&str> {
        let at = self.names.binary_search_by_key(&column, |(own, _)| *own).ok()?;
        Some(&self.names[at].1)
    }

    /// `name: value | name: value`; a value whose column has no name stands alone.
    pub(crate) fn row(&self, cells: &[(u32, impl AsRef<str>)]) -> String {
        let mut row = String::new();
        for (place, (column, text)) in cells.iter().enumerate() {
            if place > 0 {
                row.push_str(" | ");
            }
            if let Some(name) = self.name(*column) {
                row.extend([name, ": "]);
            }
            row.push_str(text.as_ref().trim());
        }
        row
    }
}

/// Different short texts, none of them a number but for a row of years.
fn looks_like_names(names: &[(u32, String)]) -> bool {
    const NAME_BYTES_MAX: usize = 100;
    let mut sorted: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    sorted.sort_unstable();
    let unique = sorted.windows(2).all(|pair| pair[0] != pair[1]);
    let is_named = |name: &str| {
        name.len() <= NAME_BYTES_MAX
            && name.chars().any(char::is_alphabetic)
            && name.parse::<f64>().is_err()
    };
    let (named, others): (Vec<&str>, Vec<&str>) =
        names.iter().map(|(_, name)| name.as_str()).partition(|name| is_named(name));
    names.len() >= 2 && unique && !named.is_empty() && (others.is_empty() || are_years(&others))
}

/// Two or more, in their order: a single one is a value.
fn are_years(texts: &[&str]) -> bool {
    let years: Option<Vec<u16>> = texts
        .iter()
        .map(|text| text.parse().ok().filter(|year| (1500..=2500).contains(year)))
        .collect();
    let Some(years) = years else { return false };
    let rising = |pair: &[u16]| pair[0] < pair[1];
    years.len() >= 2 && (years.windows(2).all(rising) || !years.windows(2).any(rising))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_row_of_different_words_is_a_header() {
        let cells = |texts: &[&str]| -> Vec<(u32, String)> {
            (0..).zip(texts.iter().map(|text| (*text).to_owned())).collect()
        };
        let cases: [(&[&str], bool); 9] = [
            (&["Name", "Age"], true),
            (&["Name", "Name"], false),
            (&["Name", "12"], false),
            (&["Name", ""], false),
            (&["Report for 2024"], false),
            (&["a", "2024-01-01"], false),
            (&["Country", "2019", "2020"], true),
            (&["Ada", "1990"], false),
            (&["Ada", "1990", "12"], false),
        ];
        for (texts, expected) in cases {
            assert_eq!(Header::of_cells(&cells(texts)).is_named(), expected, "{texts:?}");
        }
        let header = Header::of_cells(&cells(&["Name", "Age"]));
        let row = [(1, " 7 ".to_owned()), (5, "x".to_owned())];
        assert_eq!(header.row(&row), "Age: 7 | x");
    }
}
