//! Accounts to rows, tab separated, amounts in US dollars.

use super::risk::{BASIS, INFLATION, Risk};
use keelmark_book::sensitivity::{Measure, Sensitivity};
use keelmark_book::{InputError, Portfolio};
use std::fmt::Write as _;

const HEADER: &str = "TradeID\tPortfolioID\tProductClass\tRiskType\tQualifier\tBucket\tLabel1\t\
                      Label2\tAmountCurrency\tAmount\tAmountUSD\n";

/// The given sensitivities of some accounts, whose amounts are in US dollars.
///
/// # Errors
/// [`InputError`] naming the account and row that the format has no type for, or holds a line end.
pub fn write(accounts: &[Portfolio]) -> Result<String, InputError> {
    let mut out = String::from(HEADER);
    for account in accounts {
        for (at, one) in account.sensitivities.iter().enumerate() {
            let place = |problem: String| {
                InputError::pointer(&account.account, format!("/sensitivities/{at}"), problem)
            };
            let kind = Risk::name_of(one).ok_or_else(|| {
                let (class, measure) = (&one.class, one.measure.name());
                place(format!("expected a class of letters and digits, found {class:?} {measure}"))
            })?;
            row(&mut out, &account.account, &kind, one);
        }
    }
    Ok(out)
}

fn row(out: &mut String, account: &str, kind: &str, one: &Sensitivity) {
    let plain = matches!(one.measure, Measure::Multiplier | Measure::AddOnPercent);
    let implied = one.class == "IR" && [INFLATION, BASIS].contains(&one.curve.as_str());
    let curve = if implied { "" } else { &one.curve };
    let texts = ["", account, &one.product, kind, &one.qualifier, &one.bucket, &one.tenor, curve];
    for text in texts {
        let _ = write!(out, "{}\t", quoted(text));
    }
    let amount = one.amount;
    let _ = if plain {
        writeln!(out, "\t{amount}\t")
    } else {
        writeln!(out, "USD\t{amount}\t{amount}")
    };
}

fn quoted(text: &str) -> String {
    if text.contains(['\t', '"', '\n', '\r']) || text.starts_with('"') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
