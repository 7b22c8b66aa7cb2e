//! `grpc.health.v1`: readiness as gRPC asks for it.

use std::{sync::Arc, time::Duration};

use axum::Router;
use futures::{StreamExt, stream, stream::BoxStream};
use tonic::{Request, Response, Status, async_trait};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health as Protocol, HealthServer},
};

use crate::health::{Health, State};

/// How often those who watch are looked after.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The health service: the process, whose name is empty, and its `services` are ready together, as
/// `/readyz` says it.
pub fn health(health: &Health, services: Vec<&'static str>) -> Router {
    let reporter = Reporter {
        health: health.clone(),
        services: services.into(),
    };
    super::router(HealthServer::new(reporter), ["Check", "Watch"])
}

#[derive(Clone)]
struct Reporter {
    health: Health,
    services: Arc<[&'static str]>,
}

impl Reporter {
    async fn status(&self, service: &str) -> ServingStatus {
        if !service.is_empty() && !self.services.contains(&service) {
            return ServingStatus::ServiceUnknown;
        }
        match self.health.report().await.status {
            State::Ready => ServingStatus::Serving,
            State::Starting | State::NotReady | State::ShuttingDown => ServingStatus::NotServing,
        }
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[async_trait]
impl Protocol for Reporter {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match self.status(&service).await {
            ServingStatus::ServiceUnknown => Err(Status::not_found(format!(
                "there is no service {service} here"
            ))),
            status => Ok(Response::new(response(status))),
        }
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    /// Ends when the process does, so that it holds up no shutdown.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        let watched = (self.clone(), service, None);
        let changes = stream::unfold(watched, async |(reporter, service, told)| {
            loop {
                if told.is_some_and(|told| told != ServingStatus::Serving)
                    && reporter.health.is_stopping()
                {
                    return None;
                }
                let status = reporter.status(&service).await;
                if told != Some(status) {
                    let told = Some(status);
                    return Some((Ok(response(status)), (reporter, service, told)));
                }
                tokio::select! {
                    () = reporter.health.stopping() => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
        });
        Ok(Response::new(changes.boxed()))
    }
}
