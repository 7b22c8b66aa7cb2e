//! What the sender of a shipment is told.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    carrier::{CARRIER, NOBODY_HOME, News, RefusalCode, ShipmentStatus, What},
    value::TrackingNumber,
};

/// An event, as Standard Webhooks has it: what has happened, when, and to what.
#[derive(Debug, Serialize)]
pub(super) struct ParcelEvent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: DateTime<Utc>,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    /// The sender's key of the call that it is about.
    idempotency_key: &'a str,
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_reference: Option<&'a str>,
    carrier: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<TrackingNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<DateTime<Utc>>,
    /// Why it could not be handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<RefusalCode>,
}

impl<'a> ParcelEvent<'a> {
    /// What is said of `news`; nothing, where nobody asked for what they are about.
    pub(super) fn about(news: &'a News) -> Option<Self> {
        let asked = news.entry.asked()?;
        let is = |status| matches!(news.what, What::Is(_, now) if now == status);
        let (tracking_number, code) = match news.what {
            What::Refused(code) => (None, Some(code)),
            What::Is(number, _) => (Some(number), None),
        };
        Some(Self {
            kind: kind(news.what),
            timestamp: news.at,
            data: Data {
                idempotency_key: &asked.idempotency_key,
                reference: &news.entry.reference,
                order_reference: asked.order_reference.as_deref(),
                carrier: CARRIER,
                tracking_number,
                delivered_at: is(ShipmentStatus::Delivered).then_some(news.at),
                reason: is(ShipmentStatus::DeliveryFailed).then_some(NOBODY_HOME),
                code,
            },
        })
    }
}

const fn kind(what: What) -> &'static str {
    match what {
        What::Refused(_) => "shipment.refused",
        What::Is(_, status) => match status {
            ShipmentStatus::Accepted => "shipment.accepted",
            ShipmentStatus::InTransit => "shipment.in_transit",
            ShipmentStatus::DeliveryFailed => "shipment.delivery_failed",
            ShipmentStatus::Delivered => "shipment.delivered",
            ShipmentStatus::Lost => "shipment.lost",
            ShipmentStatus::Returned => "shipment.returned",
        },
    }
}

/// What such an event is called: the same in every attempt to send it, and never again.
pub(super) fn id(news: &News) -> String {
    let since = news.at.timestamp_micros();
    match news.what {
        What::Refused(_) => format!("evt_refused_{}_{since}", news.entry.sequence),
        What::Is(number, _) => format!(
            "evt_{number}_{}_{since}",
            &kind(news.what)["shipment.".len()..]
        ),
    }
}
