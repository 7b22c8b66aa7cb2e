//! Why a milestone came to be, for people.

use crate::Money;
use serde::Deserialize;

/// Milestones that speak for themselves: of these no reason is told. All others have one, in their
/// payload or here.
pub const SELF_EVIDENT: &[&str] = &[
    "OrderPlaced",
    "OrderConfirmed",
    "OrderCompleted",
    "TaskResumed",
    "BackorderCovered",
    "AmendmentApplied",
    "AmendmentWithdrawn",
    "ShippingAddressChanged",
    "PaymentActionRequired",
    "PaymentAuthorized",
    "PaymentVoided",
    "PaymentCaptured",
    "PaymentRefunded",
    "PaymentReauthorized",
    "DisputeWon",
    "DisputeLost",
    "ShipmentCreated",
    "ShipmentPacked",
    "ShipmentDispatched",
    "ShipmentDelivered",
    "ReturnApproved",
    "ReturnInTransit",
    "ReturnReceived",
    "ReturnClosed",
];

/// What the payloads of milestones say of why, each by the names that their events have for it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    task: Option<String>,
    hold: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    detail: Option<String>,
    problem: Option<String>,
    expected: Option<Money>,
    actual: Option<Money>,
    lines: Vec<SaidOfLine>,
}

/// What a payload says of why, line by line.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SaidOfLine {
    reason: Option<String>,
}

/// Why an event of the type `event_type` with this payload came to be, in a few words: the code that
/// the payment provider declined with, the reason that an order was rejected for, what an operator must
/// know. None if the event speaks for itself ([`SELF_EVIDENT`]), or if nobody said why.
///
/// It goes by the payload, not by the event, so that it is the same of what is just being folded and of
/// what a read model wrote down long ago, in whatever shape events had then.
pub fn reason(event_type: &str, payload: &[u8]) -> Option<String> {
    if SELF_EVIDENT.contains(&event_type) {
        return None;
    }
    let known = match event_type {
        "OrderExpired" => Some("its payment did not come in time"),
        "AmendmentExpired" => Some("nobody applied it in time"),
        "Backordered" => Some("not all of it is there yet"),
        "LatePaymentReversed" => Some("it came after the order had ended"),
        "PaymentAuthorizationExpired" => Some("its time had passed before it was taken"),
        "ShipmentLost" => Some("the carrier has lost it"),
        "ShipmentReturnedToSender" => Some("the carrier has brought it back"),
        _ => None,
    };
    match known {
        Some(known) => Some(known.into()),
        None => serde_json::from_slice::<Said>(payload).ok()?.told(),
    }
}

impl Said {
    /// All that it says, from the short name to the sentence; each once.
    fn told(self) -> Option<String> {
        let amounts = self.expected.zip(self.actual);
        let amounts = amounts.map(|(expected, actual)| format!("{actual} instead of {expected}"));
        let of_lines = self.lines.into_iter().map(|line| line.reason);
        let first = [self.task, self.hold, self.code, self.reason];
        let said = first
            .into_iter()
            .chain([self.detail, self.problem, amounts])
            .chain(of_lines)
            .flatten()
            .filter(|text| !text.is_empty());
        let mut told: Vec<String> = vec![];
        for text in said {
            if !told.contains(&text) {
                told.push(text);
            }
        }
        (!told.is_empty()).then(|| told.join(": "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::MILESTONES;
    use std::{fs, path::Path};

    /// Each frozen payload: its type, and what it says.
    fn frozen() -> Vec<(String, Vec<u8>)> {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
        let files = fs::read_dir(golden).unwrap().map(|file| file.unwrap());
        files
            .map(|file| {
                let name = file.file_name().into_string().unwrap();
                let event_type = name.split('.').next().unwrap().to_owned();
                (event_type, fs::read(file.path()).unwrap())
            })
            .collect()
    }

    #[test]
    fn every_milestone_says_why_or_speaks_for_itself() {
        for milestone in MILESTONES {
            let mut payloads: Vec<_> = frozen();
            payloads.retain(|(event_type, _)| event_type == milestone);
            assert!(!payloads.is_empty(), "{milestone} has no golden file");
            for (_, payload) in payloads {
                let told = reason(milestone, &payload);
                assert_eq!(
                    told.is_none(),
                    SELF_EVIDENT.contains(milestone),
                    "{milestone}: {told:?}"
                );
            }
        }
        for event_type in SELF_EVIDENT {
            assert!(MILESTONES.contains(event_type), "{event_type}");
        }
    }

    #[test]
    fn a_reason_is_what_the_event_says_in_few_words() {
        let told = |event_type: &str| -> Vec<String> {
            let mut told: Vec<_> = frozen()
                .into_iter()
                .filter(|(known, _)| known == event_type)
                .filter_map(|(_, payload)| reason(event_type, &payload))
                .collect();
            told.sort_unstable();
            told
        };
        assert_eq!(
            told("OrderRejected"),
            [
                "out_of_stock: 6 of 85123A were wanted, 2 can be had",
                "payment_declined: the payment was declined: card_declined",
                "payment_integrity: 17.69 EUR was to be authorized, the provider authorized 17.70 EUR",
            ]
        );
        assert_eq!(
            told("PaymentIntegrityMismatch"),
            ["1770 JPY instead of 17.69 EUR"]
        );
        assert_eq!(told("ReturnInspected"), ["scratched: used"]);
        assert_eq!(told("ShipmentLost"), ["the carrier has lost it"]);
        assert_eq!(told("PaymentVoided"), [""; 0]);
    }

    #[test]
    fn what_says_nothing_has_no_reason() {
        assert_eq!(reason("ShipmentBookedIn", b"{}"), None);
        assert_eq!(reason("ShipmentBookedIn", b"not JSON"), None);
        assert_eq!(
            reason("HoldPlaced", br#"{"hold":"x","reason":""}"#),
            Some("x".into())
        );
    }
}
