//! A payment, by its order.

use super::PaymentBody;
use crate::{api::Api, problem};
use chassis::Problem;
use domain::{OrderId, State as StreamState, StreamId, Version};
use store::{Until, fold_stream};

/// The payment of an order, folded from its own events, as `answer` makes it of it.
///
/// # Errors
/// 404: nothing was asked of the provider for such an order; 503: not now.
pub(crate) async fn get<T>(
    api: &Api,
    order_id: OrderId,
    answer: impl FnOnce(Version, &PaymentBody<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let stream = StreamId::payment(&api.tenant, order_id);
    let folded = fold_stream(api.reader.as_ref(), &stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable_stream(error, &stream))?;
    match &folded.state {
        StreamState::Payment(payment) if folded.version > Version::ZERO => {
            let body = PaymentBody::of(order_id, folded.version, payment);
            answer(folded.version, &body)
        }
        _ => Err(problem::no_such_payment(order_id)),
    }
}
