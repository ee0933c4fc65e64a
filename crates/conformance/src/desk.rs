//! A market and one account, put together from the numbers of a case.
//!
//! A case's quantity is often on no venue's lot, so a contract that is held once has what is held
//! for a lot, and another the coarsest decimal one that its quantities are whole numbers of.

use crate::inputs::{Problem, problem, sometime};
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Balance, Decimal, GivenRow, InstrumentId, Kind, Market, Money, Order, Portfolio,
    Position, Price, Quantity, Quote, Right, Round, Timestamp, profit,
};
use keelmark_margin::{AccountMargin, Document, PoolMargin, margin};

/// The venue of contracts that are nobody's in particular.
const VENUE: &str = "case";

/// A market with one account.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Prices, in US dollars.
    pub market: Market,
    /// What is held.
    pub account: Portfolio,
}

/// A contract with its quote.
#[derive(Clone, Debug)]
pub struct Contract {
    /// What it is.
    pub symbol: Symbol,
    /// Its name, free.
    pub name: String,
    /// Base units a contract; face in quote currency for inverse futures.
    pub size: Decimal,
    /// Mark in its own unit.
    pub mark: Decimal,
    /// Volatility and forward, of an option.
    pub option: Option<(f64, Decimal)>,
    /// Its lot, where more than one quantity has to be a whole number of it.
    pub lot: Option<Decimal>,
}

/// An option's expiry, strike and right.
#[derive(Clone, Copy, Debug)]
pub struct OptionTerms {
    /// When it settles.
    pub expiry: Timestamp,
    /// Exercise price.
    pub strike: Decimal,
    /// Call or put.
    pub right: Right,
}

impl Contract {
    /// A perpetual of one base unit, settled in US dollars.
    ///
    /// # Errors
    /// When the base is no asset's name.
    pub fn linear(base: &str, mark: Decimal) -> Result<Self, Problem> {
        Self::new(base, "USD", Kind::Perpetual, Decimal::ONE, mark)
    }

    /// A perpetual with a face in US dollars, settled in the coin.
    ///
    /// # Errors
    /// When the base is no asset's name.
    pub fn inverse(base: &str, face: Decimal, mark: Decimal) -> Result<Self, Problem> {
        Self::new(base, base, Kind::Perpetual, face, mark)
    }

    /// An option on one base unit, settled in US dollars or, where `settle` is the base, in coin.
    ///
    /// # Errors
    /// When a name is no asset's.
    pub fn option(
        base: &str,
        settle: &str,
        terms: OptionTerms,
        mark: Decimal,
        priced_by: (f64, Decimal),
    ) -> Result<Self, Problem> {
        let OptionTerms { expiry, strike, right } = terms;
        let kind = Kind::Option { expiry, strike: Price::new(strike), right };
        let contract = Self::new(base, settle, kind, Decimal::ONE, mark)?;
        Ok(Self { option: Some(priced_by), ..contract })
    }

    /// A perpetual of one base unit, quoted and settled in an asset.
    ///
    /// # Errors
    /// When a name is no asset's.
    pub fn settled_in(base: &str, settle: &str, mark: Decimal) -> Result<Self, Problem> {
        let mut contract = Self::new(base, settle, Kind::Perpetual, Decimal::ONE, mark)?;
        contract.symbol.quote = Asset::new(settle)?;
        Ok(contract)
    }

    /// A spot market of one base unit.
    ///
    /// # Errors
    /// When a name is no asset's.
    pub fn spot(base: &str, quote: &str, mark: Decimal) -> Result<Self, Problem> {
        let mut contract = Self::settled_in(base, quote, mark)?;
        contract.symbol.kind = Kind::Spot;
        Ok(contract)
    }

    fn new(
        base: &str,
        settle: &str,
        kind: Kind,
        size: Decimal,
        mark: Decimal,
    ) -> Result<Self, Problem> {
        let symbol = Symbol {
            venue: VENUE.to_owned(),
            base: Asset::new(base)?,
            quote: Asset::usd(),
            settle: Some(Asset::new(settle)?),
            kind,
        };
        Ok(Self { symbol, name: base.to_owned(), size, mark, option: None, lot: None })
    }

    /// This contract under a name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// This contract with a lot that each of some quantities is a whole number of.
    #[must_use]
    pub fn lot_of(self, quantities: &[Decimal]) -> Self {
        Self { lot: Some(lot_of(quantities)), ..self }
    }

    /// This contract with another number of base units, or another face.
    #[must_use]
    pub fn sized(self, size: Decimal) -> Self {
        Self { size, ..self }
    }
}

impl Desk {
    /// Nothing held, at an instant.
    #[must_use]
    pub fn at(as_of: Timestamp) -> Self {
        let market = Market::new(as_of, Asset::usd(), "a published case");
        Self { market, account: Portfolio::new("case") }
    }

    /// Nothing held, at an instant that does not matter.
    #[must_use]
    pub fn new() -> Self {
        Self::at(sometime())
    }

    /// Sets the index price of an asset.
    ///
    /// # Errors
    /// When it is not above zero.
    pub fn price(&mut self, asset: &str, price: Decimal) -> Result<(), Problem> {
        let as_of = self.market.as_of;
        Ok(self.market.set_asset(Asset::new(asset)?, Price::new(price), as_of)?)
    }

    /// Adds an entry to the collateral; below zero is owed. Entries of one asset stay apart.
    ///
    /// # Errors
    /// When the name is no asset's.
    pub fn entry(&mut self, asset: &str, amount: Decimal) -> Result<(), Problem> {
        let asset = Asset::new(asset)?;
        self.account.collateral.push(Balance { asset, amount: Money::new(amount) });
        Ok(())
    }

    /// Holds some contracts, entered at a price where there is one. The base's index is the mark,
    /// or the forward of an option, where none was set.
    ///
    /// # Errors
    /// When a quote cannot be used.
    pub fn hold(
        &mut self,
        contract: Contract,
        quantity: Decimal,
        entry: Option<Decimal>,
    ) -> Result<InstrumentId, Problem> {
        let lot = contract.lot.unwrap_or_else(|| whole_lot(quantity));
        let id = self.list(Contract { lot: Some(lot), ..contract }, &[quantity])?;
        let quantity = self.in_lots(id, quantity);
        self.account.positions.push(Position::new(id, quantity, entry.map(Price::new)));
        Ok(id)
    }

    /// Lists a contract on a lot that some quantities are whole numbers of, where it has none of
    /// its own. The base's index is the mark, or the forward of an option, where none was set.
    ///
    /// # Errors
    /// When a quote cannot be used.
    pub fn list(
        &mut self,
        contract: Contract,
        quantities: &[Decimal],
    ) -> Result<InstrumentId, Problem> {
        let Contract { symbol, name, size, mark, option, lot } = contract;
        let base = symbol.base.clone();
        if self.market.price(&base).is_err() {
            self.price(base.as_str(), option.map_or(mark, |(_, forward)| forward))?;
        }
        let lot = lot.unwrap_or_else(|| lot_of(quantities));
        let quote = Quote {
            mark: Price::new(mark),
            iv: option.map(|(iv, _)| iv),
            forward: option.map(|(_, forward)| Price::new(forward)),
            bid: None,
            ask: None,
            as_of: self.market.as_of,
        };
        let instrument = symbol.instrument(name, Quantity::new(size), Quantity::new(lot));
        Ok(self.market.add(instrument, quote)?)
    }

    /// A quantity in whole lots of its contract, to the nearest.
    fn in_lots(&self, id: InstrumentId, quantity: Decimal) -> Quantity {
        let lot = self.market.instruments.get(id).lot.decimal();
        let places = (0..=18u32).find(|places| lot.raw() == 10i128.pow(18 - places));
        Quantity::new(places.map_or(quantity, |places| quantity.round_to(places, Round::Nearest)))
    }

    /// Holds some of a listed linear contract whose books are a base and a quote balance.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn hold_balances(
        &mut self,
        id: InstrumentId,
        quantity: Decimal,
        quote: Decimal,
    ) -> Result<(), Problem> {
        let (quantity, mark) = (self.in_lots(id, quantity), self.market.quote(id).mark);
        let one = self.market.instruments.get(id);
        let gain = profit::of_balances(one, quantity, Money::new(quote), mark, Round::Nearest)?;
        self.account.unsettled.insert(id, gain);
        if !quantity.is_zero() {
            self.account.positions.push(Position::new(id, quantity, Some(mark)));
        }
        Ok(())
    }

    /// Opens an order, buying above zero; none of nothing.
    pub fn order(&mut self, instrument: InstrumentId, quantity: Decimal, price: Option<Decimal>) {
        let quantity = self.in_lots(instrument, quantity);
        if !quantity.is_zero() {
            let price = price.map(Price::new);
            self.account.orders.push(Order { instrument, quantity, price });
        }
    }

    /// Holds some contracts whose row is given. The base's index must be set before.
    ///
    /// # Errors
    /// When a quote or the row cannot be used.
    pub fn hold_given(
        &mut self,
        contract: Contract,
        quantity: Decimal,
        row: GivenRow,
    ) -> Result<(), Problem> {
        let Contract { symbol, name, size, mark, .. } = contract;
        let lot = whole_lot(quantity);
        let quote = Quote {
            mark: Price::new(mark),
            iv: None,
            forward: None,
            bid: None,
            ask: None,
            as_of: self.market.as_of,
        };
        let instrument = symbol.instrument(name, Quantity::new(size), Quantity::new(lot));
        let id = self.market.add_given(instrument, quote, row)?;
        self.account.positions.push(Position::new(id, Quantity::new(quantity), None));
        Ok(())
    }

    /// As [`Desk::hold`], with a leverage that the holder chose.
    ///
    /// # Errors
    /// As [`Desk::hold`].
    pub fn hold_with_leverage(
        &mut self,
        contract: Contract,
        quantity: Decimal,
        entry: Option<Decimal>,
        leverage: Option<Decimal>,
    ) -> Result<InstrumentId, Problem> {
        let id = self.hold(contract, quantity, entry)?;
        if let Some(position) = self.account.positions.last_mut() {
            position.leverage = leverage;
        }
        Ok(id)
    }

    /// The account's margin.
    ///
    /// # Errors
    /// What the margin says.
    pub fn margin(&self, document: &Document) -> Result<AccountMargin, Problem> {
        Ok(margin(document, &self.market, &self.account)?)
    }

    /// The margin of the pool that holds positions, or of the first.
    ///
    /// # Errors
    /// What the margin says.
    pub fn pool(&self, document: &Document) -> Result<PoolMargin, Problem> {
        let mut pools = self.margin(document)?.pools;
        let held = pools.iter().position(|one| !one.pool.positions.is_empty()).unwrap_or(0);
        if pools.is_empty() {
            return problem("expected an account with a pool, found an empty one");
        }
        Ok(pools.swap_remove(held))
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

/// The amount of a charge of a pool, without open orders.
///
/// # Errors
/// When the document has no such charge.
pub fn charge(pool: &PoolMargin, name: &str) -> Result<Money, Problem> {
    match pool.charges.iter().find(|one| one.name == name) {
        Some(found) => Ok(found.plain.amount),
        None => problem(format!("the document has no charge {name:?}")),
    }
}

/// A built-in document with some of its values changed.
///
/// # Errors
/// What the document says.
pub fn document(name: &str, changes: &[(&str, String)]) -> Result<Document, Problem> {
    let changes: Vec<(&str, &str)> =
        changes.iter().map(|(path, value)| (*path, value.as_str())).collect();
    Ok(Document::named(name)?.with(&changes)?)
}

/// The lot of a contract of which one quantity is held: what is held is one lot. The profit of a
/// lot is counted in quanta, of which a very small lot, such as that of a binary fraction's many
/// digits, would keep few.
fn whole_lot(quantity: Decimal) -> Decimal {
    if quantity.is_zero() { Decimal::ONE } else { quantity.abs() }
}

/// The coarsest lot that some quantities are whole numbers of, as far as the largest can be counted
/// in it; of one at most.
fn lot_of(quantities: &[Decimal]) -> Decimal {
    let finest = quantities.iter().map(|quantity| on_a_lot(*quantity).0).min();
    let largest = quantities.iter().map(|quantity| quantity.abs()).max();
    let countable = |lot: &Decimal| {
        largest.is_none_or(|largest| largest.raw() / lot.raw() < i128::from(i64::MAX / 4))
    };
    let mut lot = finest.unwrap_or(Decimal::ONE);
    while !countable(&lot) && lot < Decimal::ONE {
        lot = Decimal::from_raw(lot.raw() * 10);
    }
    lot
}

/// The coarsest power of ten, of one at most, that a quantity is a whole number of; a quantity with
/// more digits than that can count is rounded to what can.
fn on_a_lot(quantity: Decimal) -> (Decimal, Decimal) {
    let most = Decimal::from_int(i64::MAX / 4);
    for places in 0..=18u32 {
        let lot = Decimal::from_raw(10i128.pow(18 - places));
        let rounded = quantity.round_to(places, Round::Nearest);
        let finest = quantity.abs().raw() >= most.raw() / 10i128.pow(places + 1);
        if rounded == quantity || finest {
            return (lot, rounded);
        }
    }
    (Decimal::STEP, quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_holds_the_quantity_exactly() {
        for (quantity, lot) in [
            ("0.314538364", "0.000000001"),
            ("-1000", "1"),
            ("0", "1"),
            ("2.5", "0.1"),
            ("0.000000000000000001", "0.000000000000000001"),
        ] {
            let quantity: Decimal = quantity.parse().unwrap();
            let (found, same) = on_a_lot(quantity);
            assert_eq!((found.to_string().as_str(), same), (lot, quantity));
            assert!(same.in_steps_of(found).is_some());
        }
        let noisy: Decimal = "3124.4540850000003".parse().unwrap();
        assert_eq!(whole_lot(-noisy), noisy);
        assert_eq!(whole_lot(Decimal::ZERO), Decimal::ONE);
        let long: Decimal = "123456789.123456789123456789".parse().unwrap();
        let (lot, rounded) = on_a_lot(long);
        assert!(rounded.in_steps_of(lot).is_some());
        assert!(rounded.minus(long).unwrap().abs() < "0.000000001".parse().unwrap());
    }
}
