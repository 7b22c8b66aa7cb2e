//! `POST /v1/orders`

use crate::{
    CommandApi,
    body::{AddressBody, OrderBody},
    execution::CommandRequest,
};
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
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    Command, Currency, CustomerId, OrderId, Sku, State as StreamState,
    order::{NewLine, Order, OrderCommand, PlaceOrder},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// How far a client's clock may be ahead of ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

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
    /// When the customer ordered; now, if it is left out. Time limits always count from now.
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

/// Place an order.
///
/// The order is placed when this answers. Stock is then reserved, the payment authorized and the
/// order confirmed, or else rejected, without any further request.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    params(("Idempotency-Key" = String, Header, description = "Names this request: sent again, it gets the first answer again.")),
    request_body = PlaceOrderBody,
    responses(
        (status = 201, description = "Placed.", body = OrderBody,
            headers(
                ("Location" = String, description = "The order."),
                ("ETag" = String, description = "Its version."),
                ("Consistency-Token" = String, description = "Send it with a read to see this write."),
                ("Idempotent-Replayed" = String, description = "`true` if this is the first answer again."),
            )),
        (status = 400, description = "Malformed.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The same request is being executed.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Breaks a rule.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "Not now.", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn place_order(
    State(api): State<CommandApi>,
    method: Method,
    uri: Uri,
    context: RequestContext,
    key: IdempotencyKey,
    body: StrictJson<PlaceOrderBody>,
) -> Result<Response, Problem> {
    let request = CommandRequest::new(
        &api,
        (&method, &uri),
        &key,
        &body.raw,
        context,
        IfMatch(None),
    );
    let command = parse(&api, body.value)?;
    let done = request.execute(&api, command, true).await?;
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

fn parse(api: &CommandApi, body: PlaceOrderBody) -> Result<Command, Problem> {
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
    let line = |line: LineBody| NewLine {
        sku: line.sku,
        quantity: line.quantity,
        unit_price: line.unit_price,
        currency: line.currency,
    };
    let order_id = OrderId::new(api.ids.uuid());
    let command = PlaceOrder {
        order_id,
        customer_id: body.customer_id,
        currency: body.currency,
        lines: body.lines.into_iter().map(line).collect(),
        total: body.total,
        shipping_address: body.shipping_address.map(Into::into),
        payment_method: body.payment_method,
        reference: body.reference,
        placed_at,
    };
    Ok(Command::Order(order_id, OrderCommand::Place(command)))
}
