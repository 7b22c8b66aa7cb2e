//! Where shipments go, and test addresses: what a place makes the carrier do.

use serde::{Deserialize, Serialize};

use super::{entry::RefusalCode, way::Fate};

/// Every test address with what it does, as `GET /` shows them. Cities, but for the country.
pub const TEST_ADDRESSES: [(&str, &str); 9] = [
    ("Nowhere", "refused: address_not_served"),
    (
        "Nowhere Yet",
        "refused (address_not_served) on the reference's first attempt, then accepted",
    ),
    ("Illegible", "refused: address_incomplete"),
    ("Nobody Home", "the first delivery fails, then delivered"),
    ("Lost", "lost"),
    ("Returned", "returned"),
    ("Standstill", "in transit for ever"),
    (
        "Timeout",
        "accepted, but the answer is held for hold_ms: unknown that resolves to a label",
    ),
    ("Error", "500 and nothing is booked, on every attempt"),
];

/// The country that nobody delivers to, as its city does with `Nowhere`: Antarctica.
pub const UNSERVED_COUNTRY: &str = "AQ";

/// Where a shipment goes. Any of it but the country may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Who receives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// Street and number, and what else stands above the town.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Box<str>>,
    /// The town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Box<str>>,
    /// The postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Box<str>>,
    /// The country.
    pub country: Box<str>,
}

/// What a place makes the carrier do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Every place that is no test address, and where none is given.
    Served,
    /// Always refuses.
    Refused(RefusalCode),
    /// Refuses the first attempts for a reference.
    RefusedFirst(u32),
    /// Accepts, and then this becomes of it.
    Ends(Fate),
    /// Accepts and holds the answer.
    Timeout,
    /// Fails and books nothing.
    Error,
}

impl Destination {
    /// The place that an address names. Total: what is no test address is served.
    pub(crate) fn of(address: Option<&Address>) -> Self {
        let Some(address) = address else {
            return Self::Served;
        };
        if &*address.country == UNSERVED_COUNTRY {
            return Self::Refused(RefusalCode::AddressNotServed);
        }
        match address.city.as_deref().unwrap_or_default() {
            "Nowhere" => Self::Refused(RefusalCode::AddressNotServed),
            "Nowhere Yet" => Self::RefusedFirst(1),
            "Illegible" => Self::Refused(RefusalCode::AddressIncomplete),
            "Nobody Home" => Self::Ends(Fate::Missed),
            "Lost" => Self::Ends(Fate::Lost),
            "Returned" => Self::Ends(Fate::Returned),
            "Standstill" => Self::Ends(Fate::Standstill),
            "Timeout" => Self::Timeout,
            "Error" => Self::Error,
            _ => Self::Served,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn to(city: &str, country: &str) -> Address {
        Address {
            name: None,
            lines: vec![],
            city: Some(city.into()),
            postal_code: None,
            country: country.into(),
        }
    }

    #[test]
    fn the_crate_documentation_names_every_test_address() {
        let documentation = include_str!("../lib.rs");
        for city in TEST_ADDRESSES.map(|(city, _)| city) {
            assert!(documentation.contains(&format!("| `{city}` |")), "{city}");
        }
        assert!(documentation.contains(&format!("country `{UNSERVED_COUNTRY}`")));
    }

    #[test]
    fn test_addresses_do_not_share_a_meaning() {
        let cities = TEST_ADDRESSES.map(|(city, _)| city);
        for (n, one) in cities.iter().enumerate() {
            let meaning = Destination::of(Some(&to(one, "DE")));
            assert_ne!(meaning, Destination::Served, "{one}");
            for other in &cities[..n] {
                assert_ne!(
                    meaning,
                    Destination::of(Some(&to(other, "DE"))),
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn any_other_place_is_served_and_so_is_none() {
        assert_eq!(
            Destination::of(Some(&to("Berlin", "DE"))),
            Destination::Served
        );
        assert_eq!(Destination::of(None), Destination::Served);
        assert_eq!(
            Destination::of(Some(&to("Berlin", UNSERVED_COUNTRY))),
            Destination::Refused(RefusalCode::AddressNotServed)
        );
    }
}
