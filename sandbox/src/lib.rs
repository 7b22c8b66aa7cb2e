//! A payment provider over real HTTP, for development and tests: it behaves like the test mode of
//! real card providers, and keeps a ledger that tests take as an independent witness.
//!
//! It is another company as far as the platform goes: nothing here knows of orders, and the
//! platform knows of it only its HTTP API.
//!
//! # API
//!
//! JSON; amounts are integer minor units. Errors are `application/problem+json` with a `code`.
//! Every POST needs the header `Idempotency-Key`.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /authorizations` `{reference, amount, currency, payment_method}` | `{authorization_id, reference, status, decline_code, amount, currency, expires_at}`; status `authorized` or `declined` |
//! | `POST /authorizations/{id}/captures` `{amount, currency}` | `{authorization_id, reference, status: "captured", amount, captured_amount, currency}`; several partial captures, up to the authorized amount |
//! | `POST /authorizations/{id}/refunds` `{amount, currency}` | `{authorization_id, reference, status: "refunded", amount, captured_amount, refunded_amount, currency}`; several partial refunds, up to the captured amount |
//! | `POST /authorizations/{id}/void` | `{authorization_id, reference, status: "voided", amount, currency}` |
//! | `GET /authorizations?reference=…` | `{authorizations: […], has_more}`: the newest hundred of our reference, oldest first, perhaps none |
//! | `GET /authorizations/{id}`, `GET /authorizations/by-key/{idempotency_key}` | one of them, as it stands now; status `authorized`, `declined`, `captured` (in part or whole: `captured_amount`, and `refunded_amount` of it), `voided` or `expired` |
//! | `GET /ledger?after=&limit=` | `{operations: […], has_more}`: every operation in order of its `sequence` |
//! | `GET /ledger/summary` | totals by currency, counts, authorizations and refunds by reference |
//! | `GET /faults`, `PUT /faults` | the fault switches; see [`Faults`] |
//! | `GET /` | the cards and the endpoints |
//!
//! **Idempotency.** The same key with the same body gets the same answer, with the header
//! `Idempotent-Replayed: true`; the same key with another body is 422 `IDEMPOTENCY_KEY_REUSED`.
//! What is remembered is what was booked: a refusal (409, 422) and an error (500) book nothing,
//! so the same key may try again. A second void of an authorization, with whatever key, gets the
//! answer of the first.
//!
//! **Conflicts.** Capture after void, void after capture, either on a declined authorization,
//! capture after expiry, and a refund where nothing was captured are 409; a capture or a refund above
//! what is left, or in another currency, is 422. A capture that the issuer declines, by a test card or
//! a fault switch, is 422 `CAPTURE_DECLINED`: it is booked as a declined authorization is, and its key
//! is answered so for good.
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
//! | `tok_error` | 500, nothing is booked, on every attempt |
//! | `tok_wrong_amount` | authorized for one minor unit more than asked: an integrity mismatch |
//! | `tok_capture_fails` | authorized; every capture is declined |
//! | `tok_capture_fails_once` | authorized; the authorization's first capture is declined (captures count by idempotency key), then they are made |
//! | any other | authorized |
//!
//! Where an answer is slow or held, the booking is not: it is in the ledger at once, and stays
//! there when the client goes away. A retry with the same key, and a look by reference or key,
//! find it while the first answer is still held.
//!
//! # Bounds
//!
//! Memory keeps the newest [`SandboxOptions::max_operations`] operations. Beyond that, each
//! booking drops the oldest operation: its key is forgotten, and an authorization goes with the
//! operation that made it (a later capture or void of it is 404). Totals and counts keep counting
//! everything, and `dropped_operations` says how many are gone. A journal keeps all of them on
//! disk, and the same newest ones in memory.

mod api;
mod card;
mod faults;
mod journal;
mod kept;
mod ledger;
mod sandbox;
mod value;

pub use card::{CARDS, Card, DeclineCode, MAX_SLOW};
pub use faults::{Faults, InvalidFaults, MAX_HOLD_MS, MAX_LATENCY_MS, MAX_TRANSIT_MS};
pub use journal::JournalError;
pub use ledger::{
    Counts, Kind, Operation, ReferenceSummary, RefundedReference, RepeatedReference, Summary,
    Totals,
};
pub use sandbox::{Sandbox, SandboxOptions};
pub use value::{AuthorizationId, Currency, InvalidValue, TrackingNumber};
