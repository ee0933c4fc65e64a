//! How large positions may become: by account, by group of accounts that count together, and in
//! the whole venue (open interest).
//!
//! A limit is asked for growth alone: lowered below what is held it closes nothing, but what is
//! held may only become smaller. Open orders count as if those of one side, the worse one, were
//! filled. A group counts by its net position: a parent with its sub-accounts is one always, and
//! `link` joins such families.

use crate::account::{Account, AccountId, instrument};
use crate::change::Change;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{InstrumentId, Money, Overflow, Quantity, Rate, Round};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a limit is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "LimitWhose")]
pub enum Whose {
    /// Every account that has none of its own.
    EachAccount,
    /// Every group that has none of its own; an account linked to none is one, with its parent
    /// and the parent's sub-accounts.
    EachGroup,
    /// One account.
    Account(String),
    /// One group, by the name it was linked under.
    Group(String),
    /// All accounts: contracts open, counting one side.
    Venue,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EachAccount => f.write_str("each account"),
            Self::EachGroup => f.write_str("each group"),
            Self::Account(name) => write!(f, "account {name}"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::Venue => f.write_str("the venue"),
        }
    }
}

/// The most that may be held; absent without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Most {
    /// Contracts.
    pub contracts: Option<Quantity>,
    /// Value at the index price of the base asset, in the market's currency.
    pub notional: Option<Money>,
}

/// The limits of an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfInstrument {
    #[serde(with = "instrument")]
    instrument: InstrumentId,
    each_account: Most,
    each_group: Most,
    venue: Most,
    accounts: BTreeMap<AccountId, Most>,
    groups: BTreeMap<String, Most>,
}

/// All limits, and which accounts count together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// By instrument.
    instruments: Vec<OfInstrument>,
    /// Heads of the linked families: accounts that are no sub-accounts.
    groups: BTreeMap<String, BTreeSet<AccountId>>,
    group_of: BTreeMap<AccountId, String>,
    children: BTreeMap<AccountId, Vec<AccountId>>,
}

/// A change of the limits.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// The limits of an instrument, in place of those before.
    Limit(Box<OfInstrument>),
    /// Heads of families that are of a group from now on, or of none.
    Link(Option<String>, Vec<AccountId>),
}

impl Limits {
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Limit(of) => {
                match self.instruments.binary_search_by_key(&of.instrument, |one| one.instrument) {
                    Ok(at) => self.instruments[at] = *of,
                    Err(at) => self.instruments.insert(at, *of),
                }
            }
            Edit::Link(group, heads) => {
                for head in heads {
                    self.leave(head);
                    if let Some(group) = &group {
                        self.groups.entry(group.clone()).or_default().insert(head);
                        self.group_of.insert(head, group.clone());
                    }
                }
            }
        }
    }

    fn leave(&mut self, head: AccountId) {
        let Some(group) = self.group_of.remove(&head) else { return };
        if let Some(heads) = self.groups.get_mut(&group) {
            heads.remove(&head);
            if heads.is_empty() {
                self.groups.remove(&group);
            }
        }
    }

    /// A sub-account more.
    pub(crate) fn opened(&mut self, id: AccountId, parent: Option<AccountId>) {
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().push(id);
        }
    }

    /// Every account that something is known of.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = AccountId> {
        let families = self.children.iter().flat_map(|(head, subs)| subs.iter().chain([head]));
        let linked = self.groups.values().flatten().chain(self.group_of.keys());
        families.chain(linked).copied()
    }

    /// Whether a group of this name is linked.
    #[must_use]
    pub fn is_group(&self, name: &str) -> bool {
        self.groups.contains_key(name)
    }

    /// The limits of an instrument; empty where none were set.
    pub(crate) fn of(&self, instrument: InstrumentId) -> OfInstrument {
        self.find(instrument).cloned().unwrap_or_else(|| OfInstrument::new(instrument))
    }

    fn find(&self, instrument: InstrumentId) -> Option<&OfInstrument> {
        let at = self.instruments.binary_search_by_key(&instrument, |one| one.instrument).ok()?;
        self.instruments.get(at)
    }
}

impl OfInstrument {
    fn new(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            each_account: Most::default(),
            each_group: Most::default(),
            venue: Most::default(),
            accounts: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// What stands for whom, his own or the common limit; and the common one where an own one may
    /// stand in its place.
    pub(crate) fn stands(
        &self,
        state: &State,
        whose: &Whose,
    ) -> Result<(Most, Option<Most>), Refusal> {
        Ok(match whose {
            Whose::EachAccount => (self.each_account, None),
            Whose::EachGroup => (self.each_group, None),
            Whose::Venue => (self.venue, None),
            Whose::Account(name) => {
                let own = self.accounts.get(&state.open(name)?);
                (*own.unwrap_or(&self.each_account), Some(self.each_account))
            }
            Whose::Group(name) => {
                let own = self.groups.get(name);
                (*own.unwrap_or(&self.each_group), Some(self.each_group))
            }
        })
    }

    /// Sets a limit; an own limit without numbers goes, and the common one is there again.
    pub(crate) fn set(&mut self, state: &State, whose: &Whose, most: Most) -> Result<(), Refusal> {
        let keep = most != Most::default();
        match whose {
            Whose::EachAccount => self.each_account = most,
            Whose::EachGroup => self.each_group = most,
            Whose::Venue => self.venue = most,
            Whose::Account(name) => {
                let id = state.open(name)?;
                self.accounts.remove(&id);
                self.accounts.extend(keep.then_some((id, most)));
            }
            Whose::Group(name) => {
                if !state.limits.is_group(name) {
                    return Err(Refusal::unknown("group", name));
                }
                self.groups.remove(name);
                self.groups.extend(keep.then(|| (name.clone(), most)));
            }
        }
        Ok(())
    }
}

impl State {
    /// The head of an account's family: its parent, or itself.
    #[must_use]
    pub fn head(&self, id: AccountId) -> AccountId {
        self.account(id).parent.unwrap_or(id)
    }

    /// Whether two accounts count together.
    #[must_use]
    pub fn are_linked(&self, one: AccountId, other: AccountId) -> bool {
        let (one, other) = (self.head(one), self.head(other));
        let group = |head| self.limits.group_of.get(&head);
        one == other || group(one).is_some_and(|name| Some(name) == group(other))
    }

    /// The accounts that count together with an account, itself among them, and their group's
    /// name where they were linked.
    #[must_use]
    pub fn linked(&self, id: AccountId) -> (Option<&str>, Vec<AccountId>) {
        let head = self.head(id);
        let group = self.limits.group_of.get(&head);
        let alone = BTreeSet::from([head]);
        let heads = group.and_then(|name| self.limits.groups.get(name)).unwrap_or(&alone);
        let mut all = Vec::new();
        for head in heads {
            all.push(*head);
            all.extend(self.limits.children.get(head).into_iter().flatten());
        }
        (group.map(String::as_str), all)
    }
}

/// How far a position can come on each side: held, and with all open orders of the side filled.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    net: Quantity,
    buys: Quantity,
    sells: Quantity,
}

impl Reach {
    fn add(&mut self, account: &Account, instrument: InstrumentId) -> Result<(), Overflow> {
        self.net = self.net.plus(account.held(instrument)?)?;
        let counts =
            |order: &&crate::account::Order| order.instrument == instrument && !order.reduce_only;
        for order in account.orders.iter().filter(counts) {
            let side = if order.quantity.is_negative() { &mut self.sells } else { &mut self.buys };
            *side = side.plus(order.quantity)?;
        }
        Ok(())
    }

    /// Contracts long and contracts short, each zero or more.
    fn sides(&self) -> Result<[Quantity; 2], Overflow> {
        let (long, short) = (self.net.plus(self.buys)?, self.net.plus(self.sells)?);
        Ok([long.max(Quantity::ZERO), (-short).max(Quantity::ZERO)])
    }
}

impl Account {
    /// Contracts of an instrument, on shared collateral and on its own together.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn held(&self, instrument: InstrumentId) -> Result<Quantity, Overflow> {
        self.position(instrument, false).plus(self.position(instrument, true))
    }
}

impl Change<'_> {
    /// Refuses a change that lets what an account, its group or the venue has of an instrument
    /// grow past a limit.
    pub fn within_limits(&self, id: AccountId, instrument: InstrumentId) -> Result<(), Refusal> {
        let state = self.state;
        let Some(of) = state.limits.find(instrument) else { return Ok(()) };
        let symbol = self.symbol(instrument);
        let name = &state.account(id).name;
        let most = of.accounts.get(&id).unwrap_or(&of.each_account);
        let (before, after) = self.reaches(&[id], instrument)?;
        self.check(most, instrument, before, after, || format!("account {name}, {symbol}"))?;
        let (group, all) = state.linked(id);
        let most = group.and_then(|group| of.groups.get(group)).unwrap_or(&of.each_group);
        if *most != Most::default() {
            let (before, after) = self.reaches(&all, instrument)?;
            self.check(most, instrument, before, after, || match group {
                Some(group) => format!("group {group}, {symbol}"),
                None => format!("accounts linked with {name}, {symbol}"),
            })?;
        }
        if of.venue == Most::default() {
            return Ok(());
        }
        let open = state.market.open_interest(instrument).unwrap_or_default();
        // An order may open contracts; a trade does, or does not.
        let would = if self.account(id).holds_the_same(state.account(id)) {
            self.could_open(id, instrument, open)?
        } else {
            self.open_interest(instrument)?
        };
        self.check(&of.venue, instrument, [open, open], [would, open], || {
            format!("open interest of {symbol}")
        })
    }

    /// What would be open if the orders of the worse side of an account were filled, where the
    /// change adds to them.
    fn could_open(
        &self,
        id: AccountId,
        instrument: InstrumentId,
        open: Quantity,
    ) -> Result<Quantity, Refusal> {
        let ([long, short], [long_after, short_after]) = self.reaches(&[id], instrument)?;
        let held = self.state.account(id).held(instrument)?;
        let mut most = open;
        for (before, after, held) in [(long, long_after, held), (short, short_after, -held)] {
            if after > before {
                most = most.max(open.plus(after.minus(held.max(Quantity::ZERO))?)?);
            }
        }
        Ok(most)
    }

    /// How far accounts together can come on each side, before and after the change.
    fn reaches(
        &self,
        accounts: &[AccountId],
        instrument: InstrumentId,
    ) -> Result<([Quantity; 2], [Quantity; 2]), Refusal> {
        let (mut before, mut after) = (Reach::default(), Reach::default());
        for id in accounts {
            before.add(self.state.account(*id), instrument)?;
            after.add(self.account(*id), instrument)?;
        }
        Ok((before.sides()?, after.sides()?))
    }

    fn check(
        &self,
        most: &Most,
        instrument: InstrumentId,
        before: [Quantity; 2],
        after: [Quantity; 2],
        what: impl Fn() -> String,
    ) -> Result<(), Refusal> {
        for (before, after) in before.into_iter().zip(after) {
            if after <= before {
                continue;
            }
            if let Some(most) = most.contracts.filter(|most| after > *most) {
                let (would, most) = (Rate::new(after.decimal()), Rate::new(most.decimal()));
                return Err(Refusal::Limit { limit: what() + ", contracts", would, most });
            }
            let Some(most) = most.notional else { continue };
            let worth = self.state.notional(instrument, after)?;
            if worth > most {
                let currency = &self.state.market.currency;
                let limit = format!("{}, notional in {currency}", what());
                let (would, most) = (Rate::new(worth.decimal()), Rate::new(most.decimal()));
                return Err(Refusal::Limit { limit, would, most });
            }
        }
        Ok(())
    }

    /// Contracts open in an instrument after the change, counting longs.
    fn open_interest(&self, instrument: InstrumentId) -> Result<Quantity, Overflow> {
        let mut open = self.state.market.open_interest(instrument).unwrap_or_default();
        let of = |account: &Account| {
            let long = account.longs().filter(|(held, _)| *held == instrument);
            Quantity::sum(long.map(|(_, long)| long))
        };
        for (id, after) in self.changed() {
            if let Some(before) = self.state.accounts.get(id.index()) {
                open = open.minus(of(before)?)?;
            }
            open = open.plus(of(after)?)?;
        }
        Ok(open)
    }
}

impl State {
    /// What contracts are worth at the index price of their base asset, in the market's currency,
    /// rounded up.
    fn notional(&self, instrument: InstrumentId, held: Quantity) -> Result<Money, Refusal> {
        let one = self.market.instruments.get(instrument);
        let missing = |error| Refusal::bad("notional", "an index price to value it", error);
        let price = self.market.price(&one.base).map_err(missing)?;
        let size = one.base_size(held, self.market.quote(instrument).mark)?;
        Ok(Money::new(size.decimal().times(price.decimal(), Round::Up)?))
    }
}
