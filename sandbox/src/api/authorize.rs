//! `POST /authorizations`

use axum::extract::State;
use chassis::{
    Problem,
    extract::{IdempotencyKey, StrictJson},
};
use serde::Deserialize;

use super::{problem::invalid_field, text};
use crate::{
    ledger::{Booking, Request},
    sandbox::Sandbox,
    value::Currency,
};

/// Largest amount, in minor units: every whole number up to it is exact in any JSON parser.
pub(super) const MAX_AMOUNT: u64 = 999_999_999_999_999;
const MAX_REFERENCE: usize = 255;
const MAX_TOKEN: usize = 128;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    reference: String,
    amount: u64,
    currency: String,
    payment_method: String,
}

pub(super) async fn authorize(
    State(sandbox): State<Sandbox>,
    key: IdempotencyKey,
    body: StrictJson<Body>,
) -> Result<Booking, Problem> {
    let request = parse(body.value)?;
    Ok(sandbox.perform(key.as_str().into(), request).await?)
}

fn parse(body: Body) -> Result<Request, Problem> {
    Ok(Request::Authorize {
        reference: text("/reference", &body.reference, MAX_REFERENCE)?.into(),
        amount: amount(body.amount)?,
        currency: currency(&body.currency)?,
        payment_method: text("/payment_method", &body.payment_method, MAX_TOKEN)?.into(),
    })
}

pub(super) fn amount(amount: u64) -> Result<u64, Problem> {
    if (1..=MAX_AMOUNT).contains(&amount) {
        Ok(amount)
    } else {
        Err(invalid_field(
            "/amount",
            &format!("an integer from 1 to {MAX_AMOUNT}"),
        ))
    }
}

pub(super) fn currency(code: &str) -> Result<Currency, Problem> {
    code.parse().map_err(|_| {
        invalid_field(
            "/currency",
            "a code of three upper-case letters, such as EUR",
        )
    })
}
