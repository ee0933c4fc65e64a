//! How the numbers of an account reply hang together, exactly.
//!
//! Sources: docs.deribit.com (`private/get_account_summary`), the venue's articles on margin types,
//! and the replies in the tests. Amounts are of the row's currency unless a name says `usd`.

use keelmark_book::{Money, Overflow, Price, Round};

/// How an account is margined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarginModel {
    /// S:SM: each settlement currency on its own, margins of positions summed.
    SegregatedSm,
    /// X:SM: all collateral currencies together, margins of positions summed.
    CrossSm,
    /// S:PM: each settlement currency on its own, scenario margin.
    SegregatedPm,
    /// X:PM: all collateral currencies together, scenario margin.
    CrossPm,
}

/// Text that names no margin model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected segregated_sm, cross_sm, segregated_pm or cross_pm, found {0:?}")]
pub struct MarginModelError(String);

impl std::str::FromStr for MarginModel {
    type Err = MarginModelError;

    fn from_str(text: &str) -> Result<Self, MarginModelError> {
        match text {
            "segregated_sm" => Ok(Self::SegregatedSm),
            "cross_sm" => Ok(Self::CrossSm),
            "segregated_pm" => Ok(Self::SegregatedPm),
            "cross_pm" => Ok(Self::CrossPm),
            other => Err(MarginModelError(other.chars().take(40).collect())),
        }
    }
}

impl MarginModel {
    /// Whether every currency row repeats the whole account in its currency.
    #[must_use]
    pub fn is_cross(self) -> bool {
        matches!(self, Self::CrossSm | Self::CrossPm)
    }

    /// Our document of it.
    #[must_use]
    pub fn document(self) -> &'static str {
        match self {
            Self::CrossPm => "deribit-pm",
            Self::SegregatedPm => "deribit-pm-segregated",
            Self::CrossSm | Self::SegregatedSm => "deribit-sm",
        }
    }

    /// Whether the value of options supports margin.
    ///
    /// Published for S:SM (no) and PM (yes); for X:SM inferred from S:SM, whose margin of a short
    /// option holds its mark already.
    #[must_use]
    pub fn counts_options_value(self) -> bool {
        matches!(self, Self::SegregatedPm | Self::CrossPm)
    }
}

/// The parts of one currency row that the others follow from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Cash of the currency, futures profit up to the last daily settlement included.
    pub balance: Money,
    /// Options at their marks.
    pub options_value: Money,
    /// Futures profit since the last settlement, not realised.
    pub futures_session_upl: Money,
    /// Futures profit since the last settlement, realised.
    pub futures_session_rpl: Money,
    /// Options profit since the last settlement, not realised.
    pub options_session_upl: Money,
    /// Futures profit.
    pub futures_pl: Money,
    /// Options profit.
    pub options_pl: Money,
    /// Initial margin.
    pub initial_margin: Money,
}

impl Summary {
    /// What the currency's holdings are worth.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn equity(&self) -> Result<Money, Overflow> {
        Money::sum([
            self.balance,
            self.options_value,
            self.futures_session_upl,
            self.futures_session_rpl,
        ])
    }

    /// Cash that is there now: the balance and what futures realised since the last settlement.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn cash(&self) -> Result<Money, Overflow> {
        self.balance.plus(self.futures_session_rpl)
    }

    /// Profit since the last settlement that is not realised.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn session_upl(&self) -> Result<Money, Overflow> {
        self.futures_session_upl.plus(self.options_session_upl)
    }

    /// Profit of all positions.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn total_pl(&self) -> Result<Money, Overflow> {
        self.futures_pl.plus(self.options_pl)
    }

    /// What supports margin, of this currency's own holdings; of a cross account it is the
    /// currency's part of the whole, while the venue prints the whole on every row ([`cross_row`]).
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn margin_balance(&self, model: MarginModel) -> Result<Money, Overflow> {
        let equity = self.equity()?;
        if model.counts_options_value() { Ok(equity) } else { equity.minus(self.options_value) }
    }

    /// What new positions may use, of a margin balance that is computed or printed.
    ///
    /// # Errors
    /// [`Overflow`] when the difference does not fit.
    pub fn available_funds(&self, margin_balance: Money) -> Result<Money, Overflow> {
        margin_balance.minus(self.initial_margin)
    }

    /// What may leave: the smaller of available funds and cash balance above initial margin.
    /// Other bounds may exist (one printed reply fits, where the second binds).
    ///
    /// # Errors
    /// [`Overflow`] when a difference does not fit.
    pub fn available_withdrawal_funds(&self, margin_balance: Money) -> Result<Money, Overflow> {
        let cash = self.balance.minus(self.initial_margin)?;
        Ok(self.available_funds(margin_balance)?.min(cash))
    }
}

/// What a cross account prints on the row of a currency: the whole account, at that currency's
/// index. Rows are views of one number and never add up.
///
/// # Errors
/// [`Overflow`] when the index is zero or the result does not fit.
pub fn cross_row(total_usd: Money, index: Price, round: Round) -> Result<Money, Overflow> {
    total_usd.over(index, round)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[track_caller]
    fn near(found: Result<Money, Overflow>, printed: &str, tolerance: &str) {
        let found = found.unwrap();
        let away = found.minus(money(printed)).unwrap().abs();
        assert!(away <= money(tolerance), "{found} instead of {printed}");
    }

    #[test]
    fn the_published_segregated_summary() {
        let row = Summary {
            balance: money("302.60065765"),
            options_value: money("-0.0086"),
            futures_session_upl: money("0.05921555"),
            futures_session_rpl: money("-0.03258105"),
            options_session_upl: money("-0.0065"),
            futures_pl: money("-0.32434225"),
            options_pl: money("-0.0065"),
            initial_margin: money("1.24669592"),
        };
        let tolerance = "0.00000002";
        near(row.equity(), "302.61869214", tolerance);
        let margin_balance = row.margin_balance(MarginModel::SegregatedSm);
        near(margin_balance, "302.62729214", tolerance);
        let margin_balance = margin_balance.unwrap();
        near(row.available_funds(margin_balance), "301.38059622", tolerance);
        near(row.available_withdrawal_funds(margin_balance), "301.35396172", tolerance);
        near(row.session_upl(), "0.05271555", tolerance);
        near(row.total_pl(), "-0.33084225", tolerance);
        assert_eq!(row.margin_balance(MarginModel::SegregatedPm), row.equity());
    }

    #[test]
    fn the_published_cross_simulation() {
        let row = Summary {
            balance: money("150076473.4995114"),
            options_value: money("-1056.41256672"),
            futures_session_upl: money("-164.48253509"),
            futures_session_rpl: money("1.309136"),
            options_session_upl: money("-174.67960675"),
            initial_margin: money("37662472.03416069"),
            ..Summary::default()
        };
        let tolerance = "0.0001";
        near(row.equity(), "150075253.91354558", tolerance);
        near(row.session_upl(), "-339.16214185", tolerance);
        near(row.available_funds(money("153534213.79481918")), "115871741.76065847", tolerance);
    }

    #[test]
    fn every_cross_row_is_the_whole_account() {
        let index: Price = "87.18699912285695".parse().unwrap();
        let row = |usd: &str| cross_row(money(usd), index, Round::Nearest);
        let tolerance = "0.00000002";
        near(row("25.710502678"), "0.29488918", tolerance);
        near(row("0.806292412"), "0.00924785", tolerance);
        near(row("0.2671726792"), "0.00306436", tolerance);
        let summary = Summary { initial_margin: row("0.806292412").unwrap(), ..Summary::default() };
        near(summary.available_funds(row("25.710502678").unwrap()), "0.28564133", tolerance);
        assert_eq!(summary.equity(), Ok(Money::ZERO));
    }

    #[test]
    fn model_names() {
        assert_eq!("cross_pm".parse(), Ok(MarginModel::CrossPm));
        assert!("cross_pm".parse::<MarginModel>().unwrap().is_cross());
        assert!("portfolio".parse::<MarginModel>().is_err());
    }
}
