//! One endpoint, one file.

pub(crate) mod add_note;
pub(crate) mod adjust_stock;
pub(crate) mod cancel_order;
pub(crate) mod place_hold;
pub(crate) mod place_order;
pub(crate) mod receive_stock;
pub(crate) mod release_hold;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use chassis::Problem;
use domain::{IdError, OrderId, Sku};
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

/// The SKU that a path names.
pub(crate) struct SkuPath(pub Sku);

/// The order and the hold that a path names.
pub(crate) struct HoldPath(pub OrderId, pub String);

impl<S: Send + Sync> FromRequestParts<S> for OrderPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(order_id) = path::<String, S>(parts, state).await?;
        parse("order_id", &order_id).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SkuPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(sku) = path::<String, S>(parts, state).await?;
        parse("sku", &sku).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for HoldPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((order_id, hold)) = path::<(String, String), S>(parts, state).await?;
        Ok(Self(parse("order_id", &order_id)?, hold))
    }
}

async fn path<T, S>(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem>
where
    T: serde::de::DeserializeOwned + Send,
    S: Send + Sync,
{
    Path::from_request_parts(parts, state)
        .await
        .map_err(|error| Problem::bad_request("INVALID_PATH", error.body_text()))
}

fn parse<T: FromStr<Err = IdError>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: IdError| {
        Problem::bad_request("INVALID_PATH", format!("The path is wrong: {error}.")).with_error(
            format!("path:{name}"),
            "INVALID",
            error.rule,
        )
    })
}
