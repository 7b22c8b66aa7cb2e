//! Which orders, and in which order.

use super::search::Search;
use crate::{
    page::Bounds,
    parameters::{Time, refused},
    sql::Sql,
};
use chassis::Problem;
use domain::{
    Currency, CustomerId, TenantId, TextError,
    order::{FulfilmentStatus, OrderReturnStatus, Status, check_tag},
    payment::PaymentStatus,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;
use uuid::Uuid;

/// How orders are sorted; those with the same time or total by their id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderSort)]
pub(crate) enum Sort {
    /// The newest first.
    #[default]
    #[serde(rename = "-placed_at")]
    Newest,
    /// The oldest first.
    #[serde(rename = "placed_at")]
    Oldest,
    /// The largest total first, in minor units of whatever currency.
    #[serde(rename = "-total")]
    Largest,
    /// The smallest total first.
    #[serde(rename = "total")]
    Smallest,
}

/// All that chooses and sorts orders.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Filters {
    pub sort: Sort,
    pub status: Option<Status>,
    pub payment_status: Option<PaymentStatus>,
    pub fulfilment_status: Option<FulfilmentStatus>,
    pub return_status: Option<OrderReturnStatus>,
    pub customer_id: Option<CustomerId>,
    pub currency: Option<Currency>,
    pub tag: Option<Tag>,
    pub placed_from: Option<Time>,
    pub placed_before: Option<Time>,
    pub total_from: Option<i64>,
    pub total_below: Option<i64>,
    pub search: Option<Search>,
}

/// A tag that orders are looked for by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Tag(String);

impl FromStr for Tag {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        check_tag(text)?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Tag {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

impl Filters {
    /// Refuses ranges that hold nothing: they are slips of the hand.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        if let (Some(from), Some(before)) = (self.placed_from, self.placed_before)
            && from.0 >= before.0
        {
            let rule = "it must be after placed_at[gte]";
            return Err(refused("placed_at[lt]", "EMPTY_RANGE", rule));
        }
        if let (Some(from), Some(below)) = (self.total_from, self.total_below)
            && from >= below
        {
            let rule = "it must be more than total[gte]";
            return Err(refused("total[lt]", "EMPTY_RANGE", rule));
        }
        Ok(self)
    }

    /// Looks for orders by a text.
    pub(crate) fn searching(mut self, q: Option<&str>) -> Result<Self, Problem> {
        self.search = q.map(Search::parse).transpose()?;
        Ok(self)
    }

    /// The condition on the rows.
    pub(crate) fn push(&self, tenant: &TenantId, sql: &mut Sql) {
        sql.push("WHERE tenant = ").bind(tenant.as_str());
        if let Some(status) = self.status {
            sql.push("\n  AND status = ").bind(status.as_str());
        }
        if let Some(status) = self.payment_status {
            sql.push("\n  AND payment_status = ").bind(status.as_str());
        }
        if let Some(status) = self.fulfilment_status {
            // All but the unfulfilled have an index, which only a plan for this very value can use.
            if status != FulfilmentStatus::Unfulfilled {
                sql.plan_each_time();
            }
            sql.push("\n  AND fulfilment_status = ")
                .bind(status.as_str());
        }
        if let Some(status) = self.return_status {
            // Nearly all orders are without returns; the others have an index, as above.
            if status != OrderReturnStatus::None {
                sql.plan_each_time();
            }
            sql.push("\n  AND return_status = ").bind(status.as_str());
        }
        if let Some(customer) = &self.customer_id {
            sql.push("\n  AND customer_id = ").bind(customer.as_str());
        }
        if let Some(currency) = &self.currency {
            sql.push("\n  AND currency = ").bind(currency.as_str());
        }
        if let Some(tag) = &self.tag {
            // Few orders have tags: the index of those is quick, and knows how many have this one.
            sql.plan_each_time();
            sql.push("\n  AND tags IS NOT NULL\n  AND tags::jsonb ? ")
                .bind(tag.0.as_str());
        }
        if let Some(from) = self.placed_from {
            sql.push("\n  AND placed_at >= ").bind(from.0);
        }
        if let Some(before) = self.placed_before {
            sql.push("\n  AND placed_at < ").bind(before.0);
        }
        if let Some(from) = self.total_from {
            sql.push("\n  AND total >= ").bind(from);
        }
        if let Some(below) = self.total_below {
            sql.push("\n  AND total < ").bind(below);
        }
        if let Some(search) = &self.search {
            search.push(sql);
        }
    }
}

impl Sort {
    pub(crate) const fn is_descending(self) -> bool {
        matches!(self, Self::Newest | Self::Largest)
    }

    pub(crate) const fn is_by_total(self) -> bool {
        matches!(self, Self::Largest | Self::Smallest)
    }

    /// Where the page begins, and its order.
    pub(crate) fn push(self, bounds: &Bounds, key: Option<&(i64, Uuid)>, sql: &mut Sql) {
        if let (Some(compare), Some((value, order_id))) = (bounds.compare, key) {
            if self.is_by_total() {
                sql.push("\n  AND (total, order_id)")
                    .push(compare)
                    .push("(")
                    .bind(*value);
            } else {
                let time = chrono::DateTime::from_timestamp_micros(*value).unwrap_or_default();
                sql.push("\n  AND (placed_at, order_id)")
                    .push(compare)
                    .push("(")
                    .bind(time);
            }
            sql.push(", ").bind(*order_id).push(")");
        }
        sql.push(match (self.is_by_total(), bounds.descending) {
            (false, false) => "\nORDER BY placed_at, order_id",
            (false, true) => "\nORDER BY placed_at DESC, order_id DESC",
            (true, false) => "\nORDER BY total, order_id",
            (true, true) => "\nORDER BY total DESC, order_id DESC",
        });
    }
}
