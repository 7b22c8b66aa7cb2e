//! The carrier's ledger as a witness, its fault switches, and what survives.

use std::collections::BTreeMap;

use sandbox::SandboxOptions;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::Provider;

/// What a hundred shipments came to, by key.
async fn fates(provider: &Provider, faults: Value) -> BTreeMap<usize, String> {
    assert_eq!(provider.put("/faults", faults).await.status, 200);
    let mut fates = BTreeMap::new();
    for n in 0..100 {
        let label = provider
            .ship(&format!("k{n}"), &format!("s{n}"), "Berlin")
            .await;
        let fate = match label.status {
            201 => provider.shipment(&label.body["tracking_number"]).await["status"].clone(),
            _ => label.body["code"].clone(),
        };
        fates.insert(n, fate.as_str().unwrap().to_owned());
    }
    fates
}

fn share(fates: &BTreeMap<usize, String>, what: &str) -> usize {
    fates.values().filter(|fate| *fate == what).count()
}

#[tokio::test]
async fn switches_strike_their_share_and_the_same_ones_in_every_run() {
    let faults = |seed: u64| {
        json!({
            "seed": seed,
            "transit_ms": 0,
            "carrier_refuse_percent": 30,
            "carrier_lost_percent": 30,
            "carrier_returned_percent": 30,
        })
    };
    let one = fates(&Provider::start().await, faults(1)).await;
    for (what, expected) in [
        ("address_not_served", 15..=45),
        ("lost", 8..=36),
        ("returned", 4..=28),
        ("delivered", 18..=52),
    ] {
        let count = share(&one, what);
        assert!(expected.contains(&count), "{count} of 100 {what}");
    }
    assert_eq!(fates(&Provider::start().await, faults(1)).await, one);
    assert_ne!(fates(&Provider::start().await, faults(2)).await, one);
}

#[tokio::test]
async fn a_first_delivery_in_vain_is_a_fault_as_well() {
    let provider = Provider::start().await;
    let faults = json!({"carrier_failed_percent": 100, "transit_ms": 0});
    let fates = fates(&provider, faults).await;
    assert_eq!(share(&fates, "delivered"), 100);
    let labels = entries(&provider).await;
    let missed = labels
        .iter()
        .filter(|label| label["way"]["fate"] == "missed");
    assert_eq!(missed.count(), 100);
}

#[tokio::test]
async fn errors_and_held_answers_meet_shipments_too() {
    let provider = Provider::start().await;
    provider.put("/faults", json!({"error_percent": 100})).await;
    assert_eq!(provider.ship("k", "s", "Berlin").await.status, 500);
    assert_eq!(provider.carrier_summary().await["counts"]["entries"], 0);
    provider
        .put("/faults", json!({"timeout_after_success_percent": 100}))
        .await;
    let request = provider.posting("/shipments", "k", &crate::harness::shipment("s", "Berlin"));
    let error = request
        .timeout(std::time::Duration::from_secs(1))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert!(provider.ship("k", "s", "Berlin").await.replayed);
    let references = &provider.carrier_summary().await["references"];
    assert_eq!(references["by_labels"], json!({"1": 1}));
}

/// Everything in the ledger.
async fn entries(provider: &Provider) -> Vec<Value> {
    let ledger = provider.get("/carrier/ledger").await.body;
    assert_eq!(ledger["has_more"], false);
    ledger["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_label_and_end_is_there_in_order_and_summed_up() {
    let provider = Provider::start().await;
    provider.put("/faults", json!({"transit_ms": 0})).await;
    provider.ship("k1", "s1", "Berlin").await;
    provider.ship("k2", "s2", "Nowhere").await;
    let stands = provider.ship("k3", "s3", "Standstill").await;
    provider.ship("k4", "s1", "Lost").await;
    provider
        .set(&stands.body["tracking_number"], "returned")
        .await;

    let entries = entries(&provider).await;
    let told = entries.iter().zip(1..).map(|(entry, sequence)| {
        assert_eq!(entry["sequence"], sequence);
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        (text("entry"), text("reference"), text("status"))
    });
    let told: Vec<_> = told.collect();
    let expected = [
        ("label", "s1", ""),
        ("end", "s1", "delivered"),
        ("refusal", "s2", ""),
        ("label", "s3", ""),
        ("label", "s1", ""),
        ("end", "s1", "lost"),
        ("set", "s3", "returned"),
    ]
    .map(|(entry, reference, status)| (entry.into(), reference.into(), status.into()));
    assert_eq!(told, expected);
    assert_eq!(entries[2]["code"], "address_not_served");
    assert_eq!(entries[3]["idempotency_key"], "k3");
    assert_eq!(entries[3]["way"]["fate"], "standstill");

    assert_eq!(
        provider.carrier_summary().await,
        json!({
            "counts": {"entries": 7, "labels": 3, "refused": 1, "ended": 2, "set": 1},
            "statuses": {
                "accepted": 0, "in_transit": 0, "delivery_failed": 0,
                "delivered": 1, "lost": 1, "returned": 1,
            },
            "references": {
                "count": 3,
                "by_labels": {"0": 1, "1": 1, "2": 1},
                "labelled_repeatedly": 1,
                "repeated": [{"reference": "s1", "labels": 2}],
            },
            "dropped_entries": 0,
        })
    );
    let page = provider.get("/carrier/ledger?after=2&limit=2").await.body;
    assert_eq!(page["has_more"], true);
    assert_eq!(page["entries"], json!(entries[2..4]));
    assert_eq!(provider.get("/carrier/ledger?limit=0").await.status, 422);
    // The provider has nothing to do with it.
    assert_eq!(provider.summary().await["counts"]["operations"], 0);
}

#[tokio::test]
async fn memory_is_bounded_and_what_is_dropped_is_counted() {
    let options = SandboxOptions {
        max_operations: 10,
        ..Default::default()
    };
    let provider = Provider::start_with(options).await;
    let first = provider.ship("k0", "s0", "Standstill").await;
    for n in 1..=24 {
        provider
            .ship(&format!("k{n}"), &format!("s{n}"), "Standstill")
            .await;
    }
    let summary = provider.carrier_summary().await;
    assert_eq!(summary["counts"]["labels"], 25);
    assert_eq!(summary["dropped_entries"], 15);
    assert_eq!(summary["references"]["count"], 10);
    let forgotten = provider.set(&first.body["tracking_number"], "lost").await;
    assert_eq!(forgotten.status, 404);
    assert!(provider.ship("k15", "s15", "Standstill").await.replayed);
    assert!(!provider.ship("k14", "s14", "Standstill").await.replayed);
}

#[tokio::test]
async fn shipments_go_on_across_a_restart() {
    let directory = TempDir::new().unwrap();
    let journal = directory.path().join("journal.ndjson");
    let provider = Provider::reopen(&journal).await;
    provider.put("/faults", json!({"transit_ms": 0})).await;
    let done = provider.ship("k1", "s1", "Berlin").await;
    let refused = provider.ship("k2", "s2", "Nowhere Yet").await;
    let by_hand = provider.ship("k3", "s3", "Standstill").await;
    provider.set(&by_hand.body["tracking_number"], "lost").await;
    let before = entries(&provider).await;
    assert_eq!(before.len(), 5);
    provider
        .put(
            "/faults",
            json!({"transit_ms": 600, "carrier_lost_percent": 100}),
        )
        .await;
    let underway = provider.ship("k4", "s4", "Berlin").await;
    drop(provider);

    // The switches are as at the start: what becomes of it was drawn when it was sent.
    let provider = Provider::reopen(&journal).await;
    assert!(directory.path().join("journal.carrier.ndjson").exists());
    let number = |label: &crate::harness::Answer| label.body["tracking_number"].clone();
    let lost = provider.until(&number(&underway), "lost").await;
    let time = |field: &str| -> chrono::DateTime<chrono::Utc> {
        lost[field].as_str().unwrap().parse().unwrap()
    };
    assert_eq!(
        time("status_at") - time("created_at"),
        chrono::TimeDelta::milliseconds(1_200)
    );
    assert_eq!(
        provider.shipment(&number(&done)).await["status"],
        "delivered"
    );
    assert_eq!(provider.shipment(&number(&by_hand)).await["status"], "lost");
    let again = provider.ship("k2", "s2", "Nowhere Yet").await;
    assert_eq!((again.replayed, again.body), (true, refused.body));
    assert_eq!(provider.ship("k5", "s2", "Nowhere Yet").await.status, 201);
    let after = entries(&provider).await;
    assert_eq!(after[..5], before[..]);
    assert_eq!((after.len(), &after[6]["entry"]), (8, &json!("end")));
    let counts = &provider.carrier_summary().await["counts"];
    assert_eq!(
        counts,
        &json!({"entries": 8, "labels": 4, "refused": 1, "ended": 2, "set": 1})
    );
}
