//! `POST /v1/webhooks`

use crate::api::{
    NotifierApi,
    body::WebhookWithSecret,
    documentation::WriteProblems,
    request::{Write, WriteHeaders},
    webhooks,
};
use axum::{extract::State, response::Response};
use chassis::Problem;
use serde::Deserialize;
use utoipa::ToSchema;

/// Who is to be told of what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhookBody {
    /// Where to: https, and an address that everybody can reach.
    #[schema(example = "https://shop.example/hooks")]
    pub url: String,
    /// What people call it.
    #[serde(default)]
    pub description: Option<String>,
    /// What it is told of: `order.confirmed`, `order.dispatched`, `order.refunded`,
    /// `order.cancelled`, `order.parcel_cancelled`. Everything, if it is left out.
    #[serde(default)]
    pub events: Vec<String>,
}

/// Have somebody told of what happens to orders.
///
/// From now on: what was before is not sent. The answer, and no other, shows the secret that signs what
/// is sent.
#[utoipa::path(
    post,
    path = "/v1/webhooks",
    tag = "webhooks",
    params(WriteHeaders),
    request_body = CreateWebhookBody,
    responses(
        (status = 201, description = "The webhook, with its secret.", body = WebhookWithSecret,
            headers(("Location" = String, description = "Where it is."), ("ETag" = String, description = "Its version."))),
        WriteProblems,
    )
)]
pub(crate) async fn create_webhook(
    State(api): State<NotifierApi>,
    write: Write<CreateWebhookBody>,
) -> Result<Response, Problem> {
    webhooks::create(&api, write).await?.respond()
}
