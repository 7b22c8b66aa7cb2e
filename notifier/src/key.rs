//! What makes a delivery happen once: its id, which follows from its event and its channel.

use domain::EventId;
use uuid::Uuid;

/// The namespace of deliveries' ids.
const DELIVERIES: Uuid = Uuid::from_u128(0x0f0a_7f0e_6a56_4f4b_93c5_1d0f_4e0c_83b1);

/// The id of the delivery of an event: of the key `{event}:{channel}`. The channel is
/// `webhook/{endpoint}`, or `email` without an endpoint.
pub(crate) fn delivery_id(event: EventId, endpoint: Option<Uuid>) -> Uuid {
    let event = event.uuid();
    let key = match endpoint {
        Some(endpoint) => format!("{event}:webhook/{endpoint}"),
        None => format!("{event}:email"),
    };
    Uuid::new_v5(&DELIVERIES, key.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_and_channel_has_one_of_its_own_for_ever() {
        let event = EventId::new(Uuid::from_u128(1));
        let (one, two) = (Some(Uuid::from_u128(2)), Some(Uuid::from_u128(3)));
        assert_eq!(delivery_id(event, one), delivery_id(event, one));
        assert_ne!(delivery_id(event, one), delivery_id(event, two));
        assert_ne!(delivery_id(event, one), delivery_id(event, None));
        // Frozen: receivers know what they have seen by it.
        let known = "9a970f6a-e008-50dc-b62d-67b616fcfb62";
        assert_eq!(delivery_id(event, None).to_string(), known);
    }
}
