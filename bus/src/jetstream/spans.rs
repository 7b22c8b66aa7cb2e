//! The spans of messages, in OpenTelemetry's words for messaging.

use crate::broker::Message;
use traces::{Kind, Span};

/// A message is sent to `subject`, which is one of `stream`. It follows from what appended its event,
/// and its readers follow from that as well: the event is the same, whether it is read from the broker
/// or from the store.
pub(super) fn publishing(stream: &str, subject: &str, message: &Message) -> Span {
    let event = &message.event;
    let envelope = &event.envelope;
    let parent = traces::recorded(envelope.traceparent.as_deref());
    let mut span = Span::begin_remote(parent, Kind::Producer, || format!("publish {stream}"));
    if span.is_recorded() {
        span.set("messaging.system", "nats");
        span.set("messaging.operation.name", "publish");
        span.set("messaging.operation.type", "send");
        span.set("messaging.destination.name", subject.to_owned());
        span.set("messaging.message.id", envelope.event_id.to_string());
        span.set("messaging.message.body.size", event.payload.len());
        span.set("orders.event_type", event.event_type.clone());
        span.set("orders.position", envelope.position.get());
    }
    span
}
