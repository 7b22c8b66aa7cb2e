//! What a participant said against the books keeps an order from being at its end.

use super::*;
use crate::order::CONTRADICTION;

#[test]
fn an_order_that_has_ended_waits_for_people_until_a_contradiction_is_settled() {
    let mut story = Story::begin();
    story.order(OrderExpired { order: brief() });
    let task_id = story.given_up(CONTRADICTION, Some("evt_1".into()), true);
    let parked = &story.process().parked[0];
    assert_eq!(parked.task_id, Some(task_id));
    assert_eq!((parked.what, parked.of.as_deref()), (None, Some("evt_1")));
    assert_eq!(
        story.process().parked(),
        Some("contradiction: it was refused")
    );
    assert!(!story.process().is_ended());
    story.done_again(task_id);
    assert_eq!(story.process().parked(), None);
}
