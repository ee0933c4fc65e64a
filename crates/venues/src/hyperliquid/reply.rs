//! What a reply of the info endpoint is, known by its fields.

use crate::json::{At, Tree};
use keelmark_book::InputError;

/// A recognised file, with the request type that answers it.
#[derive(Clone, Debug)]
pub enum Reply<'a> {
    /// `meta`: perpetuals and margin tables.
    Meta(At<'a>),
    /// `metaAndAssetCtxs`: the same with prices.
    MetaAndContexts(At<'a>, Vec<At<'a>>),
    /// `spotMeta`: tokens and pairs.
    SpotMeta(At<'a>),
    /// `spotMetaAndAssetCtxs`: the same with prices.
    SpotMetaAndContexts(At<'a>, Vec<At<'a>>),
    /// `clearinghouseState`: the perpetual account.
    Account(At<'a>),
    /// `spotClearinghouseState`: the spot account.
    SpotAccount(At<'a>),
    /// `openOrders` or `frontendOpenOrders`.
    Orders(Vec<At<'a>>),
}

const EXPECTED: &str = "expected a reply of Hyperliquid's info endpoint (meta, metaAndAssetCtxs, \
     spotMeta, spotMetaAndAssetCtxs, clearinghouseState, spotClearinghouseState, openOrders or \
     frontendOpenOrders)";

impl<'a> Reply<'a> {
    /// Recognises a file.
    ///
    /// # Errors
    /// [`InputError`] when it is none of the replies, or an error reply.
    pub fn recognise(tree: &'a Tree) -> Result<Option<Self>, InputError> {
        let root = tree.root();
        if root.label("status") == "err" || root.has(&["error"]) {
            let said = root.get("response").or(root.get("error"));
            let said = said.map_or_else(|| "no word".to_owned(), |said| said.found());
            return Err(root.error(format!("expected a reply, found the venue's error {said}")));
        }
        if root.is_list() {
            let items = root.items()?;
            return match items.as_slice() {
                [] => Ok(None),
                [meta, contexts] if meta.has(&["universe"]) => {
                    let (meta, contexts) = (meta.clone(), contexts.items()?);
                    Ok(Some(if meta.has(&["tokens"]) {
                        Self::SpotMetaAndContexts(meta, contexts)
                    } else {
                        Self::MetaAndContexts(meta, contexts)
                    }))
                }
                [first, ..] if first.has(&["coin", "limitPx", "oid"]) => {
                    Ok(Some(Self::Orders(items)))
                }
                [first, ..] => Err(root.error(format!("{EXPECTED}, found {}", first.found()))),
            };
        }
        let known = [
            (root.has(&["assetPositions", "marginSummary"]), Self::Account(root.clone())),
            (root.has(&["balances"]), Self::SpotAccount(root.clone())),
            (root.has(&["universe", "tokens"]), Self::SpotMeta(root.clone())),
            (root.has(&["universe"]), Self::Meta(root.clone())),
        ];
        let found = known.into_iter().find(|(is, _)| *is).map(|(_, reply)| reply);
        found.map_or_else(
            || Err(root.error(format!("{EXPECTED}, found {}", root.found()))),
            |r| Ok(Some(r)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_reply_says_what_was_found() {
        for (text, found) in [
            (r#"{"status":"err","response":"bad user"}"#, "the venue's error \"bad user\""),
            ("null", "found null"),
            (r#"{"BTC":"1"}"#, "found fields BTC"),
            (r#"[{"px":"1"}]"#, "found fields px"),
            ("\"Failed to deserialize the JSON body\"", "found \"Failed to"),
        ] {
            let tree = Tree::parse("f", text.as_bytes()).unwrap();
            let error = Reply::recognise(&tree).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
