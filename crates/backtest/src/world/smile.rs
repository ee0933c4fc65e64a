//! The smile of a chain: volatility over that at the money, by tenor and log-moneyness.

use keelmark_book::{Market, Right};
use keelmark_kernels::ln;
use keelmark_pricing::Terms;

/// Log-moneyness and volatility of one expiry, ascending.
type Curve = Vec<(f64, f64)>;

/// A smile that is kept while level, tenor and price move.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Smile {
    /// Days to each expiry, ascending, with its curve of ratios.
    curves: Vec<(f64, Curve)>,
}

/// An expiry with fewer strikes says nothing about a smile.
const LEAST_STRIKES: usize = 5;

impl Smile {
    /// No smile: every strike has the volatility at the money.
    #[must_use]
    pub fn flat() -> Self {
        Self::default()
    }

    /// The smile of a market's options: of each expiry its options out of the money.
    #[must_use]
    pub fn of(market: &Market) -> Self {
        let mut curves: Vec<(f64, Curve)> = Vec::new();
        for (id, instrument) in market.instruments.iter() {
            let quote = market.quote(id);
            let Some(terms) = Terms::of(instrument, quote, market.as_of) else { continue };
            let log_moneyness = ln(terms.strike / terms.forward);
            if terms.years <= 0.0 || (terms.right == Right::Call) != (log_moneyness >= 0.0) {
                continue;
            }
            let days = terms.years * super::YEAR;
            let point = (log_moneyness, terms.vol);
            match curves.iter_mut().find(|(known, _)| (*known - days).abs() < 1e-9) {
                Some((_, curve)) => curve.push(point),
                None => curves.push((days, vec![point])),
            }
        }
        for (_, curve) in &mut curves {
            curve.sort_by(|a, b| a.0.total_cmp(&b.0));
            curve.dedup_by(|a, b| a.0 == b.0);
            let at_the_money = between(curve, 0.0);
            curve.iter_mut().for_each(|point| point.1 /= at_the_money);
        }
        curves.retain(|(_, curve)| curve.len() >= LEAST_STRIKES);
        curves.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { curves }
    }

    /// Volatility over that at the money; beyond the strikes and expiries of the chain that of the
    /// last.
    #[must_use]
    pub fn ratio(&self, days: f64, log_moneyness: f64) -> f64 {
        let at = self.curves.partition_point(|(known, _)| *known < days);
        let own = |at: usize| between(&self.curves[at].1, log_moneyness);
        match (at, self.curves.len()) {
            (_, 0) => 1.0,
            (0, _) => own(0),
            (at, all) if at == all => own(all - 1),
            (at, _) => {
                let (before, after) = (self.curves[at - 1].0, self.curves[at].0);
                let share = (days - before) / (after - before);
                let low = own(at - 1);
                low + share * (own(at) - low)
            }
        }
    }

    /// In words.
    #[must_use]
    pub fn about(&self) -> String {
        match self.curves.len() {
            0 => "no smile: every strike has the volatility at the money".to_owned(),
            all => format!("the smile of a chain of {all} expiries, kept in log-moneyness"),
        }
    }
}

/// A curve at a place, by lines between its points; flat beyond them.
fn between(curve: &[(f64, f64)], at: f64) -> f64 {
    let behind = curve.partition_point(|point| point.0 < at);
    match (curve.get(behind.wrapping_sub(1)), curve.get(behind)) {
        (Some(low), Some(high)) => low.1 + (at - low.0) / (high.0 - low.0) * (high.1 - low.1),
        (Some(one), None) | (None, Some(one)) => one.1,
        (None, None) => 1.0,
    }
}
