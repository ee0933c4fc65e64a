//! `private/get_open_orders*`: what is left to fill, in the unit of sizes of positions, and
//! the limit in the mark's unit.

use super::reply::{Number, Reply};
use super::symbol::{self, Name};
use crate::imported::LeftOut;
use crate::orders::{Why, signed};
use keelmark_book::symbol::EXPIRY_HOUR;
use keelmark_book::{InputError, InstrumentId, Market, Order, Price, Quantity};
use serde::Deserialize;
use serde_json::Value;

/// An open order that can add to a position.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The file it is from.
    pub file: String,
    /// JSON pointer of its row.
    pub pointer: String,
    /// Native name.
    pub name: String,
    /// What is left to fill, buy above zero.
    pub quantity: Quantity,
    /// Absent for a market order.
    pub price: Option<Price>,
}

#[derive(Deserialize)]
struct Row {
    instrument_name: String,
    direction: String,
    amount: Number,
    filled_amount: Option<Number>,
    /// A number, or the words `market_price`.
    price: Option<Value>,
    order_state: Option<String>,
    /// `usd` or `implv` where an option is priced in these.
    advanced: Option<Value>,
    #[serde(default)]
    reduce_only: bool,
}

/// Reads a reply; orders that cannot add to a position are counted.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn read(reply: &Reply<'_>, left_out: &mut LeftOut) -> Result<Vec<Open>, InputError> {
    let rows: Vec<Row> = reply.result()?;
    let mut open = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        let pointer = reply.pointer(&format!("/{at}"));
        let error = |field: &str, problem: String| {
            InputError::pointer(reply.file, format!("{pointer}/{field}"), problem)
        };
        if let Some(why) = left(&row) {
            why.count(left_out);
            continue;
        }
        let buys = match row.direction.as_str() {
            "buy" => true,
            "sell" => false,
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(error("direction", format!("expected buy or sell, found {other:?}")));
            }
        };
        let (all, done) = (row.amount.0, row.filled_amount.map_or_else(Default::default, |n| n.0));
        if all.is_negative() || done.is_negative() || done > all {
            let problem = format!("expected zero to the amount {all}, found {done}");
            return Err(error("filled_amount", problem));
        }
        let rest = all.minus(done).map_err(|failed| error("amount", failed.to_string()))?;
        if rest.is_zero() {
            continue;
        }
        let advanced = matches!(&row.advanced, Some(Value::String(_)));
        if advanced {
            left_out.add("prices of orders", "in dollars or volatility, not the mark's unit");
        }
        let price = match &row.price {
            Some(Value::Number(number)) if !advanced => {
                let read = number.to_string().parse::<Number>();
                let price = Price::new(read.map_err(|problem| error("price", problem))?.0);
                Some(price).filter(|price| price.is_positive())
            }
            None | Some(Value::Number(_) | Value::Null) => None,
            Some(Value::String(word)) if word == "market_price" => None,
            Some(other) => {
                let found: String = other.to_string().chars().take(80).collect();
                return Err(error("price", format!("expected a price, found {found}")));
            }
        };
        let (file, name) = (reply.file.to_owned(), row.instrument_name);
        open.push(Open { file, pointer, name, quantity: signed(rest, buys), price });
    }
    Ok(open)
}

/// Why an order is left out, if it is.
fn left(row: &Row) -> Option<Why> {
    match row.order_state.as_deref() {
        Some("untriggered") => return Some(Why::Waits),
        Some("open") | None => {}
        Some(_) => return Some(Why::Done),
    }
    // What is no name at all is an error where it is looked up, with the nearest names.
    match symbol::read(&row.instrument_name, EXPIRY_HOUR) {
        Ok(Name::Spot(_)) => Some(Why::Spot),
        Ok(Name::Combo) => Some(Why::Combination),
        Ok(Name::Contract(_)) | Err(_) => row.reduce_only.then_some(Why::Reduces),
    }
}

impl Open {
    /// The order in a market's instrument.
    ///
    /// # Errors
    /// [`InputError`] when the market lacks the instrument, or the amount is off its lot.
    pub fn order(&self, market: &Market) -> Result<Order, InputError> {
        let error = |field: &str, problem: String| {
            InputError::pointer(&self.file, format!("{}/{field}", self.pointer), problem)
        };
        let instrument: InstrumentId = market
            .instruments
            .find(&format!("{}:{}", symbol::VENUE, self.name))
            .or_else(|_| market.instruments.find(&self.name))
            .map_err(|problem| error("instrument_name", problem.to_string()))?;
        let one = market.instruments.get(instrument);
        if one.lots(self.quantity).is_none() {
            let problem = format!(
                "expected a multiple of the lot {} of {}, found {}: an instruments reply given \
                 too replaces the lot",
                one.lot, self.name, self.quantity
            );
            return Err(error("amount", problem));
        }
        Ok(Order { instrument, quantity: self.quantity, price: self.price })
    }
}
