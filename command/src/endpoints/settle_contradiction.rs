//! `POST /v1/orders/{order_id}/contradictions/{task_id}/settle`

use super::{ContradictionPath, OrderChanged};
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::{Problem, problem::ProblemDetails};
use domain::{
    Command,
    order::{OrderCommand, SettleContradiction},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// How it was set right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleContradictionBody {
    /// How, for people: it becomes a note of the order. 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500, example = "stopped at the carrier")]
    reason: String,
}

/// Say that people have set right what a provider's word contradicted.
///
/// What the payment provider or the carrier says by itself and our books contradict is in the order's process
/// (`given_up`), and the order waits for people. Once it is settled it does not any more, and a note of the
/// order says how it was set right. Again is no error. A call that was given up is ended by the sagas alone.
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/contradictions/{task_id}/settle",
    tag = "orders",
    params(
        ("order_id" = Uuid, Path, description = "The order."),
        ("task_id" = Uuid, Path, description = "The contradiction, as the process names it."),
        WriteHeaders,
    ),
    request_body = SettleContradictionBody,
    responses(
        (status = 200, description = "Done.", body = OrderChanged),
        (status = 404, description = "There is no such order, or no such contradiction of it, nor was there one lately.", body = ProblemDetails, content_type = "application/problem+json"),
        WriteProblems,
    )
)]
pub(crate) async fn settle_contradiction(
    State(api): State<CommandApi>,
    ContradictionPath(order_id, task_id): ContradictionPath,
    Write { request, body, .. }: Write<SettleContradictionBody>,
) -> Result<Response, Problem> {
    let settle = OrderCommand::SettleContradiction(SettleContradiction {
        task_id,
        note_id: request.id.uuid(),
        reason: body.reason,
    });
    let done = request
        .execute(&api, Command::Order(order_id, settle))
        .await?;
    let answer = OrderChanged {
        order_id: order_id.uuid(),
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}
