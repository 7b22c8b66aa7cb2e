//! What signs webhooks, as Standard Webhooks has it.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use uuid::Uuid;
use vault::{SecretPlace, Vault, VaultError};
use zeroize::Zeroizing;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A secret that signs webhooks of one endpoint. It shows nothing of itself where values are written
/// for debugging.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn random() -> Result<Self, VaultError> {
        Ok(Self(Zeroizing::new(Vault::random_secret()?.to_vec())))
    }

    /// The one that is these bytes.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As its endpoint is told it.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(&*self.0)))
    }

    /// The signature of a message: `v1,` and the HMAC-SHA256 of id, time (in seconds since 1970) and
    /// body with full stops between them, in base64.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        for part in [id, ".", &timestamp.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// Where the secret `id` is sealed for.
pub(crate) const fn place(id: Uuid) -> SecretPlace {
    SecretPlace {
        purpose: "webhook",
        of: id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> WebhookSecret {
        let bytes = BASE64_STANDARD.decode(text.trim_start_matches(PREFIX));
        WebhookSecret::new(Zeroizing::new(bytes.unwrap()))
    }

    /// The example of the specification's own test suites.
    #[test]
    fn it_signs_as_the_standard_says() {
        let secret = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn it_is_told_to_its_endpoint_alone() {
        let secret = WebhookSecret::random().unwrap();
        let text = secret.to_text();
        assert!(text.starts_with(PREFIX) && text.len() == 50, "{}", *text);
        assert_eq!(self::secret(&text).bytes(), secret.bytes());
        assert_ne!(*WebhookSecret::random().unwrap().to_text(), *text);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
    }
}
