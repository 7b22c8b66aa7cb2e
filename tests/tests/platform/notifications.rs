//! Webhooks of a whole platform, managed on the command line.

use axum::{Router, extract::State, routing::post};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tests::platform::{CommandLine, Placement, Platform, Shape, eventually};
use tokio::net::TcpListener;

type Came = Arc<Mutex<Vec<Value>>>;

/// Somebody who is told; gives its address, and what comes.
async fn receiver() -> (String, Came) {
    let came = Came::default();
    let receive = async |State(came): State<Came>, body: String| {
        let body = serde_json::from_str(&body).expect("what comes is JSON");
        came.lock().expect("nobody panicked").push(body);
    };
    let router = Router::new()
        .route("/hooks", post(receive))
        .with_state(came.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hooks"), came)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_of_and_webhooks_are_managed_by_hand() {
    let private = [("notification.allow_private_addresses", "true")];
    let platform = Platform::start(Shape::AllInOne, &private).await;
    let (p, terminal) = (&platform, CommandLine::of(&platform));
    let (url, came) = receiver().await;
    let created = ["webhooks", "create", &url, "--event", "order.confirmed"];
    let created = terminal.orders(&created).await.well();
    created.says(&["enabled", "order.confirmed", "whsec_"]);
    let list = terminal.orders(&["webhooks", "list", "--json"]).await;
    let list = list.well().json();
    let id = list["items"][0]["webhook_id"]
        .as_str()
        .expect("it has an id");

    p.api.receive("HOOK", 10).await;
    let order = p.api.place(&Placement::of("HOOK", 1, 100)).await.order_id();
    let told = eventually("a webhook", async || {
        let came = came.lock().expect("nobody panicked");
        came.first().cloned().ok_or_else(|| "nothing".to_owned())
    })
    .await;
    assert_eq!(told["type"], "order.confirmed");
    assert_eq!(told["data"]["order_id"], *order);
    let log = [
        "webhooks",
        "deliveries",
        id,
        "--status",
        "delivered",
        "--json",
    ];
    let delivery = eventually("it to be recorded", async || {
        let page = terminal.orders(&log).await.well().json();
        let delivery = page["items"][0]["delivery_id"].as_str();
        delivery.map(str::to_owned).ok_or_else(|| page.to_string())
    })
    .await;
    let shown = terminal.orders(&["webhooks", "deliveries", id]).await;
    shown.well().says(&[&delivery, "delivered", "200"]);

    terminal
        .orders(&["webhooks", "redeliver", &delivery])
        .await
        .well();
    eventually("it to come again", async || {
        let count = came.lock().expect("nobody panicked").len();
        (count == 2).then_some(()).ok_or_else(|| count.to_string())
    })
    .await;
    let rotated = terminal.orders(&["webhooks", "rotate", id]).await;
    rotated.well().says(&["whsec_"]);
    let disabled = terminal.orders(&["webhooks", "disable", id]).await;
    disabled.well().says(&["disabled", "operator"]);
    let range = [
        "webhooks",
        "redeliver",
        id,
        "--from",
        "2026-01-01T00:00:00Z",
    ];
    let range = [&range[..], &["--to", "2100-01-01T00:00:00Z", "--all"]].concat();
    let refused = terminal.orders(&range).await.ended(1);
    refused.says(&["is disabled", "enable"]);
    terminal.orders(&["webhooks", "enable", id]).await.well();
    let change = ["webhooks", "change", id, "--all", "--description", "books"];
    let changed = terminal.orders(&change).await.well();
    changed.says(&["books", "all", &url]);
    let nothing = ["webhooks", "change", id];
    terminal.orders(&nothing).await.ended(2).says(&["--to"]);
    terminal.orders(&range).await.well().says(&["sent again"]);
    let shown = terminal.orders(&["webhooks", "show", id]).await;
    shown.well().says(&["enabled", &url]);
    let emails = terminal.orders(&["emails", "list", "--json"]).await;
    assert_eq!(emails.well().json()["items"], serde_json::json!([]));
    let deleted = terminal.orders(&["webhooks", "delete", id]).await;
    deleted.well().says(&["is deleted"]);
    platform.stop().await;
}
