//! A read model is built anew, rolled back, and what is kept of it forgotten.

use super::is_a_problem;
use reqwest::Method;
use serde_json::{Value, json};
use tests::platform::{Platform, eventually};

/// One that the other scenarios ask little of.
const NAME: &str = "product_summary";

pub(super) async fn are_driven(p: &Platform) {
    let path = |what: &str| format!("/v1/projections/{NAME}/{what}");
    let mut kept = vec![];
    for _ in 0..2 {
        p.api.post(&path("rebuild"), &json!({})).await.expect(202);
        let replaced_at = eventually("it is built anew", async || {
            let now = p.api.get("/v1/projections").await.expect(200).body;
            let all = now["projections"].as_array().cloned().unwrap_or_default();
            let mine = all.into_iter().find(|one| one["name"] == NAME);
            let mine = mine.unwrap_or_default();
            match (&mine["rebuild"], &mine["replaced"]["replaced_at"]) {
                (Value::Null, Value::String(at)) if !kept.contains(at) => Ok(at.clone()),
                _ => Err(mine.to_string()),
            }
        });
        let replaced_at = replaced_at.await;
        kept.push(replaced_at);
    }
    let back = p.api.post(&path("rollback"), &json!({})).await.expect(200);
    assert_eq!(back.body["name"], NAME);
    let again = p.api.post(&path("rollback"), &json!({})).await.expect(409);
    assert_eq!(again.code(), "NOTHING_TO_ROLL_BACK_TO");
    is_a_problem(&again);
    let forget = p.api.command(Method::DELETE, &path("replaced"));
    let forgotten = p.api.send(forget).await.expect(200);
    assert_eq!(forgotten.body["forgotten"], false);
}
