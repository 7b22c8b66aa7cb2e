//! Personal data, sealed by a key of each customer: the domain, the store and all that follows from it
//! carry what only this room opens.
//!
//! | | |
//! | --- | --- |
//! | [`Vault`] | seals and opens, keeps keys in memory for a short while, destroys them |
//! | [`KeyStore`] | where keys are: a table of PostgreSQL's, or memory in tests |
//! | [`MasterKeys`] | what wraps the keys there: from the configuration |
//!
//! Each customer has one key, which is made when something personal of theirs is sealed first, and of
//! which nothing stays when they are erased but that they were. A key that is not there, of a customer
//! who was not erased, is lost: nothing of theirs opens until it is brought back. What is sealed is bound to the shop, the
//! customer, and what it stands in: moved elsewhere, it does not open.
//!
//! Sealing is deterministic: the same content for the same place gives the same text. A request that is
//! sent again so leads to the same command, which the domain can tell without looking into it. What it
//! gives away is whether the same place was sealed with the same content twice.

mod address;
mod cache;
mod cipher;
mod error;
mod keys;
mod master;
mod memory;
mod place;
mod postgres;
mod profile;
mod rewrap;
mod vault;

pub use cache::CacheOptions;
pub use error::VaultError;
pub use keys::{KeyId, KeyRow, KeyState, KeyStore, MasterUse, NewKey, Rewrapped};
pub use master::{MasterKeyError, MasterKeys};
pub use memory::MemoryKeys;
pub use place::Place;
pub use postgres::{MIGRATIONS, PostgresKeys, migrate};
pub use rewrap::{Remaining, Rewrap};
pub use vault::{Opened, Vault};
