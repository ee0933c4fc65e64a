//! One day of a walk: its market, each book as it is that day, and what each model asks of it.

use super::contract::{Struck, close_of, price, strike, struck_on};
use crate::book::Book;
use crate::error::BacktestError;
use crate::world::{Horizon, State, World};
use keelmark_book::{Asset, Detail, InstrumentId, Market, Money, Portfolio, Position, Round};
use keelmark_margin::pool::{Funding, divide};
use keelmark_margin::requirement::{Answer, Requirements, requirements};
use keelmark_margin::{Document, RiskTable};
use serde::{Deserialize, Serialize};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Dollar coins: worth one.
const DOLLARS: [&str; 3] = ["USDC", "USDT", "USDE"];

/// A book on a day.
pub struct Held {
    /// The account, over the day's market.
    pub portfolio: Portfolio,
    /// What it is worth, USD.
    pub value: f64,
    /// What came of it.
    pub path: PathDay,
}

/// What a book's day was, whatever the model.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PathDay {
    /// Index price of its first asset.
    pub index: f64,
    /// Gross notional.
    pub notional: f64,
    /// Loss over the horizon.
    pub loss: f64,
    /// Log move of the first asset.
    pub moved: f64,
}

/// A day with its market.
pub struct Day {
    /// The market: every contract of every book.
    pub market: Market,
    /// The books in their order; none for one that is not held that day.
    pub held: Vec<Option<Held>>,
}

/// The states of an asset that a day needs.
type States = BTreeMap<Asset, (State, State)>;

impl Day {
    /// Makes the day: strikes, prices, accounts and their losses.
    pub fn new(
        world: &World,
        books: &[Book],
        (first, day): (usize, usize),
        horizon: Horizon,
    ) -> Result<Self, BacktestError> {
        let now = close_of(world.histories.days()[day]);
        let mut market = Market::new(now, Asset::usd(), "history");
        for name in DOLLARS {
            if let Ok(asset) = Asset::new(name) {
                market.set_asset(asset, price(1.0)?, now)?;
            }
        }
        let mut states = States::new();
        for asset in books.iter().flat_map(Book::assets) {
            if let Entry::Vacant(place) = states.entry(asset.clone()) {
                let both = (world.state(&asset, day)?, world.later(&asset, day, horizon)?);
                market.set_asset(asset, price(both.0.index)?, now)?;
                place.insert(both);
            }
        }
        let mut names = BTreeMap::new();
        let mut held = Vec::with_capacity(books.len());
        for book in books {
            if book.ends().is_some_and(|end| end <= now) {
                held.push(None);
                continue;
            }
            let struck_on = struck_on(world, book, first, day);
            let struck = book.legs.iter().map(|leg| strike(world, book, leg, struck_on));
            let struck = struck.collect::<Result<Vec<_>, _>>()?;
            let mut own = hold(world, book, &struck, &states, (day, horizon))?;
            for one in &struck {
                let state = &states[&one.instrument.base].0;
                let id = listed(&mut market, &mut names, world, one, state)?;
                let mark = market.quote(id).mark;
                // Profit was paid to now.
                let entry = (!one.instrument.is_option()).then_some(mark);
                own.portfolio.positions.push(Position::new(id, one.quantity, entry));
            }
            held.push(Some(own));
        }
        Ok(Self { market, held })
    }
}

/// The id of a contract, added to the market where it is new.
fn listed(
    market: &mut Market,
    names: &mut BTreeMap<String, InstrumentId>,
    world: &World,
    struck: &Struck,
    state: &State,
) -> Result<InstrumentId, BacktestError> {
    let name = struck.instrument.to_string();
    // The hour of an expiry is no part of the name.
    let key = match struck.instrument.expiry() {
        Some(expiry) => format!("{name} {}", expiry.nanos()),
        None => name.clone(),
    };
    if let Some(id) = names.get(&key) {
        return Ok(*id);
    }
    let quote = struck.quote(world, state, market.as_of)?;
    let native = name.split_once(':').map_or(name.as_str(), |(_, native)| native).to_owned();
    let mut instrument = struck.instrument.clone();
    instrument.venue_symbol = native;
    let id = market.add(instrument, quote)?;
    if struck.instrument.is_option() {
        // What a forward grows by is what a payment at its expiry is discounted by.
        market.set_detail(id, Detail { rate: Some(state.basis), ..Detail::default() })?;
    }
    names.insert(key, id);
    Ok(id)
}

/// A book's account without its positions, its value and what came of it.
fn hold(
    world: &World,
    book: &Book,
    struck: &[Struck],
    states: &States,
    (day, horizon): (usize, Horizon),
) -> Result<Held, BacktestError> {
    let now = close_of(world.histories.days()[day]);
    let mut portfolio = Portfolio::new(&book.name);
    let (mut value, mut gain, mut notional) = (0.0, 0.0, 0.0);
    for (asset, coins) in &book.coins {
        let (state, later) = &states[asset];
        portfolio.deposit(asset.clone(), Money::from_f64(*coins, Round::Nearest)?)?;
        value += coins * state.index;
        gain += coins * (later.index - state.index);
    }
    for one in struck {
        let (state, later) = &states[&one.instrument.base];
        value += one.value(world, state, now);
        gain += one.gain(world, (day, horizon), state, later)?;
        notional += one.notional(state);
    }
    let path = match book.assets().first().and_then(|asset| states.get(asset)) {
        None => PathDay { notional, loss: -gain, ..PathDay::default() },
        Some((state, later)) => PathDay {
            index: state.index,
            notional,
            loss: -gain,
            moved: keelmark_kernels::ln(later.index / state.index),
        },
    };
    Ok(Held { portfolio, value, path })
}

/// What stands against a loss at the initial and the maintenance level, USD: the requirement, and
/// what haircuts hold back besides.
pub fn cover(document: &Document, market: &Market, held: &Held) -> Result<[f64; 2], BacktestError> {
    let answers = requirements(document, market, &held.portfolio)?;
    against(market, held, answers.iter().map(|one| (&one.currency, one.answer)))
}

fn against<'a>(
    market: &Market,
    held: &Held,
    answers: impl Iterator<Item = (&'a Asset, Answer)>,
) -> Result<[f64; 2], BacktestError> {
    let (mut initial, mut maintenance, mut equity) = (0.0, 0.0, 0.0);
    for (currency, answer) in answers {
        let worth = market.price(currency)?.to_f64();
        initial += answer.initial.to_f64() * worth;
        maintenance += answer.maintenance.to_f64() * worth;
        equity += answer.equity.to_f64() * worth;
    }
    let held_back = held.value - equity;
    Ok([initial + held_back, maintenance + held_back])
}

/// A model on a day with rows for all that some books hold, made once for all of them.
pub struct Tables<'a> {
    document: &'a Document,
    market: &'a Market,
    by_currency: BTreeMap<Asset, RiskTable>,
}

impl<'a> Tables<'a> {
    /// Rows of the contracts of these books. Where a pool's rows cannot be shared - it posts its
    /// margin first - there are none, and its book is asked alone.
    pub fn new<'b>(
        document: &'a Document,
        market: &'a Market,
        held: impl Iterator<Item = &'b Held>,
    ) -> Result<Self, BacktestError> {
        let mut ids: BTreeMap<Asset, BTreeSet<InstrumentId>> = BTreeMap::new();
        for one in held {
            for pool in divide(&one.portfolio, document, market) {
                if pool.funding == Funding::Given {
                    let own = pool.instruments();
                    ids.entry(pool.currency).or_default().extend(own);
                }
            }
        }
        let mut by_currency = BTreeMap::new();
        for (currency, ids) in ids {
            let ids: Vec<InstrumentId> = ids.into_iter().collect();
            let table = RiskTable::compile(document, market, &ids, &currency)?;
            by_currency.insert(currency, table);
        }
        Ok(Self { document, market, by_currency })
    }

    /// As [`cover`], over the shared rows.
    pub fn cover(&self, held: &Held) -> Result<[f64; 2], BacktestError> {
        let pools = divide(&held.portfolio, self.document, self.market);
        if pools.iter().any(|pool| pool.funding != Funding::Given) {
            return cover(self.document, self.market, held);
        }
        let mut answers = Vec::with_capacity(pools.len());
        for pool in pools {
            let Some(table) = self.by_currency.get(&pool.currency) else {
                return cover(self.document, self.market, held);
            };
            let answer = Requirements::new(self.document, self.market, table)?.of(&pool)?;
            answers.push((pool.currency, answer));
        }
        against(self.market, held, answers.iter().map(|(currency, answer)| (currency, *answer)))
    }
}

/// Why a model cannot margin a book at all, where it can say so beforehand.
pub fn unsuited(document: &Document, book: &Book) -> Option<String> {
    let refused =
        |(asset, coins): &&(Asset, f64)| *coins > 0.0 && document.collateral.of(asset).is_none();
    let (asset, _) = book.coins.iter().find(refused)?;
    Some(format!("{} does not take {asset} as collateral", document.name))
}
