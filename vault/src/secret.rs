//! Secrets of the platform itself, which are no customer's: sealed by the master key alone.

use crate::{
    cipher::{self, KEY_LENGTH},
    error::VaultError,
    place::bytes_of,
    vault::Vault,
};
use uuid::Uuid;
use zeroize::Zeroizing;

/// A secret as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// What the master key is called that seals it.
    pub master: String,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
}

/// What a secret is for, and of which one: it opens for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretPlace {
    /// What it is for.
    pub purpose: &'static str,
    /// Of which one.
    pub of: Uuid,
}

impl SecretPlace {
    fn to_bytes(self) -> Vec<u8> {
        bytes_of([b"secret", self.purpose.as_bytes(), self.of.as_bytes()])
    }
}

impl Vault {
    /// 256 bits that nobody knows.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random_secret() -> Result<Zeroizing<[u8; KEY_LENGTH]>, VaultError> {
        cipher::random()
    }

    /// Seals a secret of the platform's own for `place`, by the master key.
    ///
    /// # Errors
    /// It is too large, or the system has no random numbers.
    pub fn seal_secret(
        &self,
        place: SecretPlace,
        secret: &[u8],
    ) -> Result<SealedSecret, VaultError> {
        let masters = self.masters();
        Ok(SealedSecret {
            master: masters.name().to_owned(),
            sealed: masters.seal(&place.to_bytes(), secret)?,
        })
    }

    /// The secret that was sealed for `place`.
    ///
    /// # Errors
    /// The master key that seals it is not configured, or it was not sealed for that place.
    pub fn open_secret(
        &self,
        place: SecretPlace,
        secret: &SealedSecret,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let masters = self.masters();
        if !masters.knows(&secret.master) {
            return Err(VaultError::Corrupt(format!(
                "a secret ({}) is sealed by the master key {}, which is not configured; configured \
                 is {}",
                place.purpose,
                secret.master,
                masters.name()
            )));
        }
        let sealed = secret.sealed.clone();
        let opened = masters.open(&secret.master, &place.to_bytes(), sealed);
        opened.ok_or_else(|| {
            VaultError::Corrupt(format!(
                "the master key {} does not open a secret ({}) that it is said to seal",
                secret.master, place.purpose
            ))
        })
    }

    /// Whether a secret is sealed by the master key that seals new ones.
    pub fn is_sealed_anew(&self, secret: &SealedSecret) -> bool {
        self.masters().name() == secret.master
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: SecretPlace = SecretPlace {
        purpose: "test",
        of: Uuid::from_u128(1),
    };

    #[test]
    fn a_secret_opens_at_its_place_under_its_master_key_alone() {
        let vault = Vault::in_memory();
        let sealed = vault.seal_secret(HERE, b"sesame").unwrap();
        assert!(vault.is_sealed_anew(&sealed));
        assert_eq!(*vault.open_secret(HERE, &sealed).unwrap(), b"sesame");
        assert_ne!(vault.seal_secret(HERE, b"sesame").unwrap(), sealed);
        let elsewhere = [
            SecretPlace {
                of: Uuid::from_u128(2),
                ..HERE
            },
            SecretPlace {
                purpose: "other",
                ..HERE
            },
        ];
        for place in elsewhere {
            assert!(vault.open_secret(place, &sealed).is_err(), "{place:?}");
        }
        let other = Vault::in_memory().open_secret(HERE, &sealed).unwrap_err();
        assert!(other.to_string().contains("not configured"), "{other}");
    }
}
