//! What the descriptors say of the services.

use crate::v1::DESCRIPTORS;
use prost::Message;
use prost_types::FileDescriptorSet;

/// The names of all services, with their package.
///
/// # Panics
/// Never: the build has written what it reads.
#[must_use]
pub fn services() -> Vec<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("the build has written it");
    let named = set.file.iter().flat_map(|file| {
        let services = file.service.iter();
        services.map(move |service| format!("{}.{}", file.package(), service.name()))
    });
    named.collect()
}

/// The names of the methods of `service`, which is named with its package.
///
/// # Panics
/// If there is no such service.
#[must_use]
pub fn methods(service: &str) -> Vec<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).expect("the build has written it");
    let services = set.file.iter().flat_map(|file| {
        let services = file.service.iter();
        services.map(move |service| (format!("{}.{}", file.package(), service.name()), service))
    });
    let mut named = services.filter(|(name, _)| name == service);
    let (_, service) = named.next().expect("the service is one of these files");
    let methods = service.method.iter();
    methods.map(|method| method.name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_a_service_are_those_of_its_file() {
        assert_eq!(methods("orders.v1.OrderImport"), ["ImportOrders"]);
        assert_eq!(methods("orders.v1.OrderCommands").len(), 16);
    }
}
