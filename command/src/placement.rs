//! The placement of orders, whichever way they come.

use crate::{
    CommandApi, execution::Done, problem, products::check_listed, request::CommandRequest,
};
use chassis::Problem;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    Command, Currency, CustomerId, OrderId, Sealed, State, StreamId, Version,
    order::{Address, NewLine, Order, OrderCommand, OrderTerms, PlaceOrder, Placed},
};
use vault::{Opened, VaultError};

/// How far a client's clock may be ahead of ours.
pub(crate) const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
/// What a placement under the id of another order is refused with.
const ALREADY_PLACED: &str = "ORDER_ALREADY_PLACED";

/// An order as it is asked for: the only place where what is personal of it stands in plain text.
pub(crate) struct NewOrder {
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub lines: Vec<NewLine>,
    pub terms: OrderTerms,
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
    if let Err(problem) = check_listed(api, &order.lines).await {
        // What was placed before is answered again, whatever was delisted since.
        let stream = StreamId::order(&api.tenant, order_id);
        if Done::begun(api, stream).await?.version() == 0 {
            return Err(problem);
        }
    }
    let sealed = seal(api, order_id, &order).await?;
    let command = order.into_command(order_id, at, sealed);
    match request.execute_for_state(api, command).await {
        // What it was answered first is the order as it was placed.
        Ok(done) if done.is_replayed() => Done::begun(api, done.into_stream()).await,
        Err(problem) if problem.code() == ALREADY_PLACED => {
            let stream = StreamId::order(&api.tenant, order_id);
            let first = Done::begun(api, stream).await?;
            match is_the_same(api, first.state(api).await?.as_ref(), again).await? {
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
async fn is_the_same(
    api: &CommandApi,
    placed: &State,
    again: impl FnOnce() -> Option<NewOrder>,
) -> Result<bool, Problem> {
    let (State::Order(Order::Placed(Placed { placed: first, .. })), Some(again)) =
        (placed, again())
    else {
        return Ok(false);
    };
    if again.placed_at.is_some() {
        return Ok(false);
    }
    let sealed = seal(api, first.order_id, &again).await?;
    let again = again.into_command(first.order_id, first.placed_at, sealed);
    let decided = again.decide(&[placed]);
    Ok(decided.is_ok_and(|events| events.iter().all(Vec::is_empty)))
}

/// Where the order goes, checked and sealed: from here on nobody sees it but who opens it.
async fn seal(
    api: &CommandApi,
    order_id: OrderId,
    order: &NewOrder,
) -> Result<Option<Sealed>, Problem> {
    let Some(address) = &order.shipping_address else {
        return Ok(None);
    };
    let checked = address.check();
    checked.map_err(|error| problem::refused(error.into(), Version::ZERO))?;
    let (vault, customer) = (&api.vault, &order.customer_id);
    let sealed = vault.seal_address(&api.tenant, customer, order_id, address);
    match sealed.await {
        Ok(sealed) => Ok(Some(sealed)),
        // What the request is remembered by tells whether it is the same, and has no address in it.
        Err(error @ VaultError::Erased(_)) => match first_address(api, order_id).await? {
            Some(first) => Ok(Some(first)),
            None => Err(problem::unsealed(error)),
        },
        Err(error) => Err(problem::unsealed(error)),
    }
}

/// Where the order goes that has this id already, as it was sealed when it was placed.
async fn first_address(api: &CommandApi, order_id: OrderId) -> Result<Option<Sealed>, Problem> {
    let first = Done::begun(api, StreamId::order(&api.tenant, order_id)).await?;
    Ok(match first.state(api).await?.as_ref() {
        State::Order(Order::Placed(order)) => order.placed.shipping_address.clone(),
        _ => None,
    })
}

/// Where an order goes, opened for whoever placed it: nothing, where its customer was erased since.
pub(crate) async fn shipping_address(
    api: &CommandApi,
    order: &Placed,
) -> Result<Option<Address>, Problem> {
    let placed = &order.placed;
    let Some(sealed) = &placed.shipping_address else {
        return Ok(None);
    };
    let (vault, customer) = (&api.vault, &placed.customer_id);
    let opened = vault.open_address(&api.tenant, customer, placed.order_id, sealed);
    match opened.await.map_err(problem::unsealed)? {
        Opened::Plain(address) => Ok(Some(address)),
        Opened::Erased => Ok(None),
    }
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
    fn into_command(
        self,
        order_id: OrderId,
        placed_at: DateTime<Utc>,
        shipping_address: Option<Sealed>,
    ) -> Command {
        let command = PlaceOrder {
            order_id,
            customer_id: self.customer_id,
            currency: self.currency,
            lines: self.lines,
            terms: self.terms,
            total: self.total,
            shipping_address,
            payment_method: self.payment_method,
            reference: self.reference,
            placed_at,
        };
        Command::Order(order_id, OrderCommand::Place(command))
    }
}
