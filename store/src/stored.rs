//! Events as they are stored.

use crate::Undecodable;
use bytes::Bytes;
use domain::{Envelope, Event, Recorded};
use std::sync::Arc;

/// An event as it is stored: its payload is not looked into.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Where, when, by whom and why.
    pub envelope: Envelope,
    /// Its stored type name.
    pub event_type: String,
    /// The version of its payload's shape.
    pub schema_version: i16,
    /// Its payload, as JSON.
    pub payload: Bytes,
}

/// An event as a reader gets it: what this build cannot read keeps its place in the order.
pub type Delivered = Result<Recorded, Undecodable>;

impl StoredEvent {
    /// The event, if this build can read it.
    pub fn decode(self) -> Delivered {
        match Event::decode(&self.event_type, self.schema_version, &self.payload) {
            Ok(event) => Ok(Recorded {
                envelope: self.envelope,
                event,
            }),
            Err(source) => Err(Undecodable {
                envelope: Arc::new(self.envelope),
                source: Arc::new(source),
            }),
        }
    }
}
