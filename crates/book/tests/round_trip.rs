//! Whatever a market or a book says is written and read again, to the last digit: every optional
//! field as JSON, and as CSV where it has a place.

#![allow(clippy::unwrap_used, reason = "a test that cannot read what was written has failed")]

use keelmark_book::sensitivity::Measure;
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Book, Decimal, Detail, GivenRow, InstrumentId, Isolation, Lent, Market, Money, Order,
    Portfolio, Position, Price, Quantity, Quote, Rate, Round, Sensitivity, Timestamp, read, write,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const AS_OF: &str = "2026-03-13T19:00:00.123456789Z";
const SYMBOLS: &[&str] = &[
    "v:BTC/USD:USD",
    "v:BTC/USD:BTC-260327",
    "v:BTC/USD:BTC-260327-70000-C",
    "v:BTC/USD:USD-260626-0.625-P",
    "w:ETH/USD:ETH",
    "w:ETH/USD",
];
const ASSETS: &[&str] = &["BTC", "ETH", "USD"];

/// Above zero, with up to 18 places.
fn positive() -> impl Strategy<Value = Decimal> {
    (1i128..1_000_000_000, -18i32..3)
        .prop_map(|(digits, places)| Decimal::from_scaled(digits, places, Round::Nearest).unwrap())
}

fn signed() -> impl Strategy<Value = Decimal> {
    (positive(), any::<bool>()).prop_map(|(one, below)| if below { -one } else { one })
}

fn share() -> impl Strategy<Value = Rate> {
    (0i128..=1_000_000)
        .prop_map(|parts| Rate::new(Decimal::from_scaled(parts, -6, Round::Nearest).unwrap()))
}

/// At most an hour before the market's time.
fn time() -> impl Strategy<Value = Timestamp> {
    (0i64..3_600_000_000_000).prop_map(|ago| AS_OF.parse::<Timestamp>().unwrap().plus_nanos(-ago))
}

/// What one asset may say.
type Coin = (Decimal, Timestamp, Rate, Option<Decimal>, Option<Decimal>, Option<Decimal>, bool);

fn coin() -> impl Strategy<Value = Coin> {
    let more = || option::of(positive());
    (positive(), time(), share(), more(), more(), more(), any::<bool>())
}

/// What one contract may say beside its symbol.
#[derive(Clone, Debug)]
struct Contract {
    sizes: (Decimal, Decimal),
    mark: Decimal,
    iv: f64,
    forward: Decimal,
    spread: (Option<Decimal>, Option<Decimal>),
    as_of: Timestamp,
    off_hour: bool,
    rate: Option<f64>,
    fixed: bool,
    sure: [Rate; 4],
    slow: Option<Decimal>,
    interest: Option<Decimal>,
    given: Option<(Vec<Decimal>, Decimal)>,
    listed: bool,
    name: String,
}

prop_compose! {
    fn contract()(
        sizes in (positive(), positive()),
        (mark, iv, forward) in (positive(), 1e-6..99.0f64, positive()),
        spread in (option::of(positive()), option::of(positive())),
        (as_of, off_hour) in (time(), any::<bool>()),
        (rate, fixed) in (option::of(-1.0..1.0f64), any::<bool>()),
        sure in [share(), share(), share(), share()],
        slow in option::of(positive()),
        interest in option::of(positive()),
        given in option::of((vec(signed(), 1..20), signed())),
        (listed, name) in (any::<bool>(), "[A-Z]{1,6}[ ,\"'-]?[a-z0-9]{1,6}"),
    ) -> Contract {
        let spread = match spread {
            (Some(bid), Some(ask)) => (Some(bid.min(ask)), Some(bid.max(ask))),
            other => other,
        };
        Contract { sizes, mark, iv, forward, spread, as_of, off_hour, rate, fixed, sure, slow,
            interest, given, listed, name }
    }
}

fn market(coins: &[Coin], contracts: &[Contract], given_rows: bool) -> Market {
    let as_of: Timestamp = AS_OF.parse().unwrap();
    let mut market = Market::new(as_of, Asset::usd(), "a \"made\" market, with a comma");
    for (name, (price, at, sure, slow, deposits, borrows, there)) in ASSETS.iter().zip(coins) {
        let asset = Asset::new(name).unwrap();
        let own = asset == market.currency;
        if !own && !there {
            continue;
        }
        let price = if own { Price::from_int(1) } else { Price::new(*price) };
        market.set_asset(asset.clone(), price, if own { as_of } else { *at }).unwrap();
        market.set_confidence(&asset, *sure).unwrap();
        if let Some(slow) = slow {
            market.set_slow(asset.clone(), Price::new(*slow)).unwrap();
        }
        let lent = Lent { deposits: deposits.map(Money::new), borrows: borrows.map(Money::new) };
        market.set_lent(asset, lent).unwrap();
    }
    for (at, (text, one)) in SYMBOLS.iter().zip(contracts).enumerate() {
        if one.listed {
            add(&mut market, at, text, one, given_rows);
        }
    }
    market
}

fn add(market: &mut Market, at: usize, text: &str, one: &Contract, given_rows: bool) {
    use keelmark_book::Kind;
    let (size, lot) = (Quantity::new(one.sizes.0), Quantity::new(one.sizes.1));
    let name = format!("{}{at}", one.name);
    let mut instrument = Symbol::parse(text).unwrap().instrument(name, size, lot);
    if let (true, Kind::Future { expiry } | Kind::Option { expiry, .. }) =
        (one.off_hour, &mut instrument.kind)
    {
        *expiry = expiry.plus_nanos(5_400_000_000_000);
    }
    let option = instrument.is_option();
    let forward = option.then_some(one.forward);
    let quote = Quote {
        mark: Price::new(one.mark),
        iv: option.then_some(one.iv),
        forward: forward.map(Price::new),
        bid: one.spread.0.map(Price::new),
        ask: one.spread.1.map(Price::new),
        as_of: one.as_of,
    };
    let id = match one.given.as_ref().filter(|_| given_rows) {
        Some((losses, delta)) => {
            let row = GivenRow { losses: losses.clone(), delta: *delta };
            market.add_given(instrument, quote, row).unwrap()
        }
        None => market.add(instrument, quote).unwrap(),
    };
    let half = |one: Decimal| one.over(Decimal::from_int(2), Round::Down).unwrap();
    let fixed = forward.filter(|_| one.fixed).map(half).unwrap_or_default();
    let [confidence, forward_confidence, vol_confidence, rate_confidence] = one.sure;
    let detail = Detail {
        rate: one.rate,
        fixed_forward: Price::new(fixed),
        confidence,
        forward_confidence,
        vol_confidence,
        rate_confidence,
    };
    market.set_detail(id, detail).unwrap();
    if let Some(slow) = one.slow {
        market.set_slow_mark(id, Price::new(slow)).unwrap();
    }
    if let Some(interest) = one.interest {
        market.set_open_interest(id, Quantity::new(interest)).unwrap();
    }
}

fn same(one: &Market, other: &Market) {
    assert_eq!((one.as_of, &one.currency), (other.as_of, &other.currency));
    assert_eq!(one.source, other.source);
    assert_eq!(one.assets, other.assets);
    for asset in one.assets.keys() {
        assert_eq!(one.slow(asset), other.slow(asset), "{asset}");
        assert_eq!(one.lent(asset), other.lent(asset), "{asset}");
    }
    assert_eq!(one.instruments.len(), other.instruments.len());
    for (id, instrument) in one.instruments.iter() {
        assert_eq!(instrument, other.instruments.get(id));
        assert_eq!(one.quote(id), other.quote(id), "{instrument}");
        assert_eq!(one.detail(id), other.detail(id), "{instrument}");
        assert_eq!(one.slow_mark(id), other.slow_mark(id), "{instrument}");
        assert_eq!(one.open_interest(id), other.open_interest(id), "{instrument}");
        assert_eq!(one.given(id), other.given(id), "{instrument}");
    }
}

/// An amount in lots of a contract.
fn lots(market: &Market, id: InstrumentId, count: i64) -> Quantity {
    let lot = market.instruments.get(id).lot.decimal();
    Quantity::new(lot.times(Decimal::from_int(count), Round::Nearest).unwrap())
}

/// What an account may hold of each contract: lots, its price, its own margin and leverage, lots of
/// an order with its price, and what is unsettled.
type Held = (
    i64,
    Option<Decimal>,
    Option<Decimal>,
    Option<Decimal>,
    Option<(i64, Option<Decimal>)>,
    Option<Decimal>,
);

fn held() -> impl Strategy<Value = Held> {
    let count = || prop_oneof![-50i64..0, 1i64..50];
    let more = || option::of(positive());
    let order = option::of((count(), more()));
    (count(), more(), more(), more(), order, option::of(signed()))
}

fn portfolio(market: &Market, held: &[Held], given: &[(String, Decimal)]) -> Portfolio {
    let mut account = Portfolio::new("desk, the \"first\"");
    account.deposit(Asset::usd(), Money::new(Decimal::from_int(-7))).unwrap();
    let all: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    for (id, (count, entry, own, leverage, order, unsettled)) in all.into_iter().zip(held) {
        let mut one = Position::new(id, lots(market, id, *count), entry.map(Price::new));
        one.leverage = *leverage;
        one.isolation = own.map_or(Isolation::Shared, |own| Isolation::Own(Money::new(own)));
        account.positions.push(one);
        if let Some((count, price)) = order {
            let (quantity, price) = (lots(market, id, *count), price.map(Price::new));
            account.orders.push(Order { instrument: id, quantity, price });
        }
        // Options settle at their expiry alone.
        if let Some(amount) = unsettled.filter(|_| !market.instruments.get(id).is_option()) {
            account.unsettled.insert(id, Money::new(amount));
        }
    }
    account.reserves.insert("vega_spread:BTC".to_owned(), Money::from_int(3));
    for (text, amount) in given {
        account.sensitivities.push(Sensitivity {
            product: String::new(),
            class: "Rates".to_owned(),
            measure: Measure::Delta,
            qualifier: text.clone(),
            bucket: "1".to_owned(),
            tenor: "2w".to_owned(),
            curve: String::new(),
            amount: Money::new(*amount),
        });
    }
    account
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn markets_are_read_as_they_were_written(
        coins in vec(coin(), ASSETS.len()),
        contracts in vec(contract(), SYMBOLS.len()),
        given in any::<bool>(),
    ) {
        let made = market(&coins, &contracts, given);
        let text = write::market_json(&made);
        let again = read::market_json("written.json", text.as_bytes())
            .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        same(&made, &again);
        prop_assert_eq!(write::market_json(&again), text);
        // The CSV has no place for given rows.
        let made = market(&coins, &contracts, false);
        let text = write::market_csv(&made);
        if text.lines().count() > 1 {
            let again = read::market_csv("written.csv", text.as_bytes())
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            // A row that is never older than the market is not told from the market's time.
            let latest = made.assets.values().map(|feed| feed.as_of)
                .chain(made.instruments.iter().map(|(id, _)| made.quote(id).as_of)).max();
            if latest == Some(made.as_of) {
                same(&made, &again);
            }
            prop_assert_eq!(write::market_csv(&again), text);
        }
    }

    #[test]
    fn books_are_read_as_they_were_written(
        coins in vec(coin(), ASSETS.len()),
        contracts in vec(contract(), SYMBOLS.len()),
        held in vec(held(), SYMBOLS.len()),
        given in vec(("[A-Z]{3}( [\"a-z])?", signed()), 0..4),
    ) {
        let market = market(&coins, &contracts, false);
        for given in [&given[..], &[]] {
            let accounts = vec![portfolio(&market, &held, given)];
            let book = Book { accounts, notes: Vec::new() };
            let text = write::book_json(&book, &market);
            let again = read::book_json("written.json", text.as_bytes(), &market)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(&book.accounts, &again.accounts);
            // The CSV has no place for given sensitivities.
            if given.is_empty() {
                let text = write::book_csv(&book, &market);
                let again = read::book_csv("written.csv", text.as_bytes(), &market)
                    .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
                prop_assert_eq!(&book.accounts, &again.accounts);
            }
        }
    }
}
