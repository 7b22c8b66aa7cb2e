//! What the carrier's events mean.

use super::{Provider, Said, Word, data, field, invalid};
use chassis::Problem;
use chrono::{DateTime, Datelike, Utc};
use domain::{
    Command,
    shipment::{CarrierNotice, DispatchKey, HearCarrier, ShipmentCommand, Whereabouts},
};
use serde::Deserialize;
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

/// The longest tracking number, in characters. One that is longer is none: cut, it would be another's.
const MAX_NUMBER: usize = 100;

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

/// What has happened to what.
#[derive(Debug, Deserialize, ToSchema)]
struct CarrierWebhookData {
    /// The key of our call that handed it over.
    idempotency_key: String,
    /// What the carrier calls it, but where it has refused it.
    tracking_number: Option<String>,
    /// What the carrier calls itself, but where it has refused it.
    carrier: Option<String>,
    /// When it was delivered.
    delivered_at: Option<DateTime<Utc>>,
    /// Why it could not be handed over.
    reason: Option<String>,
    /// The carrier's reason for not taking it.
    code: Option<String>,
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
        let whereabouts = match self.kind.as_str() {
            "shipment.refused" => None,
            "shipment.accepted" | "shipment.in_transit" => Some(Whereabouts::UnderWay),
            "shipment.delivery_failed" => Some(Whereabouts::Failed {
                reason: said(data.reason, "the carrier does not say why"),
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
                code: said(data.code, "refused"),
            },
            Some(whereabouts) => CarrierNotice::Taken {
                carrier: said(Some(field("carrier", data.carrier)?), "the carrier"),
                tracking_number: number(field("tracking_number", data.tracking_number)?)?,
                whereabouts,
            },
        };
        let Some(key) = DispatchKey::parse(&data.idempotency_key) else {
            return Ok(Said::Unknown);
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

/// What was said, if anything was.
fn said(text: Option<String>, otherwise: &str) -> String {
    let text = text.filter(|text| !text.trim().is_empty());
    text.unwrap_or_else(|| otherwise.into())
}

fn time(at: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, Problem> {
    let at = field("delivered_at", at)?;
    match (1970..=LAST_YEAR).contains(&at.year()) {
        true => Ok(at),
        false => Err(invalid(
            "delivered_at",
            "it must be a time from 1970 to 9999",
        )),
    }
}

/// Our books keep names without what is around them: one that has that is none.
fn number(text: String) -> Result<String, Problem> {
    let is_number = text.trim() == text
        && (1..=MAX_NUMBER).contains(&text.chars().count())
        && !text.contains(char::is_control);
    match is_number {
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
    fn what_is_missing_or_none_is_named() {
        for (kind, field, value) in [
            ("shipment.accepted", "tracking_number", Value::Null),
            ("shipment.in_transit", "carrier", Value::Null),
            ("shipment.delivered", "delivered_at", Value::Null),
            (
                "shipment.delivered",
                "delivered_at",
                json!("1969-12-31T23:59:59Z"),
            ),
            ("shipment.lost", "tracking_number", json!(" T1")),
            ("shipment.lost", "tracking_number", json!("")),
            ("shipment.lost", "tracking_number", json!("1".repeat(101))),
            ("shipment.lost", "tracking_number", json!("a\nb")),
        ] {
            let problem = event(kind, &with(field, value)).meaning().unwrap_err();
            let errors = &problem.details().errors;
            assert_eq!(errors[0].pointer, format!("/data/{field}"));
        }
        for data in [
            Value::Null,
            json!(5),
            json!({}),
            with("carrier", json!(5)),
            with("delivered_at", json!("soon")),
        ] {
            let problem = event("shipment.delivered", &data).meaning().unwrap_err();
            assert_eq!(problem.details().errors[0].pointer, "/data");
        }
    }
}
