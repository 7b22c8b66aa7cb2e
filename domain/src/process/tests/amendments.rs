//! Who must apply an amendment, and until when.

use super::*;
use crate::order::{AmendmentExpired, AmendmentProposed, AmendmentWithdrawn};

fn proposed(n: u128) -> AmendmentProposed {
    AmendmentProposed {
        order: brief(),
        amendment_id: Uuid::from_u128(n),
        lines: vec![],
        stock: vec![],
        total_before: 500,
        total: 400,
        authorized: 500,
        until: start() + Duration::hours(30),
        reason: "rather so".into(),
    }
}

#[test]
fn an_amendment_waits_for_an_operator_until_its_time_is_up() {
    let amendment = |story: &Story| {
        let mut expected = story.process().expected.iter();
        let known = expected.find(|known| known.what == What::Amendment);
        known.map(|known| (known.who, known.of.clone(), known.until))
    };
    let mut story = Story::confirmed();
    story.order(proposed(7));
    let of = Uuid::from_u128(7).to_string();
    let until = Some(start() + Duration::hours(30));
    let expected = (Who::Operator, Some(of), until);
    assert_eq!(amendment(&story), Some(expected));
    story.order(AmendmentExpired {
        order_id: order_id(),
        amendment_id: Uuid::from_u128(7),
    });
    assert_eq!(amendment(&story), None);
    story.order(proposed(8));
    story.order(AmendmentWithdrawn {
        order_id: order_id(),
        amendment_id: Uuid::from_u128(8),
    });
    assert_eq!(amendment(&story), None);
    // What has ended waits for nobody.
    story.order(proposed(9));
    story.order(OrderCompleted { order: brief() });
    assert_eq!(amendment(&story), None);
}
