//! One endpoint, one file.

pub(crate) mod customer_orders;
pub(crate) mod get_customer;
pub(crate) mod get_order;
pub(crate) mod get_payment;
pub(crate) mod get_product;
pub(crate) mod get_return;
pub(crate) mod get_shipment;
pub(crate) mod get_stock;
pub(crate) mod list_orders;
pub(crate) mod list_payments;
pub(crate) mod list_processes;
pub(crate) mod list_products;
pub(crate) mod list_returns;
pub(crate) mod list_shipments;
pub(crate) mod list_stock;
pub(crate) mod order_diff;
pub(crate) mod order_events;
pub(crate) mod order_process;
pub(crate) mod payments_report;
pub(crate) mod sales_report;

use axum::{extract::FromRequestParts, http::request::Parts};
use chassis::{
    Problem,
    extract::{StrictPath, invalid_path},
};
use domain::{CustomerId, IdError, OrderId, ReturnId, ShipmentId, Sku};
use std::str::FromStr;

/// What a path names.
pub(crate) struct Named<T>(pub T);

/// The order that a path names.
pub(crate) type OrderPath = Named<OrderId>;
/// The shipment that a path names.
pub(crate) type ShipmentPath = Named<ShipmentId>;
/// The return that a path names.
pub(crate) type ReturnPath = Named<ReturnId>;
/// The customer that a path names.
pub(crate) type CustomerPath = Named<CustomerId>;
/// The SKU that a path names.
pub(crate) type SkuPath = Named<Sku>;

impl<S, T> FromRequestParts<S> for Named<T>
where
    S: Send + Sync,
    T: FromStr<Err = IdError>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let StrictPath(text) = StrictPath::<String>::from_request_parts(parts, state).await?;
        text.parse().map(Self).map_err(|error: IdError| {
            // As the path calls it.
            invalid_path(&error.what.replace(' ', "_"), &error, error.rule)
        })
    }
}
