//! What commands to a customer lead to.

use super::{
    Customer, CustomerChanged, CustomerCommand, CustomerErased, CustomerError, CustomerEvent,
    CustomerRegistered,
};

pub(super) fn decide(
    state: &Customer,
    command: &CustomerCommand,
) -> Result<Vec<CustomerEvent>, CustomerError> {
    match (state, command) {
        (Customer::Erased, CustomerCommand::Erase(_)) => Ok(vec![]),
        (Customer::Erased, _) => Err(CustomerError::Erased),
        // Who has only ordered has no stream, and something personal in orders.
        (_, CustomerCommand::Erase(command)) => Ok(vec![
            CustomerErased {
                customer_id: command.customer_id.clone(),
            }
            .into(),
        ]),
        (Customer::Absent, CustomerCommand::Register(command)) => Ok(vec![
            CustomerRegistered {
                customer_id: command.customer_id.clone(),
                profile: command.profile.clone(),
            }
            .into(),
        ]),
        (Customer::Absent, CustomerCommand::Change(_)) => Err(CustomerError::NotFound),
        (Customer::Registered { profile }, CustomerCommand::Register(command)) => {
            match *profile == command.profile {
                true => Ok(vec![]),
                false => Err(CustomerError::AlreadyRegistered),
            }
        }
        (Customer::Registered { profile }, CustomerCommand::Change(command)) => {
            if *profile == command.profile {
                return Ok(vec![]);
            }
            Ok(vec![
                CustomerChanged {
                    customer_id: command.customer_id.clone(),
                    profile: command.profile.clone(),
                }
                .into(),
            ])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        CustomerId, Sealed,
        customer::{ChangeCustomer, Customers, EraseCustomer, RegisterCustomer},
        testing::{When, given},
    };

    fn id() -> CustomerId {
        CustomerId::parse("17850").unwrap()
    }

    fn sealed(who: &str) -> Sealed {
        Sealed::of_base64(who).unwrap()
    }

    fn register(who: &str) -> CustomerCommand {
        CustomerCommand::Register(RegisterCustomer {
            customer_id: id(),
            profile: sealed(who),
        })
    }

    fn change(who: &str) -> CustomerCommand {
        CustomerCommand::Change(ChangeCustomer {
            customer_id: id(),
            profile: sealed(who),
        })
    }

    fn erase() -> CustomerCommand {
        CustomerCommand::Erase(EraseCustomer { customer_id: id() })
    }

    fn registered(who: &str) -> CustomerEvent {
        CustomerRegistered {
            customer_id: id(),
            profile: sealed(who),
        }
        .into()
    }

    fn changed(who: &str) -> CustomerEvent {
        CustomerChanged {
            customer_id: id(),
            profile: sealed(who),
        }
        .into()
    }

    fn erased() -> CustomerEvent {
        CustomerErased { customer_id: id() }.into()
    }

    fn on(history: Vec<CustomerEvent>, command: CustomerCommand) -> When<Customers> {
        given::<Customers>(history).when(command)
    }

    #[test]
    fn a_customer_is_registered_once() {
        on(vec![], register("Ada")).then([registered("Ada")]);
        on(vec![registered("Ada")], register("Ada")).then_nothing();
        let refused = CustomerError::AlreadyRegistered;
        on(vec![registered("Ada")], register("Bob")).then_refused(refused);
    }

    #[test]
    fn who_is_registered_may_change() {
        on(vec![], change("Ada")).then_refused(CustomerError::NotFound);
        on(vec![registered("Ada")], change("Ada")).then_nothing();
        on(vec![registered("Ada")], change("Eve")).then([changed("Eve")]);
        on(vec![registered("Ada"), changed("Eve")], change("Ada")).then([changed("Ada")]);
        let refused = CustomerError::AlreadyRegistered;
        on(vec![registered("Ada"), changed("Eve")], register("Ada")).then_refused(refused);
    }

    #[test]
    fn who_is_erased_stays_erased() {
        on(vec![], erase()).then([erased()]);
        on(vec![registered("Ada")], erase()).then([erased()]);
        let history = || vec![registered("Ada"), erased()];
        on(history(), erase()).then_nothing();
        on(history(), register("Ada")).then_refused(CustomerError::Erased);
        on(history(), change("Ada")).then_refused(CustomerError::Erased);
        // What was appended at the same moment brings nobody back.
        let late = [history(), vec![changed("Ada")]].concat();
        on(late, register("Ada")).then_refused(CustomerError::Erased);
    }
}
