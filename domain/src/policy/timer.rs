//! What is done later, and what it is called until then.

use super::Call;
use crate::{Command, ShipmentId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a timer is for; an order has at most one of each name. Where there may be one for each of an
/// order's shipments, the name says which.
///
/// As text, and as it is stored: `inquiry`, or `tracking:{shipment}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TimerName {
    /// The time limit of an order that is not confirmed yet: its reservation's, or that of a hold on
    /// what is paid.
    Reservation,
    /// Asking the provider for an unknown outcome.
    Inquiry,
    /// Asking the provider once more to take what a shipment is worth.
    Capture(ShipmentId),
    /// The time limit of a shipment that the carrier refused.
    Shipping(ShipmentId),
    /// Asking the carrier where a shipment is.
    Tracking(ShipmentId),
}

impl TimerName {
    /// What it is for, in a word, whichever shipment it is about.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Inquiry => "inquiry",
            Self::Capture(_) => "capture",
            Self::Shipping(_) => "shipping",
            Self::Tracking(_) => "tracking",
        }
    }

    /// The shipment that it is about, if it is about one.
    pub const fn shipment(self) -> Option<ShipmentId> {
        match self {
            Self::Reservation | Self::Inquiry => None,
            Self::Capture(shipment) | Self::Shipping(shipment) | Self::Tracking(shipment) => {
                Some(shipment)
            }
        }
    }
}

impl fmt::Display for TimerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shipment() {
            None => f.write_str(self.kind()),
            Some(shipment) => write!(f, "{}:{shipment}", self.kind()),
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
                _ => None,
            },
            Some((kind, shipment)) => match (kind, shipment.parse()) {
                ("capture", Ok(shipment)) => Some(Self::Capture(shipment)),
                ("shipping", Ok(shipment)) => Some(Self::Shipping(shipment)),
                ("tracking", Ok(shipment)) => Some(Self::Tracking(shipment)),
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
