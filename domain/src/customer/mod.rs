//! The customer: what a shop knows of a person, until that is erased.

mod command;
mod decide;
mod error;
mod event;
mod evolve;
mod profile;
mod state;

pub use command::{ChangeCustomer, CustomerCommand, EraseCustomer, RegisterCustomer};
pub use error::CustomerError;
pub use event::{CustomerChanged, CustomerErased, CustomerEvent, CustomerRegistered};
pub use profile::Profile;
pub use state::Customer;

use crate::Decider;

/// The decider of customers.
pub struct Customers;

impl Decider for Customers {
    type State = Customer;
    type Command = CustomerCommand;
    type Event = CustomerEvent;
    type Error = CustomerError;

    fn decide(
        state: &Customer,
        command: &CustomerCommand,
    ) -> Result<Vec<CustomerEvent>, CustomerError> {
        decide::decide(state, command)
    }

    fn evolve(state: Customer, event: &CustomerEvent) -> Customer {
        evolve::evolve(state, event)
    }
}
