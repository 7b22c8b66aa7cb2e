//! What decisions about a return stand on.

use super::{InspectedLine, ReturnLine};
use crate::{Location, Money, OrderId, ReturnId, recent::Recent};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Where a return is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStatus {
    /// The customer has asked for it.
    Requested,
    /// The customer may send it.
    Approved,
    /// The customer may not.
    Declined,
    /// The customer has sent it.
    InTransit,
    /// Some of it has come.
    PartiallyReceived,
    /// All of it has come.
    Received,
    /// It was looked at; what is accepted is being booked in and paid back.
    Inspected,
    /// Nothing of it is to come any more.
    Closed,
    /// It was given up before anything came.
    Cancelled,
}

impl ReturnStatus {
    /// The status as it is written in JSON and read models.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::InTransit => "in_transit",
            Self::PartiallyReceived => "partially_received",
            Self::Received => "received",
            Self::Inspected => "inspected",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The commands of people that are allowed to a return that is there.
    pub fn allowed_commands(self) -> Vec<&'static str> {
        match self {
            Self::Requested => vec!["approve", "decline", "cancel"],
            Self::Approved => vec!["in_transit", "receive", "cancel"],
            Self::InTransit => vec!["receive", "cancel"],
            Self::PartiallyReceived => vec!["receive", "inspect"],
            Self::Received => vec!["inspect"],
            Self::Inspected | Self::Closed | Self::Declined | Self::Cancelled => vec![],
        }
    }
}

/// A return, or none yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Return {
    /// Nobody has asked for it.
    #[default]
    Absent,
    /// It exists.
    Requested(ReturnCase),
}

/// A return that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnCase {
    /// The order.
    pub order_id: OrderId,
    /// The return.
    pub return_id: ReturnId,
    /// What is to come back; shared, since it never changes.
    pub lines: Arc<[ReturnLine]>,
    /// What all of it is worth.
    pub amount: Money,
    /// Why, as the customer says.
    pub reason: String,
    /// Where it is.
    pub status: ReturnStatus,
    /// Where it is to be sent.
    pub location: Location,
    /// How many of each line have come.
    pub received: BTreeMap<u32, i64>,
    /// Apart, since most of a return's life nothing has come.
    pub(super) receipts: Box<Recent>,
    /// What that is like which has come, once it was looked at.
    pub inspected: Option<Arc<[InspectedLine]>>,
    /// What is to be given back for it, once it was looked at.
    pub refund: Option<Money>,
    /// Whether what was accepted is in the stock.
    pub booked_in: bool,
    /// Whether what it is worth was given back.
    pub refunded: bool,
}

impl Return {
    /// The return, if it was asked for.
    pub const fn requested(&self) -> Option<&ReturnCase> {
        match self {
            Self::Absent => None,
            Self::Requested(case) => Some(case),
        }
    }

    /// Where it is, unless nobody has asked for it.
    pub fn status(&self) -> Option<ReturnStatus> {
        self.requested().map(|case| case.status)
    }

    /// The commands of people that are allowed now.
    pub fn allowed_commands(&self) -> Vec<&'static str> {
        self.status().map_or(vec![], ReturnStatus::allowed_commands)
    }
}

impl ReturnCase {
    /// How many of a line have come.
    pub fn received(&self, line: u32) -> i64 {
        self.received.get(&line).copied().unwrap_or_default()
    }

    /// About how many bytes that takes of which there may be many.
    pub(crate) fn size_of_many(&self) -> usize {
        /// A line, with its SKU.
        const LINE: usize = 96;
        /// A line that was looked at, with its reason.
        const INSPECTED: usize = 160;
        let inspected = self.inspected.as_ref().map_or(0, |lines| lines.len());
        self.lines.len() * LINE
            + self.received.len() * size_of::<(u32, i64)>()
            + inspected * INSPECTED
            + self.receipts.size()
    }
}
