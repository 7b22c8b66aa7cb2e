//! given / when / then of what the carrier says by itself.

use super::{
    carrier::{arrived, failed, lost, refused, returned, taken},
    *,
};

fn hear(attempt: u32, notice: CarrierNotice) -> ShipmentCommand {
    ShipmentCommand::Hear(HearCarrier { attempt, notice })
}

fn no(attempt: u32) -> ShipmentCommand {
    let code = "address".into();
    hear(attempt, CarrierNotice::Refused { code })
}

fn as_label(attempt: u32, number: &str, whereabouts: Whereabouts) -> ShipmentCommand {
    let notice = CarrierNotice::Taken {
        carrier: "Parcel Express".into(),
        tracking_number: number.into(),
        whereabouts,
    };
    hear(attempt, notice)
}

fn at_last(whereabouts: Whereabouts) -> ShipmentCommand {
    as_label(1, "PX-1", whereabouts)
}

fn in_vain() -> Whereabouts {
    Whereabouts::Failed {
        reason: "nobody was in".into(),
    }
}

fn failed_unasked() -> ShipmentEvent {
    failed(0)
}

/// Each word with what it says of what is under way, where that is known already, and how a
/// contradiction is told.
fn words() -> [(Whereabouts, Option<ShipmentEvent>, Vec<S>, &'static str); 5] {
    let ended = [S::Delivered, S::Lost, S::ReturnedToSender, S::BookedIn];
    [
        (
            Whereabouts::UnderWay,
            None,
            [&ended[..], &[S::Failed]].concat(),
            "",
        ),
        (
            in_vain(),
            Some(failed_unasked()),
            [&ended[..], &[S::Failed]].concat(),
            "",
        ),
        (
            Whereabouts::Delivered { at: at(5) },
            Some(arrived()),
            vec![S::Delivered],
            "record its delivery",
        ),
        (
            Whereabouts::Lost,
            Some(lost()),
            vec![S::Lost, S::BookedIn],
            "record its loss",
        ),
        (
            Whereabouts::Returned,
            Some(returned()),
            vec![S::ReturnedToSender, S::BookedIn],
            "record its return",
        ),
    ]
}

#[test]
fn what_the_carrier_says_of_what_it_has_taken() {
    for (whereabouts, event, known, contradicted) in words() {
        let command = at_last(whereabouts);
        on(&[], &command).then_refused(ShipmentError::NotFound);
        on(&[kept()], &command).then_refused(refusal(S::Cancelled, "hear of it"));
        for status in ALL {
            let when = on(&history(status), &command);
            match status {
                // It was never asked to take it.
                S::Pending | S::Packed | S::Ready | S::Cancelled => {
                    when.then_refused(ShipmentError::Attempt { attempt: 1 });
                }
                S::Refused => {
                    when.then_refused(refusal(S::Refused, "record its dispatch"));
                }
                // Our own call has not been answered yet, or never will be.
                S::Dispatching => {
                    when.then([taken()].into_iter().chain(event.clone()));
                }
                status if known.contains(&status) => {
                    when.then_nothing();
                }
                S::Dispatched | S::Failed => {
                    when.then(event.clone());
                }
                status => {
                    when.then_refused(refusal(status, contradicted));
                }
            }
        }
    }
}

#[test]
fn what_the_carrier_says_that_it_refuses() {
    for status in ALL {
        let when = on(&history(status), &no(1));
        match status {
            S::Dispatching => when.then([refused(1)]),
            S::Refused => when.then_nothing(),
            status => when.then_refused(refusal(status, "record a refusal")),
        };
    }
    // It was asked again since.
    let second = [history(S::Refused), vec![asked(2)]].concat();
    on(&second, &no(1)).then_nothing();
    on(&second, &no(2)).then([refused(2)]);
}

#[test]
fn another_attempt_or_another_label_is_a_matter_for_people() {
    for (number, whereabouts) in [
        ("PX-2", Whereabouts::UnderWay),
        ("PX-2", Whereabouts::Lost),
        ("PX", Whereabouts::Delivered { at: at(5) }),
    ] {
        let other = as_label(1, number, whereabouts);
        on(&history(S::Dispatched), &other).then_refused(ShipmentError::OtherLabel {
            tracking_number: number.into(),
        });
    }
    for attempt in [0, 2, u32::MAX] {
        let other = as_label(attempt, "PX-1", Whereabouts::Lost);
        on(&history(S::Dispatched), &other).then_refused(ShipmentError::Attempt { attempt });
    }
}

#[test]
fn a_label_is_the_same_in_whatever_form_it_is_heard() {
    let spaced = as_label(1, " PX-1 ", Whereabouts::Lost);
    on(&history(S::Dispatching), &spaced).then([taken(), lost()]);
    on(&history(S::Dispatched), &spaced).then([lost()]);
}

/// What is tried in vain again is news of its own only if the reason is another.
#[test]
fn a_delivery_that_fails_again() {
    let dog = || Whereabouts::Failed {
        reason: "a dog".into(),
    };
    let state = on(&history(S::Failed), &at_last(dog())).then([ShipmentDeliveryFailed {
        order_id: order_id(1),
        shipment_id: shipment_id(),
        tracking_number: "PX-1".into(),
        // It was asked once before.
        inquiries: 1,
        reason: "a dog".into(),
    }
    .into()]);
    assert_eq!(state.status(), Some(S::Failed));
}

#[test]
fn nothing_arrives_before_there_were_orders() {
    let early = at_last(Whereabouts::Delivered {
        at: "1899-12-31T23:59:59Z".parse().unwrap(),
    });
    for status in ALL {
        on(&history(status), &early).then_refused(ShipmentError::DeliveredTooEarly);
    }
}
