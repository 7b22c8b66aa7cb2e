//! What the provider gives back of what it took, and what it refuses since a cardholder gets it.

use super::{super::choices::Choices, Provider};
use crate::{
    Command,
    payment::{Payment, PaymentCommand, RecordRefunded},
    policy::Call,
};

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
        let mut told = *amount;
        if !self.gives_back(authorization_id, amount.amount, idempotency_key) {
            // It is a dispute that it is refused for: nobody knows yet who gets it.
            if payment.disputed() > 0 {
                return None;
            }
            assert!(payment.lost() > 0, "refused for nothing: {payment:?}");
            told = payment.left_for(*refund)?;
            let key = payment.refunds[refund].key_of_rest();
            let given = told.amount == 0 || self.gives_back(authorization_id, told.amount, &key);
            assert!(given, "what is left is not there: {payment:?}");
        }
        // Its answer does not come back.
        if answer == 3 {
            return None;
        }
        let command = PaymentCommand::RecordRefunded(RecordRefunded {
            authorization_id: authorization_id.clone(),
            refund: *refund,
            amount: told,
        });
        Some(Command::Payment(*order_id, command))
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
}
