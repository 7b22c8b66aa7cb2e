//! What becomes of what a provider says by itself: the same for each of them.

use super::{Provider, Said, Word, command_id, contradiction};
use crate::{CommandApi, problem};
use axum::{
    Json,
    http::{HeaderMap, Uri},
};
use chassis::{
    Problem,
    extract::{NoQuery, StrictQuery},
    layers::RequestContext,
};
use domain::{Actor, CommandEnvelope};
use serde::Serialize;
use store::lane::Outcome;
use utoipa::{IntoParams, ToSchema};

/// The headers of a webhook, as Standard Webhooks has them.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes what is taken from the request")]
pub(crate) struct WebhookHeaders {
    /// Names the event: sent again, it has no further effect. 1 to 255 characters.
    #[param(rename = "webhook-id", max_length = 255)]
    id: String,
    /// When it is sent, in seconds since 1970.
    #[param(rename = "webhook-timestamp")]
    timestamp: String,
    /// `v1,` and base64 of the HMAC-SHA256 of id, time and body, joined by dots; several separated by
    /// spaces.
    #[param(rename = "webhook-signature")]
    signature: String,
}

/// What became of what the provider said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heard {
    /// `recorded`: it stands in the history of what it is about, or changes nothing about it; `refused`:
    /// our books contradict it; `unknown`: it is of no call of ours; `ignored`: its type means nothing to
    /// us; `malformed`: it does not say what its type needs, or is no event at all.
    #[schema(example = "recorded")]
    outcome: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What is malformed about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Takes in what a provider has said in `body`, if it has; answers once that is durable, or, where our books
/// contradict it, that it waits for people. Whatever is genuine is acknowledged, since it would not be
/// otherwise if it were sent again.
///
/// # Errors
/// 401: it is not believed. 400: there are parameters.
pub(crate) async fn hear<W: Word>(
    api: &CommandApi,
    uri: &Uri,
    headers: &HeaderMap,
    context: &RequestContext,
    body: &[u8],
) -> Result<Json<Heard>, Problem> {
    let StrictQuery(NoQuery {}) = StrictQuery::try_from_uri(uri)?;
    let provider = W::PROVIDER;
    let now = api.clock.now();
    let event = api.webhooks.event(provider, headers, body, now)?;
    let said: W = match serde_json::from_slice(body) {
        Ok(said) => said,
        Err(error) => {
            let detail = format!("The event cannot be read: {error}.");
            return Ok(malformed(provider, event, detail));
        }
    };
    let kind = said.kind().to_owned();
    let meaning = match said.meaning() {
        Ok(meaning) => meaning,
        Err(problem) => {
            return Ok(malformed(provider, event, detail_of(&problem)));
        }
    };
    let command = match meaning {
        // One of another installation's tenants is none of ours.
        Said::Of { tenant, command } if tenant.as_ref().is_none_or(|of| *of == api.tenant) => {
            *command
        }
        Said::Of { .. } | Said::Unknown => {
            let who = provider.name();
            tracing::warn!(event, kind, who, "event {event} is of no call of ours");
            return Ok(answer(provider, "unknown", None));
        }
        Said::Ignored => return Ok(answer(provider, "ignored", None)),
    };
    let id = command_id(&api.tenant, provider, event);
    let actor = Actor::parse(provider.actor()).map_err(|_| Problem::internal())?;
    let envelope = CommandEnvelope {
        id,
        // The first word of an event counts, in whatever words it is repeated.
        fingerprint: None,
        tenant: api.tenant.clone(),
        actor,
        correlation_id: id.uuid(),
        causation_id: None,
        traceparent: Some(context.trace.to_string()),
        occurred_at: now,
        expected: None,
        command,
    };
    let said = envelope.clone();
    let executed = api.lane.execute(envelope).await.map_err(problem::failed)?;
    match executed.outcome {
        Outcome::Accepted => Ok(answer(provider, "recorded", None)),
        Outcome::Refused(refusal) => {
            let (who, about) = (provider.name(), executed.stream.to_string());
            let code = refusal.code.to_string();
            tracing::warn!(
                event,
                kind,
                who,
                about,
                code,
                "event {event} contradicts the books of {about}: {}",
                refusal.detail
            );
            let outcome = match code.as_str() {
                "UNKNOWN_CALL" | "SHIPMENT_NOT_FOUND" => "unknown",
                _ => {
                    contradiction::stands(api, said, event, &refusal).await?;
                    "refused"
                }
            };
            Ok(answer(provider, outcome, Some(code)))
        }
    }
}

/// A genuine event that cannot be read. It is acknowledged as well: sent again it would be the same, and
/// whoever is refused often enough sends nothing any more.
fn malformed(provider: Provider, event: &str, detail: String) -> Json<Heard> {
    let who = provider.name();
    tracing::warn!(event, who, "event {event} is malformed: {detail}");
    let Json(heard) = answer(provider, "malformed", None);
    Json(Heard {
        detail: Some(detail),
        ..heard
    })
}

/// What is wrong with an event, and where.
fn detail_of(problem: &Problem) -> String {
    let details = problem.details();
    let errors = details.errors.iter();
    let errors = errors.map(|error| format!(" {}: {}.", error.pointer, error.detail));
    [details.detail.clone()].into_iter().chain(errors).collect()
}

fn answer(provider: Provider, outcome: &'static str, code: Option<String>) -> Json<Heard> {
    provider.count(outcome);
    Json(Heard {
        outcome,
        code,
        detail: None,
    })
}
