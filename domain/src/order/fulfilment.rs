//! How much of an order has left and arrived, in one word.

use super::{Placed, state::LineProgress};
use serde::{Deserialize, Serialize};

/// How much of an order has left and arrived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentStatus {
    /// Nothing has left.
    #[default]
    Unfulfilled,
    /// Some of it has left, and nothing of that has arrived.
    PartiallyShipped,
    /// All of it has left, and nothing of it has arrived.
    Shipped,
    /// Some of it has arrived: the rest is yet to come, or lost.
    PartiallyDelivered,
    /// All of it has arrived.
    Delivered,
    /// Nothing of it will arrive: it was lost, or brought back.
    Lost,
}

impl FulfilmentStatus {
    /// The status as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unfulfilled => "unfulfilled",
            Self::PartiallyShipped => "partially_shipped",
            Self::Shipped => "shipped",
            Self::PartiallyDelivered => "partially_delivered",
            Self::Delivered => "delivered",
            Self::Lost => "lost",
        }
    }

    /// That of an order of so many pieces, whose lines have come so far.
    pub fn of(pieces: i64, lines: impl IntoIterator<Item = LineProgress>) -> Self {
        let mut all = LineProgress::default();
        for line in lines {
            all.shipped = all.shipped.saturating_add(line.shipped);
            all.delivered = all.delivered.saturating_add(line.delivered);
            all.lost = all.lost.saturating_add(line.lost);
            all.cancelled = all.cancelled.saturating_add(line.cancelled);
        }
        // What is cancelled never leaves.
        let pieces = pieces.saturating_sub(all.cancelled);
        if all.shipped == 0 {
            Self::Unfulfilled
        } else if all.delivered >= pieces {
            Self::Delivered
        } else if all.lost >= pieces {
            Self::Lost
        } else if all.delivered > 0 {
            Self::PartiallyDelivered
        } else if all.shipped >= pieces {
            Self::Shipped
        } else {
            Self::PartiallyShipped
        }
    }
}

impl Placed {
    /// How much of it has left and arrived.
    pub fn fulfilment_status(&self) -> FulfilmentStatus {
        let lines = self.lines();
        let pieces = lines.iter().map(|line| line.quantity);
        let progress = lines.iter().map(|line| self.progress(line.line));
        FulfilmentStatus::of(pieces.fold(0, i64::saturating_add), progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(i64, i64, i64)]) -> &'static str {
        let progress = lines.iter().map(|(shipped, delivered, lost)| LineProgress {
            shipped: *shipped,
            delivered: *delivered,
            lost: *lost,
            returned: 0,
            cancelled: 0,
        });
        FulfilmentStatus::of(10, progress).as_str()
    }

    #[test]
    fn one_word_says_how_much_has_arrived() {
        assert_eq!(of(&[]), "unfulfilled");
        assert_eq!(of(&[(4, 0, 0)]), "partially_shipped");
        assert_eq!(of(&[(4, 0, 4)]), "partially_shipped");
        assert_eq!(of(&[(4, 0, 4), (6, 0, 0)]), "shipped");
        assert_eq!(of(&[(4, 4, 0)]), "partially_delivered");
        assert_eq!(of(&[(4, 4, 0), (6, 0, 6)]), "partially_delivered");
        assert_eq!(of(&[(4, 4, 0), (6, 6, 0)]), "delivered");
        assert_eq!(of(&[(4, 0, 4), (6, 0, 6)]), "lost");
        // No number is too large.
        assert_eq!(of(&[(i64::MAX, 0, 0), (i64::MAX, 0, 0)]), "shipped");
    }

    #[test]
    fn words_are_those_of_json() {
        for status in [
            FulfilmentStatus::Unfulfilled,
            FulfilmentStatus::PartiallyShipped,
            FulfilmentStatus::Shipped,
            FulfilmentStatus::PartiallyDelivered,
            FulfilmentStatus::Delivered,
            FulfilmentStatus::Lost,
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
