//! One order, as it is or as it was.

use super::{
    OrderBody,
    history::{At, Found, History, MAX_EVENTS, fold},
};
use crate::{
    api::Api, freshness::Projection, parameters::refused, problem,
    read_your_writes::ReadYourWrites, sql::Sql,
};
use chassis::Problem;
use domain::{CustomerId, OrderId, Sealed, StreamId, Version};
use sqlx::postgres::PgRow;
use vault::{Opened, VaultError};

/// An order that was found.
pub(crate) enum Got {
    /// In the read model.
    Row(OrderId, Box<PgRow>),
    /// In its events.
    Folded(Box<History>),
}

impl Got {
    /// The order, with what is personal of it.
    ///
    /// # Errors
    /// 500: its row cannot be read; 503: what is personal cannot be opened now.
    pub(crate) async fn order(&self, api: &Api) -> Result<OrderBody<'_>, Problem> {
        let (mut order, sealed) = self.sealed_order(api)?;
        let Some(sealed) = sealed else {
            return Ok(order);
        };
        let id = OrderId::new(order.order_id);
        let unopened = |error| problem::unopened(error, &StreamId::order(&api.tenant, id));
        let customer_id = CustomerId::parse(order.customer_id)
            .map_err(|error| unopened(VaultError::Corrupt(error.to_string())))?;
        let opened = api
            .vault
            .open_address(&api.tenant, &customer_id, id, &sealed);
        match opened.await.map_err(unopened)? {
            Opened::Plain(address) => order.shipping_address = Some(address.into()),
            Opened::Erased => {
                order.erased = true;
                // Nothing can be sealed for them any more.
                let moves = |name: &&str| *name != "change_shipping_address";
                order.allowed_commands.retain(moves);
            }
        }
        Ok(order)
    }

    /// The order without what is personal of it, and that as it is stored.
    fn sealed_order(&self, api: &Api) -> Result<(OrderBody<'_>, Option<Sealed>), Problem> {
        let now = api.clock.now();
        match self {
            Self::Row(id, row) => OrderBody::of_row(*id, row, now).map_err(problem::unreadable),
            Self::Folded(history) => Ok(OrderBody::of_history(history, now)),
        }
    }

    /// Whether it was folded from its events.
    pub(crate) const fn is_folded(&self) -> bool {
        matches!(self, Self::Folded(_))
    }
}

impl At {
    /// While it had this version, which the parameter `name` says.
    ///
    /// # Errors
    /// 400: there is no such version.
    pub(crate) fn version(name: &str, version: i64) -> Result<Self, Problem> {
        match version {
            1.. => Ok(Self::Version(Version::new(version))),
            _ => Err(refused(name, "OUT_OF_RANGE", "it must be 1 or more")),
        }
    }
}

/// The order as it was `at` some time; as it is, if that is not said. As it is, it comes from the read
/// model, unless that does not have in time what `writes` must see.
///
/// # Errors
/// 404: there is no such order, or was none then; 422: too much had happened to it by then; 503: not
/// now.
pub(crate) async fn get(
    api: &Api,
    order_id: OrderId,
    at: Option<At>,
    writes: ReadYourWrites,
) -> Result<Got, Problem> {
    match at {
        Some(at) => {
            let name = match at {
                At::Time(_) => "as_of",
                At::End | At::Version(_) => "version",
            };
            let history = as_it_was(api, order_id, at, Some(name)).await?;
            Ok(Got::Folded(history))
        }
        None if writes.is_seen(api, Projection::Orders).await? => {
            let got = current(api, order_id).await?;
            // Its shipments are read with it, and are another projection's.
            if !writes.names_one() || got.sealed_order(api)?.0.is_before_shipments() {
                return Ok(got);
            }
            match writes.is_seen(api, Projection::Shipments).await? {
                true => current(api, order_id).await,
                false => as_it_is(api, order_id).await,
            }
        }
        None => as_it_is(api, order_id).await,
    }
}

async fn current(api: &Api, order_id: OrderId) -> Result<Got, Problem> {
    let mut sql = Sql::new(include_str!("order.sql"));
    sql.value(api.tenant.as_str()).value(order_id.uuid());
    let mut rows = api.fetch(sql).await?;
    match rows.pop() {
        Some(row) => Ok(Got::Row(order_id, Box::new(row))),
        None => Err(problem::no_such_order(order_id)),
    }
}

/// The order as its events have it: for who must see what the read model does not have yet.
async fn as_it_is(api: &Api, order_id: OrderId) -> Result<Got, Problem> {
    match folded(api, order_id, At::End).await? {
        Found::Order(history) => Ok(Got::Folded(history)),
        // The read model will have it.
        Found::TooLong => Err(problem::lagging()),
        Found::NotThatFar { .. } | Found::NotYet | Found::Absent => {
            Err(problem::no_such_order(order_id))
        }
    }
}

/// The order as it was `at` some time, which the parameter `name` says; none says it where it is now.
///
/// # Errors
/// As [`get`].
pub(super) async fn as_it_was(
    api: &Api,
    order_id: OrderId,
    at: At,
    name: Option<&str>,
) -> Result<Box<History>, Problem> {
    let out_of_range = |problem: Problem, rule: String| match name {
        Some(name) => problem.with_error(format!("query:{name}"), "OUT_OF_RANGE", rule),
        None => problem,
    };
    match folded(api, order_id, at).await? {
        Found::Order(history) => Ok(history),
        Found::NotThatFar { current } => {
            let rule = format!("it is at most {current}, the version that the order has now");
            let detail = format!("Order {order_id} has not had that version yet.");
            let problem = Problem::not_found("VERSION_NOT_FOUND", detail)
                .with_current_version(current.get().unsigned_abs());
            Err(out_of_range(problem, rule))
        }
        Found::NotYet => {
            let detail = format!("Order {order_id} had not been placed at that time.");
            let rule = "it is no earlier than when the placement was recorded".to_owned();
            let problem = Problem::not_found("ORDER_NOT_YET_PLACED", detail);
            Err(out_of_range(problem, rule))
        }
        Found::TooLong => {
            let by = match name {
                Some(_) => "then",
                None => "now, when nothing else is asked for",
            };
            let detail = format!(
                "More than {MAX_EVENTS} events had happened to order {order_id} by {by}, and no \
                 more are folded for one answer."
            );
            let rule = format!("no more than {MAX_EVENTS} events have happened by then");
            let problem = Problem::unprocessable("HISTORY_TOO_LONG", detail);
            Err(out_of_range(problem, rule))
        }
        Found::Absent => Err(problem::no_such_order(order_id)),
    }
}

async fn folded(api: &Api, order_id: OrderId, at: At) -> Result<Found, Problem> {
    let found = fold(api.reader.as_ref(), &api.tenant, order_id, at).await;
    found.map_err(|error| problem::unfoldable(error, order_id))
}
