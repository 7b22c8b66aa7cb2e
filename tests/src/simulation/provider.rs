//! A payment provider with a ledger of its own, over connections that lose requests and answers.

use super::node::Node;
use async_trait::async_trait;
use domain::{Money, OrderId};
use saga::provider::{Authorization, AuthorizeRequest, CallError, PaymentProvider};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a payment method leads to, as its name says.
pub(super) const METHODS: [&str; 8] = [
    "approve",
    "decline",
    "decline-once",
    "slow",
    "answer-lost",
    "request-lost",
    "wrong-amount",
    "silent",
];

/// What the provider knows under an idempotency key. The authorization's id is the key.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub order_id: OrderId,
    pub amount: Money,
    pub state: EntryState,
    /// The provider never says what became of it.
    silent: bool,
}

/// What became of an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryState {
    SetAside,
    GivenBack,
    Declined,
}

/// What the provider says on the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It never heard of it.
    Nothing,
    /// It knows of it, and will say so when it is asked again.
    Something,
    /// It does not say.
    NotToBeHad,
}

/// The provider's books.
#[derive(Default)]
pub(super) struct Ledger(Mutex<BTreeMap<String, Entry>>);

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is set aside for an order.
    pub(super) fn set_aside(&self, order_id: OrderId) -> Vec<Money> {
        let entries = self.entries();
        let mine = entries
            .values()
            .filter(|entry| entry.order_id == order_id && entry.state == EntryState::SetAside);
        mine.map(|entry| entry.amount).collect()
    }

    /// What an operator learns who calls the provider up: whether it holds something under that key,
    /// if it says.
    pub(super) fn tells(&self, key: &str) -> Told {
        match self.entries().get(key) {
            None => Told::Nothing,
            Some(entry) if entry.silent => Told::NotToBeHad,
            Some(_) => Told::Something,
        }
    }

    /// For which orders it was asked.
    pub(super) fn orders(&self) -> Vec<OrderId> {
        self.entries()
            .values()
            .map(|entry| entry.order_id)
            .collect()
    }

    /// Sets an amount aside, once for each key.
    fn authorize(&self, request: &AuthorizeRequest) -> Authorization {
        let mut entries = self.entries();
        let key = &request.idempotency_key;
        let entry = entries.entry(key.clone()).or_insert_with(|| {
            let (amount, state) = match request.payment_method.as_str() {
                "decline" => (request.amount, EntryState::Declined),
                "decline-once" if key.ends_with(":1") => (request.amount, EntryState::Declined),
                "wrong-amount" => {
                    let Money { amount, currency } = request.amount;
                    (Money::new(amount + 1, currency), EntryState::SetAside)
                }
                _ => (request.amount, EntryState::SetAside),
            };
            Entry {
                order_id: request.order_id,
                amount,
                state,
                silent: request.payment_method == "silent",
            }
        });
        entry.answer(key)
    }

    fn inquire(&self, key: &str) -> Result<Authorization, CallError> {
        match self.entries().get(key) {
            Some(entry) if entry.silent => Err(CallError::Unknown("no answer".into())),
            Some(entry) => Ok(entry.answer(key)),
            None => Err(CallError::NotFound),
        }
    }

    fn void(&self, authorization_id: &str) -> Result<(), CallError> {
        match self.entries().get_mut(authorization_id) {
            Some(entry) if entry.state != EntryState::Declined => {
                entry.state = EntryState::GivenBack;
                Ok(())
            }
            _ => Err(CallError::Refused("there is no such authorization".into())),
        }
    }
}

impl Entry {
    fn answer(&self, key: &str) -> Authorization {
        match self.state {
            EntryState::Declined => Authorization::Declined {
                code: "card_declined".into(),
            },
            // What was voided since was authorized once.
            EntryState::SetAside | EntryState::GivenBack => Authorization::Authorized {
                authorization_id: key.to_owned(),
                amount: self.amount,
            },
        }
    }
}

/// The provider, over a process's connection.
pub(super) struct NodeProvider(pub Arc<Node>);

impl NodeProvider {
    /// Whether the connection breaks now.
    fn breaks(&self) -> Result<(), CallError> {
        let world = &self.0.world;
        match world.goes_wrong(world.faults.provider / 2) {
            true => Err(CallError::Unknown("simulated: the connection broke".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl PaymentProvider for NodeProvider {
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        let node = &self.0;
        node.step("provider: authorize").await;
        if request.amount.amount <= 0 {
            let what = format!("to set {} aside is asked for", request.amount);
            node.world.wrong(what.clone());
            return Err(CallError::Refused(what));
        }
        let method = request.payment_method.as_str();
        let lost = || CallError::Unknown("simulated: no answer".into());
        if method == "request-lost" {
            return Err(lost());
        }
        self.breaks()?;
        // What was sent gets there, whatever becomes of the sender.
        let (sender, request) = (Arc::clone(node), request.clone());
        let wait = match method {
            "slow" => node.world.dice.millis(0..=6_000),
            _ => Duration::ZERO,
        };
        let sent = tokio::spawn(async move {
            sleep(wait).await;
            let world = &sender.world;
            let answer = world.ledger.authorize(&request);
            sender.trace(|| format!("provider: {request:?}: {answer:?}"));
            let set_aside = world.ledger.set_aside(request.order_id);
            if set_aside.len() > 1 {
                let order = request.order_id;
                world.wrong(format!("set aside twice for order {order}: {set_aside:?}"));
            }
            answer
        });
        let answer = timeout(PATIENCE, sent).await;
        if matches!(method, "answer-lost" | "silent") {
            return Err(lost());
        }
        self.breaks()?;
        node.step("provider: authorized").await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(lost()),
        }
    }

    async fn inquire(&self, idempotency_key: &str) -> Result<Authorization, CallError> {
        self.0.step("provider: inquire").await;
        self.breaks()?;
        let answer = self.0.world.ledger.inquire(idempotency_key);
        self.0
            .trace(|| format!("provider: inquire {idempotency_key}: {answer:?}"));
        self.0.step("provider: inquired").await;
        answer
    }

    async fn void(&self, authorization_id: &str, _key: &str) -> Result<(), CallError> {
        self.0.step("provider: void").await;
        self.breaks()?;
        let answer = self.0.world.ledger.void(authorization_id);
        self.0
            .trace(|| format!("provider: void {authorization_id}: {answer:?}"));
        if answer.is_err() {
            let world = &self.0.world;
            world.wrong(format!(
                "{authorization_id} is given back, but never was set aside"
            ));
        }
        self.breaks()?;
        self.0.step("provider: voided").await;
        answer
    }

    async fn capture(
        &self,
        authorization_id: &str,
        _amount: Money,
        _key: &str,
    ) -> Result<(), CallError> {
        let what = format!("{authorization_id} is captured, which no policy asks for yet");
        self.0.world.wrong(what.clone());
        Err(CallError::Refused(what))
    }

    async fn refund(
        &self,
        authorization_id: &str,
        _amount: Money,
        _key: &str,
    ) -> Result<(), CallError> {
        let what = format!("{authorization_id} is refunded, which no policy asks for yet");
        self.0.world.wrong(what.clone());
        Err(CallError::Refused(what))
    }
}
