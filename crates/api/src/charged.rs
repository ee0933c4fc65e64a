//! What an account is charged for, in words that models share.
//!
//! Charges of two models cannot be compared by name, nor by amount: one model takes 1.2 times its
//! charges, another the greater of two. What can be compared is what each adds to a level: its
//! amount times the slope of the level's formula in it, grouped by what it is charged for.

use keelmark_book::{Market, Money, Rate, Round};
use keelmark_margin::charge::Part;
use keelmark_margin::{AccountMargin, ChargeOutcome, Document, MarginError, PoolMargin};
use schemars::JsonSchema;
use serde::Serialize;

/// What open orders add.
pub const ORDERS: &str = "open orders";
/// What a formula adds that belongs to no charge: a product of charges, or rounding.
pub const REST: &str = "not of one charge";

const FUTURES: &str = "futures, one by one";
const OPTIONS: &str = "options, one by one";

/// Kinds whose name is not yet a word for people.
const WORDS: &[(&str, &str)] = &[
    ("basis-by-expiry", "expiries against each other"),
    ("borrowed", "loans"),
    ("collateral-haircut", "collateral haircuts"),
    ("delta-by-expiry", "expiries against each other"),
    ("delta-minimum", "minimum on the delta"),
    ("delta-shock", "size of the net delta"),
    ("delivery-month", "months of delivery"),
    ("formula", "a formula over charges"),
    ("greek-moves", "price and volatility moves"),
    ("hedged-size", "expiries against each other"),
    ("inter-commodity-credit", "underlyings against each other"),
    ("month-spread", "expiries against each other"),
    ("net-option-value", "value of options held"),
    ("net-short-by-strike", "short options by strike"),
    ("order-loss", "losses of open orders"),
    ("payoff-at-expiry", "payoff at expiry"),
    ("per-holding", "collateral haircuts"),
    ("price-shortfall", "lost pegs"),
    ("quote-hedge", "hedges across currencies"),
    ("reserve", "as reported by the venue"),
    ("sensitivities", "price and volatility moves"),
    ("short-option-minimum", "minimum of short options"),
    ("tail-loss", "price and volatility moves"),
    ("unrealised-profit", "profits not realised"),
    ("weights", "what is held and owed, weighted"),
    ("worst-loss", "price and volatility moves"),
    ("worst-loss-by-expiry", "price and volatility moves"),
];

/// Part of what a model asks. Amounts are in the account's currency; those of one model sum to its
/// levels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Charged {
    /// What it is charged for, in words that models share.
    pub what: String,
    /// The charge's name in formulas; null for open orders and for what is of no charge.
    pub charge: Option<String>,
    /// The charge's kind.
    pub kind: Option<String>,
    /// What it adds to the initial margin.
    pub initial_margin: Money,
    /// What it adds to the maintenance margin.
    pub maintenance_margin: Money,
}

/// What each charge of a document adds to the two levels of an account, in the document's order,
/// then open orders, then the rest. Parts that add nothing to either are left out.
///
/// # Errors
/// When a number does not fit.
pub fn charged(
    document: &Document,
    market: &Market,
    found: &AccountMargin,
) -> Result<Vec<Charged>, MarginError> {
    let mut out: Vec<Charged> = Vec::new();
    for pool in &found.pools {
        let slopes = |name: &str| -> Result<[Rate; 2], MarginError> {
            Ok([
                slope(document, pool, "initial", name)?,
                slope(document, pool, "maintenance", name)?,
            ])
        };
        for charge in &pool.charges {
            let slopes = slopes(&charge.name)?;
            for (inner, share) in made_of(pool, charge)? {
                for (what, amount) in split(market, inner, share)? {
                    let [initial, maintenance] = slopes.map(|slope| {
                        let own = amount.times(slope, Round::Nearest)?;
                        pool.in_account_currency(own, Round::Nearest)
                    });
                    add(&mut out, what, Some(inner), [initial?, maintenance?])?;
                }
            }
        }
        let orders = |level: &str| {
            let level = pool.levels.iter().find(|one| one.name == level);
            let orders = level.map_or(Money::ZERO, |level| level.orders);
            pool.in_account_currency(orders, Round::Nearest)
        };
        add(&mut out, ORDERS, None, [orders("initial")?, orders("maintenance")?])?;
    }
    out.retain(|one| !one.initial_margin.is_zero() || !one.maintenance_margin.is_zero());
    let summed = |of: fn(&Charged) -> Money| Money::sum(out.iter().map(of));
    let initial = found.total.initial.minus(summed(|one| one.initial_margin)?)?;
    let maintenance = found.total.maintenance.minus(summed(|one| one.maintenance_margin)?)?;
    if !initial.is_zero() || !maintenance.is_zero() {
        add(&mut out, REST, None, [initial, maintenance])?;
    }
    Ok(out)
}

fn add(
    out: &mut Vec<Charged>,
    what: &str,
    charge: Option<&ChargeOutcome>,
    [initial, maintenance]: [Money; 2],
) -> Result<(), MarginError> {
    let name = charge.map(|one| one.name.clone());
    let place = match out.iter().position(|one| one.what == what && one.charge == name) {
        Some(place) => place,
        None => {
            out.push(Charged {
                what: what.to_owned(),
                charge: name,
                kind: charge.map(|one| one.kind.clone()),
                initial_margin: Money::ZERO,
                maintenance_margin: Money::ZERO,
            });
            out.len() - 1
        }
    };
    let one = &mut out[place];
    one.initial_margin = one.initial_margin.plus(initial)?;
    one.maintenance_margin = one.maintenance_margin.plus(maintenance)?;
    Ok(())
}

/// What a charge is made of, each with what it adds to it; itself where it is made of no others.
/// What a formula makes of numbers alone is of none of them.
fn made_of<'a>(
    pool: &'a PoolMargin,
    charge: &'a ChargeOutcome,
) -> Result<Vec<(&'a ChargeOutcome, Money)>, MarginError> {
    let shares = &charge.plain.shares;
    if shares.is_empty() {
        return Ok(vec![(charge, charge.plain.amount)]);
    }
    let mut out = Vec::new();
    for inner in &pool.charges {
        let own = shares.iter().filter(|share| share.charge == inner.name);
        out.push((inner, Money::sum(own.map(|share| share.amount))?));
    }
    Ok(out)
}

/// An amount of a charge by what it is charged for: of one that is a sum over positions, by their
/// kind.
fn split<'a>(
    market: &Market,
    charge: &'a ChargeOutcome,
    amount: Money,
) -> Result<Vec<(&'a str, Money)>, MarginError> {
    if amount.is_zero() {
        return Ok(Vec::new());
    }
    if let Some((_, word)) = WORDS.iter().find(|(kind, _)| *kind == charge.kind) {
        return Ok(vec![(word, amount)]);
    }
    let (mut futures, mut options, mut all) = (Money::ZERO, Money::ZERO, true);
    for (part, own) in &charge.plain.parts {
        match part {
            Part::Position(id) if market.instruments.get(*id).is_option() => {
                options = options.plus(*own)?;
            }
            Part::Position(_) => futures = futures.plus(*own)?,
            Part::Holding(_) => all = false,
        }
    }
    let whole = charge.plain.amount;
    if all && futures.plus(options)? == whole {
        let futures = match (futures.is_zero(), options.is_zero()) {
            (true, _) => Money::ZERO,
            (_, true) => amount,
            // A share of a charge is divided as the charge is.
            _ => {
                let [own, all] = [futures.decimal(), whole.decimal()];
                Money::new(amount.decimal().times_over(own, all, Round::Nearest)?)
            }
        };
        return Ok(vec![(FUTURES, futures), (OPTIONS, amount.minus(futures)?)]);
    }
    Ok(vec![(charge.kind.as_str(), amount)])
}

fn slope(
    document: &Document,
    pool: &PoolMargin,
    level: &str,
    charge: &str,
) -> Result<Rate, MarginError> {
    let slope = keelmark_margin::allocate::slope(document, pool, level, charge)?;
    Ok(Rate::from_f64(slope, Round::Nearest)?)
}
