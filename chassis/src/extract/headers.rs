//! The headers that make a write safe to repeat and safe from lost updates.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};

use crate::problem::Problem;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY: usize = 255;

/// The version that `If-Match` names: `"7"`, a strong ETag. `None` where the header is absent or
/// `*`, which every existing resource matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// The version, where an endpoint insists on one.
    ///
    /// # Errors
    /// 428 where it is absent.
    pub fn required(self) -> Result<u64, Problem> {
        self.0.ok_or_else(Problem::precondition_required)
    }

    /// Parses the header's value.
    ///
    /// # Errors
    /// What is wrong with it, as words to stand behind the header's name.
    pub fn parse(tag: &str) -> Result<Self, &'static str> {
        if tag == "*" {
            return Ok(Self(None));
        }
        tag.strip_prefix('"')
            .and_then(|tag| tag.strip_suffix('"'))
            .filter(|version| version.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|version| version.parse().ok())
            .map(|version| Self(Some(version)))
            .ok_or("one version as a strong ETag is expected, such as \"7\" with its quotes")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let invalid = |detail: &str| {
            Problem::bad_request("INVALID_IF_MATCH", format!("If-Match: {detail}.")).with_error(
                "header:If-Match",
                "INVALID",
                detail,
            )
        };
        match single(&parts.headers, &header::IF_MATCH).map_err(invalid)? {
            None => Ok(Self(None)),
            Some(tag) => Self::parse(tag).map_err(invalid),
        }
    }
}

/// The key that makes a POST safe to repeat: 1 to 255 visible ASCII characters, bare or as a
/// quoted structured-field string; the same key either way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses the header's value.
    ///
    /// # Errors
    /// What is wrong with it, as words to stand behind the header's name.
    pub fn parse(value: &str) -> Result<Self, &'static str> {
        let key = match value.strip_prefix('"') {
            None => value.to_owned(),
            Some(rest) => unquoted(rest).ok_or("the quoted key has no proper end")?,
        };
        match key.len() {
            0 => Err("it is empty"),
            1..=MAX_KEY if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Self(key)),
            1..=MAX_KEY => Err("only visible ASCII characters are allowed"),
            _ => Err("at most 255 characters are allowed"),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let refuse = |code: &'static str, kind: &'static str, detail: &str| {
            Problem::bad_request(code, format!("Idempotency-Key: {detail}.")).with_error(
                "header:Idempotency-Key",
                kind,
                detail,
            )
        };
        let invalid = |detail: &'static str| refuse("INVALID_IDEMPOTENCY_KEY", "INVALID", detail);
        match single(&parts.headers, &IDEMPOTENCY_KEY).map_err(invalid)? {
            Some(value) => Self::parse(value).map_err(invalid),
            None => Err(refuse(
                "IDEMPOTENCY_KEY_REQUIRED",
                "REQUIRED",
                "the header is required, so that the request can be repeated safely",
            )),
        }
    }
}

/// The header's one value, as text.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text.trim())),
            Err(_) => Err("only visible ASCII characters are allowed"),
        },
        (Some(_), Some(_)) => Err("it is given more than once"),
    }
}

/// The text of a structured-field string (RFC 9651) behind its first quote.
fn unquoted(rest: &str) -> Option<String> {
    let mut text = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(text),
            '\\' => text.push(
                chars
                    .next()
                    .filter(|escaped| matches!(escaped, '"' | '\\'))?,
            ),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Request};

    use super::*;

    async fn extract<E>(name: &'static str, values: &[&str]) -> Result<E, Problem>
    where
        E: FromRequestParts<(), Rejection = Problem>,
    {
        let (mut parts, ()) = Request::new(()).into_parts();
        for value in values {
            parts
                .headers
                .append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        E::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn if_match_is_a_strong_version_or_nothing() {
        assert_eq!(extract::<IfMatch>("if-match", &[]).await, Ok(IfMatch(None)));
        assert_eq!(
            extract::<IfMatch>("if-match", &["*"]).await,
            Ok(IfMatch(None))
        );
        assert_eq!(
            extract::<IfMatch>("if-match", &["\"7\""]).await,
            Ok(IfMatch(Some(7)))
        );
        for wrong in [
            "7",
            "W/\"7\"",
            "\"7\", \"8\"",
            "\"x\"",
            "\"\"",
            "\"+7\"",
            "\"99999999999999999999\"",
        ] {
            let problem = extract::<IfMatch>("if-match", &[wrong]).await.unwrap_err();
            assert_eq!(problem.code(), "INVALID_IF_MATCH", "{wrong}");
            assert_eq!(problem.details().errors[0].pointer, "header:If-Match");
        }
        assert_eq!(IfMatch(None).required().unwrap_err().status().as_u16(), 428);
        assert_eq!(IfMatch(Some(3)).required(), Ok(3));
    }

    #[tokio::test]
    async fn a_key_is_the_same_bare_and_quoted() {
        let longest = "k".repeat(255);
        for (value, key) in [
            ("abc-1", "abc-1"),
            ("\"abc-1\"", "abc-1"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (longest.as_str(), longest.as_str()),
        ] {
            let found: IdempotencyKey = extract("idempotency-key", &[value]).await.unwrap();
            assert_eq!(found.as_str(), key);
        }
    }

    #[tokio::test]
    async fn a_missing_or_invalid_key_is_400_and_the_header_named() {
        let missing = extract::<IdempotencyKey>("idempotency-key", &[])
            .await
            .unwrap_err();
        assert_eq!(missing.code(), "IDEMPOTENCY_KEY_REQUIRED");
        let too_long = "k".repeat(256);
        for wrong in [
            "",
            "\"\"",
            "\"abc",
            "\"a\"b",
            r#""a\b""#,
            "a b",
            "schlüssel",
            &too_long,
        ] {
            let problem = extract::<IdempotencyKey>("idempotency-key", &[wrong])
                .await
                .unwrap_err();
            assert_eq!(problem.status().as_u16(), 400);
            assert_eq!(problem.code(), "INVALID_IDEMPOTENCY_KEY", "{wrong}");
            assert_eq!(
                problem.details().errors[0].pointer,
                "header:Idempotency-Key"
            );
        }
        assert!(
            extract::<IdempotencyKey>("idempotency-key", &["a", "b"])
                .await
                .is_err()
        );
    }
}
