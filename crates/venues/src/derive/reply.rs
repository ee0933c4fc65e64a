//! The envelope of a reply, and what is in it.
//!
//! Files are recognised by their fields; the whole JSON-RPC reply and its `result` are the same
//! thing to us.

use crate::json::{At, Tree};
use keelmark_book::InputError;

/// A recognised file, with the method that answers it.
#[derive(Clone, Debug)]
pub enum Reply<'a> {
    /// `public/get_instruments`, `public/get_all_instruments`.
    Instruments(Vec<At<'a>>),
    /// `public/get_ticker`, `public/get_tickers`: names and rows.
    Tickers(Vec<(&'a str, At<'a>)>),
    /// `private/get_subaccount`, `private/get_all_portfolios`, `public/margin_watch`.
    Accounts(Vec<At<'a>>),
    /// `private/get_positions`.
    Positions(At<'a>),
    /// `private/get_collaterals`.
    Collaterals(At<'a>),
    /// `private/get_open_orders`.
    Orders(At<'a>),
    /// `private/get_margin`.
    Margin(At<'a>),
    /// An empty list: nothing of whatever it is.
    Nothing,
}

/// Fields that a result has, and what it is then.
type Known<'a> = (&'static [&'static str], fn(At<'a>) -> Reply<'a>);

const EXPECTED: &str = "expected a Derive reply (get_instruments, get_ticker, get_tickers, \
     get_subaccount, get_all_portfolios, get_positions, get_collaterals, get_open_orders, \
     get_margin or margin_watch)";

impl<'a> Reply<'a> {
    /// Recognises a file by its fields.
    ///
    /// # Errors
    /// [`InputError`] when it is none of the replies, or an error reply.
    pub fn recognise(tree: &'a Tree) -> Result<Self, InputError> {
        let root = tree.root();
        if let Some(error) = root.get("error") {
            let code = error.get("code").map_or_else(|| "none".to_owned(), |code| code.found());
            let said: String = error.label("message").chars().take(200).collect();
            let problem = format!("expected a result, found the venue's error {code}: {said:?}");
            return Err(error.error(problem));
        }
        let result = root.get("result").unwrap_or_else(|| root.clone());
        if let Some(tickers) = result.get("tickers") {
            return named(&tickers).map(Self::Tickers);
        }
        let list = if result.is_list() { Some(result.clone()) } else { result.get("instruments") };
        if let Some(list) = list {
            let rows = list.items()?;
            let Some(first) = rows.first() else { return Ok(Self::Nothing) };
            return if first.has(&["collaterals", "positions"]) {
                Ok(Self::Accounts(rows))
            } else if first.has(&["instrument_name", "mark_price"]) {
                named_rows(rows).map(Self::Tickers)
            } else if first.has(&["instrument_name", "amount_step"]) {
                Ok(Self::Instruments(rows))
            } else {
                Err(root.error(format!("{EXPECTED}, found {}", first.found())))
            };
        }
        let known: [Known<'a>; 5] = [
            (&["collaterals", "positions"], |at| Self::Accounts(vec![at])),
            (&["positions"], Self::Positions),
            (&["collaterals"], Self::Collaterals),
            (&["orders", "subaccount_id"], Self::Orders),
            (&["pre_initial_margin", "pre_maintenance_margin"], Self::Margin),
        ];
        if let Some((_, of)) = known.iter().find(|(fields, _)| result.has(fields)) {
            return Ok(of(result));
        }
        if result.has(&["instrument_name", "mark_price"]) {
            return named_rows(vec![result]).map(Self::Tickers);
        }
        Err(root.error(format!("{EXPECTED}, found {}", result.found())))
    }
}

/// Tickers under their names; a subscription wraps each once more.
fn named<'a>(tickers: &At<'a>) -> Result<Vec<(&'a str, At<'a>)>, InputError> {
    if tickers.is_list() {
        return named_rows(tickers.items()?);
    }
    let unwrapped =
        |(name, at): (&'a str, At<'a>)| (name, at.get("instrument_ticker").unwrap_or(at));
    Ok(tickers.fields()?.into_iter().map(unwrapped).collect())
}

fn named_rows(rows: Vec<At<'_>>) -> Result<Vec<(&str, At<'_>)>, InputError> {
    rows.into_iter().map(|row| Ok((row.word("instrument_name")?, row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_reply_says_what_was_found() {
        for (text, found) in [
            (
                r#"{"id":1,"error":{"code":14000,"message":"Account not found"}}"#,
                "f at /error: expected a result, found the venue's error 14000: \"Account not",
            ),
            (r#"{"result":{"order":{}}}"#, "found fields order"),
            (r#"{"result":[{"order_id":1}]}"#, "found fields order_id"),
            ("{}", "found no fields"),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            let error = Reply::recognise(&tree).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
