//! How many values a JSON text holds, before it is taken apart: a number of two bytes becomes a value of a hundred.

use types::failure::{Failure, FailureClass};

/// As values they take some tens of megabytes.
const VALUES_MAX: usize = 200_000;

/// Refuses a text with more values than may be held.
pub(super) fn check(json: &[u8]) -> Result<(), Failure> {
    // Every value but the first has a comma or a bracket before it.
    if json.len() <= VALUES_MAX || values(json) <= VALUES_MAX {
        return Ok(());
    }
    Err(Failure::new(
        FailureClass::TooLarge,
        format!("item holds more than {VALUES_MAX} values"),
        "split the item, or leave its lists of numbers away",
    ))
}

/// At most so many: an empty list counts as if it held one.
fn values(json: &[u8]) -> usize {
    let (mut values, mut in_string, mut escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => values += 1,
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_what_stands_in_strings_is_not() {
        assert_eq!(values(b"[1,2,{\"a\":[]}]"), 6);
        assert_eq!(values(br#"{"a":"1,2,[\",,","b":3}"#), 3);
        let commas = format!("[\"{}\"]", ",".repeat(VALUES_MAX + 1));
        assert_eq!(check(commas.as_bytes()), Ok(()));
        let wide = format!("[{}1]", "1,".repeat(VALUES_MAX));
        assert_eq!(check(wide.as_bytes()).unwrap_err().class, FailureClass::TooLarge);
    }
}
