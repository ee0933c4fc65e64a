//! The naive engine: maps and histories, everything added up again at every question.

mod owner;
mod risk;
mod rules;

use crate::holdings::{Fills, big, size, small, value};
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Balance, Decimal, InstrumentId, Isolation, Kind, Market, Money, Order, Portfolio,
    Position, Price, Quantity, Quote, Rate, Timestamp,
};
use keelmark_engine::account::Mode;
use keelmark_engine::command::{self, Action, Cash, Command, Side, Trade};
use keelmark_margin::{Document, margin};
use num_bigint::BigInt;
use std::collections::{BTreeMap, BTreeSet};

/// Everything, in the plainest form.
pub struct Reference {
    now: Timestamp,
    /// What is traded.
    pub market: Market,
    models: BTreeMap<String, Document>,
    versions: BTreeSet<(String, String)>,
    /// Accounts by name.
    pub accounts: BTreeMap<String, Held>,
    answered: BTreeMap<(String, u64), bool>,
    last: BTreeMap<String, u64>,
    rules: rules::Rules,
}

/// What an account holds.
#[derive(Clone, Debug)]
pub struct Held {
    parent: Option<String>,
    mode: Mode,
    model: String,
    /// Balances, in steps of 10^-18.
    pub cash: BTreeMap<Asset, BigInt>,
    /// Positions, by instrument and whether they stand alone.
    pub positions: BTreeMap<(InstrumentId, bool), Fills>,
    /// Collateral of those that stand alone.
    pub margins: BTreeMap<InstrumentId, BigInt>,
    /// Open orders by number.
    pub orders: BTreeMap<u64, Open>,
    closed: bool,
}

/// An open order.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    instrument: InstrumentId,
    /// Contracts still open.
    pub quantity: BigInt,
    price: Option<Price>,
    reduce_only: bool,
    isolated: bool,
}

/// Accepted, or not: `None` is a refusal.
type Decision = Option<()>;

impl Default for Reference {
    fn default() -> Self {
        let now = Timestamp::default();
        Self {
            now,
            market: Market::new(now, Asset::usd(), "the reference"),
            models: BTreeMap::new(),
            versions: BTreeSet::new(),
            accounts: BTreeMap::new(),
            answered: BTreeMap::new(),
            last: BTreeMap::new(),
            rules: rules::Rules::default(),
        }
    }
}

/// The accounts that an action names: all that it can change.
#[must_use]
pub fn named(action: &Action) -> Vec<&str> {
    match action {
        Action::Open(open) => vec![&open.account],
        Action::Close { account }
        | Action::Mode { account, .. }
        | Action::Margin { account, .. }
        | Action::Cancel { account, .. }
        | Action::Amend { account, .. } => vec![account],
        Action::Deposit(cash) | Action::Withdraw(cash) => vec![&cash.account],
        Action::Transfer { from, to, .. } => vec![from, to],
        Action::Place(place) => vec![&place.account],
        Action::Trade(trade) => vec![&trade.buyer.account, &trade.seller.account],
        _ => Vec::new(),
    }
}

fn owes(held: &Held) -> bool {
    held.cash.values().any(|amount| *amount < BigInt::ZERO)
}

fn ensure(holds: bool) -> Decision {
    holds.then_some(())
}

fn movable(amount: Money) -> bool {
    amount.is_positive() && amount <= Money::from_int(10i64.pow(15))
}

impl Reference {
    /// Does what a command says; whether it was accepted.
    pub fn apply(&mut self, command: &Command) -> bool {
        let key = (command.from.clone(), command.number);
        if let Some(answer) = self.answered.get(&key) {
            return *answer;
        }
        let last = self.last.get(&command.from).copied().unwrap_or(0);
        if command.number <= last {
            return false;
        }
        let kept: Vec<(String, Option<Held>)> = named(&command.action)
            .into_iter()
            .map(|name| (name.to_owned(), self.accounts.get(name).cloned()))
            .collect();
        let forward = command.at >= self.now;
        if forward {
            // Time passes whatever becomes of the command.
            self.now = command.at;
            self.market.seen(command.at);
        }
        let fine = forward && self.act(command).is_some();
        if fine {
            for name in named(&command.action) {
                self.nothing_to_reduce(name);
            }
        } else {
            for (name, held) in kept {
                match held {
                    Some(held) => drop(self.accounts.insert(name, held)),
                    None => drop(self.accounts.remove(&name)),
                }
            }
        }
        self.last.insert(command.from.clone(), command.number);
        self.answered.insert(key, fine);
        fine
    }

    fn act(&mut self, command: &Command) -> Decision {
        match &command.action {
            Action::Model(model) => self.model(model),
            Action::List(listing) => self.list(listing, command.at),
            Action::Index(index) => {
                let confidence = index.confidence.unwrap_or(Rate::ONE);
                ensure(confidence >= Rate::ZERO && confidence <= Rate::ONE)?;
                self.market.set_asset(index.asset.clone(), index.price, command.at).ok()?;
                self.market.set_confidence(&index.asset, confidence).ok()
            }
            Action::Mark(mark) => {
                let id = self.market.instruments.find(&mark.instrument).ok()?;
                let before = *self.market.quote(id);
                let quote = Quote {
                    mark: mark.mark,
                    iv: mark.iv.or(before.iv),
                    forward: mark.forward.or(before.forward),
                    bid: None,
                    ask: None,
                    as_of: command.at,
                };
                self.market.set_quote(id, quote).ok()?;
                self.market.as_of = self.market.as_of.max(command.at);
                Some(())
            }
            Action::Open(open) => self.open(open),
            Action::Close { account } => self.close(account),
            Action::Mode { account, mode, model } => self.mode(account, *mode, model),
            Action::Deposit(cash) => self.deposit(cash),
            Action::Withdraw(cash) => {
                self.take(&cash.account, &cash.asset, cash.amount)?;
                self.outflow(&cash.account, &cash.asset, cash.amount, true)
            }
            Action::Transfer { from, to, asset, amount } => {
                self.live(to)?;
                ensure(from != to)?;
                self.take(from, asset, *amount)?;
                ensure(
                    self.linked(from, to) || self.outflow(from, asset, *amount, false).is_some(),
                )?;
                self.pay(to, asset, &big(amount.decimal()));
                Some(())
            }
            Action::Margin { account, instrument, amount } => {
                self.add_margin(account, instrument, *amount)
            }
            Action::Place(place) => self.place(place),
            Action::Cancel { account, order } => {
                self.live(account)?;
                self.accounts.get_mut(account)?.orders.remove(order).map(drop)
            }
            Action::Amend { account, order, quantity, price } => {
                self.amend(account, *order, *quantity, *price)
            }
            Action::Trade(trade) => self.trade(trade),
            Action::Time => Some(()),
            Action::Funding(paid) => self.funding(paid),
            _ => self.rule(command),
        }
    }

    fn model(&mut self, model: &command::Model) -> Decision {
        let document = match (&model.text, &model.name) {
            (Some(text), _) => Document::parse("model", text).ok()?,
            (None, Some(name)) => Document::named(name).ok()?,
            (None, None) => return None,
        };
        ensure(model.digest.as_ref().is_none_or(|digest| *digest == document.digest))?;
        ensure(self.versions.insert((document.name.clone(), document.version.clone())))?;
        self.models.insert(document.name.clone(), document);
        Some(())
    }

    fn list(&mut self, listing: &command::Listing, at: Timestamp) -> Decision {
        let symbol = Symbol::parse(&listing.instrument).ok()?;
        let name = listing.instrument.clone();
        let mut one = symbol.instrument(name, listing.contract_size, listing.lot);
        match (&mut one.kind, listing.expiry) {
            (Kind::Future { expiry } | Kind::Option { expiry, .. }, Some(at)) => *expiry = at,
            (_, expiry) => ensure(expiry.is_none())?,
        }
        let quote = Quote {
            mark: listing.mark,
            iv: listing.iv,
            forward: listing.forward,
            bid: None,
            ask: None,
            as_of: at,
        };
        self.market.add(one, quote).ok().map(drop)
    }

    fn open(&mut self, open: &command::Open) -> Decision {
        let name = &open.account;
        ensure((1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic()))?;
        ensure(!self.accounts.contains_key(name) && self.models.contains_key(&open.model))?;
        if let Some(parent) = &open.parent {
            ensure(self.live(parent)?.parent.is_none())?;
        }
        let held = Held {
            parent: open.parent.clone(),
            mode: open.mode,
            model: open.model.clone(),
            cash: BTreeMap::new(),
            positions: BTreeMap::new(),
            margins: BTreeMap::new(),
            orders: BTreeMap::new(),
            closed: false,
        };
        self.accounts.insert(name.clone(), held);
        Some(())
    }

    fn close(&mut self, name: &str) -> Decision {
        let held = self.live(name)?;
        ensure(held.cash.is_empty() && held.positions.is_empty() && held.orders.is_empty())?;
        let sub = |one: &Held| !one.closed && one.parent.as_deref() == Some(name);
        ensure(!self.accounts.values().any(sub))?;
        self.accounts.get_mut(name)?.closed = true;
        Some(())
    }

    fn mode(&mut self, name: &str, mode: Mode, model: &str) -> Decision {
        self.live(name)?;
        ensure(self.models.contains_key(model))?;
        let held = self.accounts.get_mut(name)?;
        held.mode = mode;
        model.clone_into(&mut held.model);
        if mode == Mode::Isolated {
            ensure(held.orders.is_empty())?;
            let shared: Vec<InstrumentId> =
                held.positions.keys().filter(|key| !key.1).map(|key| key.0).collect();
            for id in shared {
                let held = self.accounts.get_mut(name)?;
                ensure(!held.positions.contains_key(&(id, true)))?;
                let fills = held.positions.remove(&(id, false))?;
                held.positions.insert((id, true), Fills::entered(&fills.sum()));
                held.margins.insert(id, BigInt::ZERO);
                self.top_up(name, id)?;
            }
        }
        self.stands(name)
    }

    fn deposit(&mut self, cash: &Cash) -> Decision {
        self.live(&cash.account)?;
        ensure(movable(cash.amount))?;
        self.pay(&cash.account, &cash.asset, &big(cash.amount.decimal()));
        self.fits(&cash.account)
    }

    fn take(&mut self, name: &str, asset: &Asset, amount: Money) -> Decision {
        let held = self.live(name)?;
        ensure(movable(amount))?;
        let amount = big(amount.decimal());
        let enough = held.cash.get(asset).is_some_and(|have| *have >= amount);
        self.pay(name, asset, &-amount);
        ensure(enough || self.lends(name))?;
        self.stands(name)
    }

    fn add_margin(&mut self, name: &str, instrument: &str, amount: Money) -> Decision {
        self.live(name)?;
        let id = self.market.instruments.find(instrument).ok()?;
        let settle = self.market.instruments.get(id).settle.clone();
        ensure(movable(amount.abs()))?;
        let amount_in = big(amount.decimal());
        let held = self.accounts.get_mut(name)?;
        *held.margins.get_mut(&id)? += &amount_in;
        if amount.is_positive() {
            return self.take(name, &settle, amount);
        }
        self.pay(name, &settle, &-amount_in);
        self.stands(name)
    }

    fn place(&mut self, place: &command::Place) -> Decision {
        let held = self.live(&place.account)?;
        let id = self.market.instruments.find(&place.instrument).ok()?;
        self.sound(id, place.quantity, place.price)?;
        ensure(!held.orders.contains_key(&place.order))?;
        let isolated = place.isolated || held.mode == Mode::Isolated;
        let order = Open {
            instrument: id,
            quantity: big(place.quantity.decimal()),
            price: place.price,
            reduce_only: place.reduce_only,
            isolated,
        };
        let before = BTreeMap::from([(place.account.clone(), held.clone())]);
        self.accounts.get_mut(&place.account)?.orders.insert(place.order, order);
        if place.reduce_only {
            return self.reduces(&place.account, place.order);
        }
        self.within(&before, &place.account, id)?;
        self.stands(&place.account)
    }

    fn amend(
        &mut self,
        name: &str,
        number: u64,
        quantity: Quantity,
        price: Option<Price>,
    ) -> Decision {
        let held = self.live(name)?.clone();
        let before = held.orders.get(&number)?.clone();
        self.sound(before.instrument, quantity, price)?;
        let quantity = big(quantity.decimal());
        ensure((quantity > BigInt::ZERO) == (before.quantity > BigInt::ZERO))?;
        let smaller = price == before.price && quantity.magnitude() <= before.quantity.magnitude();
        let (reduce_only, id) = (before.reduce_only, before.instrument);
        let order = Open { quantity, price, ..before };
        self.accounts.get_mut(name)?.orders.insert(number, order);
        match (reduce_only, smaller) {
            (true, _) => self.reduces(name, number),
            (false, true) => Some(()),
            (false, false) => {
                self.within(&BTreeMap::from([(name.to_owned(), held)]), name, id)?;
                self.stands(name)
            }
        }
    }

    /// Whether the reduce-only orders of an instrument leave its position on its side of zero, an
    /// order among them.
    fn reduces(&self, name: &str, number: u64) -> Decision {
        let held = self.accounts.get(name)?;
        let order = held.orders.get(&number)?;
        let key = (order.instrument, order.isolated);
        let mut left = held.positions.get(&key)?.sum().quantity;
        let zero = BigInt::ZERO;
        let long = left > zero;
        ensure((order.quantity < zero) == long)?;
        let alike = |one: &&Open| {
            let against = (one.quantity < zero) == long;
            one.reduce_only && against && (one.instrument, one.isolated) == key
        };
        for one in held.orders.values().filter(alike) {
            left += &one.quantity;
        }
        ensure(if long { left >= zero } else { left <= zero })
    }

    fn trade(&mut self, trade: &Trade) -> Decision {
        let id = self.market.instruments.find(&trade.instrument).ok()?;
        self.sound(id, trade.quantity, Some(trade.price))?;
        ensure(trade.quantity.is_positive())?;
        let one = self.market.instruments.get(id).clone();
        let quantity = big(trade.quantity.decimal());
        let value = value(&one, &quantity, &big(trade.price.decimal()));
        small(&value)?;
        small(&size(&one, &quantity))?;
        let spare = |side: &Side| self.spare(&side.account).unwrap_or_default();
        let (buyer, seller) = (spare(&trade.buyer), spare(&trade.seller));
        let two = [&trade.buyer.account, &trade.seller.account];
        let before: BTreeMap<String, Held> = two
            .into_iter()
            .filter_map(|name| Some((name.clone(), self.accounts.get(name)?.clone())))
            .collect();
        let with_itself = self.with_itself(&trade.buyer, &trade.seller)?;
        let sides =
            [(&trade.buyer, quantity.clone(), value.clone()), (&trade.seller, -&quantity, -&value)];
        let mut reduce = Vec::new();
        for (side, quantity, value) in &sides {
            reduce.push(self.side(side, trade.price, id, (quantity, value), with_itself)?);
        }
        if one.kind == Kind::Spot {
            let size = size(&one, &quantity);
            for (name, sign) in [(&trade.buyer.account, 1), (&trade.seller.account, -1)] {
                self.pay(name, &one.base, &(&size * sign));
                self.pay(name, &one.quote, &(&value * -sign));
            }
        }
        for ((side, reduces), spare) in
            [&trade.buyer, &trade.seller].into_iter().zip(reduce).zip([buyer, seller])
        {
            self.within(&before, &side.account, id)?;
            if reduces {
                self.gains(&side.account, spare)?;
            } else {
                self.stands(&side.account)?;
            }
        }
        if one.kind == Kind::Spot {
            return Some(());
        }
        self.no_gain(&before, trade, &one.settle)
    }

    /// Fills one side; whether that only brings a position towards zero.
    fn side(
        &mut self,
        side: &Side,
        price: Price,
        id: InstrumentId,
        (quantity, value): (&BigInt, &BigInt),
        with_itself: bool,
    ) -> Option<bool> {
        let name = &side.account;
        let zero = BigInt::ZERO;
        let held = self.live(name)?;
        let mut isolated = side.isolated || held.mode == Mode::Isolated;
        let one = self.market.instruments.get(id).clone();
        let held = self.accounts.get_mut(name)?;
        let mut reduce_only = false;
        if let Some(number) = side.order {
            let order = held.orders.get_mut(&number)?;
            (isolated, reduce_only) = (order.isolated, order.reduce_only);
            ensure(order.instrument == id && (order.quantity > zero) == (*quantity > zero))?;
            ensure(order.quantity.magnitude() >= quantity.magnitude())?;
            let better = |limit| if *quantity > zero { price <= limit } else { price >= limit };
            ensure(order.price.is_none_or(better))?;
            order.quantity -= quantity;
            if order.quantity == zero {
                held.orders.remove(&number);
            }
        }
        let fee = big(side.fee.decimal());
        if one.kind == Kind::Spot || with_itself {
            self.pay(name, &one.settle, &-fee);
            ensure(!reduce_only)?;
            return Some(with_itself);
        }
        let key = (id, isolated);
        let mut fills = held.positions.get(&key).cloned().unwrap_or_default();
        let was = fills.sum();
        fills.add(quantity.clone(), value.clone());
        let now = fills.sum();
        // What the cost gained beyond what was paid.
        let cash = if one.is_option() { -value } else { &now.cost - &was.cost - value };
        if now.quantity == zero {
            held.positions.remove(&key);
        } else {
            held.positions.insert(key, fills);
        }
        let smaller = now.quantity.magnitude() < was.quantity.magnitude();
        if isolated {
            self.settle_alone(name, id, &was.quantity, &now.quantity, &cash)?;
        } else {
            self.pay(name, &one.settle, &cash);
        }
        self.pay(name, &one.settle, &-fee);
        let same_side = now.quantity == zero || (now.quantity > zero) == (was.quantity > zero);
        let reduces = smaller && same_side;
        ensure(reduces || !reduce_only)?;
        if isolated && !reduces {
            self.top_up(name, id)?;
        }
        Some(reduces)
    }

    /// What a position on its own collateral gains or pays, and what it releases when it shrinks.
    fn settle_alone(
        &mut self,
        name: &str,
        id: InstrumentId,
        was: &BigInt,
        now: &BigInt,
        cash: &BigInt,
    ) -> Decision {
        let zero = BigInt::ZERO;
        let settle = self.market.instruments.get(id).settle.clone();
        let held = self.accounts.get_mut(name)?;
        let margin = held.margins.remove(&id).unwrap_or_default() + cash;
        held.margins.insert(id, margin.clone());
        let smaller = now.magnitude() < was.magnitude();
        let turned = *was != zero && *now != zero && (*was > zero) != (*now > zero);
        ensure(!(smaller && margin < zero))?;
        let kept = if *now == zero || turned {
            zero.clone()
        } else if smaller && margin > zero {
            // Rounded up: what stays with the position.
            let (now, was) = (BigInt::from(now.magnitude().clone()), was.magnitude().clone());
            let was = BigInt::from(was);
            let share = (&margin * now + &was - 1) / was;
            let needed = self.needed(name, id, &share).unwrap_or_else(|| margin.clone());
            (share + needed).min(margin.clone())
        } else {
            margin.clone()
        };
        let margins = &mut self.accounts.get_mut(name)?.margins;
        margins.remove(&id);
        if *now != zero {
            margins.insert(id, kept.clone());
        }
        self.pay(name, &settle, &(margin - kept));
        Some(())
    }

    /// Gives a position on its own collateral what its initial margin asks beyond what it has.
    fn top_up(&mut self, name: &str, id: InstrumentId) -> Decision {
        let has = self.accounts.get(name)?.margins.get(&id)?.clone();
        let given = self.needed(name, id, &has)?.max(-has);
        let settle = self.market.instruments.get(id).settle.clone();
        *self.accounts.get_mut(name)?.margins.get_mut(&id)? += &given;
        self.pay(name, &settle, &-given);
        Some(())
    }

    /// What a position needs beside a margin to hold its initial margin: asked until nothing is
    /// short, each time by what the last amount was seen to count for.
    fn needed(&self, name: &str, id: InstrumentId, margin: &BigInt) -> Option<BigInt> {
        let mut short = self.short(name, id, margin)?;
        let (mut given, mut step) = (BigInt::ZERO, short.clone());
        for _ in 0..16 {
            if short == BigInt::ZERO {
                return Some(given);
            }
            given += &step;
            let left = self.short(name, id, &(margin + &given))?;
            let mended = &short - &left;
            if left > BigInt::ZERO {
                ensure(mended > BigInt::ZERO)?;
                step = (step * &left + &mended - 1) / mended;
            }
            short = left;
        }
        (short == BigInt::ZERO).then_some(given)
    }

    /// What a position on a margin is short of its initial margin, in its settlement asset.
    fn short(&self, name: &str, id: InstrumentId, margin: &BigInt) -> Option<BigInt> {
        let held = self.accounts.get(name)?;
        let mut alone = Portfolio::new(name);
        let position = self.position(held, id, true)?;
        let isolation = Isolation::Own(Money::new(small(margin)?));
        alone.positions.push(Position { isolation, ..position });
        let model = self.models.get(&held.model)?;
        let found = keelmark_margin::margin(model, &self.market, &alone).ok()?;
        let settle = &self.market.instruments.get(id).settle;
        let (mut short, up) = (Money::ZERO, keelmark_book::Round::Up);
        for pool in found.pools.iter().filter(|pool| !pool.health.may_add_risk()) {
            let missing = -pool.health.available();
            let missing = missing.at(self.market.price(&pool.pool.currency).ok()?, up).ok()?;
            let missing = missing.over(self.market.price(settle).ok()?, up).ok()?;
            short = short.plus(missing).ok()?;
        }
        Some(big(short.decimal()))
    }

    fn live(&self, name: &str) -> Option<&Held> {
        self.accounts.get(name).filter(|held| !held.closed)
    }

    pub(crate) fn pay(&mut self, name: &str, asset: &Asset, amount: &BigInt) {
        let Some(held) = self.accounts.get_mut(name) else { return };
        let sum = held.cash.entry(asset.clone()).or_default();
        *sum += amount;
        if *sum == BigInt::ZERO {
            held.cash.remove(asset);
        }
    }

    fn sound(&self, id: InstrumentId, quantity: Quantity, price: Option<Price>) -> Decision {
        let lot = big(self.market.instruments.get(id).lot.decimal());
        let quantity_in = big(quantity.decimal());
        let whole = &quantity_in % &lot == BigInt::ZERO && i64::try_from(quantity_in / lot).is_ok();
        ensure(whole && !quantity.is_zero() && price.is_none_or(Price::is_positive))
    }

    fn fits(&self, name: &str) -> Decision {
        ensure(self.accounts.get(name)?.cash.values().all(|amount| small(amount).is_some()))
    }

    fn position(&self, held: &Held, id: InstrumentId, isolated: bool) -> Option<Position> {
        let sum = held.positions.get(&(id, isolated))?.sum();
        let one = self.market.instruments.get(id);
        let entry = sum.entry(one).map(Price::new);
        let quantity = Quantity::new(small(&sum.quantity)?);
        let isolation = if isolated {
            Isolation::Own(Money::new(small(held.margins.get(&id)?)?))
        } else {
            Isolation::Shared
        };
        Some(Position { isolation, ..Position::new(id, quantity, entry) })
    }

    fn portfolio(&self, name: &str) -> Option<Portfolio> {
        let held = self.accounts.get(name)?;
        let mut whole = Portfolio::new(name);
        for (asset, amount) in &held.cash {
            let amount = Money::new(small(amount)?);
            whole.collateral.push(Balance { asset: asset.clone(), amount });
        }
        for isolated in [false, true] {
            for (id, _) in held.positions.keys().filter(|key| key.1 == isolated) {
                whole.positions.push(self.position(held, *id, isolated)?);
            }
        }
        for order in held.orders.values().filter(|order| !order.reduce_only) {
            let quantity = Quantity::new(small(&order.quantity)?);
            let (instrument, price) = (order.instrument, order.price);
            whole.orders.push(Order { instrument, quantity, price });
        }
        Some(whole)
    }

    /// What each pool of an account has above its initial margin; `None` where it has no margin.
    fn spare(&self, name: &str) -> Option<Vec<(String, Money)>> {
        let held = self.accounts.get(name)?;
        let found = margin(self.models.get(&held.model)?, &self.market, &self.portfolio(name)?);
        let pools = found.ok()?.pools.into_iter();
        Some(pools.map(|pool| (pool.pool.name, pool.health.available())).collect())
    }

    /// Whether an account's document asks initial margin for its balances alone.
    pub(crate) fn lends(&self, name: &str) -> bool {
        let asks = || {
            let mut whole = self.portfolio(name)?;
            whole.positions.clear();
            whole.orders.clear();
            let model = self.models.get(&self.accounts.get(name)?.model)?;
            let found = margin(model, &self.market, &whole).ok()?;
            Some(found.pools.iter().any(|pool| pool.health.initial.is_positive()))
        };
        asks().unwrap_or(false)
    }

    /// Whether an account holds its initial margin; without positions, whether it may owe.
    fn stands(&self, name: &str) -> Decision {
        let held = self.accounts.get(name)?;
        let flat = held.positions.is_empty() && held.orders.is_empty();
        ensure(!flat || !owes(held) || self.lends(name))?;
        self.gains(name, Vec::new())
    }

    /// Whether every pool of an account holds its initial margin or has no less than before.
    fn gains(&self, name: &str, before: Vec<(String, Money)>) -> Decision {
        let held = self.accounts.get(name)?;
        if held.positions.is_empty() && held.orders.is_empty() && !owes(held) {
            return Some(());
        }
        let before: BTreeMap<String, Money> = before.into_iter().collect();
        let fine = |(pool, spare): &(String, Money)| {
            !spare.is_negative() || before.get(pool).is_some_and(|was| spare >= was)
        };
        ensure(self.spare(name)?.iter().all(fine))
    }

    /// Value of every balance in the decimal of the engine.
    #[must_use]
    pub fn cash(&self, name: &str) -> BTreeMap<Asset, Option<Decimal>> {
        let held = self.accounts.get(name).map(|held| held.cash.iter());
        held.into_iter().flatten().map(|(asset, amount)| (asset.clone(), small(amount))).collect()
    }
}
