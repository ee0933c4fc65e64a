//! Rows to sums: one `PortfolioID` one account, rows of one key their exact sum.
//!
//! What a row is about is read, checked and named once a key of the file; every further row of it
//! costs one lookup and one addition.

use super::keys::{Keys, joined, same};
use super::reader::{Reader, Row};
use super::risk::Risk;
use keelmark_book::sensitivity::{Measure, Sensitivity};
use keelmark_book::{InputError, Money};
use std::collections::BTreeMap;

/// What to do with rows that are no sensitivities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// An error at the row.
    #[default]
    Refuse,
    /// Left out, counted by type.
    LeaveOut,
}

/// What a file holds, each key named once.
#[derive(Clone, Debug, Default)]
pub struct Netted {
    /// What sums are of, in the order of first sight; no amounts.
    pub keys: Vec<Sensitivity>,
    /// Accounts in the order of the file.
    pub accounts: Vec<Account>,
    /// Rows read, those left out included.
    pub rows: usize,
    /// Rows left out, by what they are.
    pub left_out: BTreeMap<String, usize>,
    /// What to tell.
    pub notes: Vec<String>,
}

/// The sums of one `PortfolioID`.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// One for each of its keys, in the order of first sight.
    pub sums: Vec<Sum>,
    /// Whether rows of another account stood between its own.
    returned: bool,
}

/// The rows of one key together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// What it is of, a position in [`Netted::keys`].
    pub key: u32,
    /// The amount, in US dollars where it is money.
    pub amount: Money,
    /// The line of its first row.
    pub line: u64,
}

/// The account of rows without a `PortfolioID`.
const UNNAMED: &str = "portfolio";

/// What is known of a spelling of a key.
#[derive(Clone, Copy, Debug)]
struct Known {
    key: u32,
    /// Number of its class and qualifier, where it is in a bucket.
    factor: Option<u32>,
    /// A multiplier or a percentage: no money, and one of a name.
    plain: bool,
}

/// Where among an account's sums a number was first seen.
#[derive(Debug, Default)]
struct Seen {
    /// By number: the last account that had it, and where.
    last: Vec<(u32, u32)>,
    /// By account and number, for accounts that rows of another interrupted.
    returned: BTreeMap<(u32, u32), u32>,
}

/// A file under way.
#[derive(Debug, Default)]
struct Netting {
    found: Netted,
    /// The account of the last row.
    current: u32,
    accounts: BTreeMap<String, u32>,
    /// By the reader's number of a key.
    known: Vec<Option<Known>>,
    /// Keys as they read, whatever their spelling.
    keys: Keys,
    /// Classes and qualifiers.
    factors: Keys,
    factor_of_key: Vec<Option<u32>>,
    /// Room for one of these.
    joined: Vec<u8>,
    seen_keys: Seen,
    seen_factors: Seen,
}

/// Reads a file and sums its rows.
///
/// # Errors
/// [`InputError`] at the line and column: see [`Reader`]; also a type that is no sensitivity, a
/// qualifier in two buckets, a second multiplier, and a sum that does not fit.
pub fn net(file: &str, bytes: &[u8], unknown: Unknown) -> Result<Netted, InputError> {
    let mut reader = Reader::new(file, bytes)?;
    let mut netting = Netting::default();
    let mut row = Row::default();
    while reader.read(&mut row)? {
        netting.found.rows += 1;
        let number = reader.key(&row).ok_or_else(|| too_many(&reader, &row))?;
        netting.row(&reader, &row, number, unknown)?;
    }
    let mut found = netting.found;
    found.notes = std::mem::take(&mut reader.notes);
    for (what, count) in &found.left_out {
        found.notes.push(format!("{count} rows of {what} left out"));
    }
    if found.accounts.is_empty() {
        return Err(InputError::whole(file, "expected sensitivities, found none"));
    }
    Ok(found)
}

impl Netting {
    fn row(
        &mut self,
        reader: &Reader<'_>,
        row: &Row<'_>,
        number: usize,
        unknown: Unknown,
    ) -> Result<(), InputError> {
        let known = self.known.get(number).copied().flatten();
        if let (Some(known), true) = (known, row.im_model().is_empty()) {
            self.account(reader, row)?;
            return self.add(reader, row, known);
        }
        let risk = match risk_of(reader, row, unknown)? {
            Ok(risk) => risk,
            Err(what) => {
                *self.found.left_out.entry(what).or_default() += 1;
                return Ok(());
            }
        };
        self.account(reader, row)?;
        let known = match known {
            Some(known) => known,
            None => self.learn(reader, row, risk)?,
        };
        self.known.resize(self.known.len().max(number + 1), None);
        self.known[number] = Some(known);
        self.add(reader, row, known)
    }

    /// Makes the account of a row the current one.
    #[inline]
    fn account(&mut self, reader: &Reader<'_>, row: &Row<'_>) -> Result<(), InputError> {
        let name = match row.portfolio() {
            "" => UNNAMED,
            name => name,
        };
        let current = self.found.accounts.get(self.current as usize);
        if current.is_some_and(|account| same(account.name.as_bytes(), name.as_bytes())) {
            return Ok(());
        }
        self.change(reader, row, name)
    }

    fn change(&mut self, reader: &Reader<'_>, row: &Row<'_>, name: &str) -> Result<(), InputError> {
        if let Some(number) = self.accounts.get(name) {
            self.current = *number;
            self.interrupted();
            return Ok(());
        }
        printable(reader, row, "PortfolioID", name)?;
        let size = self.found.accounts.last().map_or(0, |last| last.sums.len());
        let sums = Vec::with_capacity(size);
        self.current = self.found.accounts.len() as u32;
        self.found.accounts.push(Account { name: name.to_owned(), sums, returned: false });
        self.accounts.insert(name.to_owned(), self.current);
        Ok(())
    }

    /// The current account was left and came back: others have its places in `last`.
    fn interrupted(&mut self) {
        let account = &mut self.found.accounts[self.current as usize];
        if std::mem::replace(&mut account.returned, true) {
            return;
        }
        for (at, sum) in account.sums.iter().enumerate() {
            self.seen_keys.returned.insert((self.current, sum.key), at as u32);
            if let Some(factor) = self.factor_of_key[sum.key as usize] {
                let place = (self.current, factor);
                self.seen_factors.returned.entry(place).or_insert(at as u32);
            }
        }
    }

    /// Checks and names a key that was not seen before in this spelling.
    fn learn(
        &mut self,
        reader: &Reader<'_>,
        row: &Row<'_>,
        risk: Risk<'_>,
    ) -> Result<Known, InputError> {
        let texts = [
            ("ProductClass", row.product()),
            ("Qualifier", row.qualifier()),
            ("Bucket", row.bucket()),
            ("Label1", row.label1()),
            ("Label2", row.label2()),
        ];
        for (column, text) in texts {
            printable(reader, row, column, text)?;
        }
        if row.qualifier().is_empty() && risk.measure != Measure::FixedAddOn {
            return Err(reader.error(row, "Qualifier", "expected a name, found nothing"));
        }
        let (class, qualifier, bucket) = (risk.class, row.qualifier(), row.bucket());
        let curve = risk.curve.unwrap_or(row.label2());
        let mut factor = None;
        if !bucket.is_empty() && !class.is_empty() {
            joined(&mut self.joined, &[class, qualifier]);
            let number = self.factors.number(&self.joined).ok_or_else(|| too_many(reader, row))?;
            factor = Some(number as u32);
        }
        let measure = risk.measure.name();
        let texts = [row.product(), class, measure, qualifier, bucket, row.label1(), curve];
        joined(&mut self.joined, &texts);
        let key = self.keys.number(&self.joined).ok_or_else(|| too_many(reader, row))?;
        if key == self.found.keys.len() {
            self.factor_of_key.push(factor);
            self.found.keys.push(Sensitivity {
                product: row.product().to_owned(),
                class: class.to_owned(),
                measure: risk.measure,
                qualifier: qualifier.to_owned(),
                bucket: bucket.to_owned(),
                tenor: row.label1().to_owned(),
                curve: curve.to_owned(),
                amount: Money::ZERO,
            });
        }
        let plain = matches!(risk.measure, Measure::Multiplier | Measure::AddOnPercent);
        Ok(Known { key: key as u32, factor, plain })
    }

    /// Adds a row to the current account.
    fn add(&mut self, reader: &Reader<'_>, row: &Row<'_>, known: Known) -> Result<(), InputError> {
        let (number, Known { key, factor, plain }) = (self.current, known);
        let returned = self.found.accounts[number as usize].returned;
        let at = self.seen_keys.at(number, returned, key);
        if let (None, Some(factor)) = (at, factor) {
            self.one_bucket(reader, row, key, factor)?;
        }
        let amount = if plain { reader.plain_amount(row)? } else { reader.amount(row)? };
        let sums = &mut self.found.accounts[number as usize].sums;
        let Some(at) = at else {
            self.seen_keys.set(number, returned, key, sums.len());
            sums.push(Sum { key, amount, line: row.line });
            return Ok(());
        };
        let sum = &mut sums[at];
        if plain {
            let (kind, first) = (row.risk_type(), sum.line);
            let problem = format!("expected one {kind} of a name, the first is on line {first}");
            return Err(reader.error(row, "RiskType", &problem));
        }
        let total = sum.amount.plus(amount);
        sum.amount = total.map_err(|error| reader.error(row, "AmountUSD", &error.to_string()))?;
        Ok(())
    }

    /// A qualifier with two buckets is two risk factors of one name.
    #[inline]
    fn one_bucket(
        &mut self,
        reader: &Reader<'_>,
        row: &Row<'_>,
        key: u32,
        factor: u32,
    ) -> Result<(), InputError> {
        let account = &self.found.accounts[self.current as usize];
        let returned = account.returned;
        let Some(at) = self.seen_factors.at(self.current, returned, factor) else {
            self.seen_factors.set(self.current, returned, factor, account.sums.len());
            return Ok(());
        };
        let first = account.sums[at];
        let bucket = |key: u32| &self.found.keys[key as usize].bucket;
        let (here, before) = (bucket(key), bucket(first.key));
        if here == before {
            return Ok(());
        }
        let problem = format!(
            "{} is in bucket {here} here and in bucket {before} on line {}: give each a name of \
             its own",
            row.qualifier(),
            first.line
        );
        Err(reader.error(row, "Bucket", &problem))
    }
}

impl Seen {
    #[inline]
    fn at(&self, account: u32, returned: bool, number: u32) -> Option<usize> {
        let found = if returned {
            self.returned.get(&(account, number)).copied()
        } else {
            let last = self.last.get(number as usize);
            last.filter(|(known, _)| *known == account).map(|(_, at)| *at)
        };
        found.map(|at| at as usize)
    }

    #[inline]
    fn set(&mut self, account: u32, returned: bool, number: u32, at: usize) {
        if returned {
            self.returned.insert((account, number), at as u32);
            return;
        }
        if self.last.len() <= number as usize {
            self.last.resize(number as usize + 1, (u32::MAX, 0));
        }
        self.last[number as usize] = (account, at as u32);
    }
}

fn too_many(reader: &Reader<'_>, row: &Row<'_>) -> InputError {
    let problem = "expected less than 4 GiB of names: split the file by account";
    reader.error(row, "", problem)
}

/// What a row is, or what to call it when it is left out.
fn risk_of<'r>(
    reader: &Reader<'_>,
    row: &'r Row<'_>,
    unknown: Unknown,
) -> Result<Result<Risk<'r>, String>, InputError> {
    let model = row.im_model();
    let ours = model.is_empty() || model.to_ascii_uppercase().starts_with("SIMM");
    let (column, what) = match Risk::of(row.risk_type()) {
        Some(risk) if ours => return Ok(Ok(risk)),
        Some(_) => ("IMModel", format!("IMModel {model:?}")),
        None => ("RiskType", format!("RiskType {:?}", row.risk_type())),
    };
    if unknown == Unknown::LeaveOut {
        return Ok(Err(what));
    }
    let problem = format!("expected a sensitivity, found {what}; such rows can be left out");
    Err(reader.error(row, column, &problem))
}

/// Refuses a text that would move a terminal's cursor.
fn printable(
    reader: &Reader<'_>,
    row: &Row<'_>,
    column: &str,
    text: &str,
) -> Result<(), InputError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain && (text.chars().any(char::is_control) || text.trim() != text) {
        let problem = format!("expected text without control characters, found {text:?}");
        return Err(reader.error(row, column, &problem));
    }
    Ok(())
}
