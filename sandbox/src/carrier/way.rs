//! The way of a shipment: what becomes of it, and when. No clock: all follows from when its label was
//! made.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Where a shipment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// There is a label.
    Accepted,
    /// It is on its way.
    InTransit,
    /// It could not be handed over; that is tried again.
    DeliveryFailed,
    /// It was handed over.
    Delivered,
    /// Nobody finds it any more.
    Lost,
    /// It is back at its sender's.
    Returned,
}

/// What becomes of a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Delivered.
    Delivered,
    /// Delivered, after a first try in vain.
    Missed,
    /// Lost on its way.
    Lost,
    /// Sent back.
    Returned,
    /// It never gets anywhere.
    Standstill,
}

/// What becomes of a shipment, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// What becomes of it.
    pub fate: Fate,
    /// How long after its label it gets where it goes, in milliseconds.
    pub transit_ms: u64,
}

impl ShipmentStatus {
    /// Whether nothing comes after it by itself.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Delivered | Self::Lost | Self::Returned)
    }
}

impl Way {
    /// What comes after `status`, and when, for a label that was made at `made_at`.
    ///
    /// It is handed in after a quarter of the time. At the end of it, it is delivered, or tried to; a
    /// second try, or that it is lost or back, takes as long again.
    pub(super) fn next(
        &self,
        made_at: DateTime<Utc>,
        status: ShipmentStatus,
    ) -> Option<(DateTime<Utc>, ShipmentStatus)> {
        use ShipmentStatus as S;
        let whole = self.transit_ms;
        let (after, next) = match (status, self.fate) {
            (S::Accepted, _) => (whole / 4, S::InTransit),
            (S::InTransit, Fate::Delivered) => (whole, S::Delivered),
            (S::InTransit, Fate::Missed) => (whole, S::DeliveryFailed),
            (S::DeliveryFailed, Fate::Missed) => (whole.saturating_mul(2), S::Delivered),
            (S::InTransit, Fate::Lost) => (whole.saturating_mul(2), S::Lost),
            (S::InTransit, Fate::Returned) => (whole.saturating_mul(2), S::Returned),
            _ => return None,
        };
        // Beyond the calendar's end it never comes.
        let after = TimeDelta::try_milliseconds(i64::try_from(after).ok()?)?;
        Some((made_at.checked_add_signed(after)?, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(fate: Fate) -> Vec<(i64, ShipmentStatus)> {
        let way = Way {
            fate,
            transit_ms: 1_000,
        };
        let made_at = DateTime::UNIX_EPOCH;
        let first = (made_at, ShipmentStatus::Accepted);
        let steps = std::iter::successors(Some(first), |(_, status)| way.next(made_at, *status));
        steps
            .map(|(at, status)| (at.timestamp_millis(), status))
            .collect()
    }

    #[test]
    fn every_fate_has_its_way() {
        use ShipmentStatus as S;
        let start = [(0, S::Accepted), (250, S::InTransit)];
        for (fate, rest) in [
            (Fate::Delivered, vec![(1_000, S::Delivered)]),
            (
                Fate::Missed,
                vec![(1_000, S::DeliveryFailed), (2_000, S::Delivered)],
            ),
            (Fate::Lost, vec![(2_000, S::Lost)]),
            (Fate::Returned, vec![(2_000, S::Returned)]),
            (Fate::Standstill, vec![]),
        ] {
            assert_eq!(way(fate), [start.to_vec(), rest].concat(), "{fate:?}");
        }
    }
}
