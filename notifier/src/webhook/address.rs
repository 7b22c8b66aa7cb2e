//! Where webhooks may go: to addresses that everybody can reach, and nowhere within.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The longest address of an endpoint, in bytes.
const MAX_URL: usize = 2_000;

/// Why webhooks do not go somewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no URL.
    #[error("it is no URL of at most {MAX_URL} bytes")]
    Invalid,
    /// It is of another scheme.
    #[error("it must begin with https://")]
    Scheme,
    /// It says who asks.
    #[error("it must not hold a user or a password")]
    Credentials,
    /// It has a fragment, which no server is told.
    #[error("it must not hold a fragment")]
    Fragment,
    /// It is an address of this machine, or of a private network.
    #[error("{0} is an address of this machine or of a private network")]
    Private(IpAddr),
    /// Its host is this machine.
    #[error("{0} is a name of this machine")]
    Local(String),
}

impl AddressError {
    /// What is wrong, for programs.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::Scheme => "SCHEME",
            Self::Credentials => "CREDENTIALS",
            Self::Fragment => "FRAGMENT",
            Self::Private(_) | Self::Local(_) => "PRIVATE_ADDRESS",
        }
    }
}

/// Which addresses are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Those of this machine and of private networks, too, and without TLS.
    pub private: bool,
}

impl Reach {
    /// The URL that `text` is, if webhooks may go there as far as it says. What its host's name stands
    /// for is looked at again whenever a connection is made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(self, text: &str) -> Result<Url, AddressError> {
        if text.len() > MAX_URL || text.contains(char::is_whitespace) {
            return Err(AddressError::Invalid);
        }
        let url = Url::parse(text).map_err(|_| AddressError::Invalid)?;
        match url.scheme() {
            "https" => {}
            "http" if self.private => {}
            _ => return Err(AddressError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(AddressError::Fragment);
        }
        match url.host() {
            None => return Err(AddressError::Invalid),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                if !self.private && (name == "localhost" || name.ends_with(".localhost")) {
                    return Err(AddressError::Local(name.to_owned()));
                }
            }
            Some(Host::Ipv4(address)) => self.check(address.into())?,
            Some(Host::Ipv6(address)) => self.check(address.into())?,
        }
        Ok(url)
    }

    /// Whether a connection may be made to `address`.
    ///
    /// # Errors
    /// It is none that everybody can reach.
    pub(crate) fn check(self, address: IpAddr) -> Result<(), AddressError> {
        if self.private || is_public(address) {
            return Ok(());
        }
        Err(AddressError::Private(address))
    }
}

/// Whether an address is one that anybody on the internet can be reached at.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// All but what IANA's registry of special addresses has.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        // Shared by providers and their customers.
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, and relays of 6to4.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Benchmarks.
        || (a == 198 && (18..20).contains(&b))
        // Reserved, and broadcast.
        || a >= 240)
}

/// Global unicast (2000::/3), without what stands in it for other addresses or for nobody.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    if first & 0xe000 != 0x2000 {
        return false;
    }
    match (first, second) {
        // Teredo, benchmarks, ORCHID and what else is for protocols; documentation.
        (0x2001, 0x0000..0x0200 | 0x0db8) => false,
        // 6to4: an IPv4 address, which may be private.
        (0x2002, _) => false,
        // Documentation.
        (0x3fff, 0x0000..0x1000) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: Reach = Reach { private: false };
    const ALL: Reach = Reach { private: true };

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://198.18.0.1/",
            "https://192.0.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::7f00:1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://[2001:db8::1]/",
        ] {
            let refused = OUT.parse(url).expect_err(url);
            assert_eq!(refused.code(), "PRIVATE_ADDRESS", "{url}: {refused}");
            assert!(ALL.parse(url).is_ok(), "{url}");
        }
        for url in ["https://localhost/", "https://A.LocalHost./"] {
            assert_eq!(OUT.parse(url).unwrap_err().code(), "PRIVATE_ADDRESS");
        }
    }

    #[test]
    fn what_everybody_reaches_is_reached_by_tls() {
        for url in [
            "https://shop.example/hooks?a=b",
            "https://192.0.1.1/",
            "https://8.8.8.8:8443/",
            "https://[2606:4700::1111]/",
        ] {
            assert!(OUT.parse(url).is_ok(), "{url}");
        }
        for (url, code) in [
            ("http://shop.example/", "SCHEME"),
            ("ftp://shop.example/", "SCHEME"),
            ("https://me:you@shop.example/", "CREDENTIALS"),
            ("https://shop.example/#here", "FRAGMENT"),
            ("shop.example", "INVALID"),
            ("https://", "INVALID"),
            ("https://a b/", "INVALID"),
            ("", "INVALID"),
        ] {
            assert_eq!(OUT.parse(url).unwrap_err().code(), code, "{url}");
        }
        let long = format!("https://a.example/{}", "x".repeat(MAX_URL));
        assert_eq!(OUT.parse(&long), Err(AddressError::Invalid));
        assert!(ALL.parse("http://localhost:1234/").is_ok());
    }
}
