//! Books as TOML: names, when they are struck anew, and their legs.

use super::{Book, Leg, LegKind, Restrike, Strike, Tenor};
use crate::error::BacktestError;
use keelmark_book::{Asset, InputError, Price, Quantity, Right};
use keelmark_margin::document::Fields;
use keelmark_margin::document::tree::Node;
use keelmark_units::Timestamp;

/// The books that are built in, as a file to change and give back.
pub const BUILT_IN: &str = include_str!("../../../../samples/books.toml");

/// The schema's name.
const SCHEMA: &str = "keelmark/books/1";
/// Venue of contracts that are of no real one.
const VENUE: &str = "history";
/// Sizes of a leg beyond this are slips.
const MOST_COINS: f64 = 1e12;
/// A tenor has at most as many days.
const LONGEST: f64 = 3_650.0;
/// A file has at most as many books, and a book as many legs.
const MOST: usize = 1_000;

/// The books that are built in.
///
/// # Errors
/// Never, as a test holds.
pub fn built_in() -> Result<Vec<Book>, BacktestError> {
    parse("books.toml (embedded)", BUILT_IN)
}

/// Reads books.
///
/// # Errors
/// [`BacktestError::Input`] with the line.
pub fn parse(file: &str, text: &str) -> Result<Vec<Book>, BacktestError> {
    let root = Node::parse(file, text)?;
    let mut fields = Fields::of(&root)?;
    let schema = fields.need("schema")?;
    if schema.text()? != SCHEMA {
        return Err(schema.error(format!("expected {SCHEMA:?}")).into());
    }
    let nodes = fields.list("book")?;
    fields.done()?;
    if nodes.is_empty() || nodes.len() > MOST {
        let problem = format!("expected 1 to {MOST} tables [[book]], found {}", nodes.len());
        return Err(InputError::whole(file, problem).into());
    }
    let mut books: Vec<Book> = Vec::new();
    for node in nodes {
        for book in book(node)? {
            if books.iter().any(|known| known.name == book.name) {
                return Err(node.error(format!("a second book {:?}", book.name)).into());
            }
            books.push(book);
        }
    }
    Ok(books)
}

/// What legs take where they say nothing themselves.
struct Defaults {
    asset: Asset,
    settle: String,
}

/// A book for each of its assets.
fn book(node: &Node) -> Result<Vec<Book>, InputError> {
    let mut fields = Fields::of(node)?;
    let name = fields.text("name")?;
    let about = fields.text_or("about", "")?;
    let words =
        [("daily", Restrike::Daily), ("monthly", Restrike::Monthly), ("expiry", Restrike::Expiry)];
    let restrike = fields.word("restrike", &words, Some(Restrike::Daily))?;
    let settle = fields.text_or("settle", "USDC")?;
    let assets = fields.texts("assets")?;
    let legs = fields.list("leg")?;
    fields.done()?;
    if name.is_empty() || name.len() > 60 || name.contains([',', '\n', '\r']) {
        return Err(node.error("name: expected a name of up to 60 letters, without a comma"));
    }
    if assets.is_empty() || legs.is_empty() || legs.len() > MOST {
        return Err(node.error(format!(
            "expected assets = [\"BTC\"] and 1 to {MOST} tables [[book.leg]], found {} and {}",
            assets.len(),
            legs.len()
        )));
    }
    let one = |text: &String| {
        let asset = Asset::new(text).map_err(|error| node.error(error))?;
        let defaults = Defaults { asset, settle: settle.to_owned() };
        let mut book = Book {
            name: format!("{name} {}", defaults.asset),
            about: about.to_owned(),
            restrike,
            legs: Vec::new(),
            coins: Vec::new(),
        };
        legs.iter().try_for_each(|leg| add(&mut book, leg, &defaults))?;
        if book.restrike == Restrike::Expiry && book.shortest_days().is_none() {
            let problem = "restrike: expected a leg with days, as it is held to expiry";
            return Err(node.error(problem));
        }
        Ok(book)
    };
    assets.iter().map(one).collect()
}

/// Adds a leg to a book.
fn add(book: &mut Book, node: &Node, defaults: &Defaults) -> Result<(), InputError> {
    let mut fields = Fields::of(node)?;
    let asset = |text: &str| Asset::new(text).map_err(|error| node.error(error));
    let base = match fields.get("asset") {
        Some(own) => asset(own.text()?)?,
        None => defaults.asset.clone(),
    };
    let settle = match fields.text_or("settle", &defaults.settle)? {
        "coin" => base.clone(),
        other => asset(other)?,
    };
    let coins = number(fields.need("coins")?, "coins", (-MOST_COINS, MOST_COINS))?;
    if coins == 0.0 {
        return Err(node.error("coins: expected a size other than zero"));
    }
    let kind = fields.word(
        "kind",
        &[("coin", 0), ("perpetual", 1), ("future", 2), ("option", 3)],
        None,
    )?;
    if kind == 0 {
        fields.done()?;
        match book.coins.iter_mut().find(|(known, _)| *known == base) {
            Some((_, held)) => *held += coins,
            None => book.coins.push((base, coins)),
        }
        return Ok(());
    }
    let kind = match kind {
        1 => LegKind::Perpetual,
        2 => LegKind::Future(tenor(&mut fields)?),
        _ => LegKind::Option {
            tenor: tenor(&mut fields)?,
            strike: strike(&mut fields)?,
            right: fields.word("right", &[("call", Right::Call), ("put", Right::Put)], None)?,
        },
    };
    fields.done()?;
    let inverse = settle == base && !matches!(kind, LegKind::Option { .. });
    // A millionth of a coin, or a dollar of an inverse contract.
    let lot = if inverse { Ok(Quantity::from_int(1)) } else { "0.000001".parse() };
    let lot = lot.map_err(|error| node.error(error))?;
    book.legs.push(Leg {
        quote: if inverse || settle == base { Asset::usd() } else { settle.clone() },
        base,
        settle,
        venue: VENUE.to_owned(),
        contract_size: Quantity::from_int(1),
        lot,
        coins,
        kind,
    });
    Ok(())
}

fn tenor(fields: &mut Fields<'_>) -> Result<Tenor, InputError> {
    match (fields.get("days"), fields.get("expiry")) {
        (Some(days), None) => number(days, "days", (0.01, LONGEST)).map(Tenor::Days),
        (None, Some(expiry)) => {
            let time: Result<Timestamp, _> = expiry.text()?.parse();
            time.map(Tenor::At).map_err(|error| expiry.error(format!("expiry: {error}")))
        }
        _ => Err(fields.error("expected days = 30 or expiry = \"2026-03-27\", one of them")),
    }
}

fn strike(fields: &mut Fields<'_>) -> Result<Strike, InputError> {
    match (fields.get("delta"), fields.get("moneyness"), fields.get("strike")) {
        (Some(delta), None, None) => number(delta, "delta", (0.01, 0.99)).map(Strike::Delta),
        (None, Some(times), None) => {
            number(times, "moneyness", (0.05, 20.0)).map(Strike::Moneyness)
        }
        (None, None, Some(at)) => {
            let price = Price::new(at.decimal()?);
            if !price.is_positive() {
                return Err(at.error(format!("strike: expected a price above zero, found {price}")));
            }
            Ok(Strike::At(price))
        }
        _ => Err(fields.error("expected delta, moneyness or strike, one of them")),
    }
}

fn number(node: &Node, name: &str, (least, most): (f64, f64)) -> Result<f64, InputError> {
    let text = node.text()?;
    let found = text.parse().ok().filter(|found: &f64| (least..=most).contains(found));
    found.ok_or_else(|| {
        node.error(format!("{name}: expected a number from {least} to {most}, found {text:?}"))
    })
}
