//! Hybrid portfolio margin and standard margin of whole accounts: what the mappings of the three
//! managers share.
//!
//! An amount of a case has up to 17 digits, so each contract here has the digits of the position in
//! it and a power of ten of them is held, bought or sold: rows of the risk table then have all of
//! their digits, and a large position leaves those of a small one alone. An option may be listed
//! twice.

use crate::desk::{Contract, Desk};
use crate::inputs::{Inputs, Problem, problem};
use keelmark_book::detail::Detail;
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Decimal, InstrumentId, Kind, Money, Price, Quote, Rate, Right, Round, Timestamp,
};
use keelmark_margin::PoolMargin;
use keelmark_margin::charge::UnitScan;
use keelmark_pricing::Terms;
use keelmark_pricing::option::{discount, discounted_value};

/// What everything settles in.
pub const CASH: &str = "USDC";
const VENUE: &str = "case";

/// An option of a case, and what the market says about it.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    /// Exercise price.
    pub strike: Decimal,
    /// Call or put.
    pub right: Right,
    /// Signed size.
    pub amount: Decimal,
    /// Annual volatility.
    pub vol: f64,
}

/// An expiry of a case.
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    /// Whole seconds to it.
    pub seconds: i64,
    /// Forward.
    pub forward: Decimal,
    /// Rate that options are discounted by; none where they are not.
    pub discount_rate: Option<f64>,
    /// The rest.
    pub detail: Detail,
}

/// An account settled in cash.
///
/// # Errors
/// When a price is not above zero.
pub fn desk(stable: Decimal, cash: &[Decimal]) -> Result<Desk, Problem> {
    let mut desk = Desk::new();
    desk.price(CASH, stable)?;
    for amount in cash {
        desk.entry(CASH, *amount)?;
    }
    Ok(desk)
}

/// Sets the price of an asset and how sure its feed is.
///
/// # Errors
/// When either cannot be used.
pub fn price(
    desk: &mut Desk,
    asset: &str,
    price: Decimal,
    confidence: Decimal,
) -> Result<(), Problem> {
    desk.price(asset, price)?;
    Ok(desk.market.set_confidence(&Asset::new(asset)?, Rate::new(confidence))?)
}

/// Holds a perpetual; none where the size is zero.
///
/// # Errors
/// When its quote cannot be used.
pub fn perpetual(
    desk: &mut Desk,
    base: &str,
    size: Decimal,
    mark: Decimal,
    confidence: Decimal,
) -> Result<(), Problem> {
    if size == Decimal::ZERO {
        return Ok(());
    }
    let (contract, held) = contract(desk, base, Kind::Perpetual, size, mark)?;
    let id = desk.hold(contract, held, Some(mark))?;
    let detail = Detail { confidence: Rate::new(confidence), ..Detail::default() };
    Ok(desk.market.set_detail(id, detail)?)
}

/// Holds the options of an expiry, each with its volatility.
///
/// # Errors
/// As [`option`], or when a number is not there.
pub fn options(
    desk: &mut Desk,
    base: &str,
    expiry: &Expiry,
    inputs: Inputs<'_>,
) -> Result<(), Problem> {
    for row in inputs.list("options")?.iter().map(Inputs) {
        let leg = Leg {
            strike: row.number("K")?,
            right: right(row)?,
            amount: row.number("amt")?,
            vol: row.estimate("vol")?,
        };
        option(desk, base, expiry, &leg)?;
    }
    Ok(())
}

/// Holds an option; none where the size is zero.
///
/// # Errors
/// When its quote cannot be used.
pub fn option(desk: &mut Desk, base: &str, expiry: &Expiry, option: &Leg) -> Result<(), Problem> {
    if option.amount == Decimal::ZERO {
        return Ok(());
    }
    let as_of = desk.market.as_of;
    let at = as_of.plus_nanos(expiry.seconds.saturating_mul(1_000_000_000));
    let mark = mark(expiry, option, at, as_of)?;
    let (strike, right) = (Price::new(option.strike), option.right);
    let kind = Kind::Option { expiry: at, strike, right };
    let (mut contract, held) = contract(desk, base, kind, option.amount, mark.decimal())?;
    contract.name = format!("{base}-{at}-{}-{}", option.strike, right.letter());
    // A published volatility may be beyond what a market file may hold.
    contract.option = Some((1.0, expiry.forward));
    let id: InstrumentId = desk.hold(contract, held, None)?;
    let quote = Quote { iv: Some(option.vol), ..*desk.market.quote(id) };
    desk.market.set_quote_unchecked(id, quote);
    Ok(desk.market.set_detail(id, expiry.detail)?)
}

/// The model value of one option: what the venue marks it at.
fn mark(expiry: &Expiry, option: &Leg, at: Timestamp, as_of: Timestamp) -> Result<Price, Problem> {
    let years = at.years_since(as_of);
    let terms = Terms {
        forward: expiry.forward.to_f64(),
        strike: option.strike.to_f64(),
        years,
        vol: option.vol,
        right: option.right,
    };
    let rate = expiry.discount_rate.unwrap_or(0.0);
    Ok(Price::from_f64(discounted_value(&terms, discount(rate, years)), Round::Nearest)?)
}

/// A contract for a position, and how many of it are held.
fn contract(
    desk: &Desk,
    base: &str,
    kind: Kind,
    amount: Decimal,
    mark: Decimal,
) -> Result<(Contract, Decimal), Problem> {
    let (size, held) = size_and_count(amount);
    let symbol = Symbol {
        // Each position is a contract of its own, also where two have the same terms.
        venue: format!("{VENUE}{}", desk.market.instruments.len()),
        base: Asset::new(base)?,
        quote: Asset::new(CASH)?,
        settle: Some(Asset::new(CASH)?),
        kind,
    };
    // One is a lot: were all held one lot, its row would have the digits of the whole.
    let lot = Some(Decimal::ONE);
    let contract = Contract { symbol, name: base.to_owned(), size, mark, lot, option: None };
    Ok((contract, held))
}

/// An amount as a size and a signed power of ten: the size is below ten where its digits allow.
fn size_and_count(amount: Decimal) -> (Decimal, Decimal) {
    let (mut size, mut count) = (amount.abs().raw(), Decimal::ONE.raw());
    while size >= 10 * Decimal::ONE.raw() && size % 10 == 0 {
        (size, count) = (size / 10, count * 10);
    }
    let count = Decimal::from_raw(count);
    (Decimal::from_raw(size), if amount.is_negative() { -count } else { count })
}

/// Call or put from a truth.
///
/// # Errors
/// When it is neither.
pub fn right(option: Inputs<'_>) -> Result<Right, Problem> {
    match option.need("call")?.to_string().as_str() {
        "true" => Ok(Right::Call),
        "false" => Ok(Right::Put),
        other => problem(format!("call: expected true or false, found {other}")),
    }
}

/// Whole seconds.
///
/// # Errors
/// When they are not whole.
pub fn seconds(inputs: Inputs<'_>, name: &str) -> Result<i64, Problem> {
    let found = inputs.number(name)?;
    let whole = found.in_steps_of(Decimal::ONE);
    whole.ok_or_else(|| Problem(format!("{name}: expected whole seconds, found {found}")))
}

/// What is left of equity after a level.
///
/// # Errors
/// When it does not fit.
pub fn net(pool: &PoolMargin, level: &str) -> Result<Money, Problem> {
    Ok(pool.equity.total.minus(pool.level(level))?)
}

/// The scenarios of the one underlying.
///
/// # Errors
/// When the margin has none.
pub fn scenarios(pool: &PoolMargin) -> Result<&UnitScan, Problem> {
    let charge = pool.charges.iter().find(|one| one.name == "scenarios");
    charge
        .and_then(|charge| charge.plain.scans.first())
        .ok_or_else(|| Problem("the margin has no scenarios".to_owned()))
}

/// A list of scenarios as a document has it: each spot multiplier less one, a volatility move in
/// the document's word, and a weight.
///
/// # Errors
/// When a move is not known.
pub fn scenario_list(rows: &[(Decimal, &str, Decimal)]) -> Result<String, Problem> {
    let mut out = Vec::new();
    for (multiplier, vol, weight) in rows {
        let (word, two_sided) = match vol.to_ascii_lowercase().as_str() {
            "up" => ("up", false),
            "down" => ("down", false),
            "none" => ("same", false),
            "skew_linear" => ("skew-linear", true),
            "skew_abs" => ("skew-absolute", true),
            other => return problem(format!("expected a volatility move, found {other:?}")),
        };
        let price = multiplier.minus(Decimal::ONE)?;
        out.push(format!(
            "{{ price = \"{price}\", vol = \"{word}\", weight = \"{weight}\", \
             two_sided = {two_sided} }}"
        ));
    }
    Ok(format!("[{}]", out.join(", ")))
}

/// The two forward moves of the basis.
///
/// # Errors
/// When a multiplier does not fit.
pub fn basis_list(up: Decimal, down: Decimal) -> Result<String, Problem> {
    scenario_list(&[(up, "none", Decimal::ONE), (down, "none", Decimal::ONE)])
}

/// A parameter of a document by asset, with what all others have where something is.
pub fn by_asset(values: &[(String, String)], default: Option<&str>) -> String {
    let named = values.iter().map(|(asset, value)| format!("{asset} = \"{value}\""));
    let rest = default.map(|value| format!("default = \"{value}\""));
    format!("{{ {} }}", named.chain(rest).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_keeps_its_digits() {
        for (amount, size, count) in [
            ("0.000000001", "0.000000001", "1"),
            ("-7.5", "7.5", "-1"),
            ("1000000", "1", "1000000"),
            ("-123.45", "1.2345", "-100"),
            ("12.000000000000000001", "12.000000000000000001", "1"),
        ] {
            let found = size_and_count(amount.parse().unwrap());
            assert_eq!(found, (size.parse().unwrap(), count.parse().unwrap()), "{amount}");
        }
    }
}
