//! `POST /v1/providers/carrier/webhooks`

use crate::{
    CommandApi,
    answers::WebhookProblems,
    webhooks::{CarrierWebhook, Heard, WebhookHeaders, hear},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Uri},
};
use chassis::{Problem, extract::RawJson, layers::RequestContext};

/// Tell what has happened to a shipment.
///
/// For the carrier, which signs what it says. What it says is recorded, whether or not our call that hands
/// the shipment over has been answered, and however often and in whatever order it comes: where a parcel
/// has got is proof that it was taken. It is answered once it is durable. Whatever is genuine is
/// acknowledged, also what is of no shipment of ours or contradicts our books, since it would not be
/// otherwise if it were sent again; so is what is of another type, whatever its data are.
#[utoipa::path(
    post,
    path = "/v1/providers/carrier/webhooks",
    tag = "providers",
    params(WebhookHeaders),
    request_body = CarrierWebhook,
    responses(
        (status = 200, description = "It is taken in.", body = Heard),
        WebhookProblems,
    )
)]
pub(crate) async fn hear_carrier(
    State(api): State<CommandApi>,
    uri: Uri,
    headers: HeaderMap,
    context: RequestContext,
    RawJson(body): RawJson,
) -> Result<Json<Heard>, Problem> {
    hear::<CarrierWebhook>(&api, &uri, &headers, &context, &body).await
}
