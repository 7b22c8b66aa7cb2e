//! A whole order as an answer.

use super::{
    allowed::Returning,
    amendment::{Amendment, Open},
    history::{At, History, Reach},
    lines::{Fulfilment, OrderLine, amend, with_money},
};
use crate::{
    body::Money,
    database::{Column, ReadError, corrupt, word},
};
use chrono::{DateTime, Utc};
use domain::{
    OrderId, Sealed,
    order::{Address, Amending, Circumstances, Line, Packing, RejectionReason, Status, Totals},
    shipment::{Parcel, ShipmentStatus},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::postgres::PgRow;
use std::{collections::HashMap, fmt};
use utoipa::ToSchema;
use uuid::Uuid;

const TABLE: &str = "order_summary";

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderBody<'a> {
    /// The order's id.
    pub order_id: Uuid,
    /// How many events its stream has; also its ETag.
    pub version: i64,
    /// The position of the last event of it or of its payment.
    pub position: i64,
    /// Where it is in its life.
    #[schema(example = "confirmed")]
    pub status: &'a str,
    /// Where its payment is.
    #[schema(example = "authorized")]
    pub payment_status: &'a str,
    /// How much of it has left and arrived.
    #[schema(example = "unfulfilled")]
    pub fulfilment_status: &'a str,
    /// How much of it has come back: `none`, `open`, `partially_returned` or `returned`.
    #[schema(example = "none")]
    pub return_status: &'a str,
    /// Who ordered.
    #[schema(example = "17850")]
    pub customer_id: &'a str,
    /// The shop's own order number.
    pub reference: Option<&'a str>,
    /// Prices times quantities.
    pub subtotal: Money<'a>,
    /// The order's own discount.
    pub discount: Money<'a>,
    /// All discounts: those of the lines, and the order's own.
    pub discount_total: Money<'a>,
    /// The tax of all lines.
    pub tax: Money<'a>,
    /// Whether prices include tax; else it was added.
    pub tax_included: bool,
    /// The sum of the lines: what is to be paid.
    pub total: Money<'a>,
    /// What of it has neither left nor is cancelled comes to, as it is amended. It is taken when it is packed: what
    /// is packed and has not left is in `captured` as well. Nothing, once the order has ended.
    pub open_total: Money<'a>,
    /// What was taken for it.
    pub captured: Money<'a>,
    /// What was given back of that.
    pub refunded: Money<'a>,
    /// How many lines it has.
    pub line_count: i64,
    /// How many pieces.
    pub unit_count: i64,
    /// What was ordered.
    pub lines: Vec<OrderLine<'a>>,
    /// What leaves for it.
    pub shipments: Vec<OrderShipment>,
    /// The amendment of it that is open: what it would be.
    pub amendment: Option<Amendment<'a>>,
    /// What it is tagged with, sorted.
    pub tags: Vec<String>,
    /// The holds that are on it.
    pub holds: Vec<Hold>,
    /// Why it was rejected.
    pub rejection: Option<Rejection<'a>>,
    /// Why it is being cancelled, or was.
    pub cancellation_reason: Option<&'a str>,
    /// Where to.
    pub shipping_address: Option<ShippingAddress>,
    /// Whether what was personal of it is gone: its customer was erased.
    pub erased: bool,
    /// What may be asked of it now.
    #[schema(example = json!(["add_note", "set_tags", "cancel", "place_hold"]))]
    pub allowed_commands: Vec<&'static str>,
    /// When the customer ordered.
    pub placed_at: DateTime<Utc>,
    /// When the last event of it or of its payment was recorded.
    pub updated_at: DateTime<Utc>,
    /// Of an order as it was: as of when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub as_of: Option<OrderAsOf>,
}

/// As of when an order is shown.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct OrderAsOf {
    /// The version that it had then.
    pub version: i64,
    /// The time that was asked for; null where a version was.
    pub time: Option<DateTime<Utc>>,
    /// The position of the last event that is in it: its own, its payment's or a shipment's.
    pub position: i64,
    /// Whether nothing has happened to it since.
    pub is_current: bool,
}

/// What leaves for an order from one place.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct OrderShipment {
    /// The shipment.
    pub shipment_id: Uuid,
    /// Where it is.
    #[schema(example = "dispatched")]
    pub status: String,
    /// From where it leaves.
    #[schema(example = "main")]
    pub location: String,
}

/// Where a shipment of an order is, and in how many parcels that leaves, as the read model has it.
#[derive(Deserialize)]
struct ShipmentAt {
    status: ShipmentStatus,
    parcels: u32,
}

/// What was taken and given back, as the read model has it.
#[derive(Debug, Default, Deserialize)]
struct Settlement {
    captured: i64,
    refunded: i64,
}

/// A hold on an order.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Hold {
    /// Which.
    #[schema(example = "fraud-check")]
    pub hold: String,
    /// Why, for people.
    pub reason: String,
}

/// Why an order was rejected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rejection<'a> {
    /// For programs.
    #[schema(example = "out_of_stock")]
    pub reason: &'a str,
    /// For people.
    pub detail: Option<&'a str>,
}

/// Where an order goes.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingAddress {
    /// Who receives it.
    pub name: Option<String>,
    /// Street and number, and what else stands above the town.
    pub lines: Vec<String>,
    /// The town.
    pub city: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The country, as the shop writes it.
    #[schema(example = "United Kingdom")]
    pub country: String,
}

impl<'a> OrderBody<'a> {
    /// The order in a row of `order.sql`, as it is `now`, and where it goes, which is sealed.
    pub(crate) fn of_row(
        id: OrderId,
        row: &'a PgRow,
        now: DateTime<Utc>,
    ) -> Result<(Self, Option<Sealed>), ReadError> {
        let currency = row.column(TABLE, 11)?;
        let reason: Option<&str> = row.column(TABLE, 13)?;
        let detail = row.column(TABLE, 14)?;
        let line_count: i32 = row.column(TABLE, 6)?;
        let mut lines: Vec<Line> = parse(row, 18)?;
        // What it comes to is what was placed, however it was amended since.
        let totals = Totals::of(&lines);
        let amended: Option<HashMap<u32, Line>> = parse(row, 26)?;
        let fulfilment: Option<Fulfilment> = parse(row, 20)?;
        let fulfilment = fulfilment.unwrap_or_default();
        let progress = |line: u32| fulfilment.of(line);
        let tax_included: bool = row.column(TABLE, 23)?;
        let open_total = amend(&mut lines, amended, progress, tax_included);
        let amendment: Option<Open> = parse(row, 25)?;
        let money = |amount| Money { amount, currency };
        let settlement: Option<Settlement> = parse(row, 19)?;
        let settlement = settlement.unwrap_or_default();
        let returning: Option<Returning> = parse(row, 27)?;
        let statuses: Option<Vec<ShipmentAt>> = parse(row, 21)?;
        let statuses = statuses.unwrap_or_default().into_iter();
        // Shipments are another projection's, which may be behind.
        let has_left = lines.iter().any(|line| progress(line.line).shipped > 0);
        let packing = match has_left {
            true => Packing::Labelled,
            false => Packing::of(statuses.map(|shipment| (shipment.status, shipment.parcels))),
        };
        let shipments: Option<Vec<OrderShipment>> = parse(row, 21)?;
        let status: Status = word(row, TABLE, 7)?;
        let holds: Vec<Hold> = parse(row, 17)?;
        let sealed: Option<&str> = row.column(TABLE, 16)?;
        let sealed = sealed.map(Sealed::parse).transpose();
        let sealed = sealed.map_err(|error| corrupt(row, TABLE, 16, error))?;
        let order = Self {
            order_id: id.uuid(),
            version: row.column(TABLE, 0)?,
            position: row.column(TABLE, 1)?,
            status: status.as_str(),
            payment_status: row.column(TABLE, 8)?,
            fulfilment_status: row.column(TABLE, 9)?,
            return_status: row.column(TABLE, 22)?,
            customer_id: row.column(TABLE, 10)?,
            reference: row.column(TABLE, 12)?,
            subtotal: money(totals.subtotal),
            discount: money(totals.discount),
            discount_total: money(totals.discount_total),
            tax: money(totals.tax),
            tax_included,
            total: money(row.column(TABLE, 4)?),
            open_total: money(if status.is_over() { 0 } else { open_total }),
            captured: Money {
                amount: settlement.captured,
                currency,
            },
            refunded: Money {
                amount: settlement.refunded,
                currency,
            },
            line_count: line_count.into(),
            unit_count: row.column(TABLE, 5)?,
            shipments: shipments.unwrap_or_default(),
            tags: parse::<Option<Vec<String>>>(row, 24)?.unwrap_or_default(),
            allowed_commands: status.allowed_commands(Circumstances {
                holds: holds.len(),
                returnable: returning.unwrap_or_default().may_be_more(&lines, progress),
                amending: amendment
                    .as_ref()
                    .map_or(Amending::No, |open| open.amending(now)),
                packing,
            }),
            lines: with_money(lines, currency, progress),
            amendment: amendment.map(|open| Amendment::of(open, currency)),
            holds,
            rejection: reason.map(|reason| Rejection { reason, detail }),
            cancellation_reason: row.column(TABLE, 15)?,
            shipping_address: None,
            erased: false,
            placed_at: row.column(TABLE, 2)?,
            updated_at: row.column(TABLE, 3)?,
            as_of: None,
        };
        Ok((order, sealed))
    }

    /// The order as it was folded, if as it is, then `now`; and where it goes, which is sealed.
    pub(crate) fn of_history(history: &'a History, now: DateTime<Utc>) -> (Self, Option<Sealed>) {
        let order = &history.order;
        let placed = order.placed.as_ref();
        let currency = placed.currency.as_str();
        let totals = placed.totals();
        let money = |amount| Money { amount, currency };
        let units = |sum: i64, line: &Line| sum.saturating_add(line.quantity);
        let body = Self {
            order_id: placed.order_id.uuid(),
            version: history.version.get(),
            position: history.position.get(),
            status: order.status.as_str(),
            payment_status: history.payment.status.as_str(),
            fulfilment_status: order.fulfilment_status().as_str(),
            return_status: order.return_status().as_str(),
            customer_id: placed.customer_id.as_str(),
            reference: placed.reference.as_deref(),
            subtotal: money(totals.subtotal),
            discount: money(totals.discount),
            discount_total: money(totals.discount_total),
            tax: money(totals.tax),
            tax_included: placed.tax_included,
            total: money(placed.total),
            open_total: money(order.open_total()),
            captured: Money {
                amount: history.payment.captured(),
                currency,
            },
            refunded: Money {
                amount: history.payment.refunded(),
                currency,
            },
            line_count: i64::try_from(placed.lines.len()).unwrap_or(i64::MAX),
            unit_count: order.lines().iter().fold(0, units),
            lines: with_money(order.lines().to_vec(), currency, |line| {
                order.progress(line)
            }),
            shipments: history.shipments.iter().map(OrderShipment::of).collect(),
            amendment: Open::of_order(order).map(|open| Amendment::of(open, currency)),
            tags: order.tags().iter().cloned().collect(),
            allowed_commands: order.allowed_commands(
                Packing::of(
                    history
                        .shipments
                        .iter()
                        .map(|parcel| (parcel.status, parcel.parcels)),
                ),
                match history.reach.at {
                    At::End => Some(now),
                    At::Time(time) => Some(time),
                    At::Version(_) => None,
                },
            ),
            holds: history
                .holds
                .iter()
                .map(|(hold, reason)| Hold {
                    hold: hold.clone(),
                    reason: reason.clone(),
                })
                .collect(),
            rejection: history
                .rejection
                .as_ref()
                .map(|(reason, detail)| Rejection {
                    reason: reason_code(*reason),
                    detail: Some(detail),
                }),
            cancellation_reason: history.cancellation_reason.as_deref(),
            shipping_address: None,
            erased: false,
            placed_at: placed.placed_at,
            updated_at: history.updated_at,
            as_of: match history.reach.at {
                At::End => None,
                At::Version(_) | At::Time(_) => Some(OrderAsOf::of(history)),
            },
        };
        (body, order.shipping_address().cloned())
    }

    /// Whether nothing can have been packed for it yet.
    pub(crate) fn is_before_shipments(&self) -> bool {
        self.status == Status::Placed.as_str()
    }

    /// The version of the order's stream.
    pub(crate) const fn version(&self) -> i64 {
        self.version
    }
}

impl OrderAsOf {
    /// As of when the order was folded.
    pub(crate) const fn of(history: &History) -> Self {
        let Reach {
            at,
            until,
            is_current,
            ..
        } = history.reach;
        Self {
            version: history.version.get(),
            time: match at {
                At::Time(time) => Some(time),
                At::End | At::Version(_) => None,
            },
            position: until.get(),
            is_current,
        }
    }
}

impl OrderShipment {
    fn of(parcel: &Parcel) -> Self {
        Self {
            shipment_id: parcel.shipment_id.uuid(),
            status: parcel.status.as_str().into(),
            location: parcel.location.as_str().into(),
        }
    }
}

impl fmt::Debug for ShippingAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShippingAddress(..)")
    }
}

impl From<Address> for ShippingAddress {
    fn from(address: Address) -> Self {
        let Address {
            name,
            lines,
            city,
            postal_code,
            country,
        } = address;
        Self {
            name,
            lines,
            city,
            postal_code,
            country,
        }
    }
}

/// The reason as read models and JSON have it.
const fn reason_code(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::OutOfStock => "out_of_stock",
        RejectionReason::PaymentDeclined => "payment_declined",
        RejectionReason::PaymentIntegrity => "payment_integrity",
    }
}

/// A column that holds JSON as text; an absent one reads as `null`.
fn parse<T: DeserializeOwned>(row: &PgRow, index: usize) -> Result<T, ReadError> {
    let text: Option<&str> = row.column(TABLE, index)?;
    serde_json::from_str(text.unwrap_or("null")).map_err(|error| corrupt(row, TABLE, index, error))
}
