//! What the payment provider tells by itself.

use super::History;
use domain::{
    Currency, Money,
    payment::{
        DisputeLost, DisputeOpened, DisputeWon, FormerAuthorizationVoided, LatePaymentReversed,
        PaymentEvent, StrayAuthorizationFound,
    },
};

/// All that comes of it, one after the other.
pub(crate) fn all_of_provider(history: &mut History) {
    let order_id = history.place("c", &[("A", 1, 1)]);
    let amount = Money::new(1, Currency::parse("EUR").expect("the euro is a currency"));
    let stray = || "auth_2".to_owned();
    let dispute = |dispute_id: &str| DisputeOpened {
        order_id,
        dispute_id: dispute_id.into(),
        authorization_id: "auth_1".into(),
        amount,
        reason: "fraudulent".into(),
    };
    let events: [PaymentEvent; 7] = [
        StrayAuthorizationFound {
            order_id,
            attempt: 1,
            authorization_id: stray(),
            amount,
            idempotency_key: "key".into(),
            reason: "late".into(),
        }
        .into(),
        LatePaymentReversed {
            order_id,
            authorization_id: stray(),
            amount,
        }
        .into(),
        FormerAuthorizationVoided {
            order_id,
            authorization_id: stray(),
        }
        .into(),
        dispute("won").into(),
        DisputeWon {
            order_id,
            dispute_id: "won".into(),
            amount,
            still_open: 0,
        }
        .into(),
        dispute("lost").into(),
        DisputeLost {
            order_id,
            dispute_id: "lost".into(),
            amount,
            still_open: 0,
        }
        .into(),
    ];
    for event in events {
        history.payment(order_id, event);
    }
}
