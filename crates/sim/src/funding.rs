//! Funding in the reference: every account asked for each of its positions, in big integers.

use crate::holdings::{big, funded};
use crate::reference::Reference;
use keelmark_book::{InstrumentId, Kind};
use keelmark_engine::command::Funding;
use num_bigint::BigInt;

impl Reference {
    /// Longs pay shorts; `None` is a refusal, and nothing has changed.
    pub(crate) fn funding(&mut self, paid: &Funding) -> Option<()> {
        let id = self.market.instruments.find(&paid.instrument).ok()?;
        self.traded(id, true)?;
        let one = self.market.instruments.get(id).clone();
        let price = paid.price.unwrap_or(self.market.quote(id).mark);
        if one.kind != Kind::Perpetual || !price.is_positive() {
            return None;
        }
        let each = match (paid.rate, paid.amount) {
            (Some(rate), None) => funded(&one, &big(price.decimal()), &big(rate.decimal())),
            (None, Some(amount)) => {
                let lot = big(one.lot.decimal()) * big(amount.decimal());
                crate::holdings::units(&lot)
            }
            _ => return None,
        };
        let names: Vec<String> = self.accounts.keys().cloned().collect();
        for name in names {
            for alone in [false, true] {
                let amount = self.lots(&name, id, alone)? * &each;
                if alone && amount != BigInt::ZERO {
                    *self.accounts.get_mut(&name)?.margins.get_mut(&id)? -= amount;
                    self.touched.insert(name.clone());
                } else {
                    self.pay(&name, &one.settle, &-amount);
                }
            }
        }
        Some(())
    }

    fn lots(&self, name: &str, id: InstrumentId, alone: bool) -> Option<BigInt> {
        let lot = big(self.market.instruments.get(id).lot.decimal());
        let held = self.accounts.get(name)?.positions.get(&(id, alone));
        Some(held.map(|fills| &fills.sum().quantity / lot).unwrap_or_default())
    }
}
