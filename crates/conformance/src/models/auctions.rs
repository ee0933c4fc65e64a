//! Auctions, fixed spreads and funds: what is asked, taken, paid and left.

use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Decimal, Money, Price, Quantity, Rate};
use keelmark_liquidation::auction::{Buffer, Curve, Lot, Reset, Sale, Standing, Unsold};
use keelmark_liquidation::fund::{self, Flows, Inflow};
use keelmark_liquidation::pool::Absorber;
use keelmark_liquidation::price::{Close, Fee, Position, Side};
use keelmark_liquidation::size::Distressed;
use keelmark_liquidation::spread::{self, Loan, Rules};

/// Spirals are told up to so many steps.
const STEPS_TOLD: usize = 5;
/// A debt or collateral up to this is none: a millionth of a millionth.
const DUST: i128 = 1_000_000;

fn money(inputs: Inputs<'_>, name: &str) -> Result<Money, Problem> {
    Ok(Money::new(inputs.number(name)?))
}

fn price(inputs: Inputs<'_>, name: &str) -> Result<Price, Problem> {
    Ok(Price::new(inputs.number(name)?))
}

fn rate(inputs: Inputs<'_>, name: &str) -> Result<Rate, Problem> {
    Ok(Rate::new(inputs.number(name)?))
}

fn side(inputs: Inputs<'_>) -> Result<Side, Problem> {
    Ok(if inputs.side()?.is_negative() { Side::Short } else { Side::Long })
}

/// An answer for each of the seconds `t`.
fn at_each<T: Into<Json>>(
    inputs: Inputs<'_>,
    answer: impl Fn(u64) -> Result<T, Problem>,
) -> Result<Json, Problem> {
    let mut out = Vec::new();
    for second in inputs.numbers("t")? {
        let whole = second.in_steps_of(Decimal::ONE).and_then(|whole| u64::try_from(whole).ok());
        let Some(whole) = whole else { return problem(format!("t: {second} seconds")) };
        out.push(answer(whole)?.into());
    }
    Ok(Json::List(out))
}

/// `maker_stairstep_exponential`.
pub fn stairs(inputs: Inputs<'_>) -> Answer {
    let (oracle, start) = (price(inputs, "oracle_price")?, rate(inputs, "buf")?);
    let top = oracle.scaled(start)?;
    let curve = Curve::Stairs { cut: rate(inputs, "cut")?, step: inputs.small("step")? };
    let reset = Reset { tail: inputs.small("tail")?, cusp: rate(inputs, "cusp")? };
    let prices = at_each(inputs, |second| Ok(curve.price(top, second)?))?;
    let late = 1_000 * reset.tail;
    let share = Rate::new(oracle.decimal().over(top.decimal(), keelmark_book::Round::Down)?);
    let seconds = |found: Option<u64>| found.map(|found| Decimal::from_int(found as i64));
    Ok(Json::object([
        ("top", top.into()),
        ("price", prices),
        ("first_time_at_or_below_oracle", seconds(curve.first(late, |now| now <= share)?).into()),
        ("needs_redo_after_drawdown", seconds(curve.first(late, |now| now < reset.cusp)?).into()),
        ("redo_time", seconds(Some(reset.due(&curve)?)).into()),
    ]))
}

/// `maker_linear_decrease`.
pub fn line(inputs: Inputs<'_>) -> Answer {
    let (top, curve) = (price(inputs, "top")?, Curve::Line { seconds: inputs.small("tau")? });
    Ok(Json::object([("price", at_each(inputs, |second| Ok(curve.price(top, second)?))?)]))
}

/// `maker_keeper_incentive`.
pub fn keeper_incentive(inputs: Inputs<'_>) -> Answer {
    let (fixed, of_mark) = (money(inputs, "tip")?, rate(inputs, "chip")?);
    let fee = Fee { fixed, of_mark, of_execution: Rate::ZERO };
    let (debt, one) = (Quantity::new(inputs.number("tab")?), Price::from_int(1));
    Ok(Json::object([("incentive", fee.of(debt, one, one)?.into())]))
}

/// `maker_clipper_take`.
pub fn take(inputs: Inputs<'_>) -> Answer {
    let lot = Lot { owed: money(inputs, "tab")?, lot: Quantity::new(inputs.number("lot")?) };
    let bid = Sale {
        price: price(inputs, "price")?,
        limit: price(inputs, "max_price")?,
        wanted: Quantity::new(inputs.number("amt")?),
        dust: money(inputs, "chost")?,
    };
    let taken = match lot.take(&bid)? {
        Ok(taken) => taken,
        Err(why) => {
            let why = match why {
                Unsold::TooExpensive => "too-expensive",
                Unsold::NoPart => "no-partial-purchase",
            };
            return Ok(Json::object([("reverted", why.into())]));
        }
    };
    Ok(Json::object([
        ("paid", taken.paid.into()),
        ("slice", taken.slice.into()),
        ("tab_left", taken.left.owed.into()),
        ("lot_left", taken.left.lot.into()),
        ("closed", taken.closed.into()),
        ("refund_to_owner", taken.refund.into()),
    ]))
}

/// `derive_solvent_dutch_auction`.
pub fn two_speeds(inputs: Inputs<'_>) -> Answer {
    let curve = Curve::TwoSpeeds {
        start: rate(inputs, "start")?,
        knee: rate(inputs, "fast_end")?,
        fast: inputs.small("fast_s")?,
        slow: inputs.small("slow_s")?,
    };
    let standing = Standing {
        worth: money(inputs, "mtm")?,
        net: money(inputs, "maintenance_margin")?,
        reserved: Money::ZERO,
    };
    let buffer = Buffer(rate(inputs, "buffer")?.minus(Rate::ONE)?);
    let price = |second| Ok(standing.price(curve.at(second)?)?);
    let most = |second| Ok(standing.most(curve.at(second)?, buffer)?);
    Ok(Json::object([
        ("factor", at_each(inputs, |second| Ok(curve.at(second)?))?),
        ("buffer_margin", standing.buffered(buffer)?.into()),
        ("bid_price", at_each(inputs, price)?),
        ("max_fraction", at_each(inputs, most)?),
    ]))
}

fn discount(inputs: Inputs<'_>) -> Result<Rate, Problem> {
    let params = inputs.inside("auction_params")?;
    let curve = Curve::TwoSpeeds {
        start: rate(params, "starting_mtm_pct")?,
        knee: rate(params, "fast_cutoff_pct")?,
        fast: params.small("fast_length")?,
        slow: params.small("slow_length")?,
    };
    Ok(curve.at(inputs.small("seconds_since_start")?)?)
}

/// `derive-dutch-auction-discount`.
pub fn share_of_worth(inputs: Inputs<'_>) -> Answer {
    Ok(Json::object([("discount", discount(inputs)?.into())]))
}

/// `derive-dutch-auction-solvent`.
pub fn solvent(inputs: Inputs<'_>) -> Answer {
    let buffer = Buffer(rate(inputs.inside("auction_params")?, "buffer_margin_pct")?);
    let standing = Standing {
        worth: money(inputs, "mtm")?,
        net: money(inputs, "mm")?,
        reserved: money(inputs, "reserved_cash")?,
    };
    let share = discount(inputs)?;
    let most = standing.most(share, buffer)?;
    let truncated = most.decimal().round_to(3, keelmark_book::Round::Down);
    let wanted = Rate::new(inputs.number_or("percent_wanted", Decimal::ONE)?);
    let taken = wanted.min(most);
    let price = standing.price(share)?;
    let paid = price.times(taken, keelmark_book::Round::Up)?;
    let after = standing.after(taken, paid)?;
    Ok(Json::object([
        ("discount", share.into()),
        ("bid_price", price.into()),
        ("buffer_margin", standing.buffered(buffer)?.into()),
        ("max_proportion", most.into()),
        ("max_proportion_truncated_3dp", truncated.into()),
        ("percent_taken", taken.into()),
        ("cash_from_bidder", paid.into()),
        ("post_mtm", after.worth.into()),
        ("post_mm", after.net.into()),
        ("post_buffer_margin", after.buffered(buffer)?.into()),
    ]))
}

/// `derive-dutch-auction-insolvent`.
pub fn insolvent(inputs: Inputs<'_>) -> Answer {
    let standing =
        Standing { worth: money(inputs, "mtm")?, net: money(inputs, "mm")?, reserved: Money::ZERO };
    let all = inputs.inside("auction_params")?.small("insolvent_length")?;
    let share = rate(inputs, "percent_wanted")?;
    let paid = standing.compensation(share, inputs.small("seconds_since_start")?, all)?;
    Ok(Json::object([("cash_to_bidder", paid.into())]))
}

fn loan(inputs: Inputs<'_>) -> Result<Loan, Problem> {
    Ok(Loan { collateral: money(inputs, "collateral")?, debt: money(inputs, "debt")? })
}

/// `fixed_spread_optimal_strategy`.
pub fn two_steps(inputs: Inputs<'_>) -> Answer {
    let (loan, nearest) = (loan(inputs)?, keelmark_book::Round::Nearest);
    let rules = Rules {
        threshold: rate(inputs, "LT")?,
        incentive: rate(inputs, "LS")?,
        close_factor: rate(inputs, "CF")?,
    };
    let health = loan.health(rules.threshold)?;
    let Some(steps) = rules.two_steps(&loan)? else {
        let health = ("health", health.into());
        return Ok(Json::object([("liquidatable", false.into()), health]));
    };
    let (one, both) = (rules.most(loan.debt)?, steps.first.plus(steps.second)?);
    let profit = |repaid: Money| repaid.times(rules.incentive, nearest);
    Ok(Json::object([
        ("liquidatable", true.into()),
        ("health", health.into()),
        ("repay_close_factor", one.into()),
        ("profit_close_factor", profit(one)?.into()),
        ("optimal_repay_1", steps.first.into()),
        ("optimal_repay_2", steps.second.into()),
        ("profit_optimal", profit(both)?.into()),
        ("relative_gain", both.ratio(one, nearest)?.minus(Rate::ONE)?.into()),
        ("health_after_first", steps.between.health(rules.threshold)?.into()),
    ]))
}

/// `toxic_liquidation_spiral`.
pub fn spiral(inputs: Inputs<'_>) -> Answer {
    let before = loan(inputs)?;
    let rules = Rules {
        threshold: rate(inputs, "LT")?,
        incentive: rate(inputs, "incentive")?,
        close_factor: rate(inputs, "CF")?,
    };
    let line = spread::frontier(rules.incentive, Rate::ONE)?;
    let ratio = before.debt.ratio(before.collateral, keelmark_book::Round::Up)?;
    let steps = rules.spiral(before, Money::new(Decimal::from_raw(DUST)))?;
    let after = steps.last().copied().unwrap_or(before);
    let bad = |one: &Loan| one.debt.minus(one.collateral).map(|bad| bad.max(Money::ZERO));
    let told = steps.iter().take(STEPS_TOLD);
    let told: Vec<Vec<Money>> = told.map(|one| vec![one.collateral, one.debt]).collect();
    Ok(Json::object([
        ("ltv", ratio.into()),
        ("frontier", line.into()),
        ("toxic", (ratio > line).into()),
        ("bad_debt_if_halted", bad(&before)?.into()),
        ("steps", steps.len().into()),
        ("first_steps", told.into()),
        ("collateral_left", after.collateral.into()),
        ("debt_left", after.debt.into()),
        ("bad_debt", bad(&after)?.into()),
    ]))
}

/// `toxicity_with_slippage`.
pub fn toxicity(inputs: Inputs<'_>) -> Answer {
    let (value, reserve) =
        (money(inputs, "collateral_value")?, money(inputs, "pool_reserve_value")?);
    let (slippage, incentive) = (spread::slippage_in(reserve, value)?, rate(inputs, "incentive")?);
    let four_fifths = Rate::new(Decimal::from_raw(8 * 10i128.pow(17)));
    Ok(Json::object([
        ("lam", slippage.into()),
        ("frontier", spread::frontier(incentive, slippage)?.into()),
        ("frontier_no_slippage", spread::frontier(incentive, Rate::ONE)?.into()),
        ("max_incentive_at_ltv_0_8", spread::safe_incentive(four_fifths, slippage)?.into()),
    ]))
}

/// `morpho_liquidation_incentive_factor`.
pub fn incentive_factor(inputs: Inputs<'_>) -> Answer {
    let (limit, cursor) = (rate(inputs, "lltv")?, rate(inputs, "cursor")?);
    let factor = keelmark_margin::lending::incentive(limit, cursor, rate(inputs, "max_lif")?)?;
    let line = spread::frontier(factor.minus(Rate::ONE)?, Rate::ONE)?;
    Ok(Json::object([("lif", factor.into()), ("bad_debt_ltv", line.into())]))
}

/// `euler_reverse_dutch_discount`.
pub fn by_health(inputs: Inputs<'_>) -> Answer {
    let share = spread::price_by_health(rate(inputs, "health")?, rate(inputs, "max_discount")?)?;
    let off = Rate::ONE.minus(share)?;
    Ok(Json::object([("price_factor", share.into()), ("discount", off.into())]))
}

/// `liquity_product_sum`.
pub fn product_sum(inputs: Inputs<'_>) -> Answer {
    let mut pool = Absorber::default();
    let mut deposits = Vec::new();
    for amount in inputs.numbers("deposits")? {
        deposits.push(pool.deposit(Money::new(amount))?);
    }
    for row in inputs.list("liquidations_debt_collateral")? {
        let Json::List(pair) = row else { return problem("expected pairs of debt and collateral") };
        let [Some(debt), Some(collateral)] = [0, 1].map(|at| pair.get(at).and_then(Json::decimal))
        else {
            return problem(format!("expected debt and collateral, found {row}"));
        };
        pool.absorb(Money::new(debt), collateral)?;
    }
    let mut shares = Vec::new();
    for deposit in &deposits {
        shares.push(pool.share(deposit)?);
    }
    let gains: Vec<Decimal> = shares.iter().map(|one| one.collateral).collect();
    Ok(Json::object([
        ("P", pool.product.into()),
        ("S", pool.sum.into()),
        ("total", pool.total.into()),
        ("compounded", shares.iter().map(|one| one.left).collect::<Vec<_>>().into()),
        ("collateral_gain", gains.into()),
    ]))
}

/// `bankruptcy_and_liquidation_price`.
pub fn prices(inputs: Inputs<'_>) -> Answer {
    let position = Position {
        side: side(inputs)?,
        size: Quantity::new(inputs.number("qty")?),
        from: price(inputs, "entry")?,
        collateral: money(inputs, "collateral")?,
    };
    Ok(Json::object([
        ("bankruptcy", position.bankruptcy()?.into()),
        ("liquidation", position.liquidation(rate(inputs, "mm")?)?.into()),
    ]))
}

/// `execution_price_and_shortfall`.
pub fn execution(inputs: Inputs<'_>) -> Answer {
    let position = Position {
        side: side(inputs)?,
        size: Quantity::new(inputs.number("qty")?),
        from: price(inputs, "mark")?,
        collateral: money(inputs, "equity_at_mark")?,
    };
    let close =
        Close { slice: Quantity::new(inputs.number("slice")?), impact: inputs.number("alpha")? };
    Ok(Json::object([
        ("exec", close.execution(position.side, position.from)?.into()),
        ("bankruptcy", position.bankruptcy()?.into()),
        ("shortfall", close.shortfall(&position)?.into()),
    ]))
}

/// `liquidation_fee`.
pub fn fee(inputs: Inputs<'_>) -> Answer {
    let fee = Fee {
        fixed: money(inputs, "fixed")?,
        of_mark: rate(inputs, "phi_mark")?,
        of_execution: rate(inputs, "phi_exec")?,
    };
    let size = Quantity::new(inputs.number("qty")?);
    let found = fee.of(size, price(inputs, "mark")?, price(inputs, "exec")?)?;
    Ok(Json::object([("fee", found.into())]))
}

fn distressed(inputs: Inputs<'_>) -> Result<Distressed, Problem> {
    Ok(Distressed {
        equity: money(inputs, "equity")?,
        size: Quantity::new(inputs.number("qty")?),
        mark: price(inputs, "mark")?,
    })
}

/// `partial_close_linear_impact`.
pub fn partial_close(inputs: Inputs<'_>) -> Answer {
    let (account, maintenance) = (distressed(inputs)?, rate(inputs, "mm")?);
    let close = account.with_impact(maintenance, inputs.number("alpha")?, money(inputs, "fee")?)?;
    let Some(close) = close else { return Ok(Json::object([("healthy", true.into())])) };
    Ok(Json::object([
        ("healthy", false.into()),
        ("discriminant", close.discriminant.into()),
        ("root", close.root.into()),
        ("slice", close.size.into()),
        ("full_close", close.whole.into()),
    ]))
}

/// `close_to_target_ratio`.
pub fn close_to_target(inputs: Inputs<'_>) -> Answer {
    let cost = rate(inputs, "fee")?.plus(rate(inputs, "slippage")?)?;
    let found = distressed(inputs)?.to_target(rate(inputs, "target_ratio")?, cost)?;
    Ok(Json::object([("fraction", found.share.into()), ("equity_after", found.equity.into())]))
}

/// `insurance_fund_update`.
pub fn fund_update(inputs: Inputs<'_>) -> Answer {
    let inflow = Inflow {
        of_fees: rate(inputs, "alpha")?,
        of_volume: rate(inputs, "eta")?,
        of_funding: rate(inputs, "beta")?,
    };
    let flows = Flows {
        fees: money(inputs, "liq_fees")?,
        volume: money(inputs, "notional_volume")?,
        funding: money(inputs, "funding_flow")?,
    };
    let after = fund::pay(money(inputs, "fund")?, money(inputs, "deficit")?, inflow.of(&flows)?)?;
    Ok(Json::object([("next_fund", after.fund.into()), ("residual", after.residual.into())]))
}

/// `bankruptcy_price_inverse_long`.
pub fn inverse_bankruptcy(inputs: Inputs<'_>) -> Answer {
    let found = keelmark_liquidation::price::inverse_bankruptcy(
        price(inputs, "entry")?,
        inputs.number("leverage")?,
        side(inputs)?,
    )?;
    Ok(Json::object([("bankruptcy", found.into())]))
}
