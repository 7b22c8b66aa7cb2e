//! The ciphers: AES-256-GCM of ring, with nonces that are drawn for keys, and derived for data.
//!
//! A nonce that follows from a keyed digest of place and content (a synthetic one) comes twice only with
//! the same place and content, which then give the same text: that is what makes sealing
//! deterministic, and safe. A key seals some hundred values in its life; 96 bits would do for 2^32.

use crate::{error::VaultError, place::bytes_of};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Sealed;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

/// The length of every key, in bytes.
pub(crate) const KEY_LENGTH: usize = 32;

/// A key, wiped from memory when it is dropped.
pub(crate) type KeyBytes = Zeroizing<[u8; KEY_LENGTH]>;

/// What a customer's key becomes: one key that seals, and one that derives nonces.
pub(crate) struct DataKey {
    sealing: KeyBytes,
    nonces: KeyBytes,
}

impl DataKey {
    pub(crate) fn new(key: &KeyBytes) -> Self {
        Self {
            sealing: derived(key, b"sealing"),
            nonces: derived(key, b"nonces"),
        }
    }

    /// Seals `content` for `place`.
    pub(crate) fn seal(&self, place: &[u8], content: &[u8]) -> Result<Sealed, VaultError> {
        let digest = hmac(&self.nonces, &bytes_of([place, content]));
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&digest.as_ref()[..NONCE_LEN]);
        let sealed = encrypt(&self.sealing, nonce, place, content)?;
        let base64 = URL_SAFE_NO_PAD.encode(sealed);
        Sealed::of_base64(&base64).map_err(|_| VaultError::TooLarge)
    }

    /// What was sealed for `place`; none if this key did not seal it, or not for that place.
    pub(crate) fn open(&self, place: &[u8], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed.base64()).ok()?;
        decrypt(&self.sealing, place, sealed)
    }
}

/// Random bytes of the system's.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, VaultError> {
    let mut bytes = Zeroizing::new([0; N]);
    let drawn = SystemRandom::new().fill(bytes.as_mut());
    drawn.map_err(|_| VaultError::Unavailable("the system has no random numbers".into()))?;
    Ok(bytes)
}

/// `content` with the nonce in front and the tag behind.
pub(crate) fn encrypt(
    key: &KeyBytes,
    nonce: [u8; NONCE_LEN],
    place: &[u8],
    content: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let mut text = Vec::with_capacity(NONCE_LEN + content.len() + AES_256_GCM.tag_len());
    text.extend(nonce);
    text.extend(content);
    let (_, inside) = text.split_at_mut(NONCE_LEN);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = cipher(key)
        .and_then(|key| key.seal_in_place_separate_tag(nonce, Aad::from(place), inside))
        .map_err(|_| VaultError::TooLarge)?;
    text.extend(tag.as_ref());
    Ok(text)
}

/// What [`encrypt`] was given, if it was given the same key and place.
pub(crate) fn decrypt(
    key: &KeyBytes,
    place: &[u8],
    mut text: Vec<u8>,
) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, inside) = text.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let key = cipher(key).ok()?;
    let opened = key.open_in_place(nonce, Aad::from(place), inside).ok()?;
    let content = Zeroizing::new(opened.to_vec());
    zeroize::Zeroize::zeroize(&mut text);
    Some(content)
}

/// A digest of `bytes` that says nothing of `key`.
pub(crate) fn hmac(key: &KeyBytes, bytes: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), bytes)
}

fn derived(key: &KeyBytes, purpose: &[u8]) -> KeyBytes {
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    bytes.copy_from_slice(hmac(key, purpose).as_ref());
    bytes
}

fn cipher(key: &KeyBytes) -> Result<LessSafeKey, ring::error::Unspecified> {
    UnboundKey::new(&AES_256_GCM, key.as_ref()).map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> DataKey {
        DataKey::new(&Zeroizing::new([byte; KEY_LENGTH]))
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_at_its_place_alone() {
        let sealed = key(1).seal(b"here", b"Ada").unwrap();
        let opened = |key: DataKey, place: &[u8], sealed: &Sealed| {
            key.open(place, sealed).map(|content| content.to_vec())
        };
        assert_eq!(opened(key(1), b"here", &sealed), Some(b"Ada".to_vec()));
        assert_eq!(opened(key(2), b"here", &sealed), None);
        assert_eq!(opened(key(1), b"there", &sealed), None);
        for broken in ["", "AAAA", &sealed.base64()[1..]] {
            let Ok(broken) = Sealed::of_base64(broken) else {
                continue;
            };
            assert_eq!(opened(key(1), b"here", &broken), None);
        }
        let mut changed = sealed.base64().to_owned().into_bytes();
        for at in 0..changed.len() {
            let before = changed[at];
            changed[at] = if before == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(changed.clone()).unwrap();
            let changed_text = Sealed::of_base64(&text).unwrap();
            assert_eq!(opened(key(1), b"here", &changed_text), None, "{at}");
            changed[at] = before;
        }
    }

    #[test]
    fn the_same_content_at_the_same_place_is_the_same_text() {
        let sealed = |key: u8, place: &[u8], content: &[u8]| {
            self::key(key).seal(place, content).unwrap().base64()[..16].to_owned()
        };
        let text = sealed(1, b"here", b"Ada");
        assert_eq!(sealed(1, b"here", b"Ada"), text);
        // Everything else has another nonce, too.
        assert_ne!(sealed(2, b"here", b"Ada"), text);
        assert_ne!(sealed(1, b"there", b"Ada"), text);
        assert_ne!(sealed(1, b"here", b"Bob"), text);
        assert_ne!(sealed(1, b"her", b"eAda"), text);
    }

    /// Frozen: whatever was sealed must open for ever.
    #[test]
    fn the_form_of_what_is_sealed_stays() {
        let sealed = key(7).seal(b"place", b"content").unwrap();
        assert_eq!(
            sealed.as_str(),
            "sealed:1:1znLNPZx9nKGLZfCbE9b98IE59-VJJGqxxAMqHswCFwyfH4"
        );
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let error = key(1).seal(b"here", &vec![b'a'; 20_000]).unwrap_err();
        assert_eq!(error, VaultError::TooLarge);
    }
}
