//! The frame of a table: its units, columns and buckets, and the moves of each column, before any
//! option is priced.

use super::{Bucket, Cell, Line, Unit};
use crate::document::Document;
use crate::error::MarginError;
use crate::joint::JointMoves;
use crate::scan::{PriceUnit, Scan, Scenario, VolMove};
use keelmark_book::{Asset, Instrument, InstrumentId, Kind, Market, Money, Price, Round};
use std::collections::BTreeSet;

/// Units, columns and buckets.
pub(super) struct Frame {
    pub units: Vec<Unit>,
    pub cells: Vec<Cell>,
    pub buckets: Vec<Bucket>,
    pub lines: Vec<Line>,
    /// The bucket of each unit's coin.
    pub coin_buckets: Vec<usize>,
}

/// The moves of every column for one price, and what a profit in each is multiplied by.
#[derive(Default)]
pub(super) struct Moves {
    /// What the price is multiplied by.
    pub factor: Vec<f64>,
    /// Logarithm of it.
    pub ln_factor: Vec<f64>,
    /// Weight of the scenario, with the weight beyond the range.
    pub weight: Vec<f64>,
    /// What a coin counts for when it is turned into the pool's currency: its price after the
    /// move, or its price at the edge for a move beyond the range.
    pub coin_factor: Vec<f64>,
    /// What the price of a coin that profits settle in is multiplied by: the price that moves,
    /// or in joint scenarios its index, from which a future's basis may depart.
    pub settle_factor: Vec<f64>,
    /// Fraction of notional that a long pays, of a perpetual; empty where nothing is paid.
    pub paid: Vec<f64>,
}

/// What a price is of, besides its underlying: what joint moves add to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Carry {
    /// Neither basis nor funding.
    None,
    /// So many years of basis.
    Years(f64),
    /// Funding.
    Perpetual,
}

impl Carry {
    /// That of an instrument.
    pub fn of(instrument: &Instrument, market: &Market) -> Self {
        match (instrument.kind, instrument.expiry()) {
            (_, Some(expiry)) => Self::Years(expiry.years_since(market.as_of).max(0.0)),
            (Kind::Perpetual, None) => Self::Perpetual,
            _ => Self::None,
        }
    }
}

/// What moves: a price, with the index beside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Priced {
    /// A mark or a forward.
    pub price: f64,
    /// The index of its underlying, in the same currency.
    pub index: f64,
    /// The share of it that no longer moves.
    pub fixed: f64,
    /// What joint moves add to it.
    pub carry: Carry,
}

impl Priced {
    /// The index itself, all of which moves.
    pub fn index(index: f64) -> Self {
        Self { price: index, index, fixed: 0.0, carry: Carry::None }
    }
}

impl Frame {
    pub fn new(
        document: &Document,
        market: &Market,
        instruments: &[InstrumentId],
        coins: &[Asset],
        currency: &Asset,
    ) -> Result<Self, MarginError> {
        let unbound = document.unbound().next();
        if let Some((scan, joint)) = unbound.and_then(|one| Some((one, one.joint.as_ref()?))) {
            return Err(joint.unbound(&scan.name));
        }
        let mut underlyings: BTreeSet<Asset> =
            instruments.iter().map(|id| market.instruments.get(*id).base.clone()).collect();
        let moved = coins.iter().filter_map(|coin| document.moves_with(coin, market));
        underlyings.extend(moved.cloned());
        let mut units = Vec::new();
        for underlying in underlyings {
            units.push(unit(document, market, underlying, currency)?);
        }
        let cells = document
            .scans
            .iter()
            .enumerate()
            .flat_map(|(scan, one)| (0..one.columns()).map(move |scenario| Cell { scan, scenario }))
            .collect();
        let (buckets, lines, coin_buckets) = lines(market, instruments, &units);
        Ok(Self { units, cells, buckets, lines, coin_buckets })
    }
}

impl Frame {
    /// What a loss of a unit is reduced by in a scenario, in the pool's currency: a pool in coin
    /// takes the price at the edge of the range.
    pub fn relief(
        &self,
        market: &Market,
        currency: &Asset,
        unit: usize,
        scan: &Scan,
        cell: Cell,
        dampener: Money,
    ) -> Result<Money, MarginError> {
        let (one, scenario) = (&self.units[unit], &scan.scenarios[cell.scenario]);
        let range = one.ranges[cell.scan];
        let by = if scenario.absolute { scenario.price } else { scenario.price * range };
        if *currency == one.underlying {
            return scan.coin_relief(dampener, market.price(currency)?, by, range);
        }
        let relief = scan.relief(dampener, by, range)?;
        Ok(relief.over(market.price(currency)?, Round::Down)?)
    }
}

pub(super) fn unit(
    document: &Document,
    market: &Market,
    underlying: Asset,
    currency: &Asset,
) -> Result<Unit, MarginError> {
    let coin = market.price(&underlying)?;
    let own = if document.pool.at_par { Price::from_int(1) } else { market.price(currency)? };
    let index = Price::new(coin.decimal().over(own.decimal(), Round::Nearest)?);
    let usd = coin.to_f64();
    let mut ranges = Vec::new();
    for scan in &document.scans {
        if let Some(joint) = &scan.joint {
            joint.of(&scan.name, &underlying)?;
        }
        let range = scan.range(&underlying)?;
        ranges.push(match scan.price_unit {
            PriceUnit::Relative | PriceUnit::Index => range,
            PriceUnit::Money => range / usd,
        });
    }
    Ok(Unit { underlying, index, ranges })
}

/// Buckets in order, rows in the order of the instruments, and the bucket of each unit's coin.
fn lines(
    market: &Market,
    instruments: &[InstrumentId],
    units: &[Unit],
) -> (Vec<Bucket>, Vec<Line>, Vec<usize>) {
    // A chain has a thousand instruments and a dozen buckets: found by a short walk, named once.
    let mut found: Vec<(Bucket, usize)> = Vec::new();
    let mut lines = Vec::with_capacity(instruments.len());
    for id in instruments {
        let one = market.instruments.get(*id);
        let expiry = one.expiry();
        let same = |bucket: &Bucket| {
            bucket.expiry == expiry
                && bucket.settle == one.settle
                && units[bucket.unit].underlying == one.base
        };
        let bucket = found.iter().position(|(bucket, _)| same(bucket)).unwrap_or_else(|| {
            let unit = units.iter().position(|unit| unit.underlying == one.base).unwrap_or(0);
            let settle = one.settle.clone();
            found.push((Bucket { unit, settle, expiry, coin: false }, found.len()));
            found.len() - 1
        });
        let (unit, option) = (found[bucket].0.unit, one.is_option());
        lines.push(Line { instrument: *id, unit, bucket, option });
    }
    let contracts = found.len();
    for (unit, one) in units.iter().enumerate() {
        let settle = one.underlying.clone();
        found.push((Bucket { unit, settle, expiry: None, coin: true }, found.len()));
    }
    found.sort_unstable();
    let mut place = vec![0; found.len()];
    found.iter().enumerate().for_each(|(sorted, (_, first))| place[*first] = sorted);
    lines.iter_mut().for_each(|line| line.bucket = place[line.bucket]);
    let coins = place[contracts..].to_vec();
    (found.into_iter().map(|(bucket, _)| bucket).collect(), lines, coins)
}

impl Moves {
    /// Moves of every column for a price on an underlying.
    pub fn new(document: &Document, unit: &Unit, priced: Priced) -> Result<Self, MarginError> {
        let mut moves = Self::default();
        for (at, scan) in document.scans.iter().enumerate() {
            if let Some(joint) = &scan.joint {
                moves.add_joint(joint.of(&scan.name, &unit.underlying)?, priced);
                continue;
            }
            for scenario in &scan.scenarios {
                let by = relative_move(scan, scenario, unit, priced)?;
                let factor = 1.0 + by * (1.0 - priced.fixed);
                if factor <= 0.0 {
                    return Err(MarginError::Unsupported(format!(
                        "scan {:?} moves {} by {by}: expected a range smaller than the price",
                        scan.name, unit.underlying
                    )));
                }
                let (weight, coin_factor) = beyond(scan, scenario, (unit, unit.ranges[at]), by)?;
                moves.push(factor, weight, (coin_factor, factor));
            }
        }
        Ok(moves)
    }

    /// Adds a column: what the price is multiplied by, what a profit counts for, and what a coin
    /// that is turned into currency and one that is settled in are multiplied by.
    fn push(&mut self, factor: f64, weight: f64, (coin, settle): (f64, f64)) {
        self.factor.push(factor);
        self.ln_factor.push(keelmark_kernels::ln(factor));
        self.weight.push(weight);
        self.coin_factor.push(coin);
        self.settle_factor.push(settle);
    }

    /// Adds the columns of joint moves: above zero, as each has been checked.
    fn add_joint(&mut self, joint: &JointMoves, priced: Priced) {
        let before = self.factor.len();
        for (s, price) in joint.price.iter().enumerate() {
            let mut factor = 1.0 + price;
            if let Carry::Years(years) = priced.carry
                && !joint.basis.is_empty()
            {
                factor *= keelmark_kernels::exp(JointMoves::at(&joint.basis, s) * years);
            }
            let moved = 1.0 + (factor - 1.0) * (1.0 - priced.fixed);
            self.push(moved, 1.0, (1.0 + price, 1.0 + price));
        }
        if priced.carry == Carry::Perpetual && !joint.funding.is_empty() {
            self.paid.resize(before, 0.0);
            self.paid.extend(&joint.funding);
        }
    }

    /// What a long pays in a column.
    pub fn paid(&self, column: usize) -> f64 {
        self.paid.get(column).copied().unwrap_or(0.0)
    }
}

impl Moves {
    /// One move of `ranges` ranges, as a fraction of a price.
    pub fn single(
        scan: &Scan,
        unit: &Unit,
        ranges: f64,
        priced: Priced,
    ) -> Result<f64, MarginError> {
        let scenario = Scenario::plain(ranges, VolMove::Same);
        relative_move(scan, &scenario, unit, priced)
    }
}

fn relative_move(
    scan: &Scan,
    scenario: &Scenario,
    unit: &Unit,
    priced: Priced,
) -> Result<f64, MarginError> {
    if scenario.absolute {
        return Ok(scenario.price);
    }
    let range = scan.range_of(&unit.underlying, scenario.price)?;
    Ok(scan.price_unit.share(scenario.price * range, priced.price, priced.index))
}

/// Weight of a scenario and what a coin counts for in it, as a multiple of its price.
fn beyond(
    scan: &Scan,
    scenario: &Scenario,
    (unit, range): (&Unit, f64),
    by: f64,
) -> Result<(f64, f64), MarginError> {
    let own = scenario.weight.get("weight", &unit.underlying)?.to_f64();
    Ok(match scan.edge_weight {
        Some(factor) if by.abs() > range => {
            (own * Scan::weight_beyond(factor, range, by), 1.0 + by.signum() * range)
        }
        _ => (own, 1.0 + by),
    })
}
