//! `clearinghouseState`, `spotClearinghouseState` and open orders.
//!
//! The venue keeps money as `rawUsd`, what would be left if every position were taken over at a
//! price of zero. Cash at entry is that plus each size at its entry price, so that profit at the
//! mark added to it is the venue's account value to the last digit. An isolated position has a
//! `rawUsd` of its own. Spot balances do not support perpetuals outside portfolio margin: they are
//! an account of their own.

use super::symbol::VENUE;
use crate::imported::{Figure, LeftOut, What};
use crate::json::At;
use crate::orders::{Why, says};
use keelmark_book::{
    Asset, Decimal, InputError, InstrumentId, Isolation, Market, Money, Order, Overflow, Portfolio,
    Position, Price, Quantity, Round,
};

/// A position as printed.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    /// Its row.
    pub at: At<'a>,
    /// Native name.
    pub name: &'a str,
    /// Signed.
    pub size: Decimal,
    /// As printed, for its places.
    pub text: &'a str,
    /// Notional over size.
    pub mark: Option<Decimal>,
    entry: Option<Decimal>,
    leverage: Option<Decimal>,
    /// Own margin now, of an isolated position.
    isolated: Option<Decimal>,
}

/// Reads the positions of an account.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn held<'a>(account: &At<'a>) -> Result<Vec<Held<'a>>, InputError> {
    let mut out: Vec<Held<'a>> = Vec::new();
    for row in account.need("assetPositions")?.items()? {
        let at = row.need("position")?;
        let (name, size) = (at.word("coin")?, at.amount("szi")?);
        if size.is_zero() {
            continue;
        }
        if out.iter().any(|known| known.name == name) {
            return Err(at.error(format!("expected one position in {name}, found another")));
        }
        let notional = at.maybe("positionValue")?;
        let mark = notional.map(|value| value.abs().over(size.abs(), Round::Nearest));
        let mark = mark.transpose().map_err(|error| at.error(error))?;
        let leverage = at.need("leverage")?;
        let isolated = match leverage.word("type")? {
            "cross" => None,
            "isolated" => {
                let own = at.amount("marginUsed")?;
                if own.is_negative() {
                    let problem = format!("marginUsed: expected zero or more, found {own}");
                    return Err(at.error(problem));
                }
                Some(own)
            }
            other => {
                let problem = format!("leverage/type: expected cross or isolated, found {other:?}");
                return Err(at.error(problem));
            }
        };
        out.push(Held {
            name,
            size,
            text: at.label("szi"),
            mark: mark.filter(|mark| mark.is_positive()),
            entry: at.positive("entryPx")?,
            leverage: leverage.positive("value")?,
            isolated,
            at,
        });
    }
    Ok(out)
}

/// The account in a market, its cash at entry.
///
/// # Errors
/// [`InputError`] when the market lacks a contract, or a number does not fit.
pub fn portfolio(
    account: &At<'_>,
    held: &[Held<'_>],
    market: &Market,
) -> Result<Portfolio, InputError> {
    let mut portfolio = Portfolio::new(VENUE);
    let overflow = |error: Overflow| account.error(error);
    let mut cash = match account.get("crossMarginSummary") {
        Some(cross) => cross.amount("totalRawUsd")?,
        None => {
            let whole = account.need("marginSummary")?.amount("totalRawUsd")?;
            let own = held.iter().filter(|one| one.isolated.is_some());
            own.map(raw).try_fold(whole, |sum, raw| sum.minus(raw?)).map_err(overflow)?
        }
    };
    let mut settle = None;
    for one in held {
        let id = find(market, &one.at, one.name)?;
        let instrument = market.instruments.get(id);
        on_the_lot(market, id, &one.at, "szi", Quantity::new(one.size))?;
        let mark = one.mark.unwrap_or(market.quote(id).mark.decimal());
        let entry = one.entry.unwrap_or(mark);
        let at_entry = one.size.times(entry, Round::Nearest).map_err(overflow)?;
        let mut position = Position::new(id, Quantity::new(one.size), Some(Price::new(entry)));
        position.leverage = one.leverage;
        if one.isolated.is_some() {
            let own = raw(one).and_then(|raw| raw.plus(at_entry)).map_err(overflow)?;
            // Profit that was taken out leaves less than nothing at entry: count from the mark.
            let (own, entry) = if own.is_negative() {
                (one.isolated.unwrap_or_default(), mark)
            } else {
                (own, entry)
            };
            position.avg_price = Some(Price::new(entry));
            position.isolation = Isolation::Own(Money::new(own));
        } else {
            cash = cash.plus(at_entry).map_err(overflow)?;
            settle = Some(instrument.settle.clone());
        }
        portfolio.positions.push(position);
    }
    let dollar = Asset::new("USDC").map_err(|error| account.error(error))?;
    let settle = settle.unwrap_or(dollar);
    if !cash.is_zero() {
        portfolio.deposit(settle, Money::new(cash)).map_err(overflow)?;
    }
    Ok(portfolio)
}

/// What would be left of an isolated position at a price of zero: its margin less its value.
fn raw(one: &Held<'_>) -> Result<Decimal, Overflow> {
    if let Ok(Some(raw)) = one.at.get("leverage").map_or(Ok(None), |at| at.maybe("rawUsd")) {
        return Ok(raw);
    }
    let value = one.size.times(one.mark.unwrap_or_default(), Round::Nearest)?;
    one.isolated.unwrap_or_default().minus(value)
}

fn find(market: &Market, at: &At<'_>, name: &str) -> Result<InstrumentId, InputError> {
    let qualified = format!("{VENUE}:{name}");
    let found = market.instruments.find(&qualified).or_else(|_| market.instruments.find(name));
    found.map_err(|error| at.error(format!("{error}: add the reply of metaAndAssetCtxs")))
}

fn on_the_lot(
    market: &Market,
    id: InstrumentId,
    at: &At<'_>,
    field: &str,
    size: Quantity,
) -> Result<(), InputError> {
    let one = market.instruments.get(id);
    if one.lots(size).is_some() {
        return Ok(());
    }
    let (lot, name) = (one.lot, &one.venue_symbol);
    Err(at.error(format!("{field}: expected a multiple of the lot {lot} of {name}, found {size}")))
}

/// What the venue reports of an account: without isolated positions, and their prices.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn figures(
    account: &At<'_>,
    held: &[Held<'_>],
    market: Option<&Market>,
) -> Result<Vec<Figure>, InputError> {
    let dollar = Asset::new("USDC").map_err(|error| account.error(error))?;
    let mut out = Vec::new();
    let mut add = |what: What, value: Option<Decimal>| {
        let (account, currency) = (VENUE.to_owned(), dollar.clone());
        out.extend(value.map(|value| Figure { account, what, currency, value }));
    };
    if let Some(cross) = account.get("crossMarginSummary") {
        add(What::Equity, cross.maybe("accountValue")?);
        add(What::Initial, cross.maybe("totalMarginUsed")?);
    }
    add(What::Maintenance, account.maybe("crossMaintenanceMarginUsed")?);
    for one in held {
        let Some(market) = market else { continue };
        let canonical = market.instruments.get(find(market, &one.at, one.name)?).to_string();
        add(What::Liquidation(canonical), one.at.positive("liquidationPx")?);
    }
    Ok(out)
}

/// The spot account; tokens without a price are left out and counted.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn spot(
    account: &At<'_>,
    market: Option<&Market>,
    left: &mut LeftOut,
) -> Result<Option<Portfolio>, InputError> {
    let mut portfolio = Portfolio::new(&format!("{VENUE}-spot"));
    for at in account.need("balances")?.items()? {
        let total = at.amount("total")?;
        if total.is_zero() {
            continue;
        }
        let asset = Asset::new(at.word("coin")?).ok();
        let priced = |asset: &Asset| market.is_none_or(|market| market.price(asset).is_ok());
        let Some(asset) = asset.filter(priced) else {
            left.add("spot balances", "no price of the token");
            continue;
        };
        portfolio.deposit(asset, Money::new(total)).map_err(|error| at.error(error))?;
    }
    Ok(if portfolio.collateral.is_empty() { None } else { Some(portfolio) })
}

/// Open orders of perpetuals that can add to a position.
///
/// # Errors
/// [`InputError`] at the row that cannot be used.
pub fn orders(
    rows: &[At<'_>],
    market: &Market,
    left: &mut LeftOut,
) -> Result<Vec<Order>, InputError> {
    let mut out = Vec::new();
    for at in rows {
        let coin = at.word("coin")?;
        let spot = coin.contains('/') || coin.starts_with('@');
        let why = if spot {
            Some(Why::Spot)
        } else if says(at, "isTrigger") {
            Some(Why::Waits)
        } else {
            says(at, "reduceOnly").then_some(Why::Reduces)
        };
        if let Some(why) = why {
            why.count(left);
            continue;
        }
        let size = at.amount("sz")?;
        let size = match at.word("side")? {
            "B" => size,
            "A" => -size,
            other => return Err(at.error(format!("side: expected A or B, found {other:?}"))),
        };
        if size.is_zero() {
            continue;
        }
        let id = find(market, at, coin)?;
        on_the_lot(market, id, at, "sz", Quantity::new(size))?;
        let price = at.positive("limitPx")?.map(Price::new);
        out.push(Order { instrument: id, quantity: Quantity::new(size), price });
    }
    Ok(out)
}
