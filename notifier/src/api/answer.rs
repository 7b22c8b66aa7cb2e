//! Answers, as they are given and kept.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::{Problem, problem::ProblemDetails};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What a write is answered, now or again.
pub(crate) struct Answered {
    answer: Answer,
    /// Whether it was executed before.
    replayed: bool,
}

/// What a write is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    body: Value,
}

impl Answer {
    /// With `body`, of something that is at `version`.
    pub(crate) fn new(
        status: StatusCode,
        version: Option<i64>,
        body: &impl Serialize,
    ) -> Result<Self, Problem> {
        Ok(Self {
            status: status.as_u16(),
            version,
            location: None,
            body: serde_json::to_value(body).map_err(|error| unwritable(&error))?,
        })
    }

    /// The same, and where it is.
    pub(crate) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// A refusal.
    pub(crate) fn refused(problem: &Problem) -> Self {
        Self {
            status: problem.status().as_u16(),
            version: None,
            location: None,
            // Texts and numbers are always JSON.
            body: serde_json::to_value(problem.details()).unwrap_or_default(),
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec(self).map_err(|error| unwritable(&error))
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes).map_err(|error| unwritable(&error))
    }

    /// The answer; a refusal as the problem that it is.
    pub(crate) fn respond(self, replayed: bool) -> Result<Response, Problem> {
        let status = StatusCode::from_u16(self.status).map_err(|error| {
            tracing::error!(%error, "a kept answer has no status");
            Problem::internal()
        })?;
        let mut response = match status.is_success() {
            true => (status, Json(self.body)).into_response(),
            false => {
                let details: ProblemDetails =
                    serde_json::from_value(self.body).map_err(|error| unwritable(&error))?;
                problem_of(status, details).into_response()
            }
        };
        let headers = response.headers_mut();
        if let Some(version) = self.version
            && let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\""))
        {
            headers.insert(header::ETAG, etag);
        }
        if let Some(location) = self.location
            && let Ok(location) = HeaderValue::from_str(&location)
        {
            headers.insert(header::LOCATION, location);
        }
        if replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

impl Answered {
    /// What it is answered now.
    pub(crate) const fn now(answer: Answer) -> Self {
        let replayed = false;
        Self { answer, replayed }
    }

    /// What it was answered before.
    pub(crate) const fn before(answer: Answer) -> Self {
        let replayed = true;
        Self { answer, replayed }
    }

    /// The answer; a refusal as the problem that it is.
    pub(crate) fn respond(self) -> Result<Response, Problem> {
        self.answer.respond(self.replayed)
    }

    /// What is answered, and whether it was before.
    ///
    /// # Errors
    /// The refusal, if it is one.
    pub(crate) fn content<T: DeserializeOwned>(self) -> Result<(T, bool), Problem> {
        let Answer { status, body, .. } = self.answer;
        if (200..300).contains(&status) {
            let content = serde_json::from_value(body).map_err(|error| unwritable(&error))?;
            return Ok((content, self.replayed));
        }
        let details: ProblemDetails =
            serde_json::from_value(body).map_err(|error| unwritable(&error))?;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Err(problem_of(status, details))
    }
}

fn problem_of(status: StatusCode, details: ProblemDetails) -> Problem {
    let mut problem = Problem::new(status, details.code, details.detail);
    for error in details.errors {
        problem = problem.with_error(error.pointer, error.code, error.detail);
    }
    if let Some(version) = details.current_version {
        problem = problem.with_current_version(version);
    }
    if let Some(allowed) = details.allowed_commands {
        problem = problem.with_allowed_commands(allowed);
    }
    problem
}

fn unwritable(error: &serde_json::Error) -> Problem {
    tracing::error!(%error, "an answer cannot be written or read");
    Problem::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_refusals_are_kept_as_they_were() {
        let made = Answer::new(StatusCode::CREATED, Some(1), &1).unwrap();
        let made = made.at("/v1/webhooks/1".into());
        let refused = Problem::conflict("WEBHOOK_DISABLED", "No.").with_error("/a", "B", "c");
        let refused = Answer::refused(&refused);
        for answer in [made, refused] {
            let kept = Answer::of_bytes(&answer.to_bytes().unwrap()).unwrap();
            assert_eq!(kept, answer);
            let response = kept.respond(true).unwrap();
            assert_eq!(response.status().as_u16(), answer.status);
            assert_eq!(response.headers()["idempotent-replayed"], "true");
        }
    }
}
