//! How instruments end, in the reference: every index price ever told is kept, and the mean of a
//! window is the sum of all its pieces.

use super::{Decision, Reference, ensure};
use crate::facts;
use crate::holdings::{big, nearest, one, paid_at_end, small, value};
use keelmark_book::{Asset, Instrument, InstrumentId, Kind, Price, Rate, Timestamp};
use keelmark_engine::delivery::{Last, Rule};
use keelmark_engine::event::Why;
use num_bigint::BigInt;
use std::collections::BTreeMap;

const SECOND: i64 = 1_000_000_000;

/// The end of an instrument.
#[derive(Clone, Debug)]
struct End {
    at: Timestamp,
    last: Last,
    /// Where its window begins.
    from: Timestamp,
    delisted: bool,
    settled: bool,
    /// Its end has come without a price.
    waits: bool,
}

/// Ends, rules, and every price that counts for them.
#[derive(Debug, Default)]
pub(super) struct Ends {
    of: BTreeMap<InstrumentId, End>,
    rules: BTreeMap<Asset, Rule>,
    told: BTreeMap<Asset, Vec<(Timestamp, BigInt)>>,
}

/// Of an asset that no price was told of: the market's own currency is always at one.
const NOTHING: &[(Timestamp, BigInt)] = &[];

fn begin(at: Timestamp, last: Last, now: Timestamp) -> Timestamp {
    match last {
        Last::Mark => at,
        Last::Average(rule) => {
            at.plus_nanos(-i64::from(rule.window_seconds) * SECOND).max(now).min(at)
        }
    }
}

fn is_sound(rule: Rule) -> bool {
    rule.window_seconds > 0 && rule.coverage >= Rate::ZERO && rule.coverage <= Rate::ONE
}

impl Ends {
    /// An index price was told.
    pub fn tell(&mut self, asset: &Asset, at: Timestamp, price: Price) {
        self.told.entry(asset.clone()).or_default().push((at, big(price.decimal())));
    }

    fn told(&self, asset: &Asset) -> &[(Timestamp, BigInt)] {
        self.told.get(asset).map_or(NOTHING, Vec::as_slice)
    }

    fn price(&self, asset: &Asset, at: Timestamp) -> Option<BigInt> {
        let told = self.told(asset);
        if told.is_empty() && *asset == Asset::usd() {
            return Some(one());
        }
        let before = told.partition_point(|(when, _)| *when <= at);
        told.get(before.checked_sub(1)?).map(|(_, price)| price.clone())
    }

    /// The mean of an index in another between two times, where there was one for long enough.
    fn mean(&self, one_of: &Instrument, end: &End, least: Rate) -> Option<BigInt> {
        let (from, to) = (end.from, end.at);
        let mut times = vec![from, to];
        for asset in [&one_of.base, &one_of.quote] {
            let told = self.told(asset);
            let first = told.partition_point(|(when, _)| *when <= from);
            times.extend(told[first..].iter().map(|(when, _)| *when).take_while(|when| *when < to));
        }
        times.sort();
        times.dedup();
        let (mut sum, mut nanos) = (BigInt::ZERO, 0);
        for piece in times.windows(2) {
            let pair = self.price(&one_of.base, piece[0]).zip(self.price(&one_of.quote, piece[0]));
            let Some((base, quote)) = pair else { continue };
            let held = piece[1].nanos() - piece[0].nanos();
            sum += nearest(&(base * one()), &quote) * held;
            nanos += held;
        }
        let span = BigInt::from((to.nanos() - from.nanos()).max(1));
        let live = BigInt::from(nanos) * one() / span >= big(least.decimal());
        (nanos > 0 && live).then(|| nearest(&sum, &BigInt::from(nanos)))
    }

    fn first_due(&self, by: Timestamp) -> Option<(Timestamp, InstrumentId)> {
        let due = self.of.iter().filter(|(_, end)| !end.settled && !end.waits && end.at <= by);
        due.map(|(id, end)| (end.at, *id)).min()
    }
}

impl Reference {
    /// Whether an instrument is traded now, or at least its positions may be reduced.
    pub(crate) fn traded(&self, id: InstrumentId, reduces: bool) -> Decision {
        let Some(end) = self.ends.of.get(&id) else { return Some(()) };
        ensure(!end.settled && end.at > self.now && (reduces || !end.delisted))
    }

    /// A new instrument, which may have an end.
    pub(super) fn listed(&mut self, id: InstrumentId) {
        let one_of = self.market.instruments.get(id);
        let Some(at) = one_of.expiry() else { return };
        let last = Last::Average(self.ends.rules.get(&one_of.base).copied().unwrap_or_default());
        let from = begin(at, last, self.now);
        self.ends
            .of
            .insert(id, End { at, last, from, delisted: false, settled: false, waits: false });
    }

    pub(super) fn settlement(&mut self, asset: &Asset, rule: Rule) -> Decision {
        ensure(is_sound(rule))?;
        self.ends.rules.insert(asset.clone(), rule);
        let (now, instruments) = (self.now, &self.market.instruments);
        for (id, end) in &mut self.ends.of {
            let ahead = matches!(end.last, Last::Average(_)) && end.from > now;
            if instruments.get(*id).base == *asset && ahead && !end.delisted {
                end.last = Last::Average(rule);
                end.from = begin(end.at, end.last, now);
            }
        }
        Some(())
    }

    pub(super) fn delist(&mut self, name: &str, at: Timestamp, last: Last) -> Decision {
        let id = self.market.instruments.find(name).ok()?;
        self.traded(id, false)?;
        ensure(at > self.now)?;
        let expiry = self.market.instruments.get(id).expiry();
        ensure(expiry.is_none_or(|expiry| at < expiry))?;
        if let Last::Average(rule) = last {
            let begins = at.plus_nanos(-i64::from(rule.window_seconds) * SECOND);
            ensure(is_sound(rule) && begins >= self.now)?;
        }
        let from = begin(at, last, self.now);
        self.ends
            .of
            .insert(id, End { at, last, from, delisted: true, settled: false, waits: false });
        self.cancel_all(id, false);
        Some(())
    }

    fn cancel_all(&mut self, id: InstrumentId, reducing: bool) {
        for (name, held) in &mut self.accounts {
            held.orders.retain(|number, order| {
                let gone = order.instrument == id && (reducing || !order.reduce_only);
                if gone {
                    self.facts.push(facts::cancelled(name, *number));
                    self.touched.insert(name.clone());
                }
                !gone
            });
        }
        for (name, number) in self.stops.ended(id, reducing) {
            self.stops.remove(&name, number);
            self.facts.push(facts::stop_cancelled(&name, number, Why::Ended));
        }
    }

    /// Time passes to a command's: what ends by then settles at its own instant.
    pub(super) fn pass(&mut self, to: Timestamp) {
        loop {
            let (end, change) = (self.ends.first_due(to), self.change_due(to));
            // At one instant what ends comes first.
            if let Some((at, number)) = change.filter(|(at, _)| end.is_none_or(|end| *at < end.0)) {
                self.now = at.max(self.now);
                self.seen(self.now);
                self.change_steps(number);
                continue;
            }
            let Some((at, id)) = end else { break };
            self.now = at.max(self.now);
            self.seen(self.now);
            if let Some(price) = self.last_price(id) {
                if self.deliver(id, &price).is_none() {
                    let fault = format!("the reference cannot settle {id:?} at {price}");
                    self.fault.get_or_insert(fault);
                }
            } else {
                self.missed(id);
            }
            self.follow(None);
        }
        self.now = to;
        self.seen(to);
    }

    /// The price that an instrument ends at, if there is one.
    fn last_price(&self, id: InstrumentId) -> Option<BigInt> {
        let end = self.ends.of.get(&id)?;
        match end.last {
            Last::Mark => Some(big(self.market.quote(id).mark.decimal())),
            Last::Average(rule) => {
                self.ends.mean(self.market.instruments.get(id), end, rule.coverage)
            }
        }
    }

    /// The end has come without a price: what was delisted is tried again over the next window,
    /// what expired waits for the venue.
    fn missed(&mut self, id: InstrumentId) {
        self.facts.push(facts::missed());
        let (now, expiry) = (self.now, self.market.instruments.get(id).expiry());
        let Some(end) = self.ends.of.get_mut(&id) else { return };
        end.waits = !end.delisted || expiry.is_some_and(|expiry| end.at >= expiry);
        if let (Last::Average(rule), false) = (end.last, end.waits) {
            let at = end.at.plus_nanos(i64::from(rule.window_seconds) * SECOND);
            end.at = expiry.map_or(at, |expiry| at.min(expiry));
            end.from = begin(end.at, end.last, now);
        }
    }

    /// The venue says the price of what waits for one.
    pub(super) fn settle(&mut self, name: &str, price: Option<Price>) -> Decision {
        let id = self.market.instruments.find(name).ok()?;
        ensure(self.ends.of.get(&id)?.waits)?;
        let price = price.filter(|price| price.is_positive())?;
        self.deliver(id, &big(price.decimal()))
    }

    fn deliver(&mut self, id: InstrumentId, price: &BigInt) -> Decision {
        let end = self.ends.of.get_mut(&id)?;
        (end.settled, end.waits) = (true, false);
        let last = end.last;
        let one_of = self.market.instruments.get(id).clone();
        let (spot, symbol) = (one_of.kind == Kind::Spot, one_of.to_string());
        let told = Price::new(small(price)?);
        self.facts.push(facts::delivered(&symbol, Some(told).filter(|_| !spot)));
        self.cancel_all(id, true);
        let lot = big(one_of.lot.decimal());
        let each = match last {
            Last::Average(_) if one_of.is_option() => paid_at_end(&one_of, &lot, price)?,
            _ => value(&one_of, &lot, price),
        };
        let names: Vec<String> = self.accounts.keys().cloned().collect();
        for (name, alone) in names.iter().flat_map(|name| [(name, false), (name, true)]) {
            let held = self.accounts.get_mut(name)?;
            let Some(fills) = held.positions.remove(&(id, alone)) else { continue };
            let worth = &fills.sum().quantity / &lot * &each;
            let profit = &worth - &fills.sum().cost;
            let paid = if one_of.is_option() { worth } else { profit.clone() };
            let quantity = small(&fills.sum().quantity)?;
            let figures = [quantity, small(&paid)?, small(&profit)?];
            let mut left = paid;
            if alone {
                left += held.margins.remove(&id)?;
                if left < BigInt::ZERO {
                    self.facts.push(facts::shortfall(name, &symbol, small(&-&left)?));
                    left = BigInt::ZERO;
                }
            }
            self.facts.push(facts::settled(name, &symbol, figures));
            self.touched.insert(name.clone());
            self.pay(name, &one_of.settle, &left);
        }
        Some(())
    }
}
