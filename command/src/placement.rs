//! The placement of orders, whichever way they come.

use crate::{CommandApi, execution::Done, request::CommandRequest};
use chassis::Problem;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    Command, Currency, CustomerId, OrderId, State, StreamId,
    order::{Address, NewLine, Order, OrderCommand, PlaceOrder, Placed},
};

/// How far a client's clock may be ahead of ours.
pub(crate) const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
/// What a placement under the id of another order is refused with.
const ALREADY_PLACED: &str = "ORDER_ALREADY_PLACED";

/// An order as it is asked for.
pub(crate) struct NewOrder {
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub lines: Vec<NewLine>,
    pub total: Option<i64>,
    pub shipping_address: Option<Address>,
    pub payment_method: String,
    pub reference: Option<String>,
    /// When the customer ordered; now, if it is not said.
    pub placed_at: Option<DateTime<Utc>>,
}

/// Places `order`. Under an id that an order has already, `again` is asked for the order once more,
/// to tell whether it is the same.
pub(crate) async fn place(
    api: &CommandApi,
    request: CommandRequest,
    order: NewOrder,
    again: impl FnOnce() -> Option<NewOrder>,
) -> Result<Done, Problem> {
    let order_id = request.order_id();
    let at = placed_at(api, &order)?;
    let command = order.into_command(order_id, at);
    match request.execute_for_state(api, command).await {
        // What it was answered first is the order as it was placed.
        Ok(done) if done.is_replayed() => Done::begun(api, done.into_stream()).await,
        Err(problem) if problem.code() == ALREADY_PLACED => {
            let stream = StreamId::order(&api.tenant, order_id);
            let first = Done::begun(api, stream).await?;
            match is_the_same(first.state(api).await?.as_ref(), again) {
                true => Ok(first),
                false => Err(problem),
            }
        }
        done => done,
    }
}

/// The order in the `state` that `done` led to.
pub(crate) fn placed<'a>(state: &'a State, done: &Done) -> Result<&'a Placed, Problem> {
    match state {
        State::Order(Order::Placed(order)) => Ok(order),
        _ => {
            let order_id = done.key();
            tracing::error!(order_id, "order {order_id} is placed and absent");
            Err(Problem::internal())
        }
    }
}

/// Whether what is asked for `again` is what was `placed`, and does not say when: a request is taken
/// to mean now, and now is later when it is sent again.
fn is_the_same(placed: &State, again: impl FnOnce() -> Option<NewOrder>) -> bool {
    let (State::Order(Order::Placed(Placed { placed: first, .. })), Some(again)) =
        (placed, again())
    else {
        return false;
    };
    if again.placed_at.is_some() {
        return false;
    }
    let again = again.into_command(first.order_id, first.placed_at);
    again
        .decide(&[placed])
        .is_ok_and(|events| events.iter().all(Vec::is_empty))
}

fn placed_at(api: &CommandApi, order: &NewOrder) -> Result<DateTime<Utc>, Problem> {
    past(api, order.placed_at).ok_or_else(|| {
        let rule = "placed_at must not be in the future";
        Problem::unprocessable(
            "PLACED_IN_FUTURE",
            "An order cannot be placed in the future.",
        )
        .with_error("/placed_at", "IN_FUTURE", rule)
    })
}

/// The time that was given, or now; none if it is yet to come.
pub(crate) fn past(api: &CommandApi, given: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let now = api.clock.now();
    let time = given.unwrap_or(now).trunc_subsecs(6);
    (time <= now + CLOCK_SKEW).then_some(time)
}

impl NewOrder {
    fn into_command(self, order_id: OrderId, placed_at: DateTime<Utc>) -> Command {
        let command = PlaceOrder {
            order_id,
            customer_id: self.customer_id,
            currency: self.currency,
            lines: self.lines,
            total: self.total,
            shipping_address: self.shipping_address,
            payment_method: self.payment_method,
            reference: self.reference,
            placed_at,
        };
        Command::Order(order_id, OrderCommand::Place(command))
    }
}
