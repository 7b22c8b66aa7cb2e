//! What customers send back, in histories for tests: the deciders say what comes of it.

use super::History;
use domain::{
    Command, Location, Money, OrderId, ReturnId, Sku, State, TenantId,
    order::LineQuantity,
    payment::{PaymentCommand, RecordRefunded, RefundReturn},
    returns::{
        self, ApproveReturn, BookIn, CancelReturn, DeclineReturn, InspectReturn, InspectedLine,
        MarkInTransit, ReceiveReturn, RequestReturn, ReturnCommand,
    },
    stock::{ClearQuarantine, StockCommand, StockQuarantined, StockRestocked},
};
use uuid::Uuid;

impl History {
    /// Puts `command` to its streams as they are.
    fn put(&mut self, command: &Command) {
        let streams = command.streams(&TenantId::default());
        let states: Vec<State> = streams
            .iter()
            .map(|stream| {
                let events = self.events().iter();
                let events = events.filter(|event| event.envelope.stream == *stream);
                events.fold(State::empty(stream.category()), |state, event| {
                    state.evolve(&event.event)
                })
            })
            .collect();
        let decided = command.decide(&states.iter().collect::<Vec<_>>()).unwrap();
        for (stream, events) in streams.into_iter().zip(decided) {
            for event in events {
                self.push(stream.clone(), event);
            }
        }
    }

    fn put_return(&mut self, id: ReturnId, command: ReturnCommand) {
        self.put(&Command::Return(id, command));
    }

    fn next_id(&self) -> Uuid {
        Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + self.events().len() as u128)
    }

    /// The customer asks for the return of one piece of the first line.
    pub(crate) fn request_return(&mut self, order_id: OrderId) -> ReturnId {
        let return_id = ReturnId::new(self.next_id());
        let line = LineQuantity {
            line: 1,
            quantity: 1,
        };
        let request = RequestReturn {
            return_id,
            order_id,
            lines: vec![line],
            reason: "too small".into(),
        };
        self.put_return(return_id, ReturnCommand::Request(request));
        return_id
    }

    pub(crate) fn approve_return(&mut self, id: ReturnId) {
        let location = Location::default();
        self.put_return(id, ReturnCommand::Approve(ApproveReturn { location }));
    }

    pub(crate) fn send_return(&mut self, id: ReturnId) {
        let tracking_number = Some("R1".into());
        self.put_return(
            id,
            ReturnCommand::MarkInTransit(MarkInTransit { tracking_number }),
        );
    }

    pub(crate) fn receive_return(&mut self, id: ReturnId) {
        let receipt_id = self.next_id();
        let lines = vec![];
        self.put_return(
            id,
            ReturnCommand::Receive(ReceiveReturn { receipt_id, lines }),
        );
    }

    /// The piece that came can be sold again, or cannot, or is not accepted.
    pub(crate) fn inspect_return(&mut self, id: ReturnId, order_id: OrderId, parts: [i64; 3]) {
        let [restocked, quarantined, refused] = parts;
        let line = InspectedLine {
            line: 1,
            restocked,
            quarantined,
            refused,
            reason: Some("looked at".into()),
        };
        let lines = vec![line];
        self.put_return(
            id,
            ReturnCommand::Inspect(InspectReturn { order_id, lines }),
        );
    }

    /// What follows of itself once a piece of `sku` was accepted, which cost `amount`.
    pub(crate) fn settle_return(
        &mut self,
        id: ReturnId,
        order_id: OrderId,
        sku: Sku,
        amount: Money,
    ) {
        let book_in = BookIn {
            location: Location::default(),
            skus: vec![sku],
        };
        self.put_return(id, ReturnCommand::BookIn(book_in));
        let refund = RefundReturn {
            order_id,
            return_id: id,
            amount,
            idempotency_key: format!("main:{order_id}:return:{id}:1"),
        };
        self.put(&Command::Payment(
            order_id,
            PaymentCommand::RefundReturn(refund),
        ));
        let payment = self
            .events()
            .iter()
            .rev()
            .find_map(|event| match &event.event {
                domain::Event::Payment(domain::payment::PaymentEvent::PaymentRefundRequested(
                    asked,
                )) => Some((asked.authorization_id.clone(), asked.refund)),
                _ => None,
            });
        let (authorization_id, refund) = payment.unwrap();
        let recorded = RecordRefunded {
            authorization_id,
            refund,
            amount,
        };
        self.put(&Command::Payment(
            order_id,
            PaymentCommand::RecordRefunded(recorded),
        ));
        let recorded = returns::RecordRefunded { amount };
        self.put_return(id, ReturnCommand::RecordRefunded(recorded));
    }

    /// A whole return of one piece of the first line, which is accepted.
    pub(crate) fn give_back(&mut self, order_id: OrderId, parts: [i64; 3]) -> ReturnId {
        let id = self.request_return(order_id);
        self.approve_return(id);
        self.send_return(id);
        self.receive_return(id);
        self.inspect_return(id, order_id, parts);
        if parts[0] + parts[1] > 0 {
            let (sku, amount) = self.first_line(order_id);
            self.settle_return(id, order_id, sku, amount);
        }
        id
    }

    pub(crate) fn decline_return(&mut self, id: ReturnId, order_id: OrderId) {
        let reason = "worn".into();
        self.put_return(
            id,
            ReturnCommand::Decline(DeclineReturn { order_id, reason }),
        );
    }

    pub(crate) fn cancel_return(&mut self, id: ReturnId, order_id: OrderId) {
        let reason = "it did not arrive in time".into();
        self.put_return(id, ReturnCommand::Cancel(CancelReturn { order_id, reason }));
    }

    /// The SKU of the first line, and what one piece of it costs.
    pub(crate) fn first_line(&self, order_id: OrderId) -> (Sku, Money) {
        let placed = self.events().iter().find_map(|event| match &event.event {
            domain::Event::Order(domain::order::OrderEvent::OrderPlaced(placed))
                if placed.order_id == order_id =>
            {
                Some(placed)
            }
            _ => None,
        });
        let placed = placed.unwrap();
        let line = &placed.lines[0];
        (
            line.sku.clone(),
            Money::new(line.unit_price, placed.currency),
        )
    }

    /// Stock comes back, whatever the return says.
    pub(crate) fn come_back(
        &mut self,
        order_id: OrderId,
        name: &str,
        restocked: i64,
        quarantined: i64,
    ) {
        let return_id = ReturnId::new(self.next_id());
        let (location, sku) = (Location::default(), super::sku(name));
        let back = StockRestocked {
            order_id,
            return_id,
            location: location.clone(),
            sku: sku.clone(),
            quantity: restocked,
        };
        self.stock_event(name, back);
        let back = StockQuarantined {
            order_id,
            return_id,
            location,
            sku,
            quantity: quarantined,
        };
        self.stock_event(name, back);
    }

    /// One piece in quarantine is written off.
    fn clear_quarantine(&mut self, name: &str) {
        let clear = ClearQuarantine {
            clearance_id: self.next_id(),
            location: Location::default(),
            sku: super::sku(name),
            restocked: 0,
            written_off: 1,
            reason: "broken".into(),
        };
        self.put(&Command::Stock(StockCommand::Clear(clear)));
    }

    /// What may be sent back of an order that has arrived.
    pub(super) fn maybe_give_back(&mut self, order_id: OrderId, pick: usize) {
        match pick % 6 {
            0 => {
                self.give_back(order_id, [1, 0, 0]);
            }
            1 => {
                self.give_back(order_id, [0, 1, 0]);
            }
            2 => {
                self.give_back(order_id, [0, 0, 1]);
            }
            3 => {
                let id = self.request_return(order_id);
                self.approve_return(id);
                if pick % 4 == 1 {
                    self.cancel_return(id, order_id);
                }
            }
            _ => {}
        }
    }
}

/// All that may become of returns, one after the other.
pub(crate) fn all_of_returns(history: &mut History) {
    let order = history.confirmed_order("c", &[("A", 4, 100)]);
    history.pack(order);
    history.dispatch(order, 1);
    history.deliver(order);
    history.give_back(order, [1, 0, 0]);
    history.give_back(order, [0, 1, 0]);
    history.clear_quarantine("A");
    let declined = history.request_return(order);
    history.decline_return(declined, order);
    let late = history.request_return(order);
    history.approve_return(late);
    history.cancel_return(late, order);
}
