//! What is expected of who pays.

use super::*;
use crate::payment::PaymentActionRequired;

fn required(until: Option<DateTime<Utc>>) -> PaymentActionRequired {
    PaymentActionRequired {
        order_id: order_id(),
        attempt: 1,
        authorization_id: "auth".into(),
        url: "https://provider.test/prove".into(),
        until,
    }
}

#[test]
fn who_pays_has_as_long_as_the_reservation_or_as_the_provider_says() {
    use {What as E, Who::*};
    let mut story = Story::begin();
    story.reserved();
    story.asked(1);
    let reserved = story.process().due_at().unwrap();
    story.payment(required(None));
    assert_eq!(story.process().due_at(), Some(reserved));
    assert_eq!(story.process().expected.len(), 1);
    assert_eq!(story.process().expected[0].what, E::Authorization);
    assert_eq!(story.process().expected[0].who, Customer);
    let sooner = story.now() + Duration::minutes(2);
    story.payment(required(Some(sooner)));
    assert_eq!(story.process().due_at(), Some(sooner));
    story.payment(required(Some(reserved + Duration::days(1))));
    assert_eq!(story.process().due_at(), Some(sooner));
    story.authorized();
    story.is(Stage::Deciding, &[(E::Confirmation, Platform, Some(5))]);
}
