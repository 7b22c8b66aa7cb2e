//! Which id the order gets that a request places, and the return that a request asks for.

use chassis::extract::IdempotencyKey;
use domain::{CommandId, OrderId, ReturnId};
use uuid::{Builder, Uuid};

/// What is derived from a command's id, so that nothing else ever has the same.
const NAME: &[u8] = b"order";
const NAME_OF_RETURN: &[u8] = b"return";

/// The id of the order that `command` places, which was sent under `key`.
///
/// It follows from the request alone: the request sent again, however late, finds the order that it
/// placed. So it cannot hold the time of the placement. Where the client made its key a UUIDv7, the
/// key's time is taken into the id, which is a UUIDv7 then, and new orders lie side by side in every
/// index. From any other key it is a UUIDv5. `docs/adr/0004` weighs it up.
pub(crate) fn of(command: CommandId, key: &IdempotencyKey) -> OrderId {
    OrderId::new(derived(command, key, NAME))
}

/// The id of the return that `command` asks for, in the same way.
pub(crate) fn of_return(command: CommandId, key: &IdempotencyKey) -> ReturnId {
    ReturnId::new(derived(command, key, NAME_OF_RETURN))
}

fn derived(command: CommandId, key: &IdempotencyKey, name: &[u8]) -> Uuid {
    let derived = Uuid::new_v5(&command.uuid(), name);
    match minted_at(key) {
        Some(millis) => {
            let [_, _, _, _, _, _, digest @ ..] = *derived.as_bytes();
            Builder::from_unix_timestamp_millis(millis, &digest).into_uuid()
        }
        None => derived,
    }
}

/// The time in a key that is a UUIDv7, in milliseconds since 1970.
fn minted_at(key: &IdempotencyKey) -> Option<u64> {
    let key = Uuid::try_parse(key.as_str()).ok()?;
    if key.get_version_num() != 7 {
        return None;
    }
    let [a, b, c, d, e, f, ..] = *key.as_bytes();
    Some(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed_by(command: u128, key: &str) -> String {
        let key = IdempotencyKey::parse(key).expect("it is a key");
        of(CommandId::new(Uuid::from_u128(command)), &key).to_string()
    }

    #[test]
    fn a_request_gets_the_same_order_id_for_ever() {
        // Frozen: another derivation would place everything once more after an upgrade.
        assert_eq!(
            placed_by(7, "my-key"),
            "e2bca520-f37e-5b15-9f0b-db80112d0230"
        );
        assert_eq!(
            placed_by(7, "01932c07-e000-7abc-8def-0123456789ab"),
            "01932c07-e000-7b15-9f0b-db80112d0230"
        );
        assert_ne!(placed_by(7, "my-key"), placed_by(8, "my-key"));
    }

    #[test]
    fn a_return_has_another_id_than_an_order() {
        let key = IdempotencyKey::parse("my-key").expect("it is a key");
        let command = CommandId::new(Uuid::from_u128(7));
        let id = of_return(command, &key);
        assert_eq!(id, of_return(command, &key));
        assert_ne!(id.uuid(), of(command, &key).uuid());
    }

    #[test]
    fn only_the_time_of_a_key_that_has_one_is_taken() {
        let time_ordered = "01932c07-e000-7abc-8def-0123456789ab";
        assert!(placed_by(7, time_ordered) < placed_by(6, "01932c07-e001-7000-8000-000000000000"));
        // What is random in the key is of no matter: the command's id has it already.
        assert_ne!(placed_by(7, time_ordered), placed_by(8, time_ordered));
        for other in ["f47ac10b-58cc-4372-a567-0e02b2c3d479", "536365", "01932c07"] {
            assert_eq!(placed_by(7, other), placed_by(7, "my-key"));
        }
    }
}
