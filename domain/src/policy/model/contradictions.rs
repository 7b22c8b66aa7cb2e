//! What participants say that the books contradict: it stands with the order, as the platform has it, until
//! people have settled it.

use super::{World, choices::Choices};
use crate::{
    Command, OrderId, Refusal,
    order::{OrderCommand, ParkTask, SettleContradiction},
    testing::uuid,
};
use uuid::Uuid;

/// The refusals of words that are of nothing of ours: those wait for nobody.
const UNKNOWN: [&str; 2] = ["UNKNOWN_CALL", "SHIPMENT_NOT_FOUND"];

impl World {
    /// The provider says something that cannot be, of what it has set aside and our books know; or people set
    /// right what was said so before.
    pub(super) fn contradict(&mut self, choices: &mut Choices) {
        if choices.once_in(3) {
            return self.settle_contradiction(choices);
        }
        let payment = |order| self.payment(order);
        let Some(said) = self.provider.contradict(choices, payment) else {
            return;
        };
        let refusal = self.put(&said).expect_err("it contradicts the books");
        self.stands(&said, &refusal);
    }

    /// Has stand with its order what the books have refused of what was said.
    pub(super) fn stands(&mut self, said: &Command, refusal: &Refusal) {
        if UNKNOWN.contains(&refusal.code.as_str()) {
            return;
        }
        let (order, about) = match said {
            Command::Payment(order, _) => (Some(*order), order.uuid()),
            Command::Shipment(id, _) => {
                let is_it = |order: &&OrderId| {
                    let parcel = self.shipment(**order);
                    parcel
                        .created()
                        .is_some_and(|parcel| parcel.shipment_id == *id)
                };
                (self.orders.iter().find(is_it).copied(), id.uuid())
            }
            _ => return,
        };
        let Some(order) = order else {
            return;
        };
        let park = OrderCommand::ParkTask(ParkTask::contradiction(about, "evt", refusal));
        // It is told twice, as a provider does that has heard nothing.
        for _ in 0..2 {
            let park = Command::Order(order, park.clone());
            self.put(&park).expect("an order may wait for people");
        }
    }

    /// Some of what stands with orders so.
    fn contradictions(&self) -> Vec<(OrderId, Uuid)> {
        let of = |order: &OrderId| {
            let placed = self.placed(*order);
            let all = placed.parked.iter().copied();
            let all = all.filter(|id| placed.is_contradiction(*id));
            all.map(|id| (*order, id)).collect::<Vec<_>>()
        };
        self.orders.iter().flat_map(of).collect()
    }

    /// People have set one of them right, if there is one.
    fn settle_contradiction(&mut self, choices: &mut Choices) {
        let all = self.contradictions();
        if !all.is_empty() {
            let (order, task_id) = all[choices.below(all.len())];
            self.settle(order, task_id);
        }
    }

    /// People have set all of them right.
    pub(super) fn settle_contradictions(&mut self) {
        for (order, task_id) in self.contradictions() {
            self.settle(order, task_id);
        }
        assert_eq!(self.contradictions(), []);
    }

    fn settle(&mut self, order: OrderId, task_id: Uuid) {
        let settle = OrderCommand::SettleContradiction(SettleContradiction {
            task_id,
            note_id: uuid(9, self.log.len() as u64),
            reason: "set right".into(),
        });
        self.put(&Command::Order(order, settle)).unwrap();
    }
}
