//! Orders, stops and trades of the stream.

use super::{Placed, Workload, cancel, money};
use crate::reference::Reference;

impl Workload {
    pub(super) fn place(&mut self) -> String {
        let account = self.someone();
        self.place_of(account)
    }

    /// An order; one in six may only reduce a position that is there.
    pub(super) fn place_of(&mut self, account: usize) -> String {
        let mut instrument = self.instrument();
        let mut isolated = self.random.chance(1, 12);
        if self.listed[instrument].shape.spot && self.random.chance(9, 10) {
            // Most documents margin no order on spot.
            instrument = 0;
        }
        let mut lots = self.listed[instrument].lots(&mut self.random);
        let held = self.position();
        let ends = self.listed[instrument].delisted;
        let reduces = (ends || self.random.chance(1, 6)) && held.is_some();
        let mut account = account;
        if let Some(((whose, which, alone), open)) = held.filter(|_| reduces) {
            (account, instrument, isolated) = (whose, which, alone);
            lots = -(1 + self.random.below(open.unsigned_abs() as usize) as i64) * open.signum();
        }
        self.orders += 1;
        let number = self.orders;
        let one = &self.listed[instrument];
        let price = self.random.chance(4, 5).then(|| one.around(&mut self.random));
        self.hope.payers = vec![account];
        self.hope.placed = Some(Placed { account, number, instrument, lots, price, isolated });
        let price = price.map_or(String::new(), |price| format!(r#","price":"{}""#, money(price)));
        let reduce = if reduces { r#","reduce_only":true"# } else { "" };
        let alone = if isolated { r#","isolated":true"# } else { "" };
        let (name, quantity) = (&one.name, one.quantity(lots));
        format!(
            r#"{{"place":{{"account":"a{account}","order":{number},"instrument":"{name}",
            "quantity":"{quantity}"{price}{reduce}{alone}}}}}"#
        )
    }

    /// Some position that is held, as far as the stream knows.
    pub(super) fn position(&mut self) -> Option<((usize, usize, bool), i64)> {
        let at = self.random.below(self.held.len());
        self.held.iter().nth(at).map(|(key, lots)| (*key, *lots))
    }

    /// Hundreds of orders of one account, at one time.
    pub(super) fn burst(&mut self) -> String {
        let account = self.someone();
        self.storm = Some((account, 100 + self.random.below(300)));
        self.place_of(account)
    }

    pub(super) fn cancel(&mut self, known: &Reference) -> String {
        if self.random.chance(1, 6)
            && let Some((account, order)) = self.open_order(known)
        {
            return cancel(account, order);
        }
        let at = self.random.below(self.placed.len());
        let (account, order) = match self.placed.get(at) {
            Some(one) => (one.account, one.number),
            None => return self.place(),
        };
        self.hope.filled = Some((order, i64::MAX));
        cancel(account, order)
    }

    /// An order that is open, also one that a stop has become.
    fn open_order(&mut self, known: &Reference) -> Option<(usize, u64)> {
        let account = self.someone();
        let held = known.accounts.get(&format!("a{account}"))?;
        let at = self.random.below(held.orders.len());
        held.orders.keys().nth(at).map(|number| (account, *number))
    }

    pub(super) fn amend(&mut self) -> String {
        if self.placed.is_empty() {
            return self.place();
        }
        let mut one = self.random.pick(&self.placed).clone();
        let listed = &self.listed[one.instrument];
        if self.random.chance(1, 2) {
            one.lots = listed.lots(&mut self.random).abs() * one.lots.signum();
        }
        let price = listed.around(&mut self.random);
        one.price = Some(price);
        let (account, order, quantity) = (one.account, one.number, listed.quantity(one.lots));
        self.hope.filled = Some((order, i64::MAX));
        self.hope.placed = Some(one);
        format!(
            r#"{{"amend":{{"account":"a{account}","order":{order},"quantity":"{quantity}",
            "price":"{}"}}}}"#,
            money(price)
        )
    }

    pub(super) fn trade(&mut self) -> String {
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
            let instrument = self.instrument();
            let lots = self.listed[instrument].lots(&mut self.random);
            let account = self.someone();
            self.hope.fills.push((account, instrument, false, lots));
            (instrument, lots, format!(r#""account":"a{account}""#))
        };
        let alone = self.random.chance(1, 12);
        let isolated = if alone { r#","isolated":true"# } else { "" };
        let fee = ["", r#","fee":"1.25""#, r#","fee":"-0.5""#][self.random.below(3)];
        let account = self.someone();
        self.hope.fills.push((account, instrument, alone, -lots));
        self.hope.payers = self.hope.fills.iter().map(|fill| fill.0).collect();
        let taker = format!(r#""account":"a{account}"{isolated}{fee}"#);
        let (buyer, seller) = if lots > 0 { (maker, taker) } else { (taker, maker) };
        let one = &self.listed[instrument];
        let price = price.unwrap_or_else(|| one.around(&mut self.random));
        let (name, price, quantity) = (&one.name, money(price), one.quantity(lots.abs()));
        format!(
            r#"{{"trade":{{"instrument":"{name}","quantity":"{quantity}","price":"{price}",
            "buyer":{{{buyer}}},"seller":{{{seller}}}}}}}"#
        )
    }

    /// A stop near the price: about a position that is there, mostly, and one in five in a pair.
    pub(super) fn stop(&mut self, known: &Reference) -> String {
        if self.random.chance(1, 8)
            && let Some((account, number)) = self.waiting(known)
        {
            return cancel_stop(&account, number);
        }
        self.orders += 1;
        let number = self.orders;
        let ((account, instrument, isolated), held) = match self.position() {
            Some(held) => held,
            None => ((self.someone(), 0, false), 1),
        };
        let opens = self.random.chance(1, 6);
        let one = &self.listed[instrument];
        let lots = match (opens, self.random.chance(1, 2)) {
            (true, _) => Some(one.lots(&mut self.random)),
            (false, true) => {
                let part = 1 + self.random.below(held.unsigned_abs() as usize) as i64;
                Some(-part * held.signum())
            }
            (false, false) => None,
        };
        let away = one.price * (1 + self.random.below(150) as i64) / 10_000;
        let sells = lots.map_or(held > 0, |lots| lots < 0);
        let at = |profit: bool| one.price + if profit == sells { away } else { -away };
        let when = match self.random.below(4) {
            0 => format!(r#"{{"stop-loss":"{}"}}"#, money(at(false).max(1))),
            1 => format!(r#"{{"take-profit":"{}"}}"#, money(at(true).max(1))),
            2 => format!(r#"{{"trail-distance":"{}"}}"#, money(away.max(1))),
            _ => format!(r#"{{"trail-rate":"0.0{:03}"}}"#, 1 + self.random.below(300)),
        };
        let mut more = String::new();
        if let Some(lots) = lots {
            more = format!(r#","quantity":"{}""#, one.quantity(lots));
        }
        if self.random.chance(1, 2) {
            let price = money(one.around(&mut self.random));
            more = format!(r#"{more},"price":"{price}""#);
        }
        if opens {
            more += r#","may_open":true"#;
        }
        if isolated {
            more += r#","isolated":true"#;
        }
        if self.random.chance(1, 5) {
            more += r#","on":"index""#;
        }
        let name = format!("a{account}");
        let other = known.waiting().find(|(whose, _)| *whose == name);
        if let Some((_, other)) = other.filter(|_| self.random.chance(1, 4)) {
            more = format!(r#"{more},"other":{other}"#);
        }
        format!(
            r#"{{"stop":{{"account":"{name}","order":{number},"instrument":"{}",
            "when":{when}{more}}}}}"#,
            one.name
        )
    }

    fn waiting(&mut self, known: &Reference) -> Option<(String, u64)> {
        let at = self.random.below(known.waiting().count());
        known.waiting().nth(at).map(|(account, number)| (account.to_owned(), number))
    }
}

pub(super) fn cancel_stop(account: &str, order: u64) -> String {
    format!(r#"{{"cancel-stop":{{"account":"{account}","order":{order}}}}}"#)
}
