//! What e-mails say.

use crate::notice::NoticeKind;
use chrono::{DateTime, Utc};
use domain::{Money, OrderId};

/// What an e-mail is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct About {
    pub kind: NoticeKind,
    pub order_id: OrderId,
    /// The shop's own order number, which the customer knows.
    pub reference: Option<String>,
    pub placed_at: DateTime<Utc>,
    /// What all of the order costs.
    pub total: Money,
    /// What was given back.
    pub amount: Option<Money>,
    /// Whether all of the order has left.
    pub all: Option<bool>,
}

/// Subject and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub subject: String,
    pub body: String,
}

/// What is written to a customer of this name.
pub(super) fn text(about: &About, name: Option<&str>) -> Text {
    let order = match &about.reference {
        Some(reference) => reference.clone(),
        None => about.order_id.to_string(),
    };
    let (subject, said) = match about.kind {
        NoticeKind::OrderConfirmed => (
            format!("Your order {order} is confirmed"),
            format!(
                "we have confirmed your order {order} over {}. We write again when it leaves.",
                about.total
            ),
        ),
        NoticeKind::OrderDispatched => (
            format!("Your order {order} is on its way"),
            match about.all {
                Some(false) => format!(
                    "a part of your order {order} has left and is on its way to you. We write again of \
                     the rest."
                ),
                _ => format!("your order {order} has left and is on its way to you."),
            },
        ),
        NoticeKind::OrderRefunded => (
            format!("We have refunded your order {order}"),
            match about.amount {
                Some(amount) => format!("we have paid back {amount} for your order {order}."),
                None => format!("we have paid back what you paid for your order {order}."),
            },
        ),
        NoticeKind::ParcelCancelled => (
            format!("A part of your order {order} is cancelled"),
            format!(
                "a part of your order {order} cannot be sent, and is cancelled. What you paid for it, if anything, \
                 is paid back."
            ),
        ),
        NoticeKind::OrderCancelled => (
            format!("Your order {order} is cancelled"),
            format!(
                "your order {order} is cancelled. What you paid for it, if anything, is paid back."
            ),
        ),
    };
    let greeting = match name {
        Some(name) => format!("Hello {name},"),
        None => "Hello,".to_owned(),
    };
    let day = about.placed_at.format("%Y-%m-%d");
    // Later, some of it may be cancelled or paid back.
    let total = match about.kind {
        NoticeKind::OrderConfirmed => format!("Total: {}\n", about.total),
        _ => String::new(),
    };
    let body = format!("{greeting}\n\n{said}\n\nOrder: {order}\nPlaced: {day}\n{total}");
    Text { subject, body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Currency;
    use uuid::Uuid;

    fn about(kind: NoticeKind) -> About {
        let euros = |amount| Money::new(amount, "EUR".parse::<Currency>().unwrap());
        About {
            kind,
            order_id: OrderId::new(Uuid::from_u128(1)),
            reference: Some("536365".into()),
            placed_at: DateTime::UNIX_EPOCH,
            total: euros(1_769),
            amount: Some(euros(500)),
            all: Some(true),
        }
    }

    #[test]
    fn each_kind_says_what_has_happened() {
        for (kind, subject, said) in [
            (
                NoticeKind::OrderConfirmed,
                "Your order 536365 is confirmed",
                "17.69 EUR",
            ),
            (
                NoticeKind::OrderDispatched,
                "Your order 536365 is on its way",
                "has left",
            ),
            (
                NoticeKind::OrderRefunded,
                "We have refunded your order 536365",
                "5.00 EUR",
            ),
            (
                NoticeKind::OrderCancelled,
                "Your order 536365 is cancelled",
                "is cancelled",
            ),
            (
                NoticeKind::ParcelCancelled,
                "A part of your order 536365 is cancelled",
                "cannot be sent",
            ),
        ] {
            let text = text(&about(kind), Some("Ada"));
            assert_eq!(text.subject, subject);
            assert!(text.body.starts_with("Hello Ada,\n\n"), "{}", text.body);
            assert!(text.body.contains(said), "{}", text.body);
        }
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let about = About {
            reference: None,
            all: Some(false),
            ..about(NoticeKind::OrderDispatched)
        };
        let text = text(&about, None);
        assert!(text.body.starts_with("Hello,\n\na part of your order"));
        assert!(text.body.contains("We write again of the rest."));
        assert!(text.subject.contains(&about.order_id.to_string()));
    }
}
