//! Seals bytes so that only what this installation sealed can be opened.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

/// Half of SHA-256's output: forging needs 2^128 attempts, and a cursor stays short.
const TAG: usize = 16;
/// Longest text that is worth opening, in bytes.
const MAX_TEXT: usize = 8_192;

/// Seals opaque texts with HMAC-SHA256. Sealed is not secret: the bytes can be read, not changed.
#[derive(Clone)]
pub struct Signer {
    keyed: HmacSha256,
}

/// The text was not sealed here for this purpose, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was not given out by this API for this purpose, or it was changed")]
pub struct SealBroken;

impl Signer {
    /// A signer for one purpose (`"orders cursor"`): what another purpose sealed does not open.
    /// Processes that share key and purpose open each other's texts.
    #[must_use]
    pub fn new(key: &SecretString, purpose: &str) -> Self {
        let mut derive = keyed(key.expose_secret().as_bytes());
        derive.update(purpose.as_bytes());
        Self {
            keyed: keyed(&derive.finalize().into_bytes()),
        }
    }

    /// Seals bytes as base64url text.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> String {
        let mut sealed = Vec::with_capacity(TAG + payload.len());
        let mut mac = self.keyed.clone();
        mac.update(payload);
        sealed.extend_from_slice(&mac.finalize().into_bytes()[..TAG]);
        sealed.extend_from_slice(payload);
        BASE64_URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The bytes that were sealed.
    ///
    /// # Errors
    /// The text is not what [`sign`](Self::sign) returned.
    pub fn open(&self, text: &str) -> Result<Vec<u8>, SealBroken> {
        if text.len() > MAX_TEXT {
            return Err(SealBroken);
        }
        let sealed = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| SealBroken)?;
        let (tag, payload) = sealed.split_at_checked(TAG).ok_or(SealBroken)?;
        let mut mac = self.keyed.clone();
        mac.update(payload);
        // Compares in constant time.
        mac.verify_truncated_left(tag).map_err(|_| SealBroken)?;
        Ok(payload.to_vec())
    }
}

fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(key: &str, purpose: &str) -> Signer {
        Signer::new(&SecretString::from(key), purpose)
    }

    #[test]
    fn what_was_sealed_opens_in_every_process_with_the_key() {
        for payload in [&b""[..], b"x", &[7; 1_000]] {
            let text = signer("key", "cursor").sign(payload);
            assert_eq!(signer("key", "cursor").open(&text).unwrap(), payload);
        }
    }

    #[test]
    fn nothing_else_opens() {
        let text = signer("key", "cursor").sign(b"sort key and id");
        assert_eq!(signer("other", "cursor").open(&text), Err(SealBroken));
        assert_eq!(signer("key", "other").open(&text), Err(SealBroken));
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                signer("key", "cursor").open(&changed),
                Err(SealBroken),
                "{changed}"
            );
        }
        for wrong in ["", "AAAA", "not base64!", &"A".repeat(MAX_TEXT + 1)] {
            assert_eq!(signer("key", "cursor").open(wrong), Err(SealBroken));
        }
    }
}
