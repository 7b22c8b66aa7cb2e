//! Ports on loopback.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::Mutex;

use crate::{Error, Result};

/// Below the range from which Linux (32768) and macOS (49152) take the ports of outgoing
/// connections: a client that keeps on connecting to a server that is down would otherwise, sooner
/// or later, connect to itself and hold the port.
const RANGE: Range<u16> = 20_000..32_000;

const TRIES: usize = 1_000;

const NO_FREE_PORT: Error = Error::NoFreePort {
    from: RANGE.start,
    to: RANGE.end,
};

/// What this process handed out already: a port is free until somebody listens on it.
static HANDED_OUT: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port on 127.0.0.1 that nobody listens on, and that was not handed out to this process before.
///
/// Another process may take it before it is used: whoever binds it must expect that.
///
/// # Errors
/// [`Error::NoFreePort`] after a bounded number of tries.
pub fn free_port() -> Result<u16> {
    free_port_on(Ipv4Addr::LOCALHOST.into())
}

fn free_port_on(address: IpAddr) -> Result<u16> {
    let mut guard = HANDED_OUT
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let handed_out = guard.get_or_insert_default();
    for _ in 0..TRIES {
        let port = rand::random_range(RANGE);
        if !handed_out.contains(&port) && is_free(address, port) {
            handed_out.insert(port);
            return Ok(port);
        }
    }
    Err(NO_FREE_PORT)
}

/// Listens on `port` of `address`, or on a port that is free there when somebody else does: so that
/// it stays free for a server that is to be started, until the listener is dropped.
///
/// # Errors
/// As [`free_port`].
pub fn hold(address: IpAddr, port: u16) -> Result<TcpListener> {
    if let Ok(held) = TcpListener::bind((address, port)) {
        return Ok(held);
    }
    for _ in 0..TRIES {
        // Another process may be faster.
        if let Ok(held) = TcpListener::bind((address, free_port_on(address)?)) {
            return Ok(held);
        }
    }
    Err(NO_FREE_PORT)
}

fn is_free(address: IpAddr, port: u16) -> bool {
    TcpListener::bind((address, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_can_be_bound() {
        let first = free_port().unwrap();
        let second = free_port().unwrap();
        assert_ne!(first, second);
        TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
    }

    #[test]
    fn the_usual_port_gives_way_when_it_is_taken() {
        let here = Ipv4Addr::LOCALHOST.into();
        let usual = free_port().unwrap();
        let port = |held: &TcpListener| held.local_addr().unwrap().port();
        let first = hold(here, usual).unwrap();
        assert_eq!(port(&first), usual);
        let second = hold(here, usual).unwrap();
        assert_ne!(port(&second), usual);
        // It can be listened on as soon as it is not held any more.
        drop(first);
        TcpListener::bind((Ipv4Addr::LOCALHOST, usual)).unwrap();
    }
}
