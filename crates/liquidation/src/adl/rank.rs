//! Rankings: who is deleveraged first, as a formula of a position and its account.
//!
//! Each venue's formula is a text under `models/adl/`, with its source. Names: `side` (1 long, -1
//! short), `size` in coins, `entry`, `mark`, `bankruptcy`, `balance` (collateral), `value` (of the
//! account), `profit` (unrealised), `cost` (size at entry), `notional` (size at the mark).

use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Price, Quantity, Round};
use keelmark_margin::expr::{Formula, Interval};

const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rankings.rs"));

/// A ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    score: Formula,
}

/// A position that may be deleveraged, and its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Coins, below zero short.
    pub size: Quantity,
    /// Average entry price.
    pub entry: Price,
    /// The mark.
    pub mark: Price,
    /// The price at which nothing is left of the account.
    pub bankruptcy: Price,
    /// Collateral.
    pub balance: Money,
    /// Collateral and profit.
    pub value: Money,
}

impl Ranking {
    /// Reads a formula; a higher score goes first.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(score: &str) -> Result<Self, LiquidationError> {
        Ok(Self { score: Formula::parse(score)? })
    }

    /// A built-in one by its name.
    ///
    /// # Errors
    /// With the names that there are.
    pub fn named(name: &str) -> Result<Self, LiquidationError> {
        let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            return Err(LiquidationError::bad("ranking", "the name of one in models/adl", name));
        };
        let file: toml::Table = text.parse().map_err(|error| {
            LiquidationError::bad("ranking", "a TOML file", format!("{name}: {error}"))
        })?;
        let score = file.get("score").and_then(toml::Value::as_str);
        let none = || LiquidationError::bad("ranking", "a formula named score", name);
        Self::parse(score.ok_or_else(none)?)
    }

    /// The built-in names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The score of a position.
    ///
    /// # Errors
    /// When the formula uses a name that does not apply, or has no value.
    pub fn score(&self, of: &Ranked) -> Result<Decimal, LiquidationError> {
        let size = of.size.decimal();
        let (entry, mark) = (of.entry.decimal(), of.mark.decimal());
        let profit = mark.minus(entry)?.times(size, Round::Nearest)?;
        let cost = entry.times(size.abs(), Round::Nearest)?;
        let notional = mark.times(size.abs(), Round::Nearest)?;
        let value = |name: &str| {
            Some(Interval::exact(match name {
                "side" => Decimal::from_int(i64::from(size.signum())),
                "size" => size.abs(),
                "entry" => entry,
                "mark" => mark,
                "bankruptcy" => of.bankruptcy.decimal(),
                "balance" => of.balance.decimal(),
                "value" => of.value.decimal(),
                "profit" => profit,
                "cost" => cost,
                "notional" => notional,
                _ => return None,
            }))
        };
        Ok(self.score.evaluate(&value)?.high())
    }

    /// Places of positions by falling score, the first of equals first.
    ///
    /// # Errors
    /// As [`Ranking::score`].
    pub fn order(&self, all: &[Ranked]) -> Result<Vec<usize>, LiquidationError> {
        let mut scored = Vec::with_capacity(all.len());
        for (at, one) in all.iter().enumerate() {
            scored.push((std::cmp::Reverse(self.score(one)?), at));
        }
        scored.sort_unstable();
        Ok(scored.into_iter().map(|(_, at)| at).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One coin at 100, in an account worth 60.
    fn position(entry: i64) -> Ranked {
        Ranked {
            size: Quantity::from_int(1),
            entry: Price::from_int(entry),
            mark: Price::from_int(100),
            bankruptcy: Price::from_int(40),
            balance: Money::from_int(60 - (100 - entry)),
            value: Money::from_int(60),
        }
    }

    #[test]
    fn every_built_in_ranking_scores_and_prefers_profit() {
        assert!(Ranking::names().count() >= 5);
        for name in Ranking::names() {
            let ranking = Ranking::named(name).unwrap();
            let rows = [position(99), position(50)];
            assert_eq!(ranking.order(&rows).unwrap()[0], 1, "{name}");
        }
        assert!(Ranking::named("no").unwrap_err().to_string().contains("models/adl"));
    }

    #[test]
    fn a_score_without_a_value_is_an_error() {
        assert!(Ranking::parse("profit / nothing").unwrap().score(&position(99)).is_err());
        assert!(Ranking::parse("1 / (mark - mark)").unwrap().score(&position(99)).is_err());
        assert!(Ranking::parse("1 +").is_err());
    }
}
