//! `POST /v1/orders/{order_id}/notes`

use super::OrderPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
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
        WriteHeaders,
    ),
    request_body = AddNoteBody,
    responses(
        (status = 200, description = "It is written.", body = AddNoteAnswer),
        (status = 404, description = "There is no such order.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn add_note(
    State(api): State<CommandApi>,
    OrderPath(order_id): OrderPath,
    Write { request, body, .. }: Write<AddNoteBody>,
) -> Result<Response, Problem> {
    let note_id = request.id.uuid();
    let command = OrderCommand::AddNote(AddNote {
        note_id,
        text: body.text,
    });
    let command = Command::Order(order_id, command);
    let done = request.execute(&api, command).await?;
    let order_id = order_id.uuid();
    let answer = AddNoteAnswer {
        order_id,
        version: done.version(),
        note_id,
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}
