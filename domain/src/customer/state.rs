//! What decisions about a customer stand on.

use crate::Sealed;

/// A customer.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Customer {
    /// Nobody has taken down who it is. Whoever orders need not be known.
    #[default]
    Absent,
    /// It is known who it is.
    Registered {
        /// Who, sealed.
        profile: Sealed,
    },
    /// It was known, or something of it was, and it is no more.
    Erased,
}

impl Customer {
    /// About how many bytes it has beside itself.
    pub(crate) fn size_of_many(&self) -> usize {
        match self {
            Self::Registered { profile } => profile.as_str().len(),
            Self::Absent | Self::Erased => 0,
        }
    }
}
