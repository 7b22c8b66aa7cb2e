//! The client of the payment provider, against the sandbox and against servers that misbehave.

use crate::{
    harness::{DEADLINE, Tasks, sandbox, serve, within},
    misbehaving::{always, breaking, endless, nobody_listens, redirecting},
};
use axum::{Router, http::StatusCode};
use domain::{Currency, Money, OrderId};
use saga::provider::{
    Authorization, AuthorizeRequest, CallError, HttpPaymentProvider, PaymentProvider,
};
use sandbox::{Faults, Sandbox};
use std::{
    pin::pin,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};
use tokio::time::timeout;
use uuid::Uuid;

fn eur(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

fn request(key: &str, card: &str) -> AuthorizeRequest {
    AuthorizeRequest {
        order_id: OrderId::new(Uuid::from_u128(1)),
        amount: eur(1_999),
        payment_method: card.into(),
        idempotency_key: key.into(),
    }
}

/// A client that waits so long.
fn client(url: &str, millis: u64) -> HttpPaymentProvider {
    HttpPaymentProvider::new(url, Duration::from_millis(millis)).unwrap()
}

async fn start() -> (Tasks, Sandbox, HttpPaymentProvider) {
    let tasks = Tasks::default();
    let (sandbox, url) = sandbox(&tasks).await;
    (tasks, sandbox, client(&url, 30_000))
}

fn id(authorization: Result<Authorization, CallError>) -> String {
    match authorization {
        Ok(Authorization::Authorized {
            authorization_id,
            amount,
            expires_at: _,
        }) => {
            assert_eq!(amount, eur(1_999));
            authorization_id
        }
        other => panic!("it is authorized: {other:?}"),
    }
}

fn declined(code: &str) -> Result<Authorization, CallError> {
    Ok(Authorization::Declined { code: code.into() })
}

fn refused<T>(code: &str) -> Result<T, CallError> {
    Err(CallError::Refused(code.into()))
}

fn is_unknown<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Unknown(_)))
}

/// Nobody has heard of it.
fn is_unreached<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Unreached(_)))
}

fn is_later<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Later(_)))
}

#[tokio::test]
async fn the_same_key_is_authorized_once_and_can_be_asked_for() {
    let (_tasks, sandbox, provider) = start().await;
    let first = id(provider.authorize(&request("k", "tok_approve")).await);
    assert_eq!(
        id(provider.authorize(&request("k", "tok_approve")).await),
        first
    );
    assert_eq!(id(provider.inquire("k").await), first);
    assert_eq!(sandbox.summary().counts.authorized, 1);
    assert_eq!(provider.inquire("other").await, Err(CallError::NotFound));
}

#[tokio::test]
async fn cards_are_declined_with_the_code_of_the_provider() {
    let (_tasks, _, provider) = start().await;
    for (card, code) in [
        ("tok_decline", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
    ] {
        assert_eq!(
            provider.authorize(&request(card, card)).await,
            declined(code)
        );
        assert_eq!(provider.inquire(card).await, declined(code));
    }
    let once = |key: &'static str| request(key, "tok_decline_once");
    let (_tasks, _, provider) = start().await;
    assert_eq!(
        provider.authorize(&once("1")).await,
        declined("card_declined")
    );
    id(provider.authorize(&once("2")).await);
    assert_eq!(
        provider.authorize(&once("1")).await,
        declined("card_declined")
    );
}

#[tokio::test]
async fn the_amount_is_what_the_provider_says() {
    let (_tasks, _, provider) = start().await;
    match provider.authorize(&request("k", "tok_wrong_amount")).await {
        Ok(Authorization::Authorized { amount, .. }) => assert_eq!(amount, eur(2_000)),
        other => panic!("it is authorized: {other:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_unknown_until_it_is_asked_for() {
    let tasks = Tasks::default();
    let (sandbox, url) = sandbox(&tasks).await;
    // Waits long enough for the provider to have got the call, and then no more.
    let hasty = client(&url, 1_000);
    let patient = client(&url, 30_000);
    for card in ["tok_timeout", "tok_slow_60000"] {
        assert!(is_unknown(&hasty.authorize(&request(card, card)).await));
        id(patient.inquire(card).await);
    }
    assert_eq!(sandbox.summary().counts.authorized, 2);
    for card in ["tok_timeout_lost", "tok_error"] {
        assert!(is_unknown(&hasty.authorize(&request(card, card)).await));
        assert_eq!(patient.inquire(card).await, Err(CallError::NotFound));
    }
    // Slow, and yet in time.
    id(patient.authorize(&request("k", "tok_slow_400")).await);
}

#[tokio::test]
async fn what_is_set_aside_is_taken_or_given_back_but_not_both() {
    let (_tasks, sandbox, provider) = start().await;
    let given_back = id(provider.authorize(&request("a1", "tok_approve")).await);
    assert_eq!(provider.void(&given_back, "v1").await, Ok(()));
    assert_eq!(provider.void(&given_back, "v1").await, Ok(()));
    assert_eq!(provider.void(&given_back, "v2").await, Ok(()));
    assert_eq!(
        provider.capture(&given_back, eur(1), "c1").await,
        refused("AUTHORIZATION_VOIDED")
    );
    assert_eq!(provider.inquire("a1").await, declined("voided"));

    let taken = id(provider.authorize(&request("a2", "tok_approve")).await);
    assert_eq!(provider.capture(&taken, eur(1_999), "c2").await, Ok(()));
    assert_eq!(provider.capture(&taken, eur(1_999), "c2").await, Ok(()));
    assert_eq!(
        provider.capture(&taken, eur(1), "c3").await,
        refused("AMOUNT_TOO_HIGH")
    );
    assert_eq!(
        provider.void(&taken, "v3").await,
        refused("AUTHORIZATION_CAPTURED")
    );
    assert_eq!(id(provider.inquire("a2").await), taken);
    let counts = sandbox.summary().counts;
    assert_eq!((counts.voided, counts.captured), (1, 1));
}

#[tokio::test]
async fn what_was_taken_is_given_back_in_parts() {
    let (_tasks, sandbox, provider) = start().await;
    let taken = id(provider.authorize(&request("a", "tok_approve")).await);
    assert_eq!(
        provider.refund(&taken, eur(1), "r0").await,
        refused("AUTHORIZATION_NOT_CAPTURED")
    );
    assert_eq!(provider.capture(&taken, eur(1_500), "c").await, Ok(()));
    for key in ["r1", "r1", "r2"] {
        assert_eq!(
            provider.refund(&taken, eur(700), key).await,
            Ok(()),
            "{key}"
        );
    }
    assert_eq!(
        provider.refund(&taken, eur(101), "r3").await,
        refused("AMOUNT_TOO_HIGH")
    );
    let pounds = Money::new(1, Currency::parse("GBP").unwrap());
    assert_eq!(
        provider.refund(&taken, pounds, "r3").await,
        refused("CURRENCY_MISMATCH")
    );
    // The key was of another amount: who knows what was given back under it.
    assert!(is_unknown(&provider.refund(&taken, eur(1), "r1").await));
    assert_eq!(
        provider.refund("auth_1", eur(1), "r4").await,
        Err(CallError::NotFound)
    );
    let summary = sandbox.summary();
    let totals = summary.currencies.values().next().unwrap();
    assert_eq!((summary.counts.refunded, totals.refunded), (2, 1_400));
    // It was authorized, whatever became of it since.
    assert_eq!(id(provider.inquire("a").await), taken);
}

#[tokio::test]
async fn a_refund_without_an_answer_is_made_once() {
    let tasks = Tasks::default();
    let (sandbox, url) = sandbox(&tasks).await;
    let (hasty, patient) = (client(&url, 1_000), client(&url, 30_000));
    let taken = id(patient.authorize(&request("a", "tok_approve")).await);
    assert_eq!(patient.capture(&taken, eur(1_999), "c").await, Ok(()));
    sandbox
        .set_faults(Faults {
            timeout_after_success_percent: 100.0,
            ..Faults::default()
        })
        .unwrap();
    assert!(is_unknown(&hasty.refund(&taken, eur(1_999), "r").await));
    assert_eq!(patient.refund(&taken, eur(1_999), "r").await, Ok(()));
    assert_eq!(sandbox.summary().counts.refunded, 1);
}

#[tokio::test]
async fn a_capture_is_refused_for_good_on_its_key() {
    let (_tasks, sandbox, provider) = start().await;
    let always = id(provider
        .authorize(&request("a1", "tok_capture_fails"))
        .await);
    let once = request("a2", "tok_capture_fails_once");
    let once = id(provider.authorize(&once).await);
    for (key, authorization) in [
        ("c1", &always),
        ("c1", &always),
        ("c2", &always),
        ("c3", &once),
        ("c3", &once),
    ] {
        assert_eq!(
            provider.capture(authorization, eur(1_999), key).await,
            refused("CAPTURE_DECLINED")
        );
    }
    assert_eq!(provider.capture(&once, eur(1_999), "c4").await, Ok(()));
    let counts = sandbox.summary().counts;
    assert_eq!((counts.captures_declined, counts.captured), (3, 1));
}

#[tokio::test]
async fn a_request_that_breaks_the_providers_rules_is_refused() {
    let (_tasks, sandbox, provider) = start().await;
    let free = AuthorizeRequest {
        amount: eur(0),
        ..request("k1", "tok_approve")
    };
    assert_eq!(provider.authorize(&free).await, refused("INVALID_FIELD"));
    id(provider.authorize(&request("k2", "tok_approve")).await);
    let other = AuthorizeRequest {
        amount: eur(5),
        ..request("k2", "tok_approve")
    };
    assert!(is_unknown(&provider.authorize(&other).await));
    assert_eq!(sandbox.summary().counts.operations, 1);
}

/// What the provider, or a shop, calls things cannot lead a call elsewhere.
#[tokio::test]
async fn names_are_names_whatever_is_in_them() {
    let (_tasks, _, provider) = start().await;
    for name in [
        "a/b",
        "../ledger",
        "?x=1",
        "#",
        "%2e%2e",
        "ä ö",
        "..",
        "a\nb",
    ] {
        let inquired = provider.inquire(name).await;
        assert!(inquired.is_err(), "{name:?}: {inquired:?}");
        let voided = provider.void(name, "k").await;
        assert!(voided.is_err(), "{name:?}: {voided:?}");
    }
    let key = "shop 1/ä:order?#%41";
    assert_eq!(provider.inquire(key).await, Err(CallError::NotFound));
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_a_few_times_and_then_later() {
    // Nobody else can listen on a port that is taken.
    let (_taken, url) = nobody_listens();
    let provider = client(&url, 1_000);
    let began = Instant::now();
    let authorized = provider.authorize(&request("k", "tok")).await;
    assert!(is_unreached(&authorized), "{authorized:?}");
    assert!(is_unreached(&provider.inquire("k").await));
    assert!(is_unreached(&provider.void("a", "k").await));
    assert!(is_unreached(&provider.capture("a", eur(1), "k").await));
    assert!(is_unreached(&provider.refund("a", eur(1), "k").await));
    assert!(began.elapsed() < DEADLINE / 3, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_provider_that_comes_back_meanwhile_answers_the_same_call() {
    let (socket, url) = nobody_listens();
    let provider = client(&url, 30_000);
    let request = request("k", "tok");
    let mut calling = pin!(provider.authorize(&request));
    // It has been refused once, and waits before it calls again.
    let at_first = timeout(Duration::from_millis(1), &mut calling).await;
    assert!(at_first.is_err(), "answered by nobody: {at_first:?}");
    let tasks = Tasks::default();
    let listener = socket.listen(16).unwrap();
    let router = Sandbox::new(Default::default()).router();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    id(calling.await);
}

#[tokio::test]
async fn a_provider_that_is_busy_is_asked_a_bounded_number_of_times() {
    let tasks = Tasks::default();
    for status in [409, 425, 429, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, asked) = always(&tasks, move |_| (status, "busy")).await;
        let provider = client(&url, 30_000);
        assert!(is_later(&provider.authorize(&request("k", "tok")).await));
        assert_eq!(asked.load(Relaxed), 4, "{status}");
    }
    const AUTHORIZED: &str =
        r#"{"authorization_id":"a","status":"authorized","amount":1999,"currency":"EUR"}"#;
    let (url, asked) = always(&tasks, |n| match n {
        0 => (StatusCode::CONFLICT, r#"{"code":"IN_PROGRESS"}"#),
        1 => (StatusCode::TOO_MANY_REQUESTS, ""),
        _ => (StatusCode::OK, AUTHORIZED),
    })
    .await;
    let provider = client(&url, 30_000);
    assert_eq!(id(provider.authorize(&request("k", "tok")).await), "a");
    assert_eq!(asked.load(Relaxed), 3);
}

#[tokio::test]
async fn a_mistake_in_the_settings_declines_nothing() {
    let tasks = Tasks::default();
    for status in [301, 307, 401, 403, 404, 405] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, asked) = always(&tasks, move |_| (status, "<html>")).await;
        let provider = client(&url, 30_000);
        assert!(is_later(&provider.authorize(&request("k", "tok")).await));
        assert!(is_later(&provider.inquire("k").await));
        assert!(is_later(&provider.void("a", "k").await));
        assert!(is_later(&provider.refund("a", eur(1), "k").await));
        assert_eq!(asked.load(Relaxed), 4, "{status}: not at once again");
    }
}

#[tokio::test]
async fn a_provider_that_breaks_leaves_it_unknown() {
    let tasks = Tasks::default();
    for (status, body) in [
        (500, "{}"),
        (502, "<html>"),
        (504, ""),
        (200, ""),
        (200, "<html>"),
        (200, r#"{"authorization_id":"a","status":"authorized"}"#),
        (
            200,
            r#"{"authorization_id":"a","status":"authorized","amount":1e99,"currency":"EUR"}"#,
        ),
        (
            200,
            r#"{"authorization_id":"a","status":"authorized","amount":1,"currency":"euro"}"#,
        ),
        (
            200,
            r#"{"authorization_id":"a","status":"who knows","amount":1,"currency":"EUR"}"#,
        ),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let (url, asked) = always(&tasks, move |_| (status, body)).await;
        let provider = client(&url, 30_000);
        assert!(is_unknown(&provider.authorize(&request("k", "tok")).await));
        assert!(is_unknown(&provider.inquire("k").await));
        assert!(is_unknown(&provider.void("a", "k").await));
        assert!(is_unknown(&provider.capture("a", eur(1), "k").await));
        assert!(is_unknown(&provider.refund("a", eur(1), "k").await));
        assert_eq!(asked.load(Relaxed), 5, "{status} {body}");
    }
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let tasks = Tasks::default();
    let (_, elsewhere) = sandbox(&tasks).await;
    let url = redirecting(&tasks, format!("{elsewhere}/authorizations")).await;
    let provider = client(&url, 30_000);
    assert!(is_later(&provider.authorize(&request("k", "tok")).await));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let tasks = Tasks::default();
    let url = endless(&tasks).await;
    let provider = client(&url, 20_000);
    let request = request("k", "tok");
    let answered = within("the end", provider.authorize(&request)).await;
    assert!(is_unknown(&answered), "{answered:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_it_unknown() {
    let tasks = Tasks::default();
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        "garbage\r\n\r\n",
    ] {
        let url = breaking(&tasks, answer).await;
        let provider = client(&url, 30_000);
        let answered = provider.authorize(&request("k", "tok")).await;
        assert!(is_unknown(&answered), "{answer:?}: {answered:?}");
    }
}

#[tokio::test]
async fn a_provider_may_live_below_a_path() {
    let tasks = Tasks::default();
    let sandbox = Sandbox::new(Default::default());
    let router = Router::new().nest_service("/pay/v1", sandbox.router());
    let url = serve(router, &tasks).await;
    for base in [format!("{url}/pay/v1"), format!("{url}/pay/v1/")] {
        let provider = client(&base, 30_000);
        id(provider.authorize(&request(&base, "tok")).await);
        id(provider.inquire(&base).await);
    }
}
