//! Why a command to a customer may be refused.

use crate::{Refusal, RefusalKind, TextError};

/// Why a command to a customer was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomerError {
    /// Nobody has taken down who it is.
    #[error("there is no such customer")]
    NotFound,
    /// Somebody has taken down another person under this number.
    #[error("another customer is registered under this number")]
    AlreadyRegistered,
    /// The customer was erased.
    #[error(
        "the customer was erased: nothing personal is taken for that number any more; a person who \
         comes back needs a new one"
    )]
    Erased,
    /// Nothing is said of who it is.
    #[error("a customer needs a name, an email or a phone")]
    Empty,
    /// No address of e-mail.
    #[error("email must have an @ with something on both sides, and no spaces")]
    Email,
    /// A text that is not as it must be.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl From<CustomerError> for Refusal {
    fn from(error: CustomerError) -> Self {
        use CustomerError as E;
        use RefusalKind::{Meaning, NotFound, State};
        let (kind, code, pointer) = match &error {
            E::Text(error) => return error.clone().into(),
            E::NotFound => (NotFound, "CUSTOMER_NOT_FOUND", None),
            E::AlreadyRegistered => (State, "CUSTOMER_ALREADY_REGISTERED", None),
            E::Erased => (State, "CUSTOMER_ERASED", None),
            E::Empty => (Meaning, "EMPTY_PROFILE", Some("/name")),
            E::Email => (Meaning, "NOT_AN_EMAIL", Some("/email")),
        };
        let refusal = Self::new(kind, code, error.to_string());
        match pointer {
            Some(pointer) => refusal.at(pointer),
            None => refusal,
        }
    }
}
