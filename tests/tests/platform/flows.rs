//! What becomes of an order, in both shapes of the platform: from the POST to the read model, the
//! stock and the provider's books.

use super::fulfilment;
use serde_json::{Value, json};
use tests::platform::{Placement, Platform, Scenario, Shape, eventually, run_all};

/// Calls that are not answered are given up soon, because some of the cards are never answered; and
/// their outcome is asked for more than once, because an inquiry may meet a busy machine.
pub(super) const SETTINGS: [(&str, &str); 2] = [
    ("saga.payment_timeout_ms", "4000"),
    ("saga.inquiry_schedule_s", "1,1,2"),
];

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_to_their_ends_all_in_one() {
    orders_come_to_their_ends(Shape::AllInOne).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_to_their_ends_in_separate_processes() {
    orders_come_to_their_ends(Shape::Separate).await;
}

async fn orders_come_to_their_ends(shape: Shape) {
    let platform = Platform::start(shape, &SETTINGS).await;
    come_to_their_ends(&platform).await;
    platform.stop().await;
}

/// Orders of every kind, each to its end.
pub(super) async fn come_to_their_ends(p: &Platform) {
    let mut scenarios: Vec<Scenario> = vec![
        ("confirmed", Box::pin(a_good_order_is_confirmed(p))),
        ("read your writes", Box::pin(a_write_is_read_at_once(p))),
        ("as it was", Box::pin(an_order_is_shown_as_it_was(p))),
        ("lists and reports", Box::pin(lists_and_reports_have_it(p))),
        (
            "out of stock",
            Box::pin(what_is_out_of_stock_is_rejected(p)),
        ),
        (
            "all or nothing",
            Box::pin(all_lines_are_reserved_or_none(p)),
        ),
        (
            "declined",
            Box::pin(a_declined_card_gives_the_stock_back(p)),
        ),
        ("declined once", Box::pin(a_second_attempt_may_succeed(p))),
        ("unknown", Box::pin(an_unknown_outcome_is_asked_for(p))),
        ("lost", Box::pin(what_never_reached_the_provider_ends(p))),
        ("wrong amount", Box::pin(another_amount_is_given_back(p))),
        ("cancel placed", Box::pin(a_placed_order_is_cancelled(p))),
        (
            "cancel confirmed",
            Box::pin(a_confirmed_order_is_cancelled(p)),
        ),
        (
            "notes and stock",
            Box::pin(notes_and_corrections_are_recorded(p)),
        ),
    ];
    scenarios.extend(fulfilment::scenarios(p));
    run_all(p, scenarios).await;
    // What has to happen before the provider answers: it is asleep until then.
    a_hold_keeps_an_order_from_being_confirmed(p).await;
}

async fn a_good_order_is_confirmed(p: &Platform) {
    p.api.receive("GOOD", 10).await;
    let placed = p.api.place(&Placement::of("GOOD", 3, 1_999)).await;
    let id = placed.order_id();
    assert_eq!(placed.header("location"), format!("/v1/orders/{id}"));
    assert_eq!(placed.header("etag"), "\"1\"");
    assert!(!placed.header("request-id").is_empty());
    assert!(!placed.header("traceparent").is_empty());
    assert_eq!(placed.body["status"], "placed");
    assert_eq!(
        placed.body["total"],
        json!({"amount": 5_997, "currency": "EUR"})
    );

    let order = p.api.order_that_is("confirmed", &id).await;
    assert_eq!(order["total"], json!({"amount": 5_997, "currency": "EUR"}));
    let paid = |order: &Value| order["payment_status"] == "authorized";
    p.api.order_where(&id, "it is paid", paid).await;
    p.api.stock_that_is("GOOD", (10, 0, 3)).await;
    let held = p.provider.authorizations(&id).await;
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(
        (&held[0]["status"], &held[0]["amount"]),
        (&json!("authorized"), &json!(5_997))
    );

    // Who, when and why: placed through the API, confirmed by the policy.
    let timeline = p.api.timeline_with("OrderConfirmed", &id).await;
    assert_eq!(timeline[0]["type"], "OrderPlaced");
    assert_eq!(timeline[0]["actor"], "api");
    let confirmed = of_type(&timeline, "OrderConfirmed");
    let by = confirmed["actor"].as_str().expect("somebody confirmed it");
    assert!(by.contains("policy"), "confirmed by {by}");
    for event in &timeline {
        let recorded = event["recorded_at"]
            .as_str()
            .expect("it was recorded at some time");
        assert!(
            chrono::DateTime::parse_from_rfc3339(recorded).is_ok(),
            "{recorded}"
        );
    }
    let positions: Vec<_> = timeline.iter().map(|e| e["position"].as_i64()).collect();
    assert!(positions.is_sorted(), "{positions:?}");
}

async fn a_write_is_read_at_once(p: &Platform) {
    p.api.receive("FRESH", 1_000).await;
    for _ in 0..20 {
        let placed = p.api.place(&Placement::of("FRESH", 1, 100)).await;
        let path = format!("/v1/orders/{}", placed.order_id());
        let token = placed.header("consistency-token");
        let read = p.api.get_after(token, &path).await.expect(200);
        assert_eq!(read.body["order_id"], placed.body["order_id"]);
        // A list that includes it, too.
        let list = p
            .api
            .get_after(token, "/v1/orders?customer_id=c-1&limit=200")
            .await;
        let items = list.expect(200).body["items"].take();
        let items = items.as_array().expect("a list has items");
        let listed = items
            .iter()
            .any(|item| item["order_id"] == placed.body["order_id"]);
        assert!(listed, "{} is not listed", placed.order_id());
    }
}

async fn an_order_is_shown_as_it_was(p: &Platform) {
    p.api.receive("PAST", 10).await;
    let id = p.api.place(&Placement::of("PAST", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    let first = p
        .api
        .get(&format!("/v1/orders/{id}?version=1"))
        .await
        .expect(200);
    assert_eq!(first.body["status"], "placed");
    let timeline = p.api.timeline_with("OrderConfirmed", &id).await;
    let time_of = |name: &str| {
        let time = of_type(&timeline, name)["recorded_at"]
            .as_str()
            .expect("a time");
        time.replace('+', "%2B")
    };
    for (time, status) in [
        (time_of("OrderPlaced"), "placed"),
        (time_of("OrderConfirmed"), "confirmed"),
    ] {
        let then = p
            .api
            .get(&format!("/v1/orders/{id}?as_of={time}"))
            .await
            .expect(200);
        assert_eq!(then.body["status"], status, "as of {time}");
    }
    for (query, status) in [
        ("version=99", 404),
        ("as_of=2001-01-01T00:00:00Z", 404),
        ("version=x", 400),
    ] {
        p.api
            .get(&format!("/v1/orders/{id}?{query}"))
            .await
            .expect(status);
    }
}

async fn lists_and_reports_have_it(p: &Platform) {
    p.api.receive("LISTED", 100).await;
    let mut ids = vec![];
    for quantity in 1..=5 {
        let placement = Placement::of("LISTED", quantity, 100)
            .customer("c-listed")
            .currency("CHF")
            .reference(&format!("L-{quantity}"));
        ids.push(p.api.place(&placement).await.order_id());
    }
    for id in &ids {
        p.api.order_that_is("confirmed", id).await;
    }
    let listed = eventually("the customer's orders", async || {
        let listed = p.api.list("/v1/customers/c-listed/orders").await?;
        (listed.len() == 5)
            .then_some(())
            .ok_or_else(|| format!("{listed:?}"))?;
        Ok(listed)
    });
    assert_eq!(listed.await.len(), 5);
    let filter = "/v1/orders?customer_id=c-listed&status=confirmed&currency=CHF&sort=-total";
    let sorted = p.api.list(filter).await.expect("the list can be read");
    let totals: Vec<_> = sorted
        .iter()
        .map(|o| o["total"]["amount"].as_i64())
        .collect();
    assert_eq!(totals, [500, 400, 300, 200, 100].map(Some));
    // In pages of two, each order once.
    let mut paged = vec![];
    let mut cursor = String::new();
    for _ in 0..3 {
        let page = p
            .api
            .get(&format!("{filter}&limit=2{cursor}"))
            .await
            .expect(200)
            .body;
        let items = page["items"].as_array().expect("a list has items").clone();
        paged.extend(items.iter().map(|item| item["order_id"].clone()));
        let next = page["next_cursor"].as_str().unwrap_or_default();
        cursor = format!("&cursor={next}");
    }
    let whole: Vec<_> = sorted.iter().map(|item| item["order_id"].clone()).collect();
    assert_eq!(paged, whole);
    eventually("the sales report", async || {
        let sales = p.api.sales("CHF").await?;
        (sales == (5, 1_500, 1_500))
            .then_some(())
            .ok_or_else(|| format!("{sales:?}"))
    })
    .await;
}

async fn what_is_out_of_stock_is_rejected(p: &Platform) {
    p.api.receive("RARE", 1).await;
    let id = p.api.place(&Placement::of("RARE", 2, 100)).await.order_id();
    p.api.order_that_is("rejected", &id).await;
    p.api.stock_that_is("RARE", (1, 0, 0)).await;
    assert_eq!(p.provider.statuses(&id).await, [""; 0]);
    let timeline = p.api.timeline_with("OrderRejected", &id).await;
    let why = of_type(&timeline, "OrderRejected").to_string();
    assert!(why.contains("out_of_stock"), "{why}");
    // Never heard of, too.
    let id = p
        .api
        .place(&Placement::of("UNHEARD-OF", 1, 100))
        .await
        .order_id();
    p.api.order_that_is("rejected", &id).await;
}

async fn all_lines_are_reserved_or_none(p: &Platform) {
    p.api.receive("HAVE", 10).await;
    p.api.receive("HAVE-NOT", 1).await;
    let both = Placement::of("HAVE", 2, 100)
        .and("HAVE-NOT", 2, 100)
        .and("HAVE", 1, 100);
    let id = p.api.place(&both).await.order_id();
    p.api.order_that_is("rejected", &id).await;
    p.api.stock_that_is("HAVE", (10, 0, 0)).await;
    p.api.receive("HAVE-NOT", 1).await;
    let id = p.api.place(&both).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    p.api.stock_that_is("HAVE", (10, 0, 3)).await;
    p.api.stock_that_is("HAVE-NOT", (2, 0, 2)).await;
}

async fn a_declined_card_gives_the_stock_back(p: &Platform) {
    p.api.receive("DECLINED", 5).await;
    let declined = Placement::of("DECLINED", 2, 100).card("tok_decline");
    let id = p.api.place(&declined).await.order_id();
    let order = p.api.order_that_is("rejected", &id).await;
    p.api.stock_that_is("DECLINED", (5, 0, 0)).await;
    // As often as the settings allow, and each attempt under a key of its own.
    assert_eq!(p.provider.statuses(&id).await, ["declined", "declined"]);
    let timeline = p.api.timeline_with("OrderRejected", &id).await;
    let why = of_type(&timeline, "OrderRejected").to_string();
    assert!(
        why.contains("payment_declined") && why.contains("card_declined"),
        "{why}"
    );
    assert_eq!(order["payment_status"], "declined");
}

async fn a_second_attempt_may_succeed(p: &Platform) {
    p.api.receive("TWICE", 5).await;
    let once = Placement::of("TWICE", 2, 100).card("tok_decline_once");
    let id = p.api.place(&once).await.order_id();
    p.api.order_that_is("confirmed", &id).await;
    assert_eq!(p.provider.statuses(&id).await, ["declined", "authorized"]);
}

async fn an_unknown_outcome_is_asked_for(p: &Platform) {
    p.api.receive("UNKNOWN", 5).await;
    let times_out = Placement::of("UNKNOWN", 2, 100).card("tok_timeout");
    let id = p.api.place(&times_out).await.order_id();
    p.api.timeline_with("PaymentOutcomeUnknown", &id).await;
    p.api.order_that_is("confirmed", &id).await;
    // No compensation meanwhile, and no second charge.
    assert_eq!(p.provider.statuses(&id).await, ["authorized"]);
    p.api.stock_that_is("UNKNOWN", (5, 0, 2)).await;
}

async fn what_never_reached_the_provider_ends(p: &Platform) {
    p.api.receive("LOST", 5).await;
    let lost = Placement::of("LOST", 2, 100).card("tok_timeout_lost");
    let id = p.api.place(&lost).await.order_id();
    p.api.timeline_with("PaymentParked", &id).await;
    // Both of its attempts are lost, and each waits for an operator, who finds nothing set aside.
    for attempt in 1..=2 {
        let task = eventually(&format!("attempt {attempt} waits"), async || {
            let parked = p.parked();
            let mut mine = parked.iter().filter(|task| task["order_id"] == *id);
            let mine = mine.find(|task| task["task"]["call"]["inquire"]["attempt"] == attempt);
            mine.cloned()
                .ok_or_else(|| format!("there is only {parked:?}"))
        })
        .await;
        let task = task["id"].as_str().expect("it has an id");
        p.saga(&["settle", task]);
    }
    p.api.order_that_is("rejected", &id).await;
    assert_eq!(p.provider.statuses(&id).await, [""; 0]);
    p.api.stock_that_is("LOST", (5, 0, 0)).await;
}

async fn another_amount_is_given_back(p: &Platform) {
    p.api.receive("WRONG", 5).await;
    let wrong = Placement::of("WRONG", 2, 100).card("tok_wrong_amount");
    let id = p.api.place(&wrong).await.order_id();
    p.api.order_that_is("rejected", &id).await;
    provider_says(p, &id, &["voided"]).await;
    p.api.stock_that_is("WRONG", (5, 0, 0)).await;
    p.api.timeline_with("PaymentIntegrityMismatch", &id).await;
}

async fn a_hold_keeps_an_order_from_being_confirmed(p: &Platform) {
    p.api.receive("HELD", 10).await;
    let provider = p.process("sandbox");
    provider.pause();
    let id = p.api.place(&Placement::of("HELD", 2, 100)).await.order_id();
    let holds = format!("/v1/orders/{id}/holds");
    let hold = json!({"hold": "fraud-check", "reason": "first order"});
    p.api.post(&holds, &hold).await.expect(200);
    provider.go_on();
    let paid = |order: &Value| order["payment_status"] == "authorized";
    p.api.order_where(&id, "it is paid", paid).await;
    // Whatever came after the authorization has been seen by the policies, so it was, too.
    let later = p.api.place(&Placement::of("HELD", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &later).await;
    let held = p.api.get(&format!("/v1/orders/{id}")).await.expect(200);
    assert_eq!(held.body["status"], "placed");
    // Released twice: the second time is no error.
    for _ in 0..2 {
        let release = format!("{holds}/fraud-check/release");
        p.api.post(&release, &json!({})).await.expect(200);
    }
    p.api.order_that_is("confirmed", &id).await;
    p.api.stock_that_is("HELD", (10, 0, 3)).await;
}

/// The provider has set the money aside, and its answer is still to come. Were it not certain that it was asked,
/// the cancellation might come first: then it is only asked what became of a payment that it knows nothing of,
/// again and again for some minutes, and nothing is ever voided.
async fn a_placed_order_is_cancelled(p: &Platform) {
    p.api.receive("LEAVE", 5).await;
    let leaves = Placement::of("LEAVE", 2, 100).card("tok_timeout");
    let id = p.api.place(&leaves).await.order_id();
    provider_says(p, &id, &["authorized"]).await;
    p.api
        .timeline_with("PaymentAuthorizationRequested", &id)
        .await;
    let cancel = format!("/v1/orders/{id}/cancel");
    let reason = json!({"reason": "changed their mind"});
    let answer = p.api.post(&cancel, &reason).await.expect(202);
    assert_eq!(answer.body["status"], "cancelling");
    assert_eq!(answer.body["watch"], format!("/v1/orders/{id}"));
    p.api.order_that_is("cancelled", &id).await;
    p.api.stock_that_is("LEAVE", (5, 0, 0)).await;
    provider_says(p, &id, &["voided"]).await;
    let timeline = p.api.timeline_with("OrderCancelled", &id).await;
    let why = of_type(&timeline, "CancellationRequested").to_string();
    assert!(why.contains("changed their mind"), "{why}");
    // Cancelled again: nothing more happens.
    let again = p.api.post(&cancel, &reason).await.expect(200);
    assert_eq!(again.body["status"], "cancelled");
}

async fn a_confirmed_order_is_cancelled(p: &Platform) {
    p.api.receive("RETURN", 5).await;
    let id = p
        .api
        .place(&Placement::of("RETURN", 2, 100))
        .await
        .order_id();
    p.api.order_that_is("confirmed", &id).await;
    p.api.stock_that_is("RETURN", (5, 0, 2)).await;
    let cancel = format!("/v1/orders/{id}/cancel");
    p.api
        .post(&cancel, &json!({"reason": "too late"}))
        .await
        .expect(202);
    let order = p.api.order_that_is("cancelled", &id).await;
    p.api.stock_that_is("RETURN", (5, 0, 0)).await;
    provider_says(p, &id, &["voided"]).await;
    assert_eq!(order["payment_status"], "voided");
}

async fn notes_and_corrections_are_recorded(p: &Platform) {
    p.api.receive("NOTED", 5).await;
    let id = p
        .api
        .place(&Placement::of("NOTED", 1, 100))
        .await
        .order_id();
    let note = json!({"text": "ring twice"});
    p.api
        .post(&format!("/v1/orders/{id}/notes"), &note)
        .await
        .expect(200);
    let timeline = p.api.timeline_with("NoteAdded", &id).await;
    assert!(
        of_type(&timeline, "NoteAdded")
            .to_string()
            .contains("ring twice")
    );
    p.api.order_that_is("confirmed", &id).await;
    let correction = json!({"delta": -2, "reason": "damaged"});
    let adjustments = "/v1/stock/NOTED/adjustments";
    p.api.post(adjustments, &correction).await.expect(201);
    p.api.stock_that_is("NOTED", (3, 0, 1)).await;
    let too_much = json!({"delta": -3, "reason": "damaged"});
    let refused = p.api.post(adjustments, &too_much).await.expect(409);
    assert_eq!(
        (refused.code(), refused.pointer()),
        ("STOCK_PROMISED", "/delta")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_expires_and_the_late_payment_is_given_back() {
    let settings = [
        // Long enough for what is paid at once, on a busy machine.
        ("saga.reservation_ttl_s", "6"),
        ("saga.payment_timeout_ms", "60000"),
    ];
    let platform = Platform::start(Shape::AllInOne, &settings).await;
    let p = &platform;
    p.api.receive("LATE", 5).await;
    let provider = p.process("sandbox");
    provider.pause();
    let id = p.api.place(&Placement::of("LATE", 2, 100)).await.order_id();
    p.api.order_that_is("expired", &id).await;
    p.api.stock_that_is("LATE", (5, 0, 0)).await;
    // The provider says yes after that: nobody keeps the customer's money.
    provider.go_on();
    p.api.timeline_with("LatePaymentReversed", &id).await;
    provider_says(p, &id, &["voided"]).await;
    let order = p.api.get(&format!("/v1/orders/{id}")).await.expect(200);
    assert_eq!(order.body["status"], "expired");
    // What is paid in time does not expire: its time limit passes, and it is still confirmed.
    let quick = p.api.place(&Placement::of("LATE", 1, 100)).await.order_id();
    p.api.order_that_is("confirmed", &quick).await;
    provider.pause();
    let second = p.api.place(&Placement::of("LATE", 2, 100)).await.order_id();
    p.api.order_that_is("expired", &second).await;
    provider.go_on();
    let quick = p.api.get(&format!("/v1/orders/{quick}")).await.expect(200);
    assert_eq!(quick.body["status"], "confirmed");
    p.stop().await;
}

pub(super) fn of_type<'a>(timeline: &'a [Value], event_type: &str) -> &'a Value {
    let found = timeline.iter().find(|event| event["type"] == *event_type);
    found.unwrap_or_else(|| panic!("no {event_type} in {timeline:?}"))
}

pub(super) async fn provider_says(p: &Platform, order_id: &str, wanted: &[&str]) {
    eventually("the provider's books", async || {
        let statuses = p.provider.statuses(order_id).await;
        (statuses == wanted)
            .then_some(())
            .ok_or_else(|| format!("{statuses:?}"))
    })
    .await;
}
