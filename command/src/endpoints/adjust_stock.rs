//! `POST /v1/stock/{sku}/adjustments`

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
    stock::{AdjustStock, StockCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A count to be corrected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustStockBody {
    /// By how many, up or down; not 0.
    #[schema(example = -2)]
    delta: i64,
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "damaged in the warehouse")]
    reason: String,
    /// Where; `main`, if it is left out.
    #[serde(default)]
    #[schema(value_type = String, required = false, default = "main")]
    location: Location,
}

/// Stock that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdjustStockAnswer {
    /// The article.
    #[schema(value_type = String)]
    sku: Sku,
    /// Where.
    #[schema(value_type = String, example = "main")]
    location: Location,
    /// The version of the stock's stream.
    version: i64,
    /// The adjustment.
    adjustment_id: Uuid,
}

/// Correct the count of an article.
///
/// What orders were promised and is missing now is waited for again, within the backorder limit, by those
/// that can still wait. The count never falls below what the others were promised.
#[utoipa::path(
    post,
    path = "/v1/stock/{sku}/adjustments",
    tag = "stock",
    params(
        ("sku" = String, Path, description = "The article."),
        WriteHeaders,
    ),
    request_body = AdjustStockBody,
    responses(
        (status = 201, description = "Done.", body = AdjustStockAnswer),
        WriteProblems,
    )
)]
pub(crate) async fn adjust_stock(
    State(api): State<CommandApi>,
    SkuPath(sku): SkuPath,
    Write { request, body, .. }: Write<AdjustStockBody>,
) -> Result<Response, Problem> {
    let adjustment_id = request.id.uuid();
    let AdjustStockBody {
        delta,
        reason,
        location,
    } = body;
    let command = AdjustStock {
        adjustment_id,
        location: location.clone(),
        sku: sku.clone(),
        delta,
        reason,
    };
    let command = Command::Stock(StockCommand::Adjust(command));
    let done = request.execute(&api, command).await?;
    let answer = AdjustStockAnswer {
        sku,
        location,
        version: done.version(),
        adjustment_id,
    };
    done.answer(&api, StatusCode::CREATED, None, &answer)
}
