//! A market as CSV: one row an instrument, and one row an asset with its index price.

use super::columns::{Row, Table};
use crate::asset::Asset;
use crate::detail::Detail;
use crate::input::InputError;
use crate::instrument::{Instrument, Kind};
use crate::lent::Lent;
use crate::market::{Market, Quote};
use crate::symbol::Symbol;
use keelmark_units::{Price, Quantity, Rate, Timestamp};

const COLUMNS: &[&str] = &[
    "instrument",
    "mark",
    "as_of",
    "iv",
    "forward",
    "bid",
    "ask",
    "contract_size",
    "lot",
    "expiry",
    "open_interest",
    "venue_symbol",
    "source",
    "slow",
    "deposits",
    "borrows",
    "confidence",
    "rate",
    "fixed_forward",
    "forward_confidence",
    "vol_confidence",
    "rate_confidence",
];
const REQUIRED: usize = 3;

/// Reads a market from CSV.
///
/// # Errors
/// [`InputError`] with the line and the column.
pub fn market_csv(file: &str, bytes: &[u8]) -> Result<Market, InputError> {
    let mut table = Table::open(file, bytes, COLUMNS, REQUIRED)?;
    let mut market = Market::new(Timestamp::default(), Asset::usd(), file);
    let mut rows = 0usize;
    while let Some(row) = table.next_row() {
        let row = row?;
        read_row(&row, &mut market)?;
        rows += 1;
    }
    if rows == 0 {
        return Err(InputError::whole(file, "expected rows under the header, found none"));
    }
    market.notes = table.notes;
    Ok(market)
}

fn read_row(row: &Row<'_>, market: &mut Market) -> Result<(), InputError> {
    let name = row.text("instrument");
    let as_of: Timestamp = row.required("as_of")?;
    if !row.text("source").is_empty() {
        row.text("source").clone_into(&mut market.source);
    }
    if !name.contains(':') {
        let asset = Asset::new(name).map_err(|error| row.error("instrument", error))?;
        if asset != market.currency && market.assets.contains_key(&asset) {
            let problem = format!("expected one row for {asset}, found it a second time");
            return Err(row.error("instrument", problem));
        }
        let price: Price = row.required("mark")?;
        market.set_asset(asset.clone(), price, as_of).map_err(|error| row.error("mark", error))?;
        if let Some(own) = row.value("confidence")? {
            market.set_confidence(&asset, own).map_err(|error| row.error("confidence", error))?;
        }
        return read_lending(row, market, asset);
    }
    let instrument = read_instrument(row, name)?;
    let quote = Quote {
        mark: row.required("mark")?,
        iv: row.value("iv")?,
        forward: row.value("forward")?,
        bid: row.value("bid")?,
        ask: row.value("ask")?,
        as_of,
    };
    let detail = read_detail(row)?;
    let open_interest: Option<Quantity> = row.value("open_interest")?;
    let id = market.add(instrument, quote).map_err(|error| row.error("", error))?;
    for column in ["deposits", "borrows"] {
        if !row.text(column).is_empty() {
            return Err(row.error(column, "expected none: a pool lends assets, not contracts"));
        }
    }
    if let Some(slow) = row.value("slow")? {
        market.set_slow_mark(id, slow).map_err(|error| row.error("slow", error))?;
    }
    market.set_detail(id, detail).map_err(|error| row.error("", error))?;
    let Some(contracts) = open_interest else { return Ok(()) };
    market.set_open_interest(id, contracts).map_err(|error| row.error("", error))
}

/// What an asset's row says of its slower price and its lending pool.
fn read_lending(row: &Row<'_>, market: &mut Market, asset: Asset) -> Result<(), InputError> {
    if let Some(slow) = row.value("slow")? {
        market.set_slow(asset.clone(), slow).map_err(|error| row.error("slow", error))?;
    }
    let lent = Lent { deposits: row.value("deposits")?, borrows: row.value("borrows")? };
    market.set_lent(asset, lent).map_err(|error| row.error("deposits", error))
}

fn read_detail(row: &Row<'_>) -> Result<Detail, InputError> {
    let sure = |column| Ok(row.value(column)?.unwrap_or(Rate::ONE));
    Ok(Detail {
        rate: row.value("rate")?,
        fixed_forward: row.value("fixed_forward")?.unwrap_or_default(),
        confidence: sure("confidence")?,
        forward_confidence: sure("forward_confidence")?,
        vol_confidence: sure("vol_confidence")?,
        rate_confidence: sure("rate_confidence")?,
    })
}

fn read_instrument(row: &Row<'_>, name: &str) -> Result<Instrument, InputError> {
    let symbol = Symbol::parse(name).map_err(|error| row.error("instrument", error))?;
    let size: Quantity = row.required("contract_size")?;
    let lot: Quantity = row.required("lot")?;
    let native = match row.text("venue_symbol") {
        "" => name.split_once(':').map_or(name, |(_, native)| native),
        given => given,
    };
    let mut instrument = symbol.instrument(native.to_owned(), size, lot);
    if let Some(instant) = row.value::<Timestamp>("expiry")? {
        match &mut instrument.kind {
            Kind::Future { expiry } | Kind::Option { expiry, .. } => *expiry = instant,
            Kind::Spot | Kind::Perpetual => {
                return Err(row.error("expiry", "expected none: this contract does not expire"));
            }
        }
    }
    Ok(instrument)
}
