//! How an account stands: equity and requirements of each of its pools under its document.
//!
//! The engine asks the margin computation; it has no formula of its own.

use crate::account::{Account, AccountId, Holding};
use crate::change::Change;
use crate::feed::Subject;
use crate::position;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{
    Asset, Balance, InstrumentId, Isolation, Market, Money, Order, Portfolio, Position, Quote,
    Rate, Round,
};
use keelmark_margin::requirement::{Answer, PoolAnswer, requirements};
use keelmark_margin::{AccountMargin, Document, MarginError};
use std::collections::BTreeMap;

/// The level that an account must hold after something left it.
const TRANSFER: &str = "transfer";

/// How one pool of an account stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Which pool.
    pub pool: String,
    /// What its figures are in.
    pub currency: Asset,
    /// What supports margin.
    pub equity: Money,
    /// Below this no new risk is taken.
    pub initial: Money,
    /// Below this it is liquidated.
    pub maintenance: Money,
}

impl Standing {
    /// Equity above initial margin; below zero by how much it is short.
    #[must_use]
    pub fn available(&self) -> Money {
        self.equity.minus(self.initial).unwrap_or_default()
    }

    /// Maintenance over equity, rounded up; absent where nothing supports it.
    #[must_use]
    pub fn mm_used(&self) -> Option<Rate> {
        share_used(self.maintenance, self.equity)
    }

    /// Whether it holds its initial margin.
    #[must_use]
    pub fn may_add_risk(&self) -> bool {
        self.equity >= self.initial
    }

    /// Whether it has less than its maintenance margin.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.equity < self.maintenance
    }
}

/// Maintenance over equity, rounded up; `None` where nothing supports a requirement, or as good as
/// nothing.
pub(crate) fn share_used(maintenance: Money, equity: Money) -> Option<Rate> {
    if !maintenance.is_positive() && !equity.is_negative() {
        return Some(Rate::ZERO);
    }
    if !equity.is_positive() {
        return None;
    }
    maintenance.ratio(equity, Round::Up).ok()
}

/// An account as the margin computation takes it.
///
/// # Errors
/// When an entry price does not fit.
pub fn portfolio(account: &Account, market: &Market) -> Result<Portfolio, Refusal> {
    let mut whole = Portfolio::new(&account.name);
    for held in &account.shared {
        whole.positions.push(row(held, Isolation::Shared, market)?);
    }
    for held in &account.isolated {
        whole.positions.push(row(&held.holding, Isolation::Own(held.margin), market)?);
    }
    outright(account, &mut whole);
    Ok(whole)
}

/// Another state of an account as the margin computation takes it, made from the one in which its
/// shared positions were `before`: only entries of positions that differ are divided anew.
pub(crate) fn portfolio_after(
    before: &[Holding],
    account: &Account,
    whole: &mut Portfolio,
    market: &Market,
) -> Result<(), Refusal> {
    let after = &account.shared;
    let same = |(a, b): (&Holding, &Holding)| a.instrument == b.instrument;
    let all_shared = whole.positions.len() == before.len() && account.isolated.is_empty();
    if !all_shared || before.len() != after.len() || !before.iter().zip(after).all(same) {
        *whole = portfolio(account, market)?;
        return Ok(());
    }
    for ((before, held), position) in before.iter().zip(after).zip(&mut whole.positions) {
        if before != held {
            *position = row(held, Isolation::Shared, market)?;
        }
    }
    outright(account, whole);
    Ok(())
}

/// What an account holds outright, and its orders.
fn outright(account: &Account, whole: &mut Portfolio) {
    whole.collateral.clear();
    let held = account.balances.iter();
    whole.collateral.extend(held.map(|(asset, amount)| {
        let (asset, amount) = (asset.clone(), *amount);
        Balance { asset, amount }
    }));
    whole.orders.clear();
    let orders = account.orders.iter().filter(|order| !order.reduce_only);
    whole.orders.extend(orders.map(|order| {
        let (instrument, quantity, price) = (order.instrument, order.quantity, order.price);
        Order { instrument, quantity, price }
    }));
}

fn row(held: &Holding, isolation: Isolation, market: &Market) -> Result<Position, Refusal> {
    let one = market.instruments.get(held.instrument);
    let entry = position::entry(one, held)?;
    Ok(Position { isolation, ..Position::new(held.instrument, held.quantity, entry) })
}

/// How each pool of an account stands.
///
/// # Errors
/// [`Refusal::NoMargin`] saying what is missing.
pub fn standings(
    account: &Account,
    document: &Document,
    market: &Market,
) -> Result<Vec<Standing>, Refusal> {
    let whole = portfolio(account, market)?;
    let found =
        requirements(document, market, &whole).map_err(|error| no_margin(account, &error))?;
    Ok(found.into_iter().map(Standing::from).collect())
}

impl From<PoolAnswer> for Standing {
    fn from(found: PoolAnswer) -> Self {
        let PoolAnswer { pool, currency, answer } = found;
        let Answer { equity, initial, maintenance } = answer;
        Self { pool, currency, equity, initial, maintenance }
    }
}

/// An account's margin under a document, charges and words and all: for who asks why.
pub(crate) fn found(
    account: &Account,
    document: &Document,
    market: &Market,
) -> Result<AccountMargin, Refusal> {
    let whole = portfolio(account, market)?;
    keelmark_margin::margin(document, market, &whole).map_err(|error| no_margin(account, &error))
}

fn no_margin(account: &Account, error: &MarginError) -> Refusal {
    Refusal::NoMargin { account: account.name.clone(), problem: error.to_string() }
}

/// What an account, or what a change makes of it, has above initial margin over all its pools, in
/// the market's currency.
pub(crate) fn available(id: AccountId, account: &Account, state: &State) -> Result<Money, Refusal> {
    let market = &state.market;
    let mut sum = Money::ZERO;
    for pool in state.standings_if(id, account)? {
        let in_market =
            |amount, round| state.in_currency(amount, &pool.currency, &market.currency, round);
        let equity = in_market(pool.equity, Round::Down)?;
        sum = sum.plus(equity.minus(in_market(pool.initial, Round::Up)?)?)?;
    }
    Ok(sum)
}

/// What a change may leave an account with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// At least the initial margin of every pool.
    Initial,
    /// The same, or no pool worse than before: for what brings a position towards zero.
    NoWorse,
}

impl State {
    /// An amount of one asset in another, at index prices.
    ///
    /// # Errors
    /// Where one of them has no price, or the result does not fit.
    pub(crate) fn in_currency(
        &self,
        amount: Money,
        asset: &Asset,
        currency: &Asset,
        round: Round,
    ) -> Result<Money, Refusal> {
        if asset == currency {
            return Ok(amount);
        }
        let unpriced = |error| Refusal::bad("market", "a price of each asset", error);
        let [of, per] = [asset, currency].map(|asset| self.market.price(asset));
        let (of, per) = (of.map_err(unpriced)?.decimal(), per.map_err(unpriced)?.decimal());
        Ok(Money::new(amount.decimal().times_over(of, per, round)?))
    }

    /// How each pool of an account stands.
    ///
    /// # Errors
    /// [`Refusal::NoMargin`] saying what is missing.
    pub fn standings(&self, id: AccountId) -> Result<Vec<Standing>, Refusal> {
        self.standings_if(id, self.account(id))
    }

    /// How each pool of an account would stand if it were another: after a trade, with less of
    /// something. What is as it was when last asked of the same number is not computed again, so
    /// many such questions about one account cost little.
    ///
    /// # Errors
    /// [`Refusal::NoMargin`] saying what is missing.
    pub fn standings_if(&self, id: AccountId, account: &Account) -> Result<Vec<Standing>, Refusal> {
        self.standings_of(id, &*self.reckoned(id, account)?)
    }

    /// The same of an account that is reckoned already.
    fn standings_of(&self, id: AccountId, account: &Account) -> Result<Vec<Standing>, Refusal> {
        let (document, market) = (self.document(account.model), &self.market);
        let Some(found) = self.kept.requirements(id, document, market, account) else {
            return standings(account, document, market);
        };
        let found: Result<Vec<Standing>, Refusal> =
            Ok(found.into_iter().map(Standing::from).collect());
        if self.kept.is_checked() {
            let afresh = standings(account, document, market);
            if afresh != found {
                let name = &account.name;
                self.kept.is_wrong(format!("{name} was kept as {found:?}, and is {afresh:?}"));
            }
        }
        found
    }

    /// Whether the document of an account asks margin for what the account would owe or hold
    /// outright, and so may let it owe without a position.
    pub(crate) fn lends(&self, account: &Account) -> Result<bool, Refusal> {
        let balances = account.balances.clone();
        let empty = Account::new(&account.name, account.parent, account.mode, account.model);
        let bare = Account { balances, ..empty };
        let pools = standings(&bare, self.document(account.model), &self.market)?;
        Ok(pools.iter().any(|pool| pool.initial.is_positive()))
    }
}

impl Change<'_> {
    /// Refuses the change where it leaves an account with too little.
    pub fn require(&mut self, id: AccountId, leave: Leave) -> Result<(), Refusal> {
        let account = self.account(id);
        let reckoned = self.state.reckoned(id, account)?;
        if account.is_flat() && !reckoned.owes() {
            // No price may keep an account from its own money.
            return Ok(());
        }
        if account.is_flat() && leave == Leave::Initial {
            self.is_lent(&reckoned)?;
        }
        if leave == Leave::Initial {
            self.not_halted(account)?;
            self.not_waiting(account)?;
            self.not_liquidated(id)?;
        }
        let after = match self.state.standings_of(id, &reckoned) {
            Err(refusal) if leave == Leave::NoWorse => return self.at_last_prices(id, refusal),
            found => found?,
        };
        let Some(short) = after.iter().find(|pool| !pool.may_add_risk()) else {
            return self.checked(id, after);
        };
        if leave == Leave::NoWorse && is_no_worse(&self.state.standings(id)?, &after) {
            return self.checked(id, after);
        }
        Err(Refusal::Margin {
            account: account.name.clone(),
            pool: short.pool.clone(),
            currency: short.currency.clone(),
            equity: short.equity,
            initial: short.initial,
        })
    }

    /// Refuses the change where it leaves an account that holds or owes something with less than
    /// the level `transfer` of its document, if that has one: the bar for what leaves.
    pub fn require_transfer(&self, id: AccountId) -> Result<(), Refusal> {
        let account = self.account(id);
        let document = self.state.document(account.model);
        let reckoned = self.state.reckoned(id, account)?;
        if document.level(TRANSFER).is_none() || account.is_flat() && !reckoned.owes() {
            return Ok(());
        }
        for found in found(&reckoned, document, &self.state.market)?.pools {
            let asked = found.levels.iter().find(|level| level.name == TRANSFER);
            let equity = found.health.equity;
            let Some(transfer) = asked.map(|level| level.amount).filter(|bar| equity < *bar) else {
                continue;
            };
            let (pool, currency) = (found.pool.name, found.pool.currency);
            let account = account.name.clone();
            return Err(Refusal::Transfer { account, pool, currency, equity, transfer });
        }
        Ok(())
    }

    /// Keeps what the margin computation found.
    pub(crate) fn checked(&mut self, id: AccountId, found: Vec<Standing>) -> Result<(), Refusal> {
        self.require_of_root(id, &found)?;
        // What a trade opens, and what it makes of interest, counts only once it is applied.
        let document = self.state.document(self.account(id).model);
        if !document.looks_at_open_interest() && !self.state.interest.is_any_charged() {
            self.stands(id, found);
        }
        Ok(())
    }

    /// Keeps what an account requires: the state root adds it up.
    fn require_of_root(&mut self, id: AccountId, found: &[Standing]) -> Result<(), Refusal> {
        let mut required: BTreeMap<&Asset, Money> = BTreeMap::new();
        for pool in found.iter().filter(|pool| pool.maintenance.is_positive()) {
            let sum = required.entry(&pool.currency).or_default();
            *sum = sum.plus(pool.maintenance)?;
        }
        let sequence = self.state.sequence + 1;
        let account = self.account_mut(id);
        account.required.clear();
        account
            .required
            .extend(required.into_iter().map(|(asset, amount)| (asset.clone(), amount)));
        account.checked = sequence;
        Ok(())
    }

    /// Refuses new risk to whoever holds something that a failing feed is the price of.
    fn not_halted(&self, account: &Account) -> Result<(), Refusal> {
        let (market, feeds) = (&self.state.market, &self.state.feeds);
        if !feeds.any_halts() {
            return Ok(());
        }
        let shared = account.shared.iter().map(|held| held.instrument);
        let own = account.isolated.iter().map(|held| held.holding.instrument);
        let orders = account.orders.iter().map(|order| order.instrument);
        let subjects = shared.chain(own).chain(orders).flat_map(|id| {
            let one = market.instruments.get(id);
            let assets = [&one.base, &one.quote, &one.settle].map(Asset::clone);
            assets.into_iter().map(Subject::Asset).chain([Subject::Instrument(id)])
        });
        let held = account.balances.iter().map(|(asset, _)| Subject::Asset(asset.clone()));
        match subjects.chain(held).find(|subject| feeds.halts(subject)) {
            Some(subject) => Err(Refusal::Halted { of: self.state.words(&subject) }),
            None => Ok(()),
        }
    }

    /// Refuses new risk to whoever holds something that waits for its settlement price.
    fn not_waiting(&self, account: &Account) -> Result<(), Refusal> {
        let Some(id) = self.state.waiting(account) else { return Ok(()) };
        let instrument = self.symbol(id);
        let problem = "it waits for its settlement price, so who holds it takes no new risk: only \
                       what reduces positions, cancels, deposits";
        Err(Refusal::NotTraded { instrument, problem: problem.to_owned() })
    }

    /// Refuses new risk to whoever is being liquidated.
    fn not_liquidated(&self, id: AccountId) -> Result<(), Refusal> {
        if self.state.liquidation.of(id).is_none() {
            return Ok(());
        }
        let problem = "it is being liquidated: only deposits, cancels and what reduces positions";
        let account = self.state.account(id).name.clone();
        Err(Refusal::Account { account, problem: problem.to_owned() })
    }

    /// Refuses what would let an account without positions owe where its document asks no margin
    /// for that. A loss may leave it owing: it was there before the position was closed.
    fn is_lent(&self, account: &Account) -> Result<(), Refusal> {
        let owed = account.balances.iter().find(|(_, amount)| amount.is_negative());
        let Some((asset, amount)) = owed else { return Ok(()) };
        if self.state.lends(account)? {
            return Ok(());
        }
        let document = self.state.document(account.model);
        let problem = format!(
            "it would owe {} {asset} without a position, and {} {} asks no margin for what is owed",
            -*amount, document.name, document.version
        );
        Err(Refusal::Account { account: account.name.clone(), problem })
    }

    /// Where prices are too old to compute margin, nobody is locked into a position: what brings
    /// it towards zero is looked at as if the last prices had just been seen.
    fn at_last_prices(&mut self, id: AccountId, refusal: Refusal) -> Result<(), Refusal> {
        let before = self.state.reckoned(id, self.state.account(id))?;
        let after = self.state.reckoned(id, self.account(id))?;
        let mut market = self.state.market.clone();
        let now = market.as_of;
        market.assets.values_mut().for_each(|feed| feed.as_of = now);
        let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
        for id in ids {
            let quote = *market.quote(id);
            market.set_quote_unchecked(id, Quote { as_of: now, ..quote });
        }
        let document = self.state.document(after.model);
        let was = standings(&before, document, &market)?;
        let found = standings(&after, document, &market)?;
        if is_no_worse(&was, &found) { self.require_of_root(id, &found) } else { Err(refusal) }
    }
}

/// Whether each pool holds its initial margin, or has no less to spare than before.
fn is_no_worse(before: &[Standing], after: &[Standing]) -> bool {
    let was = |name: &str| before.iter().find(|pool| pool.pool == name);
    after.iter().all(|pool| {
        pool.may_add_risk()
            || was(&pool.pool).is_some_and(|was| pool.available() >= was.available())
    })
}
