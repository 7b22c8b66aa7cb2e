//! What is set aside ends: it is set aside anew, once; then the order is cancelled.

use crate::harness::{Rules, Shop};
use chrono::TimeDelta;
use domain::policy::Limits;
use sandbox::Faults;

/// A shop whose provider sets aside for two seconds, and which sees to it half a second before.
async fn short() -> Shop {
    let shop = Shop::with(Rules {
        limits: Limits {
            reauthorize: TimeDelta::milliseconds(500),
            hold: TimeDelta::milliseconds(100),
            ..Limits::default()
        },
        ..Rules::default()
    })
    .await;
    let faults = Faults {
        authorization_ttl_ms: 2_000,
        ..Faults::default()
    };
    shop.sandbox.set_faults(faults).unwrap();
    shop.start();
    shop.receive("A", 1).await;
    shop
}

#[tokio::test]
async fn what_ends_is_authorized_anew_once_and_then_cancelled() {
    let shop = short().await;
    let order = shop.place("tok_approve", &["A"]).await;
    shop.until_payment(order, "FormerAuthorizationVoided").await;
    assert_eq!(shop.sandbox.summary().counts.authorized, 2);
    shop.until_order(order, "OrderCancelled").await;
    assert_eq!(
        shop.order(order).await,
        [
            "OrderPlaced",
            "OrderConfirmed",
            "HoldPlaced",
            "CancellationRequested",
            "OrderCancelled",
        ]
    );
    assert_eq!(
        shop.payment(order).await[1..],
        [
            "PaymentAuthorized",
            "PaymentReauthorizationRequested",
            "PaymentReauthorized",
            "FormerAuthorizationVoided",
            "PaymentReauthorizationFailed",
            "PaymentAuthorizationExpired",
            "PaymentVoidRequested",
            "PaymentVoided",
        ]
    );
    assert_eq!(shop.sandbox.summary().counts.voided, 2);
}
