//! What can go wrong with keys and what they seal.

use domain::CustomerId;

/// Why something was not sealed, opened or erased.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The customer was erased: nothing personal of theirs is taken any more.
    #[error("customer {0} was erased")]
    Erased(CustomerId),
    /// There is no key, and nobody erased the customer: it was lost, as with a database of keys that was
    /// restored from before it was made, or is another one. It must be brought back.
    #[error(
        "the key of customer {0} is lost: it is not among the keys, and the customer was not erased"
    )]
    KeyLost(CustomerId),
    /// The keys cannot be had now.
    #[error("the keys of personal data cannot be reached: {0}")]
    Unavailable(String),
    /// A key is wrapped by a master key that this process does not have.
    #[error(
        "the key of customer {customer_id} is wrapped by the master key {master}, which is not configured"
    )]
    UnknownMaster {
        /// Whose key.
        customer_id: CustomerId,
        /// The digest of that master key.
        master: String,
    },
    /// A key, or what it sealed, is not what was written.
    #[error("{0}")]
    Corrupt(String),
    /// What is to be sealed is larger than anything that is sealed.
    #[error("it is too large to be sealed")]
    TooLarge,
}

impl VaultError {
    /// Whether it may pass by itself.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
