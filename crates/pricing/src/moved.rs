//! A market after a move of one underlying and of volatilities: what the search for a
//! liquidation price walks along.
//!
//! Spot, perpetuals, futures and forwards of the underlying move by one factor, options are
//! repriced at their own volatility (sticky by strike). A mark moves by the change of its model
//! value, so that no move leaves it exactly where it was.

use crate::option::{Terms, mark};
use keelmark_book::{
    Asset, Instrument, InstrumentId, Kind, Market, Overflow, Price, Quote, Rate, Round,
};

/// A joint move.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The underlying whose prices move.
    pub underlying: Asset,
    /// Other assets whose prices move by the same factor: staked and wrapped forms of it.
    pub along: Vec<Asset>,
    /// What they are multiplied by: 1 is no move.
    pub price_factor: Rate,
    /// What is added to every volatility of the underlying: 0.05 is five points.
    pub vol_points: f64,
}

/// Volatility is kept above this after a move.
const LEAST_VOL: f64 = 0.01;

impl Move {
    /// The market after this move. Only `held` instruments are repriced, the others keep their
    /// quotes: a search revalues what the account has, not the chain.
    ///
    /// # Errors
    /// [`Overflow`] when a moved price does not fit.
    pub fn apply(&self, market: &Market, held: &[InstrumentId]) -> Result<Market, Overflow> {
        let mut moved = market.clone();
        self.apply_to(market, &mut moved, held)?;
        Ok(moved)
    }

    /// As [`Move::apply`], into a copy made before: what it held is overwritten.
    ///
    /// # Errors
    /// [`Overflow`] when a moved price does not fit.
    pub fn apply_to(
        &self,
        market: &Market,
        moved: &mut Market,
        held: &[InstrumentId],
    ) -> Result<(), Overflow> {
        for asset in self.along.iter().chain([&self.underlying]) {
            if let Some(feed) = market.assets.get(asset) {
                let price = feed.price.scaled(self.price_factor)?;
                if let Some(target) = moved.assets.get_mut(asset) {
                    target.price = price;
                }
            }
        }
        for id in held {
            let instrument = market.instruments.get(*id);
            if instrument.base == self.underlying {
                let fixed = market.detail(*id).fixed_forward;
                let quote = self.quote(market, instrument, market.quote(*id), fixed)?;
                moved.set_quote_unchecked(*id, quote);
            }
        }
        Ok(())
    }

    fn quote(
        &self,
        market: &Market,
        instrument: &Instrument,
        quote: &Quote,
        fixed: Price,
    ) -> Result<Quote, Overflow> {
        if !matches!(instrument.kind, Kind::Option { .. }) {
            return Ok(Quote { mark: quote.mark.scaled(self.price_factor)?, ..*quote });
        }
        let Some(before) = Terms::of(instrument, quote, market.as_of) else { return Ok(*quote) };
        // What a settlement average has fixed does not move any more.
        let scaled = |one: Price| one.minus(fixed)?.scaled(self.price_factor)?.plus(fixed);
        let forward = quote.forward.map(scaled).transpose()?;
        let iv = (before.vol + self.vol_points).max(LEAST_VOL.min(before.vol));
        let moved = Quote { forward, iv: Some(iv), ..*quote };
        let Some(after) = Terms::of(instrument, &moved, market.as_of) else { return Ok(*quote) };
        let model = |terms: &Terms| mark(terms, instrument.is_inverse());
        let change = Price::from_f64(model(&after) - model(&before), Round::Nearest)?;
        Ok(Quote { mark: quote.mark.plus(change)?.max(Price::ZERO), ..moved })
    }
}
