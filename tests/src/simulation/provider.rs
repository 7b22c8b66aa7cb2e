//! A payment provider with a ledger of its own, over connections that lose requests and answers.

mod actions;
mod disputes;
mod says;

use super::node::Node;
use async_trait::async_trait;
use disputes::Disputed;
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
pub(super) const METHODS: [&str; 13] = [
    "approve",
    "act",
    "act-never",
    "capture-fails",
    "capture-fails-once",
    "refund-fails-once",
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
    /// How much was set aside.
    at_first: Money,
    pub state: EntryState,
    method: String,
    /// What was taken of it under which key; nothing where that was declined.
    captures: BTreeMap<String, Option<i64>>,
    /// What was given back of that.
    refunds: BTreeMap<String, i64>,
    /// What cardholders want back, or have got.
    disputes: BTreeMap<String, Disputed>,
}

/// What the provider holds for an order, or has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub amount: Money,
    pub captured: i64,
    pub refunded: i64,
    /// What cardholders have got by disputes.
    pub lost: i64,
}

/// What became of an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryState {
    SetAside,
    /// Who pays is to do something first.
    ActionRequired,
    /// Nobody need do it any more.
    CalledOff,
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

    /// What is set aside for an order, or was and is taken.
    pub(super) fn held(&self, order_id: OrderId) -> Vec<Held> {
        let entries = self.entries();
        let mine = entries
            .values()
            .filter(|entry| entry.order_id == order_id && entry.state == EntryState::SetAside);
        mine.map(|entry| Held {
            amount: entry.amount,
            captured: entry.captured(),
            refunded: entry.refunded(),
            lost: entry.lost(),
        })
        .collect()
    }

    /// What an operator learns who calls the provider up: whether it holds something under that key,
    /// if it says.
    pub(super) fn tells(&self, key: &str) -> Told {
        match self.entries().get(key) {
            None => Told::Nothing,
            Some(entry) if entry.is_silent() => Told::NotToBeHad,
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
                "act" | "act-never" => (request.amount, EntryState::ActionRequired),
                _ => (request.amount, EntryState::SetAside),
            };
            Entry {
                order_id: request.order_id,
                amount,
                at_first: amount,
                state,
                method: request.payment_method.clone(),
                captures: BTreeMap::new(),
                refunds: BTreeMap::new(),
                disputes: BTreeMap::new(),
            }
        });
        entry.answer(key)
    }

    /// Lets go of what is set aside beyond what was taken.
    fn let_go(&self, authorization_id: &str) {
        if let Some(entry) = self.entries().get_mut(authorization_id) {
            let taken = entry.captured();
            entry.amount.amount = entry.amount.amount.min(taken.max(0));
        }
    }

    fn inquire(&self, key: &str) -> Result<Authorization, CallError> {
        match self.entries().get_mut(key) {
            Some(entry) if entry.is_silent() => Err(CallError::Unknown("no answer".into())),
            Some(entry) => {
                // Who asks after a while learns that it is done meanwhile.
                entry.act();
                Ok(entry.answer(key))
            }
            None => Err(CallError::NotFound),
        }
    }

    fn void(&self, authorization_id: &str) -> Result<(), CallError> {
        match self.entries().get_mut(authorization_id) {
            Some(entry) if entry.state != EntryState::Declined && entry.captured() == 0 => {
                entry.state = match entry.state {
                    EntryState::ActionRequired | EntryState::CalledOff => EntryState::CalledOff,
                    _ => EntryState::GivenBack,
                };
                Ok(())
            }
            _ => Err(CallError::Refused("there is no such authorization".into())),
        }
    }

    /// Takes some of what is set aside, once for each key; or declines to, for good.
    fn capture(&self, authorization_id: &str, amount: Money, key: &str) -> Result<(), Uncaptured> {
        let mut entries = self.entries();
        let entry = entries.get_mut(authorization_id);
        let entry = entry.filter(|entry| entry.state == EntryState::SetAside);
        let entry = entry.ok_or(Uncaptured::Senseless)?;
        if let Some(known) = entry.captures.get(key) {
            return match known {
                None => Err(Uncaptured::Declined),
                Some(taken) if *taken == amount.amount => Ok(()),
                Some(_) => Err(Uncaptured::Senseless),
            };
        }
        let declines = match entry.method.as_str() {
            "capture-fails" => true,
            "capture-fails-once" => entry.captures.is_empty(),
            _ => false,
        };
        if declines {
            entry.captures.insert(key.to_owned(), None);
            return Err(Uncaptured::Declined);
        }
        if amount.amount <= 0 || entry.captured() + amount.amount > entry.amount.amount {
            return Err(Uncaptured::Senseless);
        }
        entry.captures.insert(key.to_owned(), Some(amount.amount));
        Ok(())
    }

    /// Whether it will not give anything back under that key: not before an operator has asked again.
    fn declines_refund(&self, authorization_id: &str, key: &str) -> bool {
        let entries = self.entries();
        let entry = entries.get(authorization_id);
        entry.is_some_and(|entry| entry.method == "refund-fails-once")
            && !key.contains(":refund_again:")
    }

    /// Gives back some of what was taken and nobody disputes, once for each key; none where that is not
    /// there.
    fn refund(&self, authorization_id: &str, amount: Money, key: &str) -> Option<()> {
        let mut entries = self.entries();
        let entry = entries.get_mut(authorization_id)?;
        let known = entry.refunds.get(key).copied();
        match known {
            Some(given_back) => (given_back == amount.amount).then_some(()),
            None if amount.amount > 0 && amount.amount <= entry.left() => {
                entry.refunds.insert(key.to_owned(), amount.amount);
                Some(())
            }
            None => None,
        }
    }
}

/// Why nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Uncaptured {
    /// The provider would not.
    Declined,
    /// Nobody should have asked.
    Senseless,
}

impl Entry {
    /// Whether the provider never says what became of it.
    fn is_silent(&self) -> bool {
        self.method == "silent"
    }

    fn captured(&self) -> i64 {
        self.captures.values().flatten().sum()
    }

    fn refunded(&self) -> i64 {
        self.refunds.values().sum()
    }

    fn answer(&self, key: &str) -> Authorization {
        match self.state {
            EntryState::Declined => Authorization::Declined {
                code: "card_declined".into(),
            },
            EntryState::CalledOff => Authorization::Declined {
                code: "voided".into(),
            },
            EntryState::ActionRequired => actions::required(key),
            // What was voided since was authorized once.
            EntryState::SetAside | EntryState::GivenBack => Authorization::Authorized {
                authorization_id: key.to_owned(),
                amount: self.amount,
                expires_at: None,
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

    /// Whether the call is not made at all, as a breaker would have it.
    fn holds_back(&self) -> Result<(), CallError> {
        let world = &self.0.world;
        if !world.goes_wrong(world.faults.provider / 4) {
            return Ok(());
        }
        world.count("call held back");
        Err(CallError::Deferred {
            problem: "simulated: the circuit is open".into(),
            wait: world.dice.millis(0..=3_000),
        })
    }
}

#[async_trait]
impl PaymentProvider for NodeProvider {
    async fn authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, CallError> {
        let node = &self.0;
        node.step("provider: authorize").await;
        self.holds_back()?;
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
            let held = world.ledger.held(request.order_id);
            if held.len() > 1 {
                let order = request.order_id;
                world.wrong(format!("set aside twice for order {order}: {held:?}"));
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
        self.holds_back()?;
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
        amount: Money,
        key: &str,
    ) -> Result<(), CallError> {
        self.0.step("provider: capture").await;
        self.holds_back()?;
        self.breaks()?;
        let world = &self.0.world;
        let answer = world.ledger.capture(authorization_id, amount, key);
        self.0
            .trace(|| format!("provider: capture {amount} of {authorization_id}: {answer:?}"));
        if answer == Err(Uncaptured::Senseless) {
            world.wrong(format!(
                "{amount} of {authorization_id} is taken, which is not set aside"
            ));
        }
        self.breaks()?;
        self.0.step("provider: captured").await;
        answer.map_err(|why| CallError::Refused(format!("{why:?}")))
    }

    async fn capture_last(
        &self,
        authorization_id: &str,
        amount: Money,
        key: &str,
    ) -> Result<(), CallError> {
        self.0.step("provider: capture").await;
        self.holds_back()?;
        self.breaks()?;
        let world = &self.0.world;
        let answer = world.ledger.capture(authorization_id, amount, key);
        if answer.is_ok() {
            world.ledger.let_go(authorization_id);
        }
        self.0
            .trace(|| format!("provider: capture {amount} of {authorization_id}: {answer:?}"));
        if answer == Err(Uncaptured::Senseless) {
            world.wrong(format!(
                "{amount} of {authorization_id} is taken, which is not set aside"
            ));
        }
        self.breaks()?;
        self.0.step("provider: captured").await;
        answer.map_err(|why| CallError::Refused(format!("{why:?}")))
    }

    async fn release(&self, authorization_id: &str, _key: &str) -> Result<(), CallError> {
        self.0.step("provider: release").await;
        self.breaks()?;
        self.0.world.ledger.let_go(authorization_id);
        self.0
            .trace(|| format!("provider: release the rest of {authorization_id}"));
        self.breaks()?;
        self.0.step("provider: released").await;
        Ok(())
    }

    async fn refund(
        &self,
        authorization_id: &str,
        amount: Money,
        key: &str,
    ) -> Result<(), CallError> {
        self.0.step("provider: refund").await;
        self.breaks()?;
        let world = &self.0.world;
        if world.ledger.declines_refund(authorization_id, key) {
            return Err(CallError::Refused("it is declined".into()));
        }
        let answer = world.ledger.refund(authorization_id, amount, key);
        self.0
            .trace(|| format!("provider: refund {amount} of {authorization_id}: {answer:?}"));
        if answer.is_none() && !world.ledger.is_disputed(authorization_id) {
            world.wrong(format!(
                "{amount} of {authorization_id} is given back, which was not taken"
            ));
        }
        self.breaks()?;
        self.0.step("provider: refunded").await;
        answer.ok_or_else(|| CallError::Refused("it was not taken".into()))
    }
}
