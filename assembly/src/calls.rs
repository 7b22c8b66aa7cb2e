//! What every process that takes gRPC calls has besides its own: health and reflection.

use anyhow::Context;
use axum::Router;
use chassis::{grpc::brief, health::Health};
use proto::v1::DESCRIPTORS;
use std::time::Duration;
use tonic_reflection::server::Builder;

const REFLECT: [&str; 1] = ["ServerReflectionInfo"];

/// How long a conversation over reflection may last.
const LONGEST: Duration = Duration::from_secs(10);

/// The routes of `grpc.health.v1` and of reflection (v1, and v1alpha for older tools), for a process
/// that has `services`.
///
/// # Errors
/// The descriptors that the build has written cannot be read.
pub fn calls(health: &Health, services: Vec<&'static str>) -> anyhow::Result<Router> {
    let builder = || {
        let described = Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        let named = services.iter();
        named.fold(described, |builder, name| builder.with_service_name(*name))
    };
    let (v1, v1alpha) = (builder().build_v1(), builder().build_v1alpha());
    let v1 = chassis::grpc::router(v1.context("reflection")?, REFLECT);
    let v1alpha = chassis::grpc::router(v1alpha.context("reflection")?, REFLECT);
    let reflection = brief(v1.merge(v1alpha), LONGEST);
    Ok(chassis::grpc::health(health, services).merge(reflection))
}
