//! Sending a message.

use super::{JetStream, spans, wire};
use crate::broker::{Acknowledged, Acknowledgement, BrokerError, Duplicates, Message};
use async_nats::{
    header::{NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID},
    jetstream::{
        ErrorCode,
        context::{PublishAckFuture, PublishError, PublishErrorKind},
        message::PublishMessage,
        publish::PublishAck,
    },
};
use std::{future::IntoFuture, time::Duration};
use traces::Span;

/// How often a wait for an acknowledgement looks whether the connection is still the same one.
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn publish(
    jetstream: &JetStream,
    message: &Message,
    after: u64,
    duplicates: Duplicates,
) -> Result<Acknowledgement, BrokerError> {
    let options = &jetstream.options;
    let subject = wire::subject(&options.prefix, &message.event);
    let mut span = spans::publishing(&options.stream, &subject, message);
    let mut headers = wire::headers(message);
    if duplicates == Duplicates::Refuse {
        let event_id = message.event.envelope.event_id;
        headers.insert(NATS_MESSAGE_ID, event_id.to_string());
    }
    headers.insert(NATS_EXPECTED_STREAM, options.stream.as_str());
    headers.insert(NATS_EXPECTED_LAST_SEQUENCE, after.to_string());
    let publish = PublishMessage::build()
        .headers(headers)
        .payload(message.event.payload.clone());
    let connects = jetstream.connects();
    let sent = jetstream.context.send_publish(subject, publish).await;
    let sent = sent
        .map_err(failed)
        .inspect_err(|error| span.fail(error.to_string()))?;
    let acknowledgement = acknowledgement(jetstream.clone(), connects, sent);
    Ok(Box::pin(watched(span, acknowledgement)))
}

/// The same acknowledgement; the span ends with it, or when nobody waits for it any more.
async fn watched(
    mut span: Span,
    acknowledgement: impl Future<Output = Result<Acknowledged, BrokerError>>,
) -> Result<Acknowledged, BrokerError> {
    let acknowledged = acknowledgement.await;
    match &acknowledged {
        Ok(Acknowledged { duplicate, .. }) => span.set("orders.duplicate", *duplicate),
        Err(error) => span.fail(error.to_string()),
    }
    acknowledged
}

/// The answer; none is waited for that a broken connection has swallowed.
async fn acknowledgement(
    jetstream: JetStream,
    connects: u64,
    sent: PublishAckFuture,
) -> Result<Acknowledged, BrokerError> {
    let mut sent = sent.into_future();
    loop {
        match tokio::time::timeout(LOOK, &mut sent).await {
            Ok(Ok(PublishAck {
                sequence,
                duplicate,
                ..
            })) => {
                return Ok(Acknowledged {
                    sequence,
                    duplicate,
                });
            }
            Ok(Err(error)) => return Err(failed(error)),
            Err(_) if !jetstream.is_connected() || jetstream.connects() != connects => {
                return Err(BrokerError::Unavailable("the connection was lost".into()));
            }
            // The answer has a time limit of its own.
            Err(_) => {}
        }
    }
}

fn failed(error: PublishError) -> BrokerError {
    match error.kind() {
        PublishErrorKind::StreamNotFound => BrokerError::Missing,
        PublishErrorKind::WrongLastSequence | PublishErrorKind::WrongLastMessageId => {
            BrokerError::OutOfStep
        }
        PublishErrorKind::MaxPayloadExceeded => BrokerError::TooLarge(error.to_string()),
        PublishErrorKind::TimedOut
        | PublishErrorKind::BrokenPipe
        | PublishErrorKind::MaxAckPending => BrokerError::Unavailable(error.to_string()),
        PublishErrorKind::Other if is_too_large(&error) => BrokerError::TooLarge(error.to_string()),
        PublishErrorKind::Other => BrokerError::Refused(error.to_string()),
    }
}

/// The stream has a limit of its own, which the client does not know.
fn is_too_large(error: &PublishError) -> bool {
    let source = std::error::Error::source(error);
    source
        .and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>())
        .is_some_and(|error| error.error_code() == ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM)
}
