//! `GET /v1/payments/{order_id}`

use super::{Named, OrderPath, get_stock::NoQuery};
use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    payments::PaymentBody,
    problem,
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery, problem::ProblemDetails};
use domain::{State as StreamState, StreamId, Version};
use std::sync::Arc;
use store::{Until, fold_stream};

/// Get the payment of an order, with its operations and disputes.
///
/// It is folded from its own events: every write is seen.
#[utoipa::path(
    get,
    path = "/v1/payments/{order_id}",
    tag = "payments",
    params(
        ("order_id" = uuid::Uuid, Path, description = "The order that is paid."),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "The payment.", body = PaymentBody,
            headers(("ETag" = String, description = "Its version."))),
        (status = 404, description = "Nothing was asked of the provider for such an order.", body = ProblemDetails, content_type = "application/problem+json"),
        ReadProblems,
    )
)]
pub(crate) async fn get_payment(
    State(api): State<Arc<Api>>,
    Named(order_id): OrderPath,
    _writes: ReadYourWrites,
    StrictQuery(NoQuery {}): StrictQuery<NoQuery>,
) -> Result<Response, Problem> {
    let stream = StreamId::payment(&api.tenant, order_id);
    let folded = fold_stream(api.reader.as_ref(), &stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable_stream(error, &stream))?;
    match &folded.state {
        StreamState::Payment(payment) if folded.version > Version::ZERO => {
            let body = PaymentBody::of(order_id, folded.version, payment);
            answer::versioned(folded.version.get(), true, &body)
        }
        _ => Err(problem::no_such_payment(order_id)),
    }
}
