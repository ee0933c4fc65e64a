//! Every built-in document on the market of its own worked example: random books of what it covers,
//! coins held and owed, open orders. What holds for one model must hold for all.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{
    Asset, Decimal, InstrumentId, Market, Money, Order, Portfolio, Position, Price, Quantity,
    Round, read,
};
use keelmark_margin::distance::{Crossing, distances};
use keelmark_margin::document::PoolBy;
use keelmark_margin::document::library::BUILT_IN;
use keelmark_margin::pool::{Pool, divide};
use keelmark_margin::prepared::Prepared;
use keelmark_margin::requirement::Requirements;
use keelmark_margin::whatif::{Change, apply};
use keelmark_margin::{Document, RiskTable, margin, margin_of_pool};
use std::collections::BTreeMap;

/// Coins, what wraps them, and perpetuals.
const WRAPPED: &[u8] = b"instrument,venue_symbol,mark,contract_size,lot,as_of
USDC,,1,,,2026-03-13T19:00:00Z
BTC,,71050,,,2026-03-13T19:00:00Z
ETH,,2105,,,2026-03-13T19:00:00Z
SOL,,128,,,2026-03-13T19:00:00Z
WSTETH,,2500,,,2026-03-13T19:00:00Z
MSOL,,150,,,2026-03-13T19:00:00Z
v:BTC/USDC:USDC,BTC-PERP,71080,1,0.0001,2026-03-13T19:00:00Z
v:ETH/USDC:USDC,ETH-PERP,2106,1,0.001,2026-03-13T19:00:00Z
v:SOL/USDC:USDC,SOL-PERP,128,1,0.001,2026-03-13T19:00:00Z
";

/// Books a model.
const BOOKS: u64 = 60;

/// A generator that is the same everywhere: splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In 0..1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.next().is_multiple_of(count)
    }
}

/// The market of a model's worked example, or of the one whose example it is said to be like.
fn market_of(name: &str) -> Option<Market> {
    let folder = format!("{}/../../docs/models/examples", env!("CARGO_MANIFEST_DIR"));
    let like = std::fs::read_to_string(format!("{folder}/{name}/like"));
    let own = like.map_or_else(|_| name.to_owned(), |like| like.trim().to_owned());
    let prices = std::fs::read(format!("{folder}/{own}/prices.csv")).ok()?;
    Some(read::market_csv("prices.csv", &prices).unwrap())
}

/// A quantity worth up to some millions, or one lot.
fn quantity(dice: &mut Dice, market: &Market, id: InstrumentId) -> Quantity {
    let one = market.instruments.get(id);
    let index = market.price(&one.base).unwrap().to_f64();
    let inverse_future = one.is_inverse() && !one.is_option();
    let contract = one.contract_size.to_f64() * if inverse_future { 1.0 } else { index };
    let worth = 10f64.powf(dice.between(2.0, 9.5));
    let lots = (worth / contract / one.lot.to_f64()).round().max(1.0);
    let lots = lots as i64 * if dice.one_in(2) { 1 } else { -1 };
    let lot = one.lot.decimal();
    Quantity::new(lot.times(Decimal::from_int(lots), Round::Nearest).unwrap())
}

fn near(dice: &mut Dice, mark: Price) -> Price {
    let price = mark.to_f64() * dice.between(0.8, 1.25);
    Price::from_f64((price * 1e8).round() / 1e8, Round::Nearest).unwrap()
}

/// A random account of what a document covers.
fn account(dice: &mut Dice, document: &Document, market: &Market) -> Portfolio {
    let mut account = Portfolio::new("random");
    for asset in market.assets.keys() {
        if dice.one_in(3) {
            continue;
        }
        let worth = 10f64.powf(dice.between(2.0, 6.5));
        let owed = if dice.one_in(4) { -1.0 } else { 1.0 };
        let amount = owed * worth / market.price(asset).unwrap().to_f64();
        let amount = Money::from_f64((amount * 1e6).round() / 1e6, Round::Nearest).unwrap();
        account.deposit(asset.clone(), amount).unwrap();
    }
    let most = 1 + dice.next() % 6;
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    for id in &ids {
        if !document.covers(market.instruments.get(*id)) {
            continue;
        }
        let (id, mark) = (*id, market.quote(*id).mark);
        if dice.next() % (ids.len() as u64) < most {
            let quantity = quantity(dice, market, id);
            let entry = (!dice.one_in(5)).then(|| near(dice, mark));
            let mut position = Position::new(id, quantity, entry);
            position.leverage =
                dice.one_in(2).then(|| Decimal::from_int(1 + (dice.next() % 125) as i64));
            account.positions.push(position);
        }
        if dice.next() % (2 * ids.len() as u64) < most {
            let quantity = quantity(dice, market, id);
            let price = (!dice.one_in(3)).then(|| near(dice, mark));
            account.orders.push(Order { instrument: id, quantity, price });
        }
    }
    account
}

/// What went wrong, by model and law: how often, and the first book.
#[derive(Default)]
struct Broken(BTreeMap<(String, String), (usize, String)>);

impl Broken {
    fn add(&mut self, model: &str, law: &str, what: impl FnOnce() -> String) {
        let (count, _) =
            self.0.entry((model.to_owned(), law.to_owned())).or_insert_with(|| (0, what()));
        *count += 1;
    }

    fn none(&self) {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|((model, law), (count, what))| format!("{model}: {law} x{count}: {what}"))
            .collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }
}

struct Bench<'a> {
    name: &'a str,
    document: &'a Document,
    market: &'a Market,
    seed: u64,
}

impl Bench<'_> {
    fn pool(&self, broken: &mut Broken, table: &RiskTable, pool: &Pool) {
        let (document, market, name) = (self.document, self.market, self.name);
        let quick = Requirements::new(document, market, table).unwrap().of(pool);
        let full = match margin_of_pool(document, market, table, pool.clone()) {
            Ok(full) => full,
            Err(error) => {
                broken.add(name, "refused", || format!("seed {}: {error}", self.seed));
                return;
            }
        };
        let (initial, maintenance) = (full.level("initial"), full.level("maintenance"));
        let describe = || -> String {
            let held = |id: InstrumentId| market.instruments.get(id).venue_symbol.clone();
            let levels: Vec<String> =
                full.levels.iter().map(|l| format!("{} = {}", l.name, l.filled)).collect();
            let positions: Vec<String> = pool
                .positions
                .iter()
                .map(|p| format!("{} {}", held(p.instrument), p.quantity))
                .collect();
            let orders: Vec<String> = pool
                .orders
                .iter()
                .map(|p| format!("{} {}", held(p.instrument), p.quantity))
                .collect();
            format!(
                "seed {}: {initial} {maintenance} {levels:?} {positions:?} {orders:?} {:?}",
                self.seed, pool.collateral
            )
        };
        if initial < maintenance {
            broken.add(name, "initial below maintenance", describe);
        }
        for one in &full.charges {
            // The value of options is signed by its nature.
            if one.plain.amount.is_negative() && one.kind != "net-option-value" {
                broken.add(name, "negative charge", || {
                    format!("{} {} {}", one.name, one.plain.amount, describe())
                });
            }
        }
        match quick {
            Ok(quick) => {
                if (quick.initial, quick.maintenance, quick.equity)
                    != (initial, maintenance, full.equity.total)
                {
                    broken.add(name, "requirement in numbers", || {
                        format!("{quick:?} {}", describe())
                    });
                }
            }
            Err(error) => broken.add(name, "requirement in numbers refused", || error.to_string()),
        }
    }

    fn fills(
        &self,
        broken: &mut Broken,
        dice: &mut Dice,
        table: &RiskTable,
        account: &Portfolio,
        pool: &Pool,
    ) {
        let (document, market, name) = (self.document, self.market, self.name);
        // Where each position is a pool, a fill elsewhere opens another one.
        if document.pool.by == PoolBy::Position {
            return;
        }
        let Ok(prepared) = Prepared::new(document, market, table, pool.clone()) else { return };
        let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
        for _ in 0..4 {
            if ids.is_empty() {
                return;
            }
            let id = ids[(dice.next() % ids.len() as u64) as usize];
            let one = market.instruments.get(id);
            let held = pool.positions.iter().find(|p| p.instrument == id).map(|p| -p.quantity);
            let quantity = match held {
                Some(all) if dice.one_in(2) => all,
                _ => quantity(dice, market, id),
            };
            if document.pool.by == PoolBy::Settlement && one.settle != pool.currency {
                continue;
            }
            let change = Change { fills: vec![(id, quantity)], ..Change::default() };
            let after = apply(account, &change, market).unwrap();
            let pools = divide(&after, document, market);
            let Some(changed) = pools.into_iter().find(|one| one.name == pool.name) else {
                continue;
            };
            let full = margin_of_pool(document, market, table, changed);
            let quick = prepared.what_if(id, quantity);
            match (quick, full) {
                (Ok(quick), Ok(full)) => {
                    let expected =
                        (full.level("initial"), full.level("maintenance"), full.equity.total);
                    if (quick.initial, quick.maintenance, quick.equity) != expected {
                        broken.add(name, "prepared", || {
                            format!(
                                "seed {}: {} {quantity}: {quick:?} {expected:?}",
                                self.seed, one.venue_symbol
                            )
                        });
                    }
                }
                (Err(_), Err(_)) => {}
                (Ok(quick), Err(error)) => {
                    broken.add(name, "prepared answers what is refused", || {
                        format!("seed {} {} {quick:?} {error}", self.seed, one.venue_symbol)
                    });
                }
                (Err(error), Ok(_)) => broken.add(name, "prepared refuses", || {
                    format!("seed {} {} {quantity} {error}", self.seed, one.venue_symbol)
                }),
            }
        }
    }
}

#[test]
fn what_holds_for_one_model_holds_for_all() {
    let mut broken = Broken::default();
    let mut compared = 0;
    for (name, _) in BUILT_IN {
        let document = Document::named(name).unwrap();
        let Some(market) = market_of(name) else { continue };
        let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
        for seed in 0..BOOKS {
            let mut dice = Dice(seed.wrapping_mul(0x1234_5677) + 1);
            let account = account(&mut dice, &document, &market);
            let bench = Bench { name, document: &document, market: &market, seed };
            for pool in divide(&account, &document, &market) {
                let table = RiskTable::compile(&document, &market, &ids, &pool.currency).unwrap();
                bench.pool(&mut broken, &table, &pool);
                bench.fills(&mut broken, &mut dice, &table, &account, &pool);
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared}");
    broken.none();
}

/// What maintenance divides by belongs under the floor of initial margin too: 100,000 BTC at 71,080
/// stand at 40x for 177.7 million, and are liquidated below 175.825 million / 0.95.
#[test]
fn a_large_position_at_the_highest_leverage_asks_initially_for_its_maintenance() {
    let document = Document::named("hyperliquid-pm").unwrap();
    let market = read::market_csv("market", WRAPPED).unwrap();
    let rows = b"account,instrument,qty,avg_price\na,USDC,5000000000,\na,BTC-PERP,100000,71080\n";
    let book = read::book_csv("book", rows, &market).unwrap();
    let total = margin(&document, &market, &book.accounts[0]).unwrap().total;
    assert_eq!(total.initial, total.maintenance);
    assert_eq!(total.maintenance.decimal().round_to(2, Round::Down).to_string(), "185078947.36");
}

/// Staked and wrapped coins move with what they wrap, in models that scan nothing too: with 20
/// WSTETH at 80 % of 2,500, 20,000 owed and a perpetual long, headroom ends where
/// -20,000 + 40,000 f + 2,106 (f - 1) - 136.89 f = 0.
#[test]
fn wrapped_collateral_moves_towards_liquidation_with_its_coin() {
    let market = read::market_csv("market", WRAPPED).unwrap();
    let rows = b"account,instrument,qty,avg_price\na,USDC,-20000,\na,WSTETH,20,\n\
        a,ETH-PERP,1,2106\nb,USDC,-80000,\nb,MSOL,1000,\nb,SOL-PERP,10,128\n";
    let book = read::book_csv("book", rows, &market).unwrap();
    let down = |name: &str, at: usize| {
        let document = Document::named(name).unwrap();
        match distances(&document, &market, &book.accounts[at]).unwrap()[0].down {
            Crossing::At { change, .. } => 1.0 + change,
            ref other => panic!("{name}: {other:?}"),
        }
    };
    let expected = 22_106.0 / (42_106.0 - 136.89);
    assert!((down("derive-srm", 0) - expected).abs() < 1e-9);
    // 1,000 MSOL of 150 at 90 %, 10 perpetuals of 128 at 97.5 %; the profit of an unsettled loss
    // counts in full: -80,000 + 135,000 f + 1,248 f - 1,280 = 0.
    let expected = 81_280.0 / 136_248.0;
    assert!((down("mango-v4", 1) - expected).abs() < 1e-9);
    assert!((down("drift-v2", 1) - 0.6).abs() < 0.02);
}

/// The up move of volatility ends at 40 % for BTC and at 60 % for coins that are not listed.
#[test]
fn the_least_volatility_of_an_up_move_is_by_coin() {
    let document = Document::named("paradex-pm").unwrap();
    let moved = |name: &str| {
        let asset = Asset::new(name).unwrap();
        document.scans[0].vol.at(&asset, 30.0).unwrap().moved(0.1)[2]
    };
    assert!((moved("BTC") - 0.4).abs() < 1e-12 && (moved("HYPE") - 0.6).abs() < 1e-12);
}

/// Closing a position does not undo the leverage that was chosen for it while orders are open.
#[test]
fn a_chosen_leverage_outlives_the_position_for_its_open_orders() {
    let market = read::market_csv("market", WRAPPED).unwrap();
    let rows = b"account,instrument,qty,avg_price,leverage,kind\na,USDC,500000,,,\n\
        a,BTC-PERP,1,71080,2,\na,BTC-PERP,1,71080,,order\n";
    let book = read::book_csv("book", rows, &market).unwrap();
    let (id, _) = market.instruments.iter().next().unwrap();
    let fills = vec![(id, "-1".parse().unwrap())];
    let after = apply(&book.accounts[0], &Change { fills, ..Change::default() }, &market).unwrap();
    let document = Document::named("hyperliquid").unwrap();
    let total = margin(&document, &market, &after).unwrap().total;
    assert_eq!(total.initial.to_string(), "35540");
    assert!(total.maintenance.is_zero());
}

/// A coin that is not accepted counts for nothing, and nothing is asked of it: two such coins and a
/// tenth of a perpetual ask for 6.5 % of 7,108.
#[test]
fn nothing_is_asked_of_collateral_that_is_not_accepted() {
    let market = read::market_csv("market", WRAPPED).unwrap();
    let rows = b"account,instrument,qty,avg_price\na,USDC,5000,\na,MSOL,2000,\n\
        a,BTC-PERP,0.1,71080\n";
    let book = read::book_csv("book", rows, &market).unwrap();
    let of = |name: &str| {
        margin(&Document::named(name).unwrap(), &market, &book.accounts[0]).unwrap().total
    };
    let standard = of("derive-srm");
    assert_eq!(standard.equity.to_string(), "5000");
    assert_eq!(standard.maintenance.to_string(), "462.02");
    // 20 % of 7,108 in the worst scenario, and 3 % of 7,105.
    assert_eq!(of("derive-pmrm").maintenance.to_string(), "1634.75");
}
