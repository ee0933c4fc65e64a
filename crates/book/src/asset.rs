//! The name of something held or priced: a coin, a stablecoin, a currency.

use std::fmt;
use std::sync::Arc;

/// An asset by its ticker, upper case: `BTC`, `USDC`, `USD`.
#[derive(Clone, Eq, PartialOrd, Ord)]
pub struct Asset(Arc<str>);

impl PartialEq for Asset {
    /// Assets of one registry share their text, so that most comparisons are of pointers.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl std::hash::Hash for Asset {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Text that cannot be an asset's ticker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an asset such as BTC or USDC (letters, digits, up to 24), found {0:?}")]
pub struct AssetError(String);

impl Asset {
    /// An asset by its ticker; letters, digits, `.` and `_`, upper-cased.
    ///
    /// # Errors
    /// [`AssetError`] when the text is empty, long, or holds anything else.
    pub fn new(text: &str) -> Result<Self, AssetError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        if text.is_empty() || text.len() > 24 || !text.chars().all(allowed) {
            return Err(AssetError(text.chars().take(40).collect()));
        }
        Ok(Self(text.to_ascii_uppercase().into()))
    }

    /// The United States dollar, the usual reporting currency.
    #[must_use]
    pub fn usd() -> Self {
        Self("USD".into())
    }

    /// The ticker.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Asset {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Asset {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Asset {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Asset".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._]{1,24}$" })
    }
}
