//! The keys that make a carrier take a shipment once.

use crate::ShipmentId;
use std::fmt;

/// What a key of ours says: `{shipment}:{attempt}`. A carrier that speaks by itself names the call that
/// it is about by its key, which so says whose shipment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchKey {
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// Which attempt to have it taken, from 1.
    pub attempt: u32,
}

impl DispatchKey {
    /// Reads a key; none where it is none of ours.
    pub fn parse(key: &str) -> Option<Self> {
        let (shipment, attempt) = key.split_once(':')?;
        let read = Self {
            shipment_id: shipment.parse().ok()?,
            attempt: attempt.parse().ok()?,
        };
        // Only as it was written: there is one key for each call.
        (read.to_string() == key).then_some(read)
    }
}

impl fmt::Display for DispatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.shipment_id, self.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, testing::order_id};

    #[test]
    fn a_key_says_whose_shipment_it_is() {
        let shipment_id = ShipmentId::of(order_id(1), &Location::default());
        let key = DispatchKey {
            shipment_id,
            attempt: 2,
        };
        assert_eq!(key.to_string(), format!("{shipment_id}:2"));
        assert_eq!(DispatchKey::parse(&key.to_string()), Some(key));
        let upper = format!("{shipment_id}:2").to_uppercase();
        for other in [
            "",
            "1",
            ":1",
            "x:1",
            &upper,
            &format!("{shipment_id}"),
            &format!("{shipment_id}:"),
            &format!("{shipment_id}:+2"),
            &format!("{shipment_id}:02"),
            &format!("{shipment_id}:2:1"),
            &format!("{shipment_id}:4294967296"),
        ] {
            assert_eq!(DispatchKey::parse(other), None, "{other:?}");
        }
    }
}
