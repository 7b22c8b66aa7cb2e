//! Connection strings.

use base64::{Engine, prelude::BASE64_STANDARD};
use std::{collections::HashSet, fmt, path::PathBuf, time::Duration};

const DEFAULT_PORT: u16 = 2113;
const SCHEMES: [&str; 4] = ["kurrentdb", "kurrent", "kdb", "esdb"];
const DISCOVER: &str = "+discover";

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Why a text is no connection string. Nothing of the text is shown, for it may hold a password.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(
        "it begins with none of kurrentdb://, kurrent://, kdb://, esdb://, with or without +discover"
    )]
    Scheme,
    #[error("it names no host")]
    NoHost,
    #[error("a host in it is not one, or its port is not 1 to 65535")]
    Host,
    #[error("it has a path; only hosts and settings are understood")]
    Path,
    #[error("its user name or password is not text with %-escapes")]
    User,
    #[error("its setting {0} is set twice, or has no value")]
    Twice(String),
    #[error("its setting {name} is not allowed; allowed: {allowed}")]
    Value { name: String, allowed: &'static str },
    #[error("its setting {0} is not understood")]
    Unknown(String),
    #[error("userCertFile and userKeyFile are of use only together")]
    HalfCertificate,
    #[error("certificates are set, and tls=false; they would be of no use")]
    CertificateWithoutTls,
}

/// What a connection string says.
#[derive(Clone)]
pub(super) struct Parsed {
    pub seeds: Vec<Address>,
    pub discover: bool,
    pub tls: bool,
    pub ca_file: Option<PathBuf>,
    pub cert_file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
    pub authorization: Option<String>,
    pub connection_name: Option<String>,
    pub keep_alive_interval: Option<Duration>,
    pub keep_alive_timeout: Duration,
    pub default_deadline: Option<Duration>,
    pub gossip_timeout: Duration,
    pub discover_attempts: u32,
    pub discovery_interval: Duration,
}

/// Whether `url` begins as a connection string does.
pub(super) fn names_kurrentdb(url: &str) -> bool {
    scheme(url).is_some()
}

/// Whether it is with discovery, and what follows the scheme.
fn scheme(url: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let plain = scheme.strip_suffix(DISCOVER);
    let known = SCHEMES.contains(&plain.unwrap_or(&scheme));
    known.then_some((plain.is_some(), rest))
}

pub(super) fn parse(url: &str) -> Result<Parsed, Problem> {
    let (discover, rest) = scheme(url).ok_or(Problem::Scheme)?;
    let (place, settings) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, hosts) = match place.rsplit_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, place),
    };
    let hosts = hosts.strip_suffix('/').unwrap_or(hosts);
    if hosts.contains('/') {
        return Err(Problem::Path);
    }
    let seeds = hosts.split(',').map(address).collect::<Result<_, _>>()?;
    let mut parsed = Parsed {
        seeds,
        discover,
        tls: true,
        ca_file: None,
        cert_file: None,
        key_file: None,
        authorization: user.map(authorization).transpose()?,
        connection_name: None,
        keep_alive_interval: Some(Duration::from_secs(10)),
        keep_alive_timeout: Duration::from_secs(10),
        default_deadline: None,
        gossip_timeout: Duration::from_secs(3),
        discover_attempts: 3,
        discovery_interval: Duration::from_millis(500),
    };
    let mut seen = HashSet::new();
    for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        if value.is_empty() || !seen.insert(name.to_ascii_lowercase()) {
            return Err(Problem::Twice(name.into()));
        }
        set(&mut parsed, name, value)?;
    }
    if parsed.cert_file.is_some() != parsed.key_file.is_some() {
        return Err(Problem::HalfCertificate);
    }
    if !parsed.tls && (parsed.ca_file.is_some() || parsed.cert_file.is_some()) {
        return Err(Problem::CertificateWithoutTls);
    }
    Ok(parsed)
}

fn set(parsed: &mut Parsed, name: &str, value: &str) -> Result<(), Problem> {
    let refused = |allowed: &'static str| Problem::Value {
        name: name.into(),
        allowed,
    };
    let milliseconds = || {
        let number = value.parse().map_err(|_| refused("milliseconds"))?;
        Ok::<_, Problem>(Duration::from_millis(number))
    };
    let path = || {
        Ok::<_, Problem>(Some(PathBuf::from(
            unescape(value).ok_or(refused("a path"))?,
        )))
    };
    match name.to_ascii_lowercase().as_str() {
        "tls" => parsed.tls = value.parse().map_err(|_| refused("true or false"))?,
        "tlsverifycert" if value.eq_ignore_ascii_case("true") => {}
        "tlsverifycert" => {
            return Err(refused(
                "true; name the authority that signed it by tlsCaFile",
            ));
        }
        "tlscafile" => parsed.ca_file = path()?,
        "usercertfile" => parsed.cert_file = path()?,
        "userkeyfile" => parsed.key_file = path()?,
        "nodepreference" if value.eq_ignore_ascii_case("leader") => {}
        "nodepreference" => {
            return Err(refused(
                "leader: only it shows everything that was appended",
            ));
        }
        "keepaliveinterval" if value == "-1" => parsed.keep_alive_interval = None,
        "keepaliveinterval" => parsed.keep_alive_interval = Some(milliseconds()?),
        "keepalivetimeout" => parsed.keep_alive_timeout = milliseconds()?,
        "defaultdeadline" => parsed.default_deadline = Some(milliseconds()?),
        "gossiptimeout" => parsed.gossip_timeout = milliseconds()?,
        "discoveryinterval" => parsed.discovery_interval = milliseconds()?,
        "maxdiscoverattempts" => {
            let attempts: u32 = value.parse().map_err(|_| refused("1 to 100"))?;
            if !(1..=100).contains(&attempts) {
                return Err(refused("1 to 100"));
            }
            parsed.discover_attempts = attempts;
        }
        "connectionname" => {
            parsed.connection_name = Some(unescape(value).ok_or(refused("a text"))?);
        }
        _ => return Err(Problem::Unknown(name.into())),
    }
    Ok(())
}

fn address(text: &str) -> Result<Address, Problem> {
    if text.is_empty() {
        return Err(Problem::NoHost);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(Problem::Host)?;
            let port = match port {
                "" => None,
                port => Some(port.strip_prefix(':').ok_or(Problem::Host)?),
            };
            (host, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) => port.parse().map_err(|_| Problem::Host)?,
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_name) || port == 0 {
        return Err(Problem::Host);
    }
    Ok(Address {
        host: host.into(),
        port,
    })
}

/// The header for `user:password`.
fn authorization(user: &str) -> Result<String, Problem> {
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let user = unescape(user).ok_or(Problem::User)?;
    let password = unescape(password).ok_or(Problem::User)?;
    let both = BASE64_STANDARD.encode(format!("{user}:{password}"));
    Ok(format!("Basic {both}"))
}

/// Resolves `%xx`.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                after
            }
            (b'%', _) => return None,
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        let parsed = parse(url).unwrap_or_else(|problem| panic!("{url}: {problem}"));
        parsed.seeds.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn connection_strings_name_hosts() {
        assert_eq!(hosts("kurrentdb://localhost"), ["localhost:2113"]);
        assert_eq!(hosts("esdb://a.example:1/?tls=false"), ["a.example:1"]);
        assert_eq!(
            hosts("kdb://u:p@a:1,b:2,c"),
            ["a:1", "b:2", "c:2113"],
            "several are the seeds of a cluster"
        );
        assert_eq!(hosts("kurrent://[::1]:7"), ["[::1]:7"]);
        assert!(parse("kurrentdb+discover://a").is_ok_and(|it| it.discover));
        assert!(parse("kurrentdb://a").is_ok_and(|it| !it.discover && it.tls));
    }

    #[test]
    fn a_password_may_hold_anything_that_is_escaped() {
        let parsed = parse("kurrentdb://admin:p%40ss%3Aw%2f@a").ok();
        let expected = format!("Basic {}", BASE64_STANDARD.encode("admin:p@ss:w/"));
        assert_eq!(parsed.and_then(|it| it.authorization), Some(expected));
    }

    #[test]
    fn what_is_not_understood_is_refused_and_named_without_the_password() {
        for (url, says) in [
            ("postgres://a", "begins with none"),
            ("kurrentdb://", "no host"),
            ("kurrentdb://a,", "no host"),
            ("kurrentdb://a:0", "port"),
            ("kurrentdb://a:x", "port"),
            ("kurrentdb://a b", "host"),
            ("kurrentdb://a/db", "path"),
            ("kurrentdb://u:%zz@a", "password"),
            (
                "kurrentdb://a?tls=maybe",
                "tls is not allowed; allowed: true or false",
            ),
            ("kurrentdb://a?tls=true&TLS=false", "twice"),
            ("kurrentdb://a?tls", "no value"),
            ("kurrentdb://a?tlsVerifyCert=false", "tlsCaFile"),
            ("kurrentdb://a?nodePreference=follower", "leader"),
            ("kurrentdb://a?userCertFile=x", "together"),
            ("kurrentdb://a?tls=false&tlsCaFile=x", "no use"),
            ("kurrentdb://a?maxDiscoverAttempts=0", "1 to 100"),
            ("kurrentdb://a?colour=red", "colour is not understood"),
        ] {
            let url = url.replace("://", "://secret-user:secret@");
            let url = if url.contains("%zz") || url.starts_with("postgres") {
                url.replace("secret-user:secret@", "")
            } else {
                url
            };
            let problem = parse(&url).err().map(|problem| problem.to_string());
            let problem = problem.unwrap_or_else(|| panic!("{url} is accepted"));
            assert!(problem.contains(says), "{url}: {problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
