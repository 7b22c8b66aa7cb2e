//! How much of an order has come back, in one word.

use super::{Fulfilment, LineProgress, MAX_OPEN_RETURNS, MAX_RETURNS, Placed};
use serde::{Deserialize, Serialize};

/// How much of an order has come back. The order stays what it is: returns follow its completion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderReturnStatus {
    /// Nothing has come back, and nothing is to.
    #[default]
    None,
    /// A return is open: something of it may come back.
    Open,
    /// Some of it has come back.
    PartiallyReturned,
    /// All of it has come back.
    Returned,
}

impl OrderReturnStatus {
    /// The status as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
            Self::PartiallyReturned => "partially_returned",
            Self::Returned => "returned",
        }
    }

    /// That of an order of so many pieces.
    fn of(open: bool, pieces: i64, returned: i64) -> Self {
        match returned {
            _ if open => Self::Open,
            0 => Self::None,
            _ if returned >= pieces => Self::Returned,
            _ => Self::PartiallyReturned,
        }
    }
}

impl Placed {
    /// How much of it has come back.
    pub fn return_status(&self) -> OrderReturnStatus {
        self.fulfilment
            .as_deref()
            .map_or(OrderReturnStatus::None, |known| {
                self.return_status_by(known)
            })
    }

    /// How much of it has come back, once `known` is what became of it.
    pub(super) fn return_status_by(&self, known: &Fulfilment) -> OrderReturnStatus {
        let returned = known.lines.values().map(|line| line.returned);
        OrderReturnStatus::of(
            !known.returns.is_empty(),
            self.pieces(),
            returned.fold(0, i64::saturating_add),
        )
    }

    /// What the customer has of it is worth, in minor units: what is paid for it in the end.
    pub fn worth_kept(&self) -> i64 {
        let lines = self.lines().iter().map(|line| {
            let kept = self.progress(line.line).kept();
            self.worth_of(line.line, kept)
        });
        lines.fold(0, i64::saturating_add)
    }

    /// How many of a line are to be paid for once all has come back that is to.
    pub(crate) fn staying(&self, line: u32) -> i64 {
        let known = self.fulfilment.as_deref();
        let returning = known.map_or(0, |known| known.returning(line));
        self.paid_for(line).saturating_sub(returning)
    }

    /// Whether the return of that id is to bring something of it.
    pub(super) fn is_returning(&self, id: &str) -> bool {
        let known = self.fulfilment.as_deref();
        known.is_some_and(|known| known.returns.keys().any(|open| open.to_string() == id))
    }

    /// Whether the customer has something of it that may be sent back, and is not to come back already.
    pub(crate) fn is_returnable(&self) -> bool {
        let Some(known) = self.fulfilment.as_deref() else {
            return false;
        };
        let left = |(line, progress): (&u32, &LineProgress)| {
            progress.kept().saturating_sub(known.returning(*line))
        };
        may_return(known.returns_opened, known.returns.len())
            && known.lines.iter().map(left).any(|left| left > 0)
    }
}

/// Whether one more return may be asked for of an order, after so many, of which so many are open.
pub fn may_return(opened: u32, open: usize) -> bool {
    (opened as usize) < MAX_RETURNS && open < MAX_OPEN_RETURNS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_says_how_much_has_come_back() {
        let of = |open, returned| OrderReturnStatus::of(open, 10, returned).as_str();
        assert_eq!(of(false, 0), "none");
        assert_eq!(of(true, 0), "open");
        assert_eq!(of(true, 4), "open");
        assert_eq!(of(false, 4), "partially_returned");
        assert_eq!(of(false, 10), "returned");
        assert_eq!(of(false, i64::MAX), "returned");
    }

    #[test]
    fn words_are_those_of_json() {
        for status in [
            OrderReturnStatus::None,
            OrderReturnStatus::Open,
            OrderReturnStatus::PartiallyReturned,
            OrderReturnStatus::Returned,
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
