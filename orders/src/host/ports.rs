//! Ports of a development platform: the usual ones, or free ones when these are taken.

use chassis::config::Settings;

/// Gives every port that nobody has set one that is free.
pub(super) fn settle(settings: &mut Settings) -> anyhow::Result<()> {
    let bind = settings.http.bind;
    let keys = [
        "http.port",
        "http.command_port",
        "http.query_port",
        "http.projector_port",
        "http.saga_port",
        "http.sandbox_port",
    ];
    let is_set = keys.map(|key| settings.set_by(key).is_some());
    let http = &mut settings.http;
    let ports = [
        &mut http.port,
        &mut http.command_port,
        &mut http.query_port,
        &mut http.projector_port,
        &mut http.saga_port,
        &mut http.sandbox_port,
    ];
    for (port, is_set) in ports.into_iter().zip(is_set) {
        // One that was asked for is taken as it is: if it is not free, that must be said.
        if !is_set {
            *port = local::usual_or_free(bind, *port)?;
        }
    }
    Ok(())
}

/// Where something that listens on `port` is found.
pub(super) fn url(settings: &Settings, port: u16) -> String {
    format!("http://{}", settings.http.address(port))
}
