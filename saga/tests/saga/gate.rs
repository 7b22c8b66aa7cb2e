//! Answers that wait until a test lets them go.

use axum::{
    Router,
    extract::{Request, State},
    http::Method,
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use tokio::sync::watch;

/// What the answers to writes pass. What was asked for is done before its answer comes to it.
#[derive(Clone)]
pub struct Gate(watch::Sender<bool>);

impl Default for Gate {
    /// An open one.
    fn default() -> Self {
        Self(watch::Sender::new(true))
    }
}

impl Gate {
    pub fn close(&self) {
        self.0.send_replace(false);
    }

    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// `router` behind this gate.
    pub fn before(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), pass))
    }
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let is_write = request.method() == Method::POST;
    let response = next.run(request).await;
    if is_write {
        let opened = gate.0.subscribe().wait_for(|open| *open).await.map(drop);
        opened.expect("the gate is not taken down while it is held here");
    }
    response
}
