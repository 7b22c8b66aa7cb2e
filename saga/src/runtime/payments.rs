//! Payments as they are now, for whoever is about to call the provider about them.

use domain::{
    Decider, Event, StreamId, Version,
    payment::{Payment, Payments},
};
use std::collections::BTreeMap;
use store::{EventReader, StoreError, StoredEvent, Undecodable};

/// How many events are read at once.
const PAGE: usize = 2_048;

/// A payment, or the event of its stream that cannot be read.
pub(super) type Known = Result<Payment, Undecodable>;

/// The payments of these streams, all read at once.
pub(super) async fn payments(
    reader: &dyn EventReader,
    streams: impl IntoIterator<Item = StreamId>,
) -> Result<BTreeMap<StreamId, Known>, StoreError> {
    let empty = |stream| (stream, Ok(Payment::default()));
    let mut payments: BTreeMap<StreamId, Known> = streams.into_iter().map(empty).collect();
    let from = payments
        .keys()
        .map(|stream| (stream.clone(), Version::ZERO));
    let mut from: Vec<(StreamId, Version)> = from.collect();
    while !from.is_empty() {
        let page = reader.read_streams(&from, PAGE).await?;
        let end = page.last().filter(|_| page.len() == PAGE);
        let end = end.map(|last| (last.envelope.stream.clone(), last.envelope.version));
        for stored in page {
            if let Some(known) = payments.get_mut(&stored.envelope.stream) {
                fold(known, stored);
            }
        }
        let Some((stream, version)) = end else { break };
        // The streams before that one are read to their ends.
        let at = from.iter().position(|(asked, _)| *asked == stream);
        from.drain(..at.unwrap_or(from.len()));
        if let Some(next) = from.first_mut() {
            next.1 = version;
        }
    }
    Ok(payments)
}

fn fold(known: &mut Known, stored: StoredEvent) {
    let Ok(payment) = known else { return };
    match stored.decode().map(|recorded| recorded.event) {
        Ok(Event::Payment(event)) => {
            *payment = Payments::evolve(std::mem::take(payment), &event);
        }
        // The store's adapters refuse to read a stream with events of another category.
        Ok(Event::Order(_) | Event::Stock(_)) => {}
        Err(error) => *known = Err(error),
    }
}
