//! Problems in an API's description.

use utoipa::{
    ToSchema,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder},
};

use super::{PROBLEM_JSON, Problem};

/// The description of an answer that is a problem. Its schema is [`super::ProblemDetails`], which
/// the document must have among its components.
#[must_use]
pub fn response(description: &str) -> RefOr<Response> {
    let schema = Ref::from_schema_name(Problem::name());
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, Content::new(Some(schema)))
        .build()
        .into()
}
