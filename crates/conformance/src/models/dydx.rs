//! Perpetuals by fractions of notional in whole quanta: margins, and what a position closes for.
//!
//! A margin is asked of the document and of the integers, and both must say the same; where the
//! document's decimals cannot hold a case (a price of zero, amounts beyond 1.7e20), the integers
//! answer alone.

use crate::desk::{Contract, Desk, document};
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Decimal, Quantity};
use keelmark_margin::closeout::{
    self, Account, Fractions, Integer, OpenInterestScale, Perpetual, Position, Standing,
};
use keelmark_margin::expr::EvalError;
use keelmark_margin::{MarginError, PoolMargin, margin};
use std::sync::OnceLock;

const DOCUMENT: &str = "dydx-v4";

/// In what a protocol counts.
struct Protocol {
    /// A quote quantum is ten to this.
    quote: i32,
    /// A part of a fraction is ten to this.
    part: i32,
    /// Parts in one.
    whole: Integer,
}

fn protocol() -> Result<&'static Protocol, Problem> {
    static KNOWN: OnceLock<Result<Protocol, Problem>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let document = document(DOCUMENT, &[])?;
        let exponent = |name: &str| Ok::<_, Problem>(-i32::try_from(document.whole_rule(name)?)?);
        let whole = Integer::ten_to(document.whole_rule("fraction_places")?)?;
        Ok(Protocol { quote: exponent("quote_places")?, part: exponent("fraction_places")?, whole })
    });
    known.as_ref().map_err(Clone::clone)
}

/// `dydx-v4-imr`.
pub fn initial(inputs: Inputs<'_>) -> Answer {
    let initial = of_notional(inputs, inputs.integer("notional")?)?;
    Ok(Json::object([("imr", initial.into())]))
}

/// `dydx-v4-oimf`: the fraction is what a notional of one asks.
pub fn scaled_fraction(inputs: Inputs<'_>) -> Answer {
    let fraction = of_notional(inputs, protocol()?.whole.clone())?;
    let own = fractions(inputs)?.scaled_initial(&inputs.integer("oi_notional")?)?;
    agree("fraction", &own, Some(fraction))?;
    Ok(Json::object([("imf_ppm", own.into())]))
}

/// `dydx-v4-mmf`.
pub fn maintenance_fraction(inputs: Inputs<'_>) -> Answer {
    Ok(Json::object([("mmf_ppm", fractions(inputs)?.maintenance_fraction()?.into())]))
}

/// `dydx-v4-funding-clamp`.
pub fn funding_clamp(inputs: Inputs<'_>) -> Answer {
    let fractions = Fractions {
        whole: protocol()?.whole.clone(),
        initial: inputs.integer("initialMarginPpm")?,
        maintenance: inputs.integer("maintenanceFractionPpm")?,
        scale: OpenInterestScale::default(),
    };
    let factor = inputs.integer("clampFactorPpm")?;
    Ok(Json::object([("clamp_ppm", closeout::funding_clamp::most(&fractions, &factor)?.into())]))
}

/// `dydx-v4-position-margin`.
pub fn position(inputs: Inputs<'_>) -> Answer {
    let position = held(inputs, "base_quantums")?;
    let account = Account { quote: Integer::default(), positions: vec![position] };
    let standing = standing(&account)?;
    Ok(Json::object([("imr", standing.initial.into()), ("mmr", standing.maintenance.into())]))
}

/// `dydx-v4-liquidatable`.
pub fn liquidatable(inputs: Inputs<'_>) -> Answer {
    let (net, maintenance) = (inputs.integer("net_collateral")?, inputs.integer("mmr")?);
    let standing = Standing::new(net, 0, maintenance);
    standing.check()?;
    Ok(Json::object([("liquidatable", standing.is_liquidatable().into())]))
}

/// `dydx-v4-risk-order`.
pub fn risk_order(inputs: Inputs<'_>) -> Answer {
    let one = |name: &str| -> Result<Standing, Problem> {
        let inside = inputs.inside(name)?;
        let found = Standing::new(inside.integer("nc")?, 0, inside.integer("mmr")?);
        found.check()?;
        Ok(found)
    };
    let order = one("a")?.risk_order(&one("b")?);
    Ok(Json::object([("cmp_a_vs_b", Integer::from(order as i32).into())]))
}

/// `dydx-v4-bankruptcy-price`.
pub fn bankruptcy_price(inputs: Inputs<'_>) -> Answer {
    let (account, at) = account(inputs)?;
    let change = inputs.integer("delta_quantums")?;
    let found = closeout::bankruptcy::price(&account, at, &change)?;
    Ok(Json::object([("quote_quantums", found.into())]))
}

/// `dydx-v4-fillable-price`.
pub fn fillable_price(inputs: Inputs<'_>) -> Answer {
    let (account, at) = account(inputs)?;
    let spread = closeout::fillable::Spread {
        whole: protocol()?.whole.clone(),
        bankruptcy_adjustment: inputs.integer("bankruptcy_adjustment_ppm")?,
        to_maintenance: inputs.integer("spread_to_mmr_ratio_ppm")?,
    };
    let found = closeout::fillable::price(&account, at, &spread)?;
    Ok(Json::object([
        ("price_num", found.numerator().clone().into()),
        ("price_den", found.denominator().clone().into()),
    ]))
}

/// `dydx-v4-insurance-fund-delta`.
pub fn insurance_delta(inputs: Inputs<'_>) -> Answer {
    let (account, at) = account(inputs)?;
    let buys = match inputs.need("is_buy")? {
        Json::Bool(truth) => *truth,
        other => return problem(format!("is_buy: expected true or false, found {other}")),
    };
    let fill = closeout::insurance::Fill::at(
        buys,
        inputs.integer("fill_amount")?,
        &inputs.integer("subticks")?,
        inputs.small("quantum_conversion_exponent")?,
    )?;
    let most = inputs.integer("max_liquidation_fee_ppm")?;
    let found = closeout::insurance::delta(&account, at, &fill, &most, &protocol()?.whole)?;
    Ok(Json::object([("quote_quantums", found.into())]))
}

/// `dydx-v4-insurance-delta`.
pub fn insurance_bears(inputs: Inputs<'_>) -> Answer {
    let (balance, delta) = (inputs.integer("balance")?, inputs.integer("delta")?);
    Ok(Json::object([("valid", closeout::insurance::bears(&balance, &delta).into())]))
}

fn fractions(inputs: Inputs<'_>) -> Result<Fractions, Problem> {
    Ok(Fractions {
        whole: protocol()?.whole.clone(),
        initial: inputs.integer("initial_margin_ppm")?,
        maintenance: if inputs.has("maintenance_fraction_ppm") {
            inputs.integer("maintenance_fraction_ppm")?
        } else {
            protocol()?.whole.clone()
        },
        scale: OpenInterestScale {
            lower: inputs.integer_or("oi_lower_cap", 0)?,
            upper: inputs.integer_or("oi_upper_cap", 0)?,
        },
    })
}

/// Initial margin of a notional: that of so many quote quanta at a price of one.
fn of_notional(inputs: Inputs<'_>, notional: Integer) -> Result<Integer, Problem> {
    let contract = closeout::Contract {
        price: Integer::from(1),
        price_exponent: 0,
        base_exponent: protocol()?.quote,
        quote_exponent: protocol()?.quote,
    };
    let open_interest = inputs.integer("oi_notional")?;
    let perpetual = Perpetual { contract, fractions: fractions(inputs)?, open_interest };
    let positions = vec![Position { perpetual, quanta: notional }];
    Ok(standing(&Account { quote: Integer::default(), positions })?.initial)
}

fn held(inputs: Inputs<'_>, quanta: &str) -> Result<Position, Problem> {
    let contract = closeout::Contract {
        price: inputs.integer("price")?,
        price_exponent: inputs.small("price_exponent")?,
        base_exponent: inputs.small("atomic_resolution")?,
        quote_exponent: protocol()?.quote,
    };
    let open_interest = inputs.integer_or("open_interest_base_quantums", 0)?;
    let perpetual = Perpetual { contract, fractions: fractions(inputs)?, open_interest };
    Ok(Position { perpetual, quanta: inputs.integer(quanta)? })
}

/// An account, and the place of the position that is closed. Its margins are checked.
fn account(inputs: Inputs<'_>) -> Result<(Account, usize), Problem> {
    let mut account = Account { quote: inputs.integer("usdc_quantums")?, positions: Vec::new() };
    let (closed, mut at) = (inputs.integer("perpetual")?, None);
    for row in inputs.list("positions")? {
        let row = Inputs(row);
        if row.integer("perpetual")? == closed {
            at = Some(account.positions.len());
        }
        account.positions.push(held(row, "quantums")?);
    }
    standing(&account)?;
    match at {
        Some(at) => Ok((account, at)),
        None => problem(format!("expected a position in perpetual {closed}, found none")),
    }
}

/// The standing of an account, of which the document must say the same where it can hold it.
fn standing(account: &Account) -> Result<Standing, Problem> {
    let found = account.standing()?;
    if let Some(pool) = by_document(account)? {
        let quote = protocol()?.quote;
        let quanta = |amount: keelmark_book::Money| Integer::quanta(amount.decimal(), quote);
        agree("initial margin", &found.initial, quanta(pool.level("initial")))?;
        agree("maintenance margin", &found.maintenance, quanta(pool.level("maintenance")))?;
        agree("net collateral", &found.net, quanta(pool.health.equity))?;
    }
    Ok(found)
}

fn agree(what: &str, integers: &Integer, document: Option<Integer>) -> Result<(), Problem> {
    if document.as_ref() == Some(integers) {
        return Ok(());
    }
    let said = document.map_or("no whole number of quanta".to_owned(), |one| one.to_string());
    problem(format!("{what}: the integers say {integers}, the document {said}"))
}

/// The same account under the document; `None` where its decimals cannot hold it.
fn by_document(account: &Account) -> Result<Option<PoolMargin>, Problem> {
    let mut desk = Desk::new();
    desk.price("USDC", Decimal::ONE)?;
    let Some(quote) = account.quote.decimal(protocol()?.quote) else { return Ok(None) };
    desk.entry("USDC", quote)?;
    let mut by: [Vec<String>; 4] = Default::default();
    for (at, position) in account.positions.iter().enumerate() {
        let name = format!("M{at}");
        if !hold(&mut desk, &name, position)? {
            return Ok(None);
        }
        let Fractions { initial, maintenance, scale, .. } = &position.perpetual.fractions;
        let (quote, part) = (protocol()?.quote, protocol()?.part);
        let fractions = [(initial, part), (maintenance, part)];
        let values = fractions.into_iter().chain([(&scale.lower, quote), (&scale.upper, quote)]);
        for (list, (value, exponent)) in by.iter_mut().zip(values) {
            let Some(value) = value.decimal(exponent) else { return Ok(None) };
            list.push(format!("{name} = \"{value}\""));
        }
    }
    let names = ["initial_fraction", "maintenance_fraction", "interest_lower", "interest_upper"];
    let paths = names.map(|name| format!("params.{name}"));
    let changes: Vec<(&str, String)> = paths
        .iter()
        .zip(&by)
        .map(|(path, list)| (path.as_str(), format!("{{ {} }}", list.join(", "))))
        .collect();
    let document = document(DOCUMENT, &changes)?;
    match margin(&document, &desk.market, &desk.account) {
        Ok(mut found) if found.pools.len() == 1 => Ok(found.pools.pop()),
        Ok(found) => problem(format!("expected one pool, found {}", found.pools.len())),
        Err(
            MarginError::Overflow { .. }
            | MarginError::OffTheLot { .. }
            | MarginError::Formula(EvalError::Overflow { .. }),
        ) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Holds a position, entered at its price for what that costs; `false` where it does not fit.
fn hold(desk: &mut Desk, name: &str, position: &Position) -> Result<bool, Problem> {
    let Position { perpetual, quanta } = position;
    let contract = &perpetual.contract;
    let decimals = (
        contract.price.decimal(contract.price_exponent),
        quanta.decimal(contract.base_exponent),
        perpetual.open_interest.decimal(contract.base_exponent),
        contract.notional(quanta)?.decimal(protocol()?.quote),
    );
    let (Some(price), Some(size), Some(open), Some(notional)) = decimals else { return Ok(false) };
    if !price.is_positive() {
        return Ok(false);
    }
    desk.entry("USDC", notional)?;
    let id = desk.hold(Contract::linear(name, price)?, size, Some(price))?;
    desk.market.set_open_interest(id, Quantity::new(open))?;
    // A desk holds what its lots can count.
    Ok(desk.account.positions.last().is_some_and(|one| one.quantity == Quantity::new(size)))
}
