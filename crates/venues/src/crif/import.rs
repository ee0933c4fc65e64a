//! Sums to a book: one account a `PortfolioID`, its sensitivities in the order of their names.

use super::net::{Account, Netted, Unknown, net};
use keelmark_book::sensitivity::Sensitivity;
use keelmark_book::{Book, InputError, Portfolio};
use std::collections::BTreeMap;

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

/// Reads a file into a book.
///
/// # Errors
/// As [`net`](net()).
pub fn import(file: &str, bytes: &[u8], unknown: Unknown) -> Result<Imported, InputError> {
    let Netted { keys, accounts, rows, left_out, notes } = net(file, bytes, unknown)?;
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_unstable_by(|a, b| keys[*a].cmp(&keys[*b]));
    let mut ranks = vec![0; keys.len()];
    for (rank, key) in order.into_iter().enumerate() {
        ranks[key] = rank;
    }
    let portfolio = |Account { name, mut sums, .. }: Account| {
        sums.sort_unstable_by_key(|sum| ranks[sum.key as usize]);
        let mut account = Portfolio::new(&name);
        let named = |key: u32| keys[key as usize].clone();
        account.sensitivities = sums
            .into_iter()
            .map(|sum| Sensitivity { amount: sum.amount, ..named(sum.key) })
            .collect();
        account
    };
    let book = Book { accounts: accounts.into_iter().map(portfolio).collect(), ..Book::default() };
    Ok(Imported { book, rows, left_out, notes })
}
