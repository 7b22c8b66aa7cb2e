//! What providers say by themselves: whether it is genuine, and what it means.

mod payment;

pub(crate) use payment::{PaymentWebhook, Said};

use anyhow::Context;
use axum::http::HeaderMap;
use chassis::{
    Problem,
    config::ProviderSettings,
    webhook::{Disbelief, InvalidSecret, WebhookSecret, verify},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{CommandId, TenantId};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// The namespace of the ids of commands that a payment provider's word becomes.
const SAID: Uuid = Uuid::from_u128(0x3a57_1c5e_8d0b_4f5a_9b57_62c4_0e1f_77d1);

/// Whose word is believed.
#[derive(Debug, Default)]
pub struct Webhooks {
    secrets: Vec<WebhookSecret>,
    tolerance: TimeDelta,
}

impl Webhooks {
    /// What `settings` say.
    ///
    /// # Errors
    /// A secret is none.
    pub fn try_new(settings: &ProviderSettings) -> anyhow::Result<Self> {
        let current = secret(settings.payment_webhook_secret.as_ref())
            .context("providers.payment_webhook_secret")?;
        let former = secret(settings.former_payment_webhook_secret.as_ref())
            .context("providers.former_payment_webhook_secret")?;
        let tolerance = TimeDelta::from_std(settings.webhook_tolerance());
        Ok(Self {
            secrets: current.into_iter().chain(former).collect(),
            tolerance: tolerance.unwrap_or(TimeDelta::MAX),
        })
    }

    /// What the payment provider calls what it says, if it does say it.
    pub(crate) fn payment_event<'h>(
        &self,
        headers: &'h HeaderMap,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<&'h str, Problem> {
        verify(&self.secrets, headers, body, now, self.tolerance).map_err(|disbelief| {
            let reason = match disbelief {
                Disbelief::Header(_) => "header",
                Disbelief::Time => "time",
                Disbelief::Signature => "signature",
            };
            metrics::counter!("provider_webhooks_total", "outcome" => "disbelieved").increment(1);
            // Anybody may send this.
            tracing::debug!(reason, "a webhook is not believed: {disbelief}");
            let detail = format!("The webhook is not believed: {disbelief}.");
            Problem::unauthorized("WEBHOOK_NOT_BELIEVED", detail)
        })
    }
}

fn secret(text: Option<&SecretString>) -> Result<Option<WebhookSecret>, InvalidSecret> {
    let secret = text.map(|text| WebhookSecret::parse(text.expose_secret()));
    secret.transpose()
}

/// The command that a payment provider's event is: one, however often and in whatever form it is sent.
pub(crate) fn command_id(tenant: &TenantId, event: &str) -> CommandId {
    let scope = [tenant.as_str(), "payment", event].join("\n");
    CommandId::new(Uuid::new_v5(&SAID, scope.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_command() {
        let tenant = TenantId::default();
        let id = command_id(&tenant, "evt_1");
        assert_eq!(id, command_id(&tenant, "evt_1"));
        assert_ne!(id, command_id(&tenant, "evt_2"));
        assert_ne!(id, command_id(&TenantId::parse("other").unwrap(), "evt_1"));
    }
}
