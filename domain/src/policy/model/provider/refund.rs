//! What the provider gives back of what it took, what it refuses since a cardholder gets it, what it will not
//! give back whatever is asked, and what comes back.

use super::{super::choices::Choices, Provider, word::hear};
use crate::{
    Command,
    payment::{Notice, Payment, PaymentCommand, RecordRefundFailed, RecordRefunded},
    policy::Call,
    testing::eur,
};

/// Why it does not.
const CODE: &str = "account_closed";

impl Provider {
    /// What the giving back comes to of `payment`, as our books have it; nothing if it must be asked
    /// again. What is refused is handled as the runtime does.
    pub(in super::super) fn refund(
        &mut self,
        choices: &mut Choices,
        call: &Call,
        payment: &Payment,
    ) -> Option<Command> {
        let Call::Refund {
            order_id,
            authorization_id,
            refund,
            amount,
            idempotency_key,
        } = call
        else {
            panic!("not to give anything back: {call:?}");
        };
        assert!(amount.amount > 0, "nothing is given back");
        let answer = choices.below(5);
        // It never gets there.
        if answer == 4 {
            return None;
        }
        let mut told = Some(*amount);
        let declines = self.declines(choices, authorization_id, idempotency_key);
        if declines || !self.gives_back(authorization_id, amount.amount, idempotency_key) {
            // It may be a dispute that it is refused for: nobody knows yet who gets it.
            if payment.disputed() > 0 {
                return None;
            }
            told = match payment.disputes.is_empty() {
                true => {
                    assert!(declines, "refused for nothing: {payment:?}");
                    None
                }
                false => {
                    let left = payment.left_for(*refund)?;
                    let key = payment.refunds[refund].key_of_rest();
                    match left.amount {
                        0 => Some(left),
                        _ if self.declines(choices, authorization_id, &key) => None,
                        _ => {
                            let given = self.gives_back(authorization_id, left.amount, &key);
                            assert!(given, "what is left is not there: {payment:?}");
                            Some(left)
                        }
                    }
                }
            };
        }
        // Its answer does not come back.
        if answer == 3 {
            return None;
        }
        let authorization_id = authorization_id.clone();
        let command = match told {
            Some(amount) => PaymentCommand::RecordRefunded(RecordRefunded {
                authorization_id,
                refund: *refund,
                amount,
            }),
            None => PaymentCommand::RecordRefundFailed(RecordRefundFailed {
                authorization_id,
                refund: *refund,
                code: CODE.into(),
            }),
        };
        Some(Command::Payment(*order_id, command))
    }

    /// Whether it will not give anything back under that key, for good.
    fn declines(&mut self, choices: &mut Choices, authorization_id: &str, key: &str) -> bool {
        if self.not_given.contains_key(key) {
            return true;
        }
        let declines = !self.refunds.contains_key(key) && choices.once_in(3);
        if declines {
            self.not_given.insert(key.into(), authorization_id.into());
        }
        declines
    }

    /// Whether it gives back so much under that key, or did.
    fn gives_back(&mut self, authorization_id: &str, amount: i64, key: &str) -> bool {
        if let Some(known) = self.refunds.get(key) {
            assert_eq!(*known, (authorization_id.to_owned(), amount), "{key}");
            return true;
        }
        let gone = self.refunded_of(authorization_id) + self.disputed_of(authorization_id);
        let fits = gone + amount <= self.taken_of(authorization_id);
        if fits {
            let given = (authorization_id.to_owned(), amount);
            self.refunds.insert(key.to_owned(), given);
        }
        fits
    }

    /// Something that was given back comes back.
    pub(in super::super) fn reverse(&mut self, choices: &mut Choices) -> Option<Command> {
        let given = self.refunds.keys();
        let given: Vec<_> = given
            .filter(|key| !self.come_back.contains(*key))
            .cloned()
            .collect();
        if given.is_empty() {
            return None;
        }
        let key = &given[choices.below(given.len())];
        self.come_back.insert(key.clone());
        Some(self.tell_of_refund(key))
    }

    /// What it says by itself of what it gave back.
    pub(super) fn tell_of_refund(&self, key: &str) -> Command {
        let (authorization_id, amount) = self.refunds[key].clone();
        let order_id = self.by_key[&authorization_id].order_id;
        let notice = match self.come_back.contains(key) {
            true => Notice::RefundReversed {
                authorization_id,
                amount: eur(amount),
                code: CODE.into(),
            },
            false => Notice::Refunded {
                authorization_id,
                amount: eur(amount),
            },
        };
        hear(order_id, key, notice)
    }

    /// What it says by itself of what it will not give back.
    pub(super) fn tell_of_no_refund(&self, key: &str) -> Command {
        let authorization_id = self.not_given[key].clone();
        let order_id = self.by_key[&authorization_id].order_id;
        let code = CODE.into();
        let notice = Notice::RefundFailed {
            authorization_id,
            code,
        };
        hear(order_id, key, notice)
    }
}
