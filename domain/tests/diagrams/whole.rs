//! The pictures show all that there is: every status, every event, every command. What is left out changes
//! no status, and that is seen to.

use crate::{
    backorder,
    drawing::{BEGINNING, Drawing},
    lives, paid, returned,
};
use domain::{
    Decider, DecodeError,
    customer::{CustomerCommand, CustomerEvent, Customers},
    order::{OrderCommand, OrderEvent, Orders, Status},
    payment::{Notice, PaymentCommand, PaymentEvent, PaymentStatus, Payments},
    product::{ProductCommand, ProductEvent, Products},
    returns::{ReturnCommand, ReturnEvent, ReturnStatus, Returns},
    shipment::{ShipmentCommand, ShipmentEvent, ShipmentStatus, Shipments},
    stock::StockEvent,
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeSet, fs, path::Path};

/// The names of all variants of an enum, as serde knows them: so nobody keeps a list of them here.
pub fn names<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = serde_json::from_str::<T>(r#""no such name""#).err();
    let error = error.expect("it has no such name").to_string();
    let (_, known) = error.split_once("expected ").expect("it says what it has");
    let quoted = known.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

type Decoded<E> = Option<Result<E, DecodeError>>;

/// What a picture must show of what `D` decides about.
struct Whole<'a, D: Decider> {
    drawing: &'a Drawing<D::State>,
    statuses: BTreeSet<String>,
    status: fn(&D::State) -> &'static str,
    types: &'a [&'static str],
    /// The events that change no status.
    beside: &'a [&'static str],
    decode: fn(&str, i16, &[u8]) -> Decoded<D::Event>,
    commands: BTreeSet<String>,
    /// The commands that are not put, as they lead to those events alone, or where another leads as well.
    put_elsewhere: &'a [&'static str],
}

impl<D: Decider> Whole<'_, D>
where
    D::State: Clone,
{
    fn is_drawn(&self) {
        let mut shown: BTreeSet<String> = set(self.drawing.states.keys().copied());
        shown.remove(BEGINNING);
        assert_eq!(shown, self.statuses, "the statuses of the picture");
        let mut events = set(self.drawing.events.iter().copied());
        events.extend(set(self.beside.iter().copied()));
        let types = set(self.types.iter().copied());
        assert_eq!(events, types, "the events of the picture");
        let mut commands = self.drawing.commands.clone();
        for name in self.put_elsewhere {
            assert!(commands.insert((*name).to_owned()), "{name} is put");
        }
        assert_eq!(commands, self.commands, "the commands of the picture");
        for event_type in self.beside {
            self.changes_no_status(event_type);
        }
    }

    /// The frozen examples of an event leave every status as it is.
    fn changes_no_status(&self, event_type: &str) {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
        let mut seen = 0;
        for file in fs::read_dir(golden).expect("there are golden files") {
            let file = file.expect("it can be read");
            let name = file.file_name().into_string().expect("it is text");
            let mut parts = name.split('.');
            let (named, version) = (parts.next(), parts.next());
            if named != Some(event_type) {
                continue;
            }
            let version = version.and_then(|version| version.strip_prefix('v')?.parse().ok());
            let version = version.expect("it has a version");
            let payload = fs::read(file.path()).expect("it can be read");
            let decoded = (self.decode)(event_type, version, &payload);
            let event = decoded.expect("the type is known").expect("it is frozen");
            for (status, state) in &self.drawing.states {
                let after = (self.status)(&D::evolve(state.clone(), &event));
                assert_eq!(after, *status, "{name} changes a status");
            }
            seen += 1;
        }
        assert!(seen > 0, "{event_type} has no golden file");
    }
}

#[test]
fn all_of_an_order_is_drawn() {
    Whole::<Orders> {
        drawing: &lives::order(),
        statuses: names::<Status>(),
        status: |state| {
            state
                .placed()
                .map_or(BEGINNING, |order| order.status.as_str())
        },
        types: OrderEvent::TYPES,
        beside: &[
            "NoteAdded",
            "HoldPlaced",
            "HoldReleased",
            "TaskParked",
            "TaskResumed",
            "ReturnOpened",
            "ReturnDropped",
            "LinesReturned",
            "DeadlineSet",
            "LinesCancelled",
            "TagsSet",
            "ShippingAddressChanged",
            "AmendmentProposed",
            "AmendmentApplied",
            "AmendmentWithdrawn",
            "AmendmentRejected",
            "AmendmentExpired",
        ],
        decode: OrderEvent::decode,
        commands: names::<OrderCommand>(),
        put_elsewhere: &[
            "AddNote",
            "PlaceHold",
            "ReleaseHold",
            "ParkTask",
            "ResumeTask",
            "SetDeadline",
            // Of all lines, it asks for the cancellation of the order as well.
            "CancelLines",
            "SetTags",
            "ChangeShippingAddress",
            "ProposeAmendment",
            "ApplyAmendment",
            "WithdrawAmendment",
            "RejectAmendment",
            "ExpireAmendment",
            "SettleContradiction",
            // It cancels lines, as `CancelLines` does.
            "DropShipment",
        ],
    }
    .is_drawn();
}

#[test]
fn all_of_a_payment_is_drawn() {
    Whole::<Payments> {
        drawing: &paid::whole(),
        statuses: names::<PaymentStatus>(),
        status: |state| state.status.as_str(),
        types: PaymentEvent::TYPES,
        beside: &[],
        decode: PaymentEvent::decode,
        commands: names::<PaymentCommand>(),
        put_elsewhere: &[],
    }
    .is_drawn();
    assert_eq!(paid::heard(), names::<Notice>(), "what the provider says");
}

#[test]
fn all_of_a_shipment_is_drawn() {
    Whole::<Shipments> {
        drawing: &lives::shipment(),
        statuses: names::<ShipmentStatus>(),
        status: |state| state.status().map_or(BEGINNING, ShipmentStatus::as_str),
        types: ShipmentEvent::TYPES,
        beside: &["ShipmentRefitted"],
        decode: ShipmentEvent::decode,
        commands: names::<ShipmentCommand>(),
        put_elsewhere: &[],
    }
    .is_drawn();
}

#[test]
fn all_of_a_return_is_drawn() {
    Whole::<Returns> {
        drawing: &returned::life(),
        statuses: names::<ReturnStatus>(),
        status: |state| state.status().map_or(BEGINNING, ReturnStatus::as_str),
        types: ReturnEvent::TYPES,
        beside: &[],
        decode: ReturnEvent::decode,
        commands: names::<ReturnCommand>(),
        put_elsewhere: &[],
    }
    .is_drawn();
}

#[test]
fn all_of_a_customer_and_of_a_product_is_drawn() {
    Whole::<Customers> {
        drawing: &lives::customer(),
        statuses: set(["registered", "erased"]),
        status: lives::customer_status,
        types: CustomerEvent::TYPES,
        beside: &[],
        decode: CustomerEvent::decode,
        commands: names::<CustomerCommand>(),
        put_elsewhere: &[],
    }
    .is_drawn();
    Whole::<Products> {
        drawing: &lives::product(),
        statuses: set(["listed", "delisted"]),
        status: lives::product_status,
        types: ProductEvent::TYPES,
        beside: &[],
        decode: ProductEvent::decode,
        commands: names::<ProductCommand>(),
        put_elsewhere: &[],
    }
    .is_drawn();
}

#[test]
fn all_that_becomes_of_stock_for_an_order_is_drawn() {
    let (reservation, backorder) = (lives::reservation(), backorder::life());
    let of_no_reservation = [
        "StockReceived",
        "StockAdjusted",
        "StockRestocked",
        "StockQuarantined",
        "QuarantineCleared",
        "StockRecovered",
        "BackorderLimitSet",
        // More is kept of what is reserved: it stays that.
        "ReservationRaised",
    ];
    let mut events = set(reservation.events.iter().copied());
    events.extend(set(backorder.events.iter().copied()));
    events.extend(set(of_no_reservation));
    assert_eq!(events, set(StockEvent::TYPES.iter().copied()));
}
