//! What a refusal of the server means for whoever asked.

use super::{
    options::Address,
    wire::{
        ConsistencyViolations, NotLeader, RichStatus, StreamStateViolation, TransactionTooLarge,
    },
};
use crate::StoreError;
use prost::Message;
use std::error::Error;
use tonic::{Code, Status};

/// What a refusal means.
#[derive(Debug)]
pub(super) enum Meaning {
    /// Another node leads; nothing was done.
    NotLeader(Option<Address>),
    /// The connection broke, or the server stopped: what was asked may have been done.
    Lost,
    /// Nothing was appended, because streams are elsewhere.
    Violated(Vec<StreamStateViolation>),
    /// Nothing was appended: it was too much at once.
    TooLarge { size: i32, max_size: i32 },
    /// Nothing was done, and will be later.
    NotNow,
    /// What is read from is no place in this log.
    NoSuchPosition,
    /// Nothing was done, and nothing will be.
    Refused,
    /// The server failed in the middle of it.
    Broken,
}

impl Meaning {
    pub(super) fn of(status: &Status) -> Self {
        if let Some(meaning) = said_in_details(status).or_else(|| said_in_trailers(status)) {
            return meaning;
        }
        // What this side says of the connection has a cause; what the server says has none.
        if status.source().is_some() {
            return Self::Lost;
        }
        match status.code() {
            Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded => Self::Lost,
            Code::ResourceExhausted => Self::NotNow,
            Code::Unknown | Code::Internal | Code::DataLoss | Code::Aborted => {
                // Transport errors that tonic has turned into text.
                let message = status.message();
                let of_transport = ["transport", "h2 protocol", "connection", "stream closed"];
                match of_transport.iter().any(|words| message.contains(words)) {
                    true => Self::Lost,
                    false if is_about_position(message) => Self::NoSuchPosition,
                    false => Self::Broken,
                }
            }
            _ if is_about_position(status.message()) => Self::NoSuchPosition,
            _ => Self::Refused,
        }
    }
}

/// Reads that are filtered say it by a name: `Unexpected FilteredReadAllResult: InvalidPosition`.
fn is_about_position(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("invalid position") || message.contains("invalidposition")
}

/// The second protocol says it in a message.
fn said_in_details(status: &Status) -> Option<Meaning> {
    let rich = RichStatus::decode(status.details()).ok()?;
    rich.details.iter().find_map(|any| {
        let name = any.type_url.rsplit(['/', '.']).next().unwrap_or_default();
        let bytes = any.value.as_ref();
        match name {
            "AppendConsistencyViolationErrorDetails" => {
                let said = ConsistencyViolations::decode(bytes).ok()?;
                let states = said.violations.into_iter();
                let states = states.filter_map(|violation| violation.stream_state);
                Some(Meaning::Violated(states.collect()))
            }
            "AppendTransactionSizeExceededErrorDetails" => {
                let TransactionTooLarge { size, max_size } =
                    TransactionTooLarge::decode(bytes).ok()?;
                Some(Meaning::TooLarge { size, max_size })
            }
            "NotLeaderNodeErrorDetails" => {
                let leader = NotLeader::decode(bytes).ok()?.leader;
                let address = leader.and_then(|leader| {
                    let port = u16::try_from(leader.port).ok()?;
                    let host = leader.host;
                    (!host.is_empty()).then_some(Address { host, port })
                });
                Some(Meaning::NotLeader(address))
            }
            _ => None,
        }
    })
}

/// The first protocol says it in trailers.
fn said_in_trailers(status: &Status) -> Option<Meaning> {
    let trailer = |name: &'static str| status.metadata().get(name)?.to_str().ok();
    match trailer("exception")? {
        "not-leader" => {
            let address = || {
                Some(Address {
                    host: trailer("leader-endpoint-host")?.to_owned(),
                    port: trailer("leader-endpoint-port")?.parse().ok()?,
                })
            };
            Some(Meaning::NotLeader(address()))
        }
        "access-denied" | "stream-deleted" => Some(Meaning::Refused),
        _ => None,
    }
}

/// Something failed that changes nothing.
pub(super) fn of_reading(what: &str, status: Status) -> StoreError {
    match Meaning::of(&status) {
        Meaning::NotLeader(_) | Meaning::Lost | Meaning::NotNow | Meaning::Broken => {
            StoreError::Unavailable(status.into())
        }
        _ => failed(what, status),
    }
}

/// It is refused for good.
pub(super) fn failed(what: &str, status: Status) -> StoreError {
    StoreError::Failed {
        what: format!("{what}: {} [{:?}]", status.message(), status.code()),
        source: status.into(),
    }
}
