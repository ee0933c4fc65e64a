//! What is in a reply, by its fields.
//!
//! Three services answer alike: `fapi` (settled in the quote), `dapi` (in the coin), `eapi`
//! (options), and `papi` is all of them as one account.

use crate::assembly::recognised;
use crate::json::{At, Tree};
use keelmark_book::InputError;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// `exchangeInfo` of futures.
    Contracts,
    /// `exchangeInfo` of options.
    Options,
    /// `premiumIndex`: marks and indices.
    Marks,
    /// `eapi/v1/mark`: marks and volatilities of options.
    OptionMarks,
    /// `leverageBracket`.
    Brackets,
    /// Tiers by symbol as ccxt and freqtrade keep them.
    Tiers,
    /// `fapi/v2/account`, and `v3`.
    Account,
    /// `dapi/v1/account`.
    CoinAccount,
    /// `fapi/v2/balance`.
    Balance,
    /// `papi/v1/account`.
    Unified,
    /// `papi/v1/balance`.
    UnifiedBalance,
    /// `eapi/v1/marginAccount`.
    OptionAccount,
    /// `openOrders` of any of them.
    Orders,
    /// `positionRisk` of any of them.
    Positions,
    /// `eapi/v1/position`.
    OptionPositions,
    /// An empty list: nothing of whatever it is.
    Nothing,
}

const EXPECTED: &str = "expected a Binance reply (exchangeInfo, premiumIndex, leverageBracket, \
     account, balance, positionRisk, openOrders, papi account or balance, eapi exchangeInfo, mark, \
     marginAccount or position)";

/// What a file holds, by its fields; the row or rows of it.
///
/// # Errors
/// [`InputError`] when it is none of the replies, or an error reply.
pub fn recognise(tree: &Tree) -> Result<(Content, Vec<At<'_>>), InputError> {
    let root = tree.root();
    if let (Some(code), true) = (root.get("code"), root.has(&["msg"])) {
        let number = code.number().ok();
        if number.is_none_or(|one| !one.is_zero() && one != keelmark_book::Decimal::from_int(200)) {
            let said: String = root.label("msg").chars().take(200).collect();
            let problem =
                format!("expected a result, found the venue's error {}: {said}", code.found());
            return Err(code.error(problem));
        }
    }
    recognised(&root, content, Content::Nothing, EXPECTED)
}

fn content(row: &At<'_>) -> Option<Content> {
    let known: [(&[&str], Content); 18] = [
        (&["optionSymbols"], Content::Options),
        (&["symbols", "serverTime"], Content::Contracts),
        (&["symbols", "exchangeFilters"], Content::Contracts),
        (&["symbol", "markIV"], Content::OptionMarks),
        (&["symbol", "positionAmt"], Content::Positions),
        (&["symbol", "orderId", "executedQty", "quantity"], Content::Orders),
        (&["symbol", "optionSide", "quantity"], Content::OptionPositions),
        (&["symbol", "orderId", "executedQty", "origQty"], Content::Orders),
        (&["symbol", "markPrice", "indexPrice"], Content::Marks),
        (&["symbol", "brackets"], Content::Brackets),
        (&["pair", "brackets"], Content::Brackets),
        (&["totalMaintMargin", "assets"], Content::Account),
        (&["uniMMR"], Content::Unified),
        (&["asset", "totalWalletBalance"], Content::UnifiedBalance),
        (&["asset", "crossWalletBalance", "balance"], Content::Balance),
        (&["assets", "positions"], Content::CoinAccount),
        (&["asset", "greek"], Content::OptionAccount),
        (&["contractSize", "symbol", "contractType"], Content::Contracts),
    ];
    let found = known.into_iter().find(|(fields, _)| row.has(fields)).map(|(_, content)| content);
    found.or_else(|| {
        let (_, first) = row.fields().ok()?.into_iter().next()?;
        let tier = first.items().ok()?.into_iter().next()?;
        tier.has(&["maintenanceMarginRate"]).then_some(Content::Tiers)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_fields() {
        for (text, content) in [
            (r#"{"serverTime":1,"symbols":[]}"#, Content::Contracts),
            (r#"{"symbol":"a","markPrice":"1","indexPrice":"1"}"#, Content::Marks),
            (r#"[{"symbol":"a","brackets":[]}]"#, Content::Brackets),
            (r#"{"A/B:B":[{"maintenanceMarginRate":0.01}]}"#, Content::Tiers),
            (r#"{"totalMaintMargin":"0","assets":[],"positions":[]}"#, Content::Account),
            (r#"{"assets":[],"positions":[],"canTrade":true}"#, Content::CoinAccount),
            (r#"{"uniMMR":"2"}"#, Content::Unified),
            (r#"[{"symbol":"a","orderId":1,"executedQty":"0","origQty":"1"}]"#, Content::Orders),
            (r#"[{"symbol":"a","orderId":1,"executedQty":0,"quantity":1}]"#, Content::Orders),
            ("[]", Content::Nothing),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            assert_eq!(recognise(&tree).unwrap().0, content, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_reply_says_what_was_found() {
        for (text, found) in [
            (
                r#"{"code":-2015,"msg":"Invalid API-key"}"#,
                "f at /code: expected a result, found the venue's error -2015: Invalid API-key",
            ),
            (r#"[{"orderId":1}]"#, "found fields orderId"),
            ("[1]", "found 1"),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            let error = recognise(&tree).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
