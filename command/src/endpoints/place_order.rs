//! `POST /v1/orders`

use crate::{
    CommandApi,
    answers::WriteProblems,
    body::{AddressBody, OrderBody},
    execution::Done,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use chassis::Problem;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    Command, Currency, CustomerId, OrderId, Sku, State as StreamState, StreamId,
    order::{NewLine, Order, OrderCommand, PlaceOrder, Placed},
};
use serde::{Deserialize, Deserializer, de::Error};
use utoipa::ToSchema;

/// How far a client's clock may be ahead of ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
/// What a placement under the id of another order is refused with.
const ALREADY_PLACED: &str = "ORDER_ALREADY_PLACED";

/// An order to be placed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceOrderBody {
    /// Who orders: as the shop numbers its customers.
    #[schema(value_type = String, example = "17850")]
    customer_id: CustomerId,
    /// ISO 4217; the currency of all prices.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// What is ordered: 1 to 1,000 lines; the same SKU may come in several.
    lines: Vec<LineBody>,
    /// The total that you expect, in minor units: refused if it is not the sum of the lines.
    total: Option<i64>,
    /// Where to.
    shipping_address: Option<AddressBody>,
    /// How it is paid: a token of the payment provider.
    #[schema(example = "tok_approve")]
    payment_method: String,
    /// Your own order number.
    reference: Option<String>,
    /// When the customer ordered, not before 1900; now, if it is left out. Time limits always count
    /// from now.
    #[serde(default, deserialize_with = "time")]
    placed_at: Option<DateTime<Utc>>,
}

/// One line of an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLine)]
pub(crate) struct LineBody {
    /// What.
    #[schema(value_type = String, example = "85123A")]
    sku: Sku,
    /// How many; at least 1.
    #[schema(example = 6)]
    quantity: i64,
    /// Price of one, in minor units; not negative.
    #[schema(example = 255)]
    unit_price: i64,
    /// The currency of the price; must be the order's, if it is given.
    #[schema(value_type = Option<String>)]
    currency: Option<Currency>,
}

/// A time as RFC 3339 writes it. What chrono takes by itself is more: years of any size, for one.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match DateTime::parse_from_rfc3339(&text) {
        Ok(time) => Ok(Some(time.to_utc())),
        Err(_) => Err(D::Error::custom(
            "a time such as 2010-12-01T08:26:00Z is expected",
        )),
    }
}

/// Place an order.
///
/// The order is placed when this answers. Stock is then reserved, the payment authorized and the
/// order confirmed, or else rejected, without any further request. The order's id follows from the
/// Idempotency-Key: the same request never places a second one, however late it is sent again.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    params(WriteHeaders),
    request_body = PlaceOrderBody,
    responses(
        (status = 201, description = "Placed.", body = OrderBody,
            headers(("Location" = String, description = "The order."))),
        WriteProblems,
    )
)]
pub(crate) async fn place_order(
    State(api): State<CommandApi>,
    Write { request, body, raw }: Write<PlaceOrderBody>,
) -> Result<Response, Problem> {
    let order_id = request.order_id();
    let at = placed_at(&api, &body)?;
    let command = body.into_command(order_id, at);
    let done = match request.execute_for_state(&api, command).await {
        // What it was answered first is the order as it was placed.
        Ok(done) if done.is_replayed() => Done::begun(&api, done.into_stream()).await?,
        Ok(done) => done,
        Err(problem) if problem.code() == ALREADY_PLACED => {
            let stream = StreamId::order(&api.tenant, order_id);
            let first = Done::begun(&api, stream).await?;
            if !is_the_same(first.state(&api).await?.as_ref(), &raw) {
                return Err(problem);
            }
            first
        }
        Err(problem) => return Err(problem),
    };
    let state = done.state(&api).await?;
    let StreamState::Order(Order::Placed(order)) = state.as_ref() else {
        tracing::error!(
            order_id = done.key(),
            "order {} is placed and absent",
            done.key()
        );
        return Err(Problem::internal());
    };
    let location = format!("/v1/orders/{}", done.key());
    done.answer(
        &api,
        StatusCode::CREATED,
        Some(location),
        &OrderBody::new(order, done.version()),
    )
}

/// Whether `raw` asks for what `placed` is, and does not say when: a request is taken to mean now,
/// and now is later when it is sent again.
fn is_the_same(placed: &StreamState, raw: &Bytes) -> bool {
    let (StreamState::Order(Order::Placed(Placed { placed: first, .. })), Ok(body)) =
        (placed, serde_json::from_slice::<PlaceOrderBody>(raw))
    else {
        return false;
    };
    if body.placed_at.is_some() {
        return false;
    }
    let again = body.into_command(first.order_id, first.placed_at);
    again
        .decide(&[placed])
        .is_ok_and(|events| events.iter().all(Vec::is_empty))
}

fn placed_at(api: &CommandApi, body: &PlaceOrderBody) -> Result<DateTime<Utc>, Problem> {
    let now = api.clock.now();
    let placed_at = body.placed_at.unwrap_or(now).trunc_subsecs(6);
    if placed_at > now + CLOCK_SKEW {
        let rule = "placed_at must not be in the future";
        return Err(Problem::unprocessable(
            "PLACED_IN_FUTURE",
            "An order cannot be placed in the future.",
        )
        .with_error("/placed_at", "IN_FUTURE", rule));
    }
    Ok(placed_at)
}

impl PlaceOrderBody {
    fn into_command(self, order_id: OrderId, placed_at: DateTime<Utc>) -> Command {
        let line = |line: LineBody| NewLine {
            sku: line.sku,
            quantity: line.quantity,
            unit_price: line.unit_price,
            currency: line.currency,
        };
        let command = PlaceOrder {
            order_id,
            customer_id: self.customer_id,
            currency: self.currency,
            lines: self.lines.into_iter().map(line).collect(),
            total: self.total,
            shipping_address: self.shipping_address.map(Into::into),
            payment_method: self.payment_method,
            reference: self.reference,
            placed_at,
        };
        Command::Order(order_id, OrderCommand::Place(command))
    }
}
