//! Answers that end when their time is over.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    middleware::map_response,
    response::Response,
};
use bytes::Bytes;
use hyper::body::Frame;
use tokio::time::{Sleep, sleep};

/// The same routes, whose answers end after `longest`: for streams of others' making, which would go
/// on as long as their callers like, and hold up the process's end.
pub fn brief(router: Router, longest: Duration) -> Router {
    router.layer(map_response(move |response: Response| async move {
        response.map(|body| {
            let end = Box::pin(sleep(longest));
            Body::new(Brief { body, end })
        })
    }))
}

struct Brief {
    body: Body,
    end: Pin<Box<Sleep>>,
}

impl HttpBody for Brief {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => Pin::new(&mut self.body).poll_frame(context),
        }
    }
}
