//! What was lost: measured from the accounts and the ledger, at what things were worth in the end.

use super::venue::Venue;
use keelmark_book::{Asset, Money, Price, Round};
use keelmark_engine::ledger::{House, Ledger};
use keelmark_engine::{Account, AccountId, position};
use std::collections::BTreeMap;

/// What things are worth, in dollars: assets by their names, instruments by their symbols.
#[derive(Clone, Debug, Default)]
pub struct Truth(BTreeMap<String, Price>);

/// What was lost, by who lost it.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    /// Each cause, with its dollars.
    pub parts: Vec<(String, Money)>,
}

impl Loss {
    /// In whole dollars; gains of one party do not make good what another lost.
    #[must_use]
    pub fn whole(&self) -> i128 {
        let lost = self.parts.iter().map(|(_, amount)| dollars(*amount));
        lost.filter(|amount| *amount > 0).sum()
    }
}

/// An amount in whole dollars, to the nearest.
#[must_use]
pub fn dollars(amount: Money) -> i128 {
    amount.decimal().round_to(0, Round::Nearest).scaled(0).unwrap_or_default()
}

impl Truth {
    /// Says what something is worth.
    ///
    /// # Errors
    /// When that is no price.
    pub fn is(&mut self, name: &str, price: &str) -> Result<(), String> {
        let price = price.parse().map_err(|error| format!("{name} at {price}: {error}"))?;
        self.0.insert(name.to_owned(), price);
        Ok(())
    }

    fn of(&self, name: &str) -> Result<Price, String> {
        self.0.get(name).copied().ok_or_else(|| format!("nobody said what {name} is worth"))
    }

    fn asset(&self, asset: &Asset, amount: Money) -> Result<Money, String> {
        amount.at(self.of(asset.as_str())?, Round::Down).map_err(|error| error.to_string())
    }
}

impl Venue {
    /// From now on it is counted what these accounts have.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn count(&mut self, names: &[&str]) -> Result<(), String> {
        for name in names {
            let id = self.id(name)?;
            self.before.insert(id, self.engine.state().account(id).clone());
        }
        self.house = self.engine.state().ledger.clone();
        Ok(())
    }

    /// The account of a name.
    ///
    /// # Errors
    /// When it is not there.
    pub fn id(&self, name: &str) -> Result<AccountId, String> {
        self.engine.state().named(name).ok_or_else(|| format!("there is no account {name}"))
    }

    /// What an account is worth in the end, in dollars: what it holds, less what it owes, and the
    /// profit of its positions.
    ///
    /// # Errors
    /// When nobody said what something is worth.
    pub fn worth(&self, account: &Account) -> Result<Money, String> {
        let mut sum = Money::ZERO;
        let mut add = |amount: Money| {
            sum = sum.plus(amount).map_err(|error| error.to_string())?;
            Ok::<_, String>(())
        };
        for (asset, amount) in &account.balances {
            add(self.truth.asset(asset, *amount)?)?;
        }
        let instruments = &self.engine.state().market.instruments;
        for held in account.holdings() {
            let one = instruments.get(held.instrument);
            let price = self.truth.of(&one.to_string())?;
            let value = position::value(one, held.quantity, price);
            let gained = value.and_then(|value| value.minus(held.cost));
            let gained = gained.map_err(|error| error.to_string())?;
            add(self.truth.asset(&one.settle, gained)?)?;
        }
        for own in &account.isolated {
            let settle = &instruments.get(own.holding.instrument).settle;
            add(self.truth.asset(settle, own.margin)?)?;
        }
        Ok(sum)
    }

    /// What was lost: debts that nobody covers, what counted accounts have less than before, named
    /// as one, and what the insurance fund has less than nothing or has paid.
    ///
    /// # Errors
    /// When nobody said what something is worth.
    pub fn loss(&self, counted: &str) -> Result<Loss, String> {
        let text = |error: keelmark_book::Overflow| error.to_string();
        let (mut uncovered, mut less) = (Money::ZERO, Money::ZERO);
        let state = self.engine.state();
        for (number, account) in state.accounts.iter().enumerate() {
            let worth = self.worth(account)?;
            if let Some(before) = self.before.get(&AccountId::new(number)) {
                let had = self.worth(before)?;
                less = less.plus(had.minus(worth).map_err(text)?).map_err(text)?;
            } else if worth.is_negative() {
                uncovered = uncovered.minus(worth).map_err(text)?;
            }
        }
        let mut parts = vec![("debts that nobody covers".to_owned(), uncovered)];
        if !self.before.is_empty() {
            parts.push((counted.to_owned(), less));
        }
        let paid = self.funds(&self.house)?.minus(self.funds(&state.ledger)?).map_err(text)?;
        if paid.is_positive() {
            parts.push(("insurance".to_owned(), paid));
        }
        Ok(Loss { parts })
    }

    /// What insurance has, in dollars.
    fn funds(&self, ledger: &Ledger) -> Result<Money, String> {
        let funds = ledger.iter().filter(|(house, ..)| *house == House::Insurance);
        funds.into_iter().try_fold(Money::ZERO, |sum, (_, asset, amount)| {
            let worth = self.truth.asset(asset, amount)?;
            sum.plus(worth).map_err(|error| error.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::say;
    use super::*;

    const COIN: &str = "venue:COIN/USDC:USDC";
    const TENTH: &str = "[collateral.assets]\nUSDC = \"1\"\n[[charge]]\nname = \"perpetuals\"\n\
        kind = \"per-position\"\non = { kind = \"perpetual\" }\namount = \"notional / 10\"\n\
        [levels]\ninitial = \"perpetuals\"\nmaintenance = \"perpetuals / 2\"\n";

    fn parts(venue: &Venue) -> Result<Vec<i128>, String> {
        let loss = venue.loss("counted")?;
        Ok(loss.parts.iter().map(|(_, amount)| dollars(*amount)).collect())
    }

    #[test]
    fn a_loss_is_what_is_owed_and_what_those_counted_have_less() -> Result<(), String> {
        let mut venue = Venue::new(1);
        venue.at("2025-01-01T00:00:00")?;
        venue.must(say::document("tenth", "1", TENTH))?;
        venue.must(say::index("USDC", "1"))?;
        venue.must(say::index("COIN", "10"))?;
        venue.must(say::list(COIN, "1", "10"))?;
        for (name, deposit) in [("a", "1000"), ("b", "5000")] {
            venue.must(say::open(name, "tenth"))?;
            venue.must(say::deposit(name, "USDC", deposit))?;
        }
        assert_eq!(parts(&venue), Err("nobody said what USDC is worth".to_owned()));
        venue.truth.is("USDC", "1")?;
        venue.truth.is(COIN, "8")?;
        assert!(venue.ask("a buys", say::trade(COIN, "900", "10", ["a", "b"]))?);
        assert!(!venue.ask("a buys more", say::trade(COIN, "900", "10", ["a", "b"]))?);
        assert_eq!(venue.asked, (1, 1));
        // 900 coins bought at 10 are worth 8: 1,800 lost of 1,000.
        assert_eq!(parts(&venue)?, [800]);
        // Who is counted is not counted twice, and gains by what happens after that alone.
        venue.count(&["b"])?;
        assert_eq!(parts(&venue)?, [800, 0]);
        venue.must(say::trade(COIN, "100", "9", ["b", "a"]))?;
        assert_eq!(parts(&venue)?, [700, 100]);
        venue.finish().map(drop)
    }
}
