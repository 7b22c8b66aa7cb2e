//! The state of any stream, and decisions over one or several of them.

mod seen;

use crate::{
    Category, Command, Decider, Event, MAX_PARCELS, Refusal, RefusalKind,
    customer::{Customer, Customers},
    order::{
        CancelLines, ChangeShippingAddress, Order, OrderCommand, OrderError, OrderEvent, Orders,
        apply_amendment, cancel_lines, change_address, drop_shipment, propose_amendment,
    },
    payment::{Payment, Payments},
    product::{Product, Products},
    returns::{self, Return, ReturnCase, ReturnCommand, ReturnError, Returns, book_in},
    shipment::{
        Parcel, Shipment, ShipmentCommand, ShipmentError, ShipmentEvent, Shipments,
        book_in_over_stock, over_order, over_parcels,
    },
    stock::{Stock, StockEvent, Stocks, for_order, with_backorders_among},
};
use seen::Seen;

/// The state of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Of an order.
    Order(Order),
    /// Of the stock of a SKU.
    Stock(Stock),
    /// Of a payment.
    Payment(Payment),
    /// Of a shipment.
    Shipment(Shipment),
    /// Of a return.
    Return(Return),
    /// Of a customer.
    Customer(Customer),
    /// Of a product.
    Product(Product),
}

impl State {
    /// The state of an empty stream.
    pub fn empty(category: Category) -> Self {
        match category {
            Category::Order => Self::Order(Order::default()),
            Category::Stock => Self::Stock(Stock::default()),
            Category::Payment => Self::Payment(Payment::default()),
            Category::Shipment => Self::Shipment(Shipment::default()),
            Category::Return => Self::Return(Return::default()),
            Category::Customer => Self::Customer(Customer::default()),
            Category::Product => Self::Product(Product::default()),
        }
    }

    /// The state after `event`. An event of another category changes nothing: the store's adapters
    /// refuse to read such a stream.
    #[must_use]
    pub fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (Self::Order(state), Event::Order(event)) => Self::Order(Orders::evolve(state, event)),
            (Self::Stock(state), Event::Stock(event)) => Self::Stock(Stocks::evolve(state, event)),
            (Self::Payment(state), Event::Payment(event)) => {
                Self::Payment(Payments::evolve(state, event))
            }
            (Self::Shipment(state), Event::Shipment(event)) => {
                Self::Shipment(Shipments::evolve(state, event))
            }
            (Self::Return(state), Event::Return(event)) => {
                Self::Return(Returns::evolve(state, event))
            }
            (Self::Customer(state), Event::Customer(event)) => {
                Self::Customer(Customers::evolve(state, event))
            }
            (Self::Product(state), Event::Product(event)) => {
                Self::Product(Products::evolve(state, event))
            }
            (state, _) => state,
        }
    }

    /// About how many bytes it takes in memory: for whoever keeps many.
    pub fn size(&self) -> usize {
        /// Names, tokens and addresses.
        const TEXTS: usize = 512;
        let many = match self {
            Self::Order(Order::Absent) => 0,
            Self::Order(Order::Placed(order)) => order.size_of_many(),
            Self::Stock(stock) => stock.size_of_many(),
            Self::Payment(payment) => payment.size_of_many(),
            Self::Shipment(shipment) => shipment.created().map_or(0, Parcel::size_of_many),
            Self::Return(state) => state.requested().map_or(0, ReturnCase::size_of_many),
            Self::Customer(customer) => customer.size_of_many(),
            Self::Product(product) => product.size_of_many(),
        };
        size_of::<Self>() + TEXTS + many
    }
}

impl Command {
    /// What it leads to: for each of its streams, in their order, the events to append.
    ///
    /// `states` are those of [`Command::streams`], in the same order.
    pub fn decide(&self, states: &[&State]) -> Result<Vec<Vec<Event>>, Refusal> {
        match (self, states) {
            (
                Self::Order(_, OrderCommand::CancelLines(command)),
                [State::Order(state), rest @ ..],
            ) => of_lines(state, command, rest),
            (
                Self::Order(_, OrderCommand::ChangeShippingAddress(command)),
                [State::Order(state), rest @ ..],
            ) => of_address(state, command, rest),
            (
                Self::Order(_, OrderCommand::ProposeAmendment(command)),
                [State::Order(state), rest @ ..],
            ) => {
                let shipments = all_shipments(rest)?;
                let decided = propose_amendment(state, command, &shipments);
                let none = vec![None; rest.len()];
                let decided = decided.map(|events| (events, none, vec![]));
                told(decided, &Seen::at(state, &shipments, command.at), &[])
            }
            (
                Self::Order(_, OrderCommand::ApplyAmendment(command)),
                [State::Order(state), rest @ ..],
            ) => {
                let (shipments, stocks) =
                    rest.split_at_checked(MAX_PARCELS).ok_or_else(mismatch)?;
                let stocks = all_stocks(stocks, command.skus())?;
                let shipments = all_shipments(shipments)?;
                let decided = apply_amendment(state, command, &shipments, &stocks);
                told(decided, &Seen::at(state, &shipments, command.at), &stocks)
            }
            (
                Self::Order(_, OrderCommand::DropShipment(command)),
                [State::Order(state), State::Shipment(shipment)],
            ) => {
                let (first, told) = drop_shipment(state, command, shipment)
                    .map_err(|error| Seen::of(state).way_out(error.into()))?;
                let first = first.into_iter().map(Event::Order).collect();
                let told = told.map(Event::Shipment).into_iter().collect();
                Ok(vec![first, told])
            }
            (Self::Order(_, command), [State::Order(state)]) => one(Orders::decide(state, command))
                .map_err(|refusal| Seen::of(state).way_out(refusal)),
            (Self::Stock(command), [State::Stock(state)]) => one(Stocks::decide(state, command)),
            (Self::Payment(_, command), [State::Payment(state)]) => {
                one(Payments::decide(state, command))
            }
            (Self::Customer(command), [State::Customer(state)]) => {
                one(Customers::decide(state, command))
            }
            (Self::Product(command), [State::Product(state)]) => {
                one(Products::decide(state, command)).map_err(|refusal| match refusal.kind {
                    RefusalKind::State => refusal.allowing(&state.allowed_commands()),
                    _ => refusal,
                })
            }
            (
                Self::Shipment(_, ShipmentCommand::BookIn(command)),
                [State::Shipment(state), stocks @ ..],
            ) => {
                let stocks = all_stocks(stocks, command.skus.len())?;
                let decided = book_in_over_stock(state, command);
                let (first, happened) =
                    decided.map_err(|error| with_shipments_way_out(error, state))?;
                let first: Vec<Event> = first.into_iter().map(Event::Shipment).collect();
                let happened = of_stocks(&stocks, happened);
                Ok(std::iter::once(first).chain(happened).collect())
            }
            (
                Self::Shipment(
                    id,
                    command @ (ShipmentCommand::Create(_) | ShipmentCommand::Cancel(_)),
                ),
                [State::Shipment(state), others @ ..],
            ) => {
                if command.names().is_some_and(|named| named != *id) {
                    return Err(ShipmentError::OtherShipment.into());
                }
                of_parcels(state, command, others)
            }
            (Self::Shipment(_, command), [State::Shipment(state), looked_at @ ..]) => {
                let (order, none) = match (command.decided_over(), looked_at) {
                    (Some(_), [State::Order(order)]) => (order, vec![vec![]]),
                    (None, []) => (&Order::Absent, vec![]),
                    _ => return Err(mismatch()),
                };
                let decided = over_order(state, command, order);
                let decided = one(decided.map_err(|error| with_shipments_way_out(error, state)))?;
                // Nothing happens to the order.
                Ok([decided, none].concat())
            }
            (Self::Return(id, command), [State::Return(state), others @ ..]) => {
                if command.names().is_some_and(|named| named != *id) {
                    return Err(ReturnError::OtherReturn.into());
                }
                of_return(state, command, others)
            }
            (Self::Reservation(command), states) => {
                let (stocks, order) = match (command.is_for_the_order(), states) {
                    (true, [stocks @ .., State::Order(order)]) => (stocks, Some(order)),
                    (true, _) => return Err(mismatch()),
                    (false, stocks) => (stocks, None),
                };
                let stocks = all_stocks(stocks, command.each().count())?;
                let events = for_order(&stocks, command, order)?.into_iter();
                let events = events.map(|events| events.into_iter().map(Event::Stock).collect());
                // Nothing happens to the order.
                Ok(events.chain(order.map(|_| vec![])).collect())
            }
            _ => Err(mismatch()),
        }
    }
}

/// What a command to a return leads to there, and in the order's stream or those of the stock.
fn of_return(
    state: &Return,
    command: &ReturnCommand,
    others: &[&State],
) -> Result<Vec<Vec<Event>>, Refusal> {
    let way_out = |error: ReturnError| {
        let refusal = Refusal::from(error);
        match (refusal.kind, state, others) {
            (RefusalKind::State, Return::Requested(case), _) => {
                refusal.allowing(&case.status.allowed_commands())
            }
            // There is none yet: it is the order that refuses.
            (RefusalKind::State, Return::Absent, [State::Order(order)]) => {
                Seen::of(order).way_out(refusal)
            }
            _ => refusal,
        }
    };
    let (first, rest): (_, Vec<Vec<Event>>) = match (command, command.decided_over(), others) {
        (ReturnCommand::BookIn(command), _, stocks) => {
            let stocks = all_stocks(stocks, command.skus.len())?;
            let (first, happened) = book_in(state, command).map_err(way_out)?;
            (first, of_stocks(&stocks, happened))
        }
        (_, Some(_), [State::Order(order)]) => {
            let (first, told) = returns::over_order(state, command, order).map_err(way_out)?;
            (first, vec![told.into_iter().map(Event::Order).collect()])
        }
        (_, None, []) => {
            let decided = returns::over_order(state, command, &Order::Absent);
            (decided.map_err(way_out)?.0, vec![])
        }
        _ => return Err(mismatch()),
    };
    let first: Vec<Event> = first.into_iter().map(Event::Return).collect();
    Ok(std::iter::once(first).chain(rest).collect())
}

/// The states of so many stocks, if that is what they are.
fn all_stocks<'a>(states: &[&'a State], count: usize) -> Result<Vec<&'a Stock>, Refusal> {
    let stock = |state: &&'a State| match state {
        State::Stock(stock) => Some(stock),
        State::Order(_)
        | State::Payment(_)
        | State::Shipment(_)
        | State::Return(_)
        | State::Customer(_)
        | State::Product(_) => None,
    };
    let stocks: Option<Vec<&Stock>> = states.iter().map(stock).collect();
    stocks
        .filter(|stocks| stocks.len() == count)
        .ok_or_else(mismatch)
}

/// What happens to each of the stocks, with what follows for orders that wait for them.
fn of_stocks(stocks: &[&Stock], happened: Vec<Vec<StockEvent>>) -> Vec<Vec<Event>> {
    let happened = stocks.iter().zip(happened);
    let happened =
        happened.map(|(stock, events)| with_backorders_among(stocks.len(), stock, events));
    happened
        .map(|events| events.into_iter().map(Event::Stock).collect())
        .collect()
}

/// What the cancellation of lines leads to in the order, and in its shipments.
fn of_lines(
    state: &Order,
    command: &CancelLines,
    others: &[&State],
) -> Result<Vec<Vec<Event>>, Refusal> {
    let shipments = all_shipments(others)?;
    let decided = cancel_lines(state, command, &shipments);
    let decided = decided.map_err(|error| Seen::with(state, &shipments).way_out(error.into()));
    let (first, rest) = decided?;
    let first: Vec<Event> = first.into_iter().map(Event::Order).collect();
    let rest = rest.into_iter();
    let rest = rest.map(|event| event.map(Event::Shipment).into_iter().collect());
    Ok(std::iter::once(first).chain(rest).collect())
}

/// What the change of where an order goes leads to in the order; nothing happens to its shipments.
fn of_address(
    state: &Order,
    command: &ChangeShippingAddress,
    others: &[&State],
) -> Result<Vec<Vec<Event>>, Refusal> {
    let shipments = all_shipments(others)?;
    let decided = change_address(state, command, &shipments);
    let decided = decided.map_err(|error| {
        let is_erased = error == OrderError::CustomerErased;
        let mut refusal = Seen::with(state, &shipments).way_out(error.into());
        // The order does not know what became of its customer.
        if let Some(allowed) = refusal.allowed.as_mut().filter(|_| is_erased) {
            allowed.retain(|command| command != "change_shipping_address");
        }
        refusal
    });
    let first: Vec<Event> = decided?.into_iter().map(Event::Order).collect();
    let rest = others.iter().map(|_| vec![]);
    Ok(std::iter::once(first).chain(rest).collect())
}

/// What happens to an order, to each of its shipments, and to the stock of each SKU.
type Told = (
    Vec<OrderEvent>,
    Vec<Option<ShipmentEvent>>,
    Vec<Option<StockEvent>>,
);

/// What happens to an order, its shipments and its stock, with what follows for orders that wait for that.
fn told(
    decided: Result<Told, OrderError>,
    seen: &Seen<'_>,
    stocks: &[&Stock],
) -> Result<Vec<Vec<Event>>, Refusal> {
    let decided = decided.map_err(|error| seen.way_out(error.into()));
    let (first, shipments, happened) = decided?;
    let first: Vec<Event> = first.into_iter().map(Event::Order).collect();
    let shipments = shipments.into_iter();
    let shipments = shipments.map(|told| told.map(Event::Shipment).into_iter().collect());
    let happened = happened.into_iter();
    let happened = happened.map(|told| told.into_iter().collect()).collect();
    let rest = shipments.chain(of_stocks(stocks, happened));
    Ok(std::iter::once(first).chain(rest).collect())
}

/// What the creation or the cancellation of an order's shipments leads to in each of them; nothing happens
/// to the order, where that is looked at.
fn of_parcels(
    state: &Shipment,
    command: &ShipmentCommand,
    others: &[&State],
) -> Result<Vec<Vec<Event>>, Refusal> {
    let (order, further) = match (command.decided_over(), others) {
        (Some(_), [State::Order(order), further @ ..]) => (Some(order), further),
        (Some(_), _) => return Err(mismatch()),
        (None, further) => (None, further),
    };
    let mut shipments = vec![state];
    for other in further {
        match other {
            State::Shipment(shipment) => shipments.push(shipment),
            _ => return Err(mismatch()),
        }
    }
    let decided = over_parcels(&shipments, command, order.unwrap_or(&Order::Absent));
    let decided = decided.map_err(|error| with_shipments_way_out(error, state))?;
    let mut decided = decided.into_iter();
    let first = decided.next().into_iter();
    let told = first.chain(order.map(|_| vec![])).chain(decided);
    Ok(told
        .map(|events| events.into_iter().map(Event::Shipment).collect())
        .collect())
}

/// All that may leave for an order.
fn all_shipments<'a>(states: &[&'a State]) -> Result<Vec<&'a Shipment>, Refusal> {
    let shipments = states.iter().map(|state| match state {
        State::Shipment(shipment) => Some(shipment),
        _ => None,
    });
    let shipments: Option<Vec<&Shipment>> = shipments.collect();
    let shipments = shipments.filter(|all| all.len() == MAX_PARCELS);
    shipments.ok_or_else(mismatch)
}

fn one<E, X>(decision: Result<Vec<E>, X>) -> Result<Vec<Vec<Event>>, Refusal>
where
    Event: From<E>,
    Refusal: From<X>,
{
    let events = decision?;
    Ok(vec![events.into_iter().map(Event::from).collect()])
}

/// A refusal because of a state says what the shipment allows; while its order keeps it, all of that but
/// to leave.
fn with_shipments_way_out(error: ShipmentError, state: &Shipment) -> Refusal {
    let mut allowed = state.allowed_commands();
    if matches!(
        error,
        ShipmentError::Held { .. } | ShipmentError::NotConfirmed { .. }
    ) {
        allowed.retain(|command| *command != "dispatch");
    }
    let refusal = Refusal::from(error);
    match refusal.kind {
        RefusalKind::State => refusal.allowing(&allowed),
        _ => refusal,
    }
}

/// A caller that pairs a command with other streams' states has a bug; nothing is decided then.
fn mismatch() -> Refusal {
    Refusal::new(
        RefusalKind::Meaning,
        "STATE_MISMATCH",
        "the states are not those of the command",
    )
}

#[cfg(test)]
mod tests;
