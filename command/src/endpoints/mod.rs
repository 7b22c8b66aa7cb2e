//! One endpoint, one file.

pub(crate) mod add_note;
pub(crate) mod adjust_stock;
pub(crate) mod apply_amendment;
pub(crate) mod approve_return;
pub(crate) mod book_in_shipment;
pub(crate) mod cancel_lines;
pub(crate) mod cancel_order;
pub(crate) mod cancel_return;
pub(crate) mod change_customer;
pub(crate) mod change_shipping_address;
pub(crate) mod clear_quarantine;
pub(crate) mod decline_return;
pub(crate) mod delist_product;
pub(crate) mod deliver_shipment;
pub(crate) mod dispatch_shipment;
pub(crate) mod erase_customer;
pub(crate) mod fail_shipment;
pub(crate) mod hear_carrier;
pub(crate) mod hear_payment_provider;
pub(crate) mod inspect_return;
pub(crate) mod list_product;
pub(crate) mod lose_shipment;
pub(crate) mod pack_shipment;
pub(crate) mod place_hold;
pub(crate) mod place_order;
pub(crate) mod place_orders_bulk;
pub(crate) mod price_product;
pub(crate) mod propose_amendment;
pub(crate) mod receive_return;
pub(crate) mod receive_stock;
pub(crate) mod register_customer;
pub(crate) mod release_hold;
pub(crate) mod request_return;
pub(crate) mod return_shipment;
pub(crate) mod send_return;
pub(crate) mod set_backorder_limit;
pub(crate) mod set_tags;
pub(crate) mod settle_contradiction;
pub(crate) mod withdraw_amendment;

use axum::{extract::FromRequestParts, http::request::Parts};
use chassis::{
    Problem,
    extract::{StrictPath, invalid_path},
};
use domain::{CustomerId, IdError, OrderId, ReturnId, ShipmentId, Sku, order::check_hold_name};
use serde::Serialize;
use std::str::FromStr;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an order's sub-command answers that is final at once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderChanged {
    /// The order.
    order_id: Uuid,
    /// Its version.
    version: i64,
}

/// The order that a path names.
pub(crate) struct OrderPath(pub OrderId);

/// The shipment that a path names.
pub(crate) struct ShipmentPath(pub ShipmentId);

/// The return that a path names.
pub(crate) struct ReturnPath(pub ReturnId);

/// The customer that a path names.
pub(crate) struct CustomerPath(pub CustomerId);

/// The SKU that a path names.
pub(crate) struct SkuPath(pub Sku);

/// The order and the amendment that a path names.
pub(crate) struct AmendmentPath(pub OrderId, pub Uuid);

/// The order and the contradiction that a path names.
pub(crate) struct ContradictionPath(pub OrderId, pub Uuid);

/// The order and the hold that a path names.
pub(crate) struct HoldPath(pub OrderId, pub String);

impl<S: Send + Sync> FromRequestParts<S> for OrderPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath(order_id) = StrictPath::<String>::from_request_parts(parts, state).await?;
        parse("order_id", &order_id).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ShipmentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath(id) = StrictPath::<String>::from_request_parts(parts, state).await?;
        parse("shipment_id", &id).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ReturnPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath(id) = StrictPath::<String>::from_request_parts(parts, state).await?;
        parse("return_id", &id).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CustomerPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath(id) = StrictPath::<String>::from_request_parts(parts, state).await?;
        parse("customer_id", &id).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SkuPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath(sku) = StrictPath::<String>::from_request_parts(parts, state).await?;
        parse("sku", &sku).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for HoldPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath((order_id, hold)) =
            StrictPath::<(String, String)>::from_request_parts(parts, state).await?;
        let order_id = parse("order_id", &order_id)?;
        check_hold_name(&hold).map_err(|error| invalid_path("hold", &error, &error.to_string()))?;
        Ok(Self(order_id, hold))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AmendmentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath((order_id, amendment)) =
            StrictPath::<(String, String)>::from_request_parts(parts, state).await?;
        let order_id = parse("order_id", &order_id)?;
        let amendment = Uuid::parse_str(&amendment)
            .map_err(|error| invalid_path("amendment_id", &error, "it is a UUID"))?;
        Ok(Self(order_id, amendment))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ContradictionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath((order_id, task)) =
            StrictPath::<(String, String)>::from_request_parts(parts, state).await?;
        let order_id = parse("order_id", &order_id)?;
        let task = Uuid::parse_str(&task)
            .map_err(|error| invalid_path("task_id", &error, "it is a UUID"))?;
        Ok(Self(order_id, task))
    }
}

fn parse<T: FromStr<Err = IdError>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error: IdError| invalid_path(name, &error, error.rule))
}
