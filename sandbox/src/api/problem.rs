//! Failures as HTTP answers, in one place.

use chassis::Problem;

use crate::{
    carrier::{self, DepotError},
    ledger::{LedgerError, Refusal},
    sandbox::Failure,
};

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Ledger(LedgerError::Refused(refusal)) => refusal.into(),
            Failure::Ledger(LedgerError::Journal(error)) => not_written(&error),
            Failure::Depot(error) => error.into(),
            Failure::OnPurpose => Self::internal(),
            Failure::Lost => Self::gateway_timeout("The issuer did not answer in time."),
        }
    }
}

impl From<DepotError> for Problem {
    fn from(error: DepotError) -> Self {
        match error {
            DepotError::Refused(refusal) => refusal.into(),
            DepotError::Journal(error) => not_written(&error),
        }
    }
}

impl From<carrier::Refusal> for Problem {
    fn from(refusal: carrier::Refusal) -> Self {
        match refusal {
            carrier::Refusal::UnknownShipment => {
                Self::not_found("SHIPMENT_NOT_FOUND", sentence(&refusal))
            }
            carrier::Refusal::KeyReused => key_reused(&refusal),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = sentence(&refusal);
        match refusal {
            Refusal::UnknownAuthorization => Self::not_found("AUTHORIZATION_NOT_FOUND", detail),
            Refusal::NotAuthorized => Self::conflict("AUTHORIZATION_DECLINED", detail),
            Refusal::ActionRequired => Self::conflict("ACTION_REQUIRED", detail),
            Refusal::NoAction => Self::conflict("NO_ACTION", detail),
            Refusal::ActionEnded => Self::conflict("ACTION_ENDED", detail),
            Refusal::UnknownRefund => Self::not_found("REFUND_NOT_FOUND", detail),
            Refusal::AlreadyVoided => Self::conflict("AUTHORIZATION_VOIDED", detail),
            Refusal::NotCaptured => Self::conflict("AUTHORIZATION_NOT_CAPTURED", detail),
            Refusal::AlreadyCaptured { .. } => Self::conflict("AUTHORIZATION_CAPTURED", detail),
            Refusal::Expired { .. } => Self::conflict("AUTHORIZATION_EXPIRED", detail),
            Refusal::UnknownDispute => Self::not_found("DISPUTE_NOT_FOUND", detail),
            Refusal::DisputeEnded => Self::conflict("DISPUTE_ENDED", detail),
            Refusal::KeyReused => key_reused(&refusal),
            Refusal::AmountTooHigh { .. } | Refusal::RefundTooHigh { .. } => Self::unprocessable(
                "AMOUNT_TOO_HIGH",
                detail,
            )
            .with_error("/amount", "OUT_OF_RANGE", refusal.to_string()),
            Refusal::CurrencyMismatch { .. } => Self::unprocessable("CURRENCY_MISMATCH", detail)
                .with_error("/currency", "INVALID", refusal.to_string()),
        }
    }
}

fn key_reused(refusal: &impl std::error::Error) -> Problem {
    Problem::unprocessable("IDEMPOTENCY_KEY_REUSED", sentence(refusal)).with_error(
        "header:Idempotency-Key",
        "REUSED",
        refusal.to_string(),
    )
}

fn not_written(error: &std::io::Error) -> Problem {
    tracing::error!("nothing is booked, because the journal cannot be written: {error}");
    Problem::internal()
}

/// 422 for a field whose value is of the right type and yet of no use.
pub(super) fn invalid_field(pointer: &str, expected: &str) -> Problem {
    Problem::unprocessable(
        "INVALID_FIELD",
        format!("{pointer}: {expected} is expected."),
    )
    .with_error(pointer, "INVALID", format!("{expected} is expected"))
}

fn sentence(refusal: &impl std::error::Error) -> String {
    let text = refusal.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_ascii_uppercase(), letters.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        let problem = Problem::from(Refusal::AmountTooHigh { available: 7 });
        assert_eq!(
            problem.details().detail,
            "The amount is above the 7 minor units that can still be captured."
        );
    }
}
