//! How failures become problem answers: mapped once, here.

use crate::database::ReadError;
use chassis::Problem;
use domain::{CustomerId, OrderId, Position, ReturnId, ShipmentId, Sku, StreamId};
use std::{error::Error, fmt::Display, time::Duration};
use store::StoreError;
use vault::VaultError;

const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(5);

/// The read models could not be read.
pub(crate) fn unreadable(error: ReadError) -> Problem {
    let cause = error.source().map(ToString::to_string);
    match error {
        ReadError::Unavailable(_) => {
            tracing::warn!(%error, cause, "a read failed");
            Problem::service_unavailable(
                "READ_MODELS_UNAVAILABLE",
                "The read models cannot be reached.",
                LATER,
            )
        }
        ReadError::Busy => {
            Problem::service_unavailable("READ_MODELS_BUSY", "Too many reads are in work.", SOON)
        }
        ReadError::TooSlow => {
            tracing::warn!(%error, "a read was given up");
            Problem::service_unavailable(
                "READ_TOO_SLOW",
                "The read took longer than it may; filters that select less make it quicker.",
                LATER,
            )
        }
        ReadError::NotMigrated(_) => {
            tracing::warn!(%error, cause, "a read failed");
            Problem::service_unavailable(
                "READ_MODELS_MISSING",
                "The read models are not there yet: the projector makes them when it starts.",
                LATER,
            )
        }
        ReadError::Corrupt { .. } | ReadError::Failed(_) => {
            tracing::error!(%error, cause, "a read failed");
            Problem::internal()
        }
    }
}

/// The events after `position` could not be read.
pub(crate) fn unreadable_events(error: StoreError, position: Position) -> Problem {
    let cause = error.source().map(ToString::to_string);
    if error.is_transient() {
        tracing::warn!(%error, cause, "the events after {position} cannot be read now");
        return store_unavailable();
    }
    tracing::error!(%error, cause, "the events after {position} cannot be read");
    Problem::internal()
}

fn store_unavailable() -> Problem {
    Problem::service_unavailable(
        "STORE_UNAVAILABLE",
        "The event store cannot be reached.",
        LATER,
    )
}

/// The events of an order could not be read.
pub(crate) fn unfoldable(error: StoreError, order: OrderId) -> Problem {
    unfoldable_stream(error, format_args!("order {order}"))
}

/// The same of a stream, which `what` names.
pub(crate) fn unfoldable_stream(error: StoreError, what: impl Display) -> Problem {
    let cause = error.source().map(ToString::to_string);
    if error.is_transient() {
        tracing::warn!(%error, cause, %what, "{what} cannot be folded now");
        return store_unavailable();
    }
    tracing::error!(%error, cause, %what, "{what} cannot be folded");
    Problem::internal()
}

/// What is personal in a stream could not be opened.
pub(crate) fn unopened(error: VaultError, stream: &StreamId) -> Problem {
    if error.is_transient() {
        tracing::warn!(%error, %stream, "what is personal in {stream} cannot be opened now");
        return Problem::service_unavailable(
            "KEYS_UNAVAILABLE",
            "The keys of personal data cannot be reached.",
            LATER,
        );
    }
    tracing::error!(%error, %stream, "what is personal in {stream} cannot be opened");
    match error {
        VaultError::KeyLost(_) => Problem::key_lost(),
        _ => Problem::internal(),
    }
}

/// The read model does not have the caller's write yet.
pub(crate) fn lagging() -> Problem {
    Problem::service_unavailable(
        "READ_MODEL_LAGGING",
        "The read model does not have your write yet; ask again, or wait longer with Prefer: \
         wait=N.",
        SOON,
    )
}

/// The caller's token is of another life of the store.
pub(crate) fn token_of_another_epoch() -> Problem {
    let detail = "the event store was restored since, and positions of before mean nothing now";
    Problem::conflict(
        "CONSISTENCY_TOKEN_EXPIRED",
        "The Consistency-Token is of a former event store; leave it out, and look whether the \
         write is still there.",
    )
    .with_error("header:Consistency-Token", "EXPIRED", detail)
}

pub(crate) fn no_such_order(order: OrderId) -> Problem {
    Problem::not_found("ORDER_NOT_FOUND", format!("There is no order {order}."))
}

pub(crate) fn no_such_shipment(shipment: ShipmentId) -> Problem {
    Problem::not_found(
        "SHIPMENT_NOT_FOUND",
        format!("There is no shipment {shipment}."),
    )
}

pub(crate) fn no_such_payment(order: OrderId) -> Problem {
    Problem::not_found(
        "PAYMENT_NOT_FOUND",
        format!("Nothing was asked of the payment provider for an order {order}."),
    )
}

pub(crate) fn no_such_return(id: ReturnId) -> Problem {
    Problem::not_found("RETURN_NOT_FOUND", format!("There is no return {id}."))
}

pub(crate) fn no_such_customer(customer: &CustomerId) -> Problem {
    Problem::not_found(
        "CUSTOMER_NOT_FOUND",
        format!("Customer {customer} is not registered, and has not ordered anything."),
    )
}

pub(crate) fn no_such_product(sku: &Sku) -> Problem {
    Problem::not_found("PRODUCT_NOT_FOUND", format!("There is no product {sku}."))
}

pub(crate) fn no_such_stock(sku: &Sku) -> Problem {
    Problem::not_found(
        "STOCK_NOT_FOUND",
        format!("There was never any stock of {sku}."),
    )
}
