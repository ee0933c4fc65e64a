//! A game as a file: TOML, every number checked where it stands, nothing ignored.
//!
//! A number is reached by its name (`bonus`, `vol`), or by its path (`keepers.fast.cost`); a name
//! that all keepers have moves all of them.

use super::lot::{Lot, Side, Spread};
use super::mechanism::{Mechanism, Sale, Timing};
use super::price::Process;
use super::setting::{Fund, Game, Group, Keeper};
use keelmark_book::{Decimal, InputError, Rate, Round, instruments::nearest};
use keelmark_liquidation::auction::curve::Curve;
use keelmark_margin::document::Fields;
use keelmark_margin::document::tree::{Node, Value};
use std::collections::BTreeSet;

/// The first field of every game.
pub const SCHEMA: &str = "keelmark/game/1";
/// The largest amount.
const AMOUNT: f64 = 1e15;
/// Keepers of all classes, at most.
const KEEPERS: u32 = 1_000;
/// Classes of keepers and groups of accounts, at most.
const CLASSES: usize = 16;
/// Prices of all paths, at most: 80 MB of them.
const PRICES: usize = 10_000_000;

/// A number as it is written into a game.
pub fn shown(number: f64) -> String {
    format!("{number:?}")
}

/// What a number may be.
struct Range(f64, f64, &'static str);

const POSITIVE: Range = Range(1e-12, AMOUNT, "a number above zero, at most 1e15");
const FREE: Range = Range(0.0, AMOUNT, "a number from 0 to 1e15");
const SHARE: Range = Range(0.0, 1.0, "a share from 0 to 1");
const PART: Range = Range(1e-6, 1.0, "a share above 0, at most 1");
const SOME: Range = Range(0.0, 10.0, "a share from 0 to 10");
const SECONDS: Range = Range(0.0, 1e8, "seconds from 0 to 1e8");
const MOMENTS: Range = Range(1e-3, 1e8, "seconds from 0.001 to 1e8");

fn number(node: &Node, name: &str, range: &Range) -> Result<f64, InputError> {
    let text = node.text()?;
    let found: Option<f64> = text.replace('_', "").parse().ok();
    match found.filter(|found| *found >= range.0 && *found <= range.1) {
        Some(found) => Ok(found),
        None => Err(node.error(format!("{name}: expected {}, found {text}", range.2))),
    }
}

fn need(fields: &mut Fields<'_>, name: &'static str, range: &Range) -> Result<f64, InputError> {
    number(fields.need(name)?, name, range)
}

fn or(
    fields: &mut Fields<'_>,
    name: &'static str,
    other: f64,
    range: &Range,
) -> Result<f64, InputError> {
    fields.get(name).map_or(Ok(other), |node| number(node, name, range))
}

/// A whole number.
fn count(fields: &mut Fields<'_>, name: &'static str, most: u32) -> Result<u32, InputError> {
    let node = fields.need(name)?;
    let text = node.text()?;
    // What a sweep writes has a point.
    let whole = text.strip_suffix(".0").unwrap_or(text).replace('_', "").parse::<u32>().ok();
    whole.filter(|found| (1..=most).contains(found)).ok_or_else(|| {
        node.error(format!("{name}: expected a whole number from 1 to {most}, found {text}"))
    })
}

impl Game {
    /// Reads a game.
    ///
    /// # Errors
    /// With the line of what is wrong, and what was expected there.
    pub fn parse(file: &str, text: &str) -> Result<Self, InputError> {
        Self::read(Node::parse(file, text)?)
    }

    /// The same game with some numbers set, by name or path.
    ///
    /// # Errors
    /// As [`Game::parse`], and when there is no such number.
    pub fn with(&self, changes: &[(&str, &str)]) -> Result<Self, InputError> {
        let mut tree = self.tree.clone();
        for (name, value) in changes {
            for path in self.reached(name)? {
                tree.set(&path, value)?;
            }
        }
        Self::read(tree)
    }

    /// The number of that name or path; nothing where there is none, or where keepers differ.
    pub fn value(&self, name: &str) -> Option<f64> {
        let mut found = BTreeSet::new();
        for path in self.reached(name).ok()? {
            found.insert(at(&self.tree, &path)?.text().ok()?.replace('_', ""));
        }
        let one = found.pop_first().filter(|_| found.is_empty())?;
        one.parse().ok()
    }

    /// The same game with every number of that name so many times its value; nothing where that
    /// makes no sense, or where all of them are nought.
    pub(crate) fn scaled(&self, name: &str, times: f64) -> Option<Self> {
        let mut tree = self.tree.clone();
        let mut moved = false;
        for path in self.reached(name).ok()? {
            let value: f64 = at(&self.tree, &path)?.text().ok()?.replace('_', "").parse().ok()?;
            moved |= value != 0.0;
            tree.set(&path, &shown(value * times)).ok()?;
        }
        Self::read(tree).ok().filter(|_| moved)
    }

    /// The paths that a name reaches.
    fn reached(&self, name: &str) -> Result<Vec<String>, InputError> {
        if name == "seed" || name == "paths" || at(&self.tree, name).is_some() {
            return Ok(vec![name.to_owned()]);
        }
        let all = numbers(&self.tree);
        let last = |path: &String| path.rsplit('.').next() == Some(name);
        let of = |table: &str| -> Vec<String> {
            all.iter().filter(|path| last(path) && path.starts_with(table)).cloned().collect()
        };
        for table in ["mechanism.", "keepers.", "price.", "fund.", "book."] {
            let found = of(table);
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let names: BTreeSet<&str> = all.iter().filter_map(|path| path.rsplit('.').next()).collect();
        let near = nearest(name, names.iter().copied(), 1);
        let hint = match near.first() {
            Some(one) => format!("did you mean {one:?}?"),
            None => {
                let names: Vec<&str> = names.into_iter().collect();
                format!("expected one of {}", names.join(", "))
            }
        };
        Err(InputError::whole(&self.tree.origin.file, format!("no number {name:?} in it; {hint}")))
    }

    fn read(tree: Node) -> Result<Self, InputError> {
        let digest = blake3::hash(tree.toml().as_bytes()).to_hex()[..16].to_owned();
        let mut fields = Fields::of(&tree)?;
        fields.word("schema", &[(SCHEMA, ())], None)?;
        let name = fields.text("name")?.to_owned();
        let seed = fields.get("seed").map_or(Ok(1), seed)?;
        let price = price(fields.need("price")?)?;
        let (fund, wait) = fund(fields.need("fund")?)?;
        let (mechanism, threshold, delay, tick) = mechanism(fields.need("mechanism")?)?;
        let ticks = (wait / tick).ceil() as usize;
        let paths = match fields.get("paths") {
            Some(_) => count(&mut fields, "paths", 1_000_000)? as usize,
            None => 1_000,
        };
        if (ticks + 1).saturating_mul(paths) > PRICES {
            let found = format!("{paths} paths of {ticks} ticks");
            let expected = format!("expected at most {PRICES} prices, found {found}");
            let hint = "take fewer paths, a longer tick or a shorter wait";
            return Err(tree.error(format!("paths: {expected}: {hint}")));
        }
        let timing = Timing { tick, ticks, delay };
        if let Mechanism::Sealed { seconds, .. } = mechanism
            && timing.at(seconds) > ticks
        {
            let hint = "expected bidding to end before the fund's wait does";
            return Err(tree.error(format!("seconds: {hint}, found {seconds} and {wait}")));
        }
        let sale = Sale::new(mechanism, timing, threshold)
            .map_err(|error| fields.error(format!("mechanism: {error}")))?;
        let keepers = keepers(fields.need("keepers")?)?;
        let (failing, healthy) = book(fields.need("book")?, price.1, threshold)?;
        fields.done()?;
        let (price, shock) = price;
        Ok(Self {
            name,
            digest,
            seed,
            paths,
            sale,
            price,
            shock,
            keepers,
            failing,
            healthy,
            fund,
            tree,
        })
    }
}

fn seed(node: &Node) -> Result<u64, InputError> {
    let text = node.text()?;
    text.replace('_', "")
        .parse()
        .map_err(|_| node.error(format!("seed: expected a whole number, found {text}")))
}

fn price(node: &Node) -> Result<(Process, f64), InputError> {
    let mut fields = Fields::of(node)?;
    let log = Range(-5.0, 5.0, "a logarithm from -5 to 5");
    let moved = Range(-0.99, 10.0, "a move from -0.99 to 10");
    let process = Process {
        vol: need(&mut fields, "vol", &Range(0.0, 100.0, "a volatility from 0 to 100"))?,
        jumps: or(&mut fields, "jumps", 0.0, &Range(0.0, 1e6, "jumps a year from 0 to 1e6"))?,
        jump: or(&mut fields, "jump", 0.0, &log)?,
        jump_vol: or(&mut fields, "jump_vol", 0.0, &SOME)?,
    };
    let shock = or(&mut fields, "shock", 0.0, &moved)?;
    fields.done()?;
    Ok((process, shock))
}

fn fund(node: &Node) -> Result<(Fund, f64), InputError> {
    let mut fields = Fields::of(node)?;
    let fund = Fund {
        size: need(&mut fields, "size", &FREE)?,
        rate: or(&mut fields, "rate", 0.1, &POSITIVE)?,
        penalty: or(&mut fields, "penalty", 1.0, &POSITIVE)?,
        most_nobody: or(&mut fields, "most_nobody", 0.05, &SHARE)?,
        cost: need(&mut fields, "takeover_cost", &SHARE)?,
    };
    let wait = need(&mut fields, "wait", &MOMENTS)?;
    fields.done()?;
    Ok((fund, wait))
}

const KINDS: &[(&str, Reader)] = &[
    ("fixed", |fields| Ok(Mechanism::Fixed(spread(fields)?))),
    ("race", |fields| {
        Ok(Mechanism::Race { spread: spread(fields)?, lost: or(fields, "lost", 1.0, &SHARE)? })
    }),
    ("sealed", |fields| {
        Ok(Mechanism::Sealed {
            seconds: need(fields, "seconds", &SECONDS)?,
            reserve: need(fields, "reserve", &SHARE)?,
            penalty: or(fields, "penalty", 0.0, &SOME)?,
        })
    }),
    ("dutch", |fields| {
        Ok(Mechanism::Dutch {
            start: need(fields, "start", &Range(0.01, 100.0, "a share from 0.01 to 100"))?,
            curve: curve(fields.need("curve")?)?,
            reserve: need(fields, "reserve", &SHARE)?,
            penalty: or(fields, "penalty", 0.0, &SOME)?,
        })
    }),
    ("reverse", |fields| {
        Ok(Mechanism::Reverse {
            most: need(fields, "most", &SHARE)?,
            penalty: or(fields, "penalty", 0.0, &SOME)?,
        })
    }),
];

/// What reads the fields of one kind.
type Reader = fn(&mut Fields<'_>) -> Result<Mechanism, InputError>;

/// The mechanism, threshold, delay and tick.
fn mechanism(node: &Node) -> Result<(Mechanism, f64, f64, f64), InputError> {
    let mut fields = Fields::of(node)?;
    let read = fields.word("kind", KINDS, None)?;
    let mechanism = read(&mut fields)?;
    let threshold = need(&mut fields, "threshold", &PART)?;
    let delay = or(&mut fields, "delay", 0.0, &SECONDS)?;
    let tick = need(&mut fields, "tick", &MOMENTS)?;
    fields.done()?;
    Ok((mechanism, threshold, delay, tick))
}

fn spread(fields: &mut Fields<'_>) -> Result<Spread, InputError> {
    Ok(Spread {
        bonus: need(fields, "bonus", &SOME)?,
        close_factor: or(fields, "close_factor", 1.0, &PART)?,
        fee: or(fields, "fee", 0.0, &SHARE)?,
    })
}

fn curve(node: &Node) -> Result<Curve, InputError> {
    let mut fields = Fields::of(node)?;
    let whole = |fields: &mut Fields<'_>, name| count(fields, name, 100_000_000).map(u64::from);
    let share = |fields: &mut Fields<'_>, name| -> Result<Rate, InputError> {
        let node = fields.need(name)?;
        let found = number(node, name, &SHARE)?;
        let exact = Decimal::from_f64(found, Round::Nearest).map_err(|error| node.error(error))?;
        Ok(Rate::new(exact))
    };
    let kinds = [("stairs", 0), ("line", 1), ("two-speeds", 2)];
    let curve = match fields.word("kind", &kinds, None)? {
        0 => Curve::Stairs { cut: share(&mut fields, "cut")?, step: whole(&mut fields, "step")? },
        1 => Curve::Line { seconds: whole(&mut fields, "seconds")? },
        _ => Curve::TwoSpeeds {
            start: share(&mut fields, "start")?,
            knee: share(&mut fields, "knee")?,
            fast: whole(&mut fields, "fast")?,
            slow: whole(&mut fields, "slow")?,
        },
    };
    fields.done()?;
    Ok(curve)
}

/// The tables of a list, a few and each with a name of its own.
fn named<'a>(node: &'a Node, what: &str) -> Result<Vec<(String, Fields<'a>)>, InputError> {
    let Value::List(items) = &node.value else {
        return Err(node.error(format!("expected a list: write [[{what}]] above each")));
    };
    if items.is_empty() || items.len() > CLASSES {
        let found = items.len();
        let expected = format!("expected from 1 to {CLASSES} of [[{what}]], found {found}");
        return Err(node.error(expected));
    }
    let mut names = BTreeSet::new();
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let mut fields = Fields::of(item)?;
        let name = fields.text("name")?.to_owned();
        if !names.insert(name.clone()) {
            return Err(item.error(format!("name: {name:?} is used before: give each its own")));
        }
        out.push((name, fields));
    }
    Ok(out)
}

fn keepers(node: &Node) -> Result<Vec<Keeper>, InputError> {
    let mut out: Vec<Keeper> = Vec::new();
    for (name, mut fields) in named(node, "keepers")? {
        let one = Keeper {
            name,
            count: count(&mut fields, "count", KEEPERS)?,
            cost: need(&mut fields, "cost", &FREE)?,
            gas: or(&mut fields, "gas", 0.0, &FREE)?,
            capital: need(&mut fields, "capital", &POSITIVE)?,
            latency: need(&mut fields, "latency", &MOMENTS)?,
            noise: or(&mut fields, "noise", 0.0, &SHARE)?,
            resale: or(&mut fields, "resale", 0.0, &SHARE)?,
        };
        let all = out.iter().map(|one| one.count).sum::<u32>() + one.count;
        if all > KEEPERS {
            let expected = format!("expected at most {KEEPERS} keepers in all, found {all}");
            return Err(fields.error(format!("count: {expected}")));
        }
        fields.done()?;
        out.push(one);
    }
    Ok(out)
}

/// The accounts that fail after the move, and how many do not.
fn book(node: &Node, shock: f64, threshold: f64) -> Result<(Vec<Group>, u32), InputError> {
    let mut fields = Fields::of(node)?;
    let price = need(&mut fields, "price", &POSITIVE)?;
    let (mut failing, mut healthy) = (Vec::new(), 0u32);
    for (name, mut one) in named(fields.need("account")?, "book.account")? {
        let number = count(&mut one, "count", 1_000_000)?;
        let lot = account(&mut one, price, 1.0 + shock)?;
        one.done()?;
        if lot.fails(1.0, threshold) {
            failing.push(Group { name, count: number, lot });
        } else {
            healthy += number;
        }
    }
    fields.done()?;
    if failing.is_empty() {
        let why = "expected an account that fails after the move of [price] shock, found none";
        return Err(node.error(format!("{why}: a larger move, a lower threshold or more debt")));
    }
    Ok((failing, healthy))
}

fn account(fields: &mut Fields<'_>, price: f64, moved: f64) -> Result<Lot, InputError> {
    let side = fields.word("side", &[("long", Side::Long), ("short", Side::Short)], None)?;
    let value = need(fields, "size", &POSITIVE)? * price;
    // A margin account owes, or holds, its notional less, or plus, what it put up.
    let margin = fields.get("margin");
    let given = match side {
        Side::Long => fields.get("debt"),
        Side::Short => fields.get("cash"),
    };
    let cash = match (margin, given, side) {
        (Some(node), None, Side::Long) => value - number(node, "margin", &FREE)?,
        (Some(node), None, Side::Short) => value + number(node, "margin", &FREE)?,
        (None, Some(node), _) => number(node, "what it owes or holds", &POSITIVE)?,
        _ => {
            let either = "expected one of margin and debt (long) or cash (short)";
            return Err(fields.error(format!("{either}: what was put up, or the other side")));
        }
    };
    if !(1e-12..=AMOUNT).contains(&cash) || !(1e-12..=AMOUNT).contains(&(value * moved)) {
        let found = format!("found {cash} against {}", value * moved);
        return Err(fields.error(format!("expected amounts above zero, at most 1e15, {found}")));
    }
    Ok(match side {
        Side::Long => Lot { side, collateral: value * moved, debt: cash },
        Side::Short => Lot { side, collateral: cash, debt: value * moved },
    })
}

/// The value at a dotted path; a list is entered by name.
fn at<'a>(tree: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(tree, |node, step| match &node.value {
        Value::Table(table) => table.get(step),
        Value::List(items) => items.iter().find(|item| is_named(item, step)),
        _ => None,
    })
}

fn is_named(item: &Node, name: &str) -> bool {
    let own = at_name(item);
    own == Some(name)
}

fn at_name(item: &Node) -> Option<&str> {
    let Value::Table(table) = &item.value else { return None };
    table.get("name")?.text().ok()
}

/// The paths of all numbers.
fn numbers(node: &Node) -> Vec<String> {
    let below = |step: &str, node: &Node| -> Vec<String> {
        if node.text().is_ok_and(|text| text.replace('_', "").parse::<f64>().is_ok()) {
            return vec![step.to_owned()];
        }
        numbers(node).iter().map(|path| format!("{step}.{path}")).collect()
    };
    match &node.value {
        Value::Table(table) => table.iter().flat_map(|(step, node)| below(step, node)).collect(),
        Value::List(items) => {
            items.iter().flat_map(|item| below(at_name(item).unwrap_or(""), item)).collect()
        }
        _ => Vec::new(),
    }
}
