//! An order and its shipment, to which anything may happen.

use super::*;

/// What happens to an order and its shipment.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Order(OrderCommand),
    Shipment(ShipmentCommand),
    /// So many of a line are to be wanted, until so many seconds after the clock began.
    Amend(u32, i64, i64),
    Apply,
    CancelLine(u32),
    Move,
    Return(u32, i64),
}

/// An order and its shipment.
pub(super) struct World {
    pub(super) order: Order,
    pub(super) shipment: Shipment,
    /// How much has happened, or was asked.
    n: u64,
}

fn placed() -> Order {
    let line = |name, quantity| NewLine {
        sku: sku(name),
        quantity,
        unit_price: 100,
        currency: None,
        terms: Default::default(),
    };
    let place = OrderCommand::Place(PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![line("A", 2), line("B", 3)],
        terms: Default::default(),
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    });
    let events = Orders::decide(&Order::Absent, &place).unwrap();
    events.iter().fold(Order::Absent, Orders::evolve)
}

pub(super) fn shipment_id() -> ShipmentId {
    ShipmentId::whole(order_id(1))
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            order: placed(),
            shipment: Shipment::Absent,
            n: 0,
        }
    }

    pub(super) fn placed(&self) -> &Placed {
        self.order.placed().unwrap()
    }

    /// All of it that the shipment holds.
    fn goods(&self) -> Vec<LineQuantity> {
        let lines = self.shipment.created().map(|parcel| parcel.lines.clone());
        let goods = lines.iter().flat_map(|lines| lines.iter());
        goods
            .map(|line| LineQuantity {
                line: line.line,
                quantity: line.quantity,
            })
            .collect()
    }

    /// Stock of all that the amendment is about, of which there is enough.
    fn stocks(&self) -> Vec<Stock> {
        let open = self.placed().open_amendment();
        let skus = open.iter().flat_map(|open| &open.stock);
        skus.map(|stock| {
            let (location, quantity) = (Location::default(), stock.wanted - stock.difference);
            let kept: [StockEvent; 3] = [
                StockReceived {
                    receipt_id: uuid(4, 1),
                    location: location.clone(),
                    sku: stock.sku.clone(),
                    quantity: 1_000,
                    reference: None,
                }
                .into(),
                StockReserved {
                    order_id: order_id(1),
                    epoch: 1,
                    location: location.clone(),
                    sku: stock.sku.clone(),
                    quantity,
                    lines: vec![ReservationLine { line: 1, quantity }],
                    until: at(0),
                    part: 1,
                    parts: 1,
                    parcels: 1,
                }
                .into(),
                ReservationCommitted {
                    order_id: order_id(1),
                    epoch: 1,
                    location,
                    sku: stock.sku.clone(),
                    quantity,
                    part: 1,
                    parts: 1,
                }
                .into(),
            ];
            Stocks::fold(&kept)
        })
        .collect()
    }

    /// What comes of asking for it at `now`, in each of the ways in which it may be asked of order and shipment
    /// together: whether anything happens, or why not.
    pub(super) fn ask(&mut self, name: &str, now: DateTime<Utc>) -> Vec<Result<bool, OrderError>> {
        self.n += 1;
        let (order, id) = (&self.order, uuid(20, self.n));
        let shipments: &[&Shipment] = &[&self.shipment];
        let happens =
            |decided: Result<Vec<OrderEvent>, OrderError>| decided.map(|all| !all.is_empty());
        let plain = |command| vec![happens(Orders::decide(order, &command))];
        let text = || "x".to_owned();
        let numbers = [1_u32, 2];
        match name {
            "add_note" => plain(OrderCommand::AddNote(AddNote {
                note_id: id,
                text: text(),
            })),
            "set_tags" => plain(OrderCommand::SetTags(SetTags {
                tags: vec![format!("t{}", self.n)],
            })),
            "cancel" => plain(OrderCommand::RequestCancellation(RequestCancellation {
                reason: text(),
            })),
            "place_hold" => plain(OrderCommand::PlaceHold(PlaceHold {
                hold: format!("h{}", self.n),
                reason: text(),
            })),
            "release_hold" => {
                let holds = self.placed().holds.keys().cloned();
                let holds = holds.chain(["none".to_owned()]);
                let release = |hold| OrderCommand::ReleaseHold(ReleaseHold { hold });
                holds
                    .map(|hold| happens(Orders::decide(order, &release(hold))))
                    .collect()
            }
            "withdraw_amendment" => {
                let open = self.placed().open_amendment();
                let amendment_id = open.map_or(id, |open| open.amendment_id);
                plain(OrderCommand::WithdrawAmendment(WithdrawAmendment {
                    amendment_id,
                }))
            }
            "cancel_lines" => numbers
                .map(|line| {
                    let command = CancelLines {
                        cancellation_id: id,
                        lines: vec![LineQuantity { line, quantity: 1 }],
                        reason: text(),
                    };
                    happens(cancel_lines(order, &command, shipments).map(|told| told.0))
                })
                .to_vec(),
            "change_shipping_address" => {
                let command = ChangeShippingAddress {
                    shipping_address: Sealed::of_base64(&format!("x{}", self.n)).ok(),
                };
                vec![happens(change_address(order, &command, shipments))]
            }
            "propose_amendment" => {
                let all = numbers.map(|line| [0, 1, 2, 3].map(|quantity| (line, quantity)));
                let propose = |(line, quantity)| {
                    let command = ProposeAmendment {
                        amendment_id: id,
                        lines: vec![LineQuantity { line, quantity }],
                        at: now,
                        until: at(9_000),
                        reason: text(),
                    };
                    happens(propose_amendment(order, &command, shipments))
                };
                all.concat().into_iter().map(propose).collect()
            }
            "apply_amendment" => {
                let open = self.placed().open_amendment();
                let stocks = self.stocks();
                let created = self.shipment.created();
                let command = ApplyAmendment {
                    amendment_id: open.map_or(id, |open| open.amendment_id),
                    at: now,
                    stock: open.zip(created).map(|(open, parcel)| ConcernedStock {
                        location: parcel.location.clone(),
                        skus: open.stock.iter().map(|stock| stock.sku.clone()).collect(),
                    }),
                };
                let stocks: Vec<&Stock> = stocks.iter().take(command.skus()).collect();
                let decided = apply_amendment(order, &command, shipments, &stocks);
                vec![happens(decided.map(|told| told.0))]
            }
            "request_return" => {
                let wanted = |line| [LineQuantity { line, quantity: 1 }];
                let open = |line| open_return(self.placed(), ReturnId::new(id), &wanted(line));
                numbers.map(|line| open(line).map(|_| true)).to_vec()
            }
            _ => panic!("what is {name}?"),
        }
    }

    fn evolve(&mut self, events: &[OrderEvent]) {
        self.order = events.iter().fold(self.order.clone(), Orders::evolve);
    }

    /// What happens is possible: else nothing does.
    pub(super) fn step(&mut self, step: &Step) {
        self.n += 1;
        let id = uuid(30, self.n);
        let shipment = self.shipment.clone();
        match step {
            Step::Order(OrderCommand::RecordShipped(_)) => {
                self.leave(ShipmentCommand::RequestDispatch(RequestDispatch {
                    order_id: order_id(1),
                }));
                if Packing::of_all(&[&self.shipment]) != Packing::Labelled {
                    return;
                }
                let (shipment_id, lines) = (shipment_id(), self.goods());
                let command = OrderCommand::RecordShipped(RecordShipped { shipment_id, lines });
                self.put(&command);
            }
            Step::Order(OrderCommand::RecordDelivered(_)) => {
                let (shipment_id, lines) = (shipment_id(), self.goods());
                if self.placed().shipment(shipment_id).is_some() {
                    let command = RecordDelivered { shipment_id, lines };
                    self.put(&OrderCommand::RecordDelivered(command));
                }
            }
            Step::Order(command) => self.put(command),
            Step::Shipment(command) => self.leave(command.clone()),
            Step::Amend(line, quantity, until) => {
                let command = ProposeAmendment {
                    amendment_id: id,
                    lines: vec![
                        LineQuantity {
                            line: *line,
                            quantity: *quantity,
                        },
                        LineQuantity {
                            line: 3 - line,
                            quantity: 1,
                        },
                    ],
                    at: at(0),
                    until: at(*until),
                    reason: "rather so".into(),
                };
                if let Ok(events) = propose_amendment(&self.order, &command, &[&shipment]) {
                    self.evolve(&events);
                }
            }
            Step::Apply => {
                let Some(open) = self.placed().open_amendment().cloned() else {
                    return;
                };
                let command = ApplyAmendment {
                    amendment_id: open.amendment_id,
                    at: at(0),
                    stock: None,
                };
                if let Ok((events, told, _)) =
                    apply_amendment(&self.order, &command, &[&shipment], &[])
                {
                    self.evolve(&events);
                    self.shipment = told.iter().flatten().fold(shipment, Shipments::evolve);
                }
            }
            Step::CancelLine(line) => {
                let command = CancelLines {
                    cancellation_id: id,
                    lines: vec![LineQuantity {
                        line: *line,
                        quantity: 1,
                    }],
                    reason: "too many".into(),
                };
                if let Ok((events, told)) = cancel_lines(&self.order, &command, &[&shipment]) {
                    self.evolve(&events);
                    self.shipment = told.iter().flatten().fold(shipment, Shipments::evolve);
                }
            }
            Step::Move => {
                let command = ChangeShippingAddress {
                    shipping_address: Sealed::of_base64("eHl6").ok(),
                };
                if let Ok(events) = change_address(&self.order, &command, &[&shipment]) {
                    self.evolve(&events);
                }
            }
            Step::Return(line, quantity) => {
                let lines = [LineQuantity {
                    line: *line,
                    quantity: *quantity,
                }];
                let opened = open_return(self.placed(), ReturnId::new(id), &lines);
                if let Ok(opened) = opened {
                    let opened: ReturnOpened = opened;
                    self.evolve(&[opened.into()]);
                }
            }
        }
    }

    pub(super) fn put(&mut self, command: &OrderCommand) {
        if let Ok(events) = Orders::decide(&self.order, command) {
            self.evolve(&events);
        }
    }

    fn leave(&mut self, command: ShipmentCommand) {
        if let Ok(events) = over_order(&self.shipment, &command, &self.order) {
            let shipment = std::mem::take(&mut self.shipment);
            self.shipment = events.iter().fold(shipment, Shipments::evolve);
        }
    }
}
