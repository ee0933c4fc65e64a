//! Health: weighted tokens, unsettled profit of perpetuals, spot orders, a hedged coin; and the
//! rules around it.

use crate::desk::{Contract, Desk, document};
use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Asset, Balance, Decimal, InstrumentId, Money, Price, Round, Timestamp};
use keelmark_margin::flow::BorrowWindow;
use keelmark_margin::shift::{Span, shifted};
use keelmark_margin::unpriced::without_unpriced;
use keelmark_margin::{Document, MarginError};

const BY_HEALTH: &str = "mango-v4";
const WITH_SPREAD: &str = "nado";

/// What a health type is called in the inputs, and in the document.
struct Level {
    name: &'static str,
    charge: &'static str,
    /// Fields of a token, and prefix of a perpetual's.
    asset: &'static str,
    liability: &'static str,
    perpetual: &'static str,
}

fn level(inputs: Inputs<'_>) -> Result<Level, Problem> {
    let (name, charge, asset, liability, perpetual) = match inputs.text("health_type")? {
        "Init" => ("initial", "init", "init_asset_scaled", "init_liab_scaled", "init"),
        "Maint" => ("maintenance", "maint", "maint_asset", "maint_liab", "maint"),
        "LiquidationEnd" => ("liquidation_end", "end", "init_asset", "init_liab", "init"),
        other => return problem(format!("health_type: expected Init or Maint, found {other:?}")),
    };
    Ok(Level { name, charge, asset, liability, perpetual })
}

/// `mango-v4-health`.
pub fn tokens_and_perps(inputs: Inputs<'_>) -> Answer {
    let level = level(inputs)?;
    let mut desk = Desk::new();
    let (mut assets, mut liabilities) = (Weights::default(), Weights::default());
    for row in inputs.list("tokens")? {
        let row = Inputs(row);
        let name = token(row, "id")?;
        let oracle = row.number("oracle")?;
        desk.price(&name, oracle)?;
        let slow = row.number_or("stable", oracle)?;
        desk.market.set_slow(Asset::new(&name)?, Price::new(slow))?;
        desk.account.deposit(Asset::new(&name)?, Money::new(row.number("balance")?))?;
        assets.add(&name, row.number(level.asset)?);
        liabilities.add(&name, row.number(level.liability)?);
    }
    let at = |field: &str| format!("charge.{}.{field}", level.charge);
    let mut changes = vec![(at("asset"), assets.text()), (at("liability"), liabilities.text())];
    let (mut long, mut short, mut gain) =
        (Weights::default(), Weights::default(), Weights::default());
    for (number, row) in inputs.list("perps")?.iter().enumerate() {
        let (row, name) = (Inputs(row), format!("P{number}"));
        perpetual(&mut desk, row, &name)?;
        let field = |what: &str| row.number(&format!("{}_{what}", level.perpetual));
        long.add(&name, field("base_asset")?);
        short.add(&name, field("base_liab")?);
        gain.add(&name, field("overall")?);
    }
    if !long.0.is_empty() {
        changes.push((at("contracts.asset"), long.text()));
        changes.push((at("contracts.liability"), short.text()));
        changes.push((at("contracts.gain"), gain.text()));
    }
    for (number, row) in inputs.list("spot_orders")?.iter().enumerate() {
        spot_orders(&mut desk, Inputs(row), number)?;
    }
    let changes: Vec<(&str, String)> =
        changes.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    let document = document(BY_HEALTH, &changes)?;
    Ok(Json::object([("health", health(&desk, &document, level.name)?.into())]))
}

/// Equity less a level.
fn health(desk: &Desk, document: &Document, level: &str) -> Result<Money, Problem> {
    let pool = desk.pool(document)?;
    Ok(pool.health.equity.minus(pool.level(level))?)
}

/// A perpetual with its base and quote balances and its open lots.
fn perpetual(desk: &mut Desk, row: Inputs<'_>, name: &str) -> Result<InstrumentId, Problem> {
    let lot = row.number("base_lot_size")?;
    let oracle = row.number("oracle")?;
    let lots = |field: &str| Ok::<_, Problem>(row.number(field)?.times(lot, Round::Nearest)?);
    let (held, bids, asks) = (lots("base_lots")?, lots("bids")?, lots("asks")?);
    let contract = Contract::settled_in(name, &token(row, "settle")?, oracle)?.named(name);
    let id = desk.list(contract, &[held, bids, asks])?;
    let slow = row.number_or("stable", oracle)?;
    desk.market.set_slow_mark(id, Price::new(slow))?;
    desk.hold_balances(id, held, row.number("quote")?)?;
    desk.order(id, bids, None);
    desk.order(id, -asks, None);
    Ok(id)
}

/// What a spot market's open orders hold back, as one order a side.
fn spot_orders(desk: &mut Desk, row: Inputs<'_>, number: usize) -> Result<(), Problem> {
    let (base, quote) = (token(row, "base")?, token(row, "quote")?);
    let price = |name: &str| Ok::<_, Problem>(desk.market.price(&Asset::new(name)?)?.decimal());
    let index = price(&base)?.over(price(&quote)?, Round::Nearest)?;
    let (sold, paid) = (row.number("reserved_base")?, row.number("reserved_quote")?);
    let (bid, bought) = match row.number_if_any("highest_bid_inv")? {
        Some(inverse) => (
            Some(Decimal::ONE.over(inverse, Round::Nearest)?),
            paid.times(inverse, Round::Nearest)?,
        ),
        None => (None, paid.over(index, Round::Nearest)?),
    };
    for (name, amount) in [(&base, sold), (&quote, paid)] {
        desk.account.deposit(Asset::new(name)?, Money::new(amount))?;
    }
    let mut contract = Contract::spot(&base, &quote, index)?.named(&format!("S{number}"));
    // Two markets may be of one pair.
    contract.symbol.venue.push_str(&number.to_string());
    let id = desk.list(contract, &[sold, bought])?;
    desk.order(id, bought, bid);
    desk.order(id, -sold, row.number_if_any("lowest_ask")?);
    Ok(())
}

/// The name of the token that a field numbers.
fn token(row: Inputs<'_>, field: &str) -> Result<String, Problem> {
    Ok(format!("T{}", row.number(field)?))
}

/// Weights by name, as a document writes them.
#[derive(Default)]
struct Weights(Vec<String>);

impl Weights {
    fn add(&mut self, name: &str, weight: Decimal) {
        self.0.push(format!("{name} = \"{weight}\""));
    }

    fn text(&self) -> String {
        format!("{{ {} }}", self.0.join(", "))
    }
}

/// `mango-v4-health-skip`.
pub fn skipped(inputs: Inputs<'_>) -> Answer {
    let mut desk = Desk::new();
    let missing = Balance {
        asset: Asset::new("MISSING")?,
        amount: Money::new(inputs.number("missing_token_balance")?),
    };
    desk.account.collateral.push(missing);
    match without_unpriced(&desk.account, &desk.market, None) {
        Ok((account, _)) => {
            desk.account = account;
            let document = Document::named(BY_HEALTH)?;
            Ok(Json::object([("health", health(&desk, &document, "initial")?.into())]))
        }
        Err(error @ MarginError::OwedWithoutPrice { .. }) => {
            let text = error.to_string();
            let rule = text.split_once(": ").map_or(text.as_str(), |(_, rule)| rule);
            Ok(Json::object([("error", rule.into())]))
        }
        Err(other) => Err(other.into()),
    }
}

/// `mango-v4-maint-weight-shift`.
pub fn shifted_weights(inputs: Inputs<'_>) -> Answer {
    let instant = |name: &str| -> Result<Timestamp, Problem> {
        let nanos = inputs.number(name)?.raw() / 10i128.pow(9);
        Ok(Timestamp::from_nanos(i64::try_from(nanos)?))
    };
    let (span, now) = (Span { start: instant("start")?, end: instant("end")? }, instant("now")?);
    let weight = |side: &str, round: Round| -> Result<Decimal, Problem> {
        let from = inputs.number(&format!("{side}_from"))?;
        let target = inputs.number(&format!("{side}_target"))?;
        Ok(shifted(from, target, span, now, round)?)
    };
    Ok(Json::object([
        ("maint_asset", weight("asset", Round::Down)?.into()),
        ("maint_liab", weight("liab", Round::Up)?.into()),
    ]))
}

/// `mango-v4-net-borrows`.
pub fn net_borrows(inputs: Inputs<'_>) -> Answer {
    let whole = |value: Decimal, name: &str| {
        let found = value.in_steps_of(Decimal::ONE);
        found.ok_or_else(|| Problem(format!("{name}: expected a whole number, found {value}")))
    };
    let limit = Money::new(inputs.number("limit_quote")?);
    let mut window = BorrowWindow::new(whole(inputs.number("window")?, "window")?, limit);
    let price = Price::new(inputs.number("price")?);
    let (mut balance, mut after, mut breached) = (Money::ZERO, Vec::new(), false);
    for row in inputs.list("changes")? {
        let Json::List(row) = row else { return problem("changes: expected lists of two") };
        let [amount, now] = row.as_slice() else {
            return problem("changes: expected [native amount, time]");
        };
        let amount = Money::new(decimal(amount, "changes")?);
        let left = window.change(balance, amount, whole(decimal(now, "changes")?, "changes")?)?;
        let borrows = left.is_negative() && left < balance;
        breached = borrows && window.is_breached(price, Some(price))?;
        balance = left;
        after.push(window.net);
    }
    Ok(Json::object([
        ("check", if breached { "error" } else { "ok" }.into()),
        ("net_borrows_after", after.into()),
    ]))
}

/// `vertex-nado-health`.
pub fn spread(inputs: Inputs<'_>) -> Answer {
    let (level, charge) = match inputs.text("health_type")? {
        "initial" => ("initial", "init"),
        "maintenance" => ("maintenance", "maint"),
        other => {
            return problem(format!("health_type: expected initial or maintenance, found {other}"));
        }
    };
    // Dollars, in which the perpetual settles, count at their value.
    let weight = |name: &str| {
        let weight = inputs.number(name)?;
        Ok::<_, Problem>(format!("{{ COIN = \"{weight}\", USD = \"1\" }}"))
    };
    let paths = ["asset", "liability", "contracts.asset", "contracts.liability"]
        .map(|field| format!("charge.{charge}.{field}"));
    let names = ["spot_long", "spot_short", "perp_long", "perp_short"];
    let mut changes = Vec::new();
    for (path, name) in paths.iter().zip(names) {
        changes.push((path.as_str(), weight(name)?));
    }
    let pairs = format!("charge.{charge}.spread.pairs");
    changes.push((&pairs, "[\"COIN\"]".to_owned()));
    let document = document(WITH_SPREAD, &changes)?;
    let mut desk = Desk::new();
    desk.price("COIN", inputs.number("spot_price")?)?;
    desk.entry("COIN", inputs.number("spot")?)?;
    let held = inputs.number("perp")?;
    let contract = Contract::linear("COIN", inputs.number("perp_price")?)?;
    let id = desk.list(contract, &[held])?;
    desk.hold_balances(id, held, Decimal::ZERO)?;
    Ok(Json::object([("health_before_quote", health(&desk, &document, level)?.into())]))
}
