//! `RiskType` and the class and measure that it stands for.

use keelmark_book::sensitivity::{Measure, Sensitivity};

/// Sub-curve of inflation rows in the class of rates.
pub const INFLATION: &str = "inflation";
/// Sub-curve of cross-currency basis rows in the class of rates.
pub const BASIS: &str = "basis";

/// What a `RiskType` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Risk<'a> {
    /// Risk class; empty for parameters.
    pub class: &'a str,
    /// Kind of amount.
    pub measure: Measure,
    /// Sub-curve that the type implies; `None` leaves it to the label.
    pub curve: Option<&'static str>,
}

/// Types whose class is not their own name, and parameters.
const SPECIAL: &[(&str, &str, Measure, Option<&str>)] = &[
    ("Risk_IRCurve", "IR", Measure::Delta, None),
    ("Risk_IRVol", "IR", Measure::Vega, None),
    ("Risk_Inflation", "IR", Measure::Delta, Some(INFLATION)),
    ("Risk_InflationVol", "IR", Measure::Vega, Some(INFLATION)),
    ("Risk_XCcyBasis", "IR", Measure::Delta, Some(BASIS)),
    ("Risk_CreditQ", "CreditQ", Measure::Delta, None),
    ("Risk_CreditVol", "CreditQ", Measure::Vega, None),
    ("Risk_BaseCorr", "CreditQ", Measure::BaseCorrelation, None),
    ("Risk_CreditNonQ", "CreditNonQ", Measure::Delta, None),
    ("Risk_CreditVolNonQ", "CreditNonQ", Measure::Vega, None),
    ("Param_ProductClassMultiplier", "", Measure::Multiplier, None),
    ("Param_AddOnNotionalFactor", "", Measure::AddOnPercent, None),
    ("Param_AddOnFixedAmount", "", Measure::FixedAddOn, None),
    ("Notional", "", Measure::Notional, None),
];

impl<'a> Risk<'a> {
    /// What a type stands for; `None` where it is no sensitivity.
    #[must_use]
    pub fn of(kind: &'a str) -> Option<Self> {
        // The sixth byte tells most of them apart: a comparison of texts is a call.
        let sixth = |text: &str| text.as_bytes().get(5).copied();
        let known = SPECIAL.iter().find(|(name, ..)| {
            name.len() == kind.len() && sixth(name) == sixth(kind) && *name == kind
        });
        if let Some((_, class, measure, curve)) = known {
            return Some(Self { class, measure: *measure, curve: *curve });
        }
        let class = kind.strip_prefix("Risk_")?;
        let (class, measure) = match class.strip_suffix("Vol") {
            Some(class) => (class, Measure::Vega),
            None => (class, Measure::Delta),
        };
        let named = !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_alphanumeric());
        named.then_some(Self { class, measure, curve: None })
    }

    /// The type of a sensitivity; `None` where the format has none.
    #[must_use]
    pub fn name_of(one: &Sensitivity) -> Option<String> {
        let implied = [INFLATION, BASIS].into_iter().find(|curve| *curve == one.curve);
        let known = SPECIAL.iter().find(|(_, class, measure, curve)| {
            let same = *class == one.class || class.is_empty();
            same && *measure == one.measure && (*curve == implied || *class != "IR")
        });
        if let Some((name, ..)) = known {
            return Some((*name).to_owned());
        }
        let name = match one.measure {
            Measure::Delta => format!("Risk_{}", one.class),
            Measure::Vega => format!("Risk_{}Vol", one.class),
            _ => return None,
        };
        let back = Risk::of(&name)?;
        (back.class == one.class && back.measure == one.measure).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back_from_what_it_stands_for() {
        let own = ["Risk_Equity", "Risk_EquityVol", "Risk_FX", "Risk_FXVol", "Risk_CryptoBasis"];
        for name in SPECIAL.iter().map(|(name, ..)| *name).chain(own) {
            let Risk { class, measure, curve } = Risk::of(name).unwrap();
            let one = Sensitivity {
                class: class.to_owned(),
                measure,
                curve: curve.unwrap_or_default().to_owned(),
                ..Sensitivity::default()
            };
            assert_eq!(Risk::name_of(&one).as_deref(), Some(name));
        }
        for unknown in ["PV", "Risk_", "Risk_Vol", "risk_Equity", "Risk_A B", ""] {
            assert_eq!(Risk::of(unknown), None, "{unknown}");
        }
    }
}
