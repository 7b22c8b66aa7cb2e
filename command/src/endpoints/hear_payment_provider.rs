//! `POST /v1/providers/payments/webhooks`

use crate::{
    CommandApi,
    answers::WebhookProblems,
    problem,
    webhooks::{PaymentWebhook, Said, command_id},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Uri},
};
use chassis::{
    Problem,
    extract::{RawJson, StrictQuery},
    layers::RequestContext,
};
use domain::{Actor, Command, CommandEnvelope, payment::PaymentCommand};
use serde::{Deserialize, Serialize};
use store::lane::Outcome;
use utoipa::{IntoParams, ToSchema};

/// Who has said it, in the history of the payment.
const PROVIDER: &str = "payment-provider";

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
    /// `recorded`: it stands in the payment's history, or changes nothing about it; `refused`: our books
    /// contradict it; `unknown`: it is of no call of ours; `ignored`: its type means nothing to us.
    #[schema(example = "recorded")]
    outcome: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// Tell what has happened to a payment.
///
/// For the payment provider, which signs what it says. It is answered once it is durable. Whatever is
/// genuine is acknowledged, also what contradicts our books, since it would not be otherwise if it were
/// sent again; so is what is of another type, whatever its data are.
#[utoipa::path(
    post,
    path = "/v1/providers/payments/webhooks",
    tag = "providers",
    params(WebhookHeaders),
    request_body = PaymentWebhook,
    responses(
        (status = 200, description = "It is taken in.", body = Heard),
        WebhookProblems,
    )
)]
pub(crate) async fn hear_payment_provider(
    State(api): State<CommandApi>,
    uri: Uri,
    headers: HeaderMap,
    context: RequestContext,
    RawJson(body): RawJson,
) -> Result<Json<Heard>, Problem> {
    let StrictQuery(NoQuery {}) = StrictQuery::try_from_uri(&uri)?;
    let event = api
        .webhooks
        .payment_event(&headers, &body, api.clock.now())?;
    let said: PaymentWebhook = serde_json::from_slice(&body).map_err(|error| {
        let detail = format!("The event cannot be read: {error}.");
        malformed(event, Problem::bad_request("INVALID_BODY", detail))
    })?;
    let kind = said.kind().to_owned();
    let meaning = said
        .meaning()
        .map_err(|problem| malformed(event, problem))?;
    let (key, heard) = match meaning {
        // One of another installation's tenants is none of ours.
        Said::Of(key, heard) if key.tenant == api.tenant => (key, heard),
        Said::Of(..) | Said::Unknown => {
            tracing::warn!(
                event,
                kind,
                "the provider's event {event} is of no call of ours"
            );
            return Ok(answer("unknown", None));
        }
        Said::Ignored => return Ok(answer("ignored", None)),
    };
    let id = command_id(&key.tenant, event);
    let actor = Actor::parse(PROVIDER).map_err(|_| Problem::internal())?;
    let envelope = CommandEnvelope {
        id,
        // The first word of an event counts, in whatever words it is repeated.
        fingerprint: None,
        tenant: key.tenant,
        actor,
        correlation_id: id.uuid(),
        causation_id: None,
        traceparent: Some(context.trace.to_string()),
        occurred_at: api.clock.now(),
        expected: None,
        command: Command::Payment(key.order_id, PaymentCommand::Hear(heard)),
    };
    let executed = api.lane.execute(envelope).await.map_err(problem::failed)?;
    match executed.outcome {
        Outcome::Accepted => Ok(answer("recorded", None)),
        Outcome::Refused(refusal) => {
            let (order, code) = (key.order_id.to_string(), refusal.code.to_string());
            tracing::warn!(
                event,
                kind,
                order,
                code,
                "the provider's event {event} contradicts the payment of order {order}: {}",
                refusal.detail
            );
            let outcome = match code.as_str() {
                "UNKNOWN_CALL" => "unknown",
                _ => "refused",
            };
            Ok(answer(outcome, Some(code)))
        }
    }
}

/// Counts a genuine event that cannot be read.
fn malformed(event: &str, problem: Problem) -> Problem {
    count("malformed");
    let detail = problem.details().detail.as_str();
    tracing::warn!(event, "the provider's event {event} is malformed: {detail}");
    problem
}

fn count(outcome: &'static str) {
    metrics::counter!("provider_webhooks_total", "outcome" => outcome).increment(1);
}

fn answer(outcome: &'static str, code: Option<String>) -> Json<Heard> {
    count(outcome);
    Json(Heard { outcome, code })
}
