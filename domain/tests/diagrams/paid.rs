//! What else becomes of a payment: the provider's own word, the end of what is set aside, disputes, and what
//! nobody waits for. Each is searched for itself, as all of it at once would have no end.

use crate::{
    drawing::{Drawing, name},
    lives::{self, life},
    samples::{eur, order_id, shipment_id, time},
};
use domain::{
    ReturnId,
    payment::{
        DisputeNotice, HearProvider, Notice, Payment, PaymentCommand, PaymentEvent, Payments,
        RecordAuthorizationExpired, RecordAuthorized, RecordCaptureFailed, RecordCaptured,
        RecordDeclined, RecordOutcomeUnknown, RecordReauthorizationFailed, RecordReauthorized,
        RecordRefunded, RecordVoided, RefundReturn, ReleaseRest, RequestAuthorization,
        RequestCapture, RequestReauthorization, RequestRefund, RequestVoid,
    },
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The life of a payment, whole.
pub fn whole() -> Drawing<Payment> {
    searches()
        .iter()
        .map(|commands| searched(commands))
        .fold(lives::payment(), Drawing::and)
}

/// The names of what the provider says by itself, in all of these searches.
pub fn heard() -> BTreeSet<String> {
    let all = searches().concat();
    let notices = all.iter().filter_map(|command| match command {
        PaymentCommand::Hear(heard) => Some(name(&heard.notice)),
        _ => None,
    });
    notices.collect()
}

/// What is put in each search.
fn searches() -> [Vec<PaymentCommand>; 5] {
    [
        commands_of_ends(),
        commands_of_disputes(),
        commands_of_strays(),
        commands_of_parcels(),
        commands_of_what_is_owed(),
    ]
}

fn searched(commands: &[PaymentCommand]) -> Drawing<Payment> {
    life::<Payments>(
        commands,
        |state| state.status.as_str(),
        PaymentEvent::event_type,
    )
}

fn hear(idempotency_key: &str, notice: Notice) -> PaymentCommand {
    PaymentCommand::Hear(HearProvider {
        idempotency_key: idempotency_key.into(),
        notice,
    })
}

/// An attempt, and what is set aside for it.
fn authorized() -> [PaymentCommand; 2] {
    [
        PaymentCommand::RequestAuthorization(RequestAuthorization {
            order_id: order_id(),
            amount: eur(600),
            payment_method: "tok_approve".into(),
            attempt: 1,
            max_attempts: 1,
            idempotency_key: "authorize:1".into(),
        }),
        PaymentCommand::RecordAuthorized(RecordAuthorized {
            attempt: 1,
            authorization_id: "auth".into(),
            amount: eur(600),
            expires_at: Some(time(600)),
        }),
    ]
}

/// A payment that is given up, and the answer to that.
fn voided() -> [PaymentCommand; 2] {
    [
        PaymentCommand::RequestVoid(RequestVoid {
            order_id: order_id(),
            idempotency_key: "void".into(),
            reason: "cancelled".into(),
        }),
        PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: "auth".into(),
        }),
    ]
}

/// So much is to be taken for the shipment.
fn capture(amount: i64) -> PaymentCommand {
    PaymentCommand::RequestCapture(RequestCapture {
        order_id: order_id(),
        shipment_id: shipment_id("main"),
        amount: eur(amount),
        attempt: 1,
        max_attempts: 1,
        more: false,
        idempotency_key: "capture".into(),
    })
}

fn captured(authorization_id: &str, amount: i64) -> RecordCaptured {
    RecordCaptured {
        authorization_id: authorization_id.into(),
        shipment_id: Some(shipment_id("main")),
        attempt: 1,
        amount: eur(amount),
    }
}

/// What is set aside ends: it is set aside anew, or not, and taken, in part or not at all.
fn commands_of_ends() -> Vec<PaymentCommand> {
    let (former, anew) = ("auth", "anew");
    let mut commands = authorized().to_vec();
    commands.extend(voided());
    commands.push(PaymentCommand::RecordReauthorized(RecordReauthorized {
        former_authorization_id: former.into(),
        authorization_id: anew.into(),
        amount: eur(600),
        expires_at: Some(time(900)),
    }));
    commands.push(PaymentCommand::RecordReauthorizationFailed(
        RecordReauthorizationFailed {
            former_authorization_id: former.into(),
            code: "card_declined".into(),
        },
    ));
    let key = "reauthorize";
    let code = "card_declined".to_owned();
    commands.push(hear(key, Notice::Declined { code: code.clone() }));
    commands.push(capture(400));
    for id in [former, anew] {
        let authorization_id = || id.to_owned();
        commands.push(PaymentCommand::RequestReauthorization(
            RequestReauthorization {
                authorization_id: authorization_id(),
                payment_method: "tok_approve".into(),
                idempotency_key: key.into(),
            },
        ));
        commands.push(PaymentCommand::RecordAuthorizationExpired(
            RecordAuthorizationExpired {
                authorization_id: authorization_id(),
            },
        ));
        commands.push(PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: authorization_id(),
        }));
        commands.push(PaymentCommand::RecordLastCaptured(captured(id, 400)));
        commands.push(PaymentCommand::RecordCaptureFailed(RecordCaptureFailed {
            authorization_id: authorization_id(),
            shipment_id: Some(shipment_id("main")),
            attempt: 1,
            code: code.clone(),
        }));
        let expired = Notice::Expired {
            authorization_id: authorization_id(),
        };
        commands.push(hear("authorize:1", expired));
        let failed = Notice::CaptureFailed {
            authorization_id: authorization_id(),
            code: code.clone(),
        };
        commands.push(hear("capture", failed));
        let taken = Notice::Captured {
            authorization_id: authorization_id(),
            amount: eur(400),
        };
        commands.push(hear("capture", taken));
    }
    commands
}

/// A cardholder wants back what was taken, while it is given back.
fn commands_of_disputes() -> Vec<PaymentCommand> {
    let mut commands = authorized().to_vec();
    commands.extend(voided());
    commands.push(capture(600));
    commands.push(PaymentCommand::RecordCaptured(captured("auth", 600)));
    commands.push(PaymentCommand::RequestRefund(RequestRefund {
        order_id: order_id(),
        shipment_id: shipment_id("main"),
        amount: eur(600),
        idempotency_key: "refund".into(),
        reason: "lost".into(),
    }));
    commands.push(PaymentCommand::RefundReturn(RefundReturn {
        order_id: order_id(),
        return_id: ReturnId::new(Uuid::from_u128(7)),
        amount: eur(200),
        idempotency_key: "refund:return".into(),
    }));
    for refund in [1, 2] {
        for amount in [0, 200, 400, 600] {
            commands.push(PaymentCommand::RecordRefunded(RecordRefunded {
                authorization_id: "auth".into(),
                refund,
                amount: eur(amount),
            }));
        }
    }
    let refunded = Notice::Refunded {
        authorization_id: "auth".into(),
        amount: eur(600),
    };
    commands.push(hear("refund", refunded));
    for amount in [200, 600] {
        let dispute = || DisputeNotice {
            dispute_id: format!("dispute:{amount}"),
            authorization_id: "auth".into(),
            amount: eur(amount),
            reason: "fraud".into(),
        };
        for notice in [
            Notice::DisputeOpened(dispute()),
            Notice::DisputeWon(dispute()),
            Notice::DisputeLost(dispute()),
        ] {
            commands.push(hear("authorize:1", notice));
        }
    }
    commands
}

/// Of several parcels one is paid and another is not: the provider lets go of the rest.
fn commands_of_parcels() -> Vec<PaymentCommand> {
    let mut commands = authorized().to_vec();
    commands.extend(voided());
    let mut capture = capture(400);
    if let PaymentCommand::RequestCapture(first) = &mut capture {
        first.more = true;
    }
    commands.push(capture);
    commands.push(PaymentCommand::RecordCaptured(captured("auth", 400)));
    commands.push(PaymentCommand::ReleaseRest(ReleaseRest {
        order_id: order_id(),
        idempotency_key: "rest".into(),
    }));
    commands
}

/// The provider says by itself that it does not give back what was taken, or that it came back; and that
/// whoever pays has to do something first.
fn commands_of_what_is_owed() -> Vec<PaymentCommand> {
    let mut commands = authorized().to_vec();
    commands.push(hear(
        "authorize:1",
        Notice::ActionRequired {
            authorization_id: "auth".into(),
            url: "https://provider.example/actions/1".into(),
            until: None,
        },
    ));
    commands.push(capture(600));
    commands.push(PaymentCommand::RecordCaptured(captured("auth", 600)));
    commands.push(PaymentCommand::RequestRefund(RequestRefund {
        order_id: order_id(),
        shipment_id: shipment_id("main"),
        amount: eur(600),
        idempotency_key: "refund".into(),
        reason: "lost".into(),
    }));
    commands.push(PaymentCommand::RecordRefunded(RecordRefunded {
        authorization_id: "auth".into(),
        refund: 1,
        amount: eur(600),
    }));
    let code = "account_closed".to_owned();
    commands.push(hear(
        "refund",
        Notice::RefundFailed {
            authorization_id: "auth".into(),
            code: code.clone(),
        },
    ));
    commands.push(hear(
        "refund",
        Notice::RefundReversed {
            authorization_id: "auth".into(),
            amount: eur(600),
            code,
        },
    ));
    commands
}

/// The provider authorizes what was given up, or twice.
fn commands_of_strays() -> Vec<PaymentCommand> {
    let mut commands = authorized().to_vec();
    commands.extend(voided());
    commands.push(PaymentCommand::RecordDeclined(RecordDeclined {
        attempt: 1,
        code: "card_declined".into(),
    }));
    commands.push(PaymentCommand::RecordOutcomeUnknown(RecordOutcomeUnknown {
        attempt: 1,
        inquiries: 0,
        last: false,
        detail: "no answer".into(),
    }));
    let code = "card_declined".to_owned();
    commands.push(hear("authorize:1", Notice::Declined { code }));
    for id in ["auth", "twice"] {
        let authorization_id = || id.to_owned();
        let heard = Notice::Authorized {
            authorization_id: authorization_id(),
            amount: eur(600),
            expires_at: Some(time(600)),
        };
        commands.push(hear("authorize:1", heard));
        let voided = Notice::Voided {
            authorization_id: authorization_id(),
        };
        commands.push(hear("void", voided));
        commands.push(PaymentCommand::RecordVoided(RecordVoided {
            authorization_id: authorization_id(),
        }));
    }
    commands
}
