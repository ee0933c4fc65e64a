//! Liquidation prices of one position beside others.
//!
//! What the other positions need and have gained is held as a position of its own, on an
//! underlying that does not move.

use crate::desk::{Contract, Desk, document};
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Decimal, Rate, Round};
use keelmark_margin::Document;
use keelmark_margin::distance::{Crossing, Factor, distances};

/// The underlying in question, and the one that stands for the rest.
const BASE: &str = "COIN";
const REST: &str = "REST";
/// How often another price is tried to look from.
const TRIES: usize = 48;

/// A position and the account around it.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// Cash, without profit of the position.
    pub wallet: Decimal,
    /// Signed base units.
    pub size: Decimal,
    /// Price that profit counts from.
    pub entry: Decimal,
    /// Maintenance rate and amount off it.
    pub rate: Decimal,
    /// Amount off the maintenance.
    pub deduction: Decimal,
    /// Maintenance of other positions.
    pub rest_maintenance: Decimal,
    /// Profit of other positions.
    pub rest_profit: Decimal,
}

/// `binance.usdm.liquidation_price`.
pub fn bracketed(inputs: Inputs<'_>) -> Answer {
    let side = inputs.side()?;
    let zero = Decimal::ZERO;
    let account = Account {
        wallet: inputs.number("wallet_balance")?,
        size: inputs.number("position")?.abs().times(side, Round::Nearest)?,
        entry: inputs.number("entry_price")?,
        rate: inputs.number("mmr")?,
        deduction: inputs.number_or("cum", zero)?,
        rest_maintenance: inputs.number_or("tmm_others", zero)?,
        rest_profit: inputs.number_or("upnl_others", zero)?,
    };
    Ok(Json::object([("liquidation_price", price(&account)?.into())]))
}

/// `generic.cross_liquidation`: one answer for each maintenance of others.
pub fn generic(inputs: Inputs<'_>) -> Answer {
    let mark = inputs.number("mark")?;
    let alone = Account {
        wallet: inputs.number("equity")?,
        size: inputs.number("size")?,
        entry: mark,
        rate: inputs.number("mmr")?,
        deduction: Decimal::ZERO,
        rest_maintenance: Decimal::ZERO,
        rest_profit: Decimal::ZERO,
    };
    let beside = |rest_maintenance| price(&Account { rest_maintenance, ..alone });
    let room = |rest| -> Answer {
        let Some(found) = beside(rest)? else { return Ok(Json::Null) };
        let away = mark.minus(found)?.abs().times(Decimal::from_int(100), Round::Nearest)?;
        Ok(away.over(mark, Round::Nearest)?.into())
    };
    if !inputs.has("other_maintenance") {
        let none = Decimal::ZERO;
        let found: Json = beside(none)?.into();
        return Ok(Json::object([("liquidation_price", found), ("room_pct", room(none)?)]));
    }
    Ok(Json::object([
        ("liquidation_price", inputs.each("other_maintenance", |rest| Ok(beside(rest)?.into()))?),
        ("room_pct", inputs.each("other_maintenance", room)?),
    ]))
}

/// The price at which maintenance meets equity; `None` where no price does.
///
/// A liquidation price belongs to the account, not to today's mark, and a case may describe an
/// account that is past it. So the price is looked for from the entry first, then from where the
/// position gains, or nearer to where it loses.
pub fn price(account: &Account) -> Result<Option<Decimal>, Problem> {
    let long = account.size.is_positive();
    let document = requirement(account)?;
    let two = Decimal::from_int(2);
    let mut from = account.entry;
    for _ in 0..TRIES {
        let away = match crossing(&document, account, from, long)? {
            Crossing::At { level, .. } => return Ok(Some(level)),
            Crossing::Already => long,
            Crossing::None { .. } => !long,
        };
        from =
            if away { from.times(two, Round::Nearest)? } else { from.over(two, Round::Nearest)? };
        if from < Decimal::from_raw(1_000_000) || from > Decimal::from_int(1_000_000_000_000) {
            return Ok(None);
        }
    }
    Ok(None)
}

fn crossing(
    document: &Document,
    account: &Account,
    mark: Decimal,
    long: bool,
) -> Result<Crossing, Problem> {
    let mut desk = Desk::new();
    desk.price("USDT", Decimal::ONE)?;
    desk.entry("USDT", account.wallet)?;
    desk.hold(Contract::linear(BASE, mark)?, account.size, Some(account.entry))?;
    rest(&mut desk, account)?;
    let found = distances(document, &desk.market, &desk.account)?;
    let own = found
        .into_iter()
        .find(|one| matches!(&one.factor, Factor::Price(asset) if asset.as_str() == BASE));
    match own {
        Some(own) => Ok(if long { own.down } else { own.up }),
        None => problem("expected a distance along the price, found none"),
    }
}

/// The rest of the account: so many units at a price of one, entered where their profit says.
fn rest(desk: &mut Desk, account: &Account) -> Result<(), Problem> {
    let mut units = Decimal::from_int(10);
    while units < account.rest_profit.abs().times(Decimal::from_int(2), Round::Up)? {
        units = units.times(Decimal::from_int(10), Round::Up)?;
    }
    let entry = Decimal::ONE.minus(account.rest_profit.over(units, Round::Nearest)?)?;
    desk.hold(Contract::linear(REST, Decimal::ONE)?, units, Some(entry))?;
    Ok(())
}

fn requirement(account: &Account) -> Result<Document, Problem> {
    let Account { rate, deduction, rest_maintenance, .. } = account;
    let owed = Rate::new(-*rest_maintenance);
    let tiers = format!(
        "{{ {BASE} = [{{ rate = \"{rate}\", deduction = \"{deduction}\" }}], \
         {REST} = [{{ rate = \"0\", deduction = \"{owed}\" }}] }}"
    );
    document("binance-usdm", &[("charge.futures_maintenance.tiers", tiers)])
}
