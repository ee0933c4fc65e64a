//! The envelope of a reply, and what is in it.
//!
//! Files are recognised by their fields: whoever saves a reply calls it as he likes. The whole
//! reply, with `code` and `data`, and its bare list are the same thing to us.

use crate::assembly::recognised;
use crate::json::{At, Tree};
use keelmark_book::InputError;

/// What a file holds, with the endpoint that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// `public/instruments`.
    Instruments,
    /// `public/mark-price`.
    MarkPrices,
    /// `public/opt-summary`: volatilities and forwards of options.
    OptionSummary,
    /// `market/index-tickers`.
    Indices,
    /// `public/position-tiers`.
    PositionTiers,
    /// `public/discount-rate-interest-free-quota`.
    Discounts,
    /// `account/balance`.
    Balance,
    /// `account/positions`.
    Positions,
    /// `trade/orders-pending`.
    Orders,
    /// `account/position-builder`.
    Builder,
    /// `account/config`: how the account is margined.
    Config,
    /// An empty list: nothing of whatever it is.
    Nothing,
}

const EXPECTED: &str = "expected an OKX reply (public/instruments, public/mark-price, \
     public/opt-summary, market/index-tickers, public/position-tiers, \
     public/discount-rate-interest-free-quota, account/balance, account/positions, \
     trade/orders-pending, account/position-builder or account/config)";

/// What a file holds, by its fields, and its rows.
///
/// # Errors
/// [`InputError`] when it is none of the replies, or an error reply.
pub fn recognise(tree: &Tree) -> Result<(Content, Vec<At<'_>>), InputError> {
    let root = tree.root();
    if let Some(code) = root.get("code") {
        let number = code.number().ok();
        if number.is_none_or(|one| !one.is_zero()) {
            let said: String = root.label("msg").chars().take(200).collect();
            let problem =
                format!("expected code 0, found the venue's error {}: {said}", code.found());
            return Err(code.error(problem));
        }
    }
    recognised(&root, content, Content::Nothing, EXPECTED)
}

fn content(row: &At<'_>) -> Option<Content> {
    let known: [(&[&str], Content); 12] = [
        (&["riskUnitData", "totalMmr"], Content::Builder),
        (&["acctLv", "posMode"], Content::Config),
        (&["totalEq", "details"], Content::Balance),
        (&["instId", "ordId", "accFillSz"], Content::Orders),
        (&["ccy", "discountLv"], Content::Discounts),
        (&["ccy", "minDiscountRate"], Content::Discounts),
        (&["instId", "pos", "mgnMode"], Content::Positions),
        (&["tier", "minSz", "mmr"], Content::PositionTiers),
        (&["instId", "ctVal", "lotSz"], Content::Instruments),
        (&["instId", "markVol", "fwdPx"], Content::OptionSummary),
        (&["instId", "idxPx"], Content::Indices),
        (&["instId", "markPx"], Content::MarkPrices),
    ];
    known.into_iter().find(|(fields, _)| row.has(fields)).map(|(_, content)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_fields() {
        for (text, content) in [
            (r#"{"code":"0","data":[{"instId":"a","markPx":"1"}]}"#, Content::MarkPrices),
            (r#"[{"instId":"a","idxPx":"1"}]"#, Content::Indices),
            (r#"[{"instId":"a","pos":"1","mgnMode":"cross","markPx":"1"}]"#, Content::Positions),
            (r#"[{"instId":"a","ordId":"1","sz":"1","accFillSz":"0"}]"#, Content::Orders),
            (r#"{"code":"0","data":[]}"#, Content::Nothing),
            (r#"{"totalEq":"1","details":[]}"#, Content::Balance),
            (r#"[{"tier":"1","minSz":"0","mmr":"0.01"}]"#, Content::PositionTiers),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            assert_eq!(recognise(&tree).unwrap().0, content, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_reply_says_what_was_found() {
        for (text, found) in [
            (
                r#"{"code":"51000","msg":"Parameter instId error","data":[]}"#,
                "f at /code: expected code 0, found the venue's error \"51000\": Parameter",
            ),
            (r#"{"code":"0","data":[{"ordId":"1"}]}"#, "found fields ordId"),
            ("[1]", "found 1"),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            let error = recognise(&tree).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
