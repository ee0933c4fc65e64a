//! What is in a file of unified structures, by their fields.

use crate::json::{At, Tree};
use keelmark_book::InputError;

/// What a file holds, with the method that returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// `fetch_markets`, `load_markets`.
    Markets,
    /// `fetch_tickers`, `fetch_mark_prices`.
    Tickers,
    /// `fetch_all_greeks`, `fetch_greeks`.
    Greeks,
    /// `fetch_leverage_tiers`.
    Tiers,
    /// `fetch_balance`.
    Balance,
    /// `fetch_open_orders`.
    Orders,
    /// `fetch_positions`.
    Positions,
    /// An empty list: nothing of whatever it is.
    Nothing,
}

const EXPECTED: &str = "expected a unified structure (fetch_markets, fetch_tickers, fetch_greeks, \
     fetch_leverage_tiers, fetch_balance, fetch_open_orders or fetch_positions)";

/// What a file holds, and its rows; tiers and balances are one row.
///
/// # Errors
/// [`InputError`] when it is none of the structures, or an exchange's error.
pub fn recognise(tree: &Tree) -> Result<(Content, Vec<At<'_>>), InputError> {
    let root = tree.root();
    for (code, said) in [("code", "msg"), ("retCode", "retMsg"), ("error", "message")] {
        let Some(code) = root.get(code) else { continue };
        if !root.has(&["symbol"]) && !code.number().is_ok_and(keelmark_book::Decimal::is_zero) {
            let said: String = root.label(said).chars().take(200).collect();
            let problem = format!("expected a result, found the error {}: {said}", code.found());
            return Err(code.error(problem));
        }
    }
    if root.has(&["free", "total"]) || root.has(&["info", "total"]) {
        return Ok((Content::Balance, vec![root]));
    }
    let rows: Vec<At<'_>> = if root.is_list() {
        root.items()?
    } else if root.has(&["symbol"]) {
        vec![root.clone()]
    } else {
        root.fields()?.into_iter().map(|(_, row)| row).collect()
    };
    let Some(first) = rows.first() else { return Ok((Content::Nothing, rows)) };
    if first.is_list() {
        let tier = rows.iter().find_map(|list| list.items().ok()?.into_iter().next());
        if tier.is_none_or(|tier| tier.has(&["maintenanceMarginRate"])) {
            return Ok((Content::Tiers, vec![root]));
        }
    }
    let known: [(&[&str], Content); 7] = [
        (&["id", "symbol", "base", "quote"], Content::Markets),
        (&["symbol", "side", "amount", "remaining"], Content::Orders),
        (&["symbol", "contracts", "side"], Content::Positions),
        (&["symbol", "contracts", "entryPrice"], Content::Positions),
        (&["symbol", "delta", "underlyingPrice"], Content::Greeks),
        (&["symbol", "markPrice"], Content::Tickers),
        (&["symbol", "last"], Content::Tickers),
    ];
    match known.into_iter().find(|(fields, _)| first.has(fields)) {
        Some((_, content)) => Ok((content, rows)),
        None => Err(root.error(format!("{EXPECTED}, found {}", first.found()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_fields() {
        for (text, content) in [
            (r#"[{"id":"a","symbol":"A/B","base":"A","quote":"B"}]"#, Content::Markets),
            (r#"{"A/B":{"id":"a","symbol":"A/B","base":"A","quote":"B"}}"#, Content::Markets),
            (r#"{"A/B":{"symbol":"A/B","last":1,"timestamp":1}}"#, Content::Tickers),
            (r#"[{"symbol":"A/B:B","contracts":1,"side":"long"}]"#, Content::Positions),
            (r#"[{"symbol":"A","side":"buy","amount":2,"remaining":1}]"#, Content::Orders),
            (r#"{"info":{},"free":{},"used":{},"total":{}}"#, Content::Balance),
            (r#"{"A/B:B":[{"maintenanceMarginRate":0.01}]}"#, Content::Tiers),
            ("[]", Content::Nothing),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            assert_eq!(recognise(&tree).unwrap().0, content, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_structure_says_what_was_found() {
        for (text, found) in [
            (r#"{"code":"51000","msg":"no"}"#, "found the error \"51000\": no"),
            (r#"[{"orderId":1}]"#, "found fields orderId"),
            ("[1]", "found 1"),
            ("7", "f: expected fields, found 7"),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            let error = recognise(&tree).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
