//! One container, held as long as somebody wants it.

use servers::Request;
use std::{
    error::Error,
    io::{self, Read},
    process::ExitCode,
    time::Duration,
};
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt, TestcontainersError,
    bollard::query_parameters::RemoveContainerOptionsBuilder,
    core::{IntoContainerPort, Mount, client::docker_client_instance},
    runners::AsyncRunner,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::spawn_blocking,
};

/// How long a container may take to be created and started; pulling its image takes its own time.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// Starts it, says so, and waits for the end of the input.
#[expect(clippy::print_stdout, reason = "this is the answer")]
pub async fn hold() -> Result<ExitCode, Box<dyn Error>> {
    ignore_signals()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let request: Request = serde_json::from_str(&line)?;
    // Not called off when the input ends meanwhile: the engine would go on.
    let started = container(&request).start().await;
    let answer: Result<(), String> = match &started {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    println!("{}", serde_json::to_string(&answer)?);
    // Nothing more is asked for.
    spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    remove(&request.name, started).await?;
    Ok(ExitCode::SUCCESS)
}

/// What a terminal or a test runner tells all its processes is not for us, who see to what they left.
fn ignore_signals() -> std::io::Result<()> {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    kinds
        .into_iter()
        .try_for_each(|kind| signal(kind).map(drop))
}

fn container(request: &Request) -> ContainerRequest<GenericImage> {
    let tagged = request
        .image
        .rsplit_once(':')
        .filter(|(_, tag)| !tag.contains('/'));
    let (name, tag) = tagged.unwrap_or((&request.image, "latest"));
    let mut container = GenericImage::new(name, tag)
        .with_container_name(&request.name)
        .with_label("orders-test.run", &request.run)
        .with_mapped_port(request.host_port, request.port.tcp())
        .with_startup_timeout(STARTED_WITHIN)
        .with_cmd(&request.command)
        .with_host_config_modifier(|config| {
            // Nobody else's business.
            let ports = config.port_bindings.iter_mut().flatten();
            for binding in ports.flat_map(|(_, bindings)| bindings.iter_mut().flatten()) {
                binding.host_ip = Some("127.0.0.1".into());
            }
        });
    for (name, value) in &request.environment {
        container = container.with_env_var(name, value);
    }
    for (path, text) in &request.files {
        container = container.with_copy_to(path.as_str(), text.clone().into_bytes());
    }
    match &request.volume {
        // Without a name it goes with the container.
        Some(directory) => container.with_mount(Mount::volume_mount("", directory)),
        None => container,
    }
}

/// Removes it with its volumes, also where it was made and did not start.
async fn remove(
    name: &str,
    started: Result<ContainerAsync<GenericImage>, TestcontainersError>,
) -> Result<(), Box<dyn Error>> {
    match started {
        Ok(container) => container.rm().await?,
        Err(_) => {
            let options = RemoveContainerOptionsBuilder::new()
                .force(true)
                .v(true)
                .build();
            let docker = docker_client_instance().await?;
            // It may never have been made.
            let _ = docker.remove_container(name, Some(options)).await;
        }
    }
    Ok(())
}
