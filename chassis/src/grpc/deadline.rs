//! `grpc-timeout`: how long the caller waits.

use std::time::Duration;

use axum::http::HeaderMap;

/// More digits than this are none of the protocol's.
const MAX_DIGITS: usize = 8;

/// How long the caller of a request waits; `None` where it does not say, or not as the protocol does.
pub(crate) fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    let is_number = !digits.is_empty()
        && digits.len() <= MAX_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value = digits.parse().ok().filter(|_| is_number)?;
    Some(match unit {
        'H' => Duration::from_secs(value * 3_600),
        'M' => Duration::from_secs(value * 60),
        'S' => Duration::from_secs(value),
        'm' => Duration::from_millis(value),
        'u' => Duration::from_micros(value),
        'n' => Duration::from_nanos(value),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_deadline_is_read_as_the_protocol_writes_it() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            deadline(&headers)
        };
        for (text, expected) in [
            ("2H", 7_200_000_000_000),
            ("3M", 180_000_000_000),
            ("15S", 15_000_000_000),
            ("100m", 100_000_000),
            ("7u", 7_000),
            ("99999999n", 99_999_999),
        ] {
            assert_eq!(read(text), Some(Duration::from_nanos(expected)), "{text}");
        }
        for wrong in [
            "",
            "S",
            "10",
            "1s",
            "-1S",
            "+1S",
            "1.5S",
            "123456789S",
            "1é",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(deadline(&HeaderMap::new()), None);
    }
}
