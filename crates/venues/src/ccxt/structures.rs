//! Markets, tickers, Greeks, tiers, balances and positions, one reader each.

use super::Exchange;
use super::reply::Content;
use crate::assembly::{Draft, Leg, Resting, Seen, at_instant};
use crate::imported::{Figure, What};
use crate::json::At;
use crate::orders::{Why, buys, closes, says, signed};
use crate::parameters::{Parameters, Step, brackets, brackets_of_contracts, ladder, quoted};
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, Kind, Money, Price, Quantity, Round, Timestamp,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The finest step, where a market prints none.
const FINEST: i32 = -8;

pub(super) struct Read<'a> {
    venue: &'a str,
    exchange: &'static Exchange,
    pub(super) draft: Draft<'a>,
    /// Whether a market was given beside the files.
    given: bool,
    /// Native names by unified symbol.
    ids: BTreeMap<String, String>,
    tiers: BTreeMap<String, Vec<Step<'a>>>,
    /// What is left of open orders, by name: an implied step must divide it.
    ordered: BTreeMap<String, Vec<Decimal>>,
    pub(super) reported: Vec<Figure>,
}

impl<'a> Read<'a> {
    pub(super) fn new(
        venue: &'a str,
        exchange: &'static Exchange,
        draft: Draft<'a>,
        given: bool,
    ) -> Self {
        Self {
            venue,
            exchange,
            draft,
            given,
            ids: BTreeMap::new(),
            tiers: BTreeMap::new(),
            ordered: BTreeMap::new(),
            reported: Vec::new(),
        }
    }

    pub(super) fn structure(
        &mut self,
        content: Content,
        rows: &[At<'a>],
    ) -> Result<(), InputError> {
        if content == Content::Balance {
            let said = if self.exchange.total_has_profit {
                "its total has the profit of positions, so they have no entry price here"
            } else {
                "its total is taken as cash, without the profit of positions"
            };
            self.draft.notes.push(format!("balance: {said}"));
        }
        let each: fn(&mut Self, &At<'a>) -> Result<(), InputError> = match content {
            Content::Markets => Self::market,
            Content::Tickers => Self::ticker,
            Content::Greeks => Self::greeks,
            Content::Tiers => Self::tiers,
            Content::Balance => Self::balance,
            Content::Orders => Self::order,
            Content::Positions => Self::position,
            Content::Nothing => return Ok(()),
        };
        if matches!(content, Content::Positions | Content::Orders) {
            self.draft.account(self.venue);
        }
        rows.iter().try_for_each(|row| each(self, row))
    }

    fn symbol(&self, unified: &str) -> Option<Symbol> {
        Symbol::parse(&format!("{}:{unified}", self.venue)).ok()
    }

    /// The native name of a unified symbol, or itself where no market lists it.
    fn name(&self, unified: &str) -> String {
        self.ids.get(unified).map_or_else(|| unified.to_owned(), Clone::clone)
    }

    fn market(&mut self, row: &At<'a>) -> Result<(), InputError> {
        let unified = row.word("symbol")?;
        let Some(symbol) = self.symbol(unified) else {
            self.draft.left_out.add("markets", "the symbol is none of a contract");
            return Ok(());
        };
        let id = row.word("id")?;
        let size = match symbol.kind {
            Kind::Spot => Decimal::ONE,
            _ => match row.positive("contractSize")? {
                Some(size) => size,
                None => {
                    self.draft.left_out.add("markets", "no contractSize");
                    return Ok(());
                }
            },
        };
        let step = row.get("precision").map(|one| one.positive("amount")).transpose()?.flatten();
        let lot = match step {
            Some(step) => step,
            None => {
                self.draft.left_out.add("steps of amounts", "none printed, the finest is taken");
                finest(row)?
            }
        };
        let mut one = symbol.instrument(id.to_owned(), Quantity::new(size), Quantity::new(lot));
        one.kind = at_instant(row, one.kind, row.millis("expiry")?)?;
        if one.kind == Kind::Spot {
            // Spot shares the id of the perpetual at some exchanges, and is never a position.
            return Ok(());
        }
        self.ids.insert(unified.to_owned(), id.to_owned());
        self.draft.contract(row.clone(), one)
    }

    fn ticker(&mut self, row: &At<'a>) -> Result<(), InputError> {
        let unified = row.word("symbol")?;
        let as_of = row.millis("timestamp")?;
        let Some(symbol) = self.symbol(unified) else {
            self.draft.left_out.add("tickers", "the symbol is none of a contract");
            return Ok(());
        };
        let price = |field: &str| row.positive(field).map(|one| one.map(Price::new));
        let now = as_of.unwrap_or(self.draft.now());
        if symbol.kind == Kind::Spot {
            match price("last")? {
                Some(last) => self.draft.index(symbol.base, symbol.quote, last, now),
                None => self.draft.left_out.add("tickers", "no last price of a spot pair"),
            }
            return Ok(());
        }
        if let Some(index) = price("indexPrice")? {
            self.draft.index(symbol.base, symbol.quote, index, now);
        }
        let mark = row.maybe("markPrice")?.map(Price::new);
        let (bid, ask) = (price("bid")?, price("ask")?);
        let name = self.name(unified);
        self.draft.price(&name, Seen { mark, bid, ask, as_of, ..Seen::default() });
        Ok(())
    }

    fn greeks(&mut self, row: &At<'a>) -> Result<(), InputError> {
        let name = self.name(row.word("symbol")?);
        let iv = row.positive("markImpliedVolatility")?;
        // Percent at some exchanges, a fraction at others: nothing trades at 500 %.
        let iv = iv.map(Decimal::to_f64).map(|iv| if iv > 5.0 { iv / 100.0 } else { iv });
        let mark = row.maybe("markPrice")?.map(Price::new);
        let forward = row.positive("underlyingPrice")?.map(Price::new);
        let as_of = row.millis("timestamp")?;
        self.draft.price(&name, Seen { mark, iv, forward, as_of, ..Seen::default() });
        Ok(())
    }

    fn tiers(&mut self, row: &At<'a>) -> Result<(), InputError> {
        for (unified, list) in row.fields()? {
            let mut steps = Vec::new();
            for tier in list.items()? {
                let rate = tier.amount("maintenanceMarginRate")?;
                if rate.is_negative() || rate > Decimal::ONE {
                    let problem = format!("maintenanceMarginRate: expected 0 to 1, found {rate}");
                    return Err(tier.error(problem));
                }
                let from = tier.maybe("minNotional")?.unwrap_or_default();
                steps.push(Step {
                    at: tier.clone(),
                    from,
                    to: tier.positive("maxNotional")?,
                    rate,
                });
            }
            if steps.is_empty() || self.symbol(unified).is_none() {
                self.draft
                    .left_out
                    .add("tier tables", "empty, or the symbol is none of a contract");
                continue;
            }
            ladder(&mut steps, unified)?;
            if self.tiers.insert(unified.to_owned(), steps).is_some() {
                return Err(
                    list.error(format!("expected tiers of {unified} once, found a second table"))
                );
            }
        }
        Ok(())
    }

    fn balance(&mut self, row: &At<'a>) -> Result<(), InputError> {
        self.draft.time(row.millis("timestamp")?);
        self.draft.account(self.venue);
        for (asset, amount) in row.need("total")?.fields()? {
            let Some(amount) = amount.printed()? else {
                self.draft.left_out.add("balances", "null");
                continue;
            };
            let Ok(asset) = Asset::new(asset) else {
                self.draft.left_out.add("balances", "the asset is not of letters and digits");
                continue;
            };
            self.draft.cash(row, self.venue, asset, amount)?;
        }
        Ok(())
    }

    fn position(&mut self, row: &At<'a>) -> Result<(), InputError> {
        let unified = row.word("symbol")?;
        let size = row.maybe("contracts")?.unwrap_or_default();
        if size.is_zero() {
            return Ok(());
        }
        let quantity = match row.label("side") {
            "long" | "buy" => size.abs(),
            "short" | "sell" => -size.abs(),
            other => {
                return Err(row.error(format!("side: expected long or short, found {other:?}")));
            }
        };
        let name = self.name(unified);
        let as_of = row.millis("timestamp")?;
        self.draft.time(as_of);
        if !self.given && self.draft.listed(&name).is_none() {
            let mut amounts = self.ordered.get(&name).cloned().unwrap_or_default();
            amounts.push(quantity);
            let one = self.implied(row, unified, &amounts)?;
            self.draft.notes.push(format!(
                "{unified}: no market lists it: contracts of {}, steps of {}",
                one.contract_size, one.lot
            ));
            self.draft.contract(row.clone(), one)?;
        }
        let profit = row.maybe("unrealizedPnl")?.unwrap_or_default();
        let own = match (row.label("marginMode"), row.maybe("collateral")?) {
            ("isolated", Some(collateral)) => {
                Some(collateral.minus(profit).map_err(|error| row.error(error))?)
            }
            ("isolated", None) => {
                return Err(row.error("collateral: expected that of an isolated position"));
            }
            _ => None,
        };
        let entry = row.positive("entryPrice")?;
        let shared = own.is_none();
        self.figures(row, unified, &name)?;
        self.draft.leg(Leg {
            at: row.clone(),
            account: self.venue.to_owned(),
            name,
            quantity: Quantity::new(quantity),
            entry: entry.filter(|_| !(shared && self.exchange.total_has_profit)).map(Price::new),
            leverage: row.positive("leverage")?,
            own: own.map(Money::new),
            mark: row.positive("markPrice")?.map(Price::new),
        });
        Ok(())
    }

    /// An open order; the side of hedge mode is the exchange's own word, in `info`.
    fn order(&mut self, row: &At<'a>) -> Result<(), InputError> {
        let (unified, buys) = (row.word("symbol")?, buys(row, "side")?);
        self.draft.time(row.millis("timestamp")?);
        let spot = self.symbol(unified).is_none_or(|one| one.kind == Kind::Spot);
        let info = row.get("info");
        let named = |field: &str| info.as_ref().is_some_and(|info| closes(info.label(field), buys));
        let trigger = row.positive("triggerPrice")?.or(row.positive("stopPrice")?);
        let why = if spot {
            Some(Why::Spot)
        } else if !["open", ""].contains(&row.label("status")) {
            Some(Why::Done)
        } else if says(row, "reduceOnly") {
            Some(Why::Reduces)
        } else if ["posSide", "positionSide"].into_iter().any(named) {
            Some(Why::Closes)
        } else {
            trigger.map(|_| Why::Waits)
        };
        if let Some(why) = why {
            why.count(&mut self.draft.left_out);
            return Ok(());
        }
        let quantity = match row.maybe("remaining")? {
            Some(remaining) => signed(remaining, buys),
            None => crate::orders::left(row, "amount", "filled", buys)?,
        };
        let name = self.name(unified);
        self.ordered.entry(name.clone()).or_default().push(quantity.decimal());
        self.draft.order(Resting {
            at: row.clone(),
            account: self.venue.to_owned(),
            name,
            quantity,
            price: row.positive("price")?.map(Price::new),
        });
        Ok(())
    }

    /// What the exchange reports of a position.
    fn figures(&mut self, row: &At<'a>, unified: &str, name: &str) -> Result<(), InputError> {
        let Some(symbol) = self.symbol(unified) else { return Ok(()) };
        let currency = symbol.settle.clone().unwrap_or_else(|| symbol.quote.clone());
        let account = self.venue.to_owned();
        for (level, field) in [("initial", "initialMargin"), ("maintenance", "maintenanceMargin")] {
            if let Some(value) = row.positive(field)? {
                let what = What::Part { level, name: name.to_owned(), of: vec![name.to_owned()] };
                let (account, currency) = (account.clone(), currency.clone());
                self.reported.push(Figure { account, what, currency, value });
            }
        }
        if let Some(value) = row.positive("liquidationPrice")? {
            let what = What::Liquidation(symbol.to_string());
            self.reported.push(Figure { account, what, currency: symbol.quote, value });
        }
        Ok(())
    }

    /// A contract that no market lists: its symbol and its row say enough.
    fn implied(
        &self,
        row: &At<'a>,
        unified: &str,
        amounts: &[Decimal],
    ) -> Result<Instrument, InputError> {
        let Some(symbol) = self.symbol(unified).filter(|one| one.kind != Kind::Spot) else {
            let problem = format!("expected a symbol such as BTC/USDT:USDT, found {unified:?}");
            return Err(row.error(problem));
        };
        let size = row.positive("contractSize")?.ok_or_else(|| {
            row.error(
                "contractSize: expected a size, or a market that lists the symbol, found none",
            )
        })?;
        let lot = crate::assembly::step_of(amounts)
            .ok_or_else(|| row.error("contracts: expected an amount with a step, found none"))?;
        Ok(symbol.instrument(unified.to_owned(), Quantity::new(size), Quantity::new(lot)))
    }

    /// The tiers as a document over ours, where there are any.
    pub(super) fn parameters(&mut self) -> Option<Parameters> {
        if self.tiers.is_empty() {
            return None;
        }
        let mut body =
            String::from("\n[[charge]]\nname = \"futures_maintenance\"\n\n[charge.tiers]\n");
        for (unified, steps) in &self.tiers {
            let rows: Vec<_> = steps.iter().map(|step| (step.to, step.rate)).collect();
            let list = if self.exchange.tiers_of_contracts {
                brackets_of_contracts(steps)
            } else {
                brackets(&rows)
            };
            let _ = write!(body, "{} = {list}", quoted(&self.name(unified)));
        }
        let model = self.exchange.model;
        let now = self.draft.now();
        let mut uncertain = vec![format!("what is in no structure is that of {model}")];
        if !self.exchange.tiers_of_contracts {
            uncertain.push("tiers are taken as marginal and in the quote or settlement".to_owned());
        }
        Some(Parameters {
            extends: Some(model),
            title: format!("Margin of {} with tiers from fetch_leverage_tiers", self.venue),
            as_of: (now != Timestamp::default()).then_some(now),
            sources: vec![format!("fetch_leverage_tiers of {}", self.venue)],
            uncertain,
            body,
        })
    }
}

fn finest(row: &At<'_>) -> Result<Decimal, InputError> {
    Decimal::from_scaled(1, FINEST, Round::Nearest).map_err(|error| row.error(error))
}
