//! Ports of a development platform: the usual ones, or free ones when these are taken.

use chassis::config::Settings;
use std::net::TcpListener;

/// Ports that stay free for us while servers are started below: another platform that starts at the
/// same moment finds them taken. To be dropped right before they are listened on.
pub(super) struct Held {
    _ports: Vec<TcpListener>,
}

/// Gives every port that nobody has set one that is free, and holds it.
pub(super) fn settle(settings: &mut Settings) -> anyhow::Result<Held> {
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
    let mut held = vec![];
    for (port, is_set) in ports.into_iter().zip(is_set) {
        // One that was asked for is taken as it is: if it is not free, that must be said.
        if !is_set {
            let listener = local::hold(bind, *port)?;
            *port = listener.local_addr()?.port();
            held.push(listener);
        }
    }
    Ok(Held { _ports: held })
}

/// Where something that listens on `port` is found.
pub(super) fn url(settings: &Settings, port: u16) -> String {
    format!("http://{}", settings.http.address(port))
}
