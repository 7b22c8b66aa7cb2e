//! Fields of messages, read as the API has them.

use crate::{
    orders::{At, Filters, Sort},
    parameters::{Time, refused},
    read_your_writes::ReadYourWrites,
};
use chassis::Problem;
use domain::{CustomerId, OrderId, Sku};
use prost_types::Timestamp;
use proto::v1::{
    self, DiffOrderRequest, ListOrdersRequest, ListPaymentsRequest, OrderSort,
    diff_order_request::{From, To},
    get_order_request,
};
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error},
};
use std::{fmt::Display, str::FromStr};

pub(super) fn order_id(text: &str) -> Result<OrderId, Problem> {
    parse("order_id", text)
}

pub(super) fn customer_id(text: &str) -> Result<CustomerId, Problem> {
    parse("customer_id", text)
}

pub(super) fn sku(text: &str) -> Result<Sku, Problem> {
    parse("sku", text)
}

pub(super) fn writes(message: Option<&v1::ReadYourWrites>) -> Result<ReadYourWrites, Problem> {
    match message {
        None => Ok(ReadYourWrites::default()),
        Some(writes) => ReadYourWrites::of_call(&writes.consistency_token, writes.wait_seconds),
    }
}

pub(super) fn at(at: Option<&get_order_request::At>) -> Result<Option<At>, Problem> {
    Ok(match at {
        None => None,
        Some(get_order_request::At::Version(version)) => Some(At::version("version", *version)?),
        Some(get_order_request::At::AsOf(when)) => Some(At::Time(time("as_of", when)?.0)),
    })
}

/// From when to when an order is compared.
///
/// # Errors
/// 400: it is not said from when, or a moment is none.
pub(super) fn moments(message: &DiffOrderRequest) -> Result<(At, At), Problem> {
    let from = match &message.from {
        None => return Err(refused("from", "REQUIRED", "it must be said from when")),
        Some(From::FromVersion(version)) => At::version("from_version", *version)?,
        Some(From::FromTime(when)) => At::Time(time("from_time", when)?.0),
    };
    let to = match &message.to {
        None => At::End,
        Some(To::ToVersion(version)) => At::version("to_version", *version)?,
        Some(To::ToTime(when)) => At::Time(time("to_time", when)?.0),
    };
    Ok((from, to))
}

/// A page as lists take it: its size and its token.
pub(super) fn page(size: Option<u32>, token: &str) -> (Option<u32>, Option<&str>) {
    (size, Some(token).filter(|token| !token.is_empty()))
}

/// The orders that a message asks for.
///
/// # Errors
/// 400: a field that does not keep to its rule.
pub(super) fn filters(message: &ListOrdersRequest) -> Result<Filters, Problem> {
    let filters = Filters {
        sort: sort(message.sort)?,
        status: one_of("status", message.status.as_deref())?,
        payment_status: one_of("payment_status", message.payment_status.as_deref())?,
        fulfilment_status: one_of("fulfilment_status", message.fulfilment_status.as_deref())?,
        return_status: one_of("return_status", message.return_status.as_deref())?,
        customer_id: optional("customer_id", message.customer_id.as_deref())?,
        currency: optional("currency", message.currency.as_deref())?,
        tag: optional("tag", message.tag.as_deref())?,
        placed_from: optional_time("placed_at[gte]", message.placed_from.as_ref())?,
        placed_before: optional_time("placed_at[lt]", message.placed_before.as_ref())?,
        total_from: message.total_from,
        total_below: message.total_below,
        search: None,
    };
    filters.searching(message.query.as_deref())?.checked()
}

/// The payments that a message asks for: those of orders.
///
/// # Errors
/// 400: a field that does not keep to its rule.
pub(super) fn payment_filters(message: &ListPaymentsRequest) -> Result<Filters, Problem> {
    let filters = Filters {
        sort: sort(message.sort)?,
        payment_status: one_of("status", message.status.as_deref())?,
        customer_id: optional("customer_id", message.customer_id.as_deref())?,
        currency: optional("currency", message.currency.as_deref())?,
        placed_from: optional_time("placed_at[gte]", message.placed_from.as_ref())?,
        placed_before: optional_time("placed_at[lt]", message.placed_before.as_ref())?,
        total_from: message.total_from,
        total_below: message.total_below,
        ..Filters::default()
    };
    filters.checked()
}

fn sort(sort: i32) -> Result<Sort, Problem> {
    match OrderSort::try_from(sort) {
        Ok(OrderSort::Unspecified | OrderSort::Newest) => Ok(Sort::Newest),
        Ok(OrderSort::Oldest) => Ok(Sort::Oldest),
        Ok(OrderSort::Largest) => Ok(Sort::Largest),
        Ok(OrderSort::Smallest) => Ok(Sort::Smallest),
        Err(_) => Err(refused("sort", "INVALID", "there is no such order")),
    }
}

fn parse<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error: T::Err| refused(name, "INVALID", &error.to_string()))
}

fn optional<T: FromStr<Err: Display>>(
    name: &str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.map(|text| parse(name, text)).transpose()
}

/// A word of those that the API knows.
pub(super) fn one_of<'a, T: Deserialize<'a>>(
    name: &str,
    text: Option<&'a str>,
) -> Result<Option<T>, Problem> {
    let parsed = text.map(|text| T::deserialize(text.into_deserializer()));
    // The words that there are stand in the file that describes the message.
    parsed
        .transpose()
        .map_err(|_: Error| refused(name, "INVALID", "there is no such word"))
}

fn optional_time(name: &str, time: Option<&Timestamp>) -> Result<Option<Time>, Problem> {
    time.map(|time| self::time(name, time)).transpose()
}

fn time(name: &str, time: &Timestamp) -> Result<Time, Problem> {
    let rule = "it must be a time, with 0 to 999,999,999 nanos";
    let time = proto::from_timestamp(time).map(Time);
    time.ok_or_else(|| refused(name, "INVALID", rule))
}
