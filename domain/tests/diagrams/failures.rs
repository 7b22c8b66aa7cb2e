//! The table of what goes wrong in `docs/domain.md` names what there is: settings, events, holds, and the time
//! limit of every timer.

use crate::page;
use domain::{Event, ReturnId, ShipmentId, policy::TimerName};
use std::{collections::BTreeSet, fs};
use uuid::Uuid;

/// The rows of the table: what goes wrong, what happens then, and the settings of its time limits.
fn rows() -> Vec<[String; 3]> {
    let text = fs::read_to_string(page("docs/domain.md")).expect("it can be read");
    let (_, text) = text
        .split_once("| what | what happens | time limit (setting) |\n| --- | --- | --- |\n")
        .expect("the table is there");
    let rows = text.lines().take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        <[&str; 3]>::try_from(cells)
            .unwrap_or_else(|_| panic!("{row} has other columns"))
            .map(str::to_owned)
    })
    .collect()
}

/// What stands in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The setting that says how long a timer runs: one more timer does not compile without. None of what
/// waits for people alone.
const fn setting(timer: TimerName) -> Option<&'static str> {
    Some(match timer {
        TimerName::Reservation => "saga.reservation_ttl_s",
        TimerName::Inquiry => "saga.inquiry_schedule_s",
        TimerName::Authorization => "saga.reauthorize_before_s",
        TimerName::Capture(_) => "saga.capture_retry_schedule_s",
        TimerName::Shipping(_) => "saga.shipping_hold_ttl_s",
        TimerName::Tracking(_) => "saga.tracking_schedule_s",
        TimerName::Return(_) => "saga.return_ttl_s",
        TimerName::Backorder => "saga.backorder_ttl_s",
        TimerName::Amendment => "tenant.amendment_ttl_s",
        TimerName::Refund(_) => return None,
    })
}

/// One timer after another: what comes after each is said here, so that none is left out.
const fn after(timer: TimerName) -> Option<TimerName> {
    let shipment = ShipmentId::new(Uuid::nil());
    match timer {
        TimerName::Reservation => Some(TimerName::Inquiry),
        TimerName::Inquiry => Some(TimerName::Authorization),
        TimerName::Authorization => Some(TimerName::Capture(shipment)),
        TimerName::Capture(shipment) => Some(TimerName::Shipping(shipment)),
        TimerName::Shipping(shipment) => Some(TimerName::Tracking(shipment)),
        TimerName::Tracking(_) => Some(TimerName::Return(ReturnId::new(Uuid::nil()))),
        TimerName::Return(_) => Some(TimerName::Backorder),
        TimerName::Backorder => Some(TimerName::Amendment),
        TimerName::Amendment => Some(TimerName::Refund(1)),
        TimerName::Refund(_) => None,
    }
}

#[test]
fn every_time_limit_is_in_the_table_and_every_setting_there_exists() {
    let rows = rows();
    let named: BTreeSet<&str> = rows.iter().flat_map(|[.., limit]| quoted(limit)).collect();
    let mut timer = Some(TimerName::Reservation);
    while let Some(known) = timer {
        if let Some(setting) = setting(known) {
            assert!(named.contains(setting), "{setting} of {}", known.kind());
        }
        timer = after(known);
    }
    let settings = fs::read_to_string(page("docs/settings.md")).expect("it can be read");
    for setting in named {
        let variable = setting.to_uppercase().replace('.', "__");
        let known = settings.contains(&format!("`ORDERS__{variable}`"));
        assert!(known, "{setting} is no setting");
    }
}

#[test]
fn the_table_tells_of_what_the_code_knows() {
    let source = |path: &str| {
        let path = page("domain/src/policy").join(path);
        fs::read_to_string(path).expect("it can be read")
    };
    let policies = [
        "payment/lifetime.rs",
        "payment/capture.rs",
        "payment/dispute.rs",
        "shipping.rs",
    ]
    .map(source)
    .concat();
    for [what, happens, _] in rows() {
        for word in quoted(&what).chain(quoted(&happens)) {
            let is_event = Event::types().any(|known| known == word);
            let is_hold = policies.contains(&format!("\"{word}\""));
            assert!(is_event || is_hold, "{word} is neither an event nor a hold");
        }
    }
}
