//! Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA256 over id, time and body.

use std::fmt;

use axum::http::HeaderMap;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;

/// Names what is sent, in every attempt to send it.
pub const WEBHOOK_ID: &str = "webhook-id";
/// When it is sent, in seconds since 1970.
pub const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";
/// What proves that, and who, sent it: signatures, separated by spaces.
pub const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// How a secret begins.
const PREFIX: &str = "whsec_";
/// The version of signatures that is spoken here.
const SCHEME: &str = "v1,";
/// How many bytes a secret has.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The longest name of what is sent, in bytes.
const MAX_ID: usize = 255;
/// Signatures that are looked at: a sender that changes its secret signs with both.
const MAX_SIGNATURES: usize = 8;

/// A secret that both sides know.
#[derive(Clone)]
pub struct WebhookSecret(Hmac<Sha256>);

/// The text is no such secret. It does not say the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

/// Why nobody believes what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// A header is absent, given twice, or no such header.
    #[error("the header {0} is missing or malformed")]
    Header(&'static str),
    /// It was signed too long ago, or in the future.
    #[error("it was signed at another time than now")]
    Time,
    /// None of its signatures is by a secret that is known.
    #[error("none of its signatures is by a known secret")]
    Signature,
}

impl WebhookSecret {
    /// Reads a secret as it stands in the configuration.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(InvalidSecret);
        }
        let keyed = Hmac::new_from_slice(&bytes).map_err(|_| InvalidSecret)?;
        Ok(Self(keyed))
    }

    /// A new secret, as it stands in a configuration.
    #[must_use]
    pub fn random() -> SecretString {
        let bytes: [u8; 32] = rand::random();
        SecretString::from(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes)))
    }

    /// The value of [`WEBHOOK_SIGNATURE`] for what is sent as `id` at `at`.
    #[must_use]
    pub fn sign(&self, id: &str, at: DateTime<Utc>, body: &[u8]) -> String {
        let tag = self.mac(id, &at.timestamp().to_string(), body).finalize();
        format!("{SCHEME}{}", BASE64_STANDARD.encode(tag.into_bytes()))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// Whether `body` was sent by somebody who knows one of `secrets`, at most `tolerance` from `now`.
/// Returns what it is called.
///
/// # Errors
/// Why it is not believed.
pub fn verify<'h>(
    secrets: &[WebhookSecret],
    headers: &'h HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
    tolerance: TimeDelta,
) -> Result<&'h str, Disbelief> {
    let id = only(headers, WEBHOOK_ID)?;
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Disbelief::Header(WEBHOOK_ID));
    }
    let timestamp = only(headers, WEBHOOK_TIMESTAMP)?;
    let sent = timestamp.parse::<i64>().ok();
    let sent = sent.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let sent = sent.ok_or(Disbelief::Header(WEBHOOK_TIMESTAMP))?;
    if (now - sent).abs() > tolerance {
        return Err(Disbelief::Time);
    }
    let signatures = only(headers, WEBHOOK_SIGNATURE)?;
    let signatures = signatures.split(' ').take(MAX_SIGNATURES);
    let tags = signatures.filter_map(|signature| {
        let encoded = signature.strip_prefix(SCHEME)?;
        BASE64_STANDARD.decode(encoded).ok()
    });
    let tags: Vec<_> = tags.collect();
    let known = secrets.iter().any(|secret| {
        let mac = secret.mac(id, timestamp, body);
        // Compared in constant time.
        let is_by_it = |tag: &Vec<u8>| mac.clone().verify_slice(tag).is_ok();
        tags.iter().any(is_by_it)
    });
    match known {
        true => Ok(id),
        false => Err(Disbelief::Signature),
    }
}

fn only<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Disbelief> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Disbelief::Header(name));
    };
    value.to_str().map_err(|_| Disbelief::Header(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    /// The example of the specification's libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn secret(text: &str) -> WebhookSecret {
        WebhookSecret::parse(text).unwrap()
    }

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(WEBHOOK_ID, id.parse().unwrap());
        headers.insert(WEBHOOK_TIMESTAMP, timestamp.parse().unwrap());
        headers.insert(WEBHOOK_SIGNATURE, signature.parse().unwrap());
        headers
    }

    fn believed(headers: &HeaderMap, body: &str, now: i64) -> Result<String, Disbelief> {
        let secrets = [secret(SECRET), secret(OTHER)];
        let tolerance = TimeDelta::seconds(300);
        verify(&secrets, headers, body.as_bytes(), at(now), tolerance).map(Into::into)
    }

    #[test]
    fn it_signs_as_the_specification_does() {
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            secret(SECRET).sign(id, at(1_614_265_330), body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn what_is_signed_by_either_secret_is_believed_for_a_while() {
        for by in [SECRET, OTHER] {
            let signature = secret(by).sign("m", at(1_000), b"{}");
            let several = format!("v1a,x {signature} v1,AAAA");
            for signature in [&signature, &several] {
                let headers = headers("m", "1000", signature);
                for now in [700, 1_000, 1_300] {
                    assert_eq!(believed(&headers, "{}", now).as_deref(), Ok("m"));
                }
                for now in [699, 1_301, i32::MAX.into()] {
                    assert_eq!(believed(&headers, "{}", now), Err(Disbelief::Time));
                }
            }
        }
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let signature = secret(SECRET).sign("m", at(1_000), b"{}");
        for (id, timestamp, signature, body) in [
            ("n", "1000", signature.as_str(), "{}"),
            ("m", "1001", &signature, "{}"),
            ("m", "1000", &signature, "{ }"),
            ("m", "1000", "v1,", "{}"),
            ("m", "1000", "v2,AAAA", "{}"),
            ("m", "1000", "", "{}"),
        ] {
            let headers = headers(id, timestamp, signature);
            assert_eq!(believed(&headers, body, 1_000), Err(Disbelief::Signature));
        }
        let tolerance = TimeDelta::seconds(300);
        let genuine = headers("m", "1000", &signature);
        let nobody = verify(&[], &genuine, b"{}", at(1_000), tolerance);
        assert_eq!(nobody, Err(Disbelief::Signature));
    }

    #[test]
    fn each_header_is_wanted_once() {
        let signature = secret(SECRET).sign("m", at(1_000), b"{}");
        for name in [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
            let mut without = headers("m", "1000", &signature);
            without.remove(name);
            assert_eq!(
                believed(&without, "{}", 1_000),
                Err(Disbelief::Header(name))
            );
            let mut twice = headers("m", "1000", &signature);
            twice.append(name, "x".parse().unwrap());
            assert_eq!(believed(&twice, "{}", 1_000), Err(Disbelief::Header(name)));
        }
        for odd in ["", "x", "1e3", "99999999999999999999"] {
            let headers = headers("m", odd, &signature);
            let expected = Err(Disbelief::Header(WEBHOOK_TIMESTAMP));
            assert_eq!(believed(&headers, "{}", 1_000), expected);
        }
    }

    #[test]
    fn a_secret_has_its_form_and_is_not_shown() {
        let short = format!("{PREFIX}{}", BASE64_STANDARD.encode([0; 23]));
        let long = format!("{PREFIX}{}", BASE64_STANDARD.encode([0; 65]));
        for text in [
            "",
            "whsec_",
            "whsec_?",
            SECRET.trim_start_matches(PREFIX),
            &short,
            &long,
        ] {
            assert_eq!(
                WebhookSecret::parse(text).err(),
                Some(InvalidSecret),
                "{text}"
            );
        }
        let random = WebhookSecret::random();
        assert!(WebhookSecret::parse(random.expose_secret()).is_ok());
        assert_eq!(format!("{:?}", secret(SECRET)), "WebhookSecret(…)");
    }
}
