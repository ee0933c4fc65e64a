//! The engine as bytes and back, between two commands.
//!
//! Format: `docs/snapshot-format.md`. What is read is checked whole before there is an engine:
//! bytes may come from a disk that lies.
//!
//! Rejected: memory maps of the structures (their layout is the compiler's), and formats that name
//! every field (three times the size for a million accounts).

mod old;

use crate::account::Account;
use crate::agenda::{Agenda, Work};
use crate::delivery::Delivery;
use crate::engine::{ANSWERS_KEPT, Engine, Sender};
use crate::event::Answer;
use crate::feed::Feeds;
use crate::funding::Funding;
use crate::interest::Lent;
use crate::kept::Kept;
use crate::ledger::{House, Ledger};
use crate::liquidation::Offer;
use crate::liquidation::auction::Sale;
use crate::parts::{Known, Parts};
use crate::state::{Model, Source, State};
use keelmark_book::{Asset, InstrumentId, Market, Money, Quantity, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// First bytes of every snapshot.
const MAGIC: &[u8; 8] = b"keelsnap";
/// Version of the layout.
const LAYOUT: u32 = 1;
/// Magic, version, length and checksum.
const HEADER: usize = 8 + 4 + 8 + 32;
/// Version of the section of senders; before 2 their answers said accounts by number.
const SENDERS: u32 = 2;

/// Why bytes are no snapshot that this build can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// They do not begin as one.
    #[error("expected a snapshot, which begins with {:?}", String::from_utf8_lossy(MAGIC))]
    Other,
    /// They end before they should, or after.
    #[error("expected {expected} bytes, found {found}: the file is cut off or was written over")]
    Length {
        /// From the header.
        expected: u64,
        /// In all.
        found: u64,
    },
    /// They are not what was written.
    #[error("checksum: the body is not what was written; use another snapshot or the log")]
    Checksum,
    /// Written by a newer build.
    #[error("{what}: expected version 1 to {known}, found {found}: use the build that wrote it")]
    Version {
        /// The layout, or a section.
        what: String,
        /// What this build knows.
        known: u32,
        /// What is there.
        found: u32,
    },
    /// A section cannot be.
    #[error("section {section}: {problem}")]
    Section {
        /// Which one.
        section: String,
        /// What was expected and found.
        problem: String,
    },
}

/// A body under its header.
#[must_use]
pub fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.resize(HEADER, 0);
    bytes.extend_from_slice(body);
    seal(&mut bytes);
    bytes
}

/// Writes the header over the first bytes.
fn seal(bytes: &mut [u8]) {
    let (header, body) = bytes.split_at_mut(HEADER);
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&LAYOUT.to_le_bytes());
    header[12..20].copy_from_slice(&(body.len() as u64).to_le_bytes());
    header[20..].copy_from_slice(blake3::hash(body).as_bytes());
}

/// The body, if the header is right.
fn opened(bytes: &[u8]) -> Result<&[u8], SnapshotError> {
    if !bytes.starts_with(MAGIC) {
        return Err(SnapshotError::Other);
    }
    let Some((header, body)) = bytes.split_at_checked(HEADER) else {
        let (expected, found) = (HEADER as u64, bytes.len() as u64);
        return Err(SnapshotError::Length { expected, found });
    };
    let version = header[8..12].iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    if version != LAYOUT {
        let what = "layout".to_owned();
        return Err(SnapshotError::Version { what, known: LAYOUT, found: version });
    }
    let length = header[12..20].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    if length != body.len() as u64 {
        let expected = length.saturating_add(HEADER as u64);
        return Err(SnapshotError::Length { expected, found: bytes.len() as u64 });
    }
    if blake3::hash(body).as_bytes() != &header[20..] {
        return Err(SnapshotError::Checksum);
    }
    Ok(body)
}

#[expect(clippy::needless_pass_by_value, reason = "an error is made for it")]
fn fault(section: &str, problem: impl ToString) -> SnapshotError {
    SnapshotError::Section { section: section.to_owned(), problem: problem.to_string() }
}

/// Sections on their way out.
struct Writer(Vec<u8>);

impl Parts for Writer {
    type Error = SnapshotError;

    fn part<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        version: u32,
        part: &T,
    ) -> Result<(), SnapshotError> {
        self.0.push(name.len() as u8);
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(&version.to_le_bytes());
        let length = self.0.len();
        self.0.extend_from_slice(&[0; 8]);
        let start = self.0.len();
        postcard::to_io(part, &mut self.0).map_err(|error| fault(name, error))?;
        let size = (self.0.len() - start) as u64;
        self.0[length..start].copy_from_slice(&size.to_le_bytes());
        Ok(())
    }
}

/// Sections on their way in, by name.
struct Reader<'a>(BTreeMap<&'a str, (u32, &'a [u8])>);

impl<'a> Reader<'a> {
    fn new(mut body: &'a [u8]) -> Result<Self, SnapshotError> {
        let mut sections = BTreeMap::new();
        while !body.is_empty() {
            let (name, version, bytes);
            (name, version, bytes, body) =
                section(body).ok_or_else(|| fault("?", "expected a section, found the end"))?;
            if sections.insert(name, (version, bytes)).is_some() {
                return Err(fault(name, "expected once, found twice"));
            }
        }
        Ok(Self(sections))
    }

    /// A section that an older build did not write is `None`; its part is then as at the start.
    fn part<T: DeserializeOwned>(
        &mut self,
        name: &str,
        known: u32,
    ) -> Result<Option<T>, SnapshotError> {
        let Some((version, bytes)) = self.0.remove(name) else { return Ok(None) };
        if version == 0 || version > known {
            let what = format!("section {name}");
            return Err(SnapshotError::Version { what, known, found: version });
        }
        let (part, rest) = postcard::take_from_bytes(bytes).map_err(|error| fault(name, error))?;
        if !rest.is_empty() {
            return Err(fault(name, format!("expected the end, found {} bytes", rest.len())));
        }
        Ok(Some(part))
    }

    /// The version of a section, 0 where it is not there.
    fn version(&self, name: &str) -> u32 {
        self.0.get(name).map_or(0, |(version, _)| *version)
    }

    /// A section that is always there.
    fn always<T: DeserializeOwned>(&mut self, name: &str, known: u32) -> Result<T, SnapshotError> {
        self.part(name, known)?.ok_or_else(|| fault(name, "expected it, found none"))
    }

    fn end(self) -> Result<(), SnapshotError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(fault(name, "unknown: use the build that wrote it")),
        }
    }
}

/// Name, version and bytes of the first section, and what follows it.
fn section(body: &[u8]) -> Option<(&str, u32, &[u8], &[u8])> {
    let (length, rest) = body.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (size, rest) = rest.split_first_chunk::<8>()?;
    let size = usize::try_from(u64::from_le_bytes(*size)).ok()?;
    let (bytes, rest) = rest.split_at_checked(size)?;
    Some((std::str::from_utf8(name).ok()?, u32::from_le_bytes(*version), bytes, rest))
}

/// Name, last number and answers, these as JSON: events gain kinds more often than all else.
type StoredSender = (String, u64, Vec<(u64, String)>);

impl Engine {
    /// The whole engine as bytes.
    ///
    /// # Errors
    /// [`SnapshotError::Section`] when something cannot be written down.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        let mut out = Writer(vec![0; HEADER]);
        out.part("clock", 1, &(self.state.now, self.state.sequence))?;
        self.state.parts(&mut out)?;
        out.part("accounts", 1, &self.state.accounts)?;
        let senders = self.senders.iter().map(|(name, sender)| sender.stored(name));
        out.part("senders", SENDERS, &senders.collect::<Result<Vec<_>, _>>()?)?;
        seal(&mut out.0);
        Ok(out.0)
    }

    /// The engine of a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`] saying what is wrong; a fault of the bytes, or of the build that reads.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader::new(opened(bytes)?)?;
        let (now, sequence): (Timestamp, u64) = from.always("clock", 1)?;
        let market: Market = from.always("market", 1)?;
        let models: Vec<Known<'_>> = from.always("models", 1)?;
        let models: Result<Vec<Model>, String> = models.into_iter().map(Known::read).collect();
        let models = models.map_err(|problem| fault("models", problem))?;
        let accounts: Vec<Account> = from.always("accounts", 1)?;
        let ledger: Ledger = from.part("ledger", 1)?.unwrap_or_default();
        let feeds: Feeds = from.part("feeds", 1)?.unwrap_or_default();
        let funding: Funding = from.part("funding", 1)?.unwrap_or_default();
        let delivery: Delivery = from.part("delivery", 1)?.unwrap_or_default();
        let agenda: Agenda = from.part("agenda", 1)?.unwrap_or_default();
        let by_number = from.version("senders") < SENDERS;
        let stored: Vec<StoredSender> = from.always("senders", SENDERS)?;
        let (names, assets) = (BTreeMap::new(), BTreeSet::new());
        let mut state = State {
            now,
            sequence,
            market,
            models,
            accounts: Vec::new(),
            ledger,
            limits: from.part("limits", 1)?.unwrap_or_default(),
            stops: from.part("stops", 1)?.unwrap_or_default(),
            watch: from.part("watch", 1)?.unwrap_or_default(),
            outflows: from.part("outflows", 1)?.unwrap_or_default(),
            interest: from.part("interest", 1)?.unwrap_or_default(),
            governance: from.part("governance", 1)?.unwrap_or_default(),
            liquidation: from.part("liquidation", 1)?.unwrap_or_default(),
            lent: Lent::default(),
            feeds,
            funding,
            delivery,
            agenda,
            between: BTreeMap::new(),
            changed: BTreeSet::new(),
            names,
            assets,
            ranges: crate::watch::Ranges::default(),
            kept: Kept::default(),
        };
        let lent = from.part("lent", 1)?;
        from.end()?;
        state.governed().map_err(|problem| fault("governance", problem))?;
        state.admit(accounts)?;
        state.followed().map_err(|problem| fault("agenda", problem))?;
        state.lent = Lent::restored(lent, &state).map_err(|problem| fault("lent", problem))?;
        state.balanced()?;
        state.refer()?;
        let mut senders = BTreeMap::new();
        for mut sender in stored {
            for (_, text) in sender.2.iter_mut().filter(|_| by_number) {
                *text = old::named(text, &state).map_err(|error| fault("senders", error))?;
            }
            let (name, sender) = Sender::read(sender)?;
            if senders.insert(name, sender).is_some() {
                return Err(fault("senders", "expected each once, found one twice"));
            }
        }
        let touched = (0..state.accounts.len()).map(crate::AccountId::new).collect();
        Ok(Self { state, senders, touched, ..Self::default() })
    }
}

impl Sender {
    fn stored(&self, name: &str) -> Result<StoredSender, SnapshotError> {
        let text = |answer| serde_json::to_string(answer).map_err(|e| fault("senders", e));
        let answers = self.answers.iter().map(|(number, one)| Ok((*number, text(one)?)));
        Ok((name.to_owned(), self.last, answers.collect::<Result<_, _>>()?))
    }

    fn read((name, last, stored): StoredSender) -> Result<(String, Self), SnapshotError> {
        let bad = |problem: String| fault("senders", format!("{name}: {problem}"));
        let ascending = stored.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !ascending || stored.last().is_some_and(|(number, _)| *number != last) {
            return Err(bad(format!("expected answers in order up to number {last}")));
        }
        if stored.len() > ANSWERS_KEPT {
            return Err(bad(format!("expected up to {ANSWERS_KEPT} answers, found more")));
        }
        let mut answers: VecDeque<(u64, Answer)> = VecDeque::with_capacity(stored.len());
        for (number, text) in stored {
            let answer = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
            answers.push_back((number, answer));
        }
        Ok((name, Self { last, answers }))
    }
}

impl State {
    /// Takes accounts that were stored, if each can be one.
    fn admit(&mut self, accounts: Vec<Account>) -> Result<(), SnapshotError> {
        self.accounts.reserve_exact(accounts.len());
        for mut account in accounts {
            let id = crate::AccountId::new(self.accounts.len());
            self.possible(&account)
                .map_err(|problem| fault("accounts", format!("{}: {problem}", account.name)))?;
            if self.names.insert(account.name.clone(), id).is_some() {
                let problem = format!("{}: expected once, found twice", account.name);
                return Err(fault("accounts", problem));
            }
            self.share(&mut account);
            self.accounts.push(account);
        }
        Ok(())
    }

    fn possible(&self, account: &Account) -> Result<(), String> {
        if let Some(parent) = account.parent.filter(|id| id.index() >= self.accounts.len()) {
            return Err(format!("expected a parent before it, found number {}", parent.index()));
        }
        if account.model >= self.models.len() {
            let known = self.models.len();
            return Err(format!("expected one of {known} models, found number {}", account.model));
        }
        let ordered = |what: &str, in_order: bool| {
            let problem = || format!("expected its {what} in order, each once and none of zero");
            if in_order { Ok(()) } else { Err(problem()) }
        };
        ordered("balances", amounts_in_order(&account.balances))?;
        ordered("requirements", amounts_in_order(&account.required))?;
        let negative = account.required.iter().find(|(_, amount)| amount.is_negative());
        if let Some((asset, amount)) = negative {
            return Err(format!("required {asset}: expected above zero, found {amount}"));
        }
        let shared = account.shared.iter();
        let isolated = account.isolated.iter().map(|own| &own.holding);
        for held in shared.clone().chain(isolated.clone()) {
            self.listed(held.instrument)?;
            ordered("positions", !held.quantity.is_zero())?;
        }
        ordered("shared positions", shared.map(|one| one.instrument).is_sorted_by(|a, b| a < b))?;
        ordered("own positions", isolated.map(|one| one.instrument).is_sorted_by(|a, b| a < b))?;
        for order in &account.orders {
            self.listed(order.instrument)?;
        }
        ordered("orders", account.orders.iter().map(|one| one.number).is_sorted_by(|a, b| a < b))
    }

    fn listed(&self, id: InstrumentId) -> Result<(), String> {
        let count = self.market.instruments.len();
        if id.index() < count {
            return Ok(());
        }
        Err(format!("expected one of {count} instruments, found number {}", id.index()))
    }

    /// What stops and groups are about is there.
    fn refer(&self) -> Result<(), SnapshotError> {
        let known = |section, id: crate::AccountId| {
            let count = self.accounts.len();
            let problem = || format!("expected one of {count} accounts, found {}", id.index());
            if id.index() < count { Ok(()) } else { Err(fault(section, problem())) }
        };
        for stop in self.stops.iter() {
            known("stops", stop.account)?;
            let mut about = vec![stop.instrument];
            if let Source::Mark(id) = stop.source {
                about.push(id);
            }
            for id in about {
                self.listed(id).map_err(|problem| fault("stops", problem))?;
            }
        }
        self.limits.accounts().try_for_each(|id| known("limits", id))?;
        for (id, process) in self.liquidation.open() {
            known("liquidation", id)?;
            let bidders = process.sale().into_iter().flat_map(Sale::bidders);
            bidders.into_iter().try_for_each(|id| known("liquidation", id))?;
            let offered = process.offer.iter().map(Offer::instrument);
            for id in offered.flatten() {
                self.listed(id).map_err(|problem| fault("liquidation", problem))?;
            }
        }
        self.liquidation.paid_for_all().try_for_each(|id| known("liquidation", id))?;
        self.liquidation.auctioned().try_for_each(|id| known("liquidation", id))?;
        for (_, work) in self.agenda.iter() {
            if let Work::Liquidation(id) = work {
                known("agenda", *id)?;
            }
        }
        self.recounted()
    }

    /// Contracts open are the longs, counted again.
    fn recounted(&self) -> Result<(), SnapshotError> {
        let mut open: BTreeMap<InstrumentId, Quantity> = BTreeMap::new();
        for (id, long) in self.accounts.iter().flat_map(Account::longs) {
            let sum = open.entry(id).or_default();
            *sum = sum.plus(long).map_err(|error| fault("market", error))?;
        }
        for (id, one) in self.market.instruments.iter() {
            let found = self.market.open_interest(id).unwrap_or_default();
            let expected = open.get(&id).copied().unwrap_or_default();
            if found != expected {
                let problem = format!("{one}: expected {expected} contracts open, found {found}");
                return Err(fault("market", problem));
            }
        }
        Ok(())
    }

    /// What changes is there, and no document takes the place of itself.
    fn governed(&mut self) -> Result<(), String> {
        let (instruments, models) = self.governance.refers();
        instruments.into_iter().try_for_each(|id| self.listed(id))?;
        let known = self.models.len();
        if let Some(model) = models.into_iter().find(|model| *model >= known) {
            return Err(format!("expected one of {known} models, found number {model}"));
        }
        for from in 0..known {
            let next = |at: &usize| self.governance.successor(*at);
            if std::iter::successors(Some(from), next).take(known + 1).count() > known {
                return Err(format!("expected model {from} to end at another, found a circle"));
            }
        }
        self.on_the_way().map_err(|refusal| refusal.to_string())
    }

    /// What time does names instruments that are there.
    fn followed(&self) -> Result<(), String> {
        let due = self.agenda.iter().filter_map(|(_, work)| work.instrument());
        let feeds = self.feeds.instruments.keys().copied();
        let funded = self.funding.by.keys().copied();
        let ends = self.delivery.ends.keys().copied();
        due.chain(feeds).chain(funded).chain(ends).try_for_each(|id| self.listed(id))
    }

    /// Every amount that is somewhere left somewhere else.
    fn balanced(&self) -> Result<(), SnapshotError> {
        for (house, asset, amount) in self.ledger.iter() {
            if let House::Clearing(id) = house {
                self.listed(id).map_err(|problem| fault("ledger", problem))?;
            }
            let funds = self.liquidation.funds().len();
            if let House::Fund(number) = house
                && number as usize >= funds
            {
                let problem = format!("expected one of {funds} funds, found number {number}");
                return Err(fault("ledger", problem));
            }
            if amount.is_zero() {
                return Err(fault("ledger", format!("expected no entry of zero, found {asset}")));
            }
        }
        let sums = self.total().map_err(|error| fault("ledger", error))?;
        match sums.first_key_value() {
            None => Ok(()),
            Some((asset, sum)) => {
                let problem = format!("expected all {asset} to add up to zero, found {sum}");
                Err(fault("ledger", problem))
            }
        }
    }
}

fn amounts_in_order(amounts: &[(Asset, Money)]) -> bool {
    amounts.is_sorted_by(|a, b| a.0 < b.0) && amounts.iter().all(|(_, amount)| !amount.is_zero())
}
