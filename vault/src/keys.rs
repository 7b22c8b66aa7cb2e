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
    /// What the master key is called that wraps it, or did; empty where there never was a key.
    pub master: String,
    /// What is there.
    pub state: KeyState,
}

/// A key that is wrapped by another master key now.
pub struct Rewrapped {
    /// Whose.
    pub id: KeyId,
    /// The key as it was found. Where something else stands there by now, that stays.
    pub before: Vec<u8>,
    /// What the master key is called that wraps it now.
    pub master: String,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// How many keys a master key has wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterUse {
    /// What the master key is called.
    pub master: String,
    /// How many keys that are there.
    pub keys: u64,
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

    /// Destroys the key of a customer for good, and keeps that it was destroyed; where there never was
    /// one, none is made any more. Whether there ever was one.
    async fn destroy(&self, id: &KeyId) -> Result<bool, VaultError>;

    /// One key of those that are there for each master key that wraps some.
    async fn samples(&self) -> Result<Vec<KeyRow>, VaultError>;

    /// How many of the keys that are there each master key wraps, by its name.
    async fn masters(&self) -> Result<Vec<MasterUse>, VaultError>;

    /// Some keys that are there and that the master key `master` does not wrap: `limit` at most.
    async fn wrapped_by_others(
        &self,
        master: &str,
        limit: usize,
    ) -> Result<Vec<KeyRow>, VaultError>;

    /// Keeps keys in their new wrapping; one that was destroyed meanwhile stays destroyed. How many
    /// were kept.
    async fn rewrap(&self, keys: Vec<Rewrapped>) -> Result<u64, VaultError>;
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
