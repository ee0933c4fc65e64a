//! Levels taken apart: from amounts of charges to a level, and back.
//!
//! A venue reports a maintenance margin and not the risk behind it. Where the level is linear in a
//! charge, the charge can be read back, and every other level follows from it.

use super::Document;
use crate::error::MarginError;
use crate::expr::{Formula, Interval};
use keelmark_book::{Asset, Decimal, Money, Round};
use std::collections::BTreeMap;

impl Document {
    /// A level for given amounts of its charges, rounded up; charges that are not given are what
    /// the charges that they are made of give, all of one underlying, or zero.
    ///
    /// # Errors
    /// When the document has no such level, or a number does not fit.
    pub fn level_for(&self, level: &str, amounts: &[(&str, Money)]) -> Result<Money, MarginError> {
        self.level_with(self.formula(level)?, amounts)
    }

    /// The amount of one charge that a level implies, given amounts of others; the rest are zero.
    ///
    /// # Errors
    /// When the document has no such level, the level does not grow with the charge along a line,
    /// or a number does not fit.
    pub fn implied(
        &self,
        level: &str,
        amount: Money,
        charge: &str,
        others: &[(&str, Money)],
    ) -> Result<Money, MarginError> {
        let formula = self.formula(level)?;
        let at = |value: i64| {
            let mut amounts = others.to_vec();
            amounts.push((charge, Money::from_int(value)));
            self.level_with(formula, &amounts)
        };
        let (none, one, two) = (at(0)?, at(1)?, at(2)?);
        let slope = one.minus(none)?;
        // Each value is rounded up by less than a step, so two slopes differ by two at most.
        let bend = two.minus(one)?.minus(slope)?.abs().decimal();
        if !slope.is_positive() || bend.raw() > 2 {
            return Err(MarginError::Unsupported(format!(
                "level {level:?} is not a line in {charge:?}: {formula}"
            )));
        }
        let found = amount.minus(none)?.decimal().over(slope.decimal(), Round::Nearest)?;
        Ok(Money::new(found))
    }

    fn formula(&self, level: &str) -> Result<&Formula, MarginError> {
        self.level(level).map(|level| &level.formula).ok_or_else(|| {
            let known: Vec<&str> = self.levels.iter().map(|one| one.name.as_str()).collect();
            let known = known.join(", ");
            MarginError::Unsupported(format!("no level {level:?}; expected one of {known}"))
        })
    }

    fn level_with(
        &self,
        formula: &Formula,
        amounts: &[(&str, Money)],
    ) -> Result<Money, MarginError> {
        let mut found = BTreeMap::new();
        for named in &self.charges {
            let given = amounts.iter().find(|(charge, _)| *charge == named.name);
            let known = |name: &str| found.get(name).copied();
            let own = match (given, named.charge.of_amounts(&known)) {
                (Some((_, amount)), _) => amount.decimal(),
                (None, Some(made)) => made?.decimal(),
                (None, None) => continue,
            };
            found.insert(named.name.as_str(), own);
        }
        let value = |name: &str| {
            let param = || self.params.get(name)?.get(name, &Asset::usd()).ok();
            let own = found.get(name).copied().or_else(param);
            Some(Interval::exact(own.unwrap_or(Decimal::ZERO)))
        };
        Ok(Money::new(formula.evaluate(&value)?.high()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reported_maintenance_gives_back_what_it_is_a_share_of() {
        let document = Document::named("deribit-pm").unwrap();
        let reported: Money = "0.2671726792".parse().unwrap();
        let risk = document.implied("maintenance", reported, "worst", &[]).unwrap();
        assert_eq!(risk.to_string(), "0.333965849");
        let haircut: Money = "0.472326563".parse().unwrap();
        let initial = document.level_for("initial", &[("worst", risk), ("haircut", haircut)]);
        assert_eq!(initial.unwrap().to_string(), "0.806292412");
    }

    #[test]
    fn a_level_that_does_not_grow_with_a_charge_implies_nothing() {
        let document = Document::named("scan16").unwrap();
        let one = Money::from_int(1);
        assert!(document.implied("maintenance", one, "minimum", &[("scan", one)]).is_err());
        assert!(document.implied("weekend", one, "scan", &[]).is_err());
    }
}
