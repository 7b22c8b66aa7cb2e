//! The state of any stream, and decisions over one or several of them.

use crate::{
    Category, Command, Decider, Event, Refusal, RefusalKind,
    order::{Order, Orders},
    payment::{Payment, Payments},
    stock::{Stock, Stocks, across},
};

/// The state of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// Of an order.
    Order(Order),
    /// Of the stock of a SKU.
    Stock(Stock),
    /// Of a payment.
    Payment(Payment),
}

impl State {
    /// The state of an empty stream.
    pub fn empty(category: Category) -> Self {
        match category {
            Category::Order => Self::Order(Order::default()),
            Category::Stock => Self::Stock(Stock::default()),
            Category::Payment => Self::Payment(Payment::default()),
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
            (state, _) => state,
        }
    }
}

impl Command {
    /// What it leads to: for each of its streams, in their order, the events to append.
    ///
    /// `states` are those of [`Command::streams`], in the same order.
    pub fn decide(&self, states: &[&State]) -> Result<Vec<Vec<Event>>, Refusal> {
        match (self, states) {
            (Self::Order(_, command), [State::Order(state)]) => one(Orders::decide(state, command)),
            (Self::Stock(command), [State::Stock(state)]) => one(Stocks::decide(state, command)),
            (Self::Payment(_, command), [State::Payment(state)]) => {
                one(Payments::decide(state, command))
            }
            (Self::Reservation(command), states) if states.len() == command.items.len() => {
                let stocks: Option<Vec<&Stock>> = states
                    .iter()
                    .map(|state| match state {
                        State::Stock(stock) => Some(stock),
                        State::Order(_) | State::Payment(_) => None,
                    })
                    .collect();
                let stocks = stocks.ok_or_else(mismatch)?;
                let events = across(&stocks, command)?;
                Ok(events
                    .into_iter()
                    .map(|event| event.map(Event::from).into_iter().collect())
                    .collect())
            }
            _ => Err(mismatch()),
        }
    }
}

fn one<E, X>(decision: Result<Vec<E>, X>) -> Result<Vec<Vec<Event>>, Refusal>
where
    Event: From<E>,
    Refusal: From<X>,
{
    let events = decision?;
    Ok(vec![events.into_iter().map(Event::from).collect()])
}

/// A caller that pairs a command with other streams' states has a bug; nothing is decided then.
fn mismatch() -> Refusal {
    Refusal::new(
        RefusalKind::Meaning,
        "STATE_MISMATCH",
        "the states are not those of the command",
    )
}
