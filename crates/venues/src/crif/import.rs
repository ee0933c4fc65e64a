//! Rows to accounts: one `PortfolioID` one account, rows of one key their exact sum.

use super::reader::{Reader, Row};
use super::risk::Risk;
use keelmark_book::sensitivity::{Measure, Sensitivity};
use keelmark_book::{Book, InputError, Money, Portfolio};
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

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Its accounts, in the order of the file, each with netted sensitivities.
    pub book: Book,
    /// Rows read, those left out included.
    pub rows: usize,
    /// Rows left out, by what they are.
    pub left_out: BTreeMap<String, usize>,
    /// What to tell.
    pub notes: Vec<String>,
}

/// The account of rows without a `PortfolioID`.
const UNNAMED: &str = "portfolio";

/// An account under way.
#[derive(Default)]
struct Account {
    name: String,
    sums: BTreeMap<Sensitivity, (Money, u64)>,
    /// Bucket of each class and qualifier, with the line that said so.
    buckets: BTreeMap<(String, String), (String, u64)>,
}

/// Reads a file.
///
/// # Errors
/// [`InputError`] at the line and column: see [`Reader`]; also a type that is no sensitivity, a
/// qualifier in two buckets, a second multiplier, and a sum that does not fit.
pub fn import(file: &str, bytes: &[u8], unknown: Unknown) -> Result<Imported, InputError> {
    let mut reader = Reader::new(file, bytes)?;
    let mut found = Imported::default();
    let mut accounts: Vec<Account> = Vec::new();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut row = Row::default();
    while reader.read(&mut row)? {
        found.rows += 1;
        let risk = match risk_of(&reader, &row, unknown)? {
            Ok(risk) => risk,
            Err(what) => {
                *found.left_out.entry(what).or_default() += 1;
                continue;
            }
        };
        let name = if row.portfolio().is_empty() { UNNAMED } else { row.portfolio() };
        let number = match numbers.get(name) {
            Some(number) => *number,
            None => {
                printable(&reader, &row, "PortfolioID", name)?;
                accounts.push(Account { name: name.to_owned(), ..Account::default() });
                numbers.insert(name.to_owned(), accounts.len() - 1);
                accounts.len() - 1
            }
        };
        accounts[number].add(&reader, &row, risk)?;
    }
    found.notes = std::mem::take(&mut reader.notes);
    for (what, count) in &found.left_out {
        found.notes.push(format!("{count} rows of {what} left out"));
    }
    if accounts.is_empty() {
        return Err(InputError::whole(file, "expected sensitivities, found none"));
    }
    found.book.accounts = accounts.into_iter().map(Account::done).collect();
    Ok(found)
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
    if text.chars().any(char::is_control) || text.trim() != text {
        let problem = format!("expected text without control characters, found {text:?}");
        return Err(reader.error(row, column, &problem));
    }
    Ok(())
}

impl Account {
    fn add(
        &mut self,
        reader: &Reader<'_>,
        row: &Row<'_>,
        risk: Risk<'_>,
    ) -> Result<(), InputError> {
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
        let fixed = risk.measure == Measure::FixedAddOn;
        if row.qualifier().is_empty() && !fixed {
            return Err(reader.error(row, "Qualifier", "expected a name, found nothing"));
        }
        self.one_bucket(reader, row, risk)?;
        let plain = matches!(risk.measure, Measure::Multiplier | Measure::AddOnPercent);
        let amount = if plain { reader.plain_amount(row)? } else { reader.amount(row)? };
        let key = Sensitivity {
            product: row.product().to_owned(),
            class: risk.class.to_owned(),
            measure: risk.measure,
            qualifier: row.qualifier().to_owned(),
            bucket: row.bucket().to_owned(),
            tenor: row.label1().to_owned(),
            curve: risk.curve.unwrap_or(row.label2()).to_owned(),
            amount: Money::ZERO,
        };
        let line = row.line;
        match self.sums.get_mut(&key) {
            Some((_, first)) if plain => {
                let problem = format!(
                    "expected one {} of a name, the first is on line {first}",
                    row.risk_type()
                );
                Err(reader.error(row, "RiskType", &problem))
            }
            Some((sum, _)) => {
                *sum = sum
                    .plus(amount)
                    .map_err(|error| reader.error(row, "AmountUSD", &error.to_string()))?;
                Ok(())
            }
            None => {
                self.sums.insert(key, (amount, line));
                Ok(())
            }
        }
    }

    /// A qualifier with two buckets is two risk factors of one name.
    fn one_bucket(
        &mut self,
        reader: &Reader<'_>,
        row: &Row<'_>,
        risk: Risk<'_>,
    ) -> Result<(), InputError> {
        if row.bucket().is_empty() || risk.class.is_empty() {
            return Ok(());
        }
        let key = (risk.class.to_owned(), row.qualifier().to_owned());
        let known = self.buckets.entry(key);
        let (bucket, line) = known.or_insert_with(|| (row.bucket().to_owned(), row.line));
        if bucket == row.bucket() {
            return Ok(());
        }
        let problem = format!(
            "{} is in bucket {} here and in bucket {bucket} on line {line}: give each a name \
             of its own",
            row.qualifier(),
            row.bucket()
        );
        Err(reader.error(row, "Bucket", &problem))
    }

    fn done(self) -> Portfolio {
        let mut account = Portfolio::new(&self.name);
        account.sensitivities =
            self.sums.into_iter().map(|(key, (amount, _))| Sensitivity { amount, ..key }).collect();
        account
    }
}
