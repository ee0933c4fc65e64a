//! Who holds the other side of what an account that fails cannot close, and how much each of them
//! gives up, by the rule's policy: whole lots, by the largest remainder.

use super::backstop::whole;
use super::estate::Held;
use super::step::Failing;
use super::take::may_take;
use crate::account::{Account, AccountId, Holding};
use crate::action::funding::positions;
use crate::ledger::Place;
use crate::position;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Decimal, InstrumentId, Money, Overflow, Price, Quantity, Rate, Round};
use keelmark_liquidation::adl::{self, Haircut, Ranked, Ranking, Weight, contracts, haircut};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// An account that owes more than it has counts as if it had so much leverage.
const MOST_LEVERAGE: Decimal = Decimal::from_int(1_000);

/// Who gives up how much of a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "DeleveragePolicy")]
pub enum Policy {
    /// One after the other, all that each has.
    Queue {
        /// In which order: the name of a ranking.
        ranking: String,
    },
    /// The same share of each.
    ProRata,
    /// The same share of each, up to a cap.
    Capped {
        /// The cap, above 0.
        share: Rate,
    },
    /// Shares in proportion to leverage.
    Leverage,
    /// Shares in proportion to what leverage weighs.
    RiskAware {
        /// How it weighs.
        weight: Risk,
    },
    /// Shares so that the largest part of its profit that anybody gives up is as small as it can
    /// be: in proportion to profit.
    LeastHaircut,
}

/// How leverage weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "DeleverageRisk")]
pub enum Risk {
    /// By its square.
    Linear,
    /// By its cube.
    Square,
    /// By itself times what it is above a level.
    Above(Rate),
}

impl Policy {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Queue { ranking } => Ranking::named(ranking).map(drop).map_err(Refusal::from),
            Self::Capped { share } if !share.is_positive() || *share > Rate::ONE => {
                Err(Refusal::bad("deleverage.policy.share", "above 0, up to 1", share))
            }
            Self::RiskAware { weight: Risk::Above(level) } if level.is_negative() => {
                Err(Refusal::bad("deleverage.policy.above", "zero or more", level))
            }
            _ => Ok(()),
        }
    }
}

/// An account on the other side.
#[derive(Clone, Debug)]
pub(super) struct Winner {
    pub id: AccountId,
    /// Whether its position stands on collateral of its own.
    pub isolated: bool,
    /// Lots, without the sign.
    lots: i64,
    /// How many of them do not hedge something else in the same underlying.
    net: i64,
    /// What the position has gained, in the market's currency.
    profit: Money,
    leverage: Decimal,
    ranked: Ranked,
}

/// Who holds the other side of a position: whoever may take part in this liquidation and was not
/// left out. In the order in which accounts were opened.
pub(super) fn winners(
    failing: &Failing<'_>,
    held: &Held,
    out: &BTreeSet<AccountId>,
) -> Result<Vec<Winner>, Refusal> {
    let state = failing.state;
    let mut all = Vec::new();
    for (id, place, quantity) in positions(state, held.instrument) {
        let opposite = quantity.is_negative() != held.quantity.is_negative();
        if opposite && !out.contains(&id) && may_take(state, failing.id, id).is_ok() {
            let isolated = matches!(place, Place::Isolated(..));
            all.push(state.winner(id, held.instrument, isolated)?);
        }
    }
    Ok(all)
}

impl State {
    fn winner(
        &self,
        id: AccountId,
        instrument: InstrumentId,
        isolated: bool,
    ) -> Result<Winner, Refusal> {
        let account = self.account(id);
        let one = self.market.instruments.get(instrument);
        let none = Holding { instrument, quantity: Quantity::ZERO, cost: Money::ZERO };
        let own = account.isolated(instrument).filter(|_| isolated);
        let held = own.map(|own| own.holding).or(account.shared(instrument).copied());
        let held = held.unwrap_or(none);
        let mark = self.market.quote(instrument).mark;
        let profit = self.profit(&held)?;
        let (value, worth) = match own {
            Some(own) => {
                let margin = self.in_market(own.margin, instrument)?;
                (margin.plus(profit)?, self.worth(instrument, held.quantity)?)
            }
            None => (self.shared_value(account)?, self.shared_worth(account)?),
        };
        let leverage = if value.is_positive() {
            let leverage = worth.decimal().over(value.decimal(), Round::Up);
            leverage.unwrap_or(MOST_LEVERAGE).min(MOST_LEVERAGE)
        } else {
            MOST_LEVERAGE
        };
        let size = one.base_size(held.quantity, mark)?;
        let per_coin = value.decimal().over(size.decimal(), Round::Nearest).unwrap_or_default();
        let bankruptcy = Price::new(mark.decimal().minus(per_coin)?.max(Decimal::ZERO));
        let entry = position::entry(one, &held)?.unwrap_or(mark);
        let balance = value.minus(profit)?;
        let ranked = Ranked { size, entry, mark, bankruptcy, balance, value };
        let lots = one.lots(held.quantity).map(i64::abs).ok_or(Overflow)?;
        let net = self.net_lots(account, &held, lots)?;
        Ok(Winner { id, isolated, lots, net, profit, leverage, ranked })
    }

    /// How many lots of a position do not hedge the account's other futures of the underlying.
    fn net_lots(&self, account: &Account, held: &Holding, lots: i64) -> Result<i64, Refusal> {
        let market = &self.market;
        let of = market.instruments.get(held.instrument);
        if of.is_option() {
            return Ok(lots);
        }
        let size = |held: &Holding| {
            let one = market.instruments.get(held.instrument);
            one.base_size(held.quantity, market.quote(held.instrument).mark)
        };
        let mut net = Quantity::ZERO;
        for other in account.holdings() {
            let one = market.instruments.get(other.instrument);
            if one.base == of.base && !one.is_option() {
                net = net.plus(size(other)?)?;
            }
        }
        let own = size(held)?;
        if net.is_zero() || net.is_negative() != own.is_negative() {
            return Ok(0);
        }
        let part = net.abs().min(own.abs()).decimal();
        let found = Decimal::from_int(lots).times_over(part, own.abs().decimal(), Round::Down)?;
        Ok(whole(found.round_to(0, Round::Down))?)
    }

    /// An amount in the settlement asset of an instrument, in the market's currency.
    pub(super) fn in_market(&self, amount: Money, id: InstrumentId) -> Result<Money, Refusal> {
        let settle = &self.market.instruments.get(id).settle;
        self.in_currency(amount, settle, &self.market.currency, Round::Down)
    }

    /// What a position has gained at the mark, in the market's currency; of an option what it is
    /// worth, which was paid for.
    pub(super) fn profit(&self, held: &Holding) -> Result<Money, Refusal> {
        let one = self.market.instruments.get(held.instrument);
        let value = position::value(one, held.quantity, self.market.quote(held.instrument).mark)?;
        let gained = if one.is_option() { value } else { value.minus(held.cost)? };
        self.in_market(gained, held.instrument)
    }

    /// What an account has on shared collateral at index prices and marks, in the market's
    /// currency: what has no price counts for nothing.
    pub(super) fn shared_value(&self, account: &Account) -> Result<Money, Refusal> {
        let currency = &self.market.currency;
        let mut sum = Money::ZERO;
        for (asset, amount) in &account.balances {
            let worth = self.in_currency(*amount, asset, currency, Round::Down);
            sum = sum.plus(worth.unwrap_or_default())?;
        }
        for held in &account.shared {
            sum = sum.plus(self.profit(held)?)?;
        }
        Ok(sum)
    }

    fn shared_worth(&self, account: &Account) -> Result<Money, Refusal> {
        let mut sum = Money::ZERO;
        for held in &account.shared {
            sum = sum.plus(self.worth(held.instrument, held.quantity)?)?;
        }
        Ok(sum)
    }
}

/// How many lots each gives up, so many in all: first by the policy, of what hedges nothing; and
/// what that leaves alike of all that is left, because somebody has the other side.
pub(super) fn divide(policy: &Policy, winners: &[Winner], lots: i64) -> Result<Vec<i64>, Refusal> {
    let net: Vec<Money> = winners.iter().map(|one| Money::from_int(one.net)).collect();
    let first = in_lots(&policy.of(winners, &net, Money::from_int(lots))?)?;
    let left: i64 = lots - first.iter().sum::<i64>();
    let rest = winners.iter().zip(&first).map(|(one, taken)| Money::from_int(one.lots - taken));
    let rest: Vec<Money> = rest.collect();
    let second = in_lots(&adl::pro_rata(&rest, Money::from_int(left))?)?;
    Ok(first.iter().zip(second).map(|(first, second)| first + second).collect())
}

/// Whole lots of what each gives up, by the largest remainder.
fn in_lots(found: &Haircut) -> Result<Vec<i64>, Refusal> {
    let weights: Vec<Decimal> = found.seized.iter().map(|one| one.decimal()).collect();
    let sum = Money::sum(found.seized.iter().copied())?.decimal();
    let parts = contracts::divide(sum.round_to(0, Round::Down), &weights, Decimal::ONE)?;
    parts.into_iter().map(|part| whole(part).map_err(Refusal::from)).collect()
}

impl Policy {
    fn of(&self, winners: &[Winner], has: &[Money], lots: Money) -> Result<Haircut, Refusal> {
        let leverage = || winners.iter().map(|one| one.leverage).collect::<Vec<_>>();
        let free = vec![Rate::ONE; has.len()];
        Ok(match self {
            Self::Queue { ranking } => adl::queue(has, &order(ranking, winners)?, lots)?,
            Self::ProRata => adl::pro_rata(has, lots)?,
            Self::Capped { share } => adl::capped(has, &vec![*share; has.len()], lots)?,
            Self::Leverage => haircut::rise(has, &leverage(), &free, lots)?,
            Self::RiskAware { weight } => {
                let weight = match weight {
                    Risk::Linear => Weight::Linear,
                    Risk::Square => Weight::Square,
                    Risk::Above(level) => Weight::Above(level.decimal()),
                };
                adl::risk_aware(has, &leverage(), weight, lots)?
            }
            Self::LeastHaircut => {
                let mut weights = Vec::with_capacity(has.len());
                for one in winners {
                    let profit = one.profit.max(Money::ZERO).decimal();
                    weights.push(profit.over(Decimal::from_int(one.lots), Round::Nearest)?);
                }
                haircut::rise(has, &weights, &free, lots)?
            }
        })
    }
}

/// Places by falling score; those without one are last.
fn order(ranking: &str, winners: &[Winner]) -> Result<Vec<usize>, Refusal> {
    let ranking = Ranking::named(ranking)?;
    let scored = winners.iter().enumerate();
    let mut scored: Vec<_> =
        scored.map(|(at, one)| (Reverse(ranking.score(&one.ranked).ok()), at)).collect();
    scored.sort_unstable();
    Ok(scored.into_iter().map(|(_, at)| at).collect())
}
