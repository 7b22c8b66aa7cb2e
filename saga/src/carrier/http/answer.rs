//! What the carrier's answers mean.

use crate::{
    carrier::{CallError, Dispatched, Tracking},
    participant::http::Answer,
};
use chrono::{DateTime, Datelike, Utc};
use domain::shipment::{carrier_name, failure_reason, is_tracking_number};
use serde::Deserialize;

/// Times of deliveries beyond are none that a calendar has.
const LAST_YEAR: i32 = 9_999;

#[derive(Deserialize)]
struct LabelBody {
    tracking_number: String,
    carrier: String,
    reference: String,
    #[serde(rename = "status")]
    _status: Status,
}

#[derive(Deserialize)]
struct ShipmentBody {
    tracking_number: String,
    status: Status,
    delivered_at: Option<DateTime<Utc>>,
    reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Accepted,
    InTransit,
    DeliveryFailed,
    Delivered,
    Lost,
    Returned,
}

/// The answer to a shipment that was handed over: the label of this one and no other.
pub(super) fn dispatched(answer: &Answer, reference: &str) -> Result<Dispatched, CallError> {
    label(answer, answer.success_of_new()?, reference)
}

/// The answer to the question what was handed over under a key: the label of this one and no other.
pub(super) fn taken(answer: &Answer, reference: &str) -> Result<Dispatched, CallError> {
    label(answer, answer.success()?, reference)
}

fn label(answer: &Answer, body: LabelBody, reference: &str) -> Result<Dispatched, CallError> {
    if body.reference != reference {
        return Err(answer.odd("it speaks of another shipment"));
    }
    if !is_tracking_number(&body.tracking_number) {
        return Err(answer.odd("the tracking number is none"));
    }
    let carrier = carrier_name(&body.carrier);
    if carrier.is_empty() {
        return Err(answer.odd("the carrier has no name"));
    }
    Ok(Dispatched {
        carrier,
        tracking_number: body.tracking_number,
    })
}

/// The answer to the question where a shipment is.
pub(super) fn tracked(answer: &Answer, tracking_number: &str) -> Result<Tracking, CallError> {
    let body: ShipmentBody = answer.success()?;
    if body.tracking_number != tracking_number {
        return Err(answer.odd("it speaks of another shipment"));
    }
    Ok(match body.status {
        Status::Accepted | Status::InTransit => Tracking::Underway,
        Status::DeliveryFailed => Tracking::DeliveryFailed {
            reason: failure_reason(body.reason.as_deref()),
        },
        Status::Delivered => {
            let at = body.delivered_at;
            let at = at.filter(|at| (1970..=LAST_YEAR).contains(&at.year()));
            let at = at.ok_or_else(|| answer.odd("it was delivered, but at no time"))?;
            Tracking::Delivered { at }
        }
        Status::Lost => Tracking::Lost,
        Status::Returned => Tracking::ReturnedToSender,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::DIALECT, *};
    use reqwest::StatusCode;
    use serde_json::{Value, json};

    fn answer(status: u16, body: &Value) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.to_string().into(),
            dialect: &DIALECT,
        }
    }

    fn label() -> Value {
        json!({"tracking_number": "T1", "carrier": "Post", "reference": "s", "status": "accepted"})
    }

    fn with(mut body: Value, field: &str, value: Value) -> Answer {
        body[field] = value;
        answer(201, &body)
    }

    fn is_unknown<T>(result: &Result<T, CallError>) -> bool {
        matches!(result, Err(CallError::Unknown(_)))
    }

    #[test]
    fn a_label_is_ours_or_none() {
        let ours = Dispatched {
            carrier: "Post".into(),
            tracking_number: "T1".into(),
        };
        for status in [200, 201] {
            assert_eq!(dispatched(&answer(status, &label()), "s"), Ok(ours.clone()));
        }
        for (field, value) in [
            ("reference", json!("other")),
            ("reference", Value::Null),
            ("tracking_number", json!("")),
            ("tracking_number", json!(" ")),
            ("tracking_number", json!(" T1")),
            ("tracking_number", json!("a\nb")),
            ("tracking_number", json!("1".repeat(101))),
            ("tracking_number", json!(1)),
            ("carrier", json!("\t")),
            ("status", json!("teapot")),
        ] {
            let odd = with(label(), field, value.clone());
            for result in [dispatched(&odd, "s"), taken(&odd, "s")] {
                assert!(is_unknown(&result), "{field} {value}: {result:?}");
            }
        }
    }

    #[test]
    fn the_carriers_name_is_cleaned_and_cut() {
        let long = format!(" \u{1b}[31m{}", "é".repeat(200));
        let carrier = dispatched(&with(label(), "carrier", json!(long)), "s");
        let carrier = carrier.unwrap().carrier;
        assert_eq!(carrier.chars().count(), 100);
        assert!(!carrier.contains(char::is_control), "{carrier:?}");
    }

    #[test]
    fn every_status_has_its_meaning() {
        let shipment = |status: &str| json!({"tracking_number": "T1", "status": status});
        for (status, tracking) in [
            ("accepted", Tracking::Underway),
            ("in_transit", Tracking::Underway),
            ("lost", Tracking::Lost),
            ("returned", Tracking::ReturnedToSender),
        ] {
            assert_eq!(tracked(&answer(200, &shipment(status)), "T1"), Ok(tracking));
        }
        assert!(is_unknown(&tracked(&answer(200, &shipment("gone")), "T1")));
        assert!(is_unknown(&tracked(&answer(200, &shipment("lost")), "T2")));

        let failed =
            |said: Value| match tracked(&with(shipment("delivery_failed"), "reason", said), "T1") {
                Ok(Tracking::DeliveryFailed { reason }) => reason,
                other => panic!("it failed: {other:?}"),
            };
        assert_eq!(failed(json!("nobody\0 home")), "nobody  home");
        assert_eq!(failed(json!("x".repeat(1_000))).len(), 200);
        for nothing in [Value::Null, json!(""), json!("\n")] {
            assert_eq!(failed(nothing), "the carrier does not say why");
        }
    }

    #[test]
    fn what_was_delivered_was_delivered_some_time() {
        let shipment = json!({"tracking_number": "T1", "status": "delivered"});
        let delivered = |at: Value| tracked(&with(shipment.clone(), "delivered_at", at), "T1");
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(
            delivered(json!("2026-01-02T04:04:05+01:00")),
            Ok(Tracking::Delivered { at })
        );
        for odd in [
            Value::Null,
            json!("yesterday"),
            json!("+12026-01-02T03:04:05Z"),
            json!("1899-01-02T03:04:05Z"),
        ] {
            let result = delivered(odd.clone());
            assert!(is_unknown(&result), "{odd}: {result:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_told_apart_from_a_wrong_address() {
        let missing = answer(404, &json!({"code": "SHIPMENT_NOT_FOUND"}));
        assert_eq!(tracked(&missing, "T1"), Err(CallError::NotFound));
        assert!(matches!(
            dispatched(&missing, "s"),
            Err(CallError::Later(_))
        ));
        assert_eq!(taken(&missing, "s"), Err(CallError::NotFound));
        let nowhere = answer(404, &json!({"code": "ROUTE_NOT_FOUND"}));
        assert!(matches!(taken(&nowhere, "s"), Err(CallError::Later(_))));
        assert!(matches!(tracked(&nowhere, "T1"), Err(CallError::Later(_))));
        let refused = answer(422, &json!({"code": "address_not_served"}));
        assert_eq!(
            dispatched(&refused, "s"),
            Err(CallError::Refused("address_not_served".into()))
        );
    }
}
