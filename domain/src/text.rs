//! Rules for texts that come from people and participants.

use std::borrow::Cow;

use crate::{Refusal, RefusalKind};

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Blank or too long.
    #[error("{} must have 1 to {max} characters", field.replace('/', "."))]
    Length {
        /// Which text: its place in the command, as the path of a JSON pointer.
        field: Cow<'static, str>,
        /// The longest it may be, in characters.
        max: usize,
    },
    /// It holds what is not text, such as NUL, which databases and terminals choke on.
    #[error("{} must not contain control characters", field.replace('/', "."))]
    Control {
        /// Which text: its place in the command, as the path of a JSON pointer.
        field: Cow<'static, str>,
    },
    /// Not a short name.
    #[error("{} must be 1 to {max} characters of a-z, 0-9, '-' and '_'", field.replace('/', "."))]
    Slug {
        /// Which text: its place in the command, as the path of a JSON pointer.
        field: Cow<'static, str>,
        /// The longest it may be, in characters.
        max: usize,
    },
}

impl TextError {
    /// The same of the text at `index` in a list of texts.
    pub(crate) fn at(mut self, index: usize) -> Self {
        let (Self::Length { field, .. } | Self::Control { field } | Self::Slug { field, .. }) =
            &mut self;
        *field = format!("{field}/{index}").into();
        self
    }

    /// The same of a text in what is at `index` in a `list`.
    pub(crate) fn of_part(mut self, list: &str, index: usize) -> Self {
        let (Self::Length { field, .. } | Self::Control { field } | Self::Slug { field, .. }) =
            &mut self;
        *field = format!("{list}/{index}/{field}").into();
        self
    }
}

impl From<TextError> for Refusal {
    fn from(error: TextError) -> Self {
        let (code, field) = match &error {
            TextError::Length { field, .. } => ("TEXT_LENGTH", field),
            TextError::Control { field } => ("TEXT_CONTROL_CHARACTER", field),
            TextError::Slug { field, .. } => ("NOT_A_SLUG", field),
        };
        Self::new(RefusalKind::Meaning, code, error.to_string()).at(format!("/{field}"))
    }
}

/// Checks a text of one line.
pub(crate) fn line(field: &'static str, value: &str, max: usize) -> Result<(), TextError> {
    length(field, value, max)?;
    match value.chars().any(char::is_control) {
        true => Err(control(field)),
        false => Ok(()),
    }
}

/// Checks a text that may have several lines.
pub(crate) fn prose(field: &'static str, value: &str, max: usize) -> Result<(), TextError> {
    length(field, value, max)?;
    let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    match value.chars().any(forbidden) {
        true => Err(control(field)),
        false => Ok(()),
    }
}

/// Checks a short name that may stand in paths and labels.
pub(crate) fn slug(field: &'static str, value: &str, max: usize) -> Result<(), TextError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    match (1..=max).contains(&value.len()) && value.bytes().all(allowed) {
        true => Ok(()),
        false => Err(TextError::Slug {
            field: field.into(),
            max,
        }),
    }
}

/// A participant's text as it can be kept. What a participant says cannot be refused, since it
/// says what has happened; so control characters become spaces, and what is too long is cut.
pub(crate) fn cleaned(value: &str, max: usize) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    value.trim().chars().map(plain).take(max).collect()
}

fn length(field: &'static str, value: &str, max: usize) -> Result<(), TextError> {
    match value.trim().is_empty() || value.chars().count() > max {
        true => Err(TextError::Length {
            field: field.into(),
            max,
        }),
        false => Ok(()),
    }
}

fn control(field: &'static str) -> TextError {
    TextError::Control {
        field: field.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_wants_more_than_blanks() {
        assert_eq!(line("f", "éé", 2), Ok(()));
        let wrong = Err(TextError::Length {
            field: "f".into(),
            max: 2,
        });
        for text in ["", " ", "\t\n", "ééé"] {
            assert_eq!(line("f", text, 2), wrong, "{text:?}");
            assert_eq!(prose("f", text, 2), wrong, "{text:?}");
        }
    }

    #[test]
    fn only_prose_may_break_lines_and_nothing_holds_other_control_characters() {
        let control = Err(TextError::Control { field: "f".into() });
        for text in ["a\0", "a\u{1b}[31m", "a\u{7f}", "a\u{85}"] {
            assert_eq!(line("f", text, 9), control, "{text:?}");
            assert_eq!(prose("f", text, 9), control, "{text:?}");
        }
        assert_eq!(line("f", "a\nb", 9), control);
        assert_eq!(prose("f", "a\r\n\tb", 9), Ok(()));
    }

    #[test]
    fn slugs_are_short_and_plain() {
        assert_eq!(slug("f", "fraud-check_2", 13), Ok(()));
        for text in ["", "Fraud", "a b", "a/b", "ä", "fraud-check_23"] {
            let wrong = Err(TextError::Slug {
                field: "f".into(),
                max: 13,
            });
            assert_eq!(slug("f", text, 13), wrong, "{text:?}");
        }
    }

    #[test]
    fn participants_texts_are_cleaned() {
        assert_eq!(cleaned(" a\0b\nc ", 9), "a b c");
        assert_eq!(cleaned("éééé", 3), "ééé");
        assert_eq!(cleaned("", 3), "");
    }

    #[test]
    fn refusals_point_at_the_text() {
        let refusal = Refusal::from(TextError::Length {
            field: "shipping_address/city".into(),
            max: 5,
        });
        assert_eq!(refusal.code, "TEXT_LENGTH");
        assert_eq!(
            refusal.detail,
            "shipping_address.city must have 1 to 5 characters"
        );
        assert_eq!(refusal.pointer.as_deref(), Some("/shipping_address/city"));

        let line = line("shipping_address/lines", "", 5).unwrap_err().at(2);
        assert_eq!(
            line.to_string(),
            "shipping_address.lines.2 must have 1 to 5 characters"
        );
        let pointer = Refusal::from(line).pointer;
        assert_eq!(pointer.as_deref(), Some("/shipping_address/lines/2"));
    }
}
