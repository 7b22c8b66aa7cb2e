//! `POST /v1/stock/{sku}/receipts`

use super::SkuPath;
use crate::{
    CommandApi,
    answers::WriteProblems,
    request::{Write, WriteHeaders},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chassis::Problem;
use domain::{
    Command, Location, Sku,
    stock::{ReceiveStock, StockCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A delivery to be booked in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiveStockBody {
    /// How many; at least 1.
    #[schema(example = 100)]
    quantity: i64,
    /// Where; `main`, if it is left out.
    #[serde(default)]
    #[schema(value_type = String, required = false, default = "main")]
    location: Location,
    /// Your own number for the delivery.
    reference: Option<String>,
}

/// Stock that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiveStockAnswer {
    /// The article.
    #[schema(value_type = String)]
    sku: Sku,
    /// Where.
    #[schema(value_type = String, example = "main")]
    location: Location,
    /// The version of the stock's stream.
    version: i64,
    /// The receipt.
    receipt_id: Uuid,
}

/// Book in a delivery.
///
/// An article that was never heard of begins with its first receipt.
#[utoipa::path(
    post,
    path = "/v1/stock/{sku}/receipts",
    tag = "stock",
    params(
        ("sku" = String, Path, description = "The article."),
        WriteHeaders,
    ),
    request_body = ReceiveStockBody,
    responses(
        (status = 201, description = "Done.", body = ReceiveStockAnswer),
        WriteProblems,
    )
)]
pub(crate) async fn receive_stock(
    State(api): State<CommandApi>,
    SkuPath(sku): SkuPath,
    Write { request, body, .. }: Write<ReceiveStockBody>,
) -> Result<Response, Problem> {
    let receipt_id = request.id.uuid();
    let ReceiveStockBody {
        quantity,
        location,
        reference,
    } = body;
    let command = ReceiveStock {
        receipt_id,
        location: location.clone(),
        sku: sku.clone(),
        quantity,
        reference,
    };
    let command = Command::Stock(StockCommand::Receive(command));
    let done = request.execute(&api, command).await?;
    let answer = ReceiveStockAnswer {
        sku,
        location,
        version: done.version(),
        receipt_id,
    };
    done.answer(&api, StatusCode::CREATED, None, &answer)
}
