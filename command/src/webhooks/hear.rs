//! What becomes of what a provider says by itself: the same for each of them.

use super::{Provider, Said, Word, command_id};
use crate::{CommandApi, problem};
use axum::{
    Json,
    http::{HeaderMap, Uri},
};
use chassis::{Problem, extract::StrictQuery, layers::RequestContext};
use domain::{Actor, CommandEnvelope};
use serde::{Deserialize, Serialize};
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

/// There are no parameters.
#[derive(Deserialize)]
struct NoQuery {}

/// What became of what the provider said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heard {
    /// `recorded`: it stands in the history of what it is about, or changes nothing about it; `refused`:
    /// our books contradict it; `unknown`: it is of no call of ours; `ignored`: its type means nothing to
    /// us.
    #[schema(example = "recorded")]
    outcome: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// Takes in what a provider has said in `body`, if it has; answers once that is durable. Whatever is
/// genuine is acknowledged, since it would not be otherwise if it were sent again.
///
/// # Errors
/// 401: it is not believed. 400: it cannot be read.
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
    let said: W = serde_json::from_slice(body).map_err(|error| {
        let detail = format!("The event cannot be read: {error}.");
        malformed(
            provider,
            event,
            Problem::bad_request("INVALID_BODY", detail),
        )
    })?;
    let kind = said.kind().to_owned();
    let meaning = said
        .meaning()
        .map_err(|problem| malformed(provider, event, problem))?;
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
                _ => "refused",
            };
            Ok(answer(provider, outcome, Some(code)))
        }
    }
}

/// Counts a genuine event that cannot be read.
fn malformed(provider: Provider, event: &str, problem: Problem) -> Problem {
    provider.count("malformed");
    let (who, detail) = (provider.name(), problem.details().detail.as_str());
    tracing::warn!(event, who, "event {event} is malformed: {detail}");
    problem
}

fn answer(provider: Provider, outcome: &'static str, code: Option<String>) -> Json<Heard> {
    provider.count(outcome);
    Json(Heard { outcome, code })
}
