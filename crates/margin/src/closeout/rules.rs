//! Numbers of a protocol's close-outs, from the `[rules]` and `[params]` of its document.

use super::size_weight::SizeScale;
use super::{CloseoutError, Integer, Toward};
use crate::document::Document;
use crate::error::MarginError;
use keelmark_book::{Decimal, Round};

/// Places that a document's numbers have.
const DOCUMENT_PLACES: u32 = 18;

/// A number as parts of a whole: 0.95 as 19 of 20.
///
/// # Errors
/// When the document has none of the name.
pub fn parts(document: &Document, name: &str) -> Result<(Integer, Integer), MarginError> {
    let part = Integer::from(document.rule(name)?.raw());
    let reduced = || {
        let whole = Integer::ten_to(DOCUMENT_PLACES)?;
        let common = part.common_divisor(&whole);
        Ok((part.over(&common, Toward::Zero)?, whole.over(&common, Toward::Zero)?))
    };
    reduced().map_err(|error: CloseoutError| MarginError::Unsupported(error.to_string()))
}

/// A number in quanta of so many places: 50 as 50,000,000 in 6.
///
/// # Errors
/// When the document has none of the name, or it is no whole number of quanta.
pub fn quanta(document: &Document, name: &str, places: u32) -> Result<Integer, MarginError> {
    let found = document.rule(name)?;
    let whole = i32::try_from(places).ok().and_then(|places| Integer::quanta(found, -places));
    whole.ok_or_else(|| {
        MarginError::Unsupported(format!(
            "{}: {name}: expected at most {places} decimal places, found {found}",
            document.name
        ))
    })
}

impl SizeScale {
    /// The scale of a document, with the factor of one asset. `size_asset` is the weight from which
    /// an asset's falls, one and one over a whole number; `size_liability` is the share of itself
    /// from which a liability's rises, one less one over a whole number.
    ///
    /// # Errors
    /// When the document lacks one, or it is of another form.
    pub fn of(document: &Document, factor: Integer) -> Result<Self, MarginError> {
        let headroom = |name: &str, room: Decimal| -> Result<u32, MarginError> {
            let steps = room.is_positive().then(|| Decimal::ONE.over(room, Round::Nearest));
            let whole = match steps {
                Some(steps) => steps?.in_steps_of(Decimal::ONE),
                None => None,
            };
            whole.and_then(|whole| u32::try_from(whole).ok()).ok_or_else(|| {
                MarginError::Unsupported(format!(
                    "{}: {name}: expected one over a whole number away from 1, found {room} away",
                    document.name
                ))
            })
        };
        let asset = document.rule("size_asset")?.minus(Decimal::ONE)?;
        let liability = Decimal::ONE.minus(document.rule("size_liability")?)?;
        Ok(Self {
            factor,
            asset_headroom: headroom("size_asset", asset)?,
            liability_headroom: headroom("size_liability", liability)?,
        })
    }
}
