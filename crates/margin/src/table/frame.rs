//! The frame of a table: its units, columns and buckets, and the moves of each column, before any
//! option is priced.

use super::{Bucket, Cell, Line, Unit};
use crate::document::Document;
use crate::error::MarginError;
use crate::scan::{PriceUnit, Scan, Scenario};
use keelmark_book::{Asset, InstrumentId, Market, Price, Round};
use std::collections::{BTreeMap, BTreeSet};

/// Units, columns and buckets.
pub(super) struct Frame {
    pub units: Vec<Unit>,
    pub cells: Vec<Cell>,
    pub buckets: Vec<Bucket>,
    pub lines: Vec<Line>,
}

/// The moves of every column for one price, and what a profit in each is multiplied by.
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
}

impl Frame {
    pub fn new(
        document: &Document,
        market: &Market,
        instruments: &[InstrumentId],
        currency: &Asset,
    ) -> Result<Self, MarginError> {
        let underlyings: BTreeSet<Asset> =
            instruments.iter().map(|id| market.instruments.get(*id).base.clone()).collect();
        let mut units = Vec::new();
        for underlying in underlyings {
            units.push(unit(document, market, underlying, currency)?);
        }
        let cells = document
            .scans
            .iter()
            .enumerate()
            .flat_map(|(scan, one)| {
                (0..one.scenarios.len()).map(move |scenario| Cell { scan, scenario })
            })
            .collect();
        let (buckets, lines) = lines(market, instruments, &units);
        Ok(Self { units, cells, buckets, lines })
    }
}

fn unit(
    document: &Document,
    market: &Market,
    underlying: Asset,
    currency: &Asset,
) -> Result<Unit, MarginError> {
    let (coin, own) = (market.price(&underlying)?, market.price(currency)?);
    let index = Price::new(coin.decimal().over(own.decimal(), Round::Nearest)?);
    let usd = coin.to_f64();
    let mut ranges = Vec::new();
    for scan in &document.scans {
        let range = scan.range(&underlying)?;
        ranges.push(match scan.price_unit {
            PriceUnit::Relative => range,
            PriceUnit::Money => range / usd,
        });
    }
    Ok(Unit { underlying, index, ranges })
}

/// Rows: the instruments in the order given, then one coin of each unit.
fn lines(
    market: &Market,
    instruments: &[InstrumentId],
    units: &[Unit],
) -> (Vec<Bucket>, Vec<Line>) {
    let unit_of = |asset: &Asset| units.iter().position(|unit| unit.underlying == *asset);
    let mut keys: BTreeMap<Bucket, usize> = BTreeMap::new();
    let mut placed = Vec::new();
    for id in instruments {
        let one = market.instruments.get(*id);
        let unit = unit_of(&one.base).unwrap_or(0);
        let bucket = Bucket { unit, settle: one.settle.clone(), expiry: one.expiry(), coin: false };
        placed.push((Some(*id), bucket));
    }
    for (at, unit) in units.iter().enumerate() {
        let settle = unit.underlying.clone();
        placed.push((None, Bucket { unit: at, settle, expiry: None, coin: true }));
    }
    for (_, bucket) in &placed {
        keys.entry(bucket.clone()).or_insert(0);
    }
    keys.values_mut().enumerate().for_each(|(at, index)| *index = at);
    let lines = placed
        .into_iter()
        .map(|(instrument, bucket)| Line { instrument, unit: bucket.unit, bucket: keys[&bucket] })
        .collect();
    (keys.into_keys().collect(), lines)
}

impl Moves {
    /// Moves of every column for a price on an underlying.
    pub fn new(
        document: &Document,
        cells: &[Cell],
        unit: &Unit,
        price: f64,
    ) -> Result<Self, MarginError> {
        let mut moves =
            Self { factor: vec![], ln_factor: vec![], weight: vec![], coin_factor: vec![] };
        for cell in cells {
            let scan = &document.scans[cell.scan];
            let scenario = scan.scenarios[cell.scenario];
            let by = relative_move(scan, scenario, unit, price)?;
            let factor = 1.0 + by;
            if factor <= 0.0 {
                return Err(MarginError::Unsupported(format!(
                    "scan {:?} moves {} by {by}: expected a range smaller than the price",
                    scan.name, unit.underlying
                )));
            }
            let (weight, coin_factor) = beyond(scan, scenario, unit.ranges[cell.scan], by);
            moves.factor.push(factor);
            moves.ln_factor.push(keelmark_kernels::ln(factor));
            moves.weight.push(weight);
            moves.coin_factor.push(coin_factor);
        }
        Ok(moves)
    }
}

impl Moves {
    /// One move of `ranges` ranges, as a fraction of a price.
    pub fn single(scan: &Scan, unit: &Unit, ranges: f64, price: f64) -> Result<f64, MarginError> {
        let scenario = Scenario {
            price: ranges,
            absolute: false,
            vol: crate::scan::VolMove::Same,
            weight: 1.0,
        };
        relative_move(scan, scenario, unit, price)
    }
}

fn relative_move(
    scan: &Scan,
    scenario: Scenario,
    unit: &Unit,
    price: f64,
) -> Result<f64, MarginError> {
    if scenario.absolute {
        return Ok(scenario.price);
    }
    let range = scan.range(&unit.underlying)?;
    Ok(match scan.price_unit {
        PriceUnit::Relative => scenario.price * range,
        PriceUnit::Money => scenario.price * range / price,
    })
}

/// Weight of a scenario and what a coin counts for in it, as a multiple of its price.
fn beyond(scan: &Scan, scenario: Scenario, range: f64, by: f64) -> (f64, f64) {
    match scan.edge_weight {
        Some(factor) if by != 0.0 => {
            let weight = scenario.weight * Scan::weight_beyond(factor, range, by);
            (weight, 1.0 + by.signum() * range)
        }
        _ => (scenario.weight, 1.0 + by),
    }
}
