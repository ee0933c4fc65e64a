//! One path of a game, played by an engine: its loans are accounts, its prices are commands, and
//! keepers who come are shown offers and answer with bids.

use super::rule::{DOCUMENT, LOOK, Rule};
use super::table::Values;
use super::venue::{CASH, COIN, Venue, shown};
use keelmark_engine::Event;
use keelmark_engine::liquidation::Fact;
use keelmark_systemic::game::Game;
use keelmark_systemic::game::contest::Profile;
use keelmark_systemic::game::lot::Lot;
use keelmark_systemic::game::offer::{Demand, Offer, Strategy};
use keelmark_systemic::game::play::{Table as Lots, Taker};
use serde_json::{Value, json};

/// The least that is worth a bid, in cash.
const LEAST: f64 = 0.01;
/// Bids that one keeper sends for one account, at most: each may repay a part of what is left.
const BIDS: usize = 64;
/// Seconds in which the fund takes over.
const TAKEOVER: u64 = 60;

/// What plays a path.
pub struct Play<'a> {
    /// The game.
    pub game: &'a Game,
    /// How the engine liquidates.
    pub rule: &'a Rule,
    /// Who comes.
    pub lots: &'a Lots<'a>,
    /// By group.
    pub profiles: &'a [Profile],
    /// By group, what each level pays to come first.
    pub fees: &'a [Vec<f64>],
}

/// What happened beside the numbers that are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Commands sent.
    pub commands: u64,
    /// Bids among them.
    pub bids: u64,
    /// Keepers who came and found nothing for sale.
    pub idle: u64,
    /// Of these, those who found an account past the line where a repayment makes it worse.
    pub past: u64,
}

impl Facts {
    /// Adds those of another path.
    pub fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.bids += other.bids;
        self.idle += other.idle;
        self.past += other.past;
    }
}

/// An account that fails.
struct Loan {
    name: String,
    group: usize,
    bids: u64,
}

/// A keeper who comes to a loan.
struct Coming {
    loan: usize,
    taker: Taker,
    /// His account.
    account: String,
    tick: u64,
}

/// A path while it is played.
struct Run<'a> {
    play: &'a Play<'a>,
    venue: Venue,
    loans: Vec<Loan>,
    values: Values,
    facts: Facts,
}

impl Play<'_> {
    /// Plays a path by its number, and what each quantity was on it.
    ///
    /// # Errors
    /// When the engine refuses what it must not, or its books do not balance.
    pub fn path(&self, number: usize, prices: &[f64]) -> Result<(Values, Facts), String> {
        let values = Values::none(self.game.failing.len(), self.game.keepers.len());
        let venue = Venue::new()?;
        let mut run = Run { play: self, venue, loans: Vec::new(), values, facts: Facts::default() };
        run.open()?;
        let coming = run.come(number)?;
        run.pass(prices, &coming)?;
        run.end(prices[prices.len() - 1])?;
        run.facts.commands = run.venue.commands();
        Ok((run.values, run.facts))
    }
}

impl Run<'_> {
    /// Documents, prices before the move, keepers with their capital, loans.
    fn open(&mut self) -> Result<(), String> {
        let (game, rule) = (self.play.game, self.play.rule);
        self.venue.must(&json!({ "model": { "text": rule.document() } }))?;
        self.venue.must(&rule.offer())?;
        self.venue.must(&index(CASH, 1.0))?;
        self.venue.must(&index(COIN, 1.0 / (1.0 + game.shock)))?;
        for (class, keeper) in game.keepers.iter().enumerate() {
            for at in 0..keeper.count {
                let name = account("keeper", class, at);
                self.account(&name, CASH, keeper.capital)?;
            }
        }
        for (at, group) in game.failing.iter().enumerate() {
            for number in 0..group.apart() {
                let name = account("loan", at, number);
                self.account(&name, COIN, group.lot.collateral)?;
                self.venue.must(&cash("withdraw", &name, CASH, group.lot.debt))?;
                self.loans.push(Loan { name, group: at, bids: 0 });
            }
        }
        Ok(())
    }

    fn account(&mut self, name: &str, asset: &str, amount: f64) -> Result<(), String> {
        let open = json!({ "account": name, "mode": "cross", "model": DOCUMENT });
        self.venue.must(&json!({ "open": open }))?;
        self.venue.must(&cash("deposit", name, asset, amount)).map(drop)
    }

    /// Who comes to which loan and when, in the order in which their bids arrive: drawn as play
    /// draws them. Taking part is paid for whatever comes of it.
    fn come(&mut self, number: usize) -> Result<Vec<Coming>, String> {
        let (game, lots) = (self.play.game, self.play.lots);
        let mut random = lots.draws(number);
        let mut all = Vec::new();
        for at in 0..self.loans.len() {
            let group = self.loans[at].group;
            let mut seen: Vec<u32> = vec![0; game.keepers.len()];
            let takers = lots.takers(&self.play.profiles[group], &mut random);
            self.values.came[group] += takers.len() as f64 / f64::from(game.failing[group].apart());
            for taker in takers {
                let name = account("keeper", taker.class, seen[taker.class]);
                seen[taker.class] += 1;
                self.pays(&name, &taker, group, game.keepers[taker.class].cost)?;
                let tick = game.sale.timing.at(taker.clock) as u64;
                all.push(Coming { loan: at, taker, account: name, tick });
            }
        }
        all.sort_by(|a, b| a.taker.clock.total_cmp(&b.taker.clock));
        Ok(all)
    }

    /// Prices tick by tick, and on each those who come by then.
    fn pass(&mut self, prices: &[f64], coming: &[Coming]) -> Result<(), String> {
        let mut next = coming.iter().peekable();
        for tick in self.play.game.sale.timing.at(0.0) as u64..=self.play.rule.ticks {
            let price = prices[tick as usize];
            self.venue.second = tick * self.play.rule.tick;
            self.venue.must(&index(COIN, price))?;
            self.venue.second += LOOK;
            self.venue.must(&json!("time"))?;
            while let Some(one) = next.next_if(|one| one.tick <= tick) {
                self.visit(one, price)?;
            }
        }
        Ok(())
    }

    /// A keeper is shown what is for sale, bids for it, and sells what he got.
    fn visit(&mut self, one: &Coming, price: f64) -> Result<(), String> {
        let game = self.play.game;
        let (name, group) = (self.loans[one.loan].name.clone(), self.loans[one.loan].group);
        let (held, owed) = self.venue.has(&name);
        let left = Lot { collateral: held * price, debt: -owed, ..game.failing[group].lot };
        let spread = &self.play.rule.spread;
        if !self.venue.sells(&name) {
            self.facts.idle += 1;
            let past = left.debt > 0.0 && left.debt * (1.0 + spread.bonus) >= left.collateral;
            self.facts.past += u64::from(past);
            return Ok(());
        }
        let trade = left.spread(1.0, game.sale.threshold, spread);
        let (value, asked) = (trade.seized, trade.repaid);
        let seconds = game.sale.timing.delay + one.taker.clock;
        let whole = game.failing[group].lot.spread(price, game.sale.threshold, spread);
        let mut keeper = Demand {
            margin: Some(self.play.lots.margin(group, &one.taker)),
            // What play lets him pay: his share of what the whole lot costs.
            capital: whole.repaid * game.share(&game.keepers[one.taker.class]),
            fee: self.play.fees[group][one.taker.level],
        };
        let Some(bid) = keeper.bid(&Offer { seconds, value, asked, sealed: false }) else {
            return Ok(());
        };
        let before = self.venue.has(&one.account).1;
        self.bids(one, &name, bid.pays * bid.share, price)?;
        let (got, after) = self.venue.has(&one.account);
        if got > 0.0 {
            self.sells(one, group, (got, before - after), price)?;
        }
        Ok(())
    }

    /// Bids until that much is paid: the rule lets one bid repay a part of the debt.
    fn bids(&mut self, one: &Coming, name: &str, most: f64, price: f64) -> Result<(), String> {
        let first = self.venue.has(&one.account).1;
        for _ in 0..BIDS {
            let left = most - (first - self.venue.has(&one.account).1);
            if left < LEAST || !self.venue.sells(name) {
                break;
            }
            let (amount, limit) = (shown(left), shown(price));
            let (by, bid) = (&one.account, "bid");
            let asked = json!({ "account": name, "by": by, "amount": amount, "limit": limit });
            let events = self.venue.send(&json!({ bid: asked }))?;
            self.facts.bids += 1;
            if events.iter().any(|event| matches!(event, Event::Refused(_))) {
                break;
            }
            self.loans[one.loan].bids += 1;
        }
        Ok(())
    }

    /// What a keeper got leaves the venue, and its price comes back, less what selling costs, gas,
    /// and the protocol's share of the bonus, which the engine's rule does not take.
    fn sells(
        &mut self,
        one: &Coming,
        group: usize,
        (got, paid): (f64, f64),
        price: f64,
    ) -> Result<(), String> {
        let (game, class) = (self.play.game, one.taker.class);
        let seized = got * price;
        let proceeds = seized * (1.0 + self.play.lots.beyond(&one.taker));
        let fee = (seized - paid) * game.fee();
        let name = &one.account;
        self.venue.must(&cash("withdraw", name, COIN, floored(got)))?;
        self.venue.must(&cash("deposit", name, CASH, proceeds))?;
        self.values.profit[class] += game.failing[group].weight() * (proceeds - paid);
        self.pays(name, &one.taker, group, game.keepers[class].gas + fee)
    }

    /// A keeper pays somebody who is not at the venue.
    fn pays(&mut self, name: &str, taker: &Taker, group: usize, much: f64) -> Result<(), String> {
        if much > 0.0 {
            self.venue.must(&cash("withdraw", name, CASH, much))?;
        }
        self.values.profit[taker.class] -= self.play.game.failing[group].weight() * much;
        Ok(())
    }

    /// Loans that are healthy are repaid; the fund takes over the others at the price at which it
    /// sells, and pays what is missing.
    fn end(&mut self, price: f64) -> Result<(), String> {
        let game = self.play.game;
        let mut needs = 0.0;
        for at in 0..self.loans.len() {
            let Loan { name, group, bids } = &self.loans[at];
            let apart = f64::from(game.failing[*group].apart());
            self.values.nobody[*group] += f64::from(u8::from(*bids == 0)) / apart;
            let (name, (held, owed)) = (name.clone(), self.venue.has(name));
            if -owed <= game.sale.threshold * held * price && owed < 0.0 {
                self.venue.must(&cash("deposit", &name, CASH, -owed))?;
            } else {
                needs -= owed;
            }
        }
        if needs <= 0.0 {
            return Ok(());
        }
        let fund = json!({ "asset": CASH, "amount": shown(needs + 1.0) });
        self.venue.must(&json!({ "fund": fund }))?;
        self.venue.must(&self.play.rule.takeover())?;
        let mut events = self.venue.must(&index(COIN, price * (1.0 - game.fund.cost)))?;
        self.venue.second += TAKEOVER;
        events.extend(self.venue.must(&json!("time"))?);
        for event in &events {
            let Event::Liquidation(fact) = event else { continue };
            let Fact::Insured { account, paid, .. } = fact.as_ref() else { continue };
            let Some(loan) = self.loans.iter().find(|loan| loan.name == *account) else { continue };
            let weight = game.failing[loan.group].weight();
            self.values.missing[loan.group] += weight * paid.to_f64();
        }
        match self.loans.iter().find(|loan| self.venue.has(&loan.name).1 < -LEAST) {
            Some(loan) => {
                Err(format!("{} owes {:?} after all", loan.name, self.venue.has(&loan.name)))
            }
            None => Ok(()),
        }
    }
}

/// Down to the digits that commands write, and one less: a sum of many digits may read as a little
/// more than it is.
fn floored(amount: f64) -> f64 {
    ((amount * 1e6).floor() - 1.0).max(0.0) / 1e6
}

fn account(kind: &str, at: usize, number: u32) -> String {
    format!("{kind}-{at}-{number}")
}

fn index(asset: &str, price: f64) -> Value {
    json!({ "index": { "asset": asset, "price": format!("{price:.12}") } })
}

fn cash(what: &str, account: &str, asset: &str, amount: f64) -> Value {
    let cash = json!({ "account": account, "asset": asset, "amount": shown(amount) });
    json!({ what: cash })
}
