//! The stream of commands of one seed: what a venue's day looks like, and what it must not fear.

mod heard;
mod rules;

use crate::random::Random;
use crate::reference::Reference;
use keelmark_book::Timestamp;
use keelmark_engine::command::Command;
use std::collections::BTreeMap;

/// Instruments that are listed at the start, each with its first mark.
const LISTED: &[(&str, &str, &str, i64)] = &[
    ("sim:BTC/USDC:USDC", "1", "0.001", 70_000),
    ("sim:ETH/USDC:USDC", "1", "0.01", 3_500),
    ("sim:BTC/USD:BTC", "10", "1", 70_000),
    ("sim:BTC/USDC", "1", "0.001", 70_000),
    ("sim:BTC/USDC:USDC-270326-80000-C", "1", "0.1", 4_000),
];
const COINS: &[(&str, i64)] = &[("USDC", 1), ("BTC", 70_000), ("ETH", 3_500)];
const MODELS: &[&str] = &["cross", "isolated", "deribit-pm"];
/// Commands that set the stage.
const NANOS: i64 = 1_000_000_000;
const START: i64 = 1_773_428_400 * NANOS;

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
    prices: Vec<i64>,
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
        for (name, size, lot, mark) in LISTED {
            let vol = if name.ends_with("-C") { r#","iv":0.5,"forward":"70500""# } else { "" };
            queue.push(format!(
                r#"{{"list":{{"instrument":"{name}","contract_size":"{size}","lot":"{lot}",
                "mark":"{mark}"{vol}}}}}"#
            ));
        }
        queue.reverse();
        Self {
            random: Random::new(seed),
            accounts,
            opened: 0,
            orders: 0,
            placed: Vec::new(),
            held: BTreeMap::new(),
            hope: Hope::default(),
            prices: LISTED.iter().map(|listed| listed.3 * 100).collect(),
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
    pub fn command(&mut self, _known: &Reference) -> Result<Command, serde_json::Error> {
        if let Some(last) = self.last.clone().filter(|_| self.random.chance(1, 200)) {
            self.hope = Hope::default();
            return Ok(last);
        }
        self.hope = Hope::default();
        let action = match self.queue.pop() {
            Some(action) => action,
            None => self.action(),
        };
        let sender = self.random.below(self.numbers.len());
        self.numbers[sender] += 1 + u64::from(self.random.chance(1, 50));
        if self.storm.is_none() {
            self.pass();
        }
        let at = if self.random.chance(1, 300) { self.now - 5 * NANOS } else { self.now };
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

    fn action(&mut self) -> String {
        if let Some((account, more)) = self.storm {
            self.storm = (more > 1).then_some((account, more - 1));
            return self.place_of(account);
        }
        if self.opened < 3 || (self.opened < self.accounts && self.random.chance(1, 20)) {
            return self.open();
        }
        match self.random.below(10_000) {
            0..=799 => self.cash("deposit", 500_000),
            800..=1_399 => self.cash("withdraw", 5_000),
            1_400..=1_699 => self.transfer(),
            1_700..=3_899 => self.place(),
            3_900..=4_799 => self.cancel(),
            4_800..=5_299 => self.amend(),
            5_300..=7_999 => self.trade(),
            8_000..=9_099 => self.price(),
            9_100..=9_199 => self.funding(),
            9_200..=9_399 => self.margin(),
            9_400..=9_499 => self.mode(),
            9_500..=9_509 => format!(r#"{{"close":{{"account":"{}"}}}}"#, self.account()),
            9_510..=9_511 => self.burst(),
            9_512..=9_599 => self.rule(),
            _ => self.hostile(),
        }
    }

    fn open(&mut self) -> String {
        let name = self.opened;
        self.opened += 1;
        let mode = *self.random.pick(&["isolated", "cross", "cross", "portfolio"]);
        let model = self.model(mode);
        let parent = if self.random.chance(1, 10) && name > 0 {
            format!(r#","parent":"a{}""#, self.random.below(name))
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
        format!("a{}", self.random.below(self.opened))
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

    /// Signed lots of an instrument worth up to some thousands.
    fn lots(&mut self, instrument: usize) -> i64 {
        let most = [900, 1_500, 2_000, 300, 12][instrument];
        let lots = 1 + self.random.below(most) as i64;
        if self.random.chance(1, 2) { lots } else { -lots }
    }

    fn quantity(instrument: usize, lots: i64) -> String {
        let (scale, places) = [(1_000, 3), (100, 2), (1, 0), (1_000, 3), (10, 1)][instrument];
        let sign = if lots < 0 { "-" } else { "" };
        let lots = lots.unsigned_abs();
        if places == 0 {
            return format!("{sign}{lots}");
        }
        format!("{sign}{}.{:0places$}", lots / scale, lots % scale)
    }

    /// A price near the mark, in hundredths.
    fn around(&mut self, instrument: usize) -> i64 {
        let price = self.prices[instrument];
        price + price * (self.random.below(401) as i64 - 200) / 10_000
    }

    fn place(&mut self) -> String {
        let account = self.random.below(self.opened);
        self.place_of(account)
    }

    /// An order; one in six may only reduce a position that is there.
    fn place_of(&mut self, account: usize) -> String {
        let mut instrument = self.random.below(LISTED.len());
        let mut isolated = self.random.chance(1, 12);
        let mut lots = self.lots(instrument);
        if LISTED[instrument].0.ends_with("/USDC") && self.random.chance(9, 10) {
            // Most documents margin no order on spot.
            instrument = 0;
        }
        let held = self.position();
        let reduces = self.random.chance(1, 6) && held.is_some();
        let mut account = account;
        if let Some(((whose, which, alone), open)) = held.filter(|_| reduces) {
            (account, instrument, isolated) = (whose, which, alone);
            lots = -(1 + self.random.below(open.unsigned_abs() as usize) as i64) * open.signum();
        }
        self.orders += 1;
        let number = self.orders;
        let price = self.random.chance(4, 5).then(|| self.around(instrument));
        self.hope.payers = vec![account];
        self.hope.placed = Some(Placed { account, number, instrument, lots, price, isolated });
        let price = price.map_or(String::new(), |price| format!(r#","price":"{}""#, money(price)));
        let reduce = if reduces { r#","reduce_only":true"# } else { "" };
        let alone = if isolated { r#","isolated":true"# } else { "" };
        let (name, quantity) = (LISTED[instrument].0, Self::quantity(instrument, lots));
        format!(
            r#"{{"place":{{"account":"a{account}","order":{number},"instrument":"{name}",
            "quantity":"{quantity}"{price}{reduce}{alone}}}}}"#
        )
    }

    /// Some position that is held, as far as the stream knows.
    fn position(&mut self) -> Option<((usize, usize, bool), i64)> {
        let at = self.random.below(self.held.len());
        self.held.iter().nth(at).map(|(key, lots)| (*key, *lots))
    }

    /// Hundreds of orders of one account, at one time.
    fn burst(&mut self) -> String {
        let account = self.random.below(self.opened);
        self.storm = Some((account, 100 + self.random.below(300)));
        self.place_of(account)
    }

    fn cancel(&mut self) -> String {
        let at = self.random.below(self.placed.len());
        let (account, order) = match self.placed.get(at) {
            Some(one) => (one.account, one.number),
            None => return self.place(),
        };
        self.hope.filled = Some((order, i64::MAX));
        cancel(account, order)
    }

    fn amend(&mut self) -> String {
        if self.placed.is_empty() {
            return self.place();
        }
        let mut one = self.random.pick(&self.placed).clone();
        if self.random.chance(1, 2) {
            one.lots = self.lots(one.instrument).abs() * one.lots.signum();
        }
        let price = self.around(one.instrument);
        one.price = Some(price);
        let (account, order) = (one.account, one.number);
        let quantity = Self::quantity(one.instrument, one.lots);
        self.hope.filled = Some((order, i64::MAX));
        self.hope.placed = Some(one);
        format!(
            r#"{{"amend":{{"account":"a{account}","order":{order},"quantity":"{quantity}",
            "price":"{}"}}}}"#,
            money(price)
        )
    }

    fn trade(&mut self) -> String {
        let resting = self.random.chance(2, 5) && !self.placed.is_empty();
        let mut price = None;
        let (instrument, lots, maker) = if resting {
            let one = self.random.pick(&self.placed).clone();
            let part = 1 + self.random.below(one.lots.unsigned_abs() as usize) as i64;
            let lots = part * one.lots.signum();
            price = one.price;
            self.hope.filled = Some((one.number, part));
            self.hope.fills.push((one.account, one.instrument, one.isolated, lots));
            let (account, order) = (one.account, one.number);
            (one.instrument, lots, format!(r#""account":"a{account}","order":{order}"#))
        } else {
            let instrument = self.random.below(LISTED.len());
            let lots = self.lots(instrument);
            let account = self.random.below(self.opened);
            self.hope.fills.push((account, instrument, false, lots));
            (instrument, lots, format!(r#""account":"a{account}""#))
        };
        let alone = self.random.chance(1, 12);
        let isolated = if alone { r#","isolated":true"# } else { "" };
        let fee = ["", r#","fee":"1.25""#, r#","fee":"-0.5""#][self.random.below(3)];
        let account = self.random.below(self.opened);
        self.hope.fills.push((account, instrument, alone, -lots));
        self.hope.payers = self.hope.fills.iter().map(|fill| fill.0).collect();
        let taker = format!(r#""account":"a{account}"{isolated}{fee}"#);
        let (buyer, seller) = if lots > 0 { (maker, taker) } else { (taker, maker) };
        let price = price.unwrap_or_else(|| self.around(instrument));
        let (name, price) = (LISTED[instrument].0, money(price));
        let quantity = Self::quantity(instrument, lots.abs());
        format!(
            r#"{{"trade":{{"instrument":"{name}","quantity":"{quantity}","price":"{price}",
            "buyer":{{{buyer}}},"seller":{{{seller}}}}}}}"#
        )
    }

    /// A price moves: mostly a little, now and then it jumps by 20 to 40 %.
    fn price(&mut self) -> String {
        let move_by = if self.random.chance(1, 150) {
            let jump = 2_000 + self.random.below(2_001) as i64;
            if self.random.chance(1, 2) { jump } else { -jump }
        } else {
            self.random.below(121) as i64 - 60
        };
        if self.random.chance(1, 5) {
            let (coin, price) = *self.random.pick(&COINS[1..]);
            let price = price * 100 + price * move_by / 100;
            return format!(r#"{{"index":{{"asset":"{coin}","price":"{}"}}}}"#, money(price));
        }
        let instrument = self.random.below(LISTED.len());
        let first = LISTED[instrument].3 * 100;
        let moved = self.prices[instrument] + self.prices[instrument] * move_by / 10_000;
        self.prices[instrument] = moved.clamp(first / 3, first * 3);
        let (name, mark) = (LISTED[instrument].0, money(self.prices[instrument]));
        format!(r#"{{"mark":{{"instrument":"{name}","mark":"{mark}"}}}}"#)
    }

    fn margin(&mut self) -> String {
        let mut of = (self.random.below(self.opened), self.random.below(3));
        let alone: Vec<_> = self.held.keys().filter(|key| key.2).collect();
        if let Some(key) = alone.get(self.random.below(alone.len())) {
            of = (key.0, key.1);
        }
        let (account, instrument) = (format!("a{}", of.0), LISTED[of.1].0);
        let amount = self.random.below(if of.1 == 2 { 2 } else { 2_000 }) as i64;
        let amount = if self.random.chance(1, 4) { -amount } else { amount };
        format!(
            r#"{{"margin":{{"account":"{account}","instrument":"{instrument}",
            "amount":"{amount}"}}}}"#
        )
    }

    /// Time passes, or longs pay shorts: a rate, an amount or, by mistake, neither.
    fn funding(&mut self) -> String {
        let name = LISTED[self.random.below(LISTED.len())].0;
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
        let name = LISTED[self.random.below(LISTED.len())].0;
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
