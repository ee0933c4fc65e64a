//! Book summaries to a market.
//!
//! What a reply lacks is taken from what it has, and said: the index is `estimated_delivery_price`,
//! forwards are of put-call parity, a dated future that options are priced on has their
//! `underlying_price` as its mark, a perpetual that is not in the reply has the index, and USDC and
//! USDT count as 1 USD. The source line of the market carries what changes a number.

use super::expiry::{Expiry, Strike, Vols};
use super::families::Families;
use super::instruments::Facts;
use super::rows::Row;
use super::symbol::{self, Name};
use keelmark_book::symbol::Symbol;
use keelmark_book::{Asset, InputError, Kind, Market, Price, Quote, Right, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

const STABLE: [&str; 2] = ["USDC", "USDT"];

/// The market of the rows of one or more replies.
///
/// # Errors
/// [`InputError`] at the row that cannot be used.
pub fn market(rows: &[Row], facts: &Facts, families: &Families) -> Result<Market, InputError> {
    let mut notes = Vec::new();
    let contracts = contracts(rows, families, &mut notes)?;
    let Some(as_of) = contracts.iter().map(|one| one.row.as_of).max() else {
        let file = rows.first().map_or("chain", |row| row.file.as_str());
        return Err(InputError::whole(file, "expected contracts, found none"));
    };
    let mut market = Market::new(as_of, Asset::usd(), "");
    set_assets(&mut market, &contracts, &mut notes)?;
    let mut entries = listed(&contracts);
    entries.extend(futures(&contracts, &entries, families, &mut notes)?);
    let perpetuals = perpetuals(&contracts, &entries, &market, &mut notes)?;
    market.source = source(&contracts, as_of, !perpetuals.is_empty());
    entries.extend(perpetuals);
    entries.extend(options(&contracts, facts, families, as_of, &mut notes)?);
    entries.sort_by_key(|entry| order(&entry.symbol));
    for entry in entries {
        let error = |problem: String| entry.row.error(problem);
        let instrument = families.instrument(entry.symbol, &entry.name, facts).map_err(error)?;
        market.add(instrument, entry.quote).map_err(|problem| entry.row.error(problem))?;
    }
    market.notes = notes;
    Ok(market)
}

/// A row whose name is read.
struct Contract<'a> {
    row: &'a Row,
    symbol: Symbol,
}

/// What is added to the market, and the row that an error in it is about.
struct Entry<'a> {
    row: &'a Row,
    symbol: Symbol,
    name: String,
    quote: Quote,
}

fn contracts<'a>(
    rows: &'a [Row],
    families: &Families,
    notes: &mut Vec<String>,
) -> Result<Vec<Contract<'a>>, InputError> {
    let mut contracts = Vec::with_capacity(rows.len());
    let mut left_out = 0usize;
    for row in rows {
        match symbol::read(&row.name, families.expiry_hour).map_err(|error| row.error(error))? {
            Name::Contract(symbol) => contracts.push(Contract { row, symbol }),
            Name::Spot(_) | Name::Combo => left_out += 1,
        }
    }
    if left_out > 0 {
        notes.push(format!(
            "{left_out} spot pairs and combos were left out: a combo is held as its legs"
        ));
    }
    Ok(contracts)
}

/// Index prices: the latest row of each base, inverse contracts first (their quote is USD).
fn set_assets(
    market: &mut Market,
    contracts: &[Contract<'_>],
    notes: &mut Vec<String>,
) -> Result<(), InputError> {
    let mut latest: BTreeMap<&Asset, &Contract<'_>> = BTreeMap::new();
    for one in contracts {
        let rank =
            |of: &Contract<'_>| (of.row.index.is_some(), is_inverse(&of.symbol), of.row.as_of);
        let best = latest.entry(&one.symbol.base).or_insert(one);
        if rank(one) > rank(best) {
            *best = one;
        }
    }
    for (asset, one) in latest {
        let price = one.row.index.ok_or_else(|| {
            one.row.error("estimated_delivery_price: expected the index price, found none")
        })?;
        market
            .set_asset(asset.clone(), price, one.row.as_of)
            .map_err(|error| one.row.error(error))?;
        notes.push(format!("{asset}: index price {price} is the reply's estimated_delivery_price"));
    }
    for name in STABLE {
        let Ok(asset) = Asset::new(name) else { continue };
        if !market.assets.contains_key(&asset) {
            let as_of = market.as_of;
            market
                .set_asset(asset, Price::from_int(1), as_of)
                .map_err(|error| InputError::whole("chain", error))?;
        }
    }
    notes.push(format!("{}: taken as 1 USD, an assumption", STABLE.join(" and ")));
    Ok(())
}

/// Perpetuals and futures that are rows of the reply themselves.
fn listed<'a>(contracts: &[Contract<'a>]) -> Vec<Entry<'a>> {
    let futures = contracts
        .iter()
        .filter(|one| matches!(one.symbol.kind, Kind::Perpetual | Kind::Future { .. }));
    futures
        .map(|one| Entry {
            row: one.row,
            symbol: one.symbol.clone(),
            name: one.row.name.clone(),
            quote: Quote { bid: one.row.bid, ask: one.row.ask, ..marked(one.row.mark, one.row) },
        })
        .collect()
}

/// Futures that options of the reply are priced on, at the latest row's underlying price.
fn futures<'a>(
    contracts: &[Contract<'a>],
    listed: &[Entry<'_>],
    families: &Families,
    notes: &mut Vec<String>,
) -> Result<Vec<Entry<'a>>, InputError> {
    let mut latest: BTreeMap<&str, (&'a Row, Symbol, Price)> = BTreeMap::new();
    for Contract { row, symbol: option } in contracts {
        let row: &'a Row = row;
        let Some(name) = row.underlying_index.as_deref().filter(|_| is_option(option)) else {
            continue;
        };
        // `SYN.` names a synthetic, `index_price` the index: neither is traded.
        let Ok(symbol) = symbol::read_contract(name, families.expiry_hour) else { continue };
        if listed.iter().any(|entry| entry.name == name) {
            continue;
        }
        let price = row.underlying_price.ok_or_else(|| {
            row.error(format!("underlying_price: expected the price of {name}, found none"))
        })?;
        match latest.get(name) {
            Some((other, ..)) if other.as_of > row.as_of => {}
            _ => _ = latest.insert(name, (row, symbol, price)),
        }
    }
    if !latest.is_empty() {
        notes.push(format!(
            "{}: not rows of the reply; their marks are the underlying_price of the latest option \
             on each",
            latest.keys().copied().collect::<Vec<_>>().join(", ")
        ));
    }
    let entry = |(name, (row, symbol, price)): (&str, (&'a Row, Symbol, Price))| Entry {
        row,
        symbol,
        name: name.to_owned(),
        quote: marked(price, row),
    };
    Ok(latest.into_iter().map(entry).collect())
}

/// Perpetuals of the pairs of the chain that are not rows of the reply, at the index.
fn perpetuals<'a>(
    contracts: &[Contract<'a>],
    listed: &[Entry<'_>],
    market: &Market,
    notes: &mut Vec<String>,
) -> Result<Vec<Entry<'a>>, InputError> {
    let mut made: BTreeMap<String, Entry<'a>> = BTreeMap::new();
    for one in contracts {
        let symbol = Symbol { kind: Kind::Perpetual, ..one.symbol.clone() };
        let name = symbol::write(&symbol);
        if listed.iter().any(|entry| entry.name == name) || made.contains_key(&name) {
            continue;
        }
        let index = market.price(&symbol.base).map_err(|error| one.row.error(error))?;
        notes.push(format!("{name}: not in the reply; its mark is set to the index {index}"));
        let as_of = market.assets.get(&symbol.base).map_or(market.as_of, |feed| feed.as_of);
        let quote = Quote { as_of, ..marked(index, one.row) };
        made.insert(name.clone(), Entry { row: one.row, symbol, name, quote });
    }
    Ok(made.into_values().collect())
}

fn options<'a>(
    contracts: &[Contract<'a>],
    facts: &Facts,
    families: &Families,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Vec<Entry<'a>>, InputError> {
    let mut entries = Vec::new();
    for (_, expiry) in expiries(contracts, facts, families, now)? {
        let forward = expiry.forward(notes)?;
        let vols = expiry.vols(forward, now, notes)?;
        for (strike, rows) in &expiry.strikes {
            for right in [Right::Call, Right::Put] {
                let Some(row) = rows.of(right) else { continue };
                let quote = Quote {
                    iv: vols.get(strike).and_then(|vols: &Vols| vols.of(right)),
                    forward: Some(forward),
                    bid: row.bid,
                    ask: row.ask,
                    ..marked(row.mark, row)
                };
                let symbol = symbol::read_contract(&row.name, families.expiry_hour)
                    .map_err(|error| row.error(error))?;
                entries.push(Entry { row, symbol, name: row.name.clone(), quote });
            }
        }
    }
    Ok(entries)
}

/// What shares a forward: base, settlement asset and instant of expiry.
type ExpiryKey = (Asset, Option<Asset>, Timestamp);

fn expiries<'a>(
    contracts: &[Contract<'a>],
    facts: &Facts,
    families: &Families,
    now: Timestamp,
) -> Result<BTreeMap<ExpiryKey, Expiry<'a>>, InputError> {
    let mut expiries: BTreeMap<ExpiryKey, Expiry<'a>> = BTreeMap::new();
    for one in contracts.iter().filter(|one| is_option(&one.symbol)) {
        let instrument = families
            .instrument(one.symbol.clone(), &one.row.name, facts)
            .map_err(|problem| one.row.error(problem))?;
        let (Some(instant), Some((strike, right))) =
            (instrument.expiry(), instrument.option_terms())
        else {
            continue;
        };
        if instant <= now {
            let problem = format!("expired at {instant}, but the chain is as of {now}");
            return Err(one.row.error(problem));
        }
        let key = (one.symbol.base.clone(), one.symbol.settle.clone(), instant);
        let inverse = is_inverse(&one.symbol);
        let expiry = expiries.entry(key).or_insert_with(|| Expiry::new(instant, inverse));
        let rows: &mut Strike<'a> = expiry.strikes.entry(strike).or_default();
        let slot = match right {
            Right::Call => &mut rows.call,
            Right::Put => &mut rows.put,
        };
        if slot.replace(one.row).is_some() {
            let name = &one.row.name;
            return Err(one.row.error(format!("expected {name} once, found it a second time")));
        }
    }
    Ok(expiries)
}

fn source(contracts: &[Contract<'_>], as_of: Timestamp, at_index: bool) -> String {
    let bases: BTreeSet<&str> = contracts.iter().map(|one| one.symbol.base.as_str()).collect();
    let bases = bases.into_iter().collect::<Vec<_>>().join(", ");
    let options = contracts.iter().any(|one| is_option(&one.symbol));
    let kinds = match (options, contracts.iter().all(|one| is_option(&one.symbol))) {
        (true, true) => "options",
        (true, false) => "options and futures",
        (false, _) => "futures",
    };
    let second = as_of.plus_nanos(-as_of.nanos().rem_euclid(1_000_000_000));
    let perpetual = if at_index { "; perpetual mark set to the index" } else { "" };
    format!("Deribit public/get_book_summary_by_currency, {bases} {kinds}, {second}{perpetual}")
}

fn marked(mark: Price, row: &Row) -> Quote {
    Quote { mark, iv: None, forward: None, bid: None, ask: None, as_of: row.as_of }
}

fn is_option(symbol: &Symbol) -> bool {
    matches!(symbol.kind, Kind::Option { .. })
}

fn is_inverse(symbol: &Symbol) -> bool {
    symbol.settle.as_ref() == Some(&symbol.base)
}

/// By pair, then perpetual, futures, options; then expiry, strike, call before put.
fn order(symbol: &Symbol) -> (String, u8, Kind) {
    let rank = match symbol.kind {
        Kind::Spot => 0,
        Kind::Perpetual => 1,
        Kind::Future { .. } => 2,
        Kind::Option { .. } => 3,
    };
    let settle = symbol.settle.as_ref().map_or("", Asset::as_str);
    (format!("{} {settle}", symbol.base), rank, symbol.kind)
}
