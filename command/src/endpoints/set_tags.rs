//! `POST /v1/orders/{order_id}/tags`

use super::OrderPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    details::tag,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What an order is to be tagged with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetTagsBody {
    /// All of its tags, each once: at most 32 of 1 to 64 characters of a-z, 0-9, '-' and '_'. None take all
    /// of them off.
    #[schema(example = json!(["gift", "vip"]))]
    tags: Vec<String>,
}

/// What an order is tagged with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TagsAnswer {
    /// The order.
    order_id: Uuid,
    /// Its version.
    version: i64,
    /// All of its tags, sorted.
    tags: Vec<String>,
}

/// Say what an order is tagged with.
///
/// These, and nothing else: tags that are not named are taken off. Whatever its state; lists of orders may
/// be narrowed down to those with a tag.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/tags",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        WriteHeaders,
    ),
    request_body = SetTagsBody,
    responses(
        (status = 200, description = "It is tagged with these.", body = TagsAnswer),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn set_tags(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    Write { request, body, .. }: Write<SetTagsBody>,
) -> Result<Response, Problem> {
    let (done, tags) = tag(&api, request, order_id, body.tags).await?;
    let answer = TagsAnswer {
        order_id: order_id.uuid(),
        version: done.version(),
        tags,
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}
