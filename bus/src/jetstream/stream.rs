//! The stream itself: made, set up, looked at, emptied.

use super::{JetStream, wire};
use crate::broker::{BrokerError, Holding, Last};
use async_nats::jetstream::{
    ErrorCode,
    context::GetStreamErrorKind,
    message::StreamMessage,
    stream::{LastRawMessageError, LastRawMessageErrorKind, PurgeErrorKind, Stream},
};
use std::sync::atomic::Ordering;

/// Behind how many messages of others our own last one is looked for.
const FOREIGN: u64 = 256;

pub(super) async fn look(jetstream: &JetStream) -> Result<Holding, BrokerError> {
    let stream = get_or_create(jetstream).await?;
    let state = &stream.cached_info().state;
    let subjects = jetstream.options.subjects();
    let mut sequence = state.last_sequence;
    if state.messages == 0 {
        let last = Last::Nothing;
        return Ok(Holding { sequence, last });
    }
    let found = stream.get_last_raw_message_by_subject(&subjects).await;
    let Some(message) = there(found)? else {
        let last = Last::Nothing;
        return Ok(Holding { sequence, last });
    };
    // Another relay may have added it since: number and content belong together.
    sequence = sequence.max(message.sequence);
    let mut last = wire::last(&message.headers);
    let oldest = state
        .first_sequence
        .max(message.sequence.saturating_sub(FOREIGN));
    let mut before = message.sequence;
    while last == Last::Foreign && before > oldest {
        // What others have put in the way is left where it is; our own last one is before it.
        before -= 1;
        if let Some(message) = there(stream.get_raw_message(before).await)? {
            last = wire::last(&message.headers);
        }
    }
    Ok(Holding { sequence, last })
}

/// A message, if it is there.
fn there(
    found: Result<StreamMessage, LastRawMessageError>,
) -> Result<Option<StreamMessage>, BrokerError> {
    let error = match found {
        Ok(message) => return Ok(Some(message)),
        Err(error) => error,
    };
    match error.kind() {
        LastRawMessageErrorKind::NoMessageFound => Ok(None),
        LastRawMessageErrorKind::JetStream(error) => Err(refused(&error)),
        _ => Err(BrokerError::Unavailable(error.to_string())),
    }
}

pub(super) async fn clear(jetstream: &JetStream, up_to: u64) -> Result<(), BrokerError> {
    let stream = get_or_create(jetstream).await?;
    // The sequence given is the first one that stays.
    let purged = stream.purge().sequence(up_to.saturating_add(1)).await;
    purged.map(drop).map_err(|error| match error.kind() {
        PurgeErrorKind::JetStream(error) => refused(&error),
        _ => BrokerError::Unavailable(error.to_string()),
    })
}

async fn get_or_create(jetstream: &JetStream) -> Result<Stream, BrokerError> {
    let name = &jetstream.options.stream;
    match jetstream.context.get_stream(name).await {
        Ok(stream) => {
            if !jetstream.set_up.swap(true, Ordering::Relaxed) {
                set_up(jetstream, &stream).await;
            }
            Ok(stream)
        }
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                create(jetstream).await
            }
            GetStreamErrorKind::JetStream(error) => Err(refused(&error)),
            _ => Err(BrokerError::Unavailable(error.to_string())),
        },
    }
}

async fn create(jetstream: &JetStream) -> Result<Stream, BrokerError> {
    use async_nats::jetstream::context::CreateStreamErrorKind as Kind;
    let config = jetstream.options.new_stream();
    let name = config.name.clone();
    match jetstream.context.create_stream(config).await {
        Ok(stream) => {
            tracing::info!(stream = name, "made the JetStream stream {name}");
            Ok(stream)
        }
        Err(error) => Err(match error.kind() {
            Kind::JetStream(error) => refused(&error),
            Kind::TimedOut | Kind::Response | Kind::JetStreamUnavailable => {
                BrokerError::Unavailable(error.to_string())
            }
            _ => BrokerError::Refused(error.to_string()),
        }),
    }
}

/// Makes a stream that was there before follow the options. That is no condition for using it.
async fn set_up(jetstream: &JetStream, stream: &Stream) {
    let is = &stream.cached_info().config;
    let wanted = jetstream.options.configure(is.clone());
    if *is == wanted {
        return;
    }
    let name = &wanted.name;
    match jetstream.context.update_stream(&wanted).await {
        Ok(_) => tracing::info!(stream = name, "changed the JetStream stream {name}"),
        Err(error) => tracing::warn!(
            stream = name,
            %error,
            "the JetStream stream {name} stays as it is: it could not be changed"
        ),
    }
}

fn refused(error: &async_nats::jetstream::Error) -> BrokerError {
    if error.error_code() == ErrorCode::STREAM_NOT_FOUND {
        BrokerError::Missing
    } else {
        BrokerError::Refused(error.to_string())
    }
}
