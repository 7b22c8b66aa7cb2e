//! What a payment's answers say.

mod body;

pub(crate) use body::PaymentBody;
