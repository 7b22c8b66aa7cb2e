//! Given a book, when this is ordered or time passes, then that is booked.

use chrono::{TimeDelta, TimeZone};
use uuid::Uuid;

use super::*;
use crate::carrier::{Address, CarrierSummary};

/// A book, and one function to order something with: time passes as told, numbers count up.
struct Counter {
    book: Book,
    now: DateTime<Utc>,
    numbers: u128,
    strikes: Strikes,
}

impl Counter {
    fn new(limit: usize) -> Self {
        Self {
            book: Book::new(limit),
            now: Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(),
            numbers: 0,
            strikes: Strikes::default(),
        }
    }

    /// The entry, and whether it was booked just now.
    fn order(
        &mut self,
        key: &str,
        request: ShipRequest,
    ) -> Result<(Arc<CarrierEntry>, bool), Refusal> {
        self.numbers += 1;
        let order = ShipOrder {
            key: key.into(),
            request,
            now: self.now,
            new_number: TrackingNumber::new(Uuid::from_u128(self.numbers)),
            strikes: self.strikes,
            transit_ms: 1_000,
        };
        match decide(&self.book, order)? {
            Decision::Already(entry) => Ok((entry, false)),
            Decision::Book(entry) => Ok((self.book.apply(entry), true)),
        }
    }

    fn label(&mut self, key: &str, reference: &str, city: &str) -> TrackingNumber {
        let (entry, booked) = self.order(key, request(reference, city)).unwrap();
        assert!(booked);
        number(&entry)
    }

    fn refused(&mut self, key: &str, reference: &str, city: &str) -> Option<RefusalCode> {
        match self.order(key, request(reference, city)).unwrap().0.kind {
            Kind::Refusal { code, .. } => Some(code),
            _ => None,
        }
    }

    fn set(&mut self, number: TrackingNumber, status: ShipmentStatus) -> bool {
        let entry = set(&self.book, number, status, self.now).unwrap();
        entry.map(|entry| self.book.apply(entry)).is_some()
    }

    /// Time passes; all steps that are due by then, as milliseconds since their labels.
    fn pass(&mut self, millis: i64) {
        self.now += TimeDelta::milliseconds(millis);
        while let Some(step) = self.book.due(self.now) {
            if !step.status.is_end() {
                self.book.go_on(&step);
                continue;
            }
            self.book.apply(CarrierEntry {
                sequence: self.book.next_sequence(),
                at: step.at,
                reference: step.reference,
                kind: Kind::End {
                    tracking_number: step.tracking_number,
                    status: step.status,
                },
            });
        }
    }

    fn status(&self, number: TrackingNumber) -> ShipmentStatus {
        self.book.shipment(number).unwrap().status
    }

    fn summary(&self) -> CarrierSummary {
        self.book.summary()
    }
}

fn request(reference: &str, city: &str) -> ShipRequest {
    ShipRequest {
        reference: reference.into(),
        order_reference: None,
        address: Some(Arc::new(Address {
            name: None,
            lines: vec![],
            city: Some(city.into()),
            postal_code: None,
            country: "DE".into(),
        })),
    }
}

fn number(entry: &CarrierEntry) -> TrackingNumber {
    match entry.kind {
        Kind::Label {
            tracking_number, ..
        } => tracking_number,
        _ => panic!("no label: {entry:?}"),
    }
}

#[test]
fn a_key_makes_one_label_and_belongs_to_one_request() {
    let mut counter = Counter::new(100);
    let first = counter.label("k", "s", "Berlin");
    let (again, booked) = counter.order("k", request("s", "Berlin")).unwrap();
    assert_eq!((number(&again), booked), (first, false));
    let mut others = vec![request("s2", "Berlin"), request("s", "Bonn")];
    others.push(ShipRequest {
        address: None,
        ..request("s", "Berlin")
    });
    others.push(ShipRequest {
        order_reference: Some("o".into()),
        ..request("s", "Berlin")
    });
    for other in others {
        assert_eq!(counter.order("k", other), Err(Refusal::KeyReused));
    }
    let second = counter.label("k2", "s", "Berlin");
    assert_ne!(first, second);
    let references = counter.summary().references;
    assert_eq!(references.by_labels, [(2, 1)].into());
    assert_eq!(
        (
            references.labelled_repeatedly,
            references.repeated[0].labels
        ),
        (1, 2)
    );
}

#[test]
fn a_refusal_is_one_for_good() {
    let mut counter = Counter::new(100);
    let unserved = Some(RefusalCode::AddressNotServed);
    assert_eq!(counter.refused("k1", "s1", "Nowhere"), unserved);
    assert_eq!(
        counter.refused("k2", "s2", "Illegible"),
        Some(RefusalCode::AddressIncomplete)
    );
    for (key, refused) in [("k3", unserved), ("k3", unserved), ("k4", None)] {
        assert_eq!(counter.refused(key, "s3", "Nowhere Yet"), refused, "{key}");
    }
    counter.strikes.refuse = true;
    assert_eq!(counter.refused("k5", "s5", "Berlin"), unserved);
    counter.strikes.refuse = false;
    assert_eq!(counter.refused("k5", "s5", "Berlin"), unserved);
    assert_eq!(counter.refused("k6", "s5", "Berlin"), None);
    let summary = counter.summary();
    assert_eq!((summary.counts.refused, summary.counts.labels), (4, 2));
    assert_eq!(summary.references.by_labels, [(0, 2), (1, 2)].into());
    assert_eq!(
        counter.book.shipment_by_key("k5").unwrap_err(),
        Refusal::UnknownShipment
    );
}

#[test]
fn shipments_go_on_with_time_and_ends_are_booked_in_order() {
    use ShipmentStatus as S;
    let mut counter = Counter::new(100);
    let made_at = counter.now;
    let slow = counter.label("k1", "s1", "Nobody Home");
    let lost = counter.label("k2", "s2", "Lost");
    let never = counter.label("k3", "s3", "Standstill");
    counter.pass(500);
    let late = counter.label("k4", "s4", "Berlin");
    let all = |counter: &Counter| [slow, lost, never, late].map(|number| counter.status(number));
    assert_eq!(
        all(&counter),
        [S::InTransit, S::InTransit, S::InTransit, S::Accepted]
    );
    counter.pass(500);
    assert_eq!(counter.status(slow), S::DeliveryFailed);
    assert_eq!(counter.summary().statuses.delivery_failed, 1);
    counter.pass(1_000_000);
    assert_eq!(
        all(&counter),
        [S::Delivered, S::Lost, S::InTransit, S::Delivered]
    );
    let ends = counter.book.entries(4, 10);
    let ends = ends.iter().map(|end| {
        let after = (end.at - made_at).num_milliseconds();
        (&*end.reference, after)
    });
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [("s4", 1_500), ("s1", 2_000), ("s2", 2_000)]
    );
    let delivered = counter.book.shipment(slow).unwrap();
    assert_eq!(delivered.since, made_at + TimeDelta::seconds(2));
    let statuses = counter.summary().statuses;
    assert_eq!(
        (statuses.delivered, statuses.lost, statuses.in_transit),
        (2, 1, 1)
    );
}

#[test]
fn faults_decide_where_the_address_does_not() {
    use ShipmentStatus as S;
    let mut counter = Counter::new(100);
    let all = Strikes {
        lose: true,
        send_back: true,
        miss: true,
        ..Strikes::default()
    };
    let mut ended = |key: &str, city: &str, strikes| {
        counter.strikes = strikes;
        let number = counter.label(key, key, city);
        counter.pass(10_000);
        counter.status(number)
    };
    assert_eq!(ended("k1", "Berlin", all), S::Lost);
    assert_eq!(
        ended("k2", "Berlin", Strikes { lose: false, ..all }),
        S::Returned
    );
    assert_eq!(ended("k3", "Nobody Home", all), S::Delivered);
}

#[test]
fn what_is_set_stays() {
    use ShipmentStatus as S;
    let mut counter = Counter::new(100);
    let number = counter.label("k", "s", "Lost");
    // It is there already, but would go on.
    assert!(counter.set(number, S::Accepted));
    counter.pass(10_000);
    assert_eq!(counter.status(number), S::Accepted);
    for status in [S::Delivered, S::InTransit, S::Returned] {
        assert!(counter.set(number, status));
        assert!(!counter.set(number, status));
        counter.pass(10_000);
        assert_eq!(counter.status(number), status);
    }
    let summary = counter.summary();
    assert_eq!((summary.counts.set, summary.counts.ended), (4, 0));
    assert_eq!(
        (summary.statuses.returned, summary.statuses.delivered),
        (1, 0)
    );
    let unknown = TrackingNumber::new(Uuid::from_u128(99));
    assert_eq!(
        set(&counter.book, unknown, S::Lost, counter.now),
        Err(Refusal::UnknownShipment)
    );
}

#[test]
fn the_oldest_entries_go_when_the_bound_is_reached() {
    let mut counter = Counter::new(3);
    let first = counter.label("k1", "s", "Standstill");
    counter.refused("k2", "s", "Nowhere Yet");
    counter.label("k3", "s", "Berlin");
    assert_eq!(counter.summary().references.labelled_repeatedly, 1);
    let last = counter.label("k4", "t", "Berlin");
    // The first label is forgotten with its key and its way.
    assert_eq!(
        counter.book.shipment(first).unwrap_err(),
        Refusal::UnknownShipment
    );
    assert_ne!(counter.label("k1", "s", "Standstill"), first);
    // The refusal went, so the reference's next attempt is the first again.
    assert!(counter.refused("k5", "s", "Nowhere Yet").is_some());
    counter.pass(10_000);
    let kept = counter.book.entries(0, 9);
    let kept: Vec<u64> = kept.iter().map(|entry| entry.sequence).collect();
    assert_eq!(kept, [5, 6, 7]);
    assert!(counter.book.shipment(last).is_err());
    let summary = counter.summary();
    assert_eq!((summary.dropped_entries, summary.counts.entries), (4, 7));
    assert_eq!((summary.counts.labels, summary.counts.refused), (4, 2));
    // Those that were dropped count as they were: two of them on their way, as is one that is kept.
    let statuses = summary.statuses;
    assert_eq!(statuses.delivered, 1);
    assert_eq!(statuses.accepted + statuses.in_transit, 3);
    assert_eq!(summary.references.by_labels, [(1, 1)].into());
}
