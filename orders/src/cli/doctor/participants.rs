//! Whom the sagas call: whether each can be reached from here, and whether the sagas call it.

use super::{
    PATIENCE,
    finding::{Finding, well, wrong},
    target::{Processes, Target},
};
use chassis::http_client;
use serde::Deserialize;

/// A participant, as settings, metrics and people call it.
struct Participant {
    key: &'static str,
    what: &'static str,
    waits: &'static str,
}

const PARTICIPANTS: [Participant; 2] = [
    Participant {
        key: "payment",
        what: "payment provider",
        waits: "payments wait and are asked for again",
    },
    Participant {
        key: "carrier",
        what: "carrier",
        waits: "shipments wait and are handed over later",
    },
];

/// What the sagas say at `/sagas` of whom they call.
#[derive(Deserialize)]
struct Sagas {
    #[serde(default)]
    participants: Vec<Called>,
}

#[derive(Deserialize)]
struct Called {
    name: String,
    circuit: String,
}

/// Looks at the payment provider and at the carrier.
pub(super) async fn look(target: &Target) -> Vec<Finding> {
    let sagas = sagas(&target.processes).await;
    let mut findings = vec![];
    for participant in &PARTICIPANTS {
        let url = match participant.key {
            "carrier" => &target.carrier_url,
            _ => &target.payment_url,
        };
        let mut circuits = sagas.iter().flat_map(|sagas| &sagas.participants);
        let left_alone =
            circuits.any(|called| called.name == participant.key && called.circuit != "closed");
        findings.push(match (url, left_alone) {
            (_, true) => participant.left_alone(),
            (Some(url), false) => participant.reach(url).await,
            (None, false) => participant.unnamed(),
        });
    }
    findings
}

impl Participant {
    /// Any answer will do, since only payments, or shipments, are its contract.
    async fn reach(&self, url: &str) -> Finding {
        let asked = async {
            let client = http_client::builder(url).timeout(PATIENCE).build()?;
            client.get(url).send().await
        };
        match asked.await {
            Ok(_) => well(self.what, format!("answers at {url}")),
            Err(error) => wrong(
                self.what,
                format!("{url} cannot be reached: {}", error.without_url()),
                format!("{}; start it or set {}", self.waits, self.variable()),
            ),
        }
    }

    fn left_alone(&self) -> Finding {
        wrong(
            self.what,
            "the sagas leave it alone, as most calls to it came to nothing lately",
            format!(
                "{}; see whether it is well, which the sagas try every few seconds",
                self.waits
            ),
        )
    }

    fn unnamed(&self) -> Finding {
        let key = self.key;
        wrong(
            self.what,
            format!("saga.{key}_url is not set: no sagas can be started"),
            format!("set {}", self.variable()),
        )
    }

    fn variable(&self) -> String {
        format!("ORDERS__SAGA__{}_URL", self.key.to_uppercase())
    }
}

/// What each process says that runs sagas; others, and those that do not answer, say nothing.
async fn sagas(processes: &Processes) -> Vec<Sagas> {
    let known = match processes {
        Processes::Known(known) => known.clone(),
        Processes::Either {
            all_in_one,
            services,
        } => [std::slice::from_ref(all_in_one), services.as_slice()].concat(),
    };
    let mut said = vec![];
    for (_, url) in known {
        let asked = async {
            let client = http_client::builder(&url).timeout(PATIENCE).build()?;
            let answer = client.get(format!("{url}/sagas")).send().await?;
            answer.error_for_status()?.text().await
        };
        let text = asked.await.unwrap_or_default();
        said.extend(serde_json::from_str::<Sagas>(&text).ok());
    }
    said
}
