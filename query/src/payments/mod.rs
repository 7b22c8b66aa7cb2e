//! What a payment's answers say.

mod body;
mod item;

pub(crate) use body::PaymentBody;
pub(crate) use item::PaymentItem;
