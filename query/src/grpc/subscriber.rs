//! One subscriber of the feed: where it is, what it was sent, and what of that it has done.

use super::{cursor, source::Source, streams};
use crate::{api::Api, problem};
use chassis::Problem;
use domain::{Event, Position};
use futures::FutureExt;
use proto::{
    timestamp,
    v1::{
        CaughtUp, FeedEvent, Subscribe, SubscribeRequest, SubscribeResponse,
        subscribe_request::Message as Said, subscribe_response::Message as Told,
    },
};
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use store::{Bookmark, StoreError, StoredEvent};
use tokio::time::Instant;
use tonic::Streaming;

/// At least so long between two messages that nothing is new.
const CAUGHT_UP_EVERY: Duration = Duration::from_secs(1);
/// How many events may be under way: by default, and at most.
const WINDOW: usize = 1_000;
const MAX_WINDOW: u32 = 10_000;
/// More types than there are, many times over.
const MAX_TYPES: usize = 100;

/// One subscriber.
pub(super) struct Subscriber {
    api: Arc<Api>,
    said: Streaming<SubscribeRequest>,
    /// All, if there are none.
    types: HashSet<String>,
    window: usize,
    source: Source,
    /// Up to where it was sent something.
    sent: Position,
    /// Those that were read and not yet sent.
    ready: VecDeque<StoredEvent>,
    /// The positions of those that were sent and not yet acknowledged.
    under_way: VecDeque<Position>,
    /// Up to where it was told that it has everything, and when.
    told: Option<(Bookmark, Instant)>,
    /// It has said that it says nothing more: it is sent what fits without an acknowledgement.
    is_silent: bool,
}

impl Subscriber {
    /// A subscriber that `wanted`, and goes on to say what it has done.
    ///
    /// # Errors
    /// 400: it wants what cannot be.
    pub(super) fn new(
        api: Arc<Api>,
        wanted: &Subscribe,
        said: Streaming<SubscribeRequest>,
    ) -> Result<Self, Problem> {
        let refused = |field: &str, rule: &str| {
            Problem::bad_request(
                "INVALID_BODY",
                format!("The field {field} is wrong: {rule}."),
            )
            .with_error(format!("/{field}"), "OUT_OF_RANGE", rule)
        };
        if wanted.max_unacknowledged > MAX_WINDOW {
            let field = "subscribe/max_unacknowledged";
            return Err(refused(field, "it must be 1 to 10,000, or 0 for 1,000"));
        }
        if wanted.types.len() > MAX_TYPES {
            return Err(refused("subscribe/types", "at most 100 are allowed"));
        }
        let is_known = |wanted: &String| Event::types().any(|known| known == wanted);
        if !wanted.types.iter().all(is_known) {
            let known: Vec<&str> = Event::types().collect();
            let rule = format!("each must be one of {}", known.join(", "));
            return Err(refused("subscribe/types", &rule));
        }
        let window = match wanted.max_unacknowledged {
            0 => WINDOW,
            window => window as usize,
        };
        let at = cursor::read(&wanted.after, "subscribe/after")?;
        Ok(Self {
            sent: at.position,
            source: Source::new(Arc::clone(&api.reader), at),
            types: wanted.types.iter().cloned().collect(),
            window,
            api,
            said,
            ready: VecDeque::new(),
            under_way: VecDeque::new(),
            told: None,
            is_silent: false,
        })
    }

    /// The next message to it, once there is one; `None` when it has left.
    ///
    /// # Errors
    /// 400: it said what cannot be; 409: it is on another history; 503: not now.
    pub(super) async fn next(&mut self) -> Result<Option<SubscribeResponse>, Problem> {
        let stopping = self.api.stopping.clone();
        let step = stopping.run_until_cancelled(self.step()).await;
        step.ok_or_else(streams::stopping)?
    }

    async fn step(&mut self) -> Result<Option<SubscribeResponse>, Problem> {
        loop {
            // What it has said already comes first; while it may be sent nothing, all else waits for it.
            let is_full = self.under_way.len() >= self.window;
            let said = match (self.is_silent, is_full) {
                (true, true) => return Ok(None),
                (true, false) => None,
                (false, true) => Some(self.said.message().await),
                (false, false) => self.said.message().now_or_never(),
            };
            match said {
                Some(said) => self.heard(said)?,
                None => {
                    if let Some(message) = self.ready() {
                        return Ok(Some(message));
                    }
                    if let Some(message) = self.read().await? {
                        return Ok(Some(message));
                    }
                }
            }
        }
    }

    /// Takes what it said.
    fn heard(
        &mut self,
        said: Result<Option<SubscribeRequest>, tonic::Status>,
    ) -> Result<(), Problem> {
        let said = said.map_err(|status| {
            let detail = format!("What was said cannot be read: {}.", status.message());
            Problem::bad_request("INVALID_BODY", detail)
        })?;
        let Some(said) = said else {
            self.is_silent = true;
            return Ok(());
        };
        match said.message {
            Some(Said::Acknowledge(done)) => {
                let done = cursor::read(&done.cursor, "acknowledge/cursor")?;
                self.acknowledge(done.position)
            }
            Some(Said::Subscribe(_)) | None => {
                let rule = "only the first message is a `subscribe`; those after it acknowledge";
                Err(
                    Problem::bad_request("INVALID_BODY", format!("The message is wrong: {rule}."))
                        .with_error("/message", "INVALID", rule),
                )
            }
        }
    }

    fn acknowledge(&mut self, position: Position) -> Result<(), Problem> {
        if position > self.sent {
            let rule = "it was not sent yet";
            return Err(Problem::bad_request(
                "INVALID_CURSOR",
                format!("The field acknowledge.cursor is wrong: {rule}."),
            )
            .with_error("/acknowledge/cursor", "OUT_OF_RANGE", rule));
        }
        while self.under_way.front().is_some_and(|sent| *sent <= position) {
            self.under_way.pop_front();
        }
        Ok(())
    }

    /// The next event that was read and is wanted.
    fn ready(&mut self) -> Option<SubscribeResponse> {
        while let Some(event) = self.ready.pop_front() {
            if self.wants(&event) {
                self.sent = event.envelope.position;
                self.under_way.push_back(self.sent);
                let message = Some(Told::Event(message(&event)));
                return Some(SubscribeResponse { message });
            }
        }
        None
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        let tenant = match &event.raw_names {
            Some(raw) => raw.tenant.as_str(),
            None => event.envelope.tenant.as_str(),
        };
        tenant == self.api.tenant.as_str()
            && (self.types.is_empty() || self.types.contains(&event.event_type))
    }

    /// Reads on. At the end of all events it says so, or waits for more or for what it is told.
    async fn read(&mut self) -> Result<Option<SubscribeResponse>, Problem> {
        let events = self.source.next().await;
        let at = self.source.at();
        let events = events.map_err(|error| unreadable(error, at))?;
        if !events.is_empty() {
            self.ready = events.into();
            return Ok(None);
        }
        if self.is_to_be_told() {
            self.told = Some((at, Instant::now()));
            self.sent = at.position;
            let cursor = cursor::write(at);
            let message = Some(Told::CaughtUp(CaughtUp { cursor }));
            return Ok(Some(SubscribeResponse { message }));
        }
        let said = tokio::select! {
            biased;
            said = self.said.message(), if !self.is_silent => said,
            () = self.source.may_have_more() => return Ok(None),
        };
        self.heard(said)?;
        Ok(None)
    }

    /// Whether it does not know yet that it has everything.
    fn is_to_be_told(&self) -> bool {
        match self.told {
            None => true,
            Some((at, when)) => at != self.source.at() && when.elapsed() >= CAUGHT_UP_EVERY,
        }
    }
}

fn unreadable(error: StoreError, at: Bookmark) -> Problem {
    match error {
        StoreError::Rewound { .. } => Problem::conflict(
            "CURSOR_OF_ANOTHER_HISTORY",
            "The event that the cursor names is not there: the event store was restored, or lost its \
             tail. What was taken from it since must be looked at; then subscribe from the beginning.",
        ),
        error => problem::unreadable_events(error, at.position),
    }
}

fn message(event: &StoredEvent) -> FeedEvent {
    let envelope = &event.envelope;
    let (stream, actor) = match &event.raw_names {
        Some(raw) => (raw.stream.clone(), raw.actor.clone()),
        None => (envelope.stream.to_string(), envelope.actor.to_string()),
    };
    FeedEvent {
        cursor: cursor::of(event),
        position: envelope.position.get(),
        r#type: event.event_type.clone(),
        schema_version: event.schema_version.unsigned_abs().into(),
        stream,
        version: envelope.version.get(),
        event_id: envelope.event_id.to_string(),
        actor,
        command_id: envelope.command_id.to_string(),
        causation_id: envelope.causation_id.map(|id| id.to_string()),
        correlation_id: envelope.correlation_id.to_string(),
        occurred_at: Some(timestamp(envelope.occurred_at)),
        recorded_at: Some(timestamp(envelope.recorded_at)),
        traceparent: envelope.traceparent.clone(),
        data: String::from_utf8_lossy(&event.payload).into_owned(),
    }
}
