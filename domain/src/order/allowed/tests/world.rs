//! An order and its shipments, to which anything may happen.

use super::*;

/// What happens to an order and its shipments.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Order(OrderCommand),
    /// What is to leave is created: as a whole, or in two parcels.
    Create(bool),
    Shipment(usize, ShipmentCommand),
    /// All of them are called back.
    CallBack,
    /// One of them cannot leave.
    Drop(usize),
    Leave(usize),
    Arrive(usize),
    /// So many of a line are to be wanted, until so many seconds after the clock began.
    Amend(u32, i64, i64),
    Apply,
    CancelLine(u32),
    Move,
    Return(u32, i64),
}

/// An order and all that may leave for it.
pub(super) struct World {
    pub(super) order: Order,
    shipments: [Shipment; 2],
    /// How much has happened, or was asked.
    n: u64,
}

/// An order of 2 A, 3 B and a C that is free, which is taxed by a sum.
fn placed() -> Order {
    let line = |name, quantity, discount| NewLine {
        sku: sku(name),
        quantity,
        unit_price: 100,
        currency: None,
        terms: LineTerms {
            discount,
            ..Default::default()
        },
    };
    let place = OrderCommand::Place(PlaceOrder {
        order_id: order_id(1),
        customer_id: CustomerId::parse("c").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        lines: vec![line("A", 2, 0), line("B", 3, 50), line("C", 1, 100)],
        terms: OrderTerms {
            tax: Some(90),
            ..Default::default()
        },
        total: None,
        shipping_address: None,
        payment_method: "tok".into(),
        reference: None,
        placed_at: at(0),
    });
    let events = Orders::decide(&Order::Absent, &place).unwrap();
    events.iter().fold(Order::Absent, Orders::evolve)
}

/// The id of the first of them, or of another.
fn shipment_id(n: usize) -> ShipmentId {
    ShipmentId::parcel(order_id(1), n + 1)
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            order: placed(),
            shipments: Default::default(),
            n: 0,
        }
    }

    pub(super) fn placed(&self) -> &Placed {
        self.order.placed().unwrap()
    }

    /// All that may leave for it.
    pub(super) fn shipments(&self) -> Vec<&Shipment> {
        self.shipments.iter().collect()
    }

    /// All of it that a shipment holds.
    fn goods(&self, n: usize) -> Vec<LineQuantity> {
        let lines = self.shipments[n]
            .created()
            .map(|parcel| parcel.lines.clone());
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
        let shipments = &self.shipments();
        let happens =
            |decided: Result<Vec<OrderEvent>, OrderError>| decided.map(|all| !all.is_empty());
        let plain = |command| vec![happens(Orders::decide(order, &command))];
        let text = || "x".to_owned();
        let numbers = [1_u32, 2, 3];
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
                let created = self.shipments[0].created();
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
        match step {
            Step::Order(command) => self.put(command),
            Step::Create(split) => {
                let of = |names: &[&str]| names.iter().map(|name| sku(name)).collect();
                let further = Allotted {
                    location: Location::parse("other").unwrap(),
                    skus: of(&["B"]),
                };
                let command = CreateShipment {
                    order_id: order_id(1),
                    location: Location::default(),
                    skus: of(if *split {
                        &["A", "C"]
                    } else {
                        &["A", "B", "C"]
                    }),
                    further: split.then_some(further).into_iter().collect(),
                };
                self.over_all(1 + usize::from(*split), &ShipmentCommand::Create(command));
            }
            Step::CallBack => {
                let known = self.shipments[1].status().map_or(1, |_| 2);
                let command = CancelShipment {
                    order_id: order_id(1),
                    location: Location::default(),
                    parcels: known,
                    request: 0,
                    reason: "x".into(),
                };
                self.over_all(known as usize, &ShipmentCommand::Cancel(command));
            }
            Step::Shipment(n, command) => self.leave(*n, command),
            Step::Drop(n) => {
                let command = DropShipment {
                    shipment_id: shipment_id(*n),
                    even_packed: true,
                    reason: "x".into(),
                };
                let dropped = drop_shipment(&self.order, &command, &self.shipments[*n]);
                if let Ok((events, told)) = dropped {
                    self.evolve(&events);
                    self.shipment_told(*n, told.as_slice());
                }
            }
            Step::Leave(n) => {
                let order_id = order_id(1);
                self.leave(
                    *n,
                    &ShipmentCommand::RequestDispatch(RequestDispatch { order_id }),
                );
                if Packing::of_all(&[&self.shipments[*n]]) == Packing::Labelled {
                    let (shipment_id, lines) = (shipment_id(*n), self.goods(*n));
                    let command = RecordShipped { shipment_id, lines };
                    self.put(&OrderCommand::RecordShipped(command));
                }
            }
            Step::Arrive(n) => {
                let (shipment_id, lines) = (shipment_id(*n), self.goods(*n));
                if self.placed().shipment(shipment_id).is_some() {
                    let command = RecordDelivered { shipment_id, lines };
                    self.put(&OrderCommand::RecordDelivered(command));
                }
            }
            Step::Amend(line, quantity, until) => {
                let command = ProposeAmendment {
                    amendment_id: id,
                    lines: vec![
                        LineQuantity {
                            line: *line,
                            quantity: *quantity,
                        },
                        LineQuantity {
                            line: line % 3 + 1,
                            quantity: 1,
                        },
                    ],
                    at: at(0),
                    until: at(*until),
                    reason: "rather so".into(),
                };
                if let Ok(events) = propose_amendment(&self.order, &command, &self.shipments()) {
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
                let applied = apply_amendment(&self.order, &command, &self.shipments(), &[]);
                if let Ok((events, told, _)) = applied {
                    self.evolve(&events);
                    self.all_told(&told);
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
                if let Ok((events, told)) = cancel_lines(&self.order, &command, &self.shipments()) {
                    self.evolve(&events);
                    self.all_told(&told);
                }
            }
            Step::Move => {
                let command = ChangeShippingAddress {
                    shipping_address: Sealed::of_base64("eHl6").ok(),
                };
                if let Ok(events) = change_address(&self.order, &command, &self.shipments()) {
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

    fn leave(&mut self, n: usize, command: &ShipmentCommand) {
        if let Ok(events) = over_order(&self.shipments[n], command, &self.order) {
            self.shipment_told(n, &events);
        }
    }

    /// A command that is about so many shipments together.
    fn over_all(&mut self, parcels: usize, command: &ShipmentCommand) {
        let told = over_parcels(&self.shipments()[..parcels], command, &self.order);
        for (n, events) in told.unwrap_or_default().iter().enumerate() {
            self.shipment_told(n, events);
        }
    }

    fn all_told(&mut self, told: &[Option<ShipmentEvent>]) {
        for (n, event) in told.iter().enumerate() {
            self.shipment_told(n, event.as_slice());
        }
    }

    fn shipment_told(&mut self, n: usize, events: &[ShipmentEvent]) {
        let shipment = std::mem::take(&mut self.shipments[n]);
        self.shipments[n] = events.iter().fold(shipment, Shipments::evolve);
    }
}
