//! The known name that a mistyped one was probably meant to be.

/// The candidate nearest to what was typed. One whose last part is equal wins over all others, because a key in
/// the wrong section is as common as a mistyped one; then the number of typing errors decides, then the order.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .min_by_key(|name| (last_part(name) != last_part(typed), distance(typed, name)))
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment), case ignored.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut before = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in right.iter().enumerate() {
            let replaced = above[j] + usize::from(from != to);
            let mut best = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == right[j - 1] && left[i - 1] == *to {
                let swapped: &Vec<usize> = &before;
                best = best.min(swapped[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn typing_errors_are_counted() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("tokens", "token", 1),
            ("tokens", "tokesn", 1),
            ("Tokens", "tokens", 0),
            ("overlap", "overlop", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn a_key_in_the_wrong_section_is_found_in_the_right_one() {
        let known = ["store", "chunk.tokens", "embed.batch_tokens", "workers"];
        assert_eq!(nearest("tokens", known), Some("chunk.tokens"));
        assert_eq!(nearest("embed.tokens", known), Some("chunk.tokens"));
        assert_eq!(nearest("wokers", known), Some("workers"));
        assert_eq!(nearest("chunk.token", known), Some("chunk.tokens"));
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_only_for_equals(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
        }
    }
}
