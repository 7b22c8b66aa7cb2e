//! Where a subscriber is among all events: the position, and the event that is there.
//!
//! It is not sealed, unlike that of a page: subscribers keep it for as long as they live, and a key
//! may change. The event's id tells whether it is of this history.

use chassis::Problem;
use domain::{EventId, Position};
use store::{Bookmark, StoredEvent};
use uuid::Uuid;

/// The cursor of an event.
pub(super) fn of(event: &StoredEvent) -> String {
    write(Bookmark::at(&event.envelope))
}

/// A place as subscribers get it; empty at the beginning.
pub(super) fn write(at: Bookmark) -> String {
    match at.event_id {
        Some(event_id) => format!("{}.{}", at.position, event_id.uuid().simple()),
        None => String::new(),
    }
}

/// The place that a subscriber names.
///
/// # Errors
/// 400: it is none.
pub(super) fn read(text: &str, field: &str) -> Result<Bookmark, Problem> {
    if text.is_empty() {
        return Ok(Bookmark::START);
    }
    parse(text).ok_or_else(|| {
        let rule = "a cursor that this feed gave out is expected";
        Problem::bad_request(
            "INVALID_CURSOR",
            format!("The field {field} is wrong: {rule}."),
        )
        .with_error(format!("/{field}"), "INVALID", rule)
    })
}

fn parse(text: &str) -> Option<Bookmark> {
    let (position, event_id) = text.split_once('.')?;
    let position: i64 = position.parse().ok().filter(|position| *position > 0)?;
    Some(Bookmark {
        position: Position::new(position),
        event_id: Some(EventId::new(Uuid::try_parse(event_id).ok()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let at = Bookmark {
            position: Position::new(12),
            event_id: Some(EventId::new(Uuid::from_u128(7))),
        };
        assert_eq!(write(at), "12.00000000000000000000000000000007");
        assert_eq!(read(&write(at), "subscribe.after").unwrap(), at);
        assert_eq!(read("", "subscribe.after").unwrap(), Bookmark::START);
        for wrong in [
            "12",
            "0.00000000000000000000000000000007",
            "-1.x",
            ".",
            "a.b",
            "12.",
        ] {
            let refused = read(wrong, "subscribe.after").unwrap_err();
            assert_eq!(refused.code(), "INVALID_CURSOR", "{wrong}");
        }
    }
}
