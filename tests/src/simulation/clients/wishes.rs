//! What clients ask for.

use super::super::{provider::METHODS, world::World};
use domain::{
    Actor, Command, CommandEnvelope, CommandId, Currency, CustomerId, Location, OrderId,
    ShipmentId, Sku, StreamId, TaxRate, TenantId,
    order::{
        AddNote, CancelLines, LineQuantity, LineTerms, NewLine, OrderCommand, OrderTerms,
        PlaceHold, PlaceOrder, ReleaseHold, RequestCancellation,
    },
    shipment::{
        BookInShipment, FoundLine, PackShipment, RecordDelivered, RequestDispatch, ShipmentCommand,
    },
    stock::{AdjustStock, ClearQuarantine, ReceiveStock, SetBackorderLimit, StockCommand},
};
use store::Clock;

/// The articles, with what is there at first: the first is scarce.
pub(in super::super) const SKUS: [(&str, i64); 4] = [("A", 6), ("B", 60), ("C", 60), ("D", 1_000)];
const HOLDS: [&str; 2] = ["fraud-check", "address"];
/// The holds that people take off: theirs, and those that the platform puts on orders for them.
const RELEASED: [&str; 4] = [
    "fraud-check",
    "address",
    "carrier-refused",
    "capture-failed",
];

/// A command of a client.
pub(in super::super) fn command(world: &World, command: Command) -> CommandEnvelope {
    let id = world.dice.uuid();
    let mut fingerprint = [0; 32];
    fingerprint[..16].copy_from_slice(id.as_bytes());
    CommandEnvelope {
        id: CommandId::new(id),
        fingerprint: Some(fingerprint),
        tenant: TenantId::default(),
        actor: Actor::parse("client").expect("a plain word"),
        correlation_id: id,
        causation_id: None,
        traceparent: None,
        occurred_at: world.clock.now(),
        expected: None,
        command,
    }
}

/// Something that a client may ask for.
pub(super) fn wish(world: &World) -> CommandEnvelope {
    let orders = world.journal.entries().orders.clone();
    if orders.is_empty() {
        return place(world);
    }
    let order = world.dice.of(&orders);
    let of_order = match world.dice.below(100) {
        0..30 => return place(world),
        30..36 => {
            let (sku, _) = world.dice.of(&SKUS);
            return receive(world, sku, world.dice.number(1..=5));
        }
        36..38 => return adjust(world),
        38..40 => {
            return match world.dice.below(2) {
                0 => clear(world),
                _ => limit(world),
            };
        }
        40..58 => return ship(world, order),
        58..68 => return super::returns::wish(world, order),
        68..74 => OrderCommand::RequestCancellation(RequestCancellation {
            reason: "changed my mind".into(),
        }),
        74..80 => OrderCommand::PlaceHold(PlaceHold {
            hold: world.dice.of(&HOLDS).into(),
            reason: "looks odd".into(),
        }),
        80..91 => OrderCommand::ReleaseHold(ReleaseHold {
            hold: world.dice.of(&RELEASED).into(),
        }),
        91..95 => OrderCommand::CancelLines(CancelLines {
            cancellation_id: world.dice.uuid(),
            lines: vec![LineQuantity {
                line: world.dice.of(&[1, 2, 3]),
                quantity: world.dice.number(1..=2),
            }],
            reason: "too many".into(),
        }),
        _ => OrderCommand::AddNote(AddNote {
            note_id: world.dice.uuid(),
            text: "called".into(),
        }),
    };
    let mut envelope = command(world, Command::Order(order, of_order));
    if world.dice.happens(2_000) {
        let stream = StreamId::order(&envelope.tenant, order);
        envelope.expected = world.journal.entries().versions.get(&stream).copied();
    }
    envelope
}

/// What people say of an order's shipment, if there is one.
fn ship(world: &World, order_id: OrderId) -> CommandEnvelope {
    let shipped = match world.dice.below(12) {
        0 => ShipmentCommand::RequestDispatch(RequestDispatch { order_id }),
        10 | 11 => ShipmentCommand::BookIn(found_again(world)),
        1 => ShipmentCommand::RecordDelivered(RecordDelivered {
            delivered_at: world.clock.now(),
        }),
        _ => ShipmentCommand::Pack(PackShipment),
    };
    let shipment = ShipmentId::of(order_id, &Location::default());
    command(world, Command::Shipment(shipment, shipped))
}

/// A piece of the first line has come back of a parcel that did not arrive; whoever says so may be
/// mistaken about all of it.
fn found_again(world: &World) -> BookInShipment {
    let restocked = world.dice.of(&[1, 0]);
    BookInShipment {
        location: somewhere(world),
        skus: vec![sku(world.dice.of(&SKUS).0)],
        lines: vec![FoundLine {
            line: 1,
            restocked,
            quarantined: 1 - restocked,
        }],
        reason: None,
    }
}

/// Another wish under the id of `before`.
pub(super) fn other(world: &World, before: &CommandEnvelope) -> CommandEnvelope {
    let other = wish(world);
    CommandEnvelope {
        id: before.id,
        ..other
    }
}

/// A line with a discount and a tax that leave something odd, or with none.
fn line(world: &World) -> NewLine {
    let quantity = world.dice.number(1..=3);
    let unit_price = world.dice.of(&[1_999, 0, 1, 250]);
    let rate = world.dice.of(&[None, Some("19"), Some("8.875")]);
    NewLine {
        sku: sku(world.dice.of(&SKUS).0),
        quantity,
        unit_price,
        currency: None,
        terms: LineTerms {
            discount: world.dice.of(&[0, quantity * unit_price / 3]),
            tax_rate: rate.map(|text| TaxRate::parse(text).expect("it is a rate")),
            tax: None,
        },
    }
}

fn place(world: &World) -> CommandEnvelope {
    let order_id = OrderId::new(world.dice.uuid());
    world.journal.entries().orders.push(order_id);
    let lines: Vec<NewLine> = (0..=world.dice.below(3)).map(|_| line(world)).collect();
    let after_discounts = |line: &NewLine| line.quantity * line.unit_price - line.terms.discount;
    let sum: i64 = lines.iter().map(after_discounts).sum();
    let discount = world.dice.of(&[0, 0, 0, sum / 7]);
    let rated = lines.iter().any(|line| line.terms.tax_rate.is_some());
    let tax = world.dice.of(&[None, Some((sum - discount) / 6)]);
    let terms = OrderTerms {
        discount,
        tax: tax.filter(|_| !rated),
        tax_included: world.dice.below(2) == 0,
    };
    // Half of the orders are paid without ado.
    let method = match world.dice.below(2) {
        0 => METHODS[0],
        _ => world.dice.of(&METHODS),
    };
    let place = PlaceOrder {
        order_id,
        customer_id: CustomerId::parse(world.dice.of(&["c-1", "c-2", "c-3"])).expect("plain"),
        currency: Currency::parse(world.dice.of(&["EUR", "GBP"])).expect("in circulation"),
        lines,
        terms,
        total: None,
        shipping_address: None,
        payment_method: method.into(),
        reference: None,
        placed_at: world.clock.now(),
    };
    command(world, Command::Order(order_id, OrderCommand::Place(place)))
}

/// Where something happens to stock.
fn somewhere(world: &World) -> Location {
    let name = world.dice.of(&["main", "main", "east"]);
    Location::parse(name).expect("a plain name")
}

/// Stock that comes in.
pub(in super::super) fn receive(world: &World, name: &str, quantity: i64) -> CommandEnvelope {
    let receive = ReceiveStock {
        receipt_id: world.dice.uuid(),
        location: somewhere(world),
        sku: sku(name),
        quantity,
        reference: None,
    };
    command(world, Command::Stock(StockCommand::Receive(receive)))
}

fn adjust(world: &World) -> CommandEnvelope {
    let adjust = AdjustStock {
        adjustment_id: world.dice.uuid(),
        location: somewhere(world),
        sku: sku(world.dice.of(&SKUS).0),
        delta: world.dice.of(&[1, -1, -2, -5]),
        reason: "counted".into(),
    };
    command(world, Command::Stock(StockCommand::Adjust(adjust)))
}

/// Somebody says how many more than there are may be promised.
fn limit(world: &World) -> CommandEnvelope {
    let limit = SetBackorderLimit {
        location: somewhere(world),
        sku: sku(world.dice.of(&SKUS).0),
        limit: world.dice.of(&[0, 3, 10]),
    };
    command(
        world,
        Command::Stock(StockCommand::SetBackorderLimit(limit)),
    )
}

/// Somebody says what becomes of a piece that is in quarantine.
fn clear(world: &World) -> CommandEnvelope {
    let restocked = world.dice.of(&[1, 0]);
    let clear = ClearQuarantine {
        clearance_id: world.dice.uuid(),
        location: somewhere(world),
        sku: sku(world.dice.of(&SKUS).0),
        restocked,
        written_off: 1 - restocked,
        reason: "looked at".into(),
    };
    command(world, Command::Stock(StockCommand::Clear(clear)))
}

fn sku(name: &str) -> Sku {
    Sku::parse(name).expect("a plain word")
}
