//! An account on its way out: orders and stops cancelled, positions closed, everything taken out.

use super::Workload;
use super::orders::cancel_stop;
use crate::holdings::small;
use crate::reference::Reference;
use num_bigint::BigInt;

/// Steps after which an account that cannot be closed is left alone.
const PATIENCE: usize = 40;

impl Workload {
    /// The next step of whoever is on his way out; `None` where nobody is.
    pub(super) fn retire(&mut self, known: &Reference) -> Option<String> {
        let (account, steps) = self.leaving?;
        self.leaving = Some((account, steps + 1));
        let name = format!("a{account}");
        let held = known.accounts.get(&name).filter(|_| steps < PATIENCE);
        let Some(held) = held else {
            self.leaving = None;
            return None;
        };
        if let Some(order) = held.orders.keys().next() {
            return Some(super::cancel(account, *order));
        }
        if let Some((_, stop)) = known.waiting().find(|(whose, _)| *whose == name) {
            return Some(cancel_stop(&name, stop));
        }
        if let Some(((id, alone), fills)) = held.positions.iter().next() {
            let long = fills.sum().quantity > BigInt::ZERO;
            let quantity = small(&BigInt::from(fills.sum().quantity.magnitude().clone()))?;
            let (symbol, mark) =
                (known.market.instruments.get(*id).to_string(), known.market.quote(*id).mark);
            let mine = format!(r#"{{"account":"{name}","isolated":{alone}}}"#);
            let other = format!(r#"{{"account":"{}"}}"#, self.account());
            let (buyer, seller) = if long { (other, mine) } else { (mine, other) };
            return Some(format!(
                r#"{{"trade":{{"instrument":"{symbol}","quantity":"{quantity}","price":"{mark}",
                "buyer":{buyer},"seller":{seller}}}}}"#
            ));
        }
        if let Some((asset, amount)) = held.cash.iter().next() {
            let sum = small(&BigInt::from(amount.magnitude().clone()))?;
            if *amount < BigInt::ZERO {
                return Some(format!(
                    r#"{{"deposit":{{"account":"{name}","asset":"{asset}","amount":"{sum}"}}}}"#
                ));
            }
            let to = self.account();
            if steps % 2 == 0 {
                return Some(format!(
                    r#"{{"transfer":{{"from":"{name}","to":"{to}","asset":"{asset}",
                    "amount":"{sum}"}}}}"#
                ));
            }
            return Some(format!(
                r#"{{"withdraw":{{"account":"{name}","asset":"{asset}","amount":"{sum}"}}}}"#
            ));
        }
        if steps % 3 == 2 {
            return Some(r#"{"accrue":{}}"#.to_owned());
        }
        self.hope.closed = Some(account);
        Some(format!(r#"{{"close":{{"account":"{name}"}}}}"#))
    }
}
