//! `POST /v1/stock/{sku}/clearances`

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
    stock::{ClearQuarantine, StockCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What becomes of some of what is in quarantine.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClearQuarantineBody {
    /// How many can be sold again; 0, if it is left out.
    #[serde(default)]
    #[schema(example = 2)]
    restocked: i64,
    /// How many are written off; 0, if it is left out. At least one of both is cleared.
    #[serde(default)]
    #[schema(example = 1)]
    written_off: i64,
    /// Why, for people; 1 to 500 characters.
    #[schema(example = "two were cleaned, one is broken")]
    reason: String,
    /// Where; `main`, if it is left out.
    #[serde(default)]
    #[schema(value_type = String, required = false, default = "main")]
    location: Location,
}

/// Quarantine that was cleared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClearQuarantineAnswer {
    /// The article.
    #[schema(value_type = String)]
    sku: Sku,
    /// Where.
    #[schema(value_type = String, example = "main")]
    location: Location,
    /// The version of the stock's stream.
    version: i64,
    /// The clearance.
    clearance_id: Uuid,
}

/// Say what becomes of what is in quarantine.
///
/// What can be sold again is on hand from now on; what is written off is gone.
#[utoipa::path(
    post,
    path = "/v1/stock/{sku}/clearances",
    tag = "stock",
    params(
        ("sku" = String, Path, description = "The article."),
        WriteHeaders,
    ),
    request_body = ClearQuarantineBody,
    responses(
        (status = 201, description = "Done.", body = ClearQuarantineAnswer),
        WriteProblems,
    )
)]
pub(crate) async fn clear_quarantine(
    State(api): State<CommandApi>,
    SkuPath(sku): SkuPath,
    Write { request, body, .. }: Write<ClearQuarantineBody>,
) -> Result<Response, Problem> {
    let clearance_id = request.id.uuid();
    let ClearQuarantineBody {
        restocked,
        written_off,
        reason,
        location,
    } = body;
    let command = ClearQuarantine {
        clearance_id,
        location: location.clone(),
        sku: sku.clone(),
        restocked,
        written_off,
        reason,
    };
    let command = Command::Stock(StockCommand::Clear(command));
    let done = request.execute(&api, command).await?;
    let answer = ClearQuarantineAnswer {
        sku,
        location,
        version: done.version(),
        clearance_id,
    };
    done.answer(&api, StatusCode::CREATED, None, &answer)
}
