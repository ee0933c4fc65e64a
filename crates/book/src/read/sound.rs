//! What every book must hold, whatever format it came in: sizes that are not zero, prices and
//! leverage above it, margins and reserves not below it, names a terminal can print.

use crate::instruments::InstrumentId;
use crate::market::Market;
use crate::portfolio::{Isolation, Order, Position};
use keelmark_units::{Decimal, Money, Price, Quantity};

/// The field that is wrong, and what was expected and found.
type Wrong = (&'static str, String);

/// Refuses a position that no account can have.
pub(super) fn position(market: &Market, one: &Position) -> Result<(), Wrong> {
    not_zero(one.quantity)?;
    if let Some(price) = one.avg_price {
        entry(market.instruments.get(one.instrument).is_option(), price)
            .map_err(|problem| ("avg_price", problem))?;
    }
    if let Some(leverage) = one.leverage.filter(|leverage| *leverage <= Decimal::ZERO) {
        return Err(("leverage", format!("expected above zero, found {leverage}")));
    }
    match one.isolation {
        Isolation::Own(margin) if margin.is_negative() => {
            Err(("isolated_margin", format!("expected zero or more, found {margin}")))
        }
        _ => Ok(()),
    }
}

/// Refuses an order that no venue takes; the price's field has another name in each format.
pub(super) fn order(market: &Market, one: &Order, price_field: &'static str) -> Result<(), Wrong> {
    not_zero(one.quantity)?;
    let option = market.instruments.get(one.instrument).is_option();
    one.price.map_or(Ok(()), |price| entry(option, price)).map_err(|problem| (price_field, problem))
}

/// Refuses an amount below zero: a reserve is a requirement, never a gift.
pub(super) fn reserve(amount: Money) -> Result<(), String> {
    if amount.is_negative() {
        return Err(format!("expected zero or more, found {amount}"));
    }
    Ok(())
}

/// Refuses unsettled profit of an option: its premium is paid, nothing of it waits.
pub(super) fn unsettled(market: &Market, id: InstrumentId) -> Result<(), String> {
    let one = market.instruments.get(id);
    if one.is_option() {
        let name = &one.venue_symbol;
        return Err(format!("expected a perpetual or a future, found the option {name}"));
    }
    Ok(())
}

/// Refuses a name that is empty, has spaces around it, or would move a terminal's cursor.
pub(super) fn name(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("expected a name, found none".to_owned());
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(format!(
            "expected a name without control characters or spaces around it, found {text:?}"
        ));
    }
    Ok(())
}

/// Refuses a label that is not empty and has spaces around it or would move a terminal's cursor.
pub(super) fn label(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { name(text) }
}

fn not_zero(quantity: Quantity) -> Result<(), Wrong> {
    if quantity.is_zero() {
        return Err(("qty", "expected a quantity other than zero".to_owned()));
    }
    Ok(())
}

fn entry(option: bool, price: Price) -> Result<(), String> {
    if option && price.is_negative() {
        return Err(format!("expected zero or more, found {price}"));
    }
    if !option && !price.is_positive() {
        return Err(format!("expected above zero, found {price}"));
    }
    Ok(())
}
