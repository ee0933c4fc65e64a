//! What an account's sensitivities are under a document: given ones and those of what is held.

use crate::charge::Fill;
use crate::document::Document;
use crate::error::MarginError;
use crate::evaluation::Evaluation;
use crate::margin::covered;
use crate::pool::divide;
use crate::table::RiskTable;
use keelmark_book::{Market, Money, Portfolio, Sensitivity};
use std::collections::BTreeMap;

/// The sensitivities of an account as the document's `sensitivities` charges make them, netted by
/// key, in the market's currency; open orders do not count.
///
/// # Errors
/// As [`margin`](crate::margin()); and when no charge of the document takes sensitivities.
pub fn sensitivities_of(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> Result<Vec<Sensitivity>, MarginError> {
    if !document.takes_sensitivities() {
        return Err(MarginError::Unsupported(format!(
            "{} has no charge of kind sensitivities",
            document.name
        )));
    }
    let mut sums: BTreeMap<Sensitivity, Money> = BTreeMap::new();
    for pool in divide(account, document, market) {
        covered(document, market, &pool)?;
        if pool.currency != market.currency {
            return Err(MarginError::Unsupported(format!(
                "pool {} is in {}: its sensitivities are not in {}",
                pool.name, pool.currency, market.currency
            )));
        }
        let table = RiskTable::compile_pool(document, market, &pool)?;
        let evaluation = Evaluation::new(document, market, &table, &pool)?;
        let view = evaluation.view(Fill::None);
        for named in &document.charges {
            for one in named.charge.sensitivities(&view)? {
                let amount = one.amount;
                let key = Sensitivity { amount: Money::ZERO, ..one };
                let sum = sums.entry(key).or_default();
                *sum = sum.plus(amount)?;
            }
        }
    }
    let rows = sums.into_iter().filter(|(_, amount)| !amount.is_zero());
    Ok(rows.map(|(key, amount)| Sensitivity { amount, ..key }).collect())
}
