//! E-mail to customers.

use crate::{
    harness::{Node, World, until},
    smtp::MailServer,
};
use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

async fn world(server: &MailServer) -> World {
    let world = World::new()
        .await
        .set("NOTIFICATION__SMTP_URL", server.url());
    world.set("NOTIFICATION__EMAIL_FROM", "Shop <orders@shop.example>")
}

async fn email_that(node: &Node, is: impl Fn(&Value) -> bool) -> Value {
    until("an e-mail", async || {
        let page = node.get("/v1/emails").await.expect(200);
        let all = page.body["items"].as_array()?.clone();
        all.into_iter().find(|email| is(email))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_written_to_of_what_befalls_their_orders() {
    let server = MailServer::start().await;
    let world = world(&server).await;
    let node = world.node().await;
    world.register("ada", Some("ada@example.com")).await;
    let order = world.confirm("ada").await;
    world.ship_refund_and_cancel(order, "ada").await;
    let mails = server.comes(4).await;
    for mail in &mails {
        assert!(mail.from.contains("<orders@shop.example>"), "{mail:?}");
        assert!(mail.to.contains("<ada@example.com>"), "{mail:?}");
        assert!(mail.text.contains("Message-ID: <") && mail.text.contains("@shop.example>"));
        assert!(mail.text.contains("Hello Ada Lovelace,"), "{mail:?}");
    }
    let subjects = [
        "is confirmed",
        "is on its way",
        "have refunded",
        "is cancelled",
    ];
    for subject in subjects {
        let of = mails.iter().filter(|mail| mail.text.contains(subject));
        assert!(of.count() >= 1, "{subject}");
    }
    until("all to be recorded", async || {
        let page = node.get("/v1/emails?status=delivered").await;
        (page.body["items"].as_array()?.len() == 4).then_some(())
    })
    .await;
    // Nobody's address is kept.
    let mut connection = PgConnection::connect(world.database.url()).await.unwrap();
    let kept: String =
        sqlx::query_scalar("SELECT string_agg(t::text, '') FROM notify.delivery AS t")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert!(
        !kept.contains("ada@") && !kept.contains("Lovelace"),
        "{kept}"
    );
    assert_eq!(server.mails().len(), 4);
    let told = node.get("/notifications").await.body;
    let handed_over = json!([{"name": "email", "circuit": "closed"}]);
    assert_eq!(told["participants"], handed_over);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_written_to_is_skipped_and_it_is_said_why() {
    let server = MailServer::start().await;
    let world = world(&server).await;
    let node = world.node().await;
    world.register("erased", Some("e@example.com")).await;
    world.erase("erased").await;
    world.register("silent", None).await;
    for (customer, why) in [
        ("erased", "the customer was erased"),
        ("nobody", "the customer is not registered"),
        ("silent", "the customer has no e-mail address"),
    ] {
        let order = world.confirm(customer).await.to_string();
        let email = email_that(&node, |one| {
            one["order_id"] == *order && one["status"] == "skipped"
        });
        assert_eq!(email.await["problem"], why);
    }
    assert_eq!(server.asked(), 0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_taken_is_tried_again_and_what_never_will_be_is_parked() {
    let server = MailServer::start().await;
    let world = world(&server).await;
    let node = world.node().await;
    world.register("ada", Some("ada@example.com")).await;
    server.refuses(Some("451 later"));
    world.confirm("ada").await;
    let later = email_that(&node, |one| {
        one["attempts"] == 1 && !one["problem"].is_null()
    })
    .await;
    assert_eq!(
        (&later["status"], &later["problem"]),
        (&json!("pending"), &json!("the server did not take it: 451"))
    );
    server.refuses(None);
    world.clock.put_forward(TimeDelta::seconds(75));
    server.comes(1).await;
    email_that(&node, |one| one["status"] == "delivered").await;

    server.refuses(Some("550 nobody here"));
    world.confirm("ada").await;
    let parked = email_that(&node, |one| one["status"] == "failed").await;
    assert_eq!(parked["problem"], "the server refused it: 550");
    server.refuses(None);
    let id = parked["delivery_id"].as_str().unwrap();
    let again = format!("/v1/emails/{id}/redeliver");
    node.post(&again, json!({})).await.expect(200);
    server.comes(2).await;
    node.post(
        "/v1/emails/01890000-0000-7000-8000-000000000000/redeliver",
        json!({}),
    )
    .await
    .expect(404);
    node.stop().await;
}

/// Those of a time that are more than one request has sent again: request after request they come to an
/// end, also where what is sent again is skipped or delivered again at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_requests_get_on_and_end() {
    const EACH: u64 = 3;
    let server = MailServer::start().await;
    let world = world(&server).await;
    let node = world.node().await;
    world.register("bob", Some("bob@example.com")).await;
    for _ in 0..EACH {
        world.confirm("ada").await;
        world.confirm("bob").await;
    }
    let settled = async || {
        until("all to be settled", async || {
            let page = node.get("/v1/emails").await.expect(200);
            let items = page.body["items"].as_array().cloned().unwrap_or_default();
            let settled = items.iter().all(|one| one["status"] != "pending");
            (settled && items.len() as u64 == 2 * EACH).then_some(())
        })
        .await;
    };
    settled().await;
    let arrived = usize::try_from(EACH).unwrap();
    server.comes(arrived).await;
    // Two at a time; how many that were in all, and in how many requests.
    let all_of = async |skipped: bool, delivered: bool| {
        let (mut count, mut requests, mut after) = (0, 0, Value::Null);
        loop {
            let range = json!({
                "from": Utc::now() - TimeDelta::hours(1),
                "to": Utc::now() + TimeDelta::hours(1),
                "include_skipped": skipped,
                "include_delivered": delivered,
                "after": after,
                "limit": 2,
            });
            let done = node.post("/v1/emails/redeliver", range).await.expect(200);
            count += done.body["redelivered"].as_u64().unwrap();
            requests += 1;
            assert_eq!(done.body["has_more"], !done.body["next_after"].is_null());
            settled().await;
            if done.body["has_more"] == false {
                return (count, requests);
            }
            after = done.body["next_after"].clone();
            assert!(requests < 10, "it does not get on");
        }
    };
    assert_eq!(all_of(false, false).await, (0, 1), "nobody is to be told");
    assert_eq!(all_of(true, false).await, (EACH, 2));
    server.comes(arrived).await;
    assert_eq!(all_of(true, true).await, (2 * EACH, 4));
    let mails = server.comes(2 * arrived).await;
    assert_eq!(mails.len(), 2 * arrived, "each of bob's twice, not more");
    for limit in [0, 10_001] {
        let range = json!({
            "from": Utc::now() - TimeDelta::hours(1),
            "to": Utc::now(),
            "limit": limit,
        });
        let refused = node.post("/v1/emails/redeliver", range).await.expect(422);
        assert_eq!(refused.text("code"), "LIMIT_OUT_OF_RANGE");
    }
    node.stop().await;
}

/// What could not be sent of a time is sent once it can be: once for each request, and nothing of another
/// time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_arrive_within_a_time_is_sent_again() {
    let server = MailServer::start().await;
    let world = world(&server).await;
    let node = world.node().await;
    world.register("bob", Some("bob@example.com")).await;
    let arrived = world.confirm("bob").await.to_string();
    let missed = [world.confirm("ada").await, world.confirm("ada").await];
    for order in missed {
        let order = order.to_string();
        email_that(&node, |one| {
            one["order_id"] == *order && one["status"] == "skipped"
        })
        .await;
    }
    server.comes(1).await;
    world.register("ada", Some("ada@example.com")).await;
    let again = async |key: &str, from: i64, to: i64, all: bool| {
        let at = |hours| (Utc::now() + TimeDelta::hours(hours)).to_rfc3339();
        let range = json!({
            "from": at(from),
            "to": at(to),
            "include_delivered": all,
            "include_skipped": true,
        });
        let path = "/v1/emails/redeliver";
        node.send(Method::POST, path, Some(key), Some(&range)).await
    };
    let none = again("before", -2, -1, true).await.expect(200);
    assert_eq!(none.body, json!({"redelivered": 0, "has_more": false}));
    let empty = again("empty", 1, -1, false).await.expect(422);
    assert_eq!(empty.text("code"), "RANGE_EMPTY");
    let both = again("missed", -1, 1, false).await.expect(200);
    assert_eq!(both.body, json!({"redelivered": 2, "has_more": false}));
    let mails = server.comes(3).await;
    let to_ada = mails.iter().filter(|mail| mail.to.contains("<ada@"));
    assert_eq!(to_ada.count(), 2);
    for order in missed {
        let order = order.to_string();
        email_that(&node, |one| {
            one["order_id"] == *order && one["status"] == "delivered"
        })
        .await;
    }
    // Nothing is left that did not arrive; what did is sent only if that is asked for.
    let nothing = again("later", -1, 1, false).await.expect(200);
    assert_eq!(nothing.body["redelivered"], 0);
    let all = again("all", -1, 1, true).await.expect(200);
    assert_eq!(all.body["redelivered"], 3);
    server.comes(6).await;
    email_that(&node, |one| {
        one["order_id"] == *arrived && one["status"] == "delivered"
    })
    .await;
    node.stop().await;
}
