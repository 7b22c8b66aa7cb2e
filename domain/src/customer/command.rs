//! What may be asked of a customer.

use crate::{CustomerId, Sealed};
use serde::{Deserialize, Serialize};

/// Anything that may be asked of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CustomerCommand {
    /// Take down who it is.
    Register(RegisterCustomer),
    /// Take down who it is now.
    Change(ChangeCustomer),
    /// Forget who it was.
    Erase(EraseCustomer),
}

/// Takes down who a customer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterCustomer {
    /// Which customer.
    pub customer_id: CustomerId,
    /// Who it is: a [`Profile`](super::Profile), which was checked, and then sealed.
    pub profile: Sealed,
}

/// Takes down who a customer is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeCustomer {
    /// Which customer.
    pub customer_id: CustomerId,
    /// Who it is: a [`Profile`](super::Profile), which was checked, and then sealed.
    pub profile: Sealed,
}

/// Forgets who a customer was. It is recorded after the key was destroyed: it says that it is done, and
/// by whom and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EraseCustomer {
    /// Which customer.
    pub customer_id: CustomerId,
}

impl CustomerCommand {
    /// Which customer it is about.
    pub const fn customer_id(&self) -> &CustomerId {
        match self {
            Self::Register(command) => &command.customer_id,
            Self::Change(command) => &command.customer_id,
            Self::Erase(command) => &command.customer_id,
        }
    }

    /// A short name for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register(_) => "register_customer",
            Self::Change(_) => "change_customer",
            Self::Erase(_) => "erase_customer",
        }
    }
}
