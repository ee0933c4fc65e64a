//! Numbers of a document that functions take by name: `[rules]`, and `[params]` beside them.

use super::Document;
use crate::error::MarginError;
use keelmark_book::{Asset, Decimal};

impl Document {
    /// A number that is one for all underlyings.
    ///
    /// # Errors
    /// When the document has none of the name.
    pub fn rule(&self, name: &str) -> Result<Decimal, MarginError> {
        match self.params.get(name) {
            Some(param) => Ok(param.get(name, &Asset::usd())?),
            None => Err(MarginError::Unsupported(format!(
                "{}: expected a number {name:?} in [rules], found none",
                self.name
            ))),
        }
    }

    /// A whole number that is one for all, zero or more.
    ///
    /// # Errors
    /// When the document has none of the name, or it is no whole number.
    pub fn whole_rule(&self, name: &str) -> Result<u32, MarginError> {
        let found = self.rule(name)?;
        let whole = found.in_steps_of(Decimal::ONE).and_then(|whole| u32::try_from(whole).ok());
        whole.ok_or_else(|| {
            let own = &self.name;
            let problem = format!("{own}: {name}: expected a whole number, found {found}");
            MarginError::Unsupported(problem)
        })
    }
}
