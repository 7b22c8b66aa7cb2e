//! What a payment's answers say.

mod body;
mod get;
mod item;

pub(crate) use body::{
    ActionBody, AuthorizationBody, CaptureBody, DisputeBody, PaymentBody, RefundBody, StrayBody,
};
pub(crate) use get::get;
pub(crate) use item::PaymentItem;
