//! What the sender of a shipment may be told by itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    book::Book,
    entry::{CarrierEntry, CarrierEntryKind as Kind, RefusalCode},
    way::ShipmentStatus,
};
use crate::value::TrackingNumber;

/// News that wait to be told, at most; what is more is told nobody, as it may be at any carrier.
const MAX_WAITING: usize = 10_000;

/// Something that has happened to what a sender asked for.
#[derive(Debug, Clone)]
pub(crate) struct News {
    /// What the sender's call had led to: a label or a refusal.
    pub entry: Arc<CarrierEntry>,
    /// When it happened.
    pub at: DateTime<Utc>,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// It was not taken.
    Refused(RefusalCode),
    /// It is there now.
    Is(TrackingNumber, ShipmentStatus),
}

/// The news that wait, in the order in which they happened; none, if nobody wants to know.
#[derive(Debug, Default)]
pub(super) struct Waiting(Option<Vec<News>>);

impl Waiting {
    /// Keeps what happens from now on.
    pub(super) fn listen(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Keeps what was just booked.
    pub(super) fn booked(&mut self, book: &Book, entry: &Arc<CarrierEntry>) {
        let (entry, what) = match &entry.kind {
            Kind::Label {
                tracking_number, ..
            } => {
                let is = What::Is(*tracking_number, ShipmentStatus::Accepted);
                (Arc::clone(entry), is)
            }
            Kind::Refusal { code, .. } => (Arc::clone(entry), What::Refused(*code)),
            Kind::End {
                tracking_number,
                status,
            }
            | Kind::Set {
                tracking_number,
                status,
            } => return self.is(book, *tracking_number, *status, entry.at),
        };
        let at = entry.at;
        self.push(News { entry, at, what });
    }

    /// Keeps that a shipment is there now.
    pub(super) fn is(
        &mut self,
        book: &Book,
        number: TrackingNumber,
        status: ShipmentStatus,
        at: DateTime<Utc>,
    ) {
        if let Ok(shipment) = book.shipment(number) {
            let (entry, what) = (shipment.label, What::Is(number, status));
            self.push(News { entry, at, what });
        }
    }

    fn push(&mut self, news: News) {
        match &mut self.0 {
            None => {}
            Some(waiting) if waiting.len() < MAX_WAITING => waiting.push(news),
            Some(_) => tracing::warn!(
                reference = &*news.entry.reference,
                "what happens to shipments is not told: too much waits"
            ),
        }
    }

    /// What waits; nothing does any more.
    pub(super) fn take(&mut self) -> Vec<News> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
