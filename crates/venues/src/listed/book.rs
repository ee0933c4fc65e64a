//! A risk-parameter file and positions into what the engine takes: a market with given rows, an
//! account or several, and a parameter document.
//!
//! What nets is a combined commodity, so that is the underlying of every instrument in it; products
//! of a commodity that have another code stand behind the venue's name. Prices are as of the
//! beginning of the file's day, so that what expires on it is still there.

use super::positions::Listed;
use super::{Contract, Day, Product, RiskFile, Terms, parameters};
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Book, Decimal, GivenRow, InputError, InstrumentId, Kind, Market, Portfolio, Position,
    Price, Quantity, Quote, Timestamp, instruments::nearest,
};
use std::collections::BTreeMap;

/// How a house puts risk and option value together, which no file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct House {
    /// Whether the option value of one commodity pays for the risk of another.
    pub portfolio_option_value: bool,
    /// Whether a contract that is listed both long and short stays both, as in an account that a
    /// clearer keeps gross: the short side then counts in the minimum, whatever is held long.
    pub gross: bool,
    /// Which of the file's initial ratios counts; the first where none is named.
    pub ratio: Option<String>,
}

/// What a file becomes.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The contracts with their arrays.
    pub market: Market,
    /// The accounts; none without positions.
    pub book: Book,
    /// A parameter document, as TOML.
    pub document: String,
    /// What was left out, and what is not covered.
    pub notes: Vec<String>,
}

/// Codes of combined commodities as assets.
pub(super) type Units = BTreeMap<String, Asset>;

/// Makes market, accounts and document of a file.
///
/// # Errors
/// [`InputError`] when a position is in no contract of the file, or a charge of a commodity is of a
/// method that is not covered.
pub fn convert(
    name: &str,
    file: &RiskFile,
    positions: &[Listed],
    house: &House,
) -> Result<Converted, InputError> {
    let wrong = |problem: String| InputError::whole(name, problem);
    let Some(as_of) = file.date.and_then(|day| instant(day, 0)) else {
        return Err(wrong("expected a day in the file, found none".to_owned()));
    };
    let currencies: Vec<&str> = kept(file).map(|product| product.currency.as_str()).collect();
    let first = currencies.first().copied().filter(|one| !one.is_empty()).unwrap_or("USD");
    let currency = Asset::new(first).map_err(|error| wrong(error.to_string()))?;
    let mut converter = Converter {
        file,
        units: units(file).map_err(wrong)?,
        market: Market::new(as_of, currency, name),
        ids: BTreeMap::new(),
        left_out: BTreeMap::new(),
    };
    converter.assets().map_err(wrong)?;
    for contract in &file.contracts {
        converter.contract(contract, as_of).map_err(wrong)?;
    }
    let book = converter.book(positions, house.gross).map_err(wrong)?;
    let Converter { units, market, left_out, .. } = converter;
    let mut notes: Vec<String> = left_out
        .into_iter()
        .map(|(why, (count, one))| format!("{count} contracts left out ({why}), such as {one}"))
        .collect();
    let used = |unit: &Asset| market.instruments.is_underlying(unit);
    let held: Units = units.into_iter().filter(|(_, unit)| used(unit)).collect();
    let document = parameters::document(file, &held, &market, house, &mut notes).map_err(wrong)?;
    Ok(Converted { market, book, document, notes })
}

struct Converter<'a> {
    file: &'a RiskFile,
    units: Units,
    market: Market,
    /// Instruments by product code and terms, with their expiries.
    ids: BTreeMap<(&'a str, Terms), Vec<(Day, InstrumentId)>>,
    /// Contracts that cannot be instruments: why, how many, and one of them.
    left_out: BTreeMap<String, (u64, String)>,
}

/// Products that have a contract which was kept.
fn kept(file: &RiskFile) -> impl Iterator<Item = &Product> {
    let mut products: Vec<usize> = file.contracts.iter().map(|one| one.product).collect();
    products.dedup();
    products.sort_unstable();
    products.dedup();
    products.into_iter().filter_map(|at| file.products.get(at))
}

/// The code of the combined commodity that a product is in; its own where the file has none.
pub(super) fn commodity_of<'f>(file: &'f RiskFile, code: &'f str) -> &'f str {
    if file.commodities.contains_key(code) {
        return code;
    }
    let linked = file.commodities.values().find(|one| one.products.iter().any(|own| own == code));
    linked.map_or(code, |one| one.code.as_str())
}

/// Every commodity of a product that was kept, as an asset of its own.
fn units(file: &RiskFile) -> Result<Units, String> {
    let mut units = Units::new();
    for product in kept(file) {
        let code = commodity_of(file, &product.code);
        if units.contains_key(code) {
            continue;
        }
        let mut name: String = code
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' })
            .collect();
        // A commodity may be called as a currency is, and is not one.
        if file.products.iter().any(|one| one.currency == name) {
            name.push_str(".CC");
        }
        let asset = Asset::new(&name).map_err(|error| error.to_string())?;
        if let Some((other, _)) = units.iter().find(|(_, known)| **known == asset) {
            return Err(format!("commodities {other:?} and {code:?} would both be called {asset}"));
        }
        units.insert(code.to_owned(), asset);
    }
    Ok(units)
}

impl<'a> Converter<'a> {
    /// Prices of commodities and currencies.
    fn assets(&mut self) -> Result<(), String> {
        let as_of = self.market.as_of;
        for (code, unit) in self.units.clone() {
            let own = self.file.products.iter();
            let own = own.filter(|one| commodity_of(self.file, &one.code) == code);
            let price = own.filter_map(|one| one.price).find(|price| price.is_positive());
            // Without a price, moves are shown as multiples of one.
            let price = Price::new(price.unwrap_or(Decimal::ONE));
            self.market.set_asset(unit, price, as_of).map_err(|error| error.to_string())?;
        }
        for (from, to, factor) in &self.file.rates {
            let (Ok(from), Ok(to)) = (Asset::new(from), Asset::new(to)) else { continue };
            let one = if to == self.market.currency && from != to {
                (from, Some(*factor))
            } else if from == self.market.currency && from != to {
                let inverse = Decimal::ONE.over(*factor, keelmark_book::Round::Nearest);
                (to, inverse.ok())
            } else {
                continue;
            };
            if let (asset, Some(price)) = one {
                let set = self.market.set_asset(asset, Price::new(price), as_of);
                set.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn contract(&mut self, one: &'a Contract, as_of: Timestamp) -> Result<(), String> {
        let Some(product) = self.file.products.get(one.product) else {
            return Err(format!("product {} is not in the file", one.product));
        };
        let name = called(product, one);
        match self.instrument(one, product, as_of, &name) {
            Ok(id) => {
                let entry = self.ids.entry((product.code.as_str(), one.terms)).or_default();
                entry.push((one.expiry, id));
            }
            Err(why) => {
                self.left_out.entry(why).or_insert((0, name)).0 += 1;
            }
        }
        Ok(())
    }

    fn instrument(
        &mut self,
        one: &Contract,
        product: &Product,
        as_of: Timestamp,
        name: &str,
    ) -> Result<InstrumentId, String> {
        let expiry = instant(one.expiry, keelmark_book::symbol::EXPIRY_HOUR)
            .ok_or_else(|| "its day is not in the calendar".to_owned())?;
        if expiry <= as_of {
            return Err("expired".to_owned());
        }
        let kind = match one.terms {
            Terms::Future => Kind::Future { expiry },
            Terms::Option(_, strike) if !strike.is_positive() => {
                return Err("strike not above zero".to_owned());
            }
            Terms::Option(right, strike) => {
                Kind::Option { expiry, strike: Price::new(strike), right }
            }
        };
        let code = commodity_of(self.file, &product.code);
        let base = self.units.get(code).cloned().ok_or_else(|| "no commodity".to_owned())?;
        let currency = Asset::new(&product.currency).map_err(|error| error.to_string())?;
        let symbol = Symbol {
            venue: venue(product, code),
            base,
            quote: currency.clone(),
            settle: Some(currency),
            kind,
        };
        let instrument =
            symbol.instrument(name.to_owned(), Quantity::new(one.size), Quantity::from_int(1));
        let quote = Quote {
            mark: Price::new(one.price),
            iv: one.vol,
            forward: None,
            bid: None,
            ask: None,
            as_of,
        };
        let row = GivenRow { losses: one.losses.to_vec(), delta: one.delta };
        // The name is told beside the reason.
        self.market.add_given(instrument, quote, row).map_err(|error| match error {
            keelmark_book::market::MarketError::BadQuote { problem, .. } => problem,
            other => other.to_string(),
        })
    }

    fn book(&mut self, positions: &[Listed], gross: bool) -> Result<Book, String> {
        let mut book = Book::default();
        // Contracts held long in an account that is kept gross, and what stands for them short.
        let mut shorts: BTreeMap<InstrumentId, InstrumentId> = BTreeMap::new();
        let long: Vec<(&str, InstrumentId)> = positions
            .iter()
            .filter(|one| gross && !one.quantity.is_negative())
            .map(|one| Ok((one.account.as_str(), self.find(one)?)))
            .collect::<Result<_, String>>()?;
        for position in positions {
            let mut id = self.find(position)?;
            if position.quantity.is_negative() && long.contains(&(position.account.as_str(), id)) {
                id = match shorts.get(&id) {
                    Some(short) => *short,
                    None => *shorts.entry(id).or_insert(self.short_side(id)?),
                };
            }
            let at = book.accounts.iter().position(|one| one.account == position.account);
            let at = at.unwrap_or_else(|| {
                book.accounts.push(Portfolio::new(&position.account));
                book.accounts.len() - 1
            });
            book.accounts[at].positions.push(Position::new(id, position.quantity, None));
        }
        Ok(book)
    }

    /// A second instrument with the row of one, for what is held short of it.
    fn short_side(&mut self, id: InstrumentId) -> Result<InstrumentId, String> {
        let mut one = self.market.instruments.get(id).clone();
        let row = self.market.given(id).cloned();
        let row = row.ok_or_else(|| format!("{}: no array", one.venue_symbol))?;
        one.venue.push_str("-short");
        one.venue_symbol.push_str(" short");
        let quote = *self.market.quote(id);
        self.market.add_given(one, quote, row).map_err(|error| error.to_string())
    }

    /// The instrument of a position; one that gives a month finds the contract of that month.
    fn find(&self, position: &Listed) -> Result<InstrumentId, String> {
        let of = self.ids.get(&(position.symbol.as_str(), position.terms));
        let mut found = of.into_iter().flatten().filter(|(day, _)| day.meets(position.expiry));
        match (found.next(), found.next()) {
            (Some((_, id)), None) => Ok(*id),
            (Some(_), Some(_)) => Err(format!(
                "{} {}: several contracts are in that month, expected a day",
                position.symbol, position.expiry
            )),
            (None, _) => {
                let codes = self.file.products.iter().map(|one| one.code.as_str());
                let near = nearest(&position.symbol, codes, 3).join(", ");
                Err(format!(
                    "no contract with an array for a position in {} {:?} {}; products nearest: \
                     {near}",
                    position.symbol, position.terms, position.expiry
                ))
            }
        }
    }
}

impl Day {
    /// Whether they are one day, or one month where either has no day.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        let day = self.day == other.day || self.day == 0 || other.day == 0;
        (self.year, self.month) == (other.year, other.month) && day
    }
}

/// The beginning of an hour of a day; of the last day of a month where it is a month.
fn instant(day: Day, hour: i8) -> Option<Timestamp> {
    let days = if day.day == 0 { 28..=31 } else { day.day..=day.day };
    days.rev().find_map(|date| Timestamp::from_date(day.year, day.month, date, hour, 0))
}

/// The exchange, and the product where its commodity is called otherwise.
fn venue(product: &Product, commodity: &str) -> String {
    let plain = |text: &str| -> String {
        let sound = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        text.chars().map(sound).collect()
    };
    let exchange = plain(&product.exchange);
    let exchange = if exchange.is_empty() { "listed".to_owned() } else { exchange };
    if product.code == commodity {
        return exchange;
    }
    format!("{exchange}-{}", plain(&product.code))
}

fn called(product: &Product, one: &Contract) -> String {
    match one.terms {
        Terms::Future => format!("{} {}", product.code, one.expiry),
        Terms::Option(right, strike) => {
            format!("{} {} {strike} {}", product.code, one.expiry, right.letter())
        }
    }
}
