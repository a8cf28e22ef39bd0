//! How long a reply asks to wait.

use crate::body::Said;
use crate::date::http;
use crate::duration::{plain, positive, units};
use crate::prose::Prose;
use crate::reading::Headers;

/// Seconds; of several hints the most exact, in the order of `openai-python` with Google's and prose behind.
pub(crate) fn read(headers: &Headers<'_>, said: &Said, prose: &Prose, now: f64) -> Option<f64> {
    ["retry-after-ms", "x-ms-retry-after-ms"]
        .iter()
        .find_map(|name| milliseconds(headers(name)?))
        .or_else(|| retry_after(headers("retry-after")?, now))
        .or(said.retry_delay)
        .or_else(|| prose.wait())
}

fn milliseconds(text: &str) -> Option<f64> {
    positive(text.trim().parse::<f64>().ok()? / 1000.0)
}

/// Seconds or a date (RFC 9110, section 10.2.3); some gateways send a duration with its unit.
fn retry_after(text: &str, now: f64) -> Option<f64> {
    let text = text.trim();
    plain(text, now).or_else(|| positive(http(text)? - now)).or_else(|| units(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(told: &[(&str, &str)], body: &str) -> Option<f64> {
        let headers =
            |name: &str| told.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let said = Said::read(body.as_bytes());
        let prose = Prose::new(said.message.as_deref().unwrap_or_default());
        read(&headers, &said, &prose, 784_111_747.0)
    }

    #[test]
    fn the_most_exact_hint_wins_and_a_bad_one_gives_way() {
        let body =
            r#"{"error":{"message":"Please try again in 5s.","details":[{"retryDelay":"4s"}]}}"#;
        let all =
            [("retry-after-ms", "1500"), ("x-ms-retry-after-ms", "2500"), ("retry-after", "3")];
        assert_eq!(wait(&all, body), Some(1.5));
        assert_eq!(wait(&all[1..], body), Some(2.5));
        assert_eq!(wait(&all[2..], body), Some(3.0));
        assert_eq!(wait(&[], body), Some(4.0));
        assert_eq!(wait(&[], r#"{"message":"Please try again in 5s."}"#), Some(5.0));
        assert_eq!(wait(&[], ""), None);
        for bad in ["-1", "0", "soon", "", "NaN", "inf", "1e999", "Sun, 06 Nov 1994 08:00:00 GMT"] {
            assert_eq!(
                wait(&[("retry-after-ms", bad), ("retry-after", bad)], body),
                Some(4.0),
                "{bad}"
            );
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for (text, seconds) in [
            ("2", 2.0),
            ("0.25", 0.25),
            (" 7 ", 7.0),
            ("20s", 20.0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 30.0),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 30.0),
            ("Sun Nov  6 08:49:37 1994", 30.0),
        ] {
            assert_eq!(wait(&[("retry-after", text)], ""), Some(seconds), "{text}");
        }
    }
}
