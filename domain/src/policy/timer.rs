//! What is done later, and what it is called until then.

use super::Call;
use crate::{Command, ReturnId, ShipmentId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// What a timer is for; an order has at most one of each name. Where there may be one for each of an
/// order's shipments or returns, the name says which.
///
/// As text, and as it is stored: `inquiry`, `tracking:{shipment}`, `return:{return}`, or `refund:{number}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TimerName {
    /// The time limit of an order that is not confirmed yet: its reservation's, or that of a hold on
    /// what is paid.
    Reservation,
    /// Asking the provider for an unknown outcome.
    Inquiry,
    /// The end of what is set aside, and what is done about it.
    Authorization,
    /// Asking the provider once more to take what a shipment is worth.
    Capture(ShipmentId),
    /// The time limit of a shipment that the carrier refused.
    Shipping(ShipmentId),
    /// Asking the carrier where a shipment is.
    Tracking(ShipmentId),
    /// The time limit of a return that does not arrive.
    Return(ReturnId),
    /// The time limit of stock that an order waits for.
    Backorder,
    /// The time limit of an amendment that nobody applies.
    Amendment,
    /// What could not be given back, or has come back: no time, but an operator brings it about.
    Refund(u32),
}

impl TimerName {
    /// What it is for, in a word, whichever shipment or return it is about.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Inquiry => "inquiry",
            Self::Authorization => "authorization",
            Self::Capture(_) => "capture",
            Self::Shipping(_) => "shipping",
            Self::Tracking(_) => "tracking",
            Self::Return(_) => "return",
            Self::Backorder => "backorder",
            Self::Amendment => "amendment",
            Self::Refund(_) => "refund",
        }
    }

    /// The shipment, the return or the refund that it is about, if it is about one.
    fn of(self) -> Option<String> {
        match self {
            Self::Reservation
            | Self::Inquiry
            | Self::Authorization
            | Self::Backorder
            | Self::Amendment => None,
            Self::Capture(shipment) | Self::Shipping(shipment) | Self::Tracking(shipment) => {
                Some(shipment.uuid().to_string())
            }
            Self::Return(id) => Some(id.uuid().to_string()),
            Self::Refund(refund) => Some(refund.to_string()),
        }
    }
}

impl fmt::Display for TimerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of() {
            None => f.write_str(self.kind()),
            Some(of) => write!(f, "{}:{of}", self.kind()),
        }
    }
}

/// Why a text is not the name of a timer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a timer")]
pub struct TimerNameError(
    /// How the text begins.
    pub String,
);

impl FromStr for TimerName {
    type Err = TimerNameError;

    fn from_str(text: &str) -> Result<Self, TimerNameError> {
        let name = match text.split_once(':') {
            None => match text {
                "reservation" => Some(Self::Reservation),
                "inquiry" => Some(Self::Inquiry),
                "authorization" => Some(Self::Authorization),
                "backorder" => Some(Self::Backorder),
                "amendment" => Some(Self::Amendment),
                _ => None,
            },
            Some(("refund", of)) => of.parse().ok().map(Self::Refund),
            Some((kind, of)) => match (kind, Uuid::parse_str(of)) {
                ("capture", Ok(of)) => Some(Self::Capture(ShipmentId::new(of))),
                ("shipping", Ok(of)) => Some(Self::Shipping(ShipmentId::new(of))),
                ("tracking", Ok(of)) => Some(Self::Tracking(ShipmentId::new(of))),
                ("return", Ok(of)) => Some(Self::Return(ReturnId::new(of))),
                _ => None,
            },
        };
        name.ok_or_else(|| TimerNameError(text.chars().take(64).collect()))
    }
}

impl TryFrom<String> for TimerName {
    type Error = TimerNameError;

    fn try_from(text: String) -> Result<Self, TimerNameError> {
        text.parse()
    }
}

impl From<TimerName> for String {
    fn from(name: TimerName) -> Self {
        name.to_string()
    }
}

/// Something that is done later.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// What for. A timer of the same name and order is replaced.
    pub name: TimerName,
    /// When.
    pub due: DateTime<Utc>,
    /// What.
    pub task: Task,
}

/// What is done when its time has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Put a command.
    Execute(Command),
    /// Do something outside of the platform.
    Call(Call),
}
