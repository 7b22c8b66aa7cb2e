//! Where servers come from.

use crate::{Error, Result, variable};
use url::Url;

/// Says where servers of one's own come from, and so that there may be some where URLs are given.
const PROVIDER: &str = "ORDERS_TEST_PROVIDER";

/// Where a server comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Provider {
    /// It is there.
    Given(Url),
    /// A process from local binaries.
    Local,
    /// A container.
    Containers,
}

impl Provider {
    /// Where a server of one's own comes from; `given` is the variable that may name one.
    pub(crate) fn of_own(given: &'static str) -> Result<Self> {
        choose(variable(PROVIDER).as_deref(), server(given)?)
    }

    /// Where one comes from that can be shared.
    pub(crate) fn of_shared(given: &'static str) -> Result<Self> {
        match server(given)? {
            Some(url) => Ok(Self::Given(url)),
            None => Self::of_own(given),
        }
    }
}

/// The server that a variable names, if it does.
fn server(name: &'static str) -> Result<Option<Url>> {
    let Some(value) = variable(name) else {
        return Ok(None);
    };
    match Url::parse(&value) {
        Ok(url) if url.host_str().is_some() => Ok(Some(url)),
        // It may have a password in it.
        _ => Err(Error::Variable {
            name,
            value: "…".into(),
            problem: "it has to be a URL with a host, as in postgres://user:password@host:5432"
                .into(),
        }),
    }
}

fn choose(provider: Option<&str>, given: Option<Url>) -> Result<Provider> {
    match (provider, given) {
        (Some("local"), _) | (None, None) => Ok(Provider::Local),
        (Some("containers"), _) => Ok(Provider::Containers),
        (None, Some(url)) => Ok(Provider::Given(url)),
        (Some(other), _) => Err(Error::Variable {
            name: PROVIDER,
            value: other.into(),
            problem: "it may be local or containers; given servers are named by their URLs".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_used_unless_something_else_is_said_and_local_is_the_default() {
        let url = Url::parse("postgres://me@there:5432").unwrap();
        let chosen = |provider, given: Option<&Url>| choose(provider, given.cloned()).unwrap();
        assert_eq!(chosen(None, None), Provider::Local);
        assert_eq!(chosen(None, Some(&url)), Provider::Given(url.clone()));
        assert_eq!(chosen(Some("local"), Some(&url)), Provider::Local);
        assert_eq!(chosen(Some("containers"), Some(&url)), Provider::Containers);
        assert_eq!(chosen(Some("containers"), None), Provider::Containers);
    }

    #[test]
    fn what_is_no_provider_is_said_to_be_none() {
        let error = choose(Some("podman"), None).unwrap_err().to_string();
        assert!(error.contains("ORDERS_TEST_PROVIDER=podman"), "{error}");
        assert!(error.contains("local or containers"), "{error}");
    }
}
