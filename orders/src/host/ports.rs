//! Ports of a development platform: the usual ones, or free ones when these are taken.

use chassis::config::Settings;

/// Gives every port that the environment does not set one that is free.
pub(super) fn settle(settings: &mut Settings) -> anyhow::Result<()> {
    let http = &mut settings.http;
    for (name, port) in [
        ("PORT", &mut http.port),
        ("COMMAND_PORT", &mut http.command_port),
        ("QUERY_PORT", &mut http.query_port),
        ("PROJECTOR_PORT", &mut http.projector_port),
        ("SAGA_PORT", &mut http.saga_port),
        ("SANDBOX_PORT", &mut http.sandbox_port),
    ] {
        // One that was asked for is taken as it is: if it is not free, that must be said.
        if std::env::var_os(format!("ORDERS__HTTP__{name}")).is_none() {
            *port = local::usual_or_free(*port)?;
        }
    }
    if std::env::var_os("ORDERS__SAGA__PAYMENT_URL").is_none() {
        settings.saga.payment_url = format!("http://127.0.0.1:{}", http.sandbox_port);
    }
    Ok(())
}
