//! From one document to another in steps: numbers that differ move evenly, all else at once.
//!
//! A number that lies between two steps is rounded against the account: towards the old value,
//! unless the new one is known to be tighter. Known are only collateral's ratios and caps, of
//! which less is tighter; what another number does depends on the formulas that name it.

use super::Document;
use super::groups;
use super::tree::{Node, Value, name_of};
use keelmark_book::{Decimal, InputError, Overflow, Round};
use std::collections::BTreeMap;

/// What says something of a document, not what it asks.
const ABOUT: [&str; 11] = [
    "schema",
    "name",
    "title",
    "version",
    "effective",
    "source",
    "uncertain",
    "extends",
    super::evidence::FIELD,
    super::plan::FIELD,
    groups::FIELD,
];
const ASSETS: &str = "collateral.assets";

/// A number that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Where it is, as for `--set`.
    pub path: String,
    /// Before; zero for the ratio of collateral that was not accepted.
    pub old: Decimal,
    /// After.
    pub new: Decimal,
    /// As it is in the step.
    pub now: Decimal,
}

impl Number {
    /// Whether it is known to make no account look better.
    #[must_use]
    pub fn tightens(&self) -> bool {
        self.is_collateral() && !self.path.ends_with(".up_to") && self.new < self.old
    }

    /// Whether it says what collateral counts for.
    #[must_use]
    pub fn is_collateral(&self) -> bool {
        self.path.starts_with("collateral.")
    }
}

/// One step of the way between two documents.
#[derive(Debug)]
pub struct Step {
    /// The document that is in force in it.
    pub document: Document,
    /// Numbers that differ between the two.
    pub numbers: Vec<Number>,
    /// Where they differ in something that is no number, or that one of them does not have: it is
    /// as in the new document from the first step on.
    pub other: Vec<String>,
}

/// The step `done` of `of` from one document to another; 0 is before the first of them.
///
/// # Errors
/// [`InputError`] when the numbers between are no document: whole numbers that may only be whole,
/// say, or numbers too far from each other.
pub fn step(old: &Document, new: &Document, done: u32, of: u32) -> Result<Step, InputError> {
    let listed = |one: &Document| !one.collateral.has_default();
    let mut way = Way {
        done: Decimal::from_int(i64::from(done)),
        of: Decimal::from_int(i64::from(of)),
        from_zero: listed(old) && listed(new),
        numbers: Vec::new(),
        other: Vec::new(),
        fits: Ok(()),
    };
    let mut tree = way.both(old.tree(), new.tree(), "");
    way.fits.map_err(|error| new.tree().error(error))?;
    if let Value::Table(table) = &mut tree.value {
        let (old, new) = (&old.version, &new.version);
        let version = Value::Text(format!("{old} to {new}, {done} of {of}"));
        table.insert("version".to_owned(), Node { value: version, origin: tree.origin.clone() });
        if done < of {
            // Of the numbers on the way there is no evidence.
            table.remove(super::evidence::FIELD);
        }
    }
    let document = Document::from_tree(tree)?;
    Ok(Step { document, numbers: way.numbers, other: way.other })
}

struct Way {
    done: Decimal,
    of: Decimal,
    /// Whether collateral that is not listed counts for nothing in both documents.
    from_zero: bool,
    numbers: Vec<Number>,
    other: Vec<String>,
    fits: Result<(), Overflow>,
}

impl Way {
    fn both(&mut self, old: &Node, new: &Node, path: &str) -> Node {
        if ABOUT.contains(&path) || old.to_string() == new.to_string() {
            return new.clone();
        }
        let value = match (&old.value, &new.value) {
            (Value::Table(before), Value::Table(after)) => Some(self.table(before, after, path)),
            (Value::List(before), Value::List(after)) if before.len() == after.len() => {
                self.list(before, after, path)
            }
            (Value::Text(_), Value::Text(_)) => match (old.decimal(), new.decimal()) {
                (Ok(old), Ok(new)) if old == new => None,
                (Ok(old), Ok(new)) => Some(self.number(path, old, new)),
                _ => self.differs(path),
            },
            _ => self.differs(path),
        };
        value.map_or_else(|| new.clone(), |value| Node { value, origin: new.origin.clone() })
    }

    fn differs<T>(&mut self, path: &str) -> Option<T> {
        self.other.push(path.to_owned());
        None
    }

    fn table(
        &mut self,
        before: &BTreeMap<String, Node>,
        after: &BTreeMap<String, Node>,
        path: &str,
    ) -> Value {
        let mut table = BTreeMap::new();
        let assets = self.from_zero && path == ASSETS;
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        for key in after.keys().chain(gone) {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let node = match (before.get(key), after.get(key)) {
                (Some(old), Some(new)) => Some(self.both(old, new, &inner)),
                (None, Some(new)) if assets => Some(self.both(&weightless(new), new, &inner)),
                (Some(old), None) if assets => Some(self.both(old, &weightless(old), &inner)),
                (_, new) => {
                    if !ABOUT.contains(&inner.as_str()) {
                        self.other.push(inner);
                    }
                    new.cloned()
                }
            };
            table.extend(node.map(|node| (key.clone(), node)));
        }
        Value::Table(table)
    }

    fn list(&mut self, before: &[Node], after: &[Node], path: &str) -> Option<Value> {
        if before.iter().map(name_of).ne(after.iter().map(name_of)) {
            return self.differs(path);
        }
        let pairs = before.iter().zip(after).enumerate();
        let items = pairs.map(|(at, (old, new))| {
            let inner = name_of(new)
                .map_or_else(|| format!("{path}[{at}]"), |name| format!("{path}.{name}"));
            self.both(old, new, &inner)
        });
        Some(Value::List(items.collect()))
    }

    fn number(&mut self, path: &str, old: Decimal, new: Decimal) -> Value {
        let mut number = Number { path: path.to_owned(), old, new, now: old };
        match self.between(&number) {
            Ok(now) => number.now = now,
            Err(overflow) => self.fits = Err(overflow),
        }
        let text = number.now.to_string();
        self.numbers.push(number);
        Value::Text(text)
    }

    fn between(&self, number: &Number) -> Result<Decimal, Overflow> {
        // Less is tighter where anything is known; else whatever is nearer to the old value is.
        let down = number.tightens() || number.new > number.old;
        let round = if down { Round::Down } else { Round::Up };
        let moved = number.new.minus(number.old)?;
        number.old.plus(moved.times_over(self.done, self.of, round)?)
    }
}

/// Collateral that is there and counts for nothing.
fn weightless(node: &Node) -> Node {
    let zero = |node: &Node| Node { value: Value::Text("0".to_owned()), ..node.clone() };
    let value = match &node.value {
        Value::Text(_) => return zero(node),
        Value::Table(table) => {
            let fields = table.iter().map(|(key, item)| {
                let item = match key.as_str() {
                    "ratio" => zero(item),
                    "tiers" => weightless(item),
                    _ => item.clone(),
                };
                (key.clone(), item)
            });
            Value::Table(fields.collect())
        }
        Value::List(items) => Value::List(items.iter().map(weightless).collect()),
        Value::Bool(_) => node.value.clone(),
    };
    Node { value, origin: node.origin.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(done: u32, changes: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let old = Document::named("cross").unwrap();
        let new = old.with(changes).unwrap();
        let step = step(&old, &new, done, 4).unwrap();
        let text = |one: &Number| format!("{} {} {}", one.path, one.now, one.tightens());
        (step.numbers.iter().map(text).collect(), step.other)
    }

    #[test]
    fn numbers_move_evenly() {
        let changes = [("params.call_rate", "0.19"), ("params.leverage.BTC", "20")];
        let (numbers, other) = said(1, &changes);
        assert_eq!(numbers, ["params.call_rate 0.16 false", "params.leverage.BTC 23.75 false"]);
        assert_eq!(other, [""; 0]);
        let (numbers, _) = said(4, &changes);
        assert_eq!(numbers, ["params.call_rate 0.19 false", "params.leverage.BTC 20 false"]);
    }

    #[test]
    fn new_collateral_begins_at_zero_and_less_of_it_is_tighter() {
        let tiers = "{ tiers = [{ up_to = 100, ratio = 0.8 }, { ratio = 0.4 }], cap = 5000 }";
        let (numbers, other) =
            said(1, &[("collateral.assets.SOL", tiers), ("collateral.assets.USDT", "0.9")]);
        assert_eq!(
            numbers,
            [
                "collateral.assets.SOL.tiers[0].ratio 0.2 false",
                "collateral.assets.SOL.tiers[1].ratio 0.1 false",
                "collateral.assets.USDT 0.96 true"
            ]
        );
        assert_eq!(other, [""; 0]);
    }

    #[test]
    fn what_is_no_number_is_said() {
        let (numbers, other) = said(1, &[("levels.maintenance", "2 * futures_maintenance")]);
        assert_eq!(numbers, [""; 0]);
        assert_eq!(other, ["levels.maintenance"]);
    }

    /// Between two numbers that eighteen places cannot divide, the tighter one is taken.
    #[test]
    fn a_step_is_rounded_against_the_account() {
        let old = Document::named("cross").unwrap();
        let third = |path: &str, to: &str| {
            let new = old.with(&[(path, to)]).unwrap();
            step(&old, &new, 1, 3).unwrap().numbers[0].now.to_string()
        };
        assert_eq!(third("collateral.assets.USDT", "0.99"), "0.983333333333333333");
        assert_eq!(third("collateral.assets.USDT", "0.96"), "0.973333333333333333");
        assert_eq!(third("params.call_rate", "0.14"), "0.146666666666666667");
    }
}
