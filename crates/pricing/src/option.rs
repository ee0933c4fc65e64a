//! Black-76 values and Greeks, in the units that venues print.

use keelmark_book::{Instrument, Kind, Quote, Right, Timestamp};
use keelmark_kernels::black76;

/// What an option's value depends on; the rate is zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Forward of the expiry, quote currency.
    pub forward: f64,
    /// Strike, quote currency.
    pub strike: f64,
    /// Years of 365 days to expiry.
    pub years: f64,
    /// Volatility as a fraction.
    pub vol: f64,
    /// Call or put.
    pub right: Right,
}

/// Sensitivities per one unit of the underlying, in venue units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Greeks {
    /// Value, quote currency.
    pub price: f64,
    /// Per 1 of forward.
    pub delta: f64,
    /// Change of delta per 1 of forward.
    pub gamma: f64,
    /// Quote currency per volatility point (0.01).
    pub vega: f64,
    /// Quote currency per calendar day.
    pub theta: f64,
    /// Quote currency per 1 % of rate, with the spot held.
    pub rho: f64,
}

impl Terms {
    /// The terms of an option at a market's time; `None` for anything else, or without a quote
    /// that has a forward and a volatility.
    #[must_use]
    pub fn of(instrument: &Instrument, quote: &Quote, now: Timestamp) -> Option<Self> {
        let Kind::Option { expiry, strike, right } = instrument.kind else { return None };
        Some(Self {
            forward: quote.forward?.to_f64(),
            strike: strike.to_f64(),
            years: expiry.years_since(now),
            vol: quote.iv?,
            right,
        })
    }

    fn call(&self) -> f64 {
        f64::from(u8::from(self.right == Right::Call))
    }
}

/// Value in quote currency per unit of the underlying.
#[must_use]
pub fn value(terms: &Terms) -> f64 {
    discounted_value(terms, 1.0)
}

/// Value in quote currency per unit of the underlying, times what a payment at expiry is worth
/// now. A call struck at zero is the discounted forward, a put nothing; without volatility or time
/// the value is intrinsic; a standard deviation of 24 or more leaves the call the whole forward.
#[must_use]
pub fn discounted_value(terms: &Terms, discount: f64) -> f64 {
    let Terms { forward, strike, years, vol, .. } = *terms;
    let strike = strike.max(LEAST_STRIKE);
    black76::price_one(forward, strike, years, vol, discount, terms.call())
}

/// What a payment in some years is worth now at an annual rate, continuously compounded; rates
/// below zero count as zero.
#[must_use]
pub fn discount(rate: f64, years: f64) -> f64 {
    keelmark_kernels::exp(-rate.max(0.0) * years)
}

/// Strikes of zero are priced as this: far below any price, far above what cannot be divided by.
pub const LEAST_STRIKE: f64 = 1e-60;

/// Value per unit of the underlying in the unit that marks are quoted in: coin for inverse options.
#[must_use]
pub fn mark(terms: &Terms, inverse: bool) -> f64 {
    if inverse { value(terms) / terms.forward } else { value(terms) }
}

/// Value and Greeks per unit of the underlying.
///
/// Source: the formulas as venues print them (accuracy table, `black76.*`).
#[must_use]
pub fn greeks(terms: &Terms) -> Greeks {
    let Terms { forward, strike, years, vol, right } = *terms;
    let [price, delta, gamma, vega] =
        black76::greeks_one(forward, strike, years, vol, 1.0, terms.call());
    // At expiry there is no time left to lose value in.
    let theta = if years > 0.0 { -vega * vol / (2.0 * years) / 365.0 } else { 0.0 };
    // K N(d2) of a call is F delta - price; of a put K N(-d2) is price - F delta.
    let strike_leg = match right {
        Right::Call => forward * delta - price,
        Right::Put => -(price - forward * delta),
    };
    Greeks { price, delta, gamma, vega: vega / 100.0, theta, rho: strike_leg * years / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_have_the_values_of_their_limits() {
        let at = |strike, years, vol, right| {
            discounted_value(&Terms { forward: 2000.0, strike, years, vol, right }, 0.5)
        };
        assert_eq!(at(0.0, 1.0, 0.6, Right::Call), 1000.0);
        assert!(at(0.0, 1.0, 0.6, Right::Put) < 1e-30);
        assert_eq!(at(1500.0, 0.0, 0.6, Right::Call), 250.0);
        assert_eq!(at(1500.0, 1.0, 0.0, Right::Call), 250.0);
        assert!((at(1500.0, 1.0, 24.0, Right::Call) - 1000.0).abs() < 1e-9);
        assert!((at(1500.0, 0.02, 1886.0, Right::Put) - 750.0).abs() < 1e-9);
        assert_eq!(discount(-0.3, 2.0), 1.0);
    }

    #[test]
    fn a_venue_ticker_is_reproduced() {
        let terms = Terms {
            forward: 76_904.4,
            strike: 77_000.0,
            years: 0.003_623_443_176_052_765,
            vol: 0.312,
            right: Right::Call,
        };
        let g = greeks(&terms);
        for (found, printed, tolerance) in [
            (g.price / terms.forward, 0.0069, 5e-5),
            (g.delta, 0.47736, 2e-5),
            (g.gamma, 0.00028, 5e-6),
            (g.vega, 18.43602, 5e-3),
            (g.theta, -217.49347, 1e-2),
            (g.rho, 1.31068, 1e-3),
        ] {
            assert!((found - printed).abs() <= tolerance, "{found} {printed}");
        }
    }
}
