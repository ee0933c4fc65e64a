//! The stream of commands of one seed: what a venue's day looks like, and what it must not fear.

use crate::random::Random;
use keelmark_book::Timestamp;
use keelmark_engine::command::Command;

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

/// A stream of commands.
#[derive(Clone, Debug)]
pub struct Workload {
    random: Random,
    accounts: usize,
    opened: usize,
    orders: u64,
    /// Open orders as far as the stream knows: account, number, instrument, signed lots.
    placed: Vec<(usize, u64, usize, i64)>,
    prices: Vec<i64>,
    now: i64,
    numbers: [u64; 3],
    queue: Vec<String>,
    last: Option<Command>,
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
            prices: LISTED.iter().map(|listed| listed.3 * 100).collect(),
            now: START,
            numbers: [0; 3],
            queue,
            last: None,
        }
    }

    /// The next command.
    ///
    /// # Errors
    /// When the stream wrote what is no command: a fault of the simulation.
    pub fn command(&mut self) -> Result<Command, serde_json::Error> {
        if let Some(last) = self.last.clone().filter(|_| self.random.chance(1, 200)) {
            return Ok(last);
        }
        let action = match self.queue.pop() {
            Some(action) => action,
            None => self.action(),
        };
        let sender = self.random.below(self.numbers.len());
        self.numbers[sender] += 1 + u64::from(self.random.chance(1, 50));
        self.pass();
        let at = if self.random.chance(1, 300) { self.now - 5 * NANOS } else { self.now };
        let at = Timestamp::from_nanos(at);
        let number = self.numbers[sender];
        let line =
            format!(r#"{{"from":"desk{sender}","number":{number},"at":"{at}","do":{action}}}"#);
        let command: Command = serde_json::from_str(&line)?;
        self.last = Some(command.clone());
        Ok(command)
    }

    /// Time passes: mostly little, now and then an hour.
    fn pass(&mut self) {
        self.now += match self.random.below(1_000) {
            0 => 3_600 * NANOS,
            1..=20 => 60 * NANOS,
            21..=500 => (self.random.below(1_000) as i64) * 1_000_000,
            _ => 0,
        };
    }

    fn action(&mut self) -> String {
        if self.opened < 3 || (self.opened < self.accounts && self.random.chance(1, 20)) {
            return self.open();
        }
        match self.random.below(100) {
            0..=11 => self.cash("deposit", 1_000_000),
            12..=19 => self.cash("withdraw", 100_000),
            20..=23 => self.transfer(),
            24..=41 => self.place(),
            42..=47 => self.cancel(),
            48..=51 => self.amend(),
            52..=76 => self.trade(),
            77..=87 => self.price(),
            88 => self.funding(),
            89..=91 => self.margin(),
            92..=93 => self.mode(),
            94 => format!(r#"{{"close":{{"account":"{}"}}}}"#, self.account()),
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
        self.queue.push(format!(
            r#"{{"deposit":{{"account":"a{name}","asset":"USDC","amount":"{}"}}}}"#,
            1_000 + self.random.below(500_000)
        ));
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
        let (account, whole, part) = (self.account(), cents / 100, cents % 100);
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
    fn near(&mut self, instrument: usize) -> String {
        let price = self.prices[instrument];
        let moved = price + price * (self.random.below(401) as i64 - 200) / 10_000;
        money(moved)
    }

    fn place(&mut self) -> String {
        let (account, instrument) =
            (self.random.below(self.opened), self.random.below(LISTED.len()));
        let lots = self.lots(instrument);
        self.orders += 1;
        let number = self.orders;
        self.placed.push((account, number, instrument, lots));
        if self.placed.len() > 500 {
            self.placed.remove(0);
        }
        let price = match self.random.below(4) {
            0 => String::new(),
            _ => format!(r#","price":"{}""#, self.near(instrument)),
        };
        let reduce = if self.random.chance(1, 6) { r#","reduce_only":true"# } else { "" };
        let isolated = if self.random.chance(1, 8) { r#","isolated":true"# } else { "" };
        let (name, quantity) = (LISTED[instrument].0, Self::quantity(instrument, lots));
        format!(
            r#"{{"place":{{"account":"a{account}","order":{number},"instrument":"{name}",
            "quantity":"{quantity}"{price}{reduce}{isolated}}}}}"#
        )
    }

    fn cancel(&mut self) -> String {
        let (account, order) = match self.random.below(self.placed.len()) {
            at if at < self.placed.len() => {
                let (account, order, ..) = self.placed.swap_remove(at);
                (account, order)
            }
            _ => (0, 0),
        };
        format!(r#"{{"cancel":{{"account":"a{account}","order":{order}}}}}"#)
    }

    fn amend(&mut self) -> String {
        if self.placed.is_empty() {
            return self.place();
        }
        let (account, order, instrument, lots) = *self.random.pick(&self.placed);
        let other = self.lots(instrument).abs() * lots.signum();
        let (quantity, price) = (Self::quantity(instrument, other), self.near(instrument));
        format!(
            r#"{{"amend":{{"account":"a{account}","order":{order},"quantity":"{quantity}",
            "price":"{price}"}}}}"#
        )
    }

    fn trade(&mut self) -> String {
        let resting = self.random.chance(1, 2) && !self.placed.is_empty();
        let (instrument, lots, maker) = if resting {
            let (account, order, instrument, lots) = *self.random.pick(&self.placed);
            let part = 1 + self.random.below(lots.unsigned_abs() as usize) as i64;
            (instrument, part * lots.signum(), format!(r#""account":"a{account}","order":{order}"#))
        } else {
            let instrument = self.random.below(LISTED.len());
            let lots = self.lots(instrument);
            (instrument, lots, format!(r#""account":"{}""#, self.account()))
        };
        let isolated = if self.random.chance(1, 10) { r#","isolated":true"# } else { "" };
        let fee = ["", r#","fee":"1.25""#, r#","fee":"-0.5""#][self.random.below(3)];
        let taker = format!(r#""account":"{}"{isolated}{fee}"#, self.account());
        let (buyer, seller) = if lots > 0 { (maker, taker) } else { (taker, maker) };
        let (name, price) = (LISTED[instrument].0, self.near(instrument));
        let quantity = Self::quantity(instrument, lots.abs());
        format!(
            r#"{{"trade":{{"instrument":"{name}","quantity":"{quantity}","price":"{price}",
            "buyer":{{{buyer}}},"seller":{{{seller}}}}}}}"#
        )
    }

    /// A price moves: mostly a little, now and then a jump of a fifth.
    fn price(&mut self) -> String {
        let widest = if self.random.chance(1, 60) { 2_000 } else { 60 };
        let move_by = self.random.below(2 * widest + 1) as i64 - widest as i64;
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
        let (account, instrument) = (self.account(), LISTED[self.random.below(3)].0);
        let amount = self.random.below(2_000) as i64 - 1_000;
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

/// Hundredths as a decimal.
fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
