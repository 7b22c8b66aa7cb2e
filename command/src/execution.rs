//! What every command endpoint does the same way.

use crate::{CommandApi, problem, request::CommandRequest};
use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, ETAG, LOCATION},
    },
    response::{IntoResponse, Response},
};
use chassis::{Problem, token::ConsistencyToken};
use domain::{Command, Position, RefusalKind, State, StreamId, Version};
use serde::Serialize;
use std::sync::Arc;
use store::{
    Until, fold_stream,
    lane::{Executed, LaneError, Outcome},
};

pub(crate) const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");
pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A command that was done, now or before.
pub(crate) struct Done {
    stream: StreamId,
    version: Version,
    position: Position,
    replayed: bool,
    state: Option<Arc<State>>,
}

impl CommandRequest {
    /// Puts `command` through the lane. Refusals become problems here.
    pub(crate) async fn execute(self, api: &CommandApi, command: Command) -> Result<Done, Problem> {
        self.put(api, command, false).await
    }

    /// As [`execute`](Self::execute), for an answer that needs the state that the command led to.
    pub(crate) async fn execute_for_state(
        self,
        api: &CommandApi,
        command: Command,
    ) -> Result<Done, Problem> {
        self.put(api, command, true).await
    }

    async fn put(
        self,
        api: &CommandApi,
        command: Command,
        wants_state: bool,
    ) -> Result<Done, Problem> {
        let name = command.name();
        let Some(_entry) = api.in_flight.enter(self.id) else {
            count(name, "failed");
            return Err(problem::still_running());
        };
        let envelope = self.envelope(api, command);
        let executed = match wants_state {
            true => api.lane.execute_for_state(envelope).await,
            false => api.lane.execute(envelope).await,
        };
        count(name, outcome(&executed));
        answered(api, executed.map_err(problem::failed)?)
    }
}

/// Counts a command that was asked for by what became of it.
fn count(command: &'static str, outcome: &'static str) {
    metrics::counter!("commands_total", "command" => command, "outcome" => outcome).increment(1);
}

fn outcome(executed: &Result<Executed, LaneError>) -> &'static str {
    match executed {
        Ok(executed) if executed.replayed => "replayed",
        Ok(executed) => match executed.outcome {
            Outcome::Accepted => "accepted",
            Outcome::Refused(_) => "refused",
        },
        // These two are answers to what was asked, as refusals are.
        Err(LaneError::KeyReused | LaneError::VersionMismatch { .. }) => "refused",
        Err(_) => "failed",
    }
}

fn answered(api: &CommandApi, executed: Executed) -> Result<Done, Problem> {
    let Executed {
        outcome,
        stream,
        version,
        position,
        replayed,
        state,
    } = executed;
    let done = Done {
        stream,
        version,
        position,
        replayed,
        state,
    };
    match outcome {
        Outcome::Accepted => Ok(done),
        // It was neither executed nor remembered: there is nothing to say but what is wrong.
        Outcome::Refused(refusal) if refusal.kind == RefusalKind::Meaning => {
            Err(problem::refused(refusal, version))
        }
        Outcome::Refused(refusal) => {
            let mut problem = problem::refused(refusal, version);
            done.stamp(api, problem.headers_mut());
            Err(problem)
        }
    }
}

impl Done {
    /// A command that begins a stream, as it was answered first: whatever came of the stream later.
    pub(crate) async fn begun(api: &CommandApi, stream: StreamId) -> Result<Self, Problem> {
        let until = Until::Version(Version::new(1));
        let folded = fold_stream(api.reader.as_ref(), &stream, until)
            .await
            .map_err(|error| problem::unfoldable(error, &stream))?;
        Ok(Self {
            version: folded.version,
            position: folded.position,
            replayed: true,
            state: Some(Arc::new(folded.state)),
            stream,
        })
    }

    /// The version of the stream that the command was about.
    pub(crate) fn version(&self) -> i64 {
        self.version.get()
    }

    /// Where it stands in the store.
    pub(crate) const fn position(&self) -> Position {
        self.position
    }

    /// Whether this is the first answer again.
    pub(crate) fn is_replayed(&self) -> bool {
        self.replayed
    }

    /// The stream.
    pub(crate) fn into_stream(self) -> StreamId {
        self.stream
    }

    /// What identifies that stream: an order's id, for example.
    pub(crate) fn key(&self) -> &str {
        self.stream.key()
    }

    /// The state that the command led to: the same for its first answer and for a repetition.
    pub(crate) async fn state(&self, api: &CommandApi) -> Result<Arc<State>, Problem> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        let until = Until::Version(self.version);
        match fold_stream(api.reader.as_ref(), &self.stream, until).await {
            Ok(folded) => Ok(Arc::new(folded.state)),
            Err(error) => Err(problem::unfoldable(error, &self.stream)),
        }
    }

    /// The answer, with the headers of every write.
    pub(crate) fn answer(
        &self,
        api: &CommandApi,
        status: StatusCode,
        location: Option<String>,
        body: &impl Serialize,
    ) -> Result<Response, Problem> {
        let mut headers = HeaderMap::with_capacity(8);
        self.stamp(api, &mut headers);
        if let Some(location) = location {
            insert(&mut headers, LOCATION, &location);
        }
        answer(status, headers, body)
    }

    /// What a read needs to see this write. What is not recorded is at no position.
    pub(crate) fn token(&self, api: &CommandApi) -> Option<ConsistencyToken> {
        (self.position > Position::ZERO).then(|| ConsistencyToken {
            epoch: api.epoch(),
            position: self.position.get().unsigned_abs(),
        })
    }

    /// The headers of every write that was executed, done or refused.
    fn stamp(&self, api: &CommandApi, headers: &mut HeaderMap) {
        // What does not exist has no version.
        if self.version > Version::ZERO {
            insert(headers, ETAG, &format!("\"{}\"", self.version));
        }
        if let Some(token) = self.token(api) {
            insert(headers, CONSISTENCY_TOKEN, &token.to_string());
        }
        if self.replayed {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
    }
}

/// An answer of JSON.
pub(crate) fn answer(
    status: StatusCode,
    mut headers: HeaderMap,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    let body = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::internal()
    })?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok((status, headers, Body::from(body)).into_response())
}

pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // All of these are made of visible ASCII; were one not, the answer is still right without it.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
