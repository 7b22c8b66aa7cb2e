//! `GET /v1/processes`

use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    page::Page,
    processes::{ProcessBody, ProcessState, list},
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which processes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListProcessesQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// Those that have not ended, those that are overdue, or those that wait for an operator.
    #[param(inline)]
    state: Option<ProcessState>,
}

/// List orders that are on their way: those that hang first.
#[utoipa::path(
    get,
    path = "/v1/processes",
    tag = "orders",
    params(
        ListProcessesQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ProcessBody>),
        ReadProblems,
    )
)]
pub(crate) async fn list_processes(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListProcessesQuery>,
) -> Result<Response, Problem> {
    let page = (query.limit, query.cursor.as_deref());
    let state = query.state.unwrap_or_default();
    list(&api, state, page, &writes, answer::json).await
}
