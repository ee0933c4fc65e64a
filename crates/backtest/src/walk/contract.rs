//! A leg on a day: the contract that was struck for it, what it is worth and what it loses.

use crate::book::{Book, Leg, LegKind, Restrike, Strike, Tenor};
use crate::error::{BacktestError, date};
use crate::history::DAY;
use crate::world::{Horizon, State, World};
use keelmark_book::{Instrument, Kind, Price, Quantity, Quote, Right, Round};
use keelmark_pricing::option;
use keelmark_units::{Decimal, Timestamp};

/// Significant digits of strikes that are struck.
const STRIKE_DIGITS: i32 = 7;
/// Decimal places of prices and marks.
const PLACES: u32 = 12;
/// A dollar in a million is nothing: how many lots a leg may be rounded by.
const MOST_LOTS: f64 = 9e15;

/// A contract of a leg.
#[derive(Clone, Debug)]
pub struct Struck {
    /// The contract, without its names.
    pub instrument: Instrument,
    /// How many, long above zero.
    pub quantity: Quantity,
    /// Contracts times their size: coins, or dollars of an inverse contract.
    units: f64,
    /// Dollars of face rather than coins.
    face: bool,
    /// Strike and right of an option.
    option: Option<(f64, Right)>,
}

/// When the last price of a day was made.
pub fn close_of(day: Timestamp) -> Timestamp {
    day.plus_nanos(DAY)
}

/// The day on which what a book holds on a day was struck.
pub fn struck_on(world: &World, book: &Book, first: usize, day: usize) -> usize {
    let days = world.histories.days();
    let number = |at: usize| days[at].nanos().div_euclid(DAY);
    let begins = match book.restrike {
        Restrike::Daily => return day,
        Restrike::Monthly => {
            let month = |at: usize| (days[at].date().0, days[at].date().1);
            (first..=day).rev().take_while(|at| month(*at) == month(day)).last()
        }
        Restrike::Expiry => {
            // Whole days, counted from 1970, so that no part of a walk needs another.
            let length = book.shortest_days().map_or(1, |days| (days.floor() as i64).max(1));
            let start = number(day).div_euclid(length) * length;
            (first..=day).rev().take_while(|at| number(*at) >= start).last()
        }
    };
    let begins = begins.unwrap_or(day);
    let shortest = book.shortest_days().map_or(f64::INFINITY, |days| days);
    // A leg that would have expired is struck anew at its last day, and so on.
    (begins..=day).fold(begins, |struck, at| {
        if days[at].days_since(days[struck]) >= shortest { at } else { struck }
    })
}

/// Strikes the contract of a leg.
pub fn strike(world: &World, book: &Book, leg: &Leg, day: usize) -> Result<Struck, BacktestError> {
    let state = world.state(&leg.base, day)?;
    let now = close_of(world.histories.days()[day]);
    let expiry = |tenor: Tenor| match tenor {
        Tenor::At(time) => time,
        Tenor::Days(days) => now.plus_nanos((days * DAY as f64).round() as i64),
    };
    let refused = |problem: String| {
        let on = date(world.histories.days()[day]);
        BacktestError::book(&book.name, format!("{} on {on}: {problem}", leg.base))
    };
    let kind = match leg.kind {
        LegKind::Perpetual => Kind::Perpetual,
        LegKind::Future(tenor) => Kind::Future { expiry: expiry(tenor) },
        LegKind::Option { tenor, strike, right } => {
            let expiry = expiry(tenor);
            let years = expiry.years_since(now).max(0.0);
            let at = match strike {
                Strike::At(price) => price,
                Strike::Moneyness(times) => struck_at(state.forward(years) * times)?,
                Strike::Delta(delta) => {
                    struck_at(world.strike_of_delta(&state, years, right, delta))?
                }
            };
            if !at.is_positive() {
                return Err(refused("its strike rounds to zero".to_owned()));
            }
            Kind::Option { expiry, strike: at, right }
        }
    };
    let option = match kind {
        Kind::Option { strike, right, .. } => Some((strike.to_f64(), right)),
        _ => None,
    };
    let face = leg.is_inverse() && option.is_none();
    let size = leg.contract_size.to_f64();
    let contracts = if face { leg.coins * state.index / size } else { leg.coins / size };
    let lots = (contracts / leg.lot.to_f64()).round();
    if lots == 0.0 || lots.abs() > MOST_LOTS {
        let problem = format!("{} coins are {lots} lots of {}: another size", leg.coins, leg.lot);
        return Err(refused(problem));
    }
    let quantity = Decimal::from_int(lots as i64).times(leg.lot.decimal(), Round::Nearest)?;
    let quantity = Quantity::new(quantity);
    let instrument = Instrument {
        venue: leg.venue.clone(),
        venue_symbol: String::new(),
        base: leg.base.clone(),
        quote: leg.quote.clone(),
        settle: leg.settle.clone(),
        kind,
        contract_size: leg.contract_size,
        lot: leg.lot,
    };
    Ok(Struck { instrument, quantity, units: quantity.to_f64() * size, face, option })
}

/// A strike with few digits, as exchanges list them.
fn struck_at(price: f64) -> Result<Price, BacktestError> {
    let places = STRIKE_DIGITS - 1 - price.log10().floor() as i32;
    let places = places.clamp(0, 18) as u32;
    let exact = Decimal::from_f64(price, Round::Nearest)?;
    Ok(Price::new(exact.round_to(places, Round::Nearest)))
}

/// A price of a market.
pub fn price(value: f64) -> Result<Price, BacktestError> {
    let exact = Decimal::from_f64(value, Round::Nearest)?;
    Ok(Price::new(exact.round_to(PLACES, Round::Nearest)))
}

impl Struck {
    fn years(&self, now: Timestamp) -> f64 {
        self.instrument.expiry().map_or(0.0, |expiry| expiry.years_since(now).max(0.0))
    }

    /// Gross notional in USD.
    pub fn notional(&self, state: &State) -> f64 {
        if self.face { self.units.abs() } else { self.units.abs() * state.index }
    }

    /// What the market says about it.
    pub fn quote(
        &self,
        world: &World,
        state: &State,
        now: Timestamp,
    ) -> Result<Quote, BacktestError> {
        let years = self.years(now);
        let forward = state.forward(years);
        let (mark, iv) = match self.option {
            None => (forward, None),
            Some((strike, right)) => {
                let terms = world.terms(state, years, strike, right);
                (option::mark(&terms, self.instrument.is_inverse()), Some(terms.vol))
            }
        };
        let forward = if iv.is_some() { Some(price(forward)?) } else { None };
        Ok(Quote { mark: price(mark)?, iv, forward, bid: None, ask: None, as_of: now })
    }

    /// What it is worth in USD: of an option its value, of the rest nothing, as its profit was
    /// paid to now.
    pub fn value(&self, world: &World, state: &State, now: Timestamp) -> f64 {
        let Some((strike, right)) = self.option else { return 0.0 };
        let terms = world.terms(state, self.years(now), strike, right);
        self.units * self.in_usd(option::value(&terms), terms.forward, state)
    }

    /// A value per coin in USD: of a coin that pays in itself, the coins at the index price.
    fn in_usd(&self, value: f64, forward: f64, state: &State) -> f64 {
        if self.instrument.is_inverse() { value / forward * state.index } else { value }
    }

    /// What it gains in USD over a horizon, funding paid.
    pub fn gain(
        &self,
        world: &World,
        (day, horizon): (usize, Horizon),
        now: &State,
        then: &State,
    ) -> Result<f64, BacktestError> {
        let days = world.histories.days();
        let start = close_of(days[day]);
        let elapsed = days[day + horizon.steps].nanos() - days[day].nanos();
        let end = start.plus_nanos((elapsed as f64 * horizon.share).round() as i64);
        let expired = self.instrument.expiry().filter(|expiry| *expiry <= end);
        let settled = match expired {
            Some(expiry) => self.settled(world, (day, horizon), expiry, then)?,
            None => *then,
        };
        let at = expired.unwrap_or(end);
        let Some((strike, right)) = self.option else {
            let (f0, f1) = (now.forward(self.years(start)), settled.forward(self.years(at)));
            let mut gain = if self.face {
                self.units * (1.0 / f0 - 1.0 / f1) * then.index
            } else {
                self.units * (f1 - f0)
            };
            if self.instrument.kind == Kind::Perpetual {
                let notional = if self.face { self.units } else { self.units * now.index };
                gain -= notional * world.funding(&self.instrument.base, day, horizon)?;
            }
            return Ok(gain);
        };
        let terms = world.terms(&settled, self.years(at), strike, right);
        let value = option::value(&terms);
        // What was paid in coin at expiry moves on with the coin.
        let later = self.units * self.in_usd(value, terms.forward, then);
        Ok(later - self.value(world, now, start))
    }

    /// The state at an expiry within a horizon: that of the first day behind it.
    fn settled(
        &self,
        world: &World,
        (day, horizon): (usize, Horizon),
        expiry: Timestamp,
        then: &State,
    ) -> Result<State, BacktestError> {
        let days = world.histories.days();
        let behind = (1..=horizon.steps).find(|step| close_of(days[day + step]) >= expiry);
        match behind {
            Some(step) if step < horizon.steps || horizon.share >= 1.0 => {
                world.state(&self.instrument.base, day + step)
            }
            _ => Ok(*then),
        }
    }
}
