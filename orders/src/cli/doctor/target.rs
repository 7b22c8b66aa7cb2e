//! Where to look.

use crate::host::Running;
use anyhow::Context;
use chassis::config::Settings;
use secrecy::{ExposeSecret, SecretString};

/// Where to look.
pub(super) struct Target {
    pub store_url: String,
    /// The events are in KurrentDB, and only what sagas remember is at `store_url`.
    pub kurrentdb: bool,
    pub read_url: String,
    /// Where the keys of personal data are.
    pub keys_url: String,
    /// None: readers follow the store itself.
    pub bus: Option<Bus>,
    pub payment_url: Option<String>,
    pub carrier_url: Option<String>,
    pub processes: Processes,
}

/// The broker, and its stream.
pub(super) struct Bus {
    pub url: String,
    pub stream: String,
}

/// Which processes there should be: names and addresses.
pub(super) enum Processes {
    /// These.
    Known(Vec<(String, String)>),
    /// The one of all, or the services: which of them, only their answers tell.
    Either {
        all_in_one: (String, String),
        services: Vec<(String, String)>,
    },
}

impl Target {
    /// The platform that runs from this directory's data; else what the settings name.
    pub(super) fn find() -> anyhow::Result<Self> {
        if let Some(running) = Running::find() {
            let stream = running.bus_stream;
            return Ok(Self {
                keys_url: running
                    .keys_url
                    .unwrap_or_else(|| running.store_url.clone()),
                store_url: running.store_url,
                kurrentdb: running.kurrentdb,
                read_url: running.read_url,
                bus: running.bus_url.map(|url| Bus { url, stream }),
                payment_url: running.payment_url,
                carrier_url: running.carrier_url,
                processes: Processes::Known(running.processes),
            });
        }
        let settings = Settings::load().context("the settings are wrong")?;
        let secret = |url: &SecretString| url.expose_secret().to_owned();
        let http = &settings.http;
        let at = |name: &str, port| (name.to_owned(), format!("http://{}", http.address(port)));
        Ok(Self {
            // The sagas' state is there too: settings.saga_url().
            store_url: secret(settings.saga_url()),
            kurrentdb: settings.store_is_kurrentdb(),
            read_url: secret(settings.read_url()),
            keys_url: secret(settings.keys_url()),
            bus: settings.bus.url.as_ref().map(|url| Bus {
                url: secret(url),
                stream: settings.bus.stream.clone(),
            }),
            payment_url: settings.saga.payment_url.clone(),
            carrier_url: settings.saga.carrier_url.clone(),
            processes: Processes::Either {
                all_in_one: at("orders", http.port),
                services: vec![
                    at("command", http.command_port),
                    at("query", http.query_port),
                    at("projector", http.projector_port),
                    at("saga", http.saga_port),
                ],
            },
        })
    }
}
