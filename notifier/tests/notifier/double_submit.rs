//! Every POST about webhooks and e-mails sent three times at once, to two processes: it has one effect, and
//! one answer.

use crate::{
    harness::{Answered, Node, World, until},
    receiver::Receiver,
    smtp::MailServer,
};
use futures::{StreamExt, future::join3, stream};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// How often each is sent so.
const TIMES: u64 = 1_000;

/// How many of these are under way at once.
const AT_ONCE: usize = 4;

/// Who is sent to: two processes over one database.
struct Processes([Node; 2]);

impl Processes {
    /// Sends the same three times at once; the one answer, and its version.
    async fn post(&self, path: &str, body: &Value) -> Answered {
        let key = Uuid::now_v7().to_string();
        let send =
            |process: usize| self.0[process].send(Method::POST, path, Some(&key), Some(body));
        let (one, two, three) = join3(send(0), send(1), send(0)).await;
        let in_work = |answer: &Answered| answer.text("code") == "REQUEST_IN_PROGRESS";
        let mut answers = vec![one, two, three];
        answers.retain(|answer| !in_work(answer));
        let is_again = |answer: &Answered| answer.headers.contains_key("idempotent-replayed");
        answers.sort_by_key(is_again);
        let first = answers.remove(0);
        assert!(first.status.is_success(), "{path}: {first:?}");
        assert!(!is_again(&first), "{path}: {first:?}");
        for again in &answers {
            let same = (again.status, &again.body, again.headers.get("etag"));
            let told = (first.status, &first.body, first.headers.get("etag"));
            assert_eq!(same, told, "{path}");
            assert!(is_again(again), "{path} is done twice: {again:?}");
        }
        first
    }

    /// The life of a webhook: each step makes it another version, once.
    async fn life(&self) -> BTreeSet<&'static str> {
        let wanted =
            json!({"url": "https://receiver.invalid/hooks", "events": ["order.cancelled"]});
        let made = self.post("/v1/webhooks", &wanted).await;
        let path = format!("/v1/webhooks/{}", made.text("webhook_id"));
        let mut secrets = BTreeSet::from([made.text("secret").to_owned()]);
        for (version, what) in (2..).zip(["rotate", "disable", "enable"]) {
            let done = self.post(&format!("{path}/{what}"), &json!({})).await;
            assert_eq!(done.body["version"], version, "{what}: {done:?}");
            if what == "rotate" {
                secrets.insert(done.text("secret").to_owned());
            }
        }
        assert_eq!(secrets.len(), 2);
        let range = json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"});
        let none = self.post(&format!("{path}/redeliver"), &range).await;
        assert_eq!(none.body["redelivered"], 0);
        let gone = self.0[1].send(Method::DELETE, &path, None, None).await;
        gone.expect(200);
        BTreeSet::from([
            "/v1/webhooks",
            "/v1/webhooks/{webhook_id}/rotate",
            "/v1/webhooks/{webhook_id}/disable",
            "/v1/webhooks/{webhook_id}/enable",
            "/v1/webhooks/{webhook_id}/redeliver",
        ])
    }

    /// A delivery to a webhook, an e-mail, and all e-mails that did not arrive, once more.
    async fn again(&self, delivery: &str, email: &str) -> BTreeSet<&'static str> {
        for (of, id) in [("webhooks/deliveries", delivery), ("emails", email)] {
            let path = format!("/v1/{of}/{id}/redeliver");
            let done = self.post(&path, &json!({})).await;
            assert_eq!(done.text("delivery_id"), id);
        }
        let range = json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"});
        let none = self.post("/v1/emails/redeliver", &range).await;
        assert_eq!(none.body["redelivered"], 0);
        BTreeSet::from([
            "/v1/webhooks/deliveries/{delivery_id}/redeliver",
            "/v1/emails/{delivery_id}/redeliver",
            "/v1/emails/redeliver",
        ])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_post_that_is_sent_three_times_at_once_has_one_effect() {
    let server = MailServer::start().await;
    let world = World::new()
        .await
        .set("NOTIFICATION__SMTP_URL", server.url())
        .set("NOTIFICATION__EMAIL_FROM", "Shop <orders@shop.example>");
    let receiver = Receiver::start().await;
    let (first, second) = (world.node().await, world.node().await);
    let (endpoint, _) = first.endpoint(&receiver.url("told")).await;
    world.confirm("nobody").await;
    let told = first.delivery_that(&endpoint, |_| true).await;
    let email = until("an e-mail", async || {
        let page = first.get("/v1/emails").await.expect(200);
        page.body["items"].get(0).cloned()
    })
    .await;
    let id = |delivery: &Value| delivery["delivery_id"].as_str().unwrap().to_owned();
    let (delivery, email) = (id(&told), id(&email));
    let processes = Processes([first, second]);
    let sent_to = stream::iter(0..TIMES)
        .map(|_| async {
            let mut sent_to = processes.life().await;
            sent_to.extend(processes.again(&delivery, &email).await);
            sent_to
        })
        .buffer_unordered(AT_ONCE)
        .fold(BTreeSet::new(), async |all, more| &all | &more)
        .await;
    // The one that was made by hand is all that is left.
    let left = processes.0[0].get("/v1/webhooks").await.expect(200);
    assert_eq!(left.body["items"].as_array().unwrap().len(), 1);
    let document = serde_json::to_value(notifier::openapi()).unwrap();
    let described = document["paths"].as_object().unwrap().iter();
    let described = described.filter(|(_, operations)| operations.get("post").is_some());
    let described: BTreeSet<&str> = described.map(|(path, _)| path.as_str()).collect();
    assert_eq!(sent_to, described, "every POST that there is");
    let [first, second] = processes.0;
    first.stop().await;
    second.stop().await;
}
