//! The event store: what of the customer its events say.

use super::{Check, Wanted};
use anyhow::Context;
use assembly::open_reader;
use chassis::config::Settings;
use domain::{Position, Sealed};
use serde_json::Value;
use store::is_full;

/// How many events are read at once.
const PAGE: usize = 1_000;

/// The fields of events that are personal.
const PERSONAL: [&str; 2] = ["shipping_address", "profile"];

/// What was seen of events, here or in the broker.
#[derive(Default)]
pub(super) struct Seen {
    /// Of the customer.
    theirs: u64,
    sealed: u64,
    /// What is not sealed: something that is personal, or of which nobody can tell.
    plain: Option<String>,
    /// Where one of the texts stands.
    found: Option<String>,
    all: u64,
}

pub(super) async fn check(settings: &Settings, wanted: &Wanted) -> anyhow::Result<Check> {
    let reader = open_reader(settings).await?;
    let mut seen = Seen::default();
    let mut after = Position::ZERO;
    loop {
        let page = reader.read_all(after, PAGE).await;
        let page = page.with_context(|| format!("the events after {after} cannot be read"))?;
        let more = is_full(&page, PAGE);
        for event in &page {
            let position = event.envelope.position;
            after = position;
            seen.take(wanted, &event.payload, || {
                format!("{} at position {position}", event.event_type)
            });
        }
        if !more || page.is_empty() {
            return Ok(seen.into_check("events", wanted));
        }
    }
}

impl Seen {
    /// Looks at an event's payload, which is at `place`.
    pub(super) fn take(&mut self, wanted: &Wanted, payload: &[u8], place: impl Fn() -> String) {
        self.all += 1;
        if wanted.needles.are_in(payload) {
            self.found.get_or_insert_with(&place);
        }
        let id = wanted.customer_id.as_str();
        let Ok(event) = serde_json::from_slice::<Value>(payload) else {
            // Whose it is, and what of it is sealed, cannot be told: so nothing is.
            self.plain
                .get_or_insert_with(|| format!("the payload of {}, which is no JSON,", place()));
            return;
        };
        if event["customer_id"] != *id && event["order"]["customer_id"] != *id {
            return;
        }
        self.theirs += 1;
        for field in PERSONAL {
            match &event[field] {
                Value::Null => {}
                Value::String(text)
                    if Sealed::parse(text.as_str()).is_ok_and(|sealed| sealed.is_sealed()) =>
                {
                    self.sealed += 1;
                }
                _ => {
                    self.plain
                        .get_or_insert_with(|| format!("{field} of {}", place()));
                }
            }
        }
    }

    pub(super) fn into_check(self, place: &str, wanted: &Wanted) -> Check {
        let problem = match (self.plain, self.found) {
            (Some(plain), _) => Some(format!("{plain} is not sealed")),
            (None, Some(found)) => Some(format!("a text stands in {found}")),
            (None, None) => None,
        };
        let looked_at = match wanted.needles.is_empty() {
            true => self.theirs,
            false => self.all,
        };
        Check {
            place: format!(
                "{place} ({} of theirs, {} sealed)",
                self.theirs, self.sealed
            ),
            looked_at,
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::verify_erasure::needles::Needles;
    use domain::{CustomerId, TenantId};

    fn wanted(texts: &[&str]) -> Wanted {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Wanted {
            tenant: TenantId::default(),
            customer_id: CustomerId::parse("4711").expect("it is one"),
            needles: Needles::new(texts).expect("they are long enough"),
        }
    }

    fn seen(wanted: &Wanted, payloads: &[&str]) -> Check {
        let mut seen = Seen::default();
        for payload in payloads {
            seen.take(wanted, payload.as_bytes(), || "it".into());
        }
        seen.into_check("events", wanted)
    }

    #[test]
    fn what_is_sealed_is_no_problem_and_what_is_not_is() {
        let sealed = r#"{"customer_id":"4711","shipping_address":"sealed:1:abc"}"#;
        let later = r#"{"order":{"customer_id":"4711"}}"#;
        let others = r#"{"customer_id":"1","shipping_address":{"name":"Ada"}}"#;
        let check = seen(&wanted(&[]), &[sealed, later, others]);
        assert_eq!(check.problem, None);
        assert_eq!(check.place, "events (2 of theirs, 1 sealed)");

        for plain in [
            r#"{"customer_id":"4711","shipping_address":{"name":"Ada"}}"#,
            r#"{"customer_id":"4711","profile":"Ada"}"#,
            r#"{"customer_id":"4711","shipping_address":"sealed:0:abc"}"#,
        ] {
            assert!(
                seen(&wanted(&[]), &[sealed, plain]).problem.is_some(),
                "{plain}"
            );
        }
    }

    #[test]
    fn what_is_no_json_counts_as_not_sealed() {
        for payload in ["", "Ada Lovelace", r#"{"customer_id":"4711""#] {
            let check = seen(&wanted(&[]), &[payload]);
            let problem = check.problem.as_deref();
            assert_eq!(
                problem,
                Some("the payload of it, which is no JSON, is not sealed")
            );
        }
    }

    #[test]
    fn a_text_is_found_wherever_it_stands() {
        let note = r#"{"order_id":"x","text":"Ada called"}"#;
        assert_eq!(seen(&wanted(&[]), &[note]).problem, None);
        let check = seen(&wanted(&["Ada called"]), &[note]);
        assert_eq!(check.problem.as_deref(), Some("a text stands in it"));
        assert_eq!(check.looked_at, 1);
    }
}
