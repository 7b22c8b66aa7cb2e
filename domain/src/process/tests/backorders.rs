//! What is expected of an order that waits for stock.

use super::*;
use crate::stock::{BackorderCovered, BackorderDropped, Backordered};

impl Story {
    fn late(&mut self, quantity: i64) {
        self.stock(Backordered {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: Sku::parse("A").unwrap(),
            quantity,
        });
    }

    fn come(&mut self, quantity: i64, left: i64) {
        self.stock(BackorderCovered {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: Sku::parse("A").unwrap(),
            quantity,
            left,
            more: false,
        });
    }

    fn dropped(&mut self, quantity: i64) {
        self.stock(BackorderDropped {
            order_id: order_id(),
            epoch: 1,
            location: Location::default(),
            sku: Sku::parse("A").unwrap(),
            quantity,
            left: 0,
        });
    }

    /// A confirmed order that waits for two pieces.
    fn waiting() -> Self {
        let mut story = Self::begin();
        story.reserved();
        story.late(2);
        story.asked(1);
        story.authorized();
        story.order(OrderConfirmed { order: brief() });
        story
    }
}

const STOCK: (What, Who, Option<i64>) = (What::Stock, Who::Warehouse, None);

#[test]
fn it_is_paid_and_confirmed_as_ever() {
    let mut story = Story::begin();
    story.reserved();
    story.late(2);
    let paying = (What::Authorization, Who::Provider, Some(14));
    story.is(Stage::Paying, &[paying, STOCK]);
    story.asked(1);
    story.authorized();
    let confirming = (What::Confirmation, Who::Platform, Some(5));
    story.is(Stage::Deciding, &[STOCK, confirming]);
    story.order(OrderConfirmed { order: brief() });
    story.is(Stage::Backordered, &[STOCK]);
}

#[test]
fn it_waits_as_long_as_it_was_said() {
    let mut story = Story::waiting();
    let until = story.now() + Duration::days(30);
    story.order(DeadlineSet {
        order_id: order_id(),
        what: Awaited::Stock,
        of: "main".into(),
        until,
    });
    let minutes = 30 * 24 * 60 - 1;
    story.is(
        Stage::Backordered,
        &[(What::Stock, Who::Warehouse, Some(minutes))],
    );
    assert_eq!(story.process().due_at(), Some(until));
}

#[test]
fn it_is_packed_once_all_of_it_is_there() {
    let mut story = Story::waiting();
    story.come(1, 1);
    story.is(Stage::Backordered, &[STOCK]);
    story.come(1, 0);
    let allocating = (What::Allocation, Who::Platform, Some(5));
    story.is(Stage::Allocating, &[allocating]);
    let mut story = Story::waiting();
    story.dropped(2);
    story.is(Stage::Allocating, &[allocating]);
}

#[test]
fn a_cancelled_order_waits_for_nothing() {
    let mut story = Story::waiting();
    story.order(CancellationRequested {
        order: brief(),
        confirmed: true,
        request: 0,
        reason: "too long".into(),
    });
    story.dropped(2);
    let cancelling = (What::Cancellation, Who::Platform, Some(59));
    story.is(Stage::Cancelling, &[cancelling]);
    story.order(OrderCancelled {
        order: brief(),
        confirmed: true,
        reason: "too long".into(),
    });
    story.is(Stage::Ended, &[]);
}

#[test]
fn a_waiting_process_keeps_in_json() {
    let story = Story::waiting();
    let json = serde_json::to_string(story.process()).unwrap();
    let read: Process = serde_json::from_str(&json).unwrap();
    assert_eq!(&read, story.process());
    assert!(
        !serde_json::to_string(Story::confirmed().process())
            .unwrap()
            .contains("waiting")
    );
}

#[test]
fn nobody_need_get_what_is_being_cancelled() {
    let mut story = Story::waiting();
    story.order(CancellationRequested {
        order: brief(),
        confirmed: true,
        request: 0,
        reason: "changed my mind".into(),
    });
    let process = story.process.unwrap();
    let mut expected = process.expected.iter();
    assert!(
        !expected.any(|known| known.what == What::Stock),
        "{process:?}"
    );
}
