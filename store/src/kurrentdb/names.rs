//! What things are called in KurrentDB. All streams begin with the store's namespace, so that others
//! may use the same servers.

use domain::CommandId;

/// What stands before a letter that is a capital. No name of a stream has it.
const CAPITAL: char = '/';

/// The names of one store.
#[derive(Debug, Clone)]
pub(super) struct Namespace(String);

impl Namespace {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// How the streams of events begin, and no other: what all events are filtered by.
    pub(super) fn events(&self) -> String {
        format!("{}.", self.0)
    }

    /// The stream of events `stream`. In one append the server takes names that differ in case alone
    /// for the same, so none do.
    pub(super) fn of_events(&self, stream: &str) -> String {
        let mut name = self.events();
        name.reserve(stream.len() + 8);
        for letter in stream.chars() {
            if letter.is_ascii_uppercase() {
                name.push(CAPITAL);
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// The stream of events with this name; none if it is not of events.
    pub(super) fn events_of(&self, name: &str) -> Option<String> {
        let rest = name.strip_prefix(&self.0)?.strip_prefix('.')?;
        let (mut letters, mut stream) = (rest.chars(), String::with_capacity(rest.len()));
        while let Some(letter) = letters.next() {
            stream.push(match letter {
                CAPITAL => letters.next().unwrap_or(CAPITAL).to_ascii_uppercase(),
                letter => letter,
            });
        }
        Some(stream)
    }

    /// How the streams of command records begin.
    pub(super) fn commands(&self) -> String {
        format!("{}~command-", self.0)
    }

    /// The stream of the record of `command`.
    pub(super) fn of_command(&self, command: CommandId) -> String {
        format!("{}~command-{}", self.0, command.uuid())
    }

    /// The command whose record is in the stream with this name.
    pub(super) fn command_of(&self, name: &str) -> Option<CommandId> {
        let id = name.strip_prefix(&self.commands())?;
        id.parse().ok().map(CommandId::new)
    }

    /// The stream of the lease on `name`.
    pub(super) fn of_lease(&self, name: &str) -> String {
        format!("{}~lease-{name}", self.0)
    }

    /// The stream that says which store this is.
    pub(super) fn store(&self) -> String {
        format!("{}~store", self.0)
    }

    /// The stream that says which commands are forgotten.
    pub(super) fn forgotten(&self) -> String {
        format!("{}~forgotten", self.0)
    }
}

/// The stream of what is said of `stream`.
pub(super) fn of_metadata(stream: &str) -> String {
    format!("$${stream}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_round_and_never_differ_in_case_alone() {
        let names = Namespace::new("orders");
        for stream in [
            "order-main.018f0000-0000-7000-8000-000000000000",
            "stock-main.berlin.85123A",
            "stock-main.berlin.A 1:b~%",
            "stock-main.berlin.aA",
            "stock-main.berlin.Aa",
        ] {
            let name = names.of_events(stream);
            assert_eq!(names.events_of(&name).as_deref(), Some(stream));
            assert_eq!(name, name.to_lowercase());
        }
        let command = CommandId::new(uuid::Uuid::from_u128(7));
        let name = names.of_command(command);
        assert_eq!(names.command_of(&name), Some(command));
        for other in [name.as_str(), "$$orders.x", "orders2.x", &names.store()] {
            assert_eq!(names.events_of(other), None);
        }
    }
}
