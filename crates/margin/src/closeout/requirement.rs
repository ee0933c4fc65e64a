//! Initial and maintenance margin of a perpetual position by fractions of its notional.
//!
//! Source: dydxprotocol/v4-chain@84d4664, `x/perpetuals/types/liquidity_tier.go`,
//! `x/perpetuals/lib/lib.go`, `lib/quantums.go`. A requirement rounds up at every step, a fraction
//! as a figure rounds down, a notional is cut towards zero.

use super::{CloseoutError, Integer, Toward, at_least};

/// What one quantum of a contract is, and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Price of a whole base unit in whole quote units, in ten to `price_exponent`.
    pub price: Integer,
    /// Exponent of the price.
    pub price_exponent: i32,
    /// A base quantum is ten to this of a base unit.
    pub base_exponent: i32,
    /// A quote quantum is ten to this of a quote unit.
    pub quote_exponent: i32,
}

/// What a position asks, as parts of `whole` of its notional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fractions {
    /// What stands for one: 1,000,000 where fractions are parts per million.
    pub whole: Integer,
    /// Initial margin before open interest scales it.
    pub initial: Integer,
    /// Maintenance margin as a fraction of that initial margin.
    pub maintenance: Integer,
    /// How open interest raises the initial fraction.
    pub scale: OpenInterestScale,
}

/// Between these notionals of open interest the initial fraction rises in a line to one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenInterestScale {
    /// Up to here nothing rises, in quote quanta.
    pub lower: Integer,
    /// From here the fraction is one, in quote quanta; zero turns the rule off.
    pub upper: Integer,
}

/// A perpetual as a market lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Perpetual {
    /// Its quanta and price.
    pub contract: Contract,
    /// What it asks.
    pub fractions: Fractions,
    /// Open interest, in base quanta.
    pub open_interest: Integer,
}

impl Contract {
    /// Signed notional of a signed size, in quote quanta: cut towards zero.
    ///
    /// # Errors
    /// When the price is below zero or an exponent beyond any contract.
    pub fn notional(&self, quanta: &Integer) -> Result<Integer, CloseoutError> {
        at_least("price", 0, &self.price)?;
        let power = i64::from(self.price_exponent) + i64::from(self.base_exponent)
            - i64::from(self.quote_exponent);
        (quanta * &self.price).scaled(power, Toward::Zero)
    }
}

impl Fractions {
    /// The initial fraction at an open interest in quote quanta: its own up to the lower limit,
    /// one from the upper, and a line between, rounded down.
    ///
    /// # Errors
    /// When limits do not ascend or a number is below zero.
    pub fn scaled_initial(&self, open_interest: &Integer) -> Result<Integer, CloseoutError> {
        self.check()?;
        let OpenInterestScale { lower, upper } = &self.scale;
        if upper.is_zero() || open_interest <= lower {
            return Ok(self.initial.clone());
        }
        if open_interest >= upper {
            return Ok(self.whole.clone());
        }
        let rest = &self.whole - &self.initial;
        let risen = (rest * &(open_interest - lower)).over(&(upper - lower), Toward::Down)?;
        Ok(&self.initial + &risen)
    }

    /// The maintenance fraction as a figure, rounded down. A requirement does not use it.
    ///
    /// # Errors
    /// When a number is below zero.
    pub fn maintenance_fraction(&self) -> Result<Integer, CloseoutError> {
        self.check()?;
        (&self.initial * &self.maintenance).over(&self.whole, Toward::Down)
    }

    /// Initial margin of a notional without sign, rounded up, in quote quanta.
    ///
    /// # Errors
    /// As [`Fractions::scaled_initial`].
    pub fn initial_margin(
        &self,
        notional: &Integer,
        open_interest: &Integer,
    ) -> Result<Integer, CloseoutError> {
        at_least("notional", 0, notional)?;
        (notional * &self.scaled_initial(open_interest)?).over(&self.whole, Toward::Up)
    }

    /// Maintenance margin of a notional without sign, in quote quanta: the initial margin before
    /// open interest, rounded up, times the maintenance fraction, rounded up again.
    ///
    /// # Errors
    /// When a number is below zero.
    pub fn maintenance_margin(&self, notional: &Integer) -> Result<Integer, CloseoutError> {
        self.check()?;
        at_least("notional", 0, notional)?;
        let initial = (notional * &self.initial).over(&self.whole, Toward::Up)?;
        (initial * &self.maintenance).over(&self.whole, Toward::Up)
    }

    fn check(&self) -> Result<(), CloseoutError> {
        at_least("whole", 1, &self.whole)?;
        at_least("initial fraction", 0, &self.initial)?;
        at_least("maintenance fraction", 0, &self.maintenance)?;
        at_least("upper less lower open interest", 0, &(&self.scale.upper - &self.scale.lower))
    }
}

impl Perpetual {
    /// Initial margin of a signed size, in quote quanta.
    ///
    /// # Errors
    /// As [`Contract::notional`] and [`Fractions::scaled_initial`].
    pub fn initial_margin(&self, quanta: &Integer) -> Result<Integer, CloseoutError> {
        let open_interest = self.contract.notional(&self.open_interest)?;
        self.fractions.initial_margin(&self.contract.notional(quanta)?.abs(), &open_interest)
    }

    /// Maintenance margin of a signed size, in quote quanta.
    ///
    /// # Errors
    /// As [`Contract::notional`] and [`Fractions::maintenance_margin`].
    pub fn maintenance_margin(&self, quanta: &Integer) -> Result<Integer, CloseoutError> {
        self.fractions.maintenance_margin(&self.contract.notional(quanta)?.abs())
    }
}
