//! What happens to an order, from its placement to its end.

use crate::orders::Placement;
use chrono::TimeDelta;
use domain::{
    Event, Location, Money, OrderId, Sku, StreamId, TenantId,
    order::{
        CancellationRequested, NoteAdded, OrderBrief, OrderCancelled, OrderConfirmed, OrderEvent,
        OrderPlaced, OrderRejected, PlaceOrder, RejectionReason,
    },
    payment::{
        PaymentAuthorizationRequested, PaymentAuthorized, PaymentDeclined, PaymentEvent,
        PaymentVoidRequested, PaymentVoided,
    },
    stock::{
        ReleaseReason, ReservationCommitted, ReservationLine, ReservationReleased, StockEvent,
        StockReservationRejected, StockReserved,
    },
};
use rand::{RngExt, rngs::StdRng};
use std::collections::BTreeMap;

/// How long stock is reserved for.
const RESERVED_FOR: TimeDelta = TimeDelta::minutes(15);

/// An event and where it is appended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Happening {
    pub stream: StreamId,
    pub event: Event,
}

/// What one command leads to.
pub(super) type Step = Vec<Happening>;

/// How an order ends, out of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Confirmed,
    Cancelled,
    Declined,
    OutOfStock,
}

impl End {
    fn drawn(rng: &mut StdRng) -> Self {
        match rng.random_range(0..100) {
            0..3 => Self::Cancelled,
            3..7 => Self::Declined,
            7..10 => Self::OutOfStock,
            _ => Self::Confirmed,
        }
    }
}

/// The steps of the order that `command` places.
pub(super) fn life(command: PlaceOrder, rng: &mut StdRng) -> Vec<Step> {
    let until = command.placed_at + RESERVED_FOR;
    let OrderEvent::OrderPlaced(placed) = Placement::event(command) else {
        return Vec::new();
    };
    let story = Story::of(&placed, rng);
    let mut steps = vec![story.order(OrderEvent::from(placed.clone()))];
    let end = End::drawn(rng);
    if end == End::OutOfStock {
        steps.push(story.refuse());
        steps.push(story.reject(RejectionReason::OutOfStock));
        return steps;
    }
    steps.push(story.stock(|part| {
        StockEvent::from(StockReserved {
            order_id: story.id,
            epoch: 1,
            location: Location::default(),
            sku: part.sku.clone(),
            quantity: part.quantity,
            lines: part.lines.clone(),
            until,
            part: part.number,
            parts: part.of,
            parcels: 1,
        })
    }));
    steps.push(story.request_payment(&placed));
    if end == End::Declined {
        steps.push(story.decline());
        steps.push(story.reject(RejectionReason::PaymentDeclined));
        steps.push(story.release(false, ReleaseReason::Rejected));
        return steps;
    }
    steps.push(story.authorize());
    steps.push(story.commit());
    steps.push(story.order(OrderEvent::from(OrderConfirmed {
        order: story.brief.clone(),
    })));
    if rng.random_range(0..10) == 0 {
        steps.push(story.note(rng));
    }
    if end == End::Cancelled {
        steps.extend(story.cancel());
    }
    steps
}

/// What an order takes of an article.
struct Part {
    sku: Sku,
    quantity: i64,
    lines: Vec<ReservationLine>,
    number: u32,
    of: u32,
}

/// What all steps of an order share.
struct Story {
    id: OrderId,
    brief: OrderBrief,
    amount: Money,
    authorization: String,
    parts: Vec<Part>,
}

impl Story {
    fn of(placed: &OrderPlaced, rng: &mut StdRng) -> Self {
        let mut articles: BTreeMap<Sku, Vec<ReservationLine>> = BTreeMap::new();
        for line in &placed.lines {
            articles
                .entry(line.sku.clone())
                .or_default()
                .push(ReservationLine {
                    line: line.line,
                    quantity: line.quantity,
                });
        }
        let of = u32::try_from(articles.len()).unwrap_or(u32::MAX);
        let parts = (1..).zip(articles).map(|(number, (sku, lines))| Part {
            sku,
            quantity: lines.iter().map(|line| line.quantity).sum(),
            lines,
            number,
            of,
        });
        Self {
            id: placed.order_id,
            brief: OrderBrief {
                order_id: placed.order_id,
                customer_id: placed.customer_id.clone(),
                currency: placed.currency,
                total: placed.total,
                placed_at: placed.placed_at,
            },
            amount: Money::new(placed.total, placed.currency),
            authorization: format!("auth_{:016x}", rng.random::<u64>()),
            parts: parts.collect(),
        }
    }

    fn order(&self, event: OrderEvent) -> Step {
        vec![Happening {
            stream: StreamId::order(&TenantId::default(), self.id),
            event: Event::Order(event),
        }]
    }

    fn payment(&self, event: PaymentEvent) -> Step {
        vec![Happening {
            stream: StreamId::payment(&TenantId::default(), self.id),
            event: Event::Payment(event),
        }]
    }

    /// The same for all articles of the order, together.
    fn stock(&self, event: impl Fn(&Part) -> StockEvent) -> Step {
        let (tenant, location) = (TenantId::default(), Location::default());
        let parts = self.parts.iter();
        parts
            .map(|part| Happening {
                stream: StreamId::stock(&tenant, &location, &part.sku),
                event: Event::Stock(event(part)),
            })
            .collect()
    }

    fn key(&self, call: &str) -> String {
        format!("main:{}:{call}:1", self.id)
    }

    /// One article is short, which is enough.
    fn refuse(&self) -> Step {
        let mut step = self.stock(|part| {
            StockEvent::from(StockReservationRejected {
                order_id: self.id,
                epoch: 1,
                location: Location::default(),
                sku: part.sku.clone(),
                requested: part.quantity,
                available: 0,
                part: 1,
                parts: 1,
            })
        });
        step.truncate(1);
        step
    }

    fn commit(&self) -> Step {
        self.stock(|part| {
            StockEvent::from(ReservationCommitted {
                order_id: self.id,
                epoch: 1,
                location: Location::default(),
                sku: part.sku.clone(),
                quantity: part.quantity,
                part: part.number,
                parts: part.of,
            })
        })
    }

    fn release(&self, committed: bool, reason: ReleaseReason) -> Step {
        self.stock(|part| {
            StockEvent::from(ReservationReleased {
                order_id: self.id,
                epoch: 1,
                location: Location::default(),
                sku: part.sku.clone(),
                quantity: part.quantity,
                committed,
                reason,
                part: part.number,
                parts: part.of,
            })
        })
    }

    fn request_payment(&self, placed: &OrderPlaced) -> Step {
        self.payment(PaymentEvent::from(PaymentAuthorizationRequested {
            order_id: self.id,
            amount: self.amount,
            payment_method: placed.payment_method.clone(),
            attempt: 1,
            max_attempts: 3,
            idempotency_key: self.key("authorize"),
        }))
    }

    fn authorize(&self) -> Step {
        self.payment(PaymentEvent::from(PaymentAuthorized {
            order_id: self.id,
            attempt: 1,
            authorization_id: self.authorization.clone(),
            amount: self.amount,
            expires_at: None,
        }))
    }

    fn decline(&self) -> Step {
        self.payment(PaymentEvent::from(PaymentDeclined {
            order_id: self.id,
            attempt: 1,
            attempts_left: 0,
            code: "insufficient_funds".into(),
        }))
    }

    fn reject(&self, reason: RejectionReason) -> Step {
        let detail = match reason {
            RejectionReason::OutOfStock => "Not enough stock for all lines.",
            RejectionReason::PaymentDeclined => "The payment was declined.",
            RejectionReason::PaymentIntegrity => "The payment is not what was asked for.",
        };
        self.order(OrderEvent::from(OrderRejected {
            order: self.brief.clone(),
            reason,
            detail: detail.into(),
        }))
    }

    fn note(&self, rng: &mut StdRng) -> Step {
        self.order(OrderEvent::from(NoteAdded {
            order_id: self.id,
            note_id: uuid::Builder::from_random_bytes(rng.random()).into_uuid(),
            text: "The customer called and asks to be told before delivery.".into(),
        }))
    }

    fn cancel(&self) -> [Step; 5] {
        let reason = "The customer changed their mind.";
        [
            self.order(OrderEvent::from(CancellationRequested {
                order: self.brief.clone(),
                reason: reason.into(),
                confirmed: true,
                request: 0,
            })),
            self.release(true, ReleaseReason::Cancelled),
            self.payment(PaymentEvent::from(PaymentVoidRequested {
                order_id: self.id,
                authorization_id: self.authorization.clone(),
                idempotency_key: self.key("void"),
                reason: reason.into(),
            })),
            self.payment(PaymentEvent::from(PaymentVoided {
                order_id: self.id,
                authorization_id: Some(self.authorization.clone()),
            })),
            self.order(OrderEvent::from(OrderCancelled {
                order: self.brief.clone(),
                confirmed: true,
                reason: reason.into(),
            })),
        ]
    }
}
