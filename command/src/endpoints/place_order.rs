//! `POST /v1/orders`

use crate::{
    CommandApi,
    answers::WriteProblems,
    body::{AddressBody, OrderBody, optional_time},
    placement::{NewOrder, place, placed, shipping_address},
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    Currency, CustomerId, Sku, TaxRate,
    order::{LineTerms, NewLine, OrderTerms},
};
use serde::Deserialize;
use utoipa::ToSchema;

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
    /// What is taken off all lines together, beside their own discounts, in minor units; at most what
    /// they come to. It is shared out over them.
    #[schema(example = 500)]
    discount: Option<i64>,
    /// The tax of the whole order, in minor units. Where no line says its tax, it is shared out over
    /// them, and is at most what is taxed; else it must be the sum of theirs.
    tax: Option<i64>,
    /// Whether prices include tax; else it is added to them.
    #[serde(default)]
    tax_included: bool,
    /// The total that you expect, in minor units, with discounts and tax: refused if it is not the sum
    /// of the lines.
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
    #[serde(default, deserialize_with = "optional_time")]
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
    /// What is taken off the price of all, in minor units; at most that price.
    discount: Option<i64>,
    /// The rate by which its tax is computed, and rounded, a half up: per cent from 0 to 100 with at most
    /// 4 decimals, as text. Not together with `tax`.
    #[schema(value_type = Option<String>, example = "19")]
    tax_rate: Option<TaxRate>,
    /// Its tax, in minor units; at most what is taxed.
    tax: Option<i64>,
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
    let again = || serde_json::from_slice::<PlaceOrderBody>(&raw).ok();
    let done = place(&api, request, body.into(), || again().map(NewOrder::from)).await?;
    let state = done.state(&api).await?;
    let order = placed(&state, &done)?;
    let address = shipping_address(&api, order).await?;
    let location = format!("/v1/orders/{}", done.key());
    done.answer(
        &api,
        StatusCode::CREATED,
        Some(location),
        &OrderBody::new(order, done.version(), address),
    )
}

impl From<LineBody> for NewLine {
    fn from(line: LineBody) -> Self {
        Self {
            sku: line.sku,
            quantity: line.quantity,
            unit_price: line.unit_price,
            currency: line.currency,
            terms: LineTerms {
                discount: line.discount.unwrap_or_default(),
                tax_rate: line.tax_rate,
                tax: line.tax,
            },
        }
    }
}

impl From<PlaceOrderBody> for NewOrder {
    fn from(body: PlaceOrderBody) -> Self {
        Self {
            customer_id: body.customer_id,
            currency: body.currency,
            lines: body.lines.into_iter().map(Into::into).collect(),
            terms: OrderTerms {
                discount: body.discount.unwrap_or_default(),
                tax: body.tax,
                tax_included: body.tax_included,
            },
            total: body.total,
            shipping_address: body.shipping_address.map(Into::into),
            payment_method: body.payment_method,
            reference: body.reference,
            placed_at: body.placed_at,
        }
    }
}
