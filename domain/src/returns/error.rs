//! Why a command to a return may be refused.

use super::ReturnStatus;
use crate::{Money, Refusal, RefusalKind, TextError, order::OrderError};

/// Why a command to a return was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    /// There is no such return, or it is not that order's.
    #[error("there is no such return")]
    NotFound,
    /// The id belongs to another return.
    #[error("another return was asked for under this id")]
    AlreadyRequested,
    /// The id is not that of what the command names.
    #[error("the id is not that of the return")]
    OtherReturn,
    /// A text that is not as it must be.
    #[error(transparent)]
    Text(#[from] TextError),
    /// What is returned is not told as it must be.
    #[error(
        "lines must be {min} to {max} lines of the order, each once, with 1 to {quantity} of each"
    )]
    Lines {
        /// The fewest lines that there must be.
        min: usize,
        /// The most lines that there may be.
        max: usize,
        /// The most that may be of each.
        quantity: i64,
        /// Where the first that is not so stands in the command, and what of it is not; none if there
        /// are too few or too many.
        at: Option<(usize, &'static str)>,
    },
    /// What was looked at is not told as it must be.
    #[error(
        "line {line}: restocked, quarantined and refused must not be negative, and 1 to {quantity} \
         in all"
    )]
    Inspected {
        /// The line.
        line: u32,
        /// The most that may be of a line.
        quantity: i64,
        /// Where it stands in the command.
        index: usize,
    },
    /// Nobody says why something is not restocked.
    #[error("line {line}: a reason is needed for what is quarantined or refused")]
    NoReason {
        /// The line.
        line: u32,
        /// Where it stands in the command.
        index: usize,
    },
    /// More comes than was asked for.
    #[error("line {line}: {open} are still to come, not {quantity}")]
    MoreThanRequested {
        /// The line.
        line: u32,
        /// How many are still to come.
        open: i64,
        /// How many were named.
        quantity: i64,
        /// Where it stands in the command.
        index: usize,
    },
    /// Not just what has come was looked at.
    #[error("line {line}: {received} have come, and {inspected} were looked at")]
    NotWhatCame {
        /// The line.
        line: u32,
        /// How many have come.
        received: i64,
        /// How many were named.
        inspected: i64,
        /// Where it stands in the command, unless it was left out.
        index: Option<usize>,
    },
    /// The goods to be booked in are not those that were accepted, or not there.
    #[error("the goods are not those that were accepted, or not at that location")]
    OtherGoods,
    /// Another amount was given back than what it is worth.
    #[error("{refund} were to be given back, not {amount}")]
    OtherAmount {
        /// How much was to be given back.
        refund: Money,
        /// How much was named.
        amount: Money,
    },
    /// Not allowed where the return is.
    #[error("the return is {}, which does not allow to {command}", status.as_str())]
    State {
        /// Where it is.
        status: ReturnStatus,
        /// What was asked.
        command: &'static str,
    },
    /// The order does not allow it.
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl From<ReturnError> for Refusal {
    fn from(error: ReturnError) -> Self {
        use RefusalKind::{Meaning, NotFound, State};
        use ReturnError as E;
        let (kind, code, pointer) = match &error {
            E::Text(error) => return error.clone().into(),
            E::Order(error) => return error.clone().into(),
            E::NotFound => (NotFound, "RETURN_NOT_FOUND", None),
            E::AlreadyRequested => (State, "RETURN_ALREADY_REQUESTED", None),
            E::OtherReturn => (Meaning, "OTHER_RETURN", None),
            E::Lines { at, .. } => {
                let line = at.map(|(index, field)| format!("/lines/{index}/{field}"));
                let pointer = line.unwrap_or_else(|| "/lines".into());
                (Meaning, "RETURNED_LINES", Some(pointer))
            }
            E::Inspected { index, .. } => (
                Meaning,
                "INSPECTED_QUANTITIES",
                Some(format!("/lines/{index}")),
            ),
            E::NoReason { index, .. } => (
                Meaning,
                "REASON_REQUIRED",
                Some(format!("/lines/{index}/reason")),
            ),
            E::MoreThanRequested { index, .. } => (
                State,
                "MORE_THAN_REQUESTED",
                Some(format!("/lines/{index}/quantity")),
            ),
            E::NotWhatCame { index, .. } => {
                let line = index.map(|index| format!("/lines/{index}"));
                let pointer = line.unwrap_or_else(|| "/lines".into());
                (State, "NOT_WHAT_CAME", Some(pointer))
            }
            E::OtherGoods => (State, "OTHER_GOODS", None),
            E::OtherAmount { .. } => (State, "OTHER_AMOUNT", None),
            E::State { .. } => (State, "RETURN_STATE", None),
        };
        let refusal = Self::new(kind, code, error.to_string());
        match pointer {
            Some(pointer) => refusal.at(pointer),
            None => refusal,
        }
    }
}
