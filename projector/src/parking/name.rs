//! What sequences are called, and which one an event that cannot be folded is of.

use super::{Stop, with_causes};
use crate::{
    batch::Unfoldable,
    live::{Place, RunError},
    projection::Projection,
    row::{Column, Key, Kind, Role, columns},
    storage::KeyOf,
};
use chrono::NaiveDate;
use domain::{Position, Recorded};
use std::fmt::Write as _;
use store::Undecodable;
use uuid::Uuid;

/// An event that stops its sequence.
#[derive(Debug, Clone)]
pub(crate) struct Poison<P: Projection> {
    /// The sequence.
    pub(crate) sequence: String,
    /// The row that it is about, if that is known.
    pub(crate) key: Option<KeyOf<P>>,
    /// Where the event is, and what is wrong with it.
    pub(crate) stop: Stop,
    /// The same as it is told.
    pub(crate) error: Trouble,
}

/// What is wrong with an event.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    Undecodable(Undecodable),
    Unfoldable(Unfoldable),
}

impl<P: Projection> Poison<P> {
    /// An event that cannot be read, and is found by reading on from `after`.
    pub(crate) fn unreadable(error: &Undecodable, after: Position) -> Self {
        let key = key_of_unreadable::<P>(error);
        let envelope = &error.envelope;
        Self {
            sequence: sequence_of_unreadable::<P>(error),
            key,
            stop: Stop {
                place: Place {
                    stream: error.stream_name().to_owned(),
                    version: envelope.version.get(),
                    position: envelope.position.get(),
                },
                event_id: envelope.event_id.uuid(),
                event_type: error.source.event_type().to_owned(),
                after: after.get(),
                error: with_causes(error),
                behind: None,
            },
            error: Trouble::Undecodable(error.clone()),
        }
    }

    /// An event that cannot be folded into the row `key`.
    pub(crate) fn unfoldable(
        event: &Recorded,
        key: KeyOf<P>,
        error: Unfoldable,
        after: Position,
    ) -> Self {
        Self {
            sequence: sequence_of_key::<P>(&key),
            key: Some(key),
            stop: Stop {
                error: with_causes(&error),
                ..stop_at(event, after)
            },
            error: Trouble::Unfoldable(error),
        }
    }

    pub(crate) fn position(&self) -> Position {
        Position::new(self.stop.place.position)
    }
}

impl From<Trouble> for RunError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Undecodable(error) => error.into(),
            Trouble::Unfoldable(error) => error.into(),
        }
    }
}

/// That a sequence stops at `event`, which could be folded, but waits behind the sequence `stream`.
pub(crate) fn waiting_behind(stream: String, event: &Recorded, after: Position) -> Stop {
    Stop {
        error: format!("it waits behind {stream}, of which an event cannot be read"),
        behind: Some(stream),
        ..stop_at(event, after)
    }
}

/// That the parked stream of `event` stops there next: it can be read, and could not be before, so that its row
/// went on without it.
pub(crate) fn passed_over(event: &Recorded, after: Position) -> Stop {
    Stop {
        error: "it could not be read before; its row went on without it, and is folded anew next"
            .to_owned(),
        ..stop_at(event, after)
    }
}

fn stop_at(event: &Recorded, after: Position) -> Stop {
    let envelope = &event.envelope;
    Stop {
        place: Place {
            stream: envelope.stream.to_string(),
            version: envelope.version.get(),
            position: envelope.position.get(),
        },
        event_id: envelope.event_id.uuid(),
        event_type: event.event.event_type().to_owned(),
        after: after.get(),
        error: String::new(),
        behind: None,
    }
}

/// The row that an event which cannot be read is about, as far as its stream says so. A stream whose name
/// cannot be read says nothing.
pub(crate) fn key_of_unreadable<P: Projection>(error: &Undecodable) -> Option<KeyOf<P>> {
    if error.raw_names.is_some() || P::APPEND_ONLY {
        return None;
    }
    P::key_of_stream(&error.envelope.tenant, &error.envelope.stream)
}

/// The sequence of an event that cannot be read.
pub(crate) fn sequence_of_unreadable<P: Projection>(error: &Undecodable) -> String {
    if P::APPEND_ONLY {
        return format!("event {}", error.envelope.position);
    }
    match key_of_unreadable::<P>(error) {
        Some(key) => sequence_of_key::<P>(&key),
        None => sequence_of_stream(error.stream_name()),
    }
}

pub(crate) fn sequence_of_stream(name: &str) -> String {
    format!("stream {name}")
}

/// The sequence of a row: its key's columns. What it is called must not change from build to build.
pub(crate) fn sequence_of_key<P: Projection>(key: &KeyOf<P>) -> String {
    let mut name = String::new();
    for (index, column) in columns::<P::Row>(Role::Key) {
        let mut bytes = vec![];
        key.write(index, &mut bytes);
        let separator = if name.is_empty() { "" } else { " " };
        // Writing to a text cannot fail.
        let _ = write!(
            name,
            "{separator}{}={}",
            column.name,
            shown(column.kind, &bytes)
        );
    }
    name
}

fn shown(kind: Kind, bytes: &[u8]) -> String {
    let known = match kind {
        Kind::Uuid => text_of::<Uuid>(bytes),
        Kind::Text => text_of::<String>(bytes),
        Kind::Int8 => text_of::<i64>(bytes),
        Kind::Int4 => text_of::<i32>(bytes),
        Kind::Date => text_of::<NaiveDate>(bytes),
        Kind::Bool | Kind::Numeric | Kind::Time | Kind::Json => None,
    };
    known.unwrap_or_else(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn text_of<C: Column + ToString>(bytes: &[u8]) -> Option<String> {
    C::read(Some(bytes)).ok().map(|value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        projections::{self, SalesDaily, SalesDailyKey, Visitor},
        testing::{History, all_of_fulfilment, all_of_products, all_of_returns},
    };
    use domain::{Currency, TenantId};

    #[test]
    fn a_sequence_is_called_by_the_columns_of_its_key() {
        for (day, shown) in [("2026-02-03", "2026-02-03"), ("1999-12-31", "1999-12-31")] {
            let key = SalesDailyKey {
                day: day.parse().unwrap(),
                tenant: TenantId::default(),
                currency: Currency::parse("EUR").unwrap(),
            };
            let name = sequence_of_key::<SalesDaily>(&key);
            assert!(name.contains(&format!("day={shown}")), "{name}");
            assert!(
                name.contains("tenant=main") && name.contains("currency=EUR"),
                "{name}"
            );
        }
    }

    /// What a stream says of its events' key must be what they say themselves.
    #[test]
    fn a_stream_says_the_key_of_its_events() {
        struct Check(Vec<Recorded>, usize);
        impl Visitor for Check {
            fn visit<P: Projection>(&mut self) {
                for event in &self.0 {
                    let envelope = &event.envelope;
                    let told = P::key_of_stream(&envelope.tenant, &envelope.stream);
                    if let (Some(told), Some(key)) = (told, P::key(event)) {
                        assert_eq!(told, key, "{} {event:?}", P::NAME);
                        self.1 += 1;
                    }
                }
            }
        }
        let mut history = History::of(0..300);
        all_of_fulfilment(&mut history);
        all_of_products(&mut history);
        all_of_returns(&mut history);
        let mut check = Check(history.events().to_vec(), 0);
        projections::all(&mut check);
        assert!(check.1 > 300, "{}", check.1);
    }
}
