//! What the API promises about requests that are repeated, conditional, or wrong.

mod headers;
mod malformed;
mod operations;
mod projections;
mod refusals;
mod repeated;
pub(super) mod webhooks;

pub(super) use webhooks::SETTINGS;

use serde_json::Value;
use tests::platform::{Answer, Placement, Platform, Scenario, Shape, run_all};

#[tokio::test(flavor = "multi_thread")]
async fn the_api_keeps_its_promises() {
    let platform = Platform::start(Shape::AllInOne, &SETTINGS).await;
    let p = &platform;
    promises_are_kept(p).await;
    repeated::nothing_is_placed_twice_when_its_record_is_forgotten(p).await;
    operations::what_was_answered_is_documented(p).await;
    headers::tokens_are_of_the_epoch_that_the_store_is_of(p).await;
    p.stop().await;
}

/// What the API promises whatever the events are kept in.
pub(super) async fn promises_are_kept(p: &Platform) {
    p.api.receive("A", 1_000).await;
    let scenarios: Vec<Scenario> = vec![
        (
            "replay",
            Box::pin(repeated::the_same_key_gets_the_same_answer(p)),
        ),
        (
            "another payload",
            Box::pin(repeated::another_payload_under_a_key_is_refused(p)),
        ),
        (
            "at once",
            Box::pin(repeated::the_same_request_at_once_has_one_effect(p)),
        ),
        ("refusals", Box::pin(repeated::refusals_are_remembered(p))),
        (
            "failures",
            Box::pin(repeated::what_was_not_executed_is_not_remembered(p)),
        ),
        ("keys", Box::pin(headers::keys_are_required_and_checked(p))),
        ("if-match", Box::pin(headers::a_stale_version_is_refused(p))),
        (
            "malformed",
            Box::pin(malformed::what_is_malformed_is_named(p)),
        ),
        (
            "meaning",
            Box::pin(refusals::every_rule_of_meaning_is_named(p)),
        ),
        (
            "state",
            Box::pin(refusals::what_the_state_forbids_says_what_it_allows(p)),
        ),
        (
            "nowhere",
            Box::pin(malformed::wrong_paths_methods_and_types_are_problems(p)),
        ),
        ("reads", Box::pin(malformed::wrong_reads_are_problems(p))),
        (
            "operations",
            Box::pin(operations::every_operation_is_driven(p)),
        ),
        (
            "names",
            Box::pin(headers::a_request_is_named_in_its_answer(p)),
        ),
        (
            "health",
            Box::pin(operations::the_process_tells_how_it_is(p)),
        ),
    ];
    run_all(p, scenarios).await;
}

fn order() -> Value {
    Placement::of("A", 1, 100).body()
}

/// RFC 9457, with what a program needs to go on.
fn is_a_problem(answer: &Answer) {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{}",
        answer.text
    );
    assert_eq!(answer.body["status"], answer.status);
    for field in ["type", "title", "detail", "code", "request_id"] {
        let text = answer.body[field].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "no {field} in {}", answer.text);
    }
    assert!(answer.body["retryable"].is_boolean(), "{}", answer.text);
    assert_eq!(answer.body["request_id"], answer.header("request-id"));
}
