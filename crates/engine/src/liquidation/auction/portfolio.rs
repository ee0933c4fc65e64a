//! Shares of a whole pool. As long as it is worth something it is sold at a share of that, which
//! falls fast and then slowly, and no more of it than brings margin used to the end level; once it
//! is worth nothing, or nobody wanted it, bidders are paid by the insurance fund, first what is
//! missing to nothing and in the end what is missing to its maintenance margin.

use super::share::Whole;
use super::{Asked, Auctioned, Bidding, Next, Phase, Sale, Turn};
use crate::change::Change;
use crate::ledger::{House, Place};
use crate::liquidation::rule::{seconds, share};
use crate::liquidation::step::Failing;
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use keelmark_book::{Asset, Money, Rate, Round};
use keelmark_liquidation::auction::{self, Buffer, Curve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How shares of a pool are sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PortfolioAuction")]
pub struct Portfolio {
    /// What bidders pay in, where positions settle in several assets.
    pub asset: Asset,
    /// The share of its worth that is asked at first.
    pub start: Rate,
    /// The share at which the fast fall ends.
    pub knee: Rate,
    /// Seconds until then, 1 or more.
    pub fast_seconds: u32,
    /// Seconds from there until nothing is asked, 1 or more.
    pub slow_seconds: u32,
    /// Seconds over which what bidders are paid rises, 1 or more.
    pub insolvent_seconds: u32,
    /// Seconds for which they are then paid most.
    #[serde(default)]
    pub last_seconds: u32,
    /// The smallest share that is sold, where no less is enough; above 0.
    pub least: Rate,
    /// A pool worth less than this, in its currency, may be sold whole.
    #[serde(default)]
    pub whole_below: Money,
}

impl Portfolio {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        share("portfolio.start", self.start)?;
        share("portfolio.knee", self.knee)?;
        share("portfolio.least", self.least)?;
        if self.knee > self.start {
            return Err(Refusal::bad("portfolio.knee", "at most the start", self.knee));
        }
        if !self.least.is_positive() {
            return Err(Refusal::bad("portfolio.least", "above 0", self.least));
        }
        seconds("portfolio.fast_seconds", self.fast_seconds, 1)?;
        seconds("portfolio.slow_seconds", self.slow_seconds, 1)?;
        seconds("portfolio.insolvent_seconds", self.insolvent_seconds, 1)?;
        seconds("portfolio.last_seconds", self.last_seconds, 0)
    }

    fn curve(&self) -> Curve {
        let (fast, slow) = (self.fast_seconds.into(), self.slow_seconds.into());
        Curve::TwoSpeeds { start: self.start, knee: self.knee, fast, slow }
    }

    fn solvent(&self) -> u64 {
        u64::from(self.fast_seconds) + u64::from(self.slow_seconds)
    }

    fn insolvent(&self) -> u64 {
        u64::from(self.insolvent_seconds) + u64::from(self.last_seconds)
    }
}

/// Begins with a pool.
pub(super) fn open(
    failing: &Failing<'_>,
    rule: &Portfolio,
    standing: &Standing,
) -> Result<Option<Next>, Refusal> {
    let (state, id) = (failing.state, failing.id);
    let Some(whole) = Whole::of(state, id, state.account(id), &standing.pool)? else {
        return Ok(None);
    };
    let asset = whole.paid_in(&rule.asset);
    let figures = Figures { state, standing, worth: whole.worth()?, asset: &asset };
    if figures.worth.is_positive() {
        let (seconds, share) = (rule.solvent(), rule.curve().at(0)?);
        let price = figures.solvent(share, Money::ZERO)?.1;
        let said = figures.begun(false, price, seconds);
        let phase = Phase::Solvent { asset: asset.clone(), reserved: Money::ZERO };
        return Ok(Some(Next::begun(state, &standing.pool, phase, said, seconds)));
    }
    figures.insolvent(failing, rule).map(Some)
}

/// Goes on: a phase ends with its time, and the first one where nothing is left to sell it for.
pub(super) fn turn(
    failing: &Failing<'_>,
    rule: &Portfolio,
    sale: &Sale,
    standing: &Standing,
) -> Result<Turn<'static>, Refusal> {
    let (state, id) = (failing.state, failing.id);
    let Some(whole) = Whole::of(state, id, state.account(id), &sale.pool)? else {
        return Ok(Turn::Done);
    };
    let ran = sale.clock.seconds(state.now);
    let on = |until| Turn::On(Box::new(Next { sale: sale.clone(), said: None, until }));
    match &sale.phase {
        Phase::Solvent { asset, reserved } => {
            let figures = Figures { state, standing, worth: whole.worth()?, asset };
            if ran < rule.solvent() && figures.for_sale(*reserved)?.is_positive() {
                return Ok(on(rule.solvent()));
            }
            Ok(Turn::On(Box::new(figures.insolvent(failing, rule)?)))
        }
        Phase::Insolvent { .. } if ran < rule.insolvent() => Ok(on(rule.insolvent())),
        Phase::Insolvent { .. } => Ok(Turn::Over),
        _ => Ok(Turn::Done),
    }
}

/// A pool in numbers.
struct Figures<'a> {
    state: &'a State,
    standing: &'a Standing,
    /// At the mark, haircuts aside.
    worth: Money,
    /// What is paid in.
    asset: &'a Asset,
}

impl Figures<'_> {
    fn net(&self) -> Result<Money, Refusal> {
        Ok(self.standing.equity.minus(self.standing.maintenance)?)
    }

    /// What was reserved, in the pool's currency.
    fn in_pool(&self, reserved: Money) -> Result<Money, Refusal> {
        self.state.in_currency(reserved, self.asset, &self.standing.currency, Round::Up)
    }

    /// What all that is for sale is worth.
    fn for_sale(&self, reserved: Money) -> Result<Money, Refusal> {
        Ok(self.worth.minus(self.in_pool(reserved)?)?)
    }

    /// The pool at its mark, for prices.
    fn at_mark(&self, reserved: Money) -> Result<auction::Standing, Refusal> {
        let reserved = self.in_pool(reserved)?;
        Ok(auction::Standing { worth: self.worth, net: self.net()?, reserved })
    }

    /// What all that is for sale costs at a share of its worth: in the pool's currency, and in
    /// what is paid.
    fn solvent(&self, share: Rate, reserved: Money) -> Result<(Money, Money), Refusal> {
        let price = self.at_mark(reserved)?.price(share)?;
        let paid = self.state.in_currency(price, &self.standing.currency, self.asset, Round::Up)?;
        Ok((price, paid))
    }

    /// The largest share that is sold at a price: margin is what has to be mended.
    fn most(&self, price: Money, reserved: Money, end: Rate) -> Result<Rate, Refusal> {
        let reserved = self.in_pool(reserved)?;
        let margin = auction::Standing { worth: self.standing.equity, net: self.net()?, reserved };
        Ok(margin.most_at(price, Buffer::down_to(end)?)?)
    }

    /// What a bidder is paid for all of it after so many seconds.
    fn paid(&self, rule: &Portfolio, seconds: u64) -> Result<Money, Refusal> {
        let all = u64::from(rule.insolvent_seconds);
        let paid = self.at_mark(Money::ZERO)?.compensation(Rate::ONE, seconds, all)?;
        self.state.in_currency(paid, &self.standing.currency, self.asset, Round::Down)
    }

    fn insolvent(&self, failing: &Failing<'_>, rule: &Portfolio) -> Result<Next, Refusal> {
        let said = self.begun(true, -self.paid(rule, 0)?, rule.insolvent());
        let phase = Phase::Insolvent { asset: self.asset.clone() };
        Ok(Next::begun(failing.state, &self.standing.pool, phase, said, rule.insolvent()))
    }

    fn begun(&self, insolvent: bool, price: Money, seconds: u64) -> Auctioned {
        Auctioned::Begun(Asked {
            pool: self.standing.pool.clone(),
            insolvent,
            currency: self.standing.currency.clone(),
            worth: self.worth,
            net: self.net().unwrap_or_default(),
            asset: self.asset.clone(),
            price,
            seconds,
        })
    }
}

/// A bid for a share of what is worth something.
pub(super) fn solvent<'a>(
    bidding: &Bidding<'a>,
    rule: &Portfolio,
    asset: &Asset,
    reserved: Money,
) -> Result<Change<'a>, Refusal> {
    let whole = bidding.whole()?;
    let (state, standing) = (bidding.state, &bidding.standing);
    let figures = Figures { state, standing, worth: whole.worth()?, asset };
    if !figures.for_sale(reserved)?.is_positive() {
        let problem = "it is worth nothing now: the next step decides on what bidders are paid";
        let account = bidding.asked.account.clone();
        return Err(Refusal::Account { account, problem: problem.to_owned() });
    }
    let asked = rule.curve().at(bidding.seconds())?;
    let (price, all) = figures.solvent(asked, reserved)?;
    if let Some(limit) = bidding.asked.limit.filter(|limit| *limit < all) {
        let expected = format!("{all} {asset} or more, which is asked for all of it");
        return Err(Refusal::bad("limit", expected, limit));
    }
    let small = figures.for_sale(reserved)? < rule.whole_below;
    let most = if small { Rate::ONE } else { figures.most(price, reserved, bidding.rule.end)? };
    let share = bidding.share(rule.least, most)?;
    let paid = all.times(share, Round::Up)?;
    let mut change = Change::new(state);
    whole.pass(&mut change, bidding.by, share, (asset, reserved))?;
    let to = whole.place(&change);
    change.post(asset, Place::Account(bidding.by), to, paid)?;
    let phase = Phase::Solvent { asset: asset.clone(), reserved: reserved.plus(paid)? };
    bidding.sold(change, &whole, Sold { share, most, paid, price: all, asset }, phase)
}

/// A bid for a share of what is worth nothing.
pub(super) fn insolvent<'a>(
    bidding: &Bidding<'a>,
    rule: &Portfolio,
    asset: &Asset,
) -> Result<Change<'a>, Refusal> {
    let whole = bidding.whole()?;
    let (state, standing) = (bidding.state, &bidding.standing);
    let figures = Figures { state, standing, worth: whole.worth()?, asset };
    let all = figures.paid(rule, bidding.seconds())?;
    let share = bidding.share(rule.least, Rate::ONE)?;
    let fund = state.ledger.balance(House::Insurance, asset).max(Money::ZERO);
    let paid = all.times(share, Round::Down)?.min(fund);
    let least = -bidding.asked.limit.unwrap_or(-all);
    if paid < least.times(share, Round::Down)? {
        let expected = format!(
            "what is paid, {all} {asset} for all of it and no more than the {fund} that the \
             insurance fund has"
        );
        return Err(Refusal::bad("limit", expected, -least));
    }
    let mut change = Change::new(state);
    whole.pass(&mut change, bidding.by, share, (asset, Money::ZERO))?;
    change.post(asset, Place::House(House::Insurance), Place::Account(bidding.by), paid)?;
    let sold = Sold { share, most: Rate::ONE, paid: -paid, price: -all, asset };
    bidding.sold(change, &whole, sold, bidding.sale.phase.clone())
}

/// A share that was sold.
#[derive(Clone, Copy)]
struct Sold<'a> {
    share: Rate,
    most: Rate,
    paid: Money,
    price: Money,
    asset: &'a Asset,
}

impl<'a> Bidding<'a> {
    /// Says what was sold and checks both sides.
    fn sold(
        &self,
        mut change: Change<'a>,
        whole: &Whole<'_>,
        sold: Sold<'_>,
        phase: Phase,
    ) -> Result<Change<'a>, Refusal> {
        change.auctioned(
            self.id,
            Auctioned::Share {
                by: self.asked.by.clone(),
                share: sold.share,
                asset: sold.asset.clone(),
                paid: sold.paid,
                price: sold.price,
                most: sold.most,
            },
        );
        change.helps(self.id)?;
        whole.accept(&mut change, self.by, sold.asset)?;
        self.goes_on(&mut change, Sale { phase, ..self.sale.clone() });
        Ok(change)
    }
}
