//! The envelope of a reply, and what is in it.
//!
//! Files are recognised by their fields: whoever saves a reply calls it as he likes. The whole
//! reply, its `result` and the bare list are the same thing to us, but only the whole one says
//! when it was sent.

use crate::json::{At, Tree};
use keelmark_book::{InputError, Timestamp};

/// What a file holds, with the endpoint that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `v5/market/instruments-info`.
    Instruments,
    /// `v5/market/tickers`.
    Tickers,
    /// `v5/market/risk-limit`.
    RiskLimits,
    /// `v5/spot-margin-trade/collateral`: tiered ratios.
    CollateralTiers,
    /// `v5/account/collateral-info`: one ratio a coin.
    CollateralInfo,
    /// `v5/account/wallet-balance`.
    Wallet,
    /// `v5/position/list`.
    Positions,
    /// `v5/order/realtime`.
    Orders,
    /// `v5/account/info`: how the account is margined.
    AccountInfo,
    /// An empty list: nothing of whatever it is.
    Nothing,
}

/// A recognised file.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    /// What it holds.
    pub content: Content,
    /// `linear`, `inverse`, `option`, `spot`, or empty.
    pub category: &'a str,
    /// When it was sent.
    pub time: Option<Timestamp>,
    /// Its rows; the result itself where it is no list.
    pub rows: Vec<At<'a>>,
    /// Whether the venue has more pages of it.
    pub more: bool,
}

const EXPECTED: &str = "expected a Bybit v5 reply (market/instruments-info, market/tickers, \
     market/risk-limit, spot-margin-trade/collateral, account/collateral-info, \
     account/wallet-balance, position/list, order/realtime or account/info)";

impl<'a> Reply<'a> {
    /// Recognises a file by its fields.
    ///
    /// # Errors
    /// [`InputError`] when it is none of the replies, or an error reply.
    pub fn recognise(tree: &'a Tree) -> Result<Self, InputError> {
        let root = tree.root();
        if let Some(code) = root.get("retCode")
            && !code.number()?.is_zero()
        {
            let said: String = root.label("retMsg").chars().take(200).collect();
            let problem = format!("expected retCode 0, found {}: {said:?}", code.found());
            return Err(code.error(problem));
        }
        let result = root.get("result").unwrap_or_else(|| root.clone());
        let list = if result.is_list() { Some(result.clone()) } else { result.get("list") };
        let rows = match list {
            Some(list) => list.items()?,
            None => vec![result.clone()],
        };
        let content = match rows.first() {
            None => Content::Nothing,
            Some(first) => content(first)
                .ok_or_else(|| root.error(format!("{EXPECTED}, found {}", first.found())))?,
        };
        let time = root.millis("time")?;
        let more = !result.label("nextPageCursor").is_empty() && content != Content::Nothing;
        Ok(Self { content, category: result.label("category"), time, rows, more })
    }
}

fn content(row: &At<'_>) -> Option<Content> {
    let known: [(&[&str], Content); 9] = [
        (&["symbol", "side", "size", "avgPrice"], Content::Positions),
        (&["symbol", "side", "orderStatus"], Content::Orders),
        (&["symbol", "riskLimitValue", "maintenanceMargin"], Content::RiskLimits),
        (&["currency", "collateralRatioList"], Content::CollateralTiers),
        (&["currency", "collateralRatio"], Content::CollateralInfo),
        (&["coin", "totalEquity"], Content::Wallet),
        (&["symbol", "lotSizeFilter"], Content::Instruments),
        (&["symbol", "bid1Price"], Content::Tickers),
        (&["marginMode", "unifiedMarginStatus"], Content::AccountInfo),
    ];
    known.into_iter().find(|(fields, _)| row.has(fields)).map(|(_, content)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_fields() {
        for (text, content) in [
            (
                r#"{"retCode":0,"result":{"list":[{"symbol":"a","bid1Price":""}]}}"#,
                Content::Tickers,
            ),
            (r#"{"list":[{"coin":[],"totalEquity":""}]}"#, Content::Wallet),
            (r#"[{"currency":"BTC","collateralRatioList":[]}]"#, Content::CollateralTiers),
            (r#"{"retCode":0,"result":{"list":[]}}"#, Content::Nothing),
            (
                r#"{"result":{"marginMode":"REGULAR_MARGIN","unifiedMarginStatus":5}}"#,
                Content::AccountInfo,
            ),
            (
                r#"[{"symbol":"a","side":"Buy","size":"1","avgPrice":"1","riskLimitValue":"1",
                 "maintenanceMargin":"1"}]"#,
                Content::Positions,
            ),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            assert_eq!(Reply::recognise(&tree).unwrap().content, content, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_reply_says_what_was_found() {
        for (text, found) in [
            (
                r#"{"retCode":10001,"retMsg":"params error"}"#,
                "f at /retCode: expected retCode 0, found 10001: \"params error\"",
            ),
            (r#"{"result":{"list":[{"vip":1}]}}"#, "found fields vip"),
            ("[1]", "found 1"),
            ("{}", "found no fields"),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            let error = Reply::recognise(&tree).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
