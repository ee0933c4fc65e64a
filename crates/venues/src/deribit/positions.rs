//! `private/get_positions`: signed sizes and the price that profit counts from.
//!
//! For a future that price is not `average_price`: the daily settlement pays profit into the
//! balance, which we take as collateral, so only what came since may be added. The entry of a
//! position is therefore whichever of `average_price` and `settlement_price` gives the printed
//! `floating_profit_loss`, or the price solved from it where trades of several sessions mix.

use super::reply::{Number, Reply};
use keelmark_book::profit::profit;
use keelmark_book::{
    Decimal, InputError, Instrument, Market, Money, Overflow, Position, Price, Quantity, Round,
};
use serde::Deserialize;

/// A position as printed, with its sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The file it is from.
    pub file: String,
    /// JSON pointer of its row.
    pub pointer: String,
    /// Native name.
    pub name: String,
    /// Signed, in the venue's unit of size.
    pub size: Quantity,
    /// Average price of the trades that built it.
    pub average_price: Option<Price>,
    /// Mark.
    pub mark_price: Option<Price>,
    /// Mark at the last daily settlement; zero before the first.
    pub settlement_price: Option<Price>,
    /// Profit since the last settlement, in the settlement asset.
    pub floating_profit_loss: Option<Money>,
}

#[derive(Deserialize)]
struct Row {
    instrument_name: String,
    size: Number,
    direction: Option<String>,
    average_price: Option<Number>,
    mark_price: Option<Number>,
    settlement_price: Option<Number>,
    floating_profit_loss: Option<Number>,
}

/// Reads a reply; positions of size zero are closed and not held.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn read(reply: &Reply<'_>) -> Result<Vec<Held>, InputError> {
    let rows: Vec<Row> = reply.result()?;
    let mut held = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        let pointer = reply.pointer(&format!("/{at}"));
        let size = signed(&row).map_err(|(field, problem)| {
            InputError::pointer(reply.file, format!("{pointer}/{field}"), problem)
        })?;
        let price = |number: Option<Number>| number.map(|one| Price::new(one.0));
        if !size.is_zero() {
            held.push(Held {
                file: reply.file.to_owned(),
                pointer,
                name: row.instrument_name,
                size: Quantity::new(size),
                average_price: price(row.average_price),
                mark_price: price(row.mark_price),
                settlement_price: price(row.settlement_price),
                floating_profit_loss: row.floating_profit_loss.map(|one| Money::new(one.0)),
            });
        }
    }
    Ok(held)
}

fn signed(row: &Row) -> Result<Decimal, (&'static str, String)> {
    let size = row.size.0;
    let clash = |direction: &str| {
        ("size", format!("expected the sign of direction {direction:?}, found {size}"))
    };
    match row.direction.as_deref() {
        Some("buy") if size.is_negative() => Err(clash("buy")),
        None | Some("buy") => Ok(size),
        Some("sell") => Ok(-size.abs()),
        Some("zero") if size.is_zero() => Ok(size),
        Some("zero") => Err(clash("zero")),
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            Err(("direction", format!("expected buy, sell or zero, found {other:?}")))
        }
    }
}

impl Held {
    /// The position in a market's instrument.
    ///
    /// # Errors
    /// [`InputError`] when the market lacks the instrument, the size is off its lot, or no entry
    /// price can be made of the row.
    pub fn position(&self, market: &Market) -> Result<Position, InputError> {
        let error = |field: &str, problem: String| {
            InputError::pointer(&self.file, format!("{}/{field}", self.pointer), problem)
        };
        // By venue, since venues share names; its own text if that fails, for the nearest names.
        let id = market
            .instruments
            .find(&format!("{}:{}", super::symbol::VENUE, self.name))
            .or_else(|_| market.instruments.find(&self.name))
            .map_err(|problem| error("instrument_name", problem.to_string()))?;
        let instrument = market.instruments.get(id);
        if instrument.lots(self.size).is_none() {
            let problem = format!(
                "expected a multiple of the lot {} of {}, found {}: an instruments reply given \
                 too replaces the lot",
                instrument.lot, self.name, self.size
            );
            return Err(error("size", problem));
        }
        let entry = self
            .entry(instrument)
            .map_err(|problem| error("floating_profit_loss", problem.to_string()))?;
        Ok(Position::new(id, self.size, entry))
    }

    /// The price that profit counts from, given that the balance holds what was settled.
    fn entry(&self, instrument: &Instrument) -> Result<Option<Price>, Overflow> {
        let average = self.average_price.filter(|price| price.is_positive());
        let (Some(floating), Some(mark)) = (self.floating_profit_loss, self.mark_price) else {
            return Ok(average);
        };
        if instrument.is_option() || !mark.is_positive() {
            return Ok(average);
        }
        let settled = self.settlement_price.filter(|price| price.is_positive());
        for candidate in [average, settled].into_iter().flatten() {
            let gained = profit(instrument, self.size, candidate, mark, Round::Nearest)?;
            if gained.minus(floating)?.abs() <= printed_places(floating, gained)? {
                return Ok(Some(candidate));
            }
        }
        solved(instrument, self.size, mark, floating).map(Some)
    }
}

/// How far a printed profit may be from the exact one: amounts are printed to 8 or 9 places, or
/// about 15 digits.
fn printed_places(printed: Money, exact: Money) -> Result<Money, Overflow> {
    let step = Decimal::from_raw(20_000_000_000);
    let digits = Decimal::from_raw(1_000_000);
    let relative = printed.abs().max(exact.abs()).decimal().times(digits, Round::Up)?;
    Ok(Money::new(step.plus(relative)?))
}

/// The entry at which the size has gained `floating` at `mark`.
fn solved(
    instrument: &Instrument,
    size: Quantity,
    mark: Price,
    floating: Money,
) -> Result<Price, Overflow> {
    let units = size.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?;
    let entry = if instrument.is_inverse() {
        // n (1/e - 1/m) = f gives e = n m / (n + f m).
        let divisor = units.plus(floating.decimal().times(mark.decimal(), Round::Nearest)?)?;
        units.times_over(mark.decimal(), divisor, Round::Nearest)?
    } else {
        mark.decimal().minus(floating.decimal().over(units, Round::Nearest)?)?
    };
    if entry.is_positive() { Ok(Price::new(entry)) } else { Err(Overflow) }
}
