//! A payment provider and a carrier over real HTTP, for development and tests: they behave like the
//! test mode of real ones, and keep ledgers that tests take as independent witnesses.
//!
//! They are other companies as far as the platform goes: nothing here knows of orders, and the
//! platform knows of them only their HTTP API. They share a server, fault switches, and nothing else.
//!
//! # API
//!
//! JSON; amounts are integer minor units. Errors are `application/problem+json` with a `code`.
//! Every POST needs the header `Idempotency-Key`.
//!
//! ## The provider
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /authorizations` `{reference, amount, currency, payment_method}` | `{authorization_id, reference, status, decline_code, amount, currency, expires_at}`; status `authorized`, `declined`, or `requires_action` with `action: {url, until}`: nothing is set aside before who pays has done something |
//! | `POST /authorizations/{id}/complete`, `POST /authorizations/{id}/refuse` | the same: who pays does it, and it is authorized; or will not, and it is declined |
//! | `POST /authorizations/{id}/captures` `{amount, currency}` | `{authorization_id, reference, status: "captured", amount, captured_amount, currency}`; several partial captures, up to the authorized amount |
//! | `POST /authorizations/{id}/refunds` `{amount, currency}` | `{authorization_id, reference, status: "refunded", amount, captured_amount, refunded_amount, currency}`; several partial refunds, up to the captured amount |
//! | `POST /refunds/{idempotency_key}/reverse` | the same with status `reversed`: what was given back under that key has come back |
//! | `POST /authorizations/{id}/void` | `{authorization_id, reference, status: "voided", amount, currency}` |
//! | `POST /authorizations/{id}/release` | of one of which some was captured, the rest is let go: `{authorization_id, reference, status: "released", amount, currency}` |
//! | `POST /authorizations/{id}/disputes` `{amount, currency, reason}` | `{dispute_id, authorization_id, reference, status: "open", amount, currency}`: a cardholder wants back what was taken and not refunded |
//! | `POST /disputes/{dispute_id}/won`, `POST /disputes/{dispute_id}/lost` | the same, with that status |
//! | `GET /authorizations?reference=…` | `{authorizations: […], has_more}`: the newest hundred of our reference, oldest first, perhaps none |
//! | `GET /authorizations/{id}`, `GET /authorizations/by-key/{idempotency_key}` | one of them, as it stands now; status `authorized`, `requires_action`, `declined`, `captured` (in part or whole: `captured_amount`, and `refunded_amount` of it), `voided` or `expired` |
//! | `GET /ledger?after=&limit=` | `{operations: […], has_more}`: every operation in order of its `sequence` |
//! | `GET /ledger/summary` | totals by currency, counts, authorizations and refunds by reference |
//!
//! Where [`SandboxOptions::webhooks`] names an address, the provider tells it of every operation by
//! itself, as Standard Webhooks has it: a POST of `{type, timestamp, data}`, signed, and again until the
//! answer is 2xx. `type` is `authorization.authorized`, `authorization.declined`, `authorization.voided`,
//! `authorization.action_required`, `authorization.expired` (of those that end within an hour),
//! `capture.captured`, `capture.declined`, `refund.refunded`, `refund.failed`, `refund.reversed`, `dispute.opened`, `dispute.won` or
//! `dispute.lost`; `data` names the call by its `idempotency_key`, for a dispute that of the
//! authorization. The fault switches have it come twice, late, out of order, or never.
//!
//! ## The carrier
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /shipments` `{reference, order_reference, address}`; `order_reference` may be left out, `address` `{name, lines, city, postal_code, country}` may be null, and has a country at least | 201 `{tracking_number, carrier, reference, status: "accepted"}`, or 422 with the code of a refusal: `address_not_served`, `address_incomplete` |
//! | `GET /shipments?reference=…` | `{shipments: […], has_more}`: the newest hundred of our reference, oldest first, perhaps none |
//! | `GET /shipments/{tracking_number}`, `GET /shipments/by-key/{idempotency_key}` | one of them, as it stands now: `{tracking_number, carrier, reference, order_reference, address, status, reason, idempotency_key, created_at, status_at, delivered_at}`; status `accepted`, `in_transit`, `delivery_failed`, `delivered`, `lost` or `returned` |
//! | `PUT /shipments/{tracking_number}` `{status}` | the same: where it is from now on, as a test wants it; by itself it goes on no more |
//! | `GET /carrier/ledger?after=&limit=` | `{entries: […], has_more}`: every label, refusal and end, and what was set by hand, in order of its `sequence` |
//! | `GET /carrier/summary` | counts, shipments by status, labels by reference |
//!
//! A shipment goes on by itself. It takes [`Faults::transit_ms`] from its label to its delivery; after
//! a first delivery in vain the second takes as long again, and so it does until it counts as lost, or
//! is back. What becomes of it is drawn when its label is made, by the seed and the label's key: later
//! changes of the switches, and restarts, change nothing about it.
//!
//! ## Both
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /faults`, `PUT /faults` | the fault switches; see [`Faults`] |
//! | `GET /` | the cards, the addresses and the endpoints |
//!
//! **Idempotency.** The same key with the same body gets the same answer, with the header
//! `Idempotent-Replayed: true`; the same key with another body is 422 `IDEMPOTENCY_KEY_REUSED`.
//! What is remembered is what was booked: a refusal (409, 422) and an error (500) book nothing,
//! so the same key may try again. A second void of an authorization, with whatever key, gets the
//! answer of the first. A shipment that the carrier refuses is booked, as a decline is: its key is
//! answered so for good.
//!
//! **Conflicts.** Capture after void, void after capture, either on a declined authorization,
//! capture after expiry, and a refund where nothing was captured are 409; a capture or a refund above
//! what is left, or in another currency, is 422. A capture that the issuer declines, by a test card or
//! a fault switch, is 422 `CAPTURE_DECLINED`: it is booked as a declined authorization is, and its key
//! is answered so for good. So is a refund that the card's bank refuses, by a fault switch: 422
//! `REFUND_DECLINED`.
//!
//! # Test cards
//!
//! | `payment_method` | what happens |
//! | --- | --- |
//! | `tok_approve` | authorized |
//! | `tok_decline` | declined: `card_declined` |
//! | `tok_insufficient_funds` | declined: `insufficient_funds` |
//! | `tok_decline_once` | declined on the reference's first attempt (attempts count by idempotency key), then authorized |
//! | `tok_decline_twice` | declined on the first two attempts, then authorized |
//! | `tok_slow` | authorized; the answer takes 2 s |
//! | `tok_slow_<ms>` | authorized; the answer takes that long, 60 s at most |
//! | `tok_timeout` | authorized, and the answer is held for [`Faults::hold_ms`]: an unknown outcome that resolves to authorized |
//! | `tok_timeout_lost` | nothing is booked, and the answer (504) is held: an unknown outcome that resolves to nothing |
//! | `tok_action` | `requires_action`: authorized once `POST /authorizations/{id}/complete` has come, within 15 minutes |
//! | `tok_action_<ms>` | the same, within that time, a day at most |
//! | `tok_error` | 500, nothing is booked, on every attempt |
//! | `tok_wrong_amount` | authorized for one minor unit more than asked: an integrity mismatch |
//! | `tok_capture_fails` | authorized; every capture is declined |
//! | `tok_capture_fails_once` | authorized; the authorization's first capture is declined (captures count by idempotency key), then they are made |
//! | any other | authorized |
//!
//! # Test addresses
//!
//! | `city` | what happens |
//! | --- | --- |
//! | `Nowhere` | refused: `address_not_served`; so is the country `AQ` |
//! | `Nowhere Yet` | refused on the reference's first attempt (attempts count by idempotency key), then accepted |
//! | `Illegible` | refused: `address_incomplete` |
//! | `Nobody Home` | the first delivery fails, then delivered |
//! | `Lost` | lost |
//! | `Returned` | returned |
//! | `Standstill` | in transit for ever |
//! | `Timeout` | accepted, and the answer is held for [`Faults::hold_ms`]: an unknown outcome that resolves to a label |
//! | `Error` | 500, nothing is booked, on every attempt |
//! | any other, and no address | accepted, and delivered if no fault switch strikes |
//!
//! # What is slow
//!
//! Where an answer is slow or held, the booking is not: it is in the ledger at once, and stays
//! there when the client goes away. A retry with the same key, and a look by reference or key,
//! find it while the first answer is still held.
//!
//! # Bounds
//!
//! Memory keeps the newest [`SandboxOptions::max_operations`] operations. Beyond that, each
//! booking drops the oldest operation: its key is forgotten, and an authorization goes with the
//! operation that made it (a later capture, refund or void of it is 404). Totals and counts keep
//! counting everything, and `dropped_operations` says how many are gone. A journal keeps all of them
//! on disk, and the same newest ones in memory. The carrier has the same bounds: a shipment goes with
//! its label, wherever it is, and `dropped_entries` says how many are gone.

mod api;
mod card;
mod carrier;
mod faults;
mod journal;
mod kept;
mod ledger;
mod sandbox;
mod value;
mod webhooks;

pub use card::{CARDS, Card, DeclineCode, MAX_ACTION, MAX_SLOW};
pub use carrier::{
    Address, Asked, CarrierCounts, CarrierEntry, CarrierEntryKind, CarrierSummary, Fate,
    LabelSummary, RefusalCode, RepeatedLabels, ShipmentStatus, StatusCounts, TEST_ADDRESSES,
    UNSERVED_COUNTRY, Way,
};
pub use faults::{
    Faults, InvalidFaults, MAX_HOLD_MS, MAX_LATENCY_MS, MAX_TRANSIT_MS, MAX_WEBHOOK_LATE_MS,
};
pub use journal::JournalError;
pub use ledger::{
    Counts, Kind, Operation, ReferenceSummary, RefundedReference, RepeatedReference, Summary,
    Totals,
};
pub use sandbox::{Sandbox, SandboxOptions};
pub use value::{AuthorizationId, Currency, DisputeId, InvalidValue, TrackingNumber};
pub use webhooks::WebhookOptions;
