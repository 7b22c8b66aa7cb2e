//! The ledger in a few numbers.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::value::Currency;

/// Everything the provider booked, summed up: what a test compares the platform's books with.
///
/// `currencies` and `counts` include operations that memory has dropped; `references` are those
/// of the kept operations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Sums of amounts by currency.
    pub currencies: BTreeMap<Currency, Totals>,
    /// How many operations there were.
    pub counts: Counts,
    /// Authorizations by the merchant's reference.
    pub references: ReferenceSummary,
    /// Operations that memory has dropped, oldest first, to stay within its bound.
    pub dropped_operations: u64,
}

/// Sums of amounts in one currency, in minor units. Wider than an amount, so that no number of
/// operations overflows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Set aside, whatever became of it.
    pub authorized: u128,
    /// Taken.
    pub captured: u128,
    /// Given back, without what has come back since.
    pub refunded: u128,
    /// Released.
    pub voided: u128,
    /// Taken, and got back by cardholders who disputed it.
    #[serde(default)]
    pub lost: u128,
}

/// Numbers of operations. Replays are not operations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them.
    pub operations: u64,
    /// Authorizations that were granted.
    pub authorized: u64,
    /// Authorizations that were declined.
    pub declined: u64,
    /// Authorizations for which who pays was to do something first.
    #[serde(default)]
    pub actions_required: u64,
    /// Captures.
    pub captured: u64,
    /// Captures that were declined.
    pub captures_declined: u64,
    /// Refunds.
    pub refunded: u64,
    /// Refunds that were declined.
    #[serde(default)]
    pub refunds_declined: u64,
    /// Refunds that have come back.
    #[serde(default)]
    pub refunds_reversed: u64,
    /// Voids.
    pub voided: u64,
    /// Disputes.
    #[serde(default)]
    pub disputed: u64,
    /// Disputes that have ended.
    #[serde(default)]
    pub disputes_ended: u64,
}

/// How often references were authorized, and how much was given back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReferenceSummary {
    /// Distinct references.
    pub count: u64,
    /// Number of granted authorizations -> number of references that have so many.
    pub by_authorizations: BTreeMap<u32, u64>,
    /// References that were authorized more than once.
    pub authorized_repeatedly: u64,
    /// References with more than one authorization that is not voided: money held or taken twice.
    pub live_repeatedly: u64,
    /// The first hundred that were authorized more than once, by name.
    pub repeated: Vec<RepeatedReference>,
    /// References of which money was given back.
    pub refunded: u64,
    /// The first hundred of them, by name.
    pub refunds: Vec<RefundedReference>,
}

/// A reference that was authorized more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepeatedReference {
    /// The merchant's reference.
    pub reference: Arc<str>,
    /// How often it was authorized.
    pub authorized: u32,
    /// How many of these authorizations are not voided.
    pub live: u32,
}

/// A reference of which money was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundedReference {
    /// The merchant's reference.
    pub reference: Arc<str>,
    /// How often money was given back.
    pub refunds: u32,
    /// How much in all, in minor units.
    pub refunded: BTreeMap<Currency, u128>,
}
