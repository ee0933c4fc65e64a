//! Auto-deleveraging: rankings, policies and what can be taken.

use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Decimal, Money, Price, Quantity, Rate, Round};
use keelmark_liquidation::adl::contracts;
use keelmark_liquidation::adl::{self, Capacity, Haircut, Ranked, Ranking, Weight};

fn amounts(inputs: Inputs<'_>, name: &str) -> Result<Vec<Money>, Problem> {
    Ok(inputs.numbers(name)?.into_iter().map(Money::new).collect())
}

/// Accounts with cash and profit, and the budget that deleveraging must meet.
struct Accounts {
    cash: Vec<Money>,
    profit: Vec<Money>,
    winners: Vec<Money>,
    budget: Money,
}

impl Accounts {
    fn of(inputs: Inputs<'_>) -> Result<Self, Problem> {
        let (cash, profit) = (amounts(inputs, "cash")?, amounts(inputs, "pnl")?);
        let mut deficit = Money::ZERO;
        for (cash, profit) in cash.iter().zip(&profit) {
            deficit = deficit.plus((-cash.plus(*profit)?).max(Money::ZERO))?;
        }
        let budget = deficit.times(Rate::new(inputs.number("theta")?), Round::Up)?;
        let winners = profit.iter().map(|one| (*one).max(Money::ZERO)).collect();
        Ok(Self { cash, profit, winners, budget })
    }

    fn after(&self, haircut: &Haircut) -> Result<Vec<Money>, Problem> {
        let rows = self.cash.iter().zip(&self.profit).zip(&haircut.seized);
        rows.map(|((cash, profit), seized)| Ok(cash.plus(*profit)?.minus(*seized)?)).collect()
    }
}

/// `adl_queue`.
pub fn queue(inputs: Inputs<'_>) -> Answer {
    let accounts = Accounts::of(inputs)?;
    let mut order = Vec::new();
    for place in inputs.numbers("order")? {
        let whole = place.in_steps_of(Decimal::ONE).and_then(|one| usize::try_from(one).ok());
        order.push(whole.ok_or_else(|| Problem(format!("order: {place} is no index")))?);
    }
    let found = adl::queue(&accounts.winners, &order, accounts.budget)?;
    Ok(Json::object([
        ("budget", accounts.budget.into()),
        ("haircut", found.shares(&accounts.winners)?.into()),
        ("equity_after", accounts.after(&found)?.into()),
        ("unfilled", found.unmet.into()),
        ("seized", found.seized.into()),
    ]))
}

/// `adl_pro_rata`.
pub fn pro_rata(inputs: Inputs<'_>) -> Answer {
    let accounts = Accounts::of(inputs)?;
    let found = adl::pro_rata(&accounts.winners, accounts.budget)?;
    Ok(Json::object([
        ("budget", accounts.budget.into()),
        ("haircut", found.level.into()),
        ("equity_after", accounts.after(&found)?.into()),
        ("feasible", found.unmet.is_zero().into()),
        ("seized", found.seized.into()),
    ]))
}

fn shares(found: Haircut, endowments: &[Money]) -> Answer {
    if !found.unmet.is_zero() {
        return Ok(Json::object([("infeasible", true.into())]));
    }
    Ok(Json::object([
        ("level", found.level.into()),
        ("haircut", found.shares(endowments)?.into()),
        ("seized", found.seized.into()),
    ]))
}

/// `adl_capped_pro_rata`.
pub fn capped(inputs: Inputs<'_>) -> Answer {
    let endowments = amounts(inputs, "endowment")?;
    let caps: Vec<Rate> = inputs.numbers("caps")?.into_iter().map(Rate::new).collect();
    let budget = Money::new(inputs.number("budget")?);
    shares(adl::capped(&endowments, &caps, budget)?, &endowments)
}

fn weight(inputs: Inputs<'_>) -> Result<Weight, Problem> {
    let name = inputs.text("risk_model")?;
    if let Some(level) = name.strip_prefix("cvar") {
        let level = level.trim_start_matches('_').parse::<Decimal>()?;
        return Ok(Weight::Above(level));
    }
    match name {
        "linear" => Ok(Weight::Linear),
        "square" | "power2" => Ok(Weight::Square),
        other => problem(format!("risk_model: unknown {other:?}")),
    }
}

/// `adl_risk_aware_pro_rata`.
pub fn risk_aware(inputs: Inputs<'_>) -> Answer {
    let (endowments, leverage) = (amounts(inputs, "endowment")?, inputs.numbers("leverage")?);
    let budget = Money::new(inputs.number("budget")?);
    shares(adl::risk_aware(&endowments, &leverage, weight(inputs)?, budget)?, &endowments)
}

/// `adl_rap_shares`: a budget of one, and nobody near his cap.
pub fn risk_shares(inputs: Inputs<'_>) -> Answer {
    let weight = weight(inputs)?;
    let mut weights = Vec::new();
    let leverage = inputs.numbers("leverage")?;
    for (equity, leverage) in inputs.numbers("equity_share")?.into_iter().zip(leverage) {
        weights.push(equity.times(weight.of(leverage)?, Round::Nearest)?);
    }
    let shares = contracts::divide(Decimal::ONE, &weights, Decimal::from_raw(1))?;
    Ok(Json::object([("shares", shares.into())]))
}

/// `queue_vs_pro_rata_top_winner`.
pub fn top_winner(inputs: Inputs<'_>) -> Answer {
    let endowments = amounts(inputs, "endowment")?;
    let budget = Money::new(inputs.number("budget")?);
    let mut order: Vec<usize> = (0..endowments.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(endowments[*at]));
    let Some(top) = order.first().copied() else { return problem("expected an endowment") };
    let left = |found: &Haircut| endowments[top].minus(found.seized[top]);
    let by_share = left(&adl::pro_rata(&endowments, budget)?)?;
    let by_queue = left(&adl::queue(&endowments, &order, budget)?)?;
    Ok(Json::object([
        ("top_after_pro_rata", by_share.into()),
        ("top_after_queue", by_queue.into()),
        ("gap", by_share.minus(by_queue)?.into()),
    ]))
}

fn rank(inputs: Inputs<'_>, name: &str) -> Answer {
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    for one in inputs.list("accounts")?.iter().map(Inputs) {
        let price = |name| Ok::<_, Problem>(Price::new(one.number(name)?));
        let size = one.number("qty")?.times(one.side()?, Round::Nearest)?;
        ids.push(one.number("id")?);
        rows.push(Ranked {
            size: Quantity::new(size),
            entry: price("entry")?,
            mark: price("mark")?,
            bankruptcy: price("bankrupt")?,
            balance: Money::new(one.number("balance")?),
            value: Money::new(one.number("account_value")?),
        });
    }
    let ranking = Ranking::named(name)?;
    let scores: Vec<Decimal> =
        rows.iter().map(|row| ranking.score(row)).collect::<Result<_, _>>()?;
    let order: Vec<Decimal> = ranking.order(&rows)?.into_iter().map(|at| ids[at]).collect();
    Ok(Json::object([("scores", scores.into()), ("order", order.into())]))
}

/// `adl_rank_binance`.
pub fn rank_binance(inputs: Inputs<'_>) -> Answer {
    rank(inputs, "binance")
}

/// `adl_rank_bitmex_poloniex`.
pub fn rank_bitmex(inputs: Inputs<'_>) -> Answer {
    rank(inputs, "bitmex")
}

/// `adl_rank_bybit`.
pub fn rank_bybit(inputs: Inputs<'_>) -> Answer {
    rank(inputs, "bybit")
}

/// `adl_rank_okx`.
pub fn rank_okx(inputs: Inputs<'_>) -> Answer {
    rank(inputs, "okx")
}

/// `adl_rank_hyperliquid`.
pub fn rank_hyperliquid(inputs: Inputs<'_>) -> Answer {
    rank(inputs, "hyperliquid")
}

/// `adl_contract_pro_rata`.
pub fn whole_contracts(inputs: Inputs<'_>) -> Answer {
    let sizes: Vec<Decimal> = match inputs.need("position_sizes")? {
        Json::List(items) => items
            .iter()
            .map(|one| decimal(one, "position_sizes").map(Decimal::abs))
            .collect::<Result<_, _>>()?,
        other => return problem(format!("position_sizes: expected a list, found {other}")),
    };
    let (needed, lot) = (inputs.number("contracts_needed")?, inputs.number("lot")?);
    let found = contracts::division(needed, &sizes, lot)?;
    Ok(Json::object([
        ("floor", found.floor.into()),
        ("undershoot", found.undershoot.into()),
        ("largest_remainder", found.parts.into()),
    ]))
}

/// `adl_feasibility`.
pub fn feasibility(inputs: Inputs<'_>) -> Answer {
    let capacity = Capacity {
        deficit: Money::new(inputs.number("deficit")?),
        profit: Money::new(inputs.number("pnl_capacity")?),
        equity: Money::new(inputs.number("winner_equity")?),
    };
    Ok(Json::object([
        ("feasible_full", capacity.is_enough().into()),
        ("max_theta", capacity.share()?.into()),
        ("solvent", capacity.is_solvent().into()),
        ("principal_needed", capacity.beyond_profit()?.into()),
    ]))
}
