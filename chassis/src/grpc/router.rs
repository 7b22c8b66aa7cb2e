//! Services of gRPC as routes beside those of REST.

use std::convert::Infallible;

use axum::{Router, extract::Request, response::IntoResponse};
use tonic::server::NamedService;
use tower::Service;

/// The routes of a service: one for each of its `methods`, so that each has metrics of its own. Others
/// are answered UNIMPLEMENTED.
pub fn router<S>(service: S, methods: impl IntoIterator<Item = impl AsRef<str>>) -> Router
where
    S: Service<Request, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    methods.into_iter().fold(Router::new(), |router, method| {
        let path = format!("/{}/{}", S::NAME, method.as_ref());
        router.route_service(&path, service.clone())
    })
}
