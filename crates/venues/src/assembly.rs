//! Rows of replies put together: contracts with their prices to a market, legs and cash to
//! accounts in it.
//!
//! An importer reads each reply into a [`Draft`] and asks for the result once, so that files may
//! come in any order. A price that is missing stays missing: what is held must have a mark, from a
//! price reply or from its own row; anything else without one is left out and counted.

use crate::imported::{Imported, LeftOut};
use crate::json::{At, Tree};
use keelmark_book::profit::profit;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, InstrumentId, Isolation, Kind, Market, Money, Order,
    Portfolio, Position, Price, Quantity, Quote, Round, Timestamp,
};
use std::collections::BTreeMap;

/// Coins that are meant to be worth a dollar: taken at one where no reply has their price.
const PEGGED: &[&str] = &["USDT", "USDC", "FDUSD", "BUSD", "USD1", "USDE", "DAI", "TUSD", "USDG"];

/// A reply by what it holds, with its rows.
pub(crate) type Content<'a, C> = (C, Vec<At<'a>>);

/// The rows of a reply that keeps them under `data` or is them, and what the first is; `nothing`
/// where there is none.
pub(crate) fn recognised<'a, C>(
    root: &At<'a>,
    content: impl Fn(&At<'a>) -> Option<C>,
    nothing: C,
    expected: &str,
) -> Result<Content<'a, C>, InputError> {
    let data = root.get("data").unwrap_or_else(|| root.clone());
    let rows = if data.is_list() { data.items()? } else { vec![data] };
    let Some(first) = rows.first() else { return Ok((nothing, rows)) };
    match content(first) {
        Some(content) => Ok((content, rows)),
        None => Err(root.error(format!("{expected}, found {}", first.found()))),
    }
}

/// What every file holds, in the order of `C` whatever the order of the files, so that what lists
/// contracts can come first; an empty list is said.
pub(crate) fn in_order<'a, C: Copy + Ord>(
    trees: &'a [Tree],
    recognise: impl Fn(&'a Tree) -> Result<Content<'a, C>, InputError>,
    nothing: C,
    notes: &mut Vec<String>,
) -> Result<Vec<Content<'a, C>>, InputError> {
    let mut replies = Vec::new();
    for tree in trees {
        let (content, rows) = recognise(tree)?;
        if content == nothing {
            notes.push(format!("{}: an empty list, nothing in it", tree.root().file()));
        }
        replies.push((content, rows));
    }
    replies.sort_by_key(|(content, _)| *content);
    Ok(replies)
}

/// What replies have said so far.
pub(crate) struct Draft<'a> {
    venue: &'a str,
    contracts: BTreeMap<String, (At<'a>, Instrument)>,
    seen: BTreeMap<String, Seen>,
    indices: BTreeMap<(Asset, Asset), (Price, Timestamp)>,
    legs: Vec<Leg<'a>>,
    resting: Vec<Resting<'a>>,
    cash: BTreeMap<(String, Asset), Money>,
    accounts: Vec<String>,
    latest: Option<Timestamp>,
    pub(crate) left_out: LeftOut,
    pub(crate) notes: Vec<String>,
}

/// What is known of the price of a contract.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) mark: Option<Price>,
    /// As a fraction: 0.5 is 50 %.
    pub(crate) iv: Option<f64>,
    pub(crate) forward: Option<Price>,
    pub(crate) bid: Option<Price>,
    pub(crate) ask: Option<Price>,
    pub(crate) as_of: Option<Timestamp>,
}

/// One row of a reply of positions.
#[derive(Clone, Debug)]
pub(crate) struct Leg<'a> {
    pub(crate) at: At<'a>,
    pub(crate) account: String,
    /// Native name.
    pub(crate) name: String,
    /// Signed, in contracts.
    pub(crate) quantity: Quantity,
    pub(crate) entry: Option<Price>,
    pub(crate) leverage: Option<Decimal>,
    /// Its own collateral, in its settlement asset, where it stands alone.
    pub(crate) own: Option<Money>,
    pub(crate) mark: Option<Price>,
}

/// One row of a reply of open orders.
#[derive(Clone, Debug)]
pub(crate) struct Resting<'a> {
    pub(crate) at: At<'a>,
    pub(crate) account: String,
    /// Native name.
    pub(crate) name: String,
    /// What is left to fill, in contracts, buy above zero.
    pub(crate) quantity: Quantity,
    /// Absent for a market order.
    pub(crate) price: Option<Price>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(venue: &'a str) -> Self {
        Self {
            venue,
            contracts: BTreeMap::new(),
            seen: BTreeMap::new(),
            indices: BTreeMap::new(),
            legs: Vec::new(),
            resting: Vec::new(),
            cash: BTreeMap::new(),
            accounts: Vec::new(),
            latest: None,
            left_out: LeftOut::default(),
            notes: Vec::new(),
        }
    }

    /// A contract that a reply lists, under its native name.
    pub(crate) fn contract(&mut self, at: At<'a>, one: Instrument) -> Result<(), InputError> {
        let name = one.venue_symbol.clone();
        match self.contracts.get(&name) {
            Some((_, known)) if *known != one => {
                Err(at.error(format!("expected {name} once, found it a second time and different")))
            }
            _ => {
                self.contracts.insert(name, (at, one));
                Ok(())
            }
        }
    }

    /// A listed contract.
    pub(crate) fn listed(&self, name: &str) -> Option<&Instrument> {
        self.contracts.get(name).map(|(_, one)| one)
    }

    /// Every listed contract.
    pub(crate) fn instruments(&self) -> impl Iterator<Item = &Instrument> {
        self.contracts.values().map(|(_, one)| one)
    }

    /// More of what is known of a price: what is given replaces what was, unless it is older.
    pub(crate) fn price(&mut self, name: &str, new: Seen) {
        self.time(new.as_of);
        let known = self.seen.entry(name.to_owned()).or_default();
        let older = new.as_of.is_some() && new.as_of < known.as_of;
        let (first, second) = if older { (*known, new) } else { (new, *known) };
        *known = Seen {
            mark: first.mark.or(second.mark),
            iv: first.iv.or(second.iv),
            forward: first.forward.or(second.forward),
            bid: first.bid.or(second.bid),
            ask: first.ask.or(second.ask),
            as_of: first.as_of.max(second.as_of),
        };
    }

    /// The price of an asset in another.
    pub(crate) fn index(&mut self, base: Asset, quote: Asset, price: Price, as_of: Timestamp) {
        self.time(Some(as_of));
        match self.indices.get(&(base.clone(), quote.clone())) {
            Some((_, known)) if *known > as_of => {}
            _ => _ = self.indices.insert((base, quote), (price, as_of)),
        }
    }

    /// A reply was sent at this time.
    pub(crate) fn time(&mut self, as_of: Option<Timestamp>) {
        self.latest = self.latest.max(as_of);
    }

    /// The time of the latest reply; the start of 1970 where none says one.
    pub(crate) fn now(&self) -> Timestamp {
        self.latest.unwrap_or_default()
    }

    /// A position; rows of size zero are closed and not held.
    pub(crate) fn leg(&mut self, leg: Leg<'a>) {
        self.account(&leg.account);
        if !leg.quantity.is_zero() {
            self.legs.push(leg);
        }
    }

    /// An open order; one with nothing left to fill is none.
    pub(crate) fn order(&mut self, order: Resting<'a>) {
        self.account(&order.account);
        if !order.quantity.is_zero() {
            self.resting.push(order);
        }
    }

    pub(crate) fn legs(&self) -> &[Leg<'a>] {
        &self.legs
    }

    /// An account, though it may hold nothing.
    pub(crate) fn account(&mut self, name: &str) {
        if !self.accounts.iter().any(|known| known == name) {
            self.accounts.push(name.to_owned());
        }
    }

    /// An amount of an asset in an account; below zero is owed. Two replies may say it, but not
    /// differently.
    pub(crate) fn cash(
        &mut self,
        at: &At<'_>,
        account: &str,
        asset: Asset,
        amount: Decimal,
    ) -> Result<(), InputError> {
        self.account(account);
        let amount = Money::new(amount);
        let key = (account.to_owned(), asset);
        if let Some(other) = self.cash.get(&key).filter(|other| **other != amount) {
            let asset = &key.1;
            let problem = format!("expected {other} {asset} as another reply says, found {amount}");
            return Err(at.error(problem));
        }
        self.cash.insert(key, amount);
        Ok(())
    }

    /// The market and the accounts. Positions are of the contracts of the replies where these have
    /// prices, and else of `given`.
    pub(crate) fn build(mut self, given: Option<&Market>) -> Result<Imported, InputError> {
        let marked = self.legs.iter().any(|leg| leg.mark.is_some());
        let priced = !self.seen.is_empty() || !self.indices.is_empty();
        let own = priced || (given.is_none() && (marked || !self.contracts.is_empty()));
        let made = if own { Some(self.market()?) } else { None };
        let market = made.as_ref().or(given);
        let mut accounts = Vec::new();
        for name in std::mem::take(&mut self.accounts) {
            accounts.push(self.portfolio(&name, market)?);
        }
        self.notes.extend(self.left_out.notes());
        if let Some(market) = &made {
            self.notes.splice(0..0, market.notes.iter().cloned());
        }
        let empty = made.as_ref().is_some_and(|market| market.instruments.is_empty());
        let market = made.filter(|_| !empty || !accounts.is_empty());
        Ok(Imported { market, accounts, notes: self.notes, ..Imported::default() })
    }

    fn market(&mut self) -> Result<Market, InputError> {
        let source = format!("replies of {}", self.venue);
        let mut market = Market::new(Timestamp::default(), Asset::usd(), &source);
        if self.latest.is_none() && !(self.seen.is_empty() && self.contracts.is_empty()) {
            let problem = "expected a time: none of these replies has one, give --as-of";
            return Err(InputError::whole(self.venue, problem));
        }
        for leg in self.legs.clone() {
            if leg.mark.is_some() {
                let known = self.seen.entry(leg.name.clone()).or_default();
                known.mark = known.mark.or(leg.mark);
            }
        }
        self.assets(&mut market)?;
        for _ in self.seen.keys().filter(|name| !self.contracts.contains_key(*name)) {
            self.left_out.add("prices", "no reply lists the contract");
        }
        for (name, (at, one)) in std::mem::take(&mut self.contracts) {
            let held = self.legs.iter().find(|leg| leg.name == name).map(|leg| leg.at.clone());
            let ordered = self.resting.iter().find(|order| order.name == name);
            let held = held.or(ordered.map(|order| order.at.clone()));
            if let Some(quote) = self.quote(&market, &one, held.as_ref())? {
                market.add(one, quote).map_err(|error| at.error(error))?;
            }
        }
        crate::spelling::teach(&mut market);
        Ok(market)
    }

    /// Prices of assets in dollars, through what else they are quoted in.
    fn assets(&self, market: &mut Market) -> Result<(), InputError> {
        let now = self.now();
        let wrong = |error: &dyn std::fmt::Display| InputError::whole(self.venue, error);
        let usd = Asset::usd();
        // What is written must be read again: a price has a largest magnitude.
        let readable = |asset: &Asset, price: Price| {
            let read = price.to_string().parse::<Price>();
            read.map(|_| ())
                .map_err(|error| wrong(&format!("{asset}: a price in dollars: {error}")))
        };
        for ((base, quote), (price, as_of)) in &self.indices {
            if *quote == usd && *base != usd && price.is_positive() {
                readable(base, *price)?;
                market.set_asset(base.clone(), *price, *as_of).map_err(|error| wrong(&error))?;
            }
        }
        let quotes = self.indices.keys().map(|(_, quote)| quote.clone());
        let settled = self.contracts.values().flat_map(|(_, one)| [&one.quote, &one.settle]);
        let held = self.cash.keys().map(|(_, asset)| asset.clone());
        for asset in quotes.chain(settled.cloned()).chain(held) {
            if PEGGED.contains(&asset.as_str()) && !market.assets.contains_key(&asset) {
                market.notes.push(format!("{asset}: no price among the files, counted as 1 USD"));
                let one = Price::from_int(1);
                market.set_asset(asset, one, now).map_err(|error| wrong(&error))?;
            }
        }
        let marks = self.contracts.values().filter_map(|(_, one)| {
            let mark = self.seen.get(&one.venue_symbol)?.mark.filter(|_| !one.is_option())?;
            Some((one.base.clone(), one.quote.clone(), mark, now, true))
        });
        let indices = self.indices.iter().map(|((base, quote), (price, as_of))| {
            (base.clone(), quote.clone(), *price, *as_of, false)
        });
        for (base, quote, price, as_of, from_mark) in indices.chain(marks).collect::<Vec<_>>() {
            if market.assets.contains_key(&base) || !price.is_positive() {
                continue;
            }
            let Ok(of_quote) = market.price(&quote) else { continue };
            let dollars = price.decimal().times(of_quote.decimal(), Round::Nearest);
            let dollars = dollars.map(Price::new).map_err(|error| wrong(&error))?;
            readable(&base, dollars)?;
            if from_mark {
                market.notes.push(format!("{base}: no index among the files, taken from a mark"));
            }
            market.set_asset(base, dollars, as_of).map_err(|error| wrong(&error))?;
        }
        Ok(())
    }

    /// The quote of a contract; `None` where it has no usable one and is not held.
    fn quote(
        &mut self,
        market: &Market,
        one: &Instrument,
        held: Option<&At<'_>>,
    ) -> Result<Option<Quote>, InputError> {
        let seen = self.seen.get(&one.venue_symbol).copied().unwrap_or_default();
        let as_of = seen.as_of.unwrap_or(self.now());
        let index = market.price(&one.base).ok().zip(market.price(&one.quote).ok());
        let index = index.and_then(|(base, quote)| {
            base.decimal().over(quote.decimal(), Round::Nearest).ok().map(Price::new)
        });
        let forward = seen.forward.or(index).filter(|_| one.is_option());
        let usable = |price: &Price| price.is_positive() || (one.is_option() && price.is_zero());
        let mark = seen.mark.filter(usable);
        let missing = if one.expiry().is_some_and(|expiry| expiry <= as_of) {
            Some("expired")
        } else if mark.is_none() {
            Some("no mark")
        } else if one.is_option() && seen.iv.is_none() {
            Some("an option without a volatility")
        } else if one.is_option() && forward.is_none() {
            Some("an option without a forward or an index")
        } else if one.settle != one.quote && one.settle != one.base {
            Some("it pays in a third asset")
        } else {
            None
        };
        if let (Some(missing), Some(at)) = (missing, held) {
            let ordered = !self.legs.iter().any(|leg| leg.name == one.venue_symbol);
            let what = if ordered { "ordered" } else { "held" };
            let problem = format!("{}: {what}, but {missing}", one.venue_symbol);
            return Err(at.error(problem));
        }
        let (Some(mark), None) = (mark, missing) else {
            self.left_out.add("contracts", missing.unwrap_or("no mark"));
            return Ok(None);
        };
        if one.is_option() && seen.forward.is_none() {
            self.left_out.add("forwards of options", "none in the replies, the index is taken");
        }
        let iv = seen.iv.filter(|_| one.is_option());
        let crossed = seen.bid.zip(seen.ask).is_some_and(|(bid, ask)| bid > ask);
        if crossed {
            self.left_out.add("pairs of bid and ask", "crossed");
        }
        let side = |price: Option<Price>| price.filter(|one| !crossed && one.is_positive());
        let (bid, ask) = (side(seen.bid), side(seen.ask));
        Ok(Some(Quote { mark, iv, forward, bid, ask, as_of }))
    }

    fn portfolio(&mut self, name: &str, market: Option<&Market>) -> Result<Portfolio, InputError> {
        let mut portfolio = Portfolio::new(name);
        for ((account, asset), amount) in &self.cash {
            if account != name || amount.is_zero() {
                continue;
            }
            if market.is_some_and(|market| market.price(asset).is_err()) {
                self.notes.push(format!("{asset}: held, but no file has a price for it: left out"));
                continue;
            }
            let fits = portfolio.deposit(asset.clone(), *amount);
            fits.map_err(|error| InputError::whole(self.venue, error))?;
        }
        let mut both = 0usize;
        for leg in self.legs.iter().filter(|leg| leg.account == name) {
            let market = market.ok_or_else(|| nowhere(&leg.at, &leg.name))?;
            let position = self.position(leg, market)?;
            let isolated = position.isolation != Isolation::Shared;
            let other = portfolio.positions.iter().position(|known| {
                known.instrument == position.instrument
                    && (known.isolation != Isolation::Shared) == isolated
            });
            match other {
                Some(at) => {
                    both += 1;
                    let known = portfolio.positions.remove(at);
                    net(&mut portfolio, market, known, position)
                        .map_err(|error| leg.at.error(error))?;
                }
                None => portfolio.positions.push(position),
            }
        }
        for order in self.resting.iter().filter(|order| order.account == name) {
            let market = market.ok_or_else(|| nowhere(&order.at, &order.name))?;
            let (quantity, price) = (order.quantity, order.price);
            let instrument = self.find(&order.at, market, &order.name, quantity)?;
            portfolio.orders.push(Order { instrument, quantity, price });
        }
        if both > 0 {
            self.notes.push(format!(
                "{name}: {both} positions held both ways are netted, their locked profit is \
                 collateral; the venue may ask margin for each side"
            ));
        }
        Ok(portfolio)
    }

    fn position(&self, leg: &Leg<'_>, market: &Market) -> Result<Position, InputError> {
        let id = self.find(&leg.at, market, &leg.name, leg.quantity)?;
        let mut entry = leg.entry.filter(|price| price.is_positive());
        let mut own = leg.own;
        if let (Some(below), Some(from)) = (own.filter(|own| own.is_negative()), entry) {
            // Profit that was taken out leaves less than nothing at entry: count from the mark.
            let (one, mark) = (market.instruments.get(id), market.quote(id).mark);
            let gained = profit(one, leg.quantity, from, mark, Round::Down);
            let now = gained.and_then(|gained| below.plus(gained));
            (own, entry) = (Some(now.map_err(|error| leg.at.error(error))?), Some(mark));
        }
        if let Some(own) = own.filter(|own| own.is_negative()) {
            let problem = format!("expected a margin of its own of zero or more, found {own}");
            return Err(leg.at.error(problem));
        }
        let isolation = own.map_or(Isolation::Shared, Isolation::Own);
        let leverage = leg.leverage.filter(|one| one.is_positive());
        Ok(Position { leverage, isolation, ..Position::new(id, leg.quantity, entry) })
    }

    /// What a row is of, some whole number of lots of it.
    fn find(
        &self,
        at: &At<'_>,
        market: &Market,
        name: &str,
        quantity: Quantity,
    ) -> Result<InstrumentId, InputError> {
        let id = find(market, self.venue, name).map_err(|problem| at.error(problem))?;
        let lot = market.instruments.get(id).lot;
        if market.instruments.get(id).lots(quantity).is_none() {
            let problem =
                format!("expected a multiple of the lot {lot} of {name}, found {quantity}");
            return Err(at.error(problem));
        }
        Ok(id)
    }
}

fn nowhere(at: &At<'_>, name: &str) -> InputError {
    at.error(format!(
        "expected a market with {name}, found none: add the reply that lists it, or --prices"
    ))
}

/// An instrument of a venue: by the venue first, since venues share names, and then by its own
/// text, for the nearest names.
fn find(market: &Market, venue: &str, name: &str) -> Result<InstrumentId, String> {
    let all = &market.instruments;
    let found = all.find(&format!("{venue}:{name}")).or_else(|_| all.find(name));
    found.map_err(|error| format!("{error}: add the reply that lists it, or --prices"))
}

/// Two positions in one instrument as their sum: at the entry of the larger, with what the smaller
/// has locked in against it as collateral, so that profit is the same at every price.
fn net(
    portfolio: &mut Portfolio,
    market: &Market,
    one: Position,
    other: Position,
) -> Result<(), String> {
    let text = |error: keelmark_book::Overflow| error.to_string();
    let (large, small) =
        if one.quantity.abs() >= other.quantity.abs() { (one, other) } else { (other, one) };
    let instrument = market.instruments.get(large.instrument);
    let quantity = large.quantity.plus(small.quantity).map_err(text)?;
    let mut locked = Money::ZERO;
    match (small.avg_price, large.avg_price) {
        (Some(entry), Some(mark)) => {
            let gained = profit(instrument, small.quantity, entry, mark, Round::Down);
            locked = gained.map_err(text)?;
        }
        (None, None) => {}
        _ => return Err("expected an entry price on both sides, or on none".to_owned()),
    }
    let isolation = match (&large.isolation, &small.isolation) {
        (Isolation::Own(own), Isolation::Own(more)) => {
            let own = own.plus(*more).and_then(|own| own.plus(locked)).map_err(text)?;
            if own.is_negative() {
                return Err(format!("expected margins of their own above zero, found {own}"));
            }
            locked = Money::ZERO;
            Isolation::Own(own)
        }
        _ => Isolation::Shared,
    };
    if !locked.is_zero() {
        portfolio.deposit(instrument.settle.clone(), locked).map_err(text)?;
    }
    if !quantity.is_zero() {
        portfolio.positions.push(Position { quantity, isolation, ..large });
    }
    Ok(())
}

/// The power of ten that all of some amounts are whole in, where no reply has the true step.
pub(crate) fn step_of(amounts: &[Decimal]) -> Option<Decimal> {
    let places = |amount: &Decimal| {
        let text = amount.to_string();
        text.split_once('.').map_or(0, |(_, part)| part.len())
    };
    let most = amounts.iter().map(places).max()?;
    Decimal::from_scaled(1, -i32::try_from(most).ok()?, Round::Nearest).ok()
}

/// A contract's kind with the instant that a list of instruments prints.
///
/// # Errors
/// [`InputError`] where the instant is on another date than the name's.
pub(crate) fn at_instant(
    at: &At<'_>,
    kind: Kind,
    printed: Option<Timestamp>,
) -> Result<Kind, InputError> {
    let Some(instant) = printed else { return Ok(kind) };
    let named = match kind {
        Kind::Spot | Kind::Perpetual => return Ok(kind),
        Kind::Future { expiry } | Kind::Option { expiry, .. } => expiry,
    };
    if instant.date() != named.date() {
        let problem =
            format!("expected an expiry on the date of the name, {named}, found {instant}");
        return Err(at.error(problem));
    }
    Ok(match kind {
        Kind::Option { strike, right, .. } => Kind::Option { expiry: instant, strike, right },
        _ => Kind::Future { expiry: instant },
    })
}
