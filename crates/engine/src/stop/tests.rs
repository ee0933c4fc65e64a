//! The sorted stops against a scan of all of them.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;

/// One that looks at every stop at every price.
#[derive(Default)]
struct Naive {
    stops: Vec<Stop>,
}

impl Naive {
    /// The trigger of a stop, in the sign of its side.
    fn trigger(stop: &Stop) -> Price {
        let sign = stop.sign();
        let best = sign.of(stop.best);
        match stop.when {
            When::StopLoss(at) | When::TakeProfit(at) => sign.of(at),
            When::TrailDistance(by) => best.minus(by).unwrap(),
            When::TrailRate(by) => {
                let by = best.decimal().abs().times(by.decimal(), keelmark_book::Round::Down);
                best.minus(Price::new(by.unwrap())).unwrap()
            }
        }
    }

    /// What a price triggers, in order, all of it gone then.
    fn tick(&mut self, price: Price) -> Vec<Key> {
        let mut found = Vec::new();
        for stop in &mut self.stops {
            let sign = stop.sign();
            if sign.of(price) > sign.of(stop.best) {
                stop.best = price;
            }
            let trigger = Self::trigger(stop);
            if sign.of(price) <= trigger {
                let order = (sign as usize, std::cmp::Reverse(trigger), stop.placed);
                found.push((order, stop.key()));
            }
        }
        found.sort();
        self.stops.retain(|stop| !found.iter().any(|(_, key)| *key == stop.key()));
        found.into_iter().map(|(_, key)| key).collect()
    }
}

#[derive(Clone, Debug)]
enum Do {
    Place { kind: u8, buys: bool, size: i64 },
    Cancel(usize),
    Tick(i64),
    WriteAndRead,
}

fn steps() -> impl Strategy<Value = Vec<Do>> {
    let one = prop_oneof![
        5 => (0u8..4, any::<bool>(), 1i64..40)
            .prop_map(|(kind, buys, size)| Do::Place { kind, buys, size }),
        1 => any::<prop::sample::Index>().prop_map(|at| Do::Cancel(at.index(1_000))),
        6 => (900i64..1_100).prop_map(Do::Tick),
        1 => Just(Do::WriteAndRead),
    ];
    prop::collection::vec(one, 1..120)
}

fn stop(order: u64, kind: u8, buys: bool, size: i64, now: i64) -> Stop {
    let falls = (kind == 1) == buys;
    let at = Price::from_int(if falls { now - size } else { now + size });
    let when = match kind {
        0 => When::StopLoss(at),
        1 => When::TakeProfit(at),
        2 => When::TrailDistance(Price::from_int(size)),
        _ => When::TrailRate(Rate::new(
            Price::from_int(size)
                .decimal()
                .over(Price::from_int(400).decimal(), keelmark_book::Round::Nearest)
                .unwrap(),
        )),
    };
    Stop {
        account: AccountId::new(order as usize % 3),
        order,
        instrument: InstrumentId::new(0),
        when,
        source: Source::Mark(InstrumentId::new(0)),
        buys,
        quantity: None,
        price: None,
        reduce_only: true,
        isolated: false,
        other: None,
        placed: order,
        best: Price::from_int(now),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The same stops trigger in the same order as in a scan, through jumps, ties, cancellations
    /// and a copy that was written and read.
    #[test]
    fn a_scan_finds_the_same(steps in steps()) {
        let (mut all, mut naive) = (Stops::default(), Naive::default());
        let source = Source::Mark(InstrumentId::new(0));
        let (mut now, mut number) = (1_000, 0);
        for step in steps {
            match step {
                Do::Place { kind, buys, size } => {
                    let one = stop(number, kind, buys, size, now);
                    naive.stops.push(one.clone());
                    all.apply(Edit::Place(Box::new(one)));
                    number += 1;
                }
                Do::Cancel(at) => {
                    if naive.stops.is_empty() {
                        continue;
                    }
                    let gone = naive.stops.remove(at % naive.stops.len());
                    all.apply(Edit::Remove(gone.key()));
                }
                Do::Tick(price) => {
                    now = price;
                    let price = Price::from_int(price);
                    all.see(&source, price);
                    let found: Vec<Key> =
                        all.crossed(&source, price).into_iter().map(|(_, key)| key).collect();
                    prop_assert_eq!(&found, &naive.tick(price));
                    for key in found {
                        all.apply(Edit::Remove(key));
                    }
                }
                Do::WriteAndRead => {
                    let text = serde_json::to_string(&all).unwrap();
                    all = serde_json::from_str(&text).unwrap();
                    prop_assert_eq!(text, serde_json::to_string(&all).unwrap());
                }
            }
        }
        for one in &naive.stops {
            prop_assert_eq!(all.get(one.key()).unwrap().best, match one.when {
                When::StopLoss(_) | When::TakeProfit(_) => all.get(one.key()).unwrap().best,
                When::TrailDistance(_) | When::TrailRate(_) => one.best,
            });
        }
    }
}
