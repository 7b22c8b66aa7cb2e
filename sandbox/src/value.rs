//! Small values that entries of ledgers carry, without an allocation of their own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize, de};
use uuid::Uuid;

/// The provider's id of an authorization: `auth_` and 32 hex digits. Random, so that a sandbox
/// without a journal never gives an id again that an earlier run gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthorizationId(Uuid);

/// The carrier's number of a shipment: `trk_` and 32 hex digits, as random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrackingNumber(Uuid);

/// The provider's id of a dispute: `dp_` and 32 hex digits, as random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DisputeId(Uuid);

/// An ISO 4217 code: three upper-case letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is not such a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {expected}")]
pub struct InvalidValue {
    expected: &'static str,
}

/// Ids are told apart by how they begin, and have one spelling.
macro_rules! spelled_with {
    ($prefix:literal, $type:ty) => {
        impl $type {
            /// The id with this number.
            #[must_use]
            pub fn new(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl FromStr for $type {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                // The parser alone would take dashes, braces and upper case as well.
                text.strip_prefix($prefix)
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .filter(|id| id.to_string() == text)
                    .ok_or(InvalidValue {
                        expected: concat!($prefix, " and 32 hex digits"),
                    })
            }
        }
    };
}

spelled_with!("auth_", AuthorizationId);
spelled_with!("trk_", TrackingNumber);
spelled_with!("dp_", DisputeId);

impl Currency {
    fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <[u8; 3]>::try_from(text.as_bytes())
            .ok()
            .filter(|letters| letters.iter().all(u8::is_ascii_uppercase))
            .map(Self)
            .ok_or(InvalidValue {
                expected: "three upper-case letters, such as EUR",
            })
    }
}

/// All travel as their text.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

serde_as_text!(AuthorizationId);
serde_as_text!(TrackingNumber);
serde_as_text!(DisputeId);
serde_as_text!(Currency);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = AuthorizationId::new(Uuid::from_u128(0xabc));
        let text = "auth_00000000000000000000000000000abc";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse(), Ok(id));
        for wrong in [
            "00000000000000000000000000000abc",
            "auth_00000000000000000000000000000ABC",
            "auth_00000000-0000-0000-0000-000000000abc",
            "auth_",
        ] {
            assert!(wrong.parse::<AuthorizationId>().is_err(), "{wrong}");
        }
        assert!(text.parse::<TrackingNumber>().is_err());
    }

    #[test]
    fn a_currency_is_three_capitals() {
        assert_eq!("EUR".parse::<Currency>().unwrap().to_string(), "EUR");
        for wrong in ["eur", "EURO", "EU", "E1R", "€"] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }
}
