//! What may happen to a customer. These shapes are frozen: a new shape is a new version.

use crate::{CustomerId, Sealed, event::events};
use serde::{Deserialize, Serialize};

events! {
    /// Anything that may happen to a customer.
    CustomerEvent {
        /// It was taken down who it is.
        CustomerRegistered = 1,
        /// It was taken down who it is now.
        CustomerChanged = 1,
        /// Everything personal was erased.
        CustomerErased = 1,
    }
}

/// It was taken down who a customer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerRegistered {
    /// Which customer.
    pub customer_id: CustomerId,
    /// Who it is: a [`Profile`](super::Profile), sealed with the customer's key.
    pub profile: Sealed,
}

/// It was taken down who a customer is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerChanged {
    /// Which customer.
    pub customer_id: CustomerId,
    /// Who it is: a [`Profile`](super::Profile), sealed with the customer's key.
    pub profile: Sealed,
}

/// Everything personal of a customer was erased: the key is destroyed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerErased {
    /// Which customer.
    pub customer_id: CustomerId,
}
