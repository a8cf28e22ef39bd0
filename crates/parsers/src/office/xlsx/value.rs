//! Cells as people read them.

use calamine::{DataRef, ExcelDateTime};

pub(super) fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(is) => is.to_string(),
        DataRef::DateTime(time) => date_time(time),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// Day alone, time alone, or both: whatever the number says.
fn date_time(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    if time.is_duration() {
        let seconds = (value * 86_400.0).round() as i64;
        let (hours, minutes) = (seconds / 3600, seconds.abs() / 60 % 60);
        return format!("{hours}:{minutes:02}:{:02}", seconds.abs() % 60);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    match (value.trunc() == 0.0, value.fract() == 0.0) {
        (true, false) => clock,
        (_, true) => date,
        (false, false) => format!("{date} {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;

    #[test]
    fn dates_and_times_read_as_such() {
        let cases = [
            (45943.0, ExcelDateTimeType::DateTime, "2025-10-13"),
            (45943.5, ExcelDateTimeType::DateTime, "2025-10-13 12:00:00"),
            (0.25, ExcelDateTimeType::DateTime, "06:00:00"),
            (1.5, ExcelDateTimeType::TimeDelta, "36:00:00"),
        ];
        for (value, kind, expected) in cases {
            let time = DataRef::DateTime(ExcelDateTime::new(value, kind, false));
            assert_eq!(text_of(&time), expected);
        }
        assert_eq!(text_of(&DataRef::Float(3.0)), "3");
    }
}
