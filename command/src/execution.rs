//! What every command endpoint does the same way.

use crate::{CommandApi, problem};
use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{CONTENT_TYPE, ETAG, LOCATION},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chassis::{
    Problem,
    extract::{IdempotencyKey, IfMatch},
    layers::RequestContext,
    token::ConsistencyToken,
};
use domain::{
    Command, CommandEnvelope, CommandId, Position, RefusalKind, State, Version, order::Order,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{
    Until, fold_stream,
    lane::{Executed, Outcome},
};
use uuid::Uuid;

const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The namespace of command ids that are derived from idempotency keys.
const KEYS: Uuid = Uuid::from_u128(0x5b1f_64b0_9c1e_4b0c_8f1e_6a1d_2f3c_7a90);

/// A request for a command: what makes it happen once, and who asks.
pub(crate) struct CommandRequest {
    /// Derived from the key and its scope.
    pub id: CommandId,
    fingerprint: [u8; 32],
    context: RequestContext,
    if_match: IfMatch,
}

/// What came of a request.
pub(crate) struct Done {
    executed: Executed,
}

impl CommandRequest {
    /// The request for the command that `key` names, within tenant, principal, method and path.
    pub(crate) fn new(
        api: &CommandApi,
        (method, uri): (&Method, &Uri),
        key: &IdempotencyKey,
        raw: &Bytes,
        context: RequestContext,
        if_match: IfMatch,
    ) -> Self {
        let path = uri.path();
        let query = uri.query().unwrap_or_default();
        let scope = [
            api.tenant.as_str(),
            api.actor.as_str(),
            method.as_str(),
            path,
            key.as_str(),
        ];
        let mut digest = Sha256::new();
        for part in [path.as_bytes(), query.as_bytes(), raw] {
            // Lengths keep the parts apart.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self {
            id: CommandId::new(Uuid::new_v5(&KEYS, scope.join("\n").as_bytes())),
            fingerprint: digest.finalize().into(),
            context,
            if_match,
        }
    }

    /// Puts `command` through the lane. Refusals become problems here.
    pub(crate) async fn execute(
        self,
        api: &CommandApi,
        command: Command,
        wants_state: bool,
    ) -> Result<Done, Problem> {
        let Some(_entry) = api.in_flight.enter(self.id) else {
            return Err(problem::still_running());
        };
        let name = command.name();
        let traceparent = self.context.trace.to_string();
        let envelope = CommandEnvelope {
            id: self.id,
            fingerprint: Some(self.fingerprint),
            tenant: api.tenant.clone(),
            actor: api.actor.clone(),
            correlation_id: self.id.uuid(),
            causation_id: None,
            traceparent: Some(traceparent),
            occurred_at: api.clock.now(),
            expected: self
                .if_match
                .0
                .map(|version| Version::new(i64::try_from(version).unwrap_or(i64::MAX))),
            command,
        };
        let executed = match wants_state {
            true => api.lane.execute_for_state(envelope).await,
            false => api.lane.execute(envelope).await,
        };
        let executed = executed.map_err(problem::failed)?;
        if !executed.replayed {
            metrics::counter!("commands_total", "command" => name, "outcome" => outcome(&executed))
                .increment(1);
        }
        match &executed.outcome {
            Outcome::Accepted => Ok(Done { executed }),
            Outcome::Refused(_) => Err(refusal(api, executed).await),
        }
    }
}

fn outcome(executed: &Executed) -> &'static str {
    match executed.outcome {
        Outcome::Accepted => "accepted",
        Outcome::Refused(_) => "refused",
    }
}

/// The problem that a refusal is, with what the order would allow instead.
async fn refusal(api: &CommandApi, executed: Executed) -> Problem {
    let Outcome::Refused(refusal) = executed.outcome else {
        return Problem::internal();
    };
    let kind = refusal.kind;
    let problem = problem::refused(refusal);
    if kind != RefusalKind::State {
        return problem;
    }
    let problem = problem.with_current_version(executed.version.get().unsigned_abs());
    let until = Until::Version(executed.version);
    match fold_stream(api.reader.as_ref(), &executed.stream, until)
        .await
        .map(|folded| folded.state)
    {
        Ok(State::Order(Order::Placed(order))) => {
            problem.with_allowed_commands(order.allowed_commands())
        }
        Ok(_) => problem,
        // The refusal stands without this.
        Err(error) => {
            tracing::warn!(%error, stream = %executed.stream, "allowed commands cannot be told");
            problem
        }
    }
}

impl Done {
    /// The version of the stream that the command was about.
    pub(crate) fn version(&self) -> i64 {
        self.executed.version.get()
    }

    /// What identifies that stream: an order's id, for example.
    pub(crate) fn key(&self) -> &str {
        self.executed.stream.key()
    }

    /// The state that the command led to: the same for its first answer and for a repetition.
    pub(crate) async fn state(&self, api: &CommandApi) -> Result<Arc<State>, Problem> {
        if let Some(state) = &self.executed.state {
            return Ok(state.clone());
        }
        let until = Until::Version(self.executed.version);
        match fold_stream(api.reader.as_ref(), &self.executed.stream, until).await {
            Ok(folded) => Ok(Arc::new(folded.state)),
            Err(error) => {
                tracing::error!(%error, stream = %self.executed.stream, "a stream cannot be folded");
                Err(Problem::internal())
            }
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
        let body = serde_json::to_vec(body).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            Problem::internal()
        })?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        insert(
            &mut headers,
            ETAG,
            &format!("\"{}\"", self.executed.version),
        );
        insert(
            &mut headers,
            CONSISTENCY_TOKEN,
            &api.token(self.executed.position),
        );
        if let Some(location) = location {
            insert(&mut headers, LOCATION, &location);
        }
        if self.executed.replayed {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        Ok((status, headers, Body::from(body)).into_response())
    }
}

impl CommandApi {
    fn token(&self, position: Position) -> String {
        let position = position.get().unsigned_abs();
        ConsistencyToken {
            epoch: self.epoch,
            position,
        }
        .to_string()
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // All of these are made of visible ASCII; were one not, the answer is still right without it.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
