//! What providers say by themselves: whether it is genuine, and what it means.

mod carrier;
mod contradiction;
mod hear;
mod payment;

pub(crate) use carrier::CarrierWebhook;
pub(crate) use hear::{Heard, WebhookHeaders, hear};
pub(crate) use payment::PaymentWebhook;

use anyhow::Context;
use axum::http::HeaderMap;
use chassis::{
    Problem,
    config::ProviderSettings,
    webhook::{Disbelief, InvalidSecret, WebhookSecret, verify},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Command, CommandId, TenantId};
use metrics::Counter;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// The namespace of the ids of commands that a provider's word becomes.
const SAID: Uuid = Uuid::from_u128(0x3a57_1c5e_8d0b_4f5a_9b57_62c4_0e1f_77d1);

/// Who says something by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    /// Who takes the customers' money.
    Payment,
    /// Who brings them their goods.
    Carrier,
}

/// What a provider says, read but for what it means.
pub(crate) trait Word: DeserializeOwned {
    /// Who says it.
    const PROVIDER: Provider;

    /// What it says has happened.
    fn kind(&self) -> &str;

    /// What it means.
    ///
    /// # Errors
    /// It is of a type that means something to us, and does not say all of that.
    fn meaning(self) -> Result<Said, Problem>;
}

/// What was said, and of what.
#[derive(Debug)]
pub(crate) enum Said {
    /// Something that counts.
    Of {
        /// Whose it is, where that was said.
        tenant: Option<TenantId>,
        /// What it leads to, if our books allow it.
        command: Box<Command>,
    },
    /// Something of a call that is not ours.
    Unknown,
    /// Something that means nothing to us.
    Ignored,
}

/// Whose word is believed.
#[derive(Debug, Default)]
pub struct Webhooks {
    payment: Vec<WebhookSecret>,
    carrier: Vec<WebhookSecret>,
    tolerance: TimeDelta,
}

/// What may become of what a provider says.
const OUTCOMES: [&str; 6] = [
    "recorded",
    "refused",
    "unknown",
    "ignored",
    "malformed",
    "disbelieved",
];

/// Begins to count what becomes of what providers say: from nothing, so that alerts see the first as well.
pub(crate) fn begin_counting() {
    for provider in [Provider::Payment, Provider::Carrier] {
        for outcome in OUTCOMES {
            provider.counter(outcome).increment(0);
        }
    }
}

impl Provider {
    /// As metrics, logs and ids have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Carrier => "carrier",
        }
    }

    /// Who has said it, in the history of what it is about.
    pub(crate) const fn actor(self) -> &'static str {
        match self {
            Self::Payment => "payment-provider",
            Self::Carrier => "carrier",
        }
    }

    /// Counts what became of something that it said, or that somebody said in its name.
    pub(crate) fn count(self, outcome: &'static str) {
        self.counter(outcome).increment(1);
    }

    fn counter(self, outcome: &'static str) -> Counter {
        let provider = self.name();
        metrics::counter!("provider_webhooks_total", "provider" => provider, "outcome" => outcome)
    }
}

impl Webhooks {
    /// What `settings` say.
    ///
    /// # Errors
    /// A secret is none.
    pub fn try_new(settings: &ProviderSettings) -> anyhow::Result<Self> {
        let tolerance = TimeDelta::from_std(settings.webhook_tolerance());
        Ok(Self {
            payment: secrets([
                (
                    "providers.payment_webhook_secret",
                    &settings.payment_webhook_secret,
                ),
                (
                    "providers.former_payment_webhook_secret",
                    &settings.former_payment_webhook_secret,
                ),
            ])?,
            carrier: secrets([
                (
                    "providers.carrier_webhook_secret",
                    &settings.carrier_webhook_secret,
                ),
                (
                    "providers.former_carrier_webhook_secret",
                    &settings.former_carrier_webhook_secret,
                ),
            ])?,
            tolerance: tolerance.unwrap_or(TimeDelta::MAX),
        })
    }

    /// What `provider` calls what it says, if it does say it.
    pub(crate) fn event<'h>(
        &self,
        provider: Provider,
        headers: &'h HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<&'h str, Problem> {
        let secrets = match provider {
            Provider::Payment => &self.payment,
            Provider::Carrier => &self.carrier,
        };
        verify(secrets, headers, body, now, self.tolerance).map_err(|disbelief| {
            let reason = match disbelief {
                Disbelief::Header(_) => "header",
                Disbelief::Time => "time",
                Disbelief::Signature => "signature",
            };
            provider.count("disbelieved");
            // Anybody may send this.
            tracing::debug!(reason, "a webhook is not believed: {disbelief}");
            let detail = format!("The webhook is not believed: {disbelief}.");
            Problem::unauthorized("WEBHOOK_NOT_BELIEVED", detail)
        })
    }
}

/// The secrets that are set, of those that may be.
fn secrets(set: [(&'static str, &Option<SecretString>); 2]) -> anyhow::Result<Vec<WebhookSecret>> {
    let parsed = set.into_iter().filter_map(|(name, text)| {
        let text = text.as_ref()?;
        let secret: Result<_, InvalidSecret> = WebhookSecret::parse(text.expose_secret());
        Some(secret.context(name))
    });
    parsed.collect()
}

/// The command that a provider's event is: one, however often and in whatever form it is sent.
pub(crate) fn command_id(tenant: &TenantId, provider: Provider, event: &str) -> CommandId {
    let scope = [tenant.as_str(), provider.name(), event].join("\n");
    CommandId::new(Uuid::new_v5(&SAID, scope.as_bytes()))
}

/// A field of an event, if it is there.
fn read<T: DeserializeOwned>(name: &str, value: serde_json::Value) -> Result<Option<T>, Problem> {
    let read = serde_json::from_value(value);
    read.map_err(|error| invalid(name, &format!("it cannot be read: {error}")))
}

/// What an event of a known type must say.
fn field<T>(name: &str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| {
        let rule = "it is needed for an event of this type";
        unsaid(name, "MISSING", "The event does not say its", rule)
    })
}

/// What an event says must be as `rule` has it.
fn invalid(name: &str, rule: &str) -> Problem {
    unsaid(name, "INVALID", "The event does not say properly its", rule)
}

fn unsaid(name: &str, code: &'static str, detail: &str, rule: &str) -> Problem {
    let pointer = format!("/data/{name}");
    Problem::bad_request("INVALID_BODY", format!("{detail} {name}."))
        .with_error(pointer, code, rule)
}

/// Reads the data of an event of a known type.
fn data<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| {
        let detail = format!("The event's data cannot be read: {error}.");
        let rule = "it must be what an event of this type has";
        Problem::bad_request("INVALID_BODY", detail).with_error("/data", "INVALID", rule)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::{
        Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder,
    };
    use std::{collections::BTreeSet, sync::Mutex};

    /// Which counters there are, as their labels' values.
    #[derive(Default)]
    struct Counters(Mutex<BTreeSet<String>>);

    impl Recorder for Counters {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let values: Vec<_> = key.labels().map(|label| label.value()).collect();
            self.0.lock().unwrap().insert(values.join(" "));
            Counter::noop()
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn what_alerts_ring_for_is_counted_before_it_happens() {
        let counters = Counters::default();
        with_local_recorder(&counters, begin_counting);
        let there = counters.0.into_inner().unwrap();
        assert_eq!(there.len(), 2 * OUTCOMES.len());
        let alerts = include_str!("../../../deploy/compose/alerts.yml");
        for outcome in ["refused", "malformed"] {
            let asked = format!("increase(provider_webhooks_total{{outcome=\"{outcome}\"}}[1h])");
            assert!(alerts.contains(&asked), "no alert has {asked}");
            for provider in ["payment", "carrier"] {
                assert!(there.contains(&format!("{provider} {outcome}")));
            }
        }
    }

    #[test]
    fn an_event_is_one_command() {
        let tenant = TenantId::default();
        let id = |event| command_id(&tenant, Provider::Payment, event);
        assert_eq!(id("evt_1"), id("evt_1"));
        assert_ne!(id("evt_1"), id("evt_2"));
        let other = TenantId::parse("other").unwrap();
        assert_ne!(id("evt_1"), command_id(&other, Provider::Payment, "evt_1"));
        // Each names its events by itself.
        assert_ne!(id("evt_1"), command_id(&tenant, Provider::Carrier, "evt_1"));
    }
}
