//! Personal data as commands, events and read models have it: sealed.

use serde::{Deserialize, Serialize};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// What every sealed value begins with: what it is, and the version of its form.
const PREFIX: &str = "sealed:1:";
/// What a value begins with that was stored before anything was sealed.
const NEVER_SEALED: &str = "sealed:0:";

/// The longest sealed value, in bytes: the largest address, sealed, has some 10,000.
const MAX_LENGTH: usize = 16_384;

/// Something personal that only the key of its customer opens. Once that is destroyed nobody can, and
/// history stays as it was.
///
/// It is a text of base64 that says what it is, so that it stands in JSON, in columns and in messages
/// as it is. What is in it is not known here: it is sealed before a command is made, and opened where
/// somebody is to see it. The same data of the same customer, sealed for the same place, are the same
/// text, so that a command that is put again is the same command.
///
/// Where an event is read that was stored before anything was sealed, what it says stands here too, in
/// the same alphabet: the type stays one, and what opens sees that it needs no key. Nothing is written
/// in this form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sealed(String);

/// Why a text is no sealed value. It does not say the text, which may be what should have been sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value is {PREFIX} and base64, of at most {MAX_LENGTH} characters in all")]
pub struct SealedError;

impl Sealed {
    /// The sealed value that is `text`.
    ///
    /// # Errors
    /// It has not the form of one.
    pub fn parse(text: impl Into<String>) -> Result<Self, SealedError> {
        let text = text.into();
        let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let content = [PREFIX, NEVER_SEALED]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix));
        match content {
            Some(rest) if !rest.is_empty() && text.len() <= MAX_LENGTH => {
                match rest.bytes().all(base64) {
                    true => Ok(Self(text)),
                    false => Err(SealedError),
                }
            }
            _ => Err(SealedError),
        }
    }

    /// The sealed value whose content is `base64`: of the URL-safe alphabet, without padding.
    ///
    /// # Errors
    /// It is empty, too long, or no such base64.
    pub fn of_base64(base64: &str) -> Result<Self, SealedError> {
        Self::parse([PREFIX, base64].concat())
    }

    /// What an old event says in plain text, for what takes it on.
    ///
    /// # Errors
    /// It is empty or too long.
    pub(crate) fn never_sealed(content: &[u8]) -> Result<Self, SealedError> {
        Self::parse([NEVER_SEALED, &URL_SAFE_NO_PAD.encode(content)].concat())
    }

    /// What stands in it, where it was stored before anything was sealed; `None` if it is sealed.
    pub fn plain(&self) -> Option<Vec<u8>> {
        let base64 = self.0.strip_prefix(NEVER_SEALED)?;
        URL_SAFE_NO_PAD.decode(base64).ok()
    }

    /// Whether it is sealed: only what was stored before anything was is not.
    pub fn is_sealed(&self) -> bool {
        self.0.starts_with(PREFIX)
    }

    /// What is sealed, as base64 of the URL-safe alphabet, without padding.
    pub fn base64(&self) -> &str {
        &self.0[PREFIX.len()..]
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sealed {
    type Error = SealedError;

    fn try_from(text: String) -> Result<Self, SealedError> {
        Self::parse(text)
    }
}

impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        sealed.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_says_what_it_is() {
        let sealed = Sealed::of_base64("aZ09-_").unwrap();
        assert_eq!(sealed.as_str(), "sealed:1:aZ09-_");
        assert_eq!(sealed.base64(), "aZ09-_");
        let json = serde_json::to_string(&sealed).unwrap();
        assert_eq!(json, "\"sealed:1:aZ09-_\"");
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);
    }

    #[test]
    fn what_was_never_sealed_says_so() {
        let old = Sealed::never_sealed(br#"{"country":"DE"}"#).unwrap();
        assert_eq!(
            old.plain().as_deref(),
            Some(br#"{"country":"DE"}"#.as_slice())
        );
        assert!(!old.is_sealed());
        assert_eq!(Sealed::parse(old.as_str()), Ok(old));

        let sealed = Sealed::of_base64("aZ09-_").unwrap();
        assert!(sealed.is_sealed());
        assert_eq!(sealed.plain(), None);
        assert_eq!(Sealed::never_sealed(b""), Err(SealedError));
    }

    #[test]
    fn what_is_not_sealed_is_none_and_is_not_repeated() {
        let long = format!("{PREFIX}{}", "a".repeat(MAX_LENGTH));
        for text in [
            "",
            "sealed:0:",
            "sealed:1:",
            "sealed:2:aa",
            "aa",
            "sealed:1:a=",
            &long,
        ] {
            assert_eq!(Sealed::parse(text), Err(SealedError), "{text:?}");
        }
        let plain = r#"{"name":"Ada"}"#;
        let error = serde_json::from_str::<Sealed>(&serde_json::to_string(plain).unwrap());
        assert!(!error.unwrap_err().to_string().contains("Ada"));
    }
}
