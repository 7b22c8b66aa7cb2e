//! Where keys are.

use crate::error::VaultError;
use async_trait::async_trait;
use domain::{CustomerId, TenantId};
use std::fmt;

/// Whose key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The shop.
    pub tenant: TenantId,
    /// Its customer.
    pub customer_id: CustomerId,
}

/// A key that may be needed.
pub struct NewKey {
    /// Whose.
    pub id: KeyId,
    /// What the master key is called that wraps it.
    pub master: String,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// A key as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Whose.
    pub id: KeyId,
    /// What the master key is called that wraps it.
    pub master: String,
    /// What is there.
    pub state: KeyState,
}

/// What is there of a key.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyState {
    /// The key, wrapped.
    There(Vec<u8>),
    /// Nothing: its customer was erased.
    Erased,
}

/// Where keys are. What it answers is on disk.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// The rows of these customers, as far as there are any.
    async fn find(&self, ids: &[KeyId]) -> Result<Vec<KeyRow>, VaultError>;

    /// The rows of these customers; those that have none get these keys. Of several who make a key for
    /// the same customer at once, all get the first one's.
    async fn find_or_make(&self, keys: Vec<NewKey>) -> Result<Vec<KeyRow>, VaultError>;

    /// Destroys the key of a customer for good. Whether there was, or had been, one.
    async fn destroy(&self, id: &KeyId) -> Result<bool, VaultError>;

    /// The names of the master keys that wrap the keys that are there.
    async fn masters(&self) -> Result<Vec<String>, VaultError>;
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            KeyState::There(_) => "there",
            KeyState::Erased => "erased",
        };
        write!(f, "KeyRow({:?}, {}, {state})", self.id, self.master)
    }
}
