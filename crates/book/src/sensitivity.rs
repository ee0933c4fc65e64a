//! A sensitivity given from outside: what a position is worth more when one risk factor moves.
//!
//! An account may carry sensitivities beside positions or instead of them: a desk that computes its
//! own hands over these and not its trades. They are netted exactly, like positions.

use keelmark_units::Money;

/// What one unit of move of one risk factor is worth to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sensitivity {
    /// Product class; empty for the only one.
    pub product: String,
    /// Risk class, as the model names it.
    pub class: String,
    /// What kind of amount it is.
    pub measure: Measure,
    /// The risk factor's name: a coin, an issuer, a currency, a pair.
    pub qualifier: String,
    /// The bucket of the qualifier; empty where the class has none.
    pub bucket: String,
    /// Tenor; empty where there is none.
    pub tenor: String,
    /// Sub-curve or another second label; empty where there is none.
    pub curve: String,
    /// The amount, in the market's currency, signed.
    pub amount: Money,
}

/// What kind of amount a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Change of value for one unit of move: 1 % of a price, one basis point of a rate.
    #[default]
    Delta,
    /// Change of value for one point of volatility; where the class quotes volatility inside the
    /// amount, that times the volatility.
    Vega,
    /// Change of value for one point of base correlation.
    BaseCorrelation,
    /// A notional that an add-on is a share of.
    Notional,
    /// The multiplier of the product class that the qualifier names.
    Multiplier,
    /// A fixed amount on top.
    FixedAddOn,
    /// The percentage of the qualifier's notional on top.
    AddOnPercent,
}

impl Measure {
    /// Every kind with its name in files.
    pub const ALL: [(&'static str, Self); 7] = [
        ("delta", Self::Delta),
        ("vega", Self::Vega),
        ("base-correlation", Self::BaseCorrelation),
        ("notional", Self::Notional),
        ("multiplier", Self::Multiplier),
        ("fixed-add-on", Self::FixedAddOn),
        ("add-on-percent", Self::AddOnPercent),
    ];

    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("delta", |(name, _)| name)
    }

    /// The kind of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, one)| *one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for (name, one) in Measure::ALL {
            assert_eq!((one.name(), Measure::named(name)), (name, Some(one)));
        }
        assert_eq!(Measure::named("gamma"), None);
    }
}
