//! From settings to whom the sagas call, and to what their policies may do.

use crate::{
    carrier::HttpCarrier,
    provider::{GuardOptions, HttpPaymentProvider},
    runtime::Participants,
};
use anyhow::{Context, bail};
use chassis::config::SagaSettings;
use chrono::TimeDelta;
use domain::{Location, policy::Limits};
use std::sync::Arc;
use vault::Vault;

/// The participants that the settings name. There are no defaults: orders must never be approved
/// without money, nor called sent without a carrier, because somebody forgot to say who is asked.
/// `vault` opens the addresses that the carrier is told.
pub fn participants(settings: &SagaSettings, vault: Vault) -> anyhow::Result<Participants> {
    let url = named(
        "payment",
        "a payment provider",
        settings.payment_url.as_deref(),
    )?;
    let provider = HttpPaymentProvider::new(url, settings.payment_timeout())
        .context("saga.payment_url: no client for the payment provider can be made")?;
    let provider = provider.with_guard(&guard(settings, settings.payment_concurrency));
    tracing::info!(provider = url, "payments are asked for at {url}");
    let url = named("carrier", "a carrier", settings.carrier_url.as_deref())?;
    let carrier = HttpCarrier::new(url, settings.carrier_timeout())
        .context("saga.carrier_url: no client for the carrier can be made")?;
    let carrier = carrier.with_guard(&guard(settings, settings.carrier_concurrency));
    tracing::info!(carrier = url, "shipments are handed over at {url}");
    Ok(Participants {
        provider: Arc::new(provider),
        carrier: Arc::new(carrier),
        vault,
    })
}

fn guard(settings: &SagaSettings, concurrency: usize) -> GuardOptions {
    GuardOptions {
        failures: settings.breaker_failures,
        share: settings.breaker_share_percent,
        window: settings.breaker_window(),
        silence: settings.breaker_silence(),
        rest: settings.breaker_rest(),
        concurrency,
    }
}

fn named<'a>(key: &str, what: &str, url: Option<&'a str>) -> anyhow::Result<&'a str> {
    let Some(url) = url else {
        bail!(
            "saga.{key}_url (ORDERS__SAGA__{}_URL) is not set; allowed: http://… or https://…, the \
             address of {what}; for development, `orders dev`, `orders up` and `orders serve \
             --sandbox FILE` start a sandbox, which approves orders without money and sends them \
             nowhere",
            key.to_uppercase()
        );
    };
    Ok(url)
}

/// What the policies are told by the settings.
pub fn limits(settings: &SagaSettings) -> Limits {
    let seconds = |seconds: &u64| {
        let whole = i64::try_from(*seconds).ok();
        whole
            .and_then(TimeDelta::try_seconds)
            .unwrap_or(TimeDelta::MAX)
    };
    let schedule = |waits: &[u64]| waits.iter().map(seconds).collect();
    Limits {
        reservation: seconds(&settings.reservation_ttl_s),
        payment_attempts: settings.max_payment_attempts,
        inquiries: schedule(&settings.inquiry_schedule_s),
        hold: seconds(&settings.hold_ttl_s),
        capture_retries: schedule(&settings.capture_retry_schedule_s),
        shipping_hold: seconds(&settings.shipping_hold_ttl_s),
        tracking: schedule(&settings.tracking_schedule_s),
        tracking_times: settings.tracking_times,
        reauthorize: seconds(&settings.reauthorize_before_s),
        backorders: seconds(&settings.backorder_ttl_s),
        locations: locations(&settings.locations),
        split_orders: settings.split_orders,
        returns: seconds(&settings.return_ttl_s),
    }
}

/// Where stock is looked for; none where that is the default place alone. What is not a name of a place is
/// none of the setting's values.
fn locations(names: &[String]) -> Vec<Location> {
    let places: Vec<Location> = names
        .iter()
        .filter_map(|name| Location::parse(name).ok())
        .collect();
    match places == [Location::default()] {
        true => vec![],
        false => places,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_place_alone_need_not_be_named() {
        let named = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let places = locations(&names);
            places.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(named(&["main"]), [""; 0]);
        assert_eq!(named(&["east", "main"]), ["east", "main"]);
        assert_eq!(named(&["east"]), ["east"]);
    }
}
