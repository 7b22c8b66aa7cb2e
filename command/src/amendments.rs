//! Amendments of orders, over REST and gRPC.

use crate::{
    CommandApi, allowed::allowed_commands, body::MoneyBody, execution::Done, problem,
    request::CommandRequest,
};
use chassis::Problem;
use chrono::{DateTime, SubsecRound, Utc};
use domain::{
    Command, Location, OrderId, ShipmentId, Sku, State, StreamId, Version,
    order::{
        AmendedLine, AmendedStock, AmendmentProposed, ApplyAmendment, ConcernedStock, LineQuantity,
        Order, OrderCommand, OrderError, Placed, ProposeAmendment, WithdrawAmendment,
    },
};
use serde::Serialize;
use std::sync::Arc;
use store::{Until, fold_stream};
use utoipa::ToSchema;
use uuid::Uuid;

/// What an order would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AmendmentBody {
    /// Which: it is applied or withdrawn by this id.
    pub amendment_id: Uuid,
    /// The lines of which another quantity would be wanted.
    pub lines: Vec<AmendmentLineBody>,
    /// The SKUs of which more, or less, would be kept.
    pub stock: Vec<AmendmentStockBody>,
    /// What all that is wanted comes to.
    pub total_before: MoneyBody,
    /// What it would come to.
    pub total: MoneyBody,
    /// How much more that is; less, if it is negative.
    pub difference: MoneyBody,
    /// What is set aside for the order: the total is never more.
    pub authorized: MoneyBody,
    /// What of that would be let go once the total is taken.
    pub released: MoneyBody,
    /// Why, for people.
    pub reason: String,
    /// Until when it may be applied; then it expires.
    pub expires_at: DateTime<Utc>,
}

/// A line of which another quantity would be wanted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AmendmentLineBody {
    /// The order's line.
    pub line: u32,
    /// What.
    #[schema(value_type = String, example = "85123A")]
    pub sku: Sku,
    /// How many are wanted now.
    pub quantity_before: i64,
    /// How many would be.
    pub quantity: i64,
    /// Price of one, as it was placed.
    pub unit_price: MoneyBody,
    /// What discounts would take off.
    pub discount: MoneyBody,
    /// Their tax then.
    pub tax: MoneyBody,
    /// What is to be paid for those that are wanted now.
    pub total_before: MoneyBody,
    /// What would be paid for them.
    pub total: MoneyBody,
}

/// A SKU of which more, or less, would be kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AmendmentStockBody {
    /// What.
    #[schema(value_type = String, example = "85123A")]
    pub sku: Sku,
    /// How many more; less, if it is negative.
    pub difference: i64,
}

impl AmendmentBody {
    fn of(open: &AmendmentProposed) -> Self {
        let money = |amount| MoneyBody {
            amount,
            currency: open.order.currency,
        };
        let line = |line: &AmendedLine| AmendmentLineBody {
            line: line.line,
            sku: line.sku.clone(),
            quantity_before: line.before,
            quantity: line.after,
            unit_price: money(line.unit_price),
            discount: money(line.discount),
            tax: money(line.tax),
            total_before: money(line.total_before),
            total: money(line.total),
        };
        let stock = |stock: &AmendedStock| AmendmentStockBody {
            sku: stock.sku.clone(),
            difference: stock.difference,
        };
        Self {
            amendment_id: open.amendment_id,
            lines: open.lines.iter().map(line).collect(),
            stock: open.stock.iter().map(stock).collect(),
            total_before: money(open.total_before),
            total: money(open.total),
            difference: money(open.total.saturating_sub(open.total_before)),
            authorized: money(open.authorized),
            released: money(open.authorized.saturating_sub(open.total)),
            reason: open.reason.clone(),
            expires_at: open.until,
        }
    }
}

/// A command about an amendment that was done.
pub(crate) struct Amended {
    pub done: Done,
    amendment_id: Uuid,
    state: Arc<State>,
}

impl Amended {
    /// The order after it.
    pub(crate) fn order(&self) -> Result<&Placed, Problem> {
        match self.state.as_ref() {
            State::Order(Order::Placed(order)) => Ok(order),
            _ => {
                let order_id = self.done.key();
                tracing::error!(
                    order_id,
                    "order {order_id} did as it was told and is absent"
                );
                Err(Problem::internal())
            }
        }
    }

    /// What may be asked of it after it.
    pub(crate) async fn allowed_commands(
        &self,
        api: &CommandApi,
    ) -> Result<Vec<&'static str>, Problem> {
        Ok(allowed_commands(api, &self.done, self.order()?).await)
    }

    /// What was proposed.
    ///
    /// # Errors
    /// 409: the same was proposed before, so long ago that nobody remembers the answer, and has ended since.
    pub(crate) fn proposal(&self) -> Result<AmendmentBody, Problem> {
        let order = self.order()?;
        let open = order.open_amendment();
        let open = open.filter(|open| open.amendment_id == self.amendment_id);
        open.map(AmendmentBody::of).ok_or_else(|| {
            let error = match order.amendment_end(self.amendment_id) {
                Some(end) => OrderError::AmendmentEnded { end },
                None => OrderError::NoSuchAmendment,
            };
            problem::refused(error.into(), Version::new(self.done.version()))
        })
    }
}

/// Says what an order would be, with so many of these lines.
pub(crate) async fn propose(
    api: &CommandApi,
    request: CommandRequest,
    order_id: OrderId,
    lines: Vec<LineQuantity>,
    reason: String,
) -> Result<Amended, Problem> {
    let amendment_id = request.id.uuid();
    let at = api.clock.now();
    let command = OrderCommand::ProposeAmendment(ProposeAmendment {
        amendment_id,
        lines,
        at,
        until: (at + api.amendment_ttl).trunc_subsecs(6),
        reason,
    });
    put(api, request, (order_id, amendment_id), command).await
}

/// Has an order be as was proposed: which stock that concerns, the proposal says, and its shipment, where.
pub(crate) async fn apply(
    api: &CommandApi,
    request: CommandRequest,
    order_id: OrderId,
    amendment_id: Uuid,
) -> Result<Amended, Problem> {
    let stream = StreamId::order(&api.tenant, order_id);
    let folded = fold_stream(api.reader.as_ref(), &stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable(error, &stream))?;
    let open = match &folded.state {
        State::Order(Order::Placed(order)) => order.open_amendment(),
        _ => None,
    };
    // Of one that is not open, nothing is concerned: it is for the order to say so.
    let stock = match open.filter(|open| open.amendment_id == amendment_id) {
        Some(open) => leaves_from(api, order_id)
            .await?
            .map(|location| ConcernedStock {
                location,
                skus: open.stock.iter().map(|stock| stock.sku.clone()).collect(),
            }),
        None => None,
    };
    let command = OrderCommand::ApplyAmendment(ApplyAmendment {
        amendment_id,
        at: api.clock.now(),
        stock,
    });
    put(api, request, (order_id, amendment_id), command).await
}

/// From where all of an order leaves, once there is a shipment: that stays so.
async fn leaves_from(api: &CommandApi, order_id: OrderId) -> Result<Option<Location>, Problem> {
    let stream = StreamId::shipment(&api.tenant, ShipmentId::whole(order_id));
    let folded = fold_stream(api.reader.as_ref(), &stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable(error, &stream))?;
    let parcel = match &folded.state {
        State::Shipment(shipment) => shipment.created(),
        _ => None,
    };
    Ok(parcel.map(|parcel| parcel.location.clone()))
}

/// Takes a proposal back.
pub(crate) async fn withdraw(
    api: &CommandApi,
    request: CommandRequest,
    order_id: OrderId,
    amendment_id: Uuid,
) -> Result<Amended, Problem> {
    let command = OrderCommand::WithdrawAmendment(WithdrawAmendment { amendment_id });
    put(api, request, (order_id, amendment_id), command).await
}

/// Whoever asks has seen what the order is: an amendment is about that.
async fn put(
    api: &CommandApi,
    request: CommandRequest,
    (order_id, amendment_id): (OrderId, Uuid),
    command: OrderCommand,
) -> Result<Amended, Problem> {
    let request = request.of_seen_version()?;
    let command = Command::Order(order_id, command);
    let done = request.execute_for_state(api, command).await?;
    let state = done.state(api).await?;
    Ok(Amended {
        done,
        amendment_id,
        state,
    })
}
