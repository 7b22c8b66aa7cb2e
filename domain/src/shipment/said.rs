//! What the carrier says in words, as it is kept: the same whether it answers our calls or tells by itself, so
//! that it is known when it is heard again.

use crate::text::cleaned;

/// The longest tracking number, in characters. One that is longer is none: cut, it would be another's.
const MAX_NUMBER: usize = 100;

/// What is kept of the carrier's name, and of why a delivery failed, in characters.
const MAX_NAME: usize = 100;
const MAX_REASON: usize = 200;

/// What the carrier calls itself; empty if it does not say.
#[must_use]
pub fn carrier_name(said: &str) -> String {
    cleaned(said, MAX_NAME)
}

/// Why a delivery failed, in the carrier's words if it has any.
#[must_use]
pub fn failure_reason(said: Option<&str>) -> String {
    let said = cleaned(said.unwrap_or_default(), MAX_REASON);
    match said.is_empty() {
        true => "the carrier does not say why".into(),
        false => said,
    }
}

/// Whether it is a tracking number: 1 to 100 characters without spaces around them. Our books keep names
/// without what is around them: asked after so, one that has that would not be found.
#[must_use]
pub fn is_tracking_number(said: &str) -> bool {
    said.trim() == said
        && (1..=MAX_NUMBER).contains(&said.chars().count())
        && !said.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_cleaned_and_cut() {
        let long = format!(" \u{1b}[31m{}", "é".repeat(300));
        for (kept, length) in [
            (carrier_name(&long), 100),
            (failure_reason(Some(&long)), 200),
        ] {
            assert_eq!(kept.chars().count(), length);
            assert!(!kept.contains(char::is_control), "{kept:?}");
        }
        assert_eq!(carrier_name("\t"), "");
        for nothing in [None, Some(""), Some(" \n")] {
            assert_eq!(failure_reason(nothing), "the carrier does not say why");
        }
    }

    #[test]
    fn a_tracking_number_is_one_as_it_stands() {
        for number in ["T1", "a b", &"1".repeat(100)] {
            assert!(is_tracking_number(number), "{number:?}");
        }
        for none in ["", " ", " T1", "T1 ", "a\nb", &"1".repeat(101)] {
            assert!(!is_tracking_number(none), "{none:?}");
        }
    }
}
