//! Accounts, balances and positions of every service.
//!
//! Positions stand in the account's reply and in `positionRisk`; the second adds the mark and the
//! liquidation price. They are one position, and so are their fields here.

use super::market::implied;
use super::symbol;
use crate::assembly::{Draft, Leg, Resting};
use crate::imported::{Figure, What};
use crate::json::At;
use crate::orders::{Why, buys, closes, left, says};
use keelmark_book::symbol::Symbol;
use keelmark_book::{Asset, Decimal, InputError, Kind, Money, Price, Quantity, Round};
use std::collections::BTreeMap;

pub(super) const LINEAR: &str = "binance-usdm";
pub(super) const COIN: &str = "binance-coinm";
pub(super) const OPTIONS: &str = "binance-options";
pub(super) const UNIFIED: &str = "binance-unified";

/// Positions so far, by name and side, and what the venue reports.
#[derive(Debug, Default)]
pub(super) struct Accounts<'a> {
    held: BTreeMap<(String, String), Held<'a>>,
    /// Open orders: their rows, names, what is left to fill, and their prices.
    ordered: Vec<(At<'a>, String, Quantity, Option<Price>)>,
    pub(super) reported: Vec<Figure>,
    /// Whether everything is one account.
    unified: bool,
}

#[derive(Clone, Debug)]
struct Held<'a> {
    at: At<'a>,
    amount: Decimal,
    entry: Option<Decimal>,
    mark: Option<Decimal>,
    leverage: Option<Decimal>,
    own: Option<Decimal>,
    initial: Option<Decimal>,
    maintenance: Option<Decimal>,
    liquidation: Option<Decimal>,
}

fn figure(account: &str, what: What, currency: Asset, value: Decimal) -> Figure {
    Figure { account: account.to_owned(), what, currency, value }
}

impl<'a> Accounts<'a> {
    /// None yet, of services apart or as one account.
    pub(super) fn new(unified: bool) -> Self {
        Self { unified, ..Self::default() }
    }

    fn named(&self, service: &'static str) -> &'static str {
        if self.unified { UNIFIED } else { service }
    }

    /// `fapi` and `dapi` account: wallets, positions, totals.
    pub(super) fn account(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
        service: &'static str,
    ) -> Result<(), InputError> {
        let account = self.named(service);
        for row in rows {
            draft.time(row.millis("updateTime")?);
            draft.account(account);
            for asset in row.need("assets")?.items()? {
                let name = asset.asset("asset")?;
                draft.time(asset.millis("updateTime")?);
                // What isolated positions have is theirs.
                let cross = asset.maybe("crossWalletBalance")?;
                let cash = cross.map_or_else(|| asset.amount("walletBalance"), Ok)?;
                draft.cash(&asset, account, name.clone(), cash)?;
                if service == COIN {
                    self.levels(
                        &asset,
                        account,
                        &name,
                        ["marginBalance", "initialMargin", "maintMargin"],
                    )?;
                }
            }
            for one in row.need("positions")?.items()? {
                self.position(&one, draft)?;
            }
            if service == LINEAR {
                let fields = ["totalMarginBalance", "totalInitialMargin", "totalMaintMargin"];
                self.levels(row, account, &Asset::usd(), fields)?;
            }
        }
        Ok(())
    }

    /// Equity, initial and maintenance by the names of their fields; zeros of coins say nothing.
    fn levels(
        &mut self,
        row: &At<'_>,
        account: &str,
        currency: &Asset,
        fields: [&str; 3],
    ) -> Result<(), InputError> {
        let whats = [What::Equity, What::Initial, What::Maintenance];
        for (field, what) in fields.into_iter().zip(whats) {
            if let Some(value) = row.maybe(field)?.filter(|value| !value.is_zero()) {
                let what = What::WithIsolated(Box::new(what));
                self.reported.push(figure(account, what, currency.clone(), value));
            }
        }
        Ok(())
    }

    /// `fapi/v2/balance`.
    pub(super) fn balance(&self, rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
        for row in rows {
            draft.time(row.millis("updateTime")?);
            let cash = row.amount("crossWalletBalance")?;
            draft.cash(row, self.named(LINEAR), row.asset("asset")?, cash)?;
        }
        Ok(())
    }

    /// `papi/v1/account`.
    pub(super) fn unified(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
    ) -> Result<(), InputError> {
        for row in rows {
            draft.time(row.millis("updateTime")?);
            draft.account(UNIFIED);
            let fields = ["accountEquity", "accountInitialMargin", "accountMaintMargin"];
            self.levels(row, UNIFIED, &Asset::usd(), fields)?;
            if let Some(ratio) = row.positive("uniMMR")? {
                self.reported.push(figure(UNIFIED, What::Ratio, Asset::usd(), ratio));
            }
        }
        Ok(())
    }

    /// `eapi/v1/marginAccount`.
    pub(super) fn options(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
    ) -> Result<(), InputError> {
        for row in rows {
            draft.time(row.millis("time")?);
            for asset in row.need("asset")?.items()? {
                let name = asset.asset("asset")?;
                draft.cash(&asset, OPTIONS, name.clone(), asset.amount("marginBalance")?)?;
                self.levels(&asset, OPTIONS, &name, ["equity", "initialMargin", "maintMargin"])?;
            }
        }
        Ok(())
    }

    /// `eapi/v1/position`.
    pub(super) fn option_positions(&mut self, rows: &[At<'a>]) -> Result<(), InputError> {
        for row in rows {
            let size = row.amount("quantity")?;
            let amount = match row.word("side")? {
                "LONG" => size.abs(),
                "SHORT" => -size.abs(),
                other => {
                    let problem = format!("side: expected LONG or SHORT, found {other:?}");
                    return Err(row.error(problem));
                }
            };
            let held = Held {
                at: row.clone(),
                amount,
                entry: row.positive("entryPrice")?,
                mark: row.maybe("markPrice")?,
                leverage: None,
                own: None,
                initial: None,
                maintenance: None,
                liquidation: None,
            };
            self.hold(row, row.word("symbol")?, "BOTH", held)?;
        }
        Ok(())
    }

    /// `openOrders`: options have a `quantity`, futures an `origQty`.
    pub(super) fn orders(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
    ) -> Result<(), InputError> {
        for row in rows {
            let (kind, buys) = (row.label("type"), buys(row, "side")?);
            draft.time(row.millis("updateTime")?);
            let resting = ["NEW", "PARTIALLY_FILLED", "ACCEPTED", ""];
            let waits = kind.starts_with("STOP")
                || kind.starts_with("TAKE_PROFIT")
                || kind.starts_with("TRAILING");
            let why = if row.has(&["isWorking"]) {
                Some(Why::Spot)
            } else if !resting.contains(&row.label("status")) {
                Some(Why::Done)
            } else if says(row, "reduceOnly") || says(row, "closePosition") {
                Some(Why::Reduces)
            } else if closes(row.label("positionSide"), buys) {
                Some(Why::Closes)
            } else {
                waits.then_some(Why::Waits)
            };
            if let Some(why) = why {
                why.count(&mut draft.left_out);
                continue;
            }
            let size = if row.has(&["origQty"]) { "origQty" } else { "quantity" };
            let quantity = left(row, size, "executedQty", buys)?;
            let price = row.positive("price")?.map(Price::new);
            self.ordered.push((row.clone(), row.word("symbol")?.to_owned(), quantity, price));
        }
        Ok(())
    }

    /// `positionRisk`.
    pub(super) fn positions(
        &mut self,
        rows: &[At<'a>],
        draft: &mut Draft<'a>,
    ) -> Result<(), InputError> {
        rows.iter().try_for_each(|row| self.position(row, draft))
    }

    fn position(&mut self, row: &At<'a>, draft: &mut Draft<'a>) -> Result<(), InputError> {
        let amount = row.amount("positionAmt")?;
        if amount.is_zero() {
            return Ok(());
        }
        draft.time(row.millis("updateTime")?);
        let side = match row.label("positionSide") {
            "" | "BOTH" => "BOTH",
            side @ ("LONG" | "SHORT") => side,
            other => {
                let problem =
                    format!("positionSide: expected BOTH, LONG or SHORT, found {other:?}");
                return Err(row.error(problem));
            }
        };
        let amount = if side == "SHORT" { -amount.abs() } else { amount };
        let notional = row.maybe("notional")?;
        let size = notional.map(Decimal::abs);
        let initial = row.positive("positionInitialMargin")?.or(row.positive("initialMargin")?);
        let implied = size.zip(initial).and_then(|(size, initial)| {
            Some(size.over(initial, Round::Nearest).ok()?.round_to(0, Round::Nearest))
        });
        let mark = match (row.positive("markPrice")?, notional) {
            (None, Some(notional)) => notional.over(amount, Round::Nearest).ok(),
            (mark, _) => mark,
        };
        let held = Held {
            at: row.clone(),
            amount,
            entry: entry(row, amount, mark)?,
            mark,
            leverage: row.positive("leverage")?.or(implied),
            own: own(row)?,
            initial,
            maintenance: row.positive("maintMargin")?,
            liquidation: row.positive("liquidationPrice")?,
        };
        self.hold(row, row.word("symbol")?, side, held)
    }

    /// A position, or more fields of one that another reply has.
    fn hold(
        &mut self,
        row: &At<'a>,
        name: &str,
        side: &str,
        new: Held<'a>,
    ) -> Result<(), InputError> {
        let key = (name.to_owned(), side.to_owned());
        let Some(known) = self.held.get_mut(&key) else {
            self.held.insert(key, new);
            return Ok(());
        };
        if known.amount != new.amount {
            let problem = format!(
                "{name}: expected {} as in {}, found {}: replies of different times",
                known.amount,
                known.at.file(),
                new.amount
            );
            return Err(row.error(problem));
        }
        known.entry = new.entry.or(known.entry);
        known.mark = new.mark.or(known.mark);
        known.leverage = known.leverage.or(new.leverage);
        known.own = known.own.or(new.own);
        known.initial = known.initial.or(new.initial);
        known.maintenance = known.maintenance.or(new.maintenance);
        known.liquidation = new.liquidation.or(known.liquidation);
        Ok(())
    }

    /// Every position into the draft, each in the account of its service.
    pub(super) fn done(&mut self, draft: &mut Draft<'a>, given: bool) -> Result<(), InputError> {
        let all = std::mem::take(&mut self.held);
        for ((name, _), held) in &all {
            let sides = all.range((name.clone(), String::new())..);
            let amounts = sides.take_while(|((one, _), _)| one == name).map(|(_, one)| one.amount);
            let mut amounts: Vec<Decimal> = amounts.collect();
            let ordered = self.ordered.iter().filter(|(_, one, ..)| one == name);
            amounts.extend(ordered.map(|(_, _, quantity, _)| quantity.decimal()));
            let (name, held) = (name.clone(), held.clone());
            let quantity = Quantity::new(held.amount);
            if !given {
                unlisted(&held.at, &name, &amounts, draft)?;
            }
            let symbol = symbol::parse(&name).ok();
            let settle = draft.listed(&name).map(|one| one.settle.clone());
            let settle = settle.or(symbol.as_ref().and_then(|one| one.settle.clone()));
            let account = self.service(symbol.as_ref());
            let currency = settle.unwrap_or_else(Asset::usd);
            for (level, value) in [("initial", held.initial), ("maintenance", held.maintenance)] {
                let Some(value) = value else { continue };
                let what = What::Part { level, name: name.clone(), of: vec![name.clone()] };
                self.reported.push(figure(account, what, currency.clone(), value));
            }
            if let (Some(price), Some(symbol)) = (held.liquidation, &symbol) {
                let what = What::Liquidation(symbol.to_string());
                self.reported.push(figure(account, what, Asset::usd(), price));
            }
            draft.leg(Leg {
                at: held.at,
                account: account.to_owned(),
                name,
                quantity,
                entry: held.entry.map(Price::new),
                leverage: held.leverage,
                own: held.own.map(Money::new),
                mark: held.mark.map(Price::new),
            });
        }
        for (at, name, quantity, price) in std::mem::take(&mut self.ordered) {
            if !given {
                unlisted(&at, &name, &[quantity.decimal()], draft)?;
            }
            let account = self.service(symbol::parse(&name).ok().as_ref()).to_owned();
            draft.order(Resting { at, account, name, quantity, price });
        }
        Ok(())
    }

    /// The account of the service that a contract is traded at.
    fn service(&self, symbol: Option<&Symbol>) -> &'static str {
        match symbol {
            Some(one) if matches!(one.kind, Kind::Option { .. }) => OPTIONS,
            Some(one) if one.settle.as_ref() == Some(&one.base) => self.named(COIN),
            _ => self.named(LINEAR),
        }
    }
}

/// Lists a contract that no reply lists, where its name says enough.
fn unlisted<'a>(
    at: &At<'a>,
    name: &str,
    amounts: &[Decimal],
    draft: &mut Draft<'a>,
) -> Result<(), InputError> {
    if draft.listed(name).is_some() {
        return Ok(());
    }
    let Some(one) = implied(name, amounts, draft.now()) else { return Ok(()) };
    let lot = one.lot;
    let said = format!("{name}: no exchangeInfo lists it: one coin a contract, steps of {lot}");
    draft.notes.push(said);
    draft.contract(at.clone(), one)
}

/// `papi/v1/balance`: wallets less loans and their interest.
pub(super) fn unified_balance<'a>(
    rows: &[At<'a>],
    draft: &mut Draft<'a>,
) -> Result<(), InputError> {
    for row in rows {
        draft.time(row.millis("updateTime")?);
        let mut cash = row.amount("totalWalletBalance")?;
        for owed in ["crossMarginBorrowed", "crossMarginInterest"] {
            let owed = row.maybe(owed)?.unwrap_or_default();
            cash = cash.minus(owed).map_err(|error| row.error(error))?;
        }
        draft.cash(row, UNIFIED, row.asset("asset")?, cash)?;
    }
    Ok(())
}

/// The collateral of an isolated position before its profit.
fn own(row: &At<'_>) -> Result<Option<Decimal>, InputError> {
    let isolated = row.truth("isolated") == Some(true)
        || row.label("marginType").eq_ignore_ascii_case("isolated")
        || row.positive("isolatedWallet")?.is_some();
    if !isolated {
        return Ok(None);
    }
    if let Some(wallet) = row.maybe("isolatedWallet")? {
        return Ok(Some(wallet));
    }
    let margin = row.amount("isolatedMargin")?;
    let profit = row.maybe("unRealizedProfit")?.unwrap_or_default();
    margin.minus(profit).map(Some).map_err(|error| row.error(error))
}

/// The entry price, or, where only the profit is printed, the price that gives it.
fn entry(
    row: &At<'_>,
    amount: Decimal,
    mark: Option<Decimal>,
) -> Result<Option<Decimal>, InputError> {
    if let Some(entry) = row.positive("entryPrice")? {
        return Ok(Some(entry));
    }
    let (Some(profit), Some(mark)) = (row.maybe("unrealizedProfit")?, mark) else {
        return Ok(None);
    };
    let moved = profit.over(amount, Round::Nearest).and_then(|moved| mark.minus(moved));
    moved.map(Some).map_err(|error| row.error(error))
}
