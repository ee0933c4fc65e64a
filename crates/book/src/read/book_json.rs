//! A book as JSON: schema `keelmark/book/1`, or one account as `keelmark/account/1`.

use super::book_csv::{find, on_the_lot};
use super::number::{JsonNumber, json};
use super::sound;
use super::unique::unique;
use crate::asset::Asset;
use crate::input::InputError;
use crate::instruments::InstrumentId;
use crate::market::Market;
use crate::portfolio::{Book, Isolation, Order, Portfolio, Position};
use crate::sensitivity::{Measure, Sensitivity};
use keelmark_units::{Money, Price, Quantity};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The schema of many accounts.
pub const BOOK_SCHEMA: &str = "keelmark/book/1";
/// The schema of one account.
pub const ACCOUNT_SCHEMA: &str = "keelmark/account/1";

/// Many accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BookFile {
    /// `keelmark/book/1`.
    #[serde(default)]
    #[expect(dead_code, reason = "in the schema; its value is checked before the rest is read")]
    schema: String,
    /// The accounts.
    accounts: Vec<AccountFile>,
}

/// One account: collateral, positions and open orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountFile {
    /// `keelmark/account/1`; may be left out inside a book.
    #[serde(default)]
    schema: String,
    /// The account's name.
    account: String,
    /// Amount of each asset held outright; below zero is owed.
    #[serde(default, deserialize_with = "unique")]
    collateral: BTreeMap<Asset, JsonNumber>,
    /// Positions.
    #[serde(default)]
    positions: Vec<PositionEntry>,
    /// Open orders.
    #[serde(default)]
    orders: Vec<OrderEntry>,
    /// Amounts that a document adds by name, in the pool's currency.
    #[serde(default, deserialize_with = "unique")]
    reserves: BTreeMap<String, JsonNumber>,
    /// Profit that was realised and not yet paid into the collateral, by any of the names of a
    /// perpetual or future, in its settlement asset.
    #[serde(default, deserialize_with = "unique")]
    unsettled: BTreeMap<String, JsonNumber>,
    /// Sensitivities given from outside, beside or instead of positions.
    #[serde(default)]
    sensitivities: Vec<SensitivityEntry>,
}

/// A sensitivity given from outside.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SensitivityEntry {
    /// Product class; left out for the only one.
    #[serde(default)]
    product: String,
    /// Risk class, as the model names it.
    #[serde(default)]
    class: String,
    /// `delta`, `vega`, `base-correlation`, `notional`, `multiplier`, `fixed-add-on` or
    /// `add-on-percent`.
    measure: String,
    /// The risk factor's name: a coin, an issuer, a currency, a pair.
    #[serde(default)]
    qualifier: String,
    /// The bucket of the qualifier, where the class has buckets.
    #[serde(default)]
    bucket: String,
    /// Tenor, where there is one.
    #[serde(default)]
    tenor: String,
    /// Sub-curve or another second label, where there is one.
    #[serde(default)]
    curve: String,
    /// The amount, in the market's currency, signed.
    amount: JsonNumber,
}

/// A position.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PositionEntry {
    /// Any of the instrument's names.
    instrument: String,
    /// Contracts, long above zero.
    qty: JsonNumber,
    /// Average entry price in the mark's unit.
    avg_price: Option<JsonNumber>,
    /// Own collateral, in the settlement asset: makes the position isolated.
    isolated_margin: Option<JsonNumber>,
    /// Leverage that the holder chose.
    leverage: Option<JsonNumber>,
}

/// An open order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OrderEntry {
    /// Any of the instrument's names.
    instrument: String,
    /// Contracts still open, buy above zero.
    qty: JsonNumber,
    /// Limit price; absent for a market order.
    price: Option<JsonNumber>,
}

/// Reads a book, or one account, from JSON.
///
/// # Errors
/// [`InputError`] with the JSON pointer.
pub fn book_json(file: &str, bytes: &[u8], market: &Market) -> Result<Book, InputError> {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    let head: Head = json(file, bytes)?;
    let accounts = match head.schema.as_deref() {
        Some(BOOK_SCHEMA) => json::<BookFile>(file, bytes)?.accounts,
        Some(ACCOUNT_SCHEMA) => vec![json::<AccountFile>(file, bytes)?],
        other => {
            let found = other.unwrap_or("none");
            let problem =
                format!("expected {BOOK_SCHEMA:?} or {ACCOUNT_SCHEMA:?}, found {found:?}");
            return Err(InputError::pointer(file, "/schema", problem));
        }
    };
    let single = head.schema.as_deref() == Some(ACCOUNT_SCHEMA);
    let mut book = Book::default();
    for (at, account) in accounts.into_iter().enumerate() {
        let place = if single { String::new() } else { format!("/accounts/{at}") };
        if book.accounts.iter().any(|one| one.account == account.account) {
            let problem = format!("found account {:?} a second time", account.account);
            return Err(InputError::pointer(file, place, problem));
        }
        book.accounts.push(read_account(file, &place, account, market)?);
    }
    if book.accounts.is_empty() {
        return Err(InputError::pointer(file, "/accounts", "expected accounts, found none"));
    }
    Ok(book)
}

/// Refuses names that cannot be printed and reserves below zero.
fn check_names(file: &str, place: &str, entry: &AccountFile) -> Result<(), InputError> {
    for (name, at) in std::iter::once((&entry.account, "account"))
        .chain(entry.reserves.keys().map(|name| (name, "reserves")))
    {
        sound::name(name)
            .map_err(|problem| InputError::pointer(file, format!("{place}/{at}"), problem))?;
    }
    for (name, amount) in &entry.reserves {
        sound::reserve(Money::new(amount.0)).map_err(|problem| {
            InputError::pointer(file, format!("{place}/reserves/{name}"), problem)
        })?;
    }
    Ok(())
}

fn read_account(
    file: &str,
    place: &str,
    entry: AccountFile,
    market: &Market,
) -> Result<Portfolio, InputError> {
    if !entry.schema.is_empty() && entry.schema != ACCOUNT_SCHEMA {
        let problem = format!("expected {ACCOUNT_SCHEMA:?}, found {:?}", entry.schema);
        return Err(InputError::pointer(file, format!("{place}/schema"), problem));
    }
    check_names(file, place, &entry)?;
    let mut account = Portfolio::new(&entry.account);
    for (asset, amount) in entry.collateral {
        let at = format!("{place}/collateral/{asset}");
        market.price(&asset).map_err(|error| InputError::pointer(file, &at, error))?;
        account
            .deposit(asset, Money::new(amount.0))
            .map_err(|error| InputError::pointer(file, &at, error))?;
    }
    for (i, one) in entry.positions.into_iter().enumerate() {
        let at = format!("{place}/positions/{i}");
        let (instrument, quantity) =
            holding(market, &one.instrument, one.qty).map_err(|(field, problem)| {
                InputError::pointer(file, format!("{at}/{field}"), problem)
            })?;
        let isolation =
            one.isolated_margin.map_or(Isolation::Shared, |own| Isolation::Own(Money::new(own.0)));
        let twice = account.positions.iter().any(|other| {
            other.instrument == instrument
                && (other.isolation == Isolation::Shared) == (isolation == Isolation::Shared)
        });
        if twice {
            let problem = format!("found a position in {} a second time", one.instrument);
            return Err(InputError::pointer(file, at, problem));
        }
        let position = Position {
            instrument,
            quantity,
            avg_price: one.avg_price.map(|price| Price::new(price.0)),
            leverage: one.leverage.map(|leverage| leverage.0),
            isolation,
        };
        sound::position(market, &position).map_err(|(field, problem)| {
            InputError::pointer(file, format!("{at}/{field}"), problem)
        })?;
        account.positions.push(position);
    }
    for (i, one) in entry.orders.into_iter().enumerate() {
        let at = format!("{place}/orders/{i}");
        let (instrument, quantity) =
            holding(market, &one.instrument, one.qty).map_err(|(field, problem)| {
                InputError::pointer(file, format!("{at}/{field}"), problem)
            })?;
        let price = one.price.map(|price| Price::new(price.0));
        let order = Order { instrument, quantity, price };
        sound::order(market, &order, "price").map_err(|(field, problem)| {
            InputError::pointer(file, format!("{at}/{field}"), problem)
        })?;
        account.orders.push(order);
    }
    account.unsettled = unsettled(file, place, &entry.unsettled, market)?;
    account.sensitivities = sensitivities(file, place, entry.sensitivities)?;
    account.reserves =
        entry.reserves.into_iter().map(|(name, amount)| (name, Money::new(amount.0))).collect();
    Ok(account)
}

/// Unsettled profit by instrument; two names of one instrument are refused.
fn unsettled(
    file: &str,
    place: &str,
    entries: &BTreeMap<String, JsonNumber>,
    market: &Market,
) -> Result<BTreeMap<InstrumentId, Money>, InputError> {
    let mut found = BTreeMap::new();
    for (name, amount) in entries {
        let at = format!("{place}/unsettled/{name}");
        let id = find(market, name)
            .and_then(|id| sound::unsettled(market, id).map(|()| id))
            .map_err(|problem| InputError::pointer(file, &at, problem))?;
        if found.insert(id, Money::new(amount.0)).is_some() {
            return Err(InputError::pointer(file, at, "found this instrument a second time"));
        }
    }
    Ok(found)
}

fn sensitivities(
    file: &str,
    place: &str,
    entries: Vec<SensitivityEntry>,
) -> Result<Vec<Sensitivity>, InputError> {
    let mut out = Vec::with_capacity(entries.len());
    for (i, one) in entries.into_iter().enumerate() {
        let at = |field: &str| format!("{place}/sensitivities/{i}/{field}");
        let measure = Measure::named(&one.measure).ok_or_else(|| {
            let all: Vec<&str> = Measure::ALL.iter().map(|(name, _)| *name).collect();
            let problem = format!("expected one of {}, found {:?}", all.join(", "), one.measure);
            InputError::pointer(file, at("measure"), problem)
        })?;
        for (field, text) in [
            ("product", &one.product),
            ("class", &one.class),
            ("qualifier", &one.qualifier),
            ("bucket", &one.bucket),
            ("tenor", &one.tenor),
            ("curve", &one.curve),
        ] {
            sound::label(text).map_err(|problem| InputError::pointer(file, at(field), problem))?;
        }
        out.push(Sensitivity {
            product: one.product,
            class: one.class,
            measure,
            qualifier: one.qualifier,
            bucket: one.bucket,
            tenor: one.tenor,
            curve: one.curve,
            amount: Money::new(one.amount.0),
        });
    }
    Ok(out)
}

fn holding(
    market: &Market,
    name: &str,
    quantity: JsonNumber,
) -> Result<(InstrumentId, Quantity), (&'static str, String)> {
    let id = find(market, name).map_err(|problem| ("instrument", problem))?;
    let quantity = Quantity::new(quantity.0);
    on_the_lot(market, id, quantity).map_err(|problem| ("qty", problem))?;
    Ok((id, quantity))
}
