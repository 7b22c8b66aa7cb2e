//! `POST /shipments`

use std::sync::Arc;

use axum::extract::State;
use chassis::{
    Problem,
    extract::{IdempotencyKey, StrictJson},
};
use serde::Deserialize;

use crate::{
    api::{problem::invalid_field, text},
    carrier::{Address, ShipRequest, Shipped},
    sandbox::Sandbox,
};

const MAX_REFERENCE: usize = 255;
/// Longest texts of an address, in characters, and the most lines: whole, it fits a journal's line.
const MAX_NAME: usize = 200;
const MAX_LINE: usize = 200;
const MAX_LINES: usize = 8;
const MAX_CITY: usize = 100;
const MAX_POSTAL_CODE: usize = 32;
const MAX_COUNTRY: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    reference: String,
    order_reference: Option<String>,
    /// To be said, if only that there is none: it is not left out by mistake.
    #[serde(deserialize_with = "Option::deserialize")]
    address: Option<Address>,
}

pub(super) async fn ship(
    State(sandbox): State<Sandbox>,
    key: IdempotencyKey,
    body: StrictJson<Body>,
) -> Result<Shipped, Problem> {
    let request = parse(body.value)?;
    Ok(sandbox.ship(key.as_str().into(), request).await?)
}

fn parse(body: Body) -> Result<ShipRequest, Problem> {
    if let Some(address) = &body.address {
        check(address)?;
    }
    let order_reference = match &body.order_reference {
        Some(reference) => Some(text("/order_reference", reference, MAX_REFERENCE)?.into()),
        None => None,
    };
    Ok(ShipRequest {
        reference: text("/reference", &body.reference, MAX_REFERENCE)?.into(),
        order_reference,
        address: body.address.map(Arc::new),
    })
}

fn check(address: &Address) -> Result<(), Problem> {
    for (pointer, value, max) in [
        ("/address/name", address.name.as_deref(), MAX_NAME),
        ("/address/city", address.city.as_deref(), MAX_CITY),
        (
            "/address/postal_code",
            address.postal_code.as_deref(),
            MAX_POSTAL_CODE,
        ),
        ("/address/country", Some(&*address.country), MAX_COUNTRY),
    ] {
        value.map_or(Ok(()), |value| check_line(pointer, value, max))?;
    }
    if address.lines.len() > MAX_LINES {
        let expected = format!("a list of at most {MAX_LINES} texts");
        return Err(invalid_field("/address/lines", &expected));
    }
    let mut lines = address.lines.iter().enumerate();
    lines.try_for_each(|(n, line)| check_line(&format!("/address/lines/{n}"), line, MAX_LINE))
}

fn check_line(pointer: &str, line: &str, max: usize) -> Result<(), Problem> {
    match (1..=max).contains(&line.chars().count()) && !line.contains(char::is_control) {
        true => Ok(()),
        false => {
            let expected = format!("text of 1 to {max} characters");
            Err(invalid_field(pointer, &expected))
        }
    }
}
