//! `private/get_account_summary` and `private/get_account_summaries`: what is held of each
//! currency, and what the venue reports, kept apart so that ours can be shown beside.
//!
//! Only a row's own holding is collateral. In the cross models its margin fields repeat the whole
//! account in that currency, so they are kept as printed and never summed.

use super::identities::{MarginModel, Summary};
use super::reply::{Content, Number, Reply};
use crate::imported::{Figure, What};
use keelmark_book::{Asset, InputError, Money};
use serde::Deserialize;

/// What the venue says about one currency of the account, as printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// The currency of every amount but those in USD.
    pub currency: Asset,
    /// How the account is margined.
    pub margin_model: Option<MarginModel>,
    /// What the currency's own holdings are worth.
    pub equity: Option<Money>,
    /// What supports margin; of the whole account in the cross models.
    pub margin_balance: Option<Money>,
    /// Initial margin; of the whole account in the cross models.
    pub initial_margin: Option<Money>,
    /// Maintenance margin; of the whole account in the cross models.
    pub maintenance_margin: Option<Money>,
    /// What new positions may use.
    pub available_funds: Option<Money>,
    /// What may leave.
    pub available_withdrawal_funds: Option<Money>,
    /// Equity of the whole account in USD (cross models).
    pub total_equity_usd: Option<Money>,
    /// Margin balance of the whole account in USD (cross models).
    pub total_margin_balance_usd: Option<Money>,
    /// Initial margin of the whole account in USD (cross models).
    pub total_initial_margin_usd: Option<Money>,
    /// Maintenance margin of the whole account in USD (cross models).
    pub total_maintenance_margin_usd: Option<Money>,
    /// The parts that the identities start from; what is not printed is zero.
    pub summary: Summary,
}

impl Reported {
    /// The levels of the row as printed: of a cross account in dollars, where it says so, else of
    /// the currency.
    #[must_use]
    pub fn figures(&self, account: &str, model: MarginModel) -> Vec<Figure> {
        let levels = [
            (What::Initial, self.initial_margin, self.total_initial_margin_usd),
            (What::Maintenance, self.maintenance_margin, self.total_maintenance_margin_usd),
        ];
        let mut out = Vec::new();
        for (what, own, total) in levels {
            let (currency, value) = match (model.is_cross(), total, own) {
                (true, Some(total), _) => (Asset::usd(), total),
                (_, _, Some(own)) => (self.currency.clone(), own),
                _ => continue,
            };
            let (account, value) = (account.to_owned(), value.decimal());
            out.push(Figure { account, what, currency, value });
        }
        out
    }
}

/// The rows of one reply.
#[derive(Clone, Debug)]
pub struct Account {
    /// The venue's number of the account, where printed.
    pub id: Option<u64>,
    /// Each currency, with the pointer of its row.
    pub rows: Vec<(String, Reported)>,
}

#[derive(Deserialize)]
struct Row {
    currency: String,
    balance: Number,
    id: Option<u64>,
    margin_model: Option<String>,
    equity: Option<Number>,
    margin_balance: Option<Number>,
    initial_margin: Option<Number>,
    maintenance_margin: Option<Number>,
    available_funds: Option<Number>,
    available_withdrawal_funds: Option<Number>,
    total_equity_usd: Option<Number>,
    total_margin_balance_usd: Option<Number>,
    total_initial_margin_usd: Option<Number>,
    total_maintenance_margin_usd: Option<Number>,
    options_value: Option<Number>,
    futures_session_upl: Option<Number>,
    futures_session_rpl: Option<Number>,
    options_session_upl: Option<Number>,
    futures_pl: Option<Number>,
    options_pl: Option<Number>,
}

#[derive(Deserialize)]
struct Rows {
    id: Option<u64>,
    summaries: Vec<Row>,
}

/// Reads a reply of one or of all currencies.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn read(reply: &Reply<'_>, notes: &mut Vec<String>) -> Result<Account, InputError> {
    let (id, rows, under) = if reply.content == Content::AccountSummaries {
        let all: Rows = reply.result()?;
        (all.id, all.summaries, "/summaries")
    } else {
        let row: Row = reply.result()?;
        (row.id, vec![row], "")
    };
    let mut account = Account { id, rows: Vec::new() };
    for (at, row) in rows.into_iter().enumerate() {
        let place = if under.is_empty() { String::new() } else { format!("{under}/{at}") };
        let pointer = reply.pointer(&place);
        let currency = Asset::new(&row.currency).map_err(|error| {
            InputError::pointer(reply.file, format!("{pointer}/currency"), error)
        })?;
        account.rows.push((pointer, row.reported(currency, notes)));
    }
    Ok(account)
}

impl Row {
    fn reported(&self, currency: Asset, notes: &mut Vec<String>) -> Reported {
        let money = |number: Option<Number>| number.map(|one| Money::new(one.0));
        let part = |number: Option<Number>| money(number).unwrap_or_default();
        let margin_model = self.margin_model.as_deref().and_then(|text| {
            let read = text.parse::<MarginModel>();
            read.map_err(|error| notes.push(format!("{currency}: margin_model: {error}"))).ok()
        });
        Reported {
            currency,
            margin_model,
            equity: money(self.equity),
            margin_balance: money(self.margin_balance),
            initial_margin: money(self.initial_margin),
            maintenance_margin: money(self.maintenance_margin),
            available_funds: money(self.available_funds),
            available_withdrawal_funds: money(self.available_withdrawal_funds),
            total_equity_usd: money(self.total_equity_usd),
            total_margin_balance_usd: money(self.total_margin_balance_usd),
            total_initial_margin_usd: money(self.total_initial_margin_usd),
            total_maintenance_margin_usd: money(self.total_maintenance_margin_usd),
            summary: Summary {
                balance: Money::new(self.balance.0),
                options_value: part(self.options_value),
                futures_session_upl: part(self.futures_session_upl),
                futures_session_rpl: part(self.futures_session_rpl),
                options_session_upl: part(self.options_session_upl),
                futures_pl: part(self.futures_pl),
                options_pl: part(self.options_pl),
                initial_margin: part(self.initial_margin),
            },
        }
    }
}
