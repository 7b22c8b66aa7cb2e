//! given / when / then of cancellations: asked for, rejected, finished.

use super::*;

#[test]
fn a_request_for_cancellation() {
    in_each_state(
        &request_cancellation(),
        "cancel it",
        &[
            (Status::Placed, cancelling()),
            (Status::Confirmed, asked(true, 0)),
        ],
        &[Status::Cancelling, Status::Cancelled],
    );
    let blank = OrderCommand::RequestCancellation(RequestCancellation { reason: "".into() });
    on(vec![placed()], blank).then_refused(OrderError::Text(TextError::Length {
        field: "reason".into(),
        max: 500,
    }));
}

#[test]
fn a_rejected_cancellation() {
    in_each_state(
        &reject_cancellation(),
        "reject its cancellation",
        &[(Status::Cancelling, cancellation_rejected(false))],
        &[],
    );
}

#[test]
fn a_rejected_cancellation_lets_the_order_go_on_as_it_was() {
    let confirmed_one = vec![placed(), confirmed(), cancelling()];
    let goes_on = on(confirmed_one, reject_cancellation()).then([cancellation_rejected(true)]);
    assert_eq!(goes_on.placed().unwrap().status, Status::Confirmed);
    let goes_on = on(vec![placed(), cancelling()], reject_cancellation())
        .then([cancellation_rejected(false)]);
    assert_eq!(goes_on.placed().unwrap().status, Status::Placed);
}

#[test]
fn each_cancellation_is_rejected_for_itself() {
    let once = vec![
        placed(),
        confirmed(),
        asked(true, 0),
        cancellation_rejected(true),
    ];
    on(once.clone(), reject_request(0)).then_nothing();
    on(once.clone(), request_cancellation()).then([asked(true, 1)]);
    on(once.clone(), reject_request(1)).then_refused(OrderError::State {
        status: Status::Confirmed,
        command: "reject its cancellation",
    });
    let again = [once, vec![asked(true, 1)]].concat();
    // The first answer, once more: it is none to the second request.
    on(again.clone(), reject_request(0)).then_nothing();
    on(again.clone(), reject_request(1)).then([cancellation_rejected(true)]);
    for request in [2, u32::MAX] {
        on(again.clone(), reject_request(request)).then_refused(OrderError::State {
            status: Status::Cancelling,
            command: "reject its cancellation",
        });
    }
}

#[test]
fn the_end_of_a_cancellation() {
    in_each_state(
        &OrderCommand::Cancel(CancelOrder),
        "finish its cancellation",
        &[(Status::Cancelling, cancelled(false))],
        &[Status::Cancelled],
    );
    on(
        vec![placed(), confirmed(), cancelling()],
        OrderCommand::Cancel(CancelOrder),
    )
    .then([cancelled(true)]);
}
