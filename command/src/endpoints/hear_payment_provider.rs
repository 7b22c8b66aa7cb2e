//! `POST /v1/providers/payments/webhooks`

use crate::{
    CommandApi,
    answers::WebhookProblems,
    webhooks::{Heard, PaymentWebhook, WebhookHeaders, hear},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Uri},
};
use chassis::{Problem, extract::RawJson, layers::RequestContext};

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
    hear::<PaymentWebhook>(&api, &uri, &headers, &context, &body).await
}
