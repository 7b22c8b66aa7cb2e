//! The state of any stream, and decisions over one or several of them.

use crate::{
    Category, Command, Decider, Event, Refusal, RefusalKind,
    order::{Order, Orders},
    payment::{Payment, Payments},
    shipment::{Parcel, Shipment, ShipmentError, Shipments, over_order},
    stock::{Stock, Stocks, for_order},
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
    /// Of a shipment.
    Shipment(Shipment),
}

impl State {
    /// The state of an empty stream.
    pub fn empty(category: Category) -> Self {
        match category {
            Category::Order => Self::Order(Order::default()),
            Category::Stock => Self::Stock(Stock::default()),
            Category::Payment => Self::Payment(Payment::default()),
            Category::Shipment => Self::Shipment(Shipment::default()),
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
            (Self::Order(_, command), [State::Order(state)]) => {
                one(Orders::decide(state, command)).map_err(|refusal| with_way_out(refusal, state))
            }
            (Self::Stock(command), [State::Stock(state)]) => one(Stocks::decide(state, command)),
            (Self::Payment(_, command), [State::Payment(state)]) => {
                one(Payments::decide(state, command))
            }
            (Self::Shipment(id, command), [State::Shipment(state), looked_at @ ..]) => {
                let (order, none) = match (command.looks_at_order(), looked_at) {
                    (Some(_), [State::Order(order)]) => (order, vec![vec![]]),
                    (None, []) => (&Order::Absent, vec![]),
                    _ => return Err(mismatch()),
                };
                if command.names().is_some_and(|named| named != *id) {
                    return Err(ShipmentError::OtherShipment.into());
                }
                let decided = one(over_order(state, command, order));
                let decided = decided.map_err(|refusal| match refusal.kind {
                    RefusalKind::State => refusal.allowing(&state.allowed_commands()),
                    _ => refusal,
                })?;
                // Nothing happens to the order.
                Ok([decided, none].concat())
            }
            (Self::Reservation(command), states) => {
                let (stocks, order) = match (command.is_for_the_order(), states) {
                    (true, [stocks @ .., State::Order(order)]) => (stocks, Some(order)),
                    (true, _) => return Err(mismatch()),
                    (false, stocks) => (stocks, None),
                };
                if stocks.len() != command.items.len() {
                    return Err(mismatch());
                }
                let stocks: Option<Vec<&Stock>> = stocks
                    .iter()
                    .map(|state| match state {
                        State::Stock(stock) => Some(stock),
                        State::Order(_) | State::Payment(_) | State::Shipment(_) => None,
                    })
                    .collect();
                let stocks = stocks.ok_or_else(mismatch)?;
                let events = for_order(&stocks, command, order)?;
                let events = events.into_iter();
                let events = events.map(|event| event.map(Event::from).into_iter().collect());
                // Nothing happens to the order.
                Ok(events.chain(order.map(|_| vec![])).collect())
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

/// A refusal because of an order's state says what that state allows.
fn with_way_out(refusal: Refusal, state: &Order) -> Refusal {
    match (refusal.kind, state.placed()) {
        (RefusalKind::State, Some(order)) => refusal.allowing(&order.allowed_commands()),
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
mod tests {
    use super::*;
    use crate::{
        Currency, CustomerId, Location, StreamId, TenantId,
        order::{
            CancelOrder, ConfirmOrder, ExpireOrder, NewLine, OrderCommand, PlaceOrder,
            RejectCancellation, RejectOrder, RejectionReason, RequestCancellation,
        },
        stock::{
            ReceiveStock, ReleaseReason, ReservationCommand, ReservationItem, ReservationLine,
            ReservationStep, StockCommand,
        },
        testing::{at, order_id, sku, uuid},
    };

    fn release(names: &[&str]) -> Command {
        let item = |name: &&str| ReservationItem {
            sku: sku(name),
            lines: vec![ReservationLine {
                line: 1,
                quantity: 1,
            }],
        };
        Command::Reservation(ReservationCommand {
            order_id: order_id(1),
            epoch: 1,
            location: Location::default(),
            items: names.iter().map(item).collect(),
            step: ReservationStep::Release(ReleaseReason::Expired),
        })
    }

    fn placement() -> PlaceOrder {
        PlaceOrder {
            order_id: order_id(1),
            customer_id: CustomerId::parse("c").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            lines: vec![NewLine {
                sku: sku("A"),
                quantity: 1,
                unit_price: 1,
                currency: None,
            }],
            total: None,
            shipping_address: None,
            payment_method: "tok".into(),
            reference: None,
            placed_at: at(0),
        }
    }

    fn receive() -> Command {
        Command::Stock(StockCommand::Receive(ReceiveStock {
            receipt_id: uuid(1, 1),
            location: Location::default(),
            sku: sku("A"),
            quantity: 1,
            reference: None,
        }))
    }

    #[test]
    fn a_command_over_several_streams_has_events_for_each() {
        let command = release(&["A", "B"]);
        let streams = command.streams(&TenantId::default());
        let names: Vec<_> = streams.iter().map(|stream| stream.as_str()).collect();
        assert_eq!(names, ["stock-main.main.A", "stock-main.main.B"]);
        let states = [State::empty(Category::Stock), State::empty(Category::Stock)];
        let events = command.decide(&states.each_ref()).unwrap();
        assert!(events.iter().all(|events| events.len() == 1) && events.len() == 2);
    }

    /// What a placed order is after each of `commands`.
    fn order_after(commands: &[OrderCommand]) -> State {
        let place = Command::Order(order_id(1), OrderCommand::Place(placement()));
        let commands = commands
            .iter()
            .map(|command| Command::Order(order_id(1), command.clone()));
        let mut order = State::empty(Category::Order);
        for command in std::iter::once(place).chain(commands) {
            let events = command.decide(&[&order]).unwrap().remove(0);
            order = events.iter().fold(order, State::evolve);
        }
        order
    }

    #[test]
    fn stock_is_reserved_for_an_order_that_waits_and_for_no_other() {
        let Command::Reservation(mut reserve) = release(&["A"]) else {
            panic!("it is a reservation")
        };
        reserve.step = ReservationStep::Reserve { until: at(900) };
        let reserve = Command::Reservation(reserve);
        let streams = reserve.streams(&TenantId::default());
        let order = StreamId::order(&TenantId::default(), order_id(1));
        assert_eq!(streams.last(), Some(&order));

        let stocked = receive().decide(&[&State::empty(Category::Stock)]).unwrap();
        let full = stocked[0]
            .iter()
            .fold(State::empty(Category::Stock), State::evolve);
        let empty = State::empty(Category::Stock);
        let waiting = order_after(&[]);
        let reserved = reserve.decide(&[&full, &waiting]).unwrap();
        assert_eq!((reserved.len(), reserved[0].len()), (2, 1));
        assert!(reserved[1].is_empty(), "nothing happens to the order");

        let reject = OrderCommand::Reject(RejectOrder {
            reason: RejectionReason::OutOfStock,
            detail: "none".into(),
        });
        let cancel = OrderCommand::RequestCancellation(RequestCancellation { reason: "x".into() });
        for end in [
            vec![reject],
            vec![OrderCommand::Expire(ExpireOrder)],
            vec![OrderCommand::Confirm(ConfirmOrder)],
            vec![cancel.clone()],
            vec![cancel, OrderCommand::Cancel(CancelOrder)],
        ] {
            let ended = order_after(&end);
            for stock in [&full, &empty] {
                let refusal = reserve.decide(&[stock, &ended]).unwrap_err();
                assert_eq!(refusal.code, "ORDER_NOT_WAITING", "{end:?}");
                assert_eq!(refusal.kind, RefusalKind::State);
            }
            let taken = reserved[0].iter().fold(full.clone(), State::evolve);
            let again = reserve.decide(&[&taken, &ended]).unwrap();
            assert!(again.iter().all(Vec::is_empty), "it has what it reserved");
        }
    }

    #[test]
    fn states_of_other_streams_are_a_mismatch() {
        let (order, stock) = (State::empty(Category::Order), State::empty(Category::Stock));
        let confirm = Command::Order(order_id(1), OrderCommand::Confirm(ConfirmOrder));
        let cases: [(&Command, &[&State]); 6] = [
            (&confirm, &[]),
            (&confirm, &[&stock]),
            (&confirm, &[&order, &order]),
            (&receive(), &[&order]),
            (&release(&["A", "B"]), &[&stock]),
            (&release(&["A", "B"]), &[&stock, &order]),
        ];
        for (command, states) in cases {
            assert_eq!(command.decide(states).unwrap_err().code, "STATE_MISMATCH");
        }
    }

    #[test]
    fn a_refusal_because_of_a_state_says_what_the_state_allows() {
        let absent = State::empty(Category::Order);
        let confirm = Command::Order(order_id(1), OrderCommand::Confirm(ConfirmOrder));
        assert_eq!(confirm.decide(&[&absent]).unwrap_err().allowed, None);
        let place = Command::Order(order_id(1), OrderCommand::Place(placement()));
        let events = place.decide(&[&absent]).unwrap().remove(0);
        let placed = events.iter().fold(absent, State::evolve);
        let reject = Command::Order(
            order_id(1),
            OrderCommand::RejectCancellation(RejectCancellation { reason: "x".into() }),
        );
        let allowed = reject.decide(&[&placed]).unwrap_err().allowed.unwrap();
        assert_eq!(allowed, ["add_note", "cancel", "place_hold"]);
    }

    #[test]
    fn an_event_of_another_category_changes_nothing() {
        let stock = State::empty(Category::Stock);
        let events = receive().decide(&[&stock]).unwrap().remove(0);
        for category in [Category::Order, Category::Payment, Category::Shipment] {
            let state = State::empty(category);
            assert_eq!(state.clone().evolve(&events[0]), state);
        }
        assert_ne!(stock.clone().evolve(&events[0]), stock);
    }
}
