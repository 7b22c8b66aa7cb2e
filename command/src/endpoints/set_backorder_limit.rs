//! `POST /v1/stock/{sku}/backorder-limit`

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
    stock::{SetBackorderLimit, StockCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many more than there are may be promised.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetBackorderLimitBody {
    /// How many; with 0, only what is there.
    #[schema(minimum = 0, maximum = 1_000_000, example = 20)]
    limit: i64,
    /// Where; `main`, if it is left out.
    #[serde(default)]
    #[schema(value_type = String, required = false, default = "main")]
    location: Location,
}

/// A limit that holds from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetBackorderLimitAnswer {
    /// The article.
    #[schema(value_type = String)]
    sku: Sku,
    /// Where.
    #[schema(value_type = String, example = "main")]
    location: Location,
    /// How many more than there are may be promised.
    limit: i64,
    /// The version of the stock's stream.
    version: i64,
}

/// Say how many more of an article than there are may be promised to orders.
///
/// An order that takes what is not there is paid and confirmed as any other; it is packed once all of it
/// has come in, and cancelled if that takes too long. Whatever comes in is for those who wait, first come,
/// first served, at that location: who waits at one does not get what comes in at another. A limit is for
/// what is promised from now on: who waits already goes on waiting. Every call sets it, also one that comes
/// late under another `Idempotency-Key`: send `If-Match` where somebody else may set it, too.
#[utoipa::path(
    post,
    path = "/v1/stock/{sku}/backorder-limit",
    tag = "stock",
    params(
        ("sku" = String, Path, description = "The article."),
        WriteHeaders,
    ),
    request_body = SetBackorderLimitBody,
    responses(
        (status = 200, description = "Done.", body = SetBackorderLimitAnswer),
        WriteProblems,
    )
)]
pub(crate) async fn set_backorder_limit(
    State(api): State<CommandApi>,
    SkuPath(sku): SkuPath,
    Write { request, body, .. }: Write<SetBackorderLimitBody>,
) -> Result<Response, Problem> {
    let SetBackorderLimitBody { limit, location } = body;
    let command = SetBackorderLimit {
        location: location.clone(),
        sku: sku.clone(),
        limit,
    };
    let command = Command::Stock(StockCommand::SetBackorderLimit(command));
    let done = request.execute(&api, command).await?;
    let answer = SetBackorderLimitAnswer {
        sku,
        location,
        limit,
        version: done.version(),
    };
    done.answer(&api, StatusCode::OK, None, &answer)
}
