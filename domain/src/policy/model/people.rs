//! What customers, packers and operators do.

use super::{
    HOLDS, PLACES, SKUS, amend, choices::Choices, place as place_of, returns, world::World,
};
use crate::{
    Command, CustomerId, OrderId, Sealed, ShipmentId, TaxRate,
    order::{
        AddNote, CancelLines, ChangeShippingAddress, LineQuantity, LineTerms, NewLine,
        OrderCommand, OrderTerms, PlaceHold, PlaceOrder, ReleaseHold, RequestCancellation,
        ResumeTask, SetTags,
    },
    payment::DisputeProgress,
    policy::{Task, TimerName},
    shipment::{
        BookInShipment, FoundLine, PackShipment, RecordDelivered, RequestDispatch, Shipment,
        ShipmentCommand, ShipmentStatus,
    },
    stock::{AdjustStock, ClearQuarantine, ReceiveStock, SetBackorderLimit, StockCommand},
    testing::{eur, order_id, sku, uuid},
};

/// Somebody asks for something; it may be refused.
pub(super) fn ask(world: &mut World, choices: &mut Choices) {
    let n = world.log.len() as u64;
    let order = choices.of(&world.orders);
    let of_order = |command| Command::Order(order, command);
    let command = match choices.below(33) {
        0 => return place(world, choices),
        13..=18 => return returns::ask(world, choices, order),
        19 => return clear(world, choices),
        20 => return book_in(world, choices, order),
        24 => {
            let (at, name) = (choices.of(&PLACES), choices.of(&SKUS));
            return limit(world, at, name, choices.of(&[0, 2, 10, 40]));
        }
        25 => return restock(world, choices.of(&[1, 2, 5])),
        28..=32 => return amend::ask(world, choices, order),
        1..=3 => {
            let shipment = some(world, choices, order);
            Command::Shipment(shipment, ShipmentCommand::Pack(PackShipment))
        }
        4 => {
            let (at, name) = (choices.of(&PLACES), choices.of(&SKUS));
            return receive(world, at, name, choices.of(&[5, 1, 3, 20]));
        }
        5 => Command::Stock(StockCommand::Adjust(AdjustStock {
            adjustment_id: uuid(5, n),
            location: place_of(choices.of(&PLACES)),
            sku: sku(choices.of(&SKUS)),
            delta: choices.of(&[1, -1, -4]),
            reason: "counted".into(),
        })),
        21..=23 => of_order(OrderCommand::CancelLines(CancelLines {
            cancellation_id: uuid(7, n),
            lines: vec![LineQuantity {
                line: choices.of(&[1, 2, 3]),
                quantity: choices.of(&[1, 2, 4]),
            }],
            reason: "too many".into(),
        })),
        26 => of_order(OrderCommand::SetTags(SetTags {
            tags: vec![choices.of(&["gift", "vip"]).into()],
        })),
        27 => of_order(OrderCommand::ChangeShippingAddress(ChangeShippingAddress {
            shipping_address: Some(address(choices.of(&["Rmlyc3Q", "U2Vjb25k"]))),
        })),
        6 | 7 => of_order(OrderCommand::RequestCancellation(RequestCancellation {
            reason: "changed my mind".into(),
        })),
        8 => of_order(OrderCommand::PlaceHold(PlaceHold {
            hold: choices.of(&HOLDS).into(),
            reason: "looks odd".into(),
        })),
        9 => of_order(OrderCommand::ReleaseHold(ReleaseHold {
            hold: choices.of(&HOLDS).into(),
        })),
        10 => of_order(OrderCommand::AddNote(AddNote {
            note_id: uuid(6, n),
            text: "called".into(),
        })),
        11 => {
            let command = RequestDispatch { order_id: order };
            let shipment = some(world, choices, order);
            Command::Shipment(shipment, ShipmentCommand::RequestDispatch(command))
        }
        _ => {
            let delivered_at = world.now();
            let command = RecordDelivered { delivered_at };
            let shipment = some(world, choices, order);
            Command::Shipment(shipment, ShipmentCommand::RecordDelivered(command))
        }
    };
    let _refused = world.put(&command);
}

/// Where an order goes: nobody opens it here.
fn address(base64: &str) -> Sealed {
    Sealed::of_base64(base64).unwrap()
}

/// Somebody says what becomes of what is in quarantine.
fn clear(world: &mut World, choices: &mut Choices) {
    let clear = ClearQuarantine {
        clearance_id: uuid(7, world.log.len() as u64),
        location: place_of(choices.of(&PLACES)),
        sku: sku(choices.of(&SKUS)),
        restocked: choices.of(&[1, 0, 2]),
        written_off: choices.of(&[0, 1]),
        reason: "looked at".into(),
    };
    let _refused = world.put(&Command::Stock(StockCommand::Clear(clear)));
}

/// All that is in quarantine has its end: some of it can be sold again, one piece is written off.
fn clear_all(world: &mut World) -> bool {
    let all = PLACES.map(|at| SKUS.map(|name| (at, name))).concat();
    let quarantined = |(at, name): (&str, &str)| world.stock(at, name).quarantined;
    let Some(of) = all.into_iter().find(|of| quarantined(*of) > 0) else {
        return false;
    };
    let clear = ClearQuarantine {
        clearance_id: uuid(7, world.log.len() as u64),
        location: place_of(of.0),
        sku: sku(of.1),
        restocked: quarantined(of) - 1,
        written_off: 1,
        reason: "looked at".into(),
    };
    let command = Command::Stock(StockCommand::Clear(clear));
    world.put(&command).unwrap();
    true
}

/// Somebody books in what came back of a shipment that did not arrive; it may be under way still.
pub(super) fn book_in(world: &mut World, choices: &mut Choices, order_id: OrderId) {
    let all = world.orders.iter().flat_map(|order| world.parcels(*order));
    let may_be_back = [ShipmentStatus::Lost, ShipmentStatus::ReturnedToSender];
    let came_back: Vec<ShipmentId> = all
        .filter(|parcel| may_be_back.contains(&parcel.status))
        .map(|parcel| parcel.shipment_id)
        .collect();
    let shipment_id = match came_back.as_slice() {
        [] => some(world, choices, order_id),
        known => choices.of(known),
    };
    let shipment = world.shipment_of(shipment_id);
    let Some(parcel) = shipment.created() else {
        return;
    };
    let mut skus: Vec<_> = parcel.lines.iter().map(|line| line.sku.clone()).collect();
    skus.sort();
    skus.dedup();
    let found = parcel.lines.iter().map(|line| {
        let restocked = choices.of(&[line.quantity, 0]);
        FoundLine {
            line: line.line,
            restocked,
            quarantined: line.quantity - restocked,
        }
    });
    let command = BookInShipment {
        location: parcel.location.clone(),
        skus,
        lines: found.collect(),
        reason: None,
    };
    let command = ShipmentCommand::BookIn(command);
    let _refused = world.put(&Command::Shipment(shipment_id, command));
}

/// One of an order's shipments; the one that there may be where none is there yet.
fn some(world: &World, choices: &mut Choices, order_id: OrderId) -> ShipmentId {
    let all: Vec<_> = world.shipments(order_id);
    let all: Vec<_> = all.into_iter().map(|(id, _)| id).collect();
    match all.len() {
        0 | 1 => ShipmentId::whole(order_id),
        _ => choices.of(&all),
    }
}

pub(super) fn receive(world: &mut World, at: &str, name: &str, quantity: i64) {
    let command = ReceiveStock {
        receipt_id: uuid(4, world.log.len() as u64),
        location: place_of(at),
        sku: sku(name),
        quantity,
        reference: None,
    };
    world
        .put(&Command::Stock(StockCommand::Receive(command)))
        .unwrap();
}

/// Somebody says how many more than there are may be promised; it may be refused.
pub(super) fn limit(world: &mut World, at: &str, name: &str, limit: i64) {
    let command = SetBackorderLimit {
        location: place_of(at),
        sku: sku(name),
        limit,
    };
    let _refused = world.put(&Command::Stock(StockCommand::SetBackorderLimit(command)));
}

/// Some of what orders wait for comes in.
fn restock(world: &mut World, at_most: i64) {
    let all = PLACES.map(|at| SKUS.map(|name| (at, name)));
    let waiting = |(at, name): (&str, &str)| world.stock(at, name).backordered;
    if let Some((at, name)) = all.concat().into_iter().find(|of| waiting(*of) > 0) {
        let waiting = waiting((at, name));
        receive(world, at, name, waiting.min(at_most));
    }
}

/// All that orders wait for comes in; says whether they waited for anything.
fn restock_all(world: &mut World) -> bool {
    let waits = world.stocks().any(|stock| stock.backordered > 0);
    restock(world, i64::MAX);
    waits
}

/// A line with a discount and a tax that leave something odd, or with none.
fn line(choices: &mut Choices) -> NewLine {
    let (quantity, unit_price) = (choices.of(&[1, 2, 4]), choices.of(&[1_999, 0, 1]));
    let rate = choices.of(&[None, Some("19"), Some("8.875")]);
    NewLine {
        sku: sku(choices.of(&SKUS)),
        quantity,
        unit_price,
        currency: None,
        terms: LineTerms {
            discount: choices.of(&[0, quantity * unit_price / 3]),
            tax_rate: rate.map(|text| TaxRate::parse(text).unwrap()),
            tax: None,
        },
    }
}

pub(super) fn place(world: &mut World, choices: &mut Choices) {
    let order = order_id(world.orders.len() as u64);
    let lines: Vec<NewLine> = (0..=choices.below(3)).map(|_| line(choices)).collect();
    let after_discounts = |line: &NewLine| line.quantity * line.unit_price - line.terms.discount;
    let sum: i64 = lines.iter().map(after_discounts).sum();
    let rated = lines.iter().any(|line| line.terms.tax_rate.is_some());
    let terms = OrderTerms {
        discount: choices.of(&[0, 0, sum / 7, sum / 7, sum / 3, sum]),
        tax: None,
        tax_included: choices.of(&[false, true]),
    };
    let terms = OrderTerms {
        tax: choices
            .of(&[None, Some((sum - terms.discount) / 6)])
            .filter(|_| !rated),
        ..terms
    };
    let command = PlaceOrder {
        order_id: order,
        customer_id: CustomerId::parse("c-1").unwrap(),
        currency: eur(0).currency,
        lines,
        terms,
        total: None,
        shipping_address: None,
        payment_method: "card".into(),
        reference: None,
        placed_at: world.now(),
    };
    let command = Command::Order(order, OrderCommand::Place(command));
    world.put(&command).unwrap();
    world.orders.push(order);
}

/// Somebody takes a hold off, packs what is to be packed, sees to a return or to what is in quarantine, or
/// gets what orders wait for; says whether there was anything to do.
pub(super) fn tidy(world: &mut World) -> bool {
    let held = world.orders.iter().find_map(|order| {
        let placed = world.placed(*order);
        let mut holds = placed.holds.keys();
        // While a dispute is open that is not people's to do, and nobody does it once it was lost, as long as
        // anything of the order may leave.
        let mut disputes = world.payment(*order).disputes.into_values();
        let stays = !placed.status.is_over()
            && disputes.any(|known| known.progress != DisputeProgress::Won);
        let hold = holds.find(|hold| !stays || hold.as_str() != "disputed")?;
        Some((*order, hold.clone()))
    });
    if let Some((order, hold)) = held {
        let release = OrderCommand::ReleaseHold(ReleaseHold { hold });
        world.put(&Command::Order(order, release)).unwrap();
        return true;
    }
    let mut shipments = world
        .orders
        .iter()
        .flat_map(|order| world.shipments(*order));
    let pending = |known: &Shipment| known.status() == Some(ShipmentStatus::Pending);
    let Some((shipment, _)) = shipments.find(|(_, known)| pending(known)) else {
        return returns::tidy(world) || clear_all(world) || restock_all(world);
    };
    let pack = Command::Shipment(shipment, ShipmentCommand::Pack(PackShipment));
    world.put(&pack).unwrap();
    true
}

/// Operators ask the provider what became of the payments that wait for them, and the carrier where
/// the shipments are; one that came back is booked in.
pub(super) fn operate(world: &mut World) {
    for (&(order, _), &task_id) in &world.parked_as.clone() {
        let resume = OrderCommand::ResumeTask(ResumeTask { task_id });
        world.put(&Command::Order(order, resume)).unwrap();
    }
    world.settle_contradictions();
    for order in world.orders.clone() {
        let payment = world.payment(order);
        if let (true, Some(request)) = (payment.parked, &payment.request) {
            let told = world
                .provider
                .tell(request.attempt, &request.idempotency_key);
            world.put(&Command::Payment(order, told)).unwrap();
        }
    }
    for (order, name) in world.parked.keys().copied().collect::<Vec<_>>() {
        if let TimerName::Refund(_) = name
            && let Some(timer) = world.parked.remove(&(order, name))
            && let Task::Execute(again) = timer.task
        {
            world.put(&again).unwrap();
        }
        if let TimerName::Tracking(shipment) = name {
            let parcel = world.shipment_of(shipment);
            let parcel = parcel.created().expect("what is tracked was created");
            let number = parcel.tracking_number.as_ref();
            let told = world.carrier.tell(number.expect("it has left"));
            world.put(&Command::Shipment(shipment, told)).unwrap();
        }
    }
    if let Some(order) = world.orders.first().copied() {
        book_in(world, &mut Choices::new(vec![]), order);
    }
}
