//! What the payment provider's events mean.

use super::{Provider, Said, Word, data, field};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    Command, Currency, Money,
    payment::{CallKey, DisputeNotice, HearProvider, Notice, PaymentCommand},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The types that mean something to us.
const KNOWN: [&str; 13] = [
    "authorization.authorized",
    "authorization.declined",
    "authorization.action_required",
    "authorization.voided",
    "authorization.expired",
    "capture.captured",
    "capture.declined",
    "refund.refunded",
    "refund.failed",
    "refund.reversed",
    "dispute.opened",
    "dispute.won",
    "dispute.lost",
];

/// What the payment provider says. Further fields say nothing to us.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PaymentWebhook {
    /// What has happened: `authorization.authorized`, `authorization.declined`, `authorization.action_required`,
    /// `authorization.voided`, `authorization.expired`, `capture.captured`, `capture.declined`, `refund.refunded`,
    /// `refund.failed`, `refund.reversed`, `dispute.opened`, `dispute.won` or `dispute.lost`; others are acknowledged.
    #[serde(rename = "type")]
    #[schema(example = "authorization.authorized")]
    kind: String,
    // Read once it is known that the type means something to us: others have data of their own.
    /// To what.
    #[serde(default)]
    #[schema(value_type = PaymentWebhookData, required = true)]
    data: Value,
}

/// What has happened to what.
#[derive(Debug, Deserialize, ToSchema)]
struct PaymentWebhookData {
    /// The key of our call that it is about; of the authorization, where we made none.
    idempotency_key: String,
    /// What the provider calls the authorization.
    authorization_id: Option<String>,
    /// How much, in minor units.
    amount: Option<i64>,
    /// Of which currency.
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// Until when what is authorized can be taken.
    expires_at: Option<DateTime<Utc>>,
    /// Where who pays does what is asked of them.
    url: Option<String>,
    /// Until when.
    until: Option<DateTime<Utc>>,
    /// The provider's reason for what it did not do.
    code: Option<String>,
    /// What the provider calls the dispute.
    dispute_id: Option<String>,
    /// Why the cardholder wants it back.
    reason: Option<String>,
}

impl Word for PaymentWebhook {
    const PROVIDER: Provider = Provider::Payment;

    fn kind(&self) -> &str {
        &self.kind
    }

    fn meaning(self) -> Result<Said, Problem> {
        if !KNOWN.contains(&self.kind.as_str()) {
            return Ok(Said::Ignored);
        }
        let data: PaymentWebhookData = data(self.data)?;
        let authorization = || field("authorization_id", data.authorization_id.clone());
        let amount = || {
            let amount = field("amount", data.amount)?;
            Ok(Money::new(amount, field("currency", data.currency)?))
        };
        let code = || data.code.clone().unwrap_or_else(|| "declined".into());
        let dispute = || {
            Ok::<_, Problem>(DisputeNotice {
                dispute_id: field("dispute_id", data.dispute_id.clone())?,
                authorization_id: authorization()?,
                amount: amount()?,
                reason: data.reason.clone().unwrap_or_default(),
            })
        };
        let notice = match self.kind.as_str() {
            "authorization.authorized" => Notice::Authorized {
                authorization_id: authorization()?,
                amount: amount()?,
                expires_at: data.expires_at,
            },
            "authorization.declined" => Notice::Declined { code: code() },
            "authorization.action_required" => Notice::ActionRequired {
                authorization_id: authorization()?,
                url: field("url", data.url.clone())?,
                until: data.until,
            },
            "authorization.voided" => Notice::Voided {
                authorization_id: authorization()?,
            },
            "authorization.expired" => Notice::Expired {
                authorization_id: authorization()?,
            },
            "capture.captured" => Notice::Captured {
                authorization_id: authorization()?,
                amount: amount()?,
            },
            "capture.declined" => Notice::CaptureFailed {
                authorization_id: authorization()?,
                code: code(),
            },
            "refund.refunded" => Notice::Refunded {
                authorization_id: authorization()?,
                amount: amount()?,
            },
            "refund.failed" => Notice::RefundFailed {
                authorization_id: authorization()?,
                code: code(),
            },
            "refund.reversed" => Notice::RefundReversed {
                authorization_id: authorization()?,
                amount: amount()?,
                code: data.code.clone().unwrap_or_else(|| "reversed".into()),
            },
            "dispute.opened" => Notice::DisputeOpened(dispute()?),
            "dispute.won" => Notice::DisputeWon(dispute()?),
            "dispute.lost" => Notice::DisputeLost(dispute()?),
            _ => return Ok(Said::Ignored),
        };
        let Some(key) = CallKey::parse(&data.idempotency_key) else {
            return Ok(Said::Unknown);
        };
        let heard = HearProvider {
            idempotency_key: data.idempotency_key,
            notice,
        };
        let command = Command::Payment(key.order_id, PaymentCommand::Hear(heard));
        Ok(Said::Of {
            tenant: Some(key.tenant),
            command: Box::new(command),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "main:01923f00-0000-7000-8000-000000000001:authorize:1";

    fn said(kind: &str, key: &str, without: &str) -> Result<Said, Problem> {
        let mut data = json!({
            "idempotency_key": key,
            "authorization_id": "auth",
            "amount": 5,
            "currency": "EUR",
            "dispute_id": "d",
            "url": "https://p.test/1",
            "new_field": 1,
        });
        data[without] = Value::Null;
        let event: PaymentWebhook =
            serde_json::from_value(json!({"type": kind, "data": data})).unwrap();
        event.meaning()
    }

    #[test]
    fn every_type_has_a_meaning() {
        for kind in KNOWN {
            let Said::Of { tenant, command } = said(kind, KEY, "x").unwrap() else {
                panic!("{kind} means nothing");
            };
            assert_eq!(tenant.unwrap().as_str(), "main");
            let Command::Payment(_, PaymentCommand::Hear(heard)) = *command else {
                panic!("{kind} means something else");
            };
            assert_eq!(heard.idempotency_key, KEY);
            assert!(matches!(said(kind, "theirs", "x"), Ok(Said::Unknown)));
        }
    }

    #[test]
    fn what_means_nothing_may_say_anything() {
        assert!(matches!(said("payout.paid", KEY, "x"), Ok(Said::Ignored)));
        for event in [
            json!({"type": "payout.paid"}),
            json!({"type": "payout.paid", "data": 5}),
            json!({"type": "balance.available", "data": {"amount": "12.50", "currency": 978}}),
        ] {
            let event: PaymentWebhook = serde_json::from_value(event).unwrap();
            assert!(matches!(event.meaning(), Ok(Said::Ignored)));
        }
    }

    #[test]
    fn what_means_something_must_be_readable() {
        for data in [
            Value::Null,
            json!(5),
            json!({"idempotency_key": KEY, "amount": "5"}),
        ] {
            let event = json!({"type": "capture.captured", "data": data});
            let event: PaymentWebhook = serde_json::from_value(event).unwrap();
            let problem = event.meaning().unwrap_err();
            assert_eq!(problem.details().errors[0].pointer, "/data");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (kind, field) in [
            ("authorization.authorized", "authorization_id"),
            ("authorization.action_required", "url"),
            ("capture.captured", "amount"),
            ("refund.refunded", "currency"),
            ("refund.failed", "authorization_id"),
            ("refund.reversed", "amount"),
            ("dispute.opened", "dispute_id"),
        ] {
            let problem = said(kind, KEY, field).unwrap_err();
            let errors = &problem.details().errors;
            assert_eq!(errors[0].pointer, format!("/data/{field}"));
        }
    }
}
