//! Names are looked up where the connection is made, and what they stand for is checked there: a name
//! that stood for something else a moment before changes nothing.

use super::address::{AddressError, Reach};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use tokio::net::lookup_host;

/// Looks names up, and gives only addresses that may be reached.
pub(super) struct CheckedResolver(pub Reach);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let allowed = checked(reach, found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses of `found` that may be reached.
fn checked(
    reach: Reach,
    found: impl IntoIterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, AddressError> {
    let mut refused = None;
    let mut allowed = vec![];
    for address in found {
        match reach.check(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        // Of those that are told some are not to be reached: whoever says so is up to something.
        Some(error) => Err(error),
        None => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_reached() {
        let name = || Name::from_str("localhost").expect("it is a name");
        let refused = CheckedResolver(Reach { private: false }).resolve(name());
        let refused = refused.await.err().expect("it is refused");
        assert!(refused.to_string().contains("this machine"), "{refused}");
        let found = CheckedResolver(Reach { private: true }).resolve(name());
        assert!(found.await.expect("it is found").next().is_some());
    }

    #[test]
    fn one_private_address_among_others_is_enough() {
        let addresses = ["8.8.8.8:0", "10.0.0.1:0"].map(|text| text.parse().unwrap());
        assert!(checked(Reach { private: false }, addresses).is_err());
        let public = addresses[..1].to_vec();
        assert_eq!(
            checked(Reach { private: false }, public.clone()),
            Ok(public)
        );
    }
}
