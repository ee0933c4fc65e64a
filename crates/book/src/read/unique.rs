//! A JSON object whose keys come once: a second entry is refused, where a plain map would drop the
//! first in silence.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::marker::PhantomData;

/// Reads a map, for `#[serde(deserialize_with = …)]`.
pub fn unique<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + Debug,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(Unique(PhantomData))
}

struct Unique<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for Unique<K, V>
where
    K: Deserialize<'de> + Ord + Debug,
    V: Deserialize<'de>,
{
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out = BTreeMap::new();
        while let Some(key) = map.next_key::<K>()? {
            if out.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "expected each name once, found {key:?} twice"
                )));
            }
            let value = map.next_value()?;
            out.insert(key, value);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::json;

    #[derive(Debug, serde::Deserialize)]
    struct Held {
        #[serde(deserialize_with = "unique")]
        held: BTreeMap<crate::Asset, u32>,
    }

    #[test]
    fn a_second_entry_is_refused_however_it_is_spelt() {
        let read = |text: &str| json::<Held>("x.json", text.as_bytes());
        assert_eq!(read("{\"held\":{\"BTC\":1,\"ETH\":2}}").unwrap().held.len(), 2);
        let error = read("{\"held\":{\"BTC\":1,\"btc\":2}}").unwrap_err().to_string();
        assert!(error.starts_with("x.json at /held") && error.contains("BTC twice"), "{error}");
    }
}
