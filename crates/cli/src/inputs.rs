//! Books and prices: files, standard input, and the sample that is built in.

use crate::arguments::{InputArgs, PriceArgs};
use crate::failure::Failure;
use crate::screen::Screen;
use flate2::read::MultiGzDecoder;
use keelmark_book::input::LARGEST_FILE;
use keelmark_book::instruments::nearest;
use keelmark_book::{Asset, Book, InputError, Market, Portfolio, Timestamp, read};
use keelmark_venues::spelling;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What stands for the built-in sample.
pub const DEMO: &str = "demo:";
/// What stands for standard input.
pub const STANDARD_INPUT: &str = "-";
/// How gzip begins.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// Whether standard input was read: there is nothing left for a second reader.
static READ: AtomicBool = AtomicBool::new(false);
const DEMO_MARKET: &str = include_str!("../../../samples/btc-options-2026-03-13.csv");
const DEMO_BOOK: &str = include_str!("../../../samples/desk.csv");

/// A book with its prices.
#[derive(Debug)]
pub struct Inputs {
    /// The prices.
    pub market: Market,
    /// The accounts asked for.
    pub accounts: Vec<Portfolio>,
    /// What was written for the book, for hints.
    pub book: String,
}

/// Reads the book and the prices of the arguments, and passes their notes on.
pub fn read(arguments: &InputArgs, screen: Screen) -> Result<Inputs, Failure> {
    if arguments.prices.is_none() && !is_demo(&arguments.book) {
        return without_prices(arguments, screen);
    }
    let prices = prices_name(arguments)?;
    if prices == STANDARD_INPUT && arguments.book == STANDARD_INPUT {
        return Err(Failure::usage("standard input can be the book or the prices, not both")
            .next("keelmark margin - --prices prices.csv"));
    }
    let mut market = market(&prices)?;
    let book = book(&arguments.book, &market)?;
    screen.notes(&market.notes);
    screen.notes(&book.notes);
    if let Some(time) = arguments.as_of {
        set_time(&mut market, time)?;
    }
    let accounts = chosen(book.accounts, arguments)?;
    Ok(Inputs { market, accounts, book: arguments.book.clone() })
}

/// Reads several books on one market; each account with the name of its book, in order.
pub fn read_all(
    books: &[String],
    arguments: &PriceArgs,
    screen: Screen,
) -> Result<(Market, Vec<(String, Portfolio)>), Failure> {
    let first = books.first().cloned().unwrap_or_default();
    let one = |book: &String| InputArgs {
        book: book.clone(),
        prices: arguments.prices.clone(),
        account: Vec::new(),
        as_of: arguments.as_of,
    };
    let prices = prices_name(&one(&first))?;
    let mut market = market(&prices)?;
    screen.notes(&market.notes);
    let mut accounts = Vec::new();
    for name in books {
        if name == STANDARD_INPUT && (prices == STANDARD_INPUT || books.len() > 1) {
            return Err(Failure::usage("standard input can be one book, with prices from a file"));
        }
        let book = book(name, &market)?;
        screen.notes(&book.notes);
        for account in chosen(book.accounts, &one(name))? {
            accounts.push((name.clone(), account));
        }
    }
    if let Some(time) = arguments.as_of {
        set_time(&mut market, time)?;
    }
    Ok((market, accounts))
}

/// Reads one book with its prices, all accounts, without notes.
pub fn files(book_name: &str, prices: &str) -> Result<Inputs, Failure> {
    let market = market(prices)?;
    let accounts = book(book_name, &market)?.accounts;
    Ok(Inputs { market, accounts, book: book_name.to_owned() })
}

/// The built-in sample by the name that stands for it, all accounts or the one in the name.
pub fn of_demo(name: &str) -> Result<Inputs, Failure> {
    let mut inputs = Inputs::demo()?;
    let wanted =
        InputArgs { book: name.to_owned(), prices: None, account: Vec::new(), as_of: None };
    inputs.accounts = chosen(inputs.accounts, &wanted)?;
    Ok(inputs)
}

/// Reads prices from a file, standard input or the sample; their instruments answer to every
/// spelling of their venue.
pub fn market(name: &str) -> Result<Market, Failure> {
    let mut market = listed(name)?;
    spelling::teach(&mut market);
    Ok(market)
}

fn listed(name: &str) -> Result<Market, Failure> {
    let failed = |error| Failure::from(error).next("keelmark schema market");
    if is_demo(name) {
        return read::market("demo:prices", DEMO_MARKET.as_bytes()).map_err(failed);
    }
    let (file, bytes) = bytes(name).map_err(failed)?;
    read::market(&file, &bytes).map_err(failed)
}

/// The bytes of a file or of standard input, with the name to use in errors.
pub fn bytes(name: &str) -> Result<(String, Vec<u8>), InputError> {
    if name != STANDARD_INPUT {
        return Ok((name.to_owned(), read::bytes(Path::new(name))?));
    }
    let file = "standard input";
    Ok((file.to_owned(), from_standard_input(file)?))
}

/// The text of a history, of a file or of standard input, unpacked where it is gzip, with the name
/// to use in errors.
pub fn history(name: &str) -> Result<(String, Vec<u8>), InputError> {
    let (file, bytes) = match name {
        STANDARD_INPUT => bytes(name)?,
        _ => (name.to_owned(), read::raw(Path::new(name))?),
    };
    let text = if bytes.starts_with(GZIP) {
        within(&file, MultiGzDecoder::new(bytes.as_slice()))?
    } else {
        bytes
    };
    read::text_within(&file, &text)?;
    Ok((file, text))
}

fn from_standard_input(file: &str) -> Result<Vec<u8>, InputError> {
    if READ.swap(true, Ordering::Relaxed) {
        let problem = "expected for one of book, prices, models and histories, found for two: \
                       read one from a file";
        return Err(InputError::whole(file, problem));
    }
    within(file, std::io::stdin().lock())
}

/// All of a stream, refused above [`LARGEST_FILE`].
fn within(file: &str, stream: impl Read) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    let limit = LARGEST_FILE + 1;
    let read = stream.take(limit).read_to_end(&mut bytes);
    read.map_err(|error| InputError::whole(file, format!("cannot read: {error}")))?;
    if bytes.len() as u64 == limit {
        let problem = format!("expected at most {} MiB, found more", LARGEST_FILE >> 20);
        return Err(InputError::whole(file, problem));
    }
    Ok(bytes)
}

/// Whether a name stands for the built-in sample.
pub fn is_demo(name: &str) -> bool {
    name.starts_with(DEMO)
}

impl Inputs {
    /// The built-in sample, all accounts.
    pub fn demo() -> Result<Self, Failure> {
        let market = market(DEMO)?;
        let accounts = book(DEMO, &market)?.accounts;
        Ok(Self { market, accounts, book: DEMO.to_owned() })
    }

    /// The one account that a command is about.
    pub fn single(&self) -> Result<&Portfolio, Failure> {
        match self.accounts.as_slice() {
            [one] => Ok(one),
            several => {
                let names: Vec<&str> = several.iter().map(|one| one.account.as_str()).collect();
                let first = names.first().copied().unwrap_or_default();
                Err(Failure::usage(format!(
                    "expected one account, found {}: {}",
                    several.len(),
                    names.join(", ")
                ))
                .next(format!("add --account {first}")))
            }
        }
    }
}

/// A book of nothing but given sensitivities and dollars needs no prices.
fn without_prices(arguments: &InputArgs, screen: Screen) -> Result<Inputs, Failure> {
    let (file, bytes) = bytes(&arguments.book)?;
    let as_of = arguments.as_of.unwrap_or(Timestamp::from_nanos(0));
    let market = Market::new(as_of, Asset::usd(), NO_PRICES);
    let given = |account: &Portfolio| {
        !account.sensitivities.is_empty()
            && account.positions.is_empty()
            && account.orders.is_empty()
    };
    match read::book(&file, &bytes, &market) {
        Ok(book) if book.accounts.iter().all(given) => {
            screen.notes(&book.notes);
            let accounts = chosen(book.accounts, arguments)?;
            Ok(Inputs { market, accounts, book: arguments.book.clone() })
        }
        Err(error) if has_sensitivities(&bytes) => Err(Failure::from(error)
            .next("add --prices prices.csv where the book holds more than sensitivities")),
        _ => Err(no_prices(arguments)),
    }
}

/// Source of the market of a book without prices.
const NO_PRICES: &str = "no prices: given sensitivities only";

/// Time and source of prices; nothing is dated where nothing is.
pub fn dated(market: &Market) -> String {
    match time(market.as_of) {
        none if none.is_empty() => market.source.clone(),
        time => format!("{time} · {}", market.source),
    }
}

/// A time of prices in a table or in CSV; empty where there is none.
pub fn time(as_of: Timestamp) -> String {
    if as_of == Timestamp::default() { String::new() } else { as_of.to_string() }
}

/// Whether a book is one that names given sensitivities.
fn has_sensitivities(bytes: &[u8]) -> bool {
    bytes.windows(15).any(|window| window == b"\"sensitivities\"")
}

fn no_prices(arguments: &InputArgs) -> Failure {
    Failure::usage(format!(
        "{}: expected --prices FILE, the market that the book is valued with",
        arguments.book
    ))
    .next(format!("add --prices prices.csv, or --prices {DEMO} for the built-in one"))
}

fn prices_name(arguments: &InputArgs) -> Result<String, Failure> {
    match &arguments.prices {
        Some(prices) => Ok(prices.clone()),
        None if is_demo(&arguments.book) => Ok(DEMO.to_owned()),
        None => Err(no_prices(arguments)),
    }
}

fn book(name: &str, market: &Market) -> Result<Book, Failure> {
    let failed = |error| Failure::from(error).next("keelmark schema book");
    if is_demo(name) {
        return read::book("demo:book", DEMO_BOOK.as_bytes(), market).map_err(failed);
    }
    let (file, bytes) = bytes(name).map_err(failed)?;
    read::book(&file, &bytes, market).map_err(failed)
}

/// Moves the time of a market; time only runs forward, and not past what is traded.
fn set_time(market: &mut Market, time: Timestamp) -> Result<(), Failure> {
    if time < market.as_of {
        return Err(Failure::input(format!(
            "--as-of: expected a time from {} on, when the prices are of, found {time}",
            market.as_of
        )));
    }
    market.as_of = time;
    Ok(())
}

/// The accounts asked for, in the order of the book.
fn chosen(accounts: Vec<Portfolio>, arguments: &InputArgs) -> Result<Vec<Portfolio>, Failure> {
    let mut wanted: Vec<&str> = arguments.account.iter().map(String::as_str).collect();
    if let Some(name) = arguments.book.strip_prefix(DEMO).filter(|name| !name.is_empty()) {
        wanted.push(name);
    }
    if let Some(unknown) =
        wanted.iter().find(|name| !accounts.iter().any(|one| one.account == **name))
    {
        let known = accounts.iter().map(|one| one.account.as_str());
        let near = nearest(unknown, known.clone(), 3);
        let near = if near.is_empty() { known.take(8).map(str::to_owned).collect() } else { near };
        return Err(Failure::input(format!(
            "{}: unknown account {unknown:?}; nearest known: {}",
            arguments.book,
            near.join(", ")
        )));
    }
    if wanted.is_empty() {
        return Ok(accounts);
    }
    Ok(accounts.into_iter().filter(|one| wanted.contains(&one.account.as_str())).collect())
}
