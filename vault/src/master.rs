//! What wraps the keys of customers.

use crate::{
    cipher::{self, KEY_LENGTH, KeyBytes},
    error::VaultError,
    keys::{KeyId, KeyRow, NewKey, Rewrapped},
    place::bytes_of,
};
use ring::aead::NONCE_LEN;
use std::fmt;
use zeroize::Zeroizing;

/// How many characters of a digest name a master key.
const NAME_LENGTH: usize = 16;

/// Why a text is no master key. It does not say the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 64 hexadecimal digits")]
pub struct MasterKeyError;

/// The master key, and those of before that some keys may still be wrapped by.
pub struct MasterKeys {
    current: Master,
    former: Option<Master>,
}

struct Master {
    key: KeyBytes,
    name: String,
}

impl MasterKeys {
    /// The master key that `text` is, in hexadecimal digits; and the one of before, where there is one.
    ///
    /// # Errors
    /// One of them is none.
    pub fn parse(text: &str, former: Option<&str>) -> Result<Self, MasterKeyError> {
        Ok(Self {
            current: Master::parse(text)?,
            former: former.map(Master::parse).transpose()?,
        })
    }

    /// One that nobody knows: what it wraps is lost with this process.
    pub(crate) fn random() -> Result<Self, VaultError> {
        Ok(Self {
            current: Master::new(cipher::random()?),
            former: None,
        })
    }

    /// What the current one is called where it has wrapped something.
    pub fn name(&self) -> &str {
        &self.current.name
    }

    /// Whether what the master key `name` has wrapped can be unwrapped.
    pub fn knows(&self, name: &str) -> bool {
        self.named(name).is_some()
    }

    /// A new key for `id`.
    pub(crate) fn make(&self, id: KeyId) -> Result<NewKey, VaultError> {
        let wrapped = self.wrap(&id, &cipher::random()?)?;
        Ok(NewKey {
            id,
            master: self.current.name.clone(),
            wrapped,
        })
    }

    /// The key in `row`, which holds this one, wrapped by the current master key.
    pub(crate) fn rewrap(&self, row: &KeyRow, wrapped: Vec<u8>) -> Result<Rewrapped, VaultError> {
        let key = self.unwrap(row, &wrapped)?;
        Ok(Rewrapped {
            wrapped: self.wrap(&row.id, &key)?,
            id: row.id.clone(),
            before: wrapped,
            master: self.current.name.clone(),
        })
    }

    fn wrap(&self, id: &KeyId, key: &KeyBytes) -> Result<Vec<u8>, VaultError> {
        let nonce = *cipher::random::<NONCE_LEN>()?;
        cipher::encrypt(&self.current.key, nonce, &place(id), key.as_ref())
    }

    /// The key in `row`, which holds this one.
    pub(crate) fn unwrap(&self, row: &KeyRow, wrapped: &[u8]) -> Result<KeyBytes, VaultError> {
        let customer_id = &row.id.customer_id;
        let Some(master) = self.named(&row.master) else {
            return Err(VaultError::UnknownMaster {
                customer_id: customer_id.clone(),
                master: row.master.clone(),
            });
        };
        let opened = cipher::decrypt(&master.key, &place(&row.id), wrapped.to_vec());
        let key = opened.and_then(|key| {
            let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
            (key.len() == KEY_LENGTH).then(|| bytes.copy_from_slice(&key))?;
            Some(bytes)
        });
        key.ok_or_else(|| {
            VaultError::Corrupt(format!(
                "the key of customer {customer_id} cannot be unwrapped"
            ))
        })
    }

    fn named(&self, name: &str) -> Option<&Master> {
        let mut all = std::iter::once(&self.current).chain(&self.former);
        all.find(|master| master.name == name)
    }
}

impl Master {
    fn new(key: KeyBytes) -> Self {
        let digest = cipher::hmac(&key, b"the name of this master key");
        let mut name: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        name.truncate(NAME_LENGTH);
        Self { key, name }
    }

    fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        if text.len() != 2 * KEY_LENGTH || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(MasterKeyError);
        }
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| MasterKeyError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| MasterKeyError)?;
        }
        Ok(Self::new(key))
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({}, ..)", self.current.name)
    }
}

/// A wrapped key is of its customer, and no other's.
fn place(id: &KeyId) -> Vec<u8> {
    bytes_of([
        b"key",
        id.tenant.as_str().as_bytes(),
        id.customer_id.as_str().as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyState;
    use domain::{CustomerId, TenantId};

    fn id(customer: &str) -> KeyId {
        KeyId {
            tenant: TenantId::default(),
            customer_id: CustomerId::parse(customer).unwrap(),
        }
    }

    fn row(id: KeyId, key: &NewKey) -> KeyRow {
        KeyRow {
            id,
            master: key.master.clone(),
            state: KeyState::There(key.wrapped.clone()),
        }
    }

    #[test]
    fn a_key_is_unwrapped_by_its_master_for_its_customer_alone() {
        let (one, two) = ("1".repeat(64), "2".repeat(64));
        let masters = MasterKeys::parse(&one, None).unwrap();
        let key = masters.make(id("c")).unwrap();
        assert_ne!(key.wrapped, masters.make(id("c")).unwrap().wrapped);
        let unwrapped = masters.unwrap(&row(id("c"), &key), &key.wrapped).unwrap();
        assert!(masters.unwrap(&row(id("d"), &key), &key.wrapped).is_err());

        let renewed = MasterKeys::parse(&two, Some(&one)).unwrap();
        let again = renewed.unwrap(&row(id("c"), &key), &key.wrapped).unwrap();
        assert_eq!(*again, *unwrapped);
        let without = MasterKeys::parse(&two, None).unwrap();
        let error = without
            .unwrap(&row(id("c"), &key), &key.wrapped)
            .unwrap_err();
        assert!(matches!(error, VaultError::UnknownMaster { .. }), "{error}");
    }

    #[test]
    fn a_master_key_is_64_digits_and_shows_nothing_of_itself() {
        let text = "0123456789abcdefABCDEF0123456789".repeat(2);
        let masters = MasterKeys::parse(&text, None).unwrap();
        assert_eq!(masters.name().len(), NAME_LENGTH);
        assert!(!format!("{masters:?}").contains(&text[..8]));
        let long = "0".repeat(65);
        let odd = "g".repeat(64);
        let multibyte = "é".repeat(32);
        for wrong in ["", "0", &long, &odd, &multibyte] {
            assert!(MasterKeys::parse(wrong, None).is_err(), "{wrong}");
        }
    }
}
