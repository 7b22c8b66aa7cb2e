//! What is booked: one line of the carrier's ledger, of its journal, and the answer to a replay.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    address::Address,
    way::{ShipmentStatus, Way},
};
use crate::{kept::Numbered, value::TrackingNumber};

/// One entry. Never changed once booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierEntry {
    /// Place in the ledger, from 1 without gaps.
    pub sequence: u64,
    /// When it was booked; of an end, when it came.
    pub at: DateTime<Utc>,
    /// The sender's reference of the shipment.
    pub reference: Arc<str>,
    /// What was done.
    #[serde(flatten)]
    pub kind: CarrierEntryKind,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum CarrierEntryKind {
    /// A label was made.
    Label {
        /// Names the shipment.
        tracking_number: TrackingNumber,
        /// What was asked for.
        #[serde(flatten)]
        asked: Asked,
        /// What becomes of it.
        way: Way,
    },
    /// A shipment was refused.
    Refusal {
        /// What was asked for.
        #[serde(flatten)]
        asked: Asked,
        /// Why.
        code: RefusalCode,
    },
    /// A shipment came to its end.
    End {
        /// Which.
        tracking_number: TrackingNumber,
        /// Its end.
        status: ShipmentStatus,
    },
    /// Somebody has set where a shipment is. It stays there.
    Set {
        /// Which.
        tracking_number: TrackingNumber,
        /// Where.
        status: ShipmentStatus,
    },
}

/// What the sender asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The sender's key for it.
    pub idempotency_key: Arc<str>,
    /// The sender's reference of the order, if there is one.
    pub order_reference: Option<Arc<str>>,
    /// Where it goes, if that was said.
    pub address: Option<Arc<Address>>,
}

/// Why a shipment was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The carrier does not go there.
    AddressNotServed,
    /// Nobody could find it.
    AddressIncomplete,
}

/// What a sender asks for, valid in form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShipRequest {
    pub reference: Arc<str>,
    pub order_reference: Option<Arc<str>>,
    pub address: Option<Arc<Address>>,
}

impl RefusalCode {
    /// As a problem has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddressNotServed => "address_not_served",
            Self::AddressIncomplete => "address_incomplete",
        }
    }
}

impl CarrierEntry {
    /// What was asked for, if it is what a request led to.
    pub(crate) fn asked(&self) -> Option<&Asked> {
        match &self.kind {
            CarrierEntryKind::Label { asked, .. } | CarrierEntryKind::Refusal { asked, .. } => {
                Some(asked)
            }
            CarrierEntryKind::End { .. } | CarrierEntryKind::Set { .. } => None,
        }
    }

    /// Whether this is what became of `request`: the test of "same key, same body".
    pub(super) fn answers(&self, request: &ShipRequest) -> bool {
        self.reference == request.reference
            && self.asked().is_some_and(|asked| {
                asked.order_reference == request.order_reference && asked.address == request.address
            })
    }
}

impl Numbered for CarrierEntry {
    fn sequence(&self) -> u64 {
        self.sequence
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::{carrier::way::Fate, journal::Journal};

    /// The longest label that the API lets through, in the letters that take most room.
    #[test]
    fn the_longest_label_fits_the_journal() {
        let long = |letter: char, characters: usize| -> Box<str> {
            letter.to_string().repeat(characters).into()
        };
        let label = CarrierEntry {
            sequence: 1,
            at: DateTime::UNIX_EPOCH,
            reference: long('"', 255).into(),
            kind: CarrierEntryKind::Label {
                tracking_number: TrackingNumber::new(Uuid::nil()),
                asked: Asked {
                    idempotency_key: long('"', 255).into(),
                    order_reference: Some(long('"', 255).into()),
                    address: Some(Arc::new(Address {
                        name: Some(long('🚚', 200)),
                        lines: vec![long('🚚', 200); 8],
                        city: Some(long('🚚', 100)),
                        postal_code: Some(long('🚚', 32)),
                        country: long('🚚', 100),
                    })),
                },
                way: Way {
                    fate: Fate::Standstill,
                    transit_ms: u64::MAX,
                },
            },
        };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let mut journal = Journal::open(&path, |_: CarrierEntry| {}).unwrap();
        journal.append(&label).unwrap();
        drop(journal);
        let mut read = None;
        Journal::open(&path, |entry| read = Some(entry)).unwrap();
        assert_eq!(read, Some(label));
    }
}
