//! Typed identifiers. Parsing is the only way in, so that a value of these types is valid.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// The most parcels that an order leaves in, each from another place.
pub const MAX_PARCELS: usize = 5;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {rule}")]
pub struct IdError {
    /// Which identifier was meant.
    pub what: &'static str,
    /// The rule that was broken.
    pub rule: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The identifier that `uuid` is.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The identifier as a UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| IdError { what: $what, rule: "must be a UUID" })
            }
        }
    };
}

uuid_id!(
    /// An order. UUIDv7, minted at the edge.
    OrderId,
    "order id"
);
uuid_id!(
    /// A shipment: what leaves for an order. `UUIDv5(order id, location)`, so that whoever creates it again
    /// creates the same one; what leaves all at once has the same id from wherever it leaves.
    ShipmentId,
    "shipment id"
);
uuid_id!(
    /// A return: what a customer sends back of an order. Minted at the edge.
    ReturnId,
    "return id"
);
uuid_id!(
    /// A command: what makes it happen once. For requests it is derived from the idempotency key
    /// and its scope, for saga steps from the event that caused it.
    CommandId,
    "command id"
);
uuid_id!(
    /// An event: `UUIDv5(command id, index)`, so that an append that is repeated repeats its ids.
    EventId,
    "event id"
);

impl EventId {
    /// The id of the `index`-th event of `command`.
    pub fn of(command: CommandId, index: usize) -> Self {
        Self(Uuid::new_v5(&command.uuid(), &(index as u64).to_be_bytes()))
    }
}

impl ShipmentId {
    /// The id of what leaves for `order` where all of it leaves at once, from whatever place: whoever wants
    /// to know of an order's shipment, or to call it back, need not know where its stock is.
    pub fn whole(order: OrderId) -> Self {
        Self::of(order, &Location::default())
    }

    /// The id of the `n`-th parcel of an order that leaves in several, from 1. The first one is named as the
    /// whole would be: so whoever knows an order knows where to begin. The others have names that no place
    /// can have.
    pub fn parcel(order: OrderId, n: usize) -> Self {
        match n {
            0 | 1 => Self::whole(order),
            _ => Self(Uuid::new_v5(
                &order.uuid(),
                format!("parcel/{n}").as_bytes(),
            )),
        }
    }

    /// The ids of all parcels that may leave for `order`, in their order.
    pub fn all(order: OrderId) -> [Self; MAX_PARCELS] {
        std::array::from_fn(|index| Self::parcel(order, index + 1))
    }

    /// The id of what leaves for `order` from `location`.
    pub fn of(order: OrderId, location: &Location) -> Self {
        Self(Uuid::new_v5(&order.uuid(), location.as_str().as_bytes()))
    }
}

impl CommandId {
    /// The id of the `index`-th command that `source` sends because of `cause`.
    pub fn of(cause: EventId, source: &str, index: usize) -> Self {
        Self(Uuid::new_v5(
            &cause.uuid(),
            format!("{source}/{index}").as_bytes(),
        ))
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses `text`, or says which rule it breaks.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(IdError { what: $what, rule: $rule })
                }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().into()
            }
        }
    };
}

text_id!(
    /// A shop on a platform that several shops share.
    TenantId,
    "tenant",
    "must be 1 to 32 characters of a-z, 0-9 and '-'",
    |text| (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);
text_id!(
    /// A customer, as the shop numbers its customers.
    CustomerId,
    "customer_id",
    "must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_', ':', '@' and '-'",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:@-".contains(&b))
);
text_id!(
    /// A stock keeping unit, as the shop names its articles.
    Sku,
    "sku",
    "must be 1 to 64 printable ASCII characters without '/', not starting or ending with a space",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'/')
        && text.trim() == text
);
text_id!(
    /// A place where stock is kept.
    Location,
    "location",
    "must be 1 to 32 characters of a-z, 0-9 and '-'",
    |text| (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);
text_id!(
    /// Who asked for a command: a principal, a policy, a timer or a participant.
    Actor,
    "actor",
    "must be 1 to 128 printable ASCII characters",
    |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))
);

impl Default for TenantId {
    fn default() -> Self {
        Self("main".into())
    }
}

impl Default for Location {
    fn default() -> Self {
        Self("main".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_of_repeated_work_repeat_and_others_differ() {
        let command = CommandId::new(Uuid::from_u128(7));
        // Frozen: another derivation would do everything once more after an upgrade.
        let event = EventId::of(command, 0);
        assert_eq!(event.to_string(), "23221892-8abf-562f-b19b-0c13e3237033");
        let next = CommandId::of(event, "payment", 1);
        assert_eq!(next.to_string(), "a6bfabb1-8f1a-5f6e-b0e1-5a31dd45a310");
        let order = OrderId::new(Uuid::from_u128(7));
        let shipment = ShipmentId::of(order, &Location::default());
        assert_eq!(shipment.to_string(), "3f411bfc-bd17-594f-ab0b-72137b3bb638");
        let elsewhere = Location::parse("elsewhere").unwrap();
        assert_ne!(ShipmentId::of(order, &elsewhere), shipment);
        assert_ne!(EventId::of(command, 1), event);
        assert_ne!(CommandId::of(event, "payment", 2), next);
        assert_ne!(CommandId::of(event, "order", 1), next);
    }

    #[test]
    fn rules_of_text_ids() {
        for sku in ["A", "85123A", "gift_0001_40", "a.b:c d", &"x".repeat(64)] {
            assert_eq!(Sku::parse(sku).unwrap().as_str(), sku);
        }
        for sku in ["", " A", "A ", "a/b", "é", "a\0", "a\nb", &"x".repeat(65)] {
            assert!(Sku::parse(sku).is_err(), "{sku:?}");
        }
        for name in ["", "Main", "a.b", "a_b", "a b", "ä", "-\0", &"x".repeat(33)] {
            assert!(TenantId::parse(name).is_err(), "{name:?}");
            assert!(Location::parse(name).is_err(), "{name:?}");
        }
        for customer in ["", "a b", "a/b", "a'b", "é", &"x".repeat(65)] {
            assert!(CustomerId::parse(customer).is_err(), "{customer:?}");
        }
        let error = Sku::parse("").unwrap_err().to_string();
        assert!(error.starts_with("sku must be 1 to 64"), "{error}");
        assert!(TenantId::parse(TenantId::default().as_str()).is_ok());
        assert!(Location::parse(Location::default().as_str()).is_ok());
    }

    proptest! {
        #[test]
        fn uuids_go_round(n in any::<u128>()) {
            let id = OrderId::new(Uuid::from_u128(n));
            prop_assert_eq!(id.to_string().parse::<OrderId>().unwrap(), id);
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<OrderId>(&json).unwrap(), id);
        }

        #[test]
        fn text_ids_are_kept_as_they_are_or_refused(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            if let Ok(sku) = Sku::parse(&text) {
                prop_assert_eq!(serde_json::to_string(&sku).unwrap(), json.clone());
            }
            prop_assert_eq!(serde_json::from_str::<Sku>(&json).ok(), Sku::parse(&text).ok());
            prop_assert_eq!(serde_json::from_str::<Actor>(&json).ok(), Actor::parse(&text).ok());
            let _ = text.parse::<OrderId>();
        }
    }
}
