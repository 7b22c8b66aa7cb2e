//! What the carrier's events mean.

use super::{Provider, Said, Word, data, field, invalid, read};
use chassis::Problem;
use chrono::{DateTime, Datelike, Utc};
use domain::{
    Command,
    shipment::{
        CarrierNotice, DispatchKey, HearCarrier, ShipmentCommand, Whereabouts, carrier_name,
        failure_reason, is_tracking_number,
    },
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::ToSchema;

/// The types that mean something to us.
const KNOWN: [&str; 7] = [
    "shipment.accepted",
    "shipment.refused",
    "shipment.in_transit",
    "shipment.delivery_failed",
    "shipment.delivered",
    "shipment.lost",
    "shipment.returned",
];

/// Times of deliveries beyond are none that a calendar has.
const LAST_YEAR: i32 = 9_999;

/// What the carrier says. Further fields say nothing to us.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct CarrierWebhook {
    /// What has happened: `shipment.accepted`, `shipment.refused`, `shipment.in_transit`,
    /// `shipment.delivery_failed`, `shipment.delivered`, `shipment.lost` or `shipment.returned`; others are
    /// acknowledged.
    #[serde(rename = "type")]
    #[schema(example = "shipment.delivered")]
    kind: String,
    // Read once it is known that the type means something to us: others have data of their own.
    /// To what.
    #[serde(default)]
    #[schema(value_type = CarrierWebhookData, required = true)]
    data: Value,
}

/// What has happened to what. Of each type only what it needs is read: nothing else that is odd makes it
/// unreadable.
#[derive(Debug, Deserialize, ToSchema)]
struct CarrierWebhookData {
    /// The key of our call that handed it over.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    idempotency_key: Value,
    /// What the carrier calls it, but where it has refused it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    tracking_number: Value,
    /// What the carrier calls itself, if it says so.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    carrier: Value,
    /// When it was delivered.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    delivered_at: Value,
    /// Why it could not be handed over.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    reason: Value,
    /// The carrier's reason for not taking it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    code: Value,
}

impl Word for CarrierWebhook {
    const PROVIDER: Provider = Provider::Carrier;

    fn kind(&self) -> &str {
        &self.kind
    }

    fn meaning(self) -> Result<Said, Problem> {
        if !KNOWN.contains(&self.kind.as_str()) {
            return Ok(Said::Ignored);
        }
        let data: CarrierWebhookData = data(self.data)?;
        let key: String = needed("idempotency_key", data.idempotency_key)?;
        let Some(key) = DispatchKey::parse(&key) else {
            return Ok(Said::Unknown);
        };
        let whereabouts = match self.kind.as_str() {
            "shipment.refused" => None,
            "shipment.accepted" | "shipment.in_transit" => Some(Whereabouts::UnderWay),
            "shipment.delivery_failed" => Some(Whereabouts::Failed {
                reason: failure_reason(data.reason.as_str()),
            }),
            "shipment.delivered" => Some(Whereabouts::Delivered {
                at: time(data.delivered_at)?,
            }),
            "shipment.lost" => Some(Whereabouts::Lost),
            "shipment.returned" => Some(Whereabouts::Returned),
            _ => return Ok(Said::Ignored),
        };
        let notice = match whereabouts {
            None => CarrierNotice::Refused {
                code: said(data.code.as_str(), "refused"),
            },
            Some(whereabouts) => CarrierNotice::Taken {
                carrier: said(
                    data.carrier.as_str().map(carrier_name).as_deref(),
                    "the carrier",
                ),
                tracking_number: number(data.tracking_number)?,
                whereabouts,
            },
        };
        let attempt = key.attempt;
        let command = ShipmentCommand::Hear(HearCarrier { attempt, notice });
        Ok(Said::Of {
            // A shipment's id is one of ours, or of nobody.
            tenant: None,
            command: Box::new(Command::Shipment(key.shipment_id, command)),
        })
    }
}

/// What a type must say.
fn needed<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, Problem> {
    field(name, read(name, value)?)
}

/// What was said, if anything was.
fn said(text: Option<&str>, otherwise: &str) -> String {
    let text = text.filter(|text| !text.trim().is_empty());
    text.unwrap_or(otherwise).into()
}

fn time(at: Value) -> Result<DateTime<Utc>, Problem> {
    let at: DateTime<Utc> = needed("delivered_at", at)?;
    match (1970..=LAST_YEAR).contains(&at.year()) {
        true => Ok(at),
        false => Err(invalid(
            "delivered_at",
            "it must be a time from 1970 to 9999",
        )),
    }
}

fn number(text: Value) -> Result<String, Problem> {
    let text: String = needed("tracking_number", text)?;
    match is_tracking_number(&text) {
        true => Ok(text),
        false => Err(invalid(
            "tracking_number",
            "it must be of 1 to 100 characters, without spaces around them",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "01923f00-0000-7000-8000-000000000001:1";

    fn event(kind: &str, data: &Value) -> CarrierWebhook {
        serde_json::from_value(json!({"type": kind, "data": data})).unwrap()
    }

    fn whole() -> Value {
        json!({
            "idempotency_key": KEY,
            "tracking_number": "T1",
            "carrier": "Post",
            "delivered_at": "2026-01-02T03:04:05Z",
            "new_field": 1,
        })
    }

    fn with(field: &str, value: Value) -> Value {
        let mut data = whole();
        data[field] = value;
        data
    }

    #[test]
    fn every_type_has_a_meaning() {
        for kind in KNOWN {
            let Said::Of { tenant, command } = event(kind, &whole()).meaning().unwrap() else {
                panic!("{kind} means nothing");
            };
            assert_eq!(tenant, None);
            let Command::Shipment(id, ShipmentCommand::Hear(heard)) = *command else {
                panic!("{kind} means something else");
            };
            assert_eq!(format!("{id}:{}", heard.attempt), KEY);
            for theirs in ["theirs", "main:1:authorize:1"] {
                let theirs = event(kind, &with("idempotency_key", json!(theirs)));
                assert!(matches!(theirs.meaning(), Ok(Said::Unknown)));
            }
        }
    }

    #[test]
    fn what_means_nothing_may_say_anything() {
        for kind in ["shipment.measured", "pickup.late", ""] {
            for data in [Value::Null, json!(5), whole()] {
                assert!(matches!(event(kind, &data).meaning(), Ok(Said::Ignored)));
            }
        }
    }

    #[test]
    fn only_what_a_type_needs_is_read_of_it() {
        for (kind, needless) in [
            ("shipment.lost", "delivered_at"),
            ("shipment.lost", "carrier"),
            ("shipment.in_transit", "reason"),
            ("shipment.refused", "tracking_number"),
            ("shipment.refused", "code"),
            ("shipment.delivery_failed", "reason"),
        ] {
            for odd in [Value::Null, json!(5), json!({}), json!("")] {
                let said = event(kind, &with(needless, odd)).meaning();
                assert!(matches!(said, Ok(Said::Of { .. })), "{kind} {needless}");
            }
        }
    }

    #[test]
    fn what_is_missing_or_none_is_named() {
        for (kind, field, value) in [
            ("shipment.accepted", "tracking_number", Value::Null),
            ("shipment.in_transit", "idempotency_key", Value::Null),
            ("shipment.refused", "idempotency_key", json!(5)),
            ("shipment.delivered", "delivered_at", Value::Null),
            (
                "shipment.delivered",
                "delivered_at",
                json!("1969-12-31T23:59:59Z"),
            ),
            ("shipment.delivered", "delivered_at", json!("soon")),
            ("shipment.lost", "tracking_number", json!(" T1")),
            ("shipment.lost", "tracking_number", json!("")),
            ("shipment.lost", "tracking_number", json!("1".repeat(101))),
            ("shipment.lost", "tracking_number", json!("a\nb")),
        ] {
            let problem = event(kind, &with(field, value)).meaning().unwrap_err();
            let errors = &problem.details().errors;
            assert_eq!(errors[0].pointer, format!("/data/{field}"));
        }
        for data in [Value::Null, json!(5)] {
            let problem = event("shipment.delivered", &data).meaning().unwrap_err();
            assert_eq!(problem.details().errors[0].pointer, "/data");
        }
    }
}
