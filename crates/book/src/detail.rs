//! What few venues publish beside a quote: the rate of an expiry, the part of its forward that a
//! settlement average has fixed already, and how sure each feed is of its number.
//!
//! A confidence is 0 to 1 and 1 where a feed does not say. A rate that is not there stays absent:
//! a model that discounts says so, and never takes it for zero.

use keelmark_units::{Price, Rate};

/// Rate, fixed forward and confidences of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Detail {
    /// Annual rate to the expiry, continuously compounded.
    pub rate: Option<f64>,
    /// The part of the forward that no longer moves: what a settlement average has accrued.
    pub fixed_forward: Price,
    /// How sure the feed of the mark is.
    pub confidence: Rate,
    /// How sure the feed of the forward is.
    pub forward_confidence: Rate,
    /// How sure the feed of the volatility is.
    pub vol_confidence: Rate,
    /// How sure the feed of the rate is.
    pub rate_confidence: Rate,
}

impl Default for Detail {
    fn default() -> Self {
        Self {
            rate: None,
            fixed_forward: Price::ZERO,
            confidence: Rate::ONE,
            forward_confidence: Rate::ONE,
            vol_confidence: Rate::ONE,
            rate_confidence: Rate::ONE,
        }
    }
}

impl Detail {
    pub(crate) fn check(&self, forward: Option<Price>) -> Result<(), String> {
        if let Some(rate) = self.rate
            && !(rate.is_finite() && rate.abs() < 100.0)
        {
            return Err(format!("rate: expected a fraction such as 0.05, found {rate}"));
        }
        let fixed = self.fixed_forward;
        if fixed.is_negative() || forward.map_or(!fixed.is_zero(), |forward| fixed > forward) {
            return Err(format!("fixed_forward: expected zero up to the forward, found {fixed}"));
        }
        for (name, confidence) in [
            ("confidence", self.confidence),
            ("forward_confidence", self.forward_confidence),
            ("vol_confidence", self.vol_confidence),
            ("rate_confidence", self.rate_confidence),
        ] {
            check_confidence(name, confidence)?;
        }
        Ok(())
    }
}

/// A confidence is from 0 to 1.
pub(crate) fn check_confidence(name: &str, confidence: Rate) -> Result<(), String> {
    if confidence.is_negative() || confidence > Rate::ONE {
        return Err(format!("{name}: expected 0 to 1, found {confidence}"));
    }
    Ok(())
}
