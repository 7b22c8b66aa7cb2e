//! `POST /v1/orders/{order_id}/notes`

use super::OrderPath;
use crate::{CommandApi, execution::CommandRequest};
use axum::{
    extract::State,
    http::{Method, StatusCode, Uri},
    response::Response,
};
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch, StrictJson},
    layers::RequestContext,
    problem::ProblemDetails,
};
use domain::{
    Command,
    order::{AddNote, OrderCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A note to be written on an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddNoteBody {
    /// The text; 1 to 2,000 characters.
    #[schema(example = "call before delivery")]
    text: String,
}

/// A note that was written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddNoteAnswer {
    /// The order.
    order_id: Uuid,
    /// Its version.
    version: i64,
    /// The note.
    note_id: Uuid,
}

/// Write a note on an order.
///
/// Notes are kept in the order's history, with who wrote them and when.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/notes",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent again, it gets the first answer again."),
        ("If-Match" = Option<String>, Header, description = "The version that you saw, if it must still be that."),
    ),
    request_body = AddNoteBody,
    responses(
        (status = 201, description = "Done.", body = AddNoteAnswer),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Not allowed in its state.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "It is at another version.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Breaks a rule.", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[expect(
    clippy::too_many_arguments,
    reason = "extractors: each is one part of the request"
)]
pub(crate) async fn add_note(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    method: Method,
    uri: Uri,
    context: RequestContext,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: StrictJson<AddNoteBody>,
) -> Result<Response, Problem> {
    let request = CommandRequest::new(&api, (&method, &uri), &key, &body.raw, context, if_match);
    let note_id = request.id.uuid();
    let command = OrderCommand::AddNote(AddNote {
        note_id,
        text: body.value.text,
    });
    let command = Command::Order(order_id, command);
    let done = request.execute(&api, command, false).await?;
    let order_id = order_id.uuid();
    let answer = AddNoteAnswer {
        order_id,
        version: done.version(),
        note_id,
    };
    done.answer(&api, StatusCode::CREATED, None, &answer)
}
