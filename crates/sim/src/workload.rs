//! The stream of commands of one seed: what a venue's day looks like, and what it must not fear.

mod heard;
mod liquidation;
mod listed;
mod orders;
mod retire;
mod rules;

use crate::random::Random;
use crate::reference::Reference;
use keelmark_book::Timestamp;
use keelmark_engine::command::Command;
use listed::Listed;
use std::collections::BTreeMap;

const COINS: &[(&str, i64)] = &[("USDC", 1), ("BTC", 70_000), ("ETH", 3_500)];
const MODELS: &[&str] = &["cross", "isolated", "deribit-pm"];
const NANOS: i64 = 1_000_000_000;
/// What falls due by a rule's seconds is never due with what falls due at a whole minute.
const START: i64 = 1_773_428_400 * NANOS + 137;

/// An open order as the stream knows it.
#[derive(Clone, Debug)]
struct Placed {
    account: usize,
    number: u64,
    instrument: usize,
    /// Lots, buy above zero.
    lots: i64,
    /// Limit price in hundredths.
    price: Option<i64>,
    isolated: bool,
}

/// What the stream will know if its last command is accepted.
#[derive(Clone, Debug, Default)]
struct Hope {
    /// Who needs money if it is not.
    payers: Vec<usize>,
    placed: Option<Placed>,
    /// An order that is gone, or has so many lots less.
    filled: Option<(u64, i64)>,
    /// Fills: account, instrument, whether alone, lots.
    fills: Vec<(usize, usize, bool, i64)>,
    /// An account that is closed.
    closed: Option<usize>,
    /// An instrument, and its end.
    delisted: Option<(usize, i64)>,
}

/// A stream of commands.
#[derive(Clone, Debug)]
pub struct Workload {
    random: Random,
    accounts: usize,
    opened: usize,
    orders: u64,
    /// Open orders as far as the stream knows.
    placed: Vec<Placed>,
    /// Lots held by account, instrument and whether alone, as far as the stream knows.
    held: BTreeMap<(usize, usize, bool), i64>,
    /// What becomes of these if the command that was sent last is accepted.
    hope: Hope,
    /// All that was ever listed.
    listed: Vec<Listed>,
    /// Whether changes of rules were made to wait.
    governed: bool,
    /// Whether accounts are liquidated, and prices jump more often than elsewhere.
    liquidates: bool,
    /// Accounts that are open.
    live: Vec<usize>,
    /// An account that is to be closed, and how many steps that took.
    leaving: Option<(usize, usize)>,
    now: i64,
    numbers: [u64; 3],
    queue: Vec<String>,
    last: Option<Command>,
    /// An account that floods the venue, and with how many orders more.
    storm: Option<(usize, usize)>,
}

impl Workload {
    /// The stream of a seed over at most so many accounts.
    #[must_use]
    pub fn new(seed: u64, accounts: usize) -> Self {
        let mut queue: Vec<String> =
            MODELS.iter().map(|name| format!(r#"{{"model":{{"name":"{name}"}}}}"#)).collect();
        for (coin, price) in COINS {
            queue.push(format!(r#"{{"index":{{"asset":"{coin}","price":"{price}"}}}}"#));
        }
        let (listed, actions) = listed::first();
        queue.extend(actions);
        let rule = Self::first_rule(seed);
        let liquidates = rule.is_some();
        queue.extend(rule);
        queue.reverse();
        Self {
            random: Random::new(seed),
            accounts,
            opened: 0,
            orders: 0,
            placed: Vec::new(),
            held: BTreeMap::new(),
            hope: Hope::default(),
            listed,
            governed: false,
            liquidates,
            live: Vec::new(),
            leaving: None,
            now: START,
            numbers: [0; 3],
            queue,
            last: None,
            storm: None,
        }
    }

    /// The next command.
    ///
    /// # Errors
    /// When the stream wrote what is no command: a fault of the simulation.
    pub fn command(&mut self, known: &Reference) -> Result<Command, serde_json::Error> {
        if let Some(last) = self.last.clone().filter(|_| self.random.chance(1, 200)) {
            self.hope = Hope::default();
            return Ok(last);
        }
        self.hope = Hope::default();
        let action = match self.queue.pop() {
            Some(action) => action,
            None => self.action(known),
        };
        let sender = self.random.below(self.numbers.len());
        self.numbers[sender] += 1 + u64::from(self.random.chance(1, 50));
        if self.storm.is_none() {
            self.pass();
            self.forget();
        }
        let late = self.opened > 0 && self.random.chance(1, 300);
        let at = if late { self.now - 5 * NANOS } else { self.now };
        let at = Timestamp::from_nanos(at);
        let number = self.numbers[sender];
        let line =
            format!(r#"{{"from":"desk{sender}","number":{number},"at":"{at}","do":{action}}}"#);
        let command: Command = serde_json::from_str(&line)?;
        self.last = Some(command.clone());
        Ok(command)
    }

    /// Time passes: mostly little, now and then hours, seldom days.
    fn pass(&mut self) {
        self.now += match self.random.below(10_000) {
            0 => (1 + self.random.below(3) as i64) * 86_400 * NANOS,
            1..=5 => (1 + self.random.below(12) as i64) * 3_600 * NANOS,
            6..=200 => 60 * NANOS,
            201..=5_000 => (self.random.below(1_000) as i64) * 1_000_000,
            _ => 0,
        };
    }

    fn action(&mut self, known: &Reference) -> String {
        if let Some((account, more)) = self.storm {
            self.storm = (more > 1).then_some((account, more - 1));
            return self.place_of(account);
        }
        if self.live.len() < 3 || (self.live.len() < self.accounts && self.random.chance(1, 40)) {
            return self.open();
        }
        if self.leaving.is_some()
            && self.random.chance(2, 3)
            && let Some(step) = self.retire(known)
        {
            return step;
        }
        if known.offers().next().is_some() && self.random.chance(1, 3) {
            return self.take(known);
        }
        if known.auctions().next().is_some() && self.random.chance(1, 3) {
            return self.bid(known);
        }
        match self.random.below(10_000) {
            0..=799 => self.cash("deposit", 500_000),
            800..=1_399 => self.cash("withdraw", 5_000),
            1_400..=1_699 => self.transfer(),
            1_700..=3_899 => self.place(),
            3_900..=4_799 => self.cancel(known),
            4_800..=5_299 => self.amend(),
            5_300..=7_899 => self.trade(),
            7_900..=8_599 => self.price(),
            8_600..=8_999 => self.stop(known),
            9_000..=9_099 => self.funding(),
            9_100..=9_299 => self.margin(),
            9_300..=9_399 => self.mode(),
            9_400..=9_439 => {
                self.leaving = self.leaving.or(Some((self.someone(), 0)));
                format!(r#"{{"close":{{"account":"{}"}}}}"#, self.account())
            }
            9_440..=9_441 => self.burst(),
            9_442..=9_469 => self.listing(),
            9_470..=9_474 => self.settlement(),
            9_475..=9_649 => self.rule(),
            9_650..=9_799 if self.liquidates => self.take(known),
            9_800..=9_804 if self.liquidates && !self.governed => self.liquidation(),
            _ => self.hostile(),
        }
    }

    fn open(&mut self) -> String {
        let name = self.opened;
        self.opened += 1;
        self.live.push(name);
        if self.liquidates && !self.governed && name == 2 {
            let (rule, fund) = (self.waterfall(), self.fund());
            self.queue.extend([rule, fund]);
        }
        let mode = *self.random.pick(&["isolated", "cross", "cross", "portfolio"]);
        let model = self.model(mode);
        let parent = if self.random.chance(1, 10) {
            format!(r#","parent":"{}""#, self.account())
        } else {
            String::new()
        };
        for (coin, price) in COINS {
            let amount = 500 + (500 + self.random.below(2_000_000)) / *price as usize;
            self.queue.push(deposit(name, coin, amount));
        }
        format!(r#"{{"open":{{"account":"a{name}","mode":"{mode}","model":"{model}"{parent}}}}}"#)
    }

    fn model(&mut self, mode: &str) -> &'static str {
        match mode {
            "portfolio" => "deribit-pm",
            _ if self.random.chance(1, 10) => MODELS[self.random.below(MODELS.len())],
            _ => "cross",
        }
    }

    fn account(&mut self) -> String {
        format!("a{}", self.someone())
    }

    /// An account that is open, mostly.
    fn someone(&mut self) -> usize {
        if self.random.chance(1, 200) {
            return self.random.below(self.opened);
        }
        match self.live.len() {
            0 => 0,
            _ => *self.random.pick(&self.live),
        }
    }

    fn cash(&mut self, what: &str, most: usize) -> String {
        let (coin, price) = *self.random.pick(COINS);
        let cents = 1 + self.random.below(most * 100 / price as usize);
        let (whole, part) = (cents / 100, cents % 100);
        let account = self.account();
        let amount = format!("{whole}.{part:02}");
        format!(r#"{{"{what}":{{"account":"{account}","asset":"{coin}","amount":"{amount}"}}}}"#)
    }

    fn transfer(&mut self) -> String {
        let (from, to) = (self.account(), self.account());
        let amount = self.random.below(20_000);
        format!(
            r#"{{"transfer":{{"from":"{from}","to":"{to}","asset":"USDC","amount":"{amount}"}}}}"#
        )
    }

    /// A price moves: mostly a little, now and then it jumps by 20 to 40 %.
    fn price(&mut self) -> String {
        let jumps = if self.liquidates { 25 } else { 150 };
        let move_by = if self.random.chance(1, jumps) {
            let jump = 2_000 + self.random.below(2_001) as i64;
            if self.random.chance(1, 2) { jump } else { -jump }
        } else {
            self.random.below(121) as i64 - 60
        };
        if self.random.chance(1, 5) {
            let (coin, price) = *self.random.pick(COINS);
            let price = price * 100 + price * move_by / 100;
            return format!(r#"{{"index":{{"asset":"{coin}","price":"{}"}}}}"#, money(price));
        }
        let instrument = self.instrument();
        let one = &mut self.listed[instrument];
        one.moves(move_by);
        let (name, mark) = (&one.name, money(one.price));
        format!(r#"{{"mark":{{"instrument":"{name}","mark":"{mark}"}}}}"#)
    }

    fn margin(&mut self) -> String {
        let mut of = (self.someone(), self.random.below(3));
        let alone: Vec<_> = self.held.keys().filter(|key| key.2).collect();
        if let Some(key) = alone.get(self.random.below(alone.len())) {
            of = (key.0, key.1);
        }
        let one = &self.listed[of.1];
        let (account, instrument) = (format!("a{}", of.0), &one.name);
        let amount = self.random.below(if one.shape.in_bitcoin { 2 } else { 2_000 }) as i64;
        let amount = if self.random.chance(1, 4) { -amount } else { amount };
        format!(
            r#"{{"margin":{{"account":"{account}","instrument":"{instrument}",
            "amount":"{amount}"}}}}"#
        )
    }

    /// Time passes, or longs pay shorts: a rate, an amount or, by mistake, neither.
    fn funding(&mut self) -> String {
        let at = self.instrument();
        let name = &self.listed[at].name;
        let part = self.random.below(100_000);
        let sign = *self.random.pick(&["", "-"]);
        match self.random.below(6) {
            0 => r#""time""#.to_owned(),
            1 => format!(r#"{{"funding":{{"instrument":"{name}"}}}}"#),
            2 => format!(r#"{{"funding":{{"instrument":"{name}","amount":"{sign}0.{part:05}"}}}}"#),
            _ => format!(r#"{{"funding":{{"instrument":"{name}","rate":"{sign}0.00{part:05}"}}}}"#),
        }
    }

    fn mode(&mut self) -> String {
        let mode = *self.random.pick(&["isolated", "cross", "portfolio"]);
        let (account, model) = (self.account(), self.model(mode));
        format!(r#"{{"mode":{{"account":"{account}","mode":"{mode}","model":"{model}"}}}}"#)
    }

    /// What somebody sends who means harm, or has a bug.
    fn hostile(&mut self) -> String {
        let account = self.account();
        let at = self.instrument();
        let name = &self.listed[at].name;
        let huge = *self.random.pick(&["99999999999999999999", "98765432109876543210", "0", "-1"]);
        match self.random.below(8) {
            0 => format!(
                r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"{huge}"}}}}"#
            ),
            1 => format!(
                r#"{{"withdraw":{{"account":"{account}","asset":"USDC","amount":"{huge}"}}}}"#
            ),
            2 => format!(
                r#"{{"place":{{"account":"{account}","order":{},"instrument":"{name}",
                "quantity":"{huge}"}}}}"#,
                u64::MAX
            ),
            3 => format!(
                r#"{{"trade":{{"instrument":"{name}","quantity":"{huge}","price":"{huge}",
                "buyer":{{"account":"{account}"}},"seller":{{"account":"{account}"}}}}}}"#
            ),
            4 => format!(r#"{{"mark":{{"instrument":"{name}","mark":"0"}}}}"#),
            5 => r#"{"cancel":{"account":"nobody","order":1}}"#.to_owned(),
            6 => format!(
                r#"{{"margin":{{"account":"{account}","instrument":"{name}","amount":"{huge}"}}}}"#
            ),
            _ => format!(r#"{{"open":{{"account":"{account}","mode":"cross","model":"cross"}}}}"#),
        }
    }
}

fn cancel(account: usize, order: u64) -> String {
    format!(r#"{{"cancel":{{"account":"a{account}","order":{order}}}}}"#)
}

fn deposit(account: usize, coin: &str, amount: usize) -> String {
    format!(r#"{{"deposit":{{"account":"a{account}","asset":"{coin}","amount":"{amount}"}}}}"#)
}

/// Hundredths as a decimal.
fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
