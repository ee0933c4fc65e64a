//! Interest in the reference: what every balance owes is weighed exactly, as a fraction.
//!
//! The engine rounds at every step, charges up and payments down, and how often is its own matter.
//! So its amounts are held against the exact ones, which they may miss by a step of 10^-18 for each
//! rounding and never to anybody's favour but the house's, and then taken over.

use super::{Decision, Reference, ensure};
use crate::holdings::{big, one};
use keelmark_book::{Asset, Decimal, Rate, Timestamp};
use keelmark_engine::Event;
use keelmark_engine::interest::{Terms, Yearly};
use keelmark_engine::ledger::Named;
use num_bigint::BigInt;

/// Nanoseconds of 365 days.
const YEAR: i64 = 365 * 86_400 * 1_000_000_000;

/// How long a balance stood: amounts times nanoseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stood {
    since: Timestamp,
    owed: BigInt,
    held: BigInt,
    /// Pieces of time, each of which the engine may round.
    pieces: u64,
    /// Whether any piece of what was held is worth a step in a year.
    counts: bool,
}

impl Stood {
    pub fn new(since: Timestamp) -> Self {
        Self { since, ..Self::default() }
    }

    pub fn until(&mut self, balance: &BigInt, now: Timestamp) {
        let weight = balance * (now.nanos() - self.since.nanos());
        self.since = now;
        self.pieces += 1;
        if weight < BigInt::ZERO {
            self.owed -= weight;
        } else {
            self.counts |= weight >= BigInt::from(YEAR);
            self.held += weight;
        }
    }
}

fn are_sound(terms: Terms) -> bool {
    let share =
        |rate: Rate, most: i64| rate >= Rate::ZERO && rate <= Rate::new(Decimal::from_int(most));
    let rates = match terms.yearly {
        Yearly::Rate(rate) => vec![rate],
        Yearly::Curve(curve) => vec![curve.base, curve.low_slope, curve.high_slope, curve.kink],
    };
    share(terms.lenders, 1) && rates.into_iter().all(|rate| share(rate, 1_000))
}

/// The yearly rate at a utilisation, as a fraction in floating point: two lines that meet.
fn rate_at(yearly: Yearly, used: f64) -> f64 {
    let of = |rate: Rate| rate.decimal().to_f64();
    match yearly {
        Yearly::Rate(rate) => of(rate),
        Yearly::Curve(curve) => {
            let kink = of(curve.kink);
            let (low, high) = (used.min(kink), (used - kink).max(0.0));
            of(curve.base) + low * of(curve.low_slope) + high * of(curve.high_slope)
        }
    }
}

fn float(number: &BigInt) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

/// One asset's charge as the engine says it.
struct Said {
    rate: Rate,
    charged: BigInt,
    paid: BigInt,
    /// What went from whose balance, or below zero to it.
    amounts: Vec<(String, BigInt)>,
    house: BigInt,
}

impl Reference {
    /// Whether interest on some asset is not charged yet.
    pub(super) fn is_pending(&self, name: &str) -> bool {
        let Some(held) = self.accounts.get(name) else { return false };
        let mut stood = held.stood.iter();
        stood.any(|(asset, stood)| {
            let Some(terms) = self.terms.get(asset) else { return false };
            stood.owed > BigInt::ZERO || terms.lenders > Rate::ZERO && stood.counts
        })
    }

    pub(super) fn interest(
        &mut self,
        asset: &Asset,
        terms: Option<Terms>,
        heard: &[Event],
    ) -> Decision {
        ensure(terms.is_none_or(are_sound))?;
        self.charge(asset, heard);
        match terms {
            Some(terms) => drop(self.terms.insert(asset.clone(), terms)),
            None => drop(self.terms.remove(asset)),
        }
        let since = self.now;
        for held in self.accounts.values_mut() {
            held.stood.insert(asset.clone(), Stood::new(since));
        }
        Some(())
    }

    pub(super) fn accrue(&mut self, asset: Option<&Asset>, heard: &[Event]) -> Decision {
        ensure(asset.is_none_or(|asset| self.terms.contains_key(asset)))?;
        let all: Vec<Asset> = self.terms.keys().cloned().collect();
        for one in all.iter().filter(|one| asset.is_none_or(|asset| asset == *one)) {
            self.charge(one, heard);
        }
        Some(())
    }

    fn charge(&mut self, asset: &Asset, heard: &[Event]) {
        let Some(terms) = self.terms.get(asset).copied() else { return };
        let weighed = self.weighed(asset);
        let result = Self::said(asset, heard)
            .and_then(|said| checked(terms, &weighed, &said).map(|()| said));
        match result {
            Err(problem) => {
                self.fault.get_or_insert(format!("interest on {asset}: {problem}"));
            }
            Ok(said) => {
                for (name, amount) in said.amounts {
                    self.pay(&name, asset, &-amount);
                }
            }
        }
        let since = self.now;
        for held in self.accounts.values_mut() {
            held.stood.insert(asset.clone(), Stood::new(since));
        }
    }

    /// How long every balance of an asset stood until now.
    fn weighed(&self, asset: &Asset) -> Vec<(String, Stood)> {
        let (now, nothing) = (self.now, BigInt::ZERO);
        let weigh = |(name, held): (&String, &super::Held)| {
            let mut stood = held.stood.get(asset).cloned()?;
            stood.until(held.cash.get(asset).unwrap_or(&nothing), now);
            Some((name.clone(), stood))
        };
        self.accounts.iter().filter_map(weigh).collect()
    }

    fn said(asset: &Asset, heard: &[Event]) -> Result<Said, String> {
        let accrued = heard.iter().find_map(|event| match event {
            Event::Accrued { asset: of, rate, charged, paid, .. } if of == asset => {
                Some((*rate, big(charged.decimal()), big(paid.decimal())))
            }
            _ => None,
        });
        let (rate, charged, paid) = accrued.ok_or("nothing was charged")?;
        let mut said = Said { rate, charged, paid, amounts: Vec::new(), house: BigInt::ZERO };
        for event in heard {
            let Event::Posted(posted) = event else { continue };
            let amount = big(posted.amount.decimal());
            match (&posted.from, &posted.to) {
                _ if posted.asset != *asset => {}
                (Named::Account(name), Named::Interest) => {
                    said.amounts.push((name.clone(), amount));
                }
                (Named::Interest, Named::Account(name)) => {
                    said.amounts.push((name.clone(), -amount));
                }
                (Named::Interest, Named::Fees) => said.house += amount,
                _ => {}
            }
        }
        Ok(said)
    }
}

/// Holds what was charged and paid against the exact amounts.
fn checked(terms: Terms, weighed: &[(String, Stood)], said: &Said) -> Result<(), String> {
    let all_owed: BigInt = weighed.iter().map(|(_, stood)| &stood.owed).sum();
    let all_held: BigInt = weighed.iter().map(|(_, stood)| &stood.held).sum();
    let used = if all_held == BigInt::ZERO && all_owed > BigInt::ZERO {
        1.0
    } else {
        (float(&all_owed) / float(&all_held).max(1.0)).min(1.0)
    };
    let (rate, exact) = (said.rate.decimal().to_f64(), rate_at(terms.yearly, used));
    // Weights of a few steps are rounded to whole ones, which a rate of next to nothing shows.
    let fine = all_owed < BigInt::from(YEAR) * 1_000_000_000;
    if !fine && (rate - exact).abs() > 1e-6 * exact.abs().max(1e-3) {
        return Err(format!("the rate is {rate}, expected {exact}"));
    }
    let (raw, year) = (big(said.rate.decimal()), BigInt::from(YEAR) * one());
    let (mut charged, mut paid) = (BigInt::ZERO, BigInt::ZERO);
    let lent = &said.charged * big(terms.lenders.decimal()) / one();
    for (name, stood) in weighed {
        let mine = said.amounts.iter().filter(|(whose, _)| whose == name);
        let (mut owes, mut gets) = (BigInt::ZERO, BigInt::ZERO);
        for (_, amount) in mine {
            let sum = if *amount > BigInt::ZERO { &mut owes } else { &mut gets };
            *sum += BigInt::from(amount.magnitude().clone());
        }
        let above = &owes * &year - &stood.owed * &raw;
        let steps = (&raw / one() + 1) * (stood.pieces + 1) + 1;
        if above < BigInt::ZERO || above > steps * &year {
            return Err(format!("{name} is charged {owes}, of {stood:?} at {rate}"));
        }
        if gets > BigInt::ZERO {
            let exact = float(&lent) * (float(&stood.held) / float(&all_held));
            if (float(&gets) - exact).abs() > 1e-6 * exact + 1e6 {
                return Err(format!("{name} is paid {gets}, expected {exact}"));
            }
        }
        charged += owes;
        paid += gets;
    }
    let all = (charged == said.charged, paid == said.paid, paid <= lent);
    if all != (true, true, true) || said.house != &said.charged - &lent && all_held > BigInt::ZERO {
        let house = &said.house;
        return Err(format!("charged {charged}, paid {paid} of {lent}, house {house}: {all:?}"));
    }
    Ok(())
}
