//! Services of gRPC as routes beside those of REST.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures::future::{Either, MapOk, Ready, TryFutureExt, ready};
use tonic::server::NamedService;
use tower::Service;

use super::is_grpc;
use crate::problem::Problem;

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
        router.route_service(&path, CallsOnly(service.clone()))
    })
}

/// A service that takes nothing but calls. By itself it would take any POST, also those that a page of
/// another site may have a browser send.
#[derive(Clone)]
struct CallsOnly<S>(S);

impl<S> Service<Request> for CallsOnly<S>
where
    S: Service<Request, Error = Infallible>,
    S::Response: IntoResponse,
{
    type Response = Response;
    type Error = Infallible;
    type Future =
        Either<Ready<Result<Response, Infallible>>, MapOk<S::Future, fn(S::Response) -> Response>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !is_grpc(request.headers()) {
            let refused = Problem::unsupported_media_type("application/grpc");
            return Either::Left(ready(Ok(refused.into_response())));
        }
        Either::Right(self.0.call(request).map_ok(IntoResponse::into_response))
    }
}
