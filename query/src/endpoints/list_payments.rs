//! `GET /v1/payments`

use crate::{
    answer,
    api::Api,
    documentation::{ReadHeaders, ReadProblems},
    orders::{Filters, Sort, list},
    page::Page,
    parameters::Time,
    payments::PaymentItem,
    read_your_writes::ReadYourWrites,
};
use axum::{extract::State, response::Response};
use chassis::{Problem, extract::StrictQuery};
use domain::{Currency, CustomerId, payment::PaymentStatus};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which payments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListPaymentsQuery {
    /// Items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` or `prev_cursor` of a page of the same list.
    cursor: Option<String>,
    /// How they are sorted.
    #[param(inline)]
    sort: Option<Sort>,
    /// `pending`, `authorizing`, `action_required`, `authorized`, `declined`, `outcome_unknown`, `voiding`, `voided`,
    /// `capturing`, `partially_captured`, `captured`, `refunding`, `partially_refunded`, `refunded` or
    /// `authorization_expired`.
    #[param(value_type = Option<String>, example = "captured")]
    status: Option<PaymentStatus>,
    /// Who ordered.
    #[param(value_type = Option<String>, example = "17850")]
    customer_id: Option<CustomerId>,
    /// ISO 4217.
    #[param(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// Placed then or later.
    #[serde(rename = "placed_at[gte]")]
    #[param(value_type = Option<String>, format = DateTime)]
    placed_from: Option<Time>,
    /// Placed before that.
    #[serde(rename = "placed_at[lt]")]
    #[param(value_type = Option<String>, format = DateTime)]
    placed_before: Option<Time>,
    /// Of at least so many minor units.
    #[serde(rename = "total[gte]")]
    total_from: Option<i64>,
    /// Of less than so many minor units.
    #[serde(rename = "total[lt]")]
    total_below: Option<i64>,
}

impl ListPaymentsQuery {
    fn filters(&self) -> Result<Filters, Problem> {
        let filters = Filters {
            sort: self.sort.unwrap_or_default(),
            payment_status: self.status,
            customer_id: self.customer_id.clone(),
            currency: self.currency,
            placed_from: self.placed_from,
            placed_before: self.placed_before,
            total_from: self.total_from,
            total_below: self.total_below,
            ..Filters::default()
        };
        filters.checked()
    }
}

/// List payments.
///
/// Each order has one, named by it.
#[utoipa::path(
    get,
    path = "/v1/payments",
    tag = "payments",
    params(
        ListPaymentsQuery,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<PaymentItem>),
        ReadProblems,
    )
)]
pub(crate) async fn list_payments(
    State(api): State<Arc<Api>>,
    writes: ReadYourWrites,
    StrictQuery(query): StrictQuery<ListPaymentsQuery>,
) -> Result<Response, Problem> {
    let filters = query.filters()?;
    let page = (query.limit, query.cursor.as_deref());
    let listed = list(&api, &filters, page, &writes, |page| {
        answer::json(&PaymentItem::page(page))
    })
    .await?;
    Ok(listed.answer)
}
