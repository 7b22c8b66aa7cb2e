//! Answers for what no route takes.

use axum::http::{Method, Uri};

use super::Problem;

/// 404 for a path without a route.
pub async fn route_not_found(uri: Uri) -> Problem {
    Problem::not_found(
        "ROUTE_NOT_FOUND",
        format!("There is nothing at {}.", uri.path()),
    )
}

/// 405 for a path whose routes take other methods; axum adds the header `Allow`.
pub async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::method_not_allowed(format!("{} does not take {method}.", uri.path()))
}
