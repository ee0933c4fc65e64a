//! Long rows: netted together, asked again, changed by fills: always the same numbers.

use crate::set::{DOCUMENT, account, asset, market};
use keelmark_book::{Decimal, InstrumentId, Order, Portfolio, Quantity};
use keelmark_margin::joint::{Joint, JointMoves};
use keelmark_margin::kept::{KeptAccount, Plan, Revision};
use keelmark_margin::matrix::matrices;
use keelmark_margin::pool::divide;
use keelmark_margin::prepared::Prepared;
use keelmark_margin::requirement::requirements;
use keelmark_margin::table::RowId;
use keelmark_margin::whatif::{Change, apply};
use keelmark_margin::{Document, Exposure, RiskTable, margin, margin_of_pool};
use std::sync::Arc;

const SCENARIOS: usize = 700;

/// A generator that is the same everywhere: splitmix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next() >> 11) as f64 / (1u64 << 53) as f64)
    }
}

/// Hundreds of scenarios of all factors.
pub fn long() -> Joint {
    let mut dice = Dice(3);
    let labels = (0..SCENARIOS).map(|at| format!("copula {at}")).collect();
    let mut joint = Joint { labels, ..Joint::default() };
    for name in ["BTC", "ETH", "SOL"] {
        let mut column =
            |width: f64| (0..SCENARIOS).map(|_| dice.between(-width, width)).collect::<Vec<f64>>();
        let moves = JointMoves {
            price: column(0.3),
            vol: column(0.5),
            slope: column(0.2),
            basis: column(0.1),
            funding: column(0.01),
        };
        joint.moves.insert(asset(name), moves);
    }
    joint
}

/// Documents of every way to ask: measures, underlyings apart, blends, coins that move.
fn documents() -> Vec<Document> {
    let tail = |name: &str, fields: &str| {
        format!(
            "[[charge]]\nname = \"{name}\"\nkind = \"tail-loss\"\nover = \"history\"\n{fields}\n\n"
        )
    };
    let whole = tail("whole", "measure = \"es\"\nconfidence = \"0.975\"");
    let apart = tail("apart", "measure = \"var\"\nconfidence = \"0.99\"\nacross = \"unit\"");
    let fitted = tail("fitted", "measure = \"pot-es\"\nconfidence = \"0.99\"\nthreshold = \"0.9\"");
    let costs = "[[charge]]\nname = \"costs\"\nkind = \"liquidity\"\nhalf_spread = \"0.001\"\n\
                 impact = \"0.3\"\nvolume = \"500\"\nvol_half_spread = \"0.01\"\n\n\
                 [[charge]]\nname = \"size\"\nkind = \"concentration\"\nvolume = \"10\"\n\
                 share = \"0.1\"\nrate = \"0.1\"\n\n";
    let text =
        DOCUMENT.replace("[levels]", &format!("{whole}{apart}{fitted}{costs}[levels]")).replace(
            "initial = \"worst\"\nmaintenance = \"worst\"",
            "initial = \"0.75 * whole + 0.25 * max(whole, apart) + costs + size + orders\"\n\
             maintenance = \"max(whole, 0.5 * fitted) + costs\"",
        );
    let coins = text.replace("[[scan]]", "[unit]\ncoins_move = true\n\n[[scan]]");
    let hedge = text.replace("[[scan]]", "[unit]\ncoins_move = \"hedge\"\n\n[[scan]]");
    let all = [text, coins, hedge];
    let joint = Arc::new(long());
    let read = |text: &String| Document::parse("joint.toml", text).unwrap();
    all.iter().map(|text| read(text).with_joint("history", Arc::clone(&joint)).unwrap()).collect()
}

pub fn random_account(dice: &mut Dice, market: &keelmark_book::Market) -> Portfolio {
    let coins = ["USDC", "BTC", "ETH"].map(|coin| (coin, dice.next() % 50));
    let coins = coins.map(|(coin, amount)| (coin, amount.to_string()));
    let held: Vec<(&str, &str)> = coins.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let mut account = account(market, &held);
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    for id in &ids {
        let mut some = || {
            let lots = i128::from(dice.next() % 4_000) - 2_000;
            Quantity::new(Decimal::from_raw(market.instruments.get(*id).lot.decimal().raw() * lots))
        };
        let (held, ordered) = (some(), some());
        account.positions.push(keelmark_book::Position::new(*id, held, None));
        if ordered.decimal().raw() % 3 == 0 && !ordered.is_zero() {
            account.orders.push(Order { instrument: *id, quantity: ordered, price: None });
        }
    }
    account
}

#[test]
fn positions_together_are_positions_one_by_one() {
    let market = market();
    let document = &documents()[0];
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    let table = RiskTable::compile(document, &market, &ids, &asset("USD")).unwrap();
    let mut dice = Dice(11);
    for largest in [1_000i128, 2_000_000_000, 1 << 40] {
        let mut held: Vec<(RowId, i128)> = Vec::new();
        for _ in 0..90 {
            let id = ids[(dice.next() % ids.len() as u64) as usize];
            held.push((table.row(id).unwrap(), i128::from(dice.next()) % (2 * largest) - largest));
        }
        let (mut together, mut apart) = (Exposure::new(&table), Exposure::new(&table));
        together.add_all(&table, &held);
        held.iter().for_each(|(row, lots)| apart.add(&table, *row, *lots));
        assert_eq!(together, apart, "lots up to {largest}");
    }
}

#[test]
fn every_way_to_ask_gives_the_same_numbers() {
    let market = market();
    for document in documents().into_iter().map(Arc::new) {
        let plan = Arc::new(Plan::new(&document).unwrap().unwrap());
        let mut kept = KeptAccount::default();
        for seed in 0..6 {
            let account = random_account(&mut Dice(seed), &market);
            let full = margin(&document, &market, &account).unwrap();
            let quick = requirements(&document, &market, &account).unwrap();
            let level = |name| full.pools[0].level(name);
            assert_eq!(quick[0].answer.initial, level("initial"), "seed {seed}");
            assert_eq!(quick[0].answer.maintenance, level("maintenance"), "seed {seed}");
            if let Some(found) = kept.requirements(&plan, &market, Revision::default(), &account) {
                assert_eq!(found, quick, "kept, seed {seed}");
            }
            // Parts add up to the charges that name them.
            for charge in full.pools[0].charges.iter().filter(|one| one.kind == "tail-loss") {
                let parts = charge.plain.parts.iter().map(|(_, part)| *part);
                let sum = keelmark_book::Money::sum(parts).unwrap();
                assert_eq!(sum, charge.plain.amount, "{}, seed {seed}", charge.name);
            }
        }
    }
}

#[test]
fn a_fill_is_what_it_makes_of_the_account() {
    let market = market();
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    for document in documents() {
        let account = random_account(&mut Dice(77), &market);
        let pool = divide(&account, &document, &market).remove(0);
        let table = RiskTable::compile(&document, &market, &ids, &pool.currency).unwrap();
        let prepared = Prepared::new(&document, &market, &table, pool).unwrap();
        for id in &ids {
            let lot = market.instruments.get(*id).lot.decimal().raw();
            for lots in [700, -700] {
                let quantity = Quantity::new(Decimal::from_raw(lot * lots));
                let change = Change { fills: vec![(*id, quantity)], ..Change::default() };
                let after = apply(&account, &change, &market).unwrap();
                let changed = divide(&after, &document, &market).remove(0);
                let full = margin_of_pool(&document, &market, &table, changed).unwrap();
                let quick = prepared.what_if(*id, quantity).unwrap();
                assert_eq!(quick.initial, full.level("initial"));
                assert_eq!(quick.maintenance, full.level("maintenance"));
            }
        }
    }
}

#[test]
fn a_matrix_is_the_plain_grid_and_not_the_scenarios() {
    let market = market();
    let account = random_account(&mut Dice(5), &market);
    for one in matrices(&documents()[0], &market, &account).unwrap() {
        assert_eq!((one.scan.as_str(), one.moves.len(), one.beyond.len()), ("plain grid", 9, 0));
    }
}
