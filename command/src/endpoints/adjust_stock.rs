//! `POST /v1/stock/{sku}/adjustments`

use super::SkuPath;
use crate::{CommandApi, execution::CommandRequest};
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
    #[schema(value_type = Option<String>, example = "main")]
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
/// The count never falls below what orders were promised.
#[utoipa::path(
    post,
    path = "/v1/stock/{sku}/adjustments",
    tag = "stock",
    params(
        ("sku" = String, Path, description = "The article."),
        ("Idempotency-Key" = String, Header, description = "Names this request: sent again, it gets the first answer again."),
        ("If-Match" = Option<String>, Header, description = "The version that you saw, if it must still be that."),
    ),
    request_body = AdjustStockBody,
    responses(
        (status = 201, description = "Done.", body = AdjustStockAnswer),
        (status = 409, description = "Promised to orders.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "It is at another version.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Breaks a rule.", body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
#[expect(
    clippy::too_many_arguments,
    reason = "extractors: each is one part of the request"
)]
pub(crate) async fn adjust_stock(
    State(api): State<CommandApi>,
    SkuPath(sku): SkuPath,
    method: Method,
    uri: Uri,
    context: RequestContext,
    key: IdempotencyKey,
    if_match: IfMatch,
    body: StrictJson<AdjustStockBody>,
) -> Result<Response, Problem> {
    let request = CommandRequest::new(&api, (&method, &uri), &key, &body.raw, context, if_match);
    let adjustment_id = request.id.uuid();
    let AdjustStockBody {
        delta,
        reason,
        location,
    } = body.value;
    let command = AdjustStock {
        adjustment_id,
        location: location.clone(),
        sku: sku.clone(),
        delta,
        reason,
    };
    let command = Command::Stock(StockCommand::Adjust(command));
    let done = request.execute(&api, command, false).await?;
    let answer = AdjustStockAnswer {
        sku,
        location,
        version: done.version(),
        adjustment_id,
    };
    done.answer(&api, StatusCode::CREATED, None, &answer)
}
