//! Formulas in documents: `max(0.15 * index - otm, 0.10 * index) + mark`.
//!
//! Small on purpose: numbers, names, `+ - * /`, `max`, `min`, `abs`, `sqrt`, `ceil` and `floor` to
//! some decimal places, brackets, and `below(a, b)`, which is 1 where `a` is below `b` and else 0.
//! A formula is evaluated as an interval that surely holds the exact result, and a requirement is
//! its upper end: rounding is against the account whatever the formula, without a rule per
//! operator.

mod interval;
mod parse;

pub use interval::Interval;

use keelmark_book::{Decimal, Overflow, Round};
use std::collections::BTreeSet;
use std::fmt;

/// A parsed formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    text: String,
    /// The names it uses, sorted; each name in the tree holds its index here.
    names: Vec<String>,
    root: Node,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Number(Decimal),
    Name(String, usize),
    Negate(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Max,
    Min,
    Abs,
    Below,
    /// Up to so many decimal places; they are the node's second argument.
    Ceil,
    /// Down to so many decimal places.
    Floor,
    Sqrt,
}

/// Text that is not a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("formula {text:?}, column {column}: {problem}")]
pub struct FormulaError {
    /// The formula.
    pub text: String,
    /// Where in it, from 1.
    pub column: usize,
    /// What was expected.
    pub problem: String,
}

/// A formula that cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A name without a value.
    #[error("formula {formula:?} uses {name:?}, which has no value here")]
    NoValue {
        /// The formula.
        formula: String,
        /// The name.
        name: String,
    },
    /// A result that does not fit, or a division by zero.
    #[error("formula {formula:?}: {source}")]
    Overflow {
        /// The formula.
        formula: String,
        /// What happened.
        source: Overflow,
    },
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// [`FormulaError`] with the column.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        let mut root = parse::parse(text)?;
        let mut names = BTreeSet::new();
        collect(&root, &mut names);
        let names: Vec<String> = names.into_iter().collect();
        number(&mut root, &names);
        Ok(Self { text: text.to_owned(), names, root })
    }

    /// The names it uses, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Whether it uses a name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// Whether it rounds to steps anywhere.
    #[must_use]
    pub fn rounds(&self) -> bool {
        rounds(&self.root)
    }

    /// The interval that holds its value, given the value of each name.
    ///
    /// # Errors
    /// [`EvalError`] when a name has no value or the result does not fit.
    pub fn evaluate(
        &self,
        value: &impl Fn(&str) -> Option<Interval>,
    ) -> Result<Interval, EvalError> {
        let mut values = Vec::with_capacity(self.names.len());
        for name in &self.names {
            values.push(value(name).ok_or_else(|| EvalError::NoValue {
                formula: self.text.clone(),
                name: name.clone(),
            })?);
        }
        self.evaluate_at(&values)
    }

    /// The interval that holds its value, given a value for each of [`Formula::names`] in order.
    ///
    /// # Errors
    /// [`EvalError`] when a value is missing or the result does not fit.
    pub fn evaluate_at(&self, values: &[Interval]) -> Result<Interval, EvalError> {
        evaluate(&self.root, values)
            .map_err(|source| EvalError::Overflow { formula: self.text.clone(), source })
    }

    /// Whether it takes the smaller of several, or looks whether one is below another: then what it
    /// gives for a sum can pass what it gives for the terms apart.
    #[must_use]
    pub fn chooses(&self) -> bool {
        chooses(&self.root)
    }

    /// Whether it can only grow with each of its names, none of them below zero: sums, products and
    /// the larger of several.
    #[must_use]
    pub fn only_grows(&self) -> bool {
        only_grows(&self.root)
    }

    /// Its slope in one name at the given values: through the branch of `max` and `min` that is
    /// active. An estimate, for allocation.
    #[must_use]
    pub fn slope(&self, name: &str, value: &impl Fn(&str) -> Option<f64>) -> f64 {
        dual(&self.root, name, value).1
    }

    /// The formula with each name followed by its value: what `--explain` prints.
    #[must_use]
    pub fn filled(&self, value: &impl Fn(&str) -> Option<String>) -> String {
        let mut out = String::new();
        fill(&self.root, value, 0, &mut out);
        out
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn collect(node: &Node, names: &mut BTreeSet<String>) {
    match node {
        Node::Number(_) => {}
        Node::Name(name, _) => {
            names.insert(name.clone());
        }
        Node::Negate(inner) => collect(inner, names),
        Node::Binary(_, left, right) => {
            collect(left, names);
            collect(right, names);
        }
        Node::Call(_, inner) => inner.iter().for_each(|node| collect(node, names)),
    }
}

fn rounds(node: &Node) -> bool {
    match node {
        Node::Number(_) | Node::Name(..) => false,
        Node::Negate(inner) => rounds(inner),
        Node::Binary(_, left, right) => rounds(left) || rounds(right),
        Node::Call(Function::Ceil | Function::Floor, _) => true,
        Node::Call(_, inner) => inner.iter().any(rounds),
    }
}

/// Gives each name its index, so that evaluation looks nothing up.
fn number(node: &mut Node, names: &[String]) {
    match node {
        Node::Number(_) => {}
        Node::Name(name, index) => *index = names.iter().position(|n| n == name).unwrap_or(0),
        Node::Negate(inner) => number(inner, names),
        Node::Binary(_, left, right) => {
            number(left, names);
            number(right, names);
        }
        Node::Call(_, inner) => inner.iter_mut().for_each(|node| number(node, names)),
    }
}

fn evaluate(node: &Node, values: &[Interval]) -> Result<Interval, Overflow> {
    Ok(match node {
        Node::Number(number) => Interval::exact(*number),
        Node::Name(_, index) => *values.get(*index).ok_or(Overflow)?,
        Node::Negate(inner) => -evaluate(inner, values)?,
        Node::Binary(operator, left, right) => {
            let (left, right) = (evaluate(left, values)?, evaluate(right, values)?);
            match operator {
                Operator::Add => left.plus(right)?,
                Operator::Subtract => left.plus(-right)?,
                Operator::Multiply => left.times(right)?,
                Operator::Divide => left.over(right)?,
            }
        }
        Node::Call(function, inner) => {
            let mut inner = inner.iter().map(|node| evaluate(node, values));
            let first = inner.next().ok_or(Overflow)??;
            match function {
                Function::Abs => first.abs(),
                Function::Ceil | Function::Floor => {
                    let places = inner.next().ok_or(Overflow)??;
                    let up = *function == Function::Ceil;
                    first.rounded(places.low(), if up { Round::Up } else { Round::Down })?
                }
                Function::Sqrt => first.sqrt()?,
                Function::Max => inner.try_fold(first, |a, b| b.map(|b| a.max(b)))?,
                Function::Min => inner.try_fold(first, |a, b| b.map(|b| a.min(b)))?,
                Function::Below => first.below(inner.next().ok_or(Overflow)??),
            }
        }
    })
}

fn only_grows(node: &Node) -> bool {
    match node {
        Node::Number(number) => !number.is_negative(),
        Node::Name(..) => true,
        Node::Negate(_) => false,
        Node::Binary(operator, left, right) => {
            matches!(operator, Operator::Add | Operator::Multiply)
                && only_grows(left)
                && only_grows(right)
        }
        Node::Call(function, inner) => *function == Function::Max && inner.iter().all(only_grows),
    }
}

fn chooses(node: &Node) -> bool {
    match node {
        Node::Number(_) | Node::Name(..) => false,
        Node::Negate(inner) => chooses(inner),
        Node::Binary(_, left, right) => chooses(left) || chooses(right),
        Node::Call(function, inner) => {
            matches!(function, Function::Min | Function::Below) || inner.iter().any(chooses)
        }
    }
}

/// Value and slope.
fn dual(node: &Node, name: &str, value: &impl Fn(&str) -> Option<f64>) -> (f64, f64) {
    match node {
        Node::Number(number) => (number.to_f64(), 0.0),
        Node::Name(own, _) => (value(own).unwrap_or(0.0), f64::from(u8::from(own == name))),
        Node::Negate(inner) => {
            let (x, dx) = dual(inner, name, value);
            (-x, -dx)
        }
        Node::Binary(operator, left, right) => {
            let ((x, dx), (y, dy)) = (dual(left, name, value), dual(right, name, value));
            match operator {
                Operator::Add => (x + y, dx + dy),
                Operator::Subtract => (x - y, dx - dy),
                Operator::Multiply => (x * y, dx * y + x * dy),
                Operator::Divide => (x / y, (dx * y - x * dy) / (y * y)),
            }
        }
        Node::Call(Function::Below, inner) => {
            let at = |index: usize| inner.get(index).map_or(0.0, |node| dual(node, name, value).0);
            (f64::from(u8::from(at(0) < at(1))), 0.0)
        }
        Node::Call(function, inner) => {
            let mut best = inner.first().map_or((0.0, 0.0), |first| dual(first, name, value));
            for other in inner.iter().skip(1).map(|node| dual(node, name, value)) {
                let better = match function {
                    Function::Max => other.0 > best.0,
                    Function::Min => other.0 < best.0,
                    Function::Abs
                    | Function::Sqrt
                    | Function::Ceil
                    | Function::Floor
                    | Function::Below => false,
                };
                if better {
                    best = other;
                }
            }
            match function {
                Function::Abs if best.0 < 0.0 => (-best.0, -best.1),
                // At zero the slope has no end; a part of nothing is nothing.
                Function::Sqrt if best.0 <= 0.0 => (0.0, 0.0),
                Function::Sqrt => (best.0.sqrt(), best.1 / (2.0 * best.0.sqrt())),
                _ => best,
            }
        }
    }
}

fn fill(node: &Node, value: &impl Fn(&str) -> Option<String>, binding: u8, out: &mut String) {
    match node {
        Node::Number(number) => out.push_str(&number.to_string()),
        Node::Name(name, _) => {
            out.push_str(name);
            if let Some(value) = value(name) {
                out.push('[');
                out.push_str(&value);
                out.push(']');
            }
        }
        Node::Negate(inner) => {
            out.push('-');
            fill(inner, value, 3, out);
        }
        Node::Binary(operator, left, right) => {
            let (symbol, own) = match operator {
                Operator::Add => (" + ", 1),
                Operator::Subtract => (" - ", 1),
                Operator::Multiply => (" * ", 2),
                Operator::Divide => (" / ", 2),
            };
            let bracket = own < binding;
            if bracket {
                out.push('(');
            }
            fill(left, value, own, out);
            out.push_str(symbol);
            fill(right, value, own + 1, out);
            if bracket {
                out.push(')');
            }
        }
        Node::Call(function, inner) => {
            out.push_str(match function {
                Function::Max => "max(",
                Function::Min => "min(",
                Function::Abs => "abs(",
                Function::Below => "below(",
                Function::Ceil => "ceil(",
                Function::Floor => "floor(",
                Function::Sqrt => "sqrt(",
            });
            for (at, node) in inner.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                fill(node, value, 0, out);
            }
            out.push(')');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, names: &[(&str, &str)]) -> Result<Interval, EvalError> {
        Formula::parse(text).unwrap().evaluate(&|name| {
            let (_, value) = names.iter().find(|(known, _)| *known == name)?;
            Some(Interval::exact(value.parse().unwrap()))
        })
    }

    #[test]
    fn venue_formulas_evaluate() {
        let names = [("index", "2098"), ("otm", "248"), ("mark", "2.4")];
        let found = value("max(0.15 * index - otm, 0.10 * index) + mark", &names).unwrap();
        assert_eq!(found, Interval::exact("212.2".parse().unwrap()));
        assert_eq!(value("-2 - -3 * (1 + 1)", &[]).unwrap().high().to_string(), "4");
        assert_eq!(value("below(2, 3) + below(3, 3)", &[]).unwrap().high().to_string(), "1");
        assert_eq!(value("below(1 / 3, 1 / 3)", &[]).unwrap().low().to_string(), "0");
        assert_eq!(value("8 / 2 / 2", &[]).unwrap().high().to_string(), "2");
    }

    #[test]
    fn the_interval_holds_what_cannot_be_written() {
        let third = value("1 / 3", &[]).unwrap();
        assert_eq!(third.high().to_string(), "0.333333333333333334");
        assert_eq!(third.low().to_string(), "0.333333333333333333");
        let root = value("sqrt(2)", &[]).unwrap();
        assert_eq!(root.low().to_string(), "1.414213562373095048");
        assert_eq!(root.high().to_string(), "1.414213562373095049");
        assert_eq!(value("sqrt(6.25)", &[]).unwrap(), Interval::exact("2.5".parse().unwrap()));
        assert!(value("sqrt(0 - 1)", &[]).is_err());
        assert_eq!(value("0 - 1 / 3", &[]).unwrap().high().to_string(), "-0.333333333333333333");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert!(value("a + 1", &[]).unwrap_err().to_string().contains("\"a\""));
        assert!(value("1 / 0", &[]).is_err());
        for (text, column) in [("1 +", 4), ("max(1", 6), ("2 ** 3", 4), ("root(2)", 1), ("", 1)] {
            assert_eq!(Formula::parse(text).unwrap_err().column, column, "{text}");
        }
    }

    #[test]
    fn ceil_and_floor_round_to_places_and_stay_an_interval() {
        let exact = |text: &str| Interval::exact(text.parse().unwrap());
        assert_eq!(value("ceil(1.0000001, 6)", &[]).unwrap(), exact("1.000001"));
        assert_eq!(value("floor(1.9999999, 6)", &[]).unwrap(), exact("1.999999"));
        assert_eq!(value("ceil(0 - 1.5, 0)", &[]).unwrap(), exact("-1"));
        assert_eq!(value("floor(0 - 1.5, 0)", &[]).unwrap(), exact("-2"));
        // What cannot be written is between two decimals, and may be on either side of a step.
        let third = value("floor(3 * (1 / 3), 0)", &[]).unwrap();
        assert_eq!((third.low(), third.high()), (Decimal::ZERO, Decimal::ONE));
        for wrong in ["ceil(1)", "ceil(1, 19)", "floor(1, 0.5)", "floor(1, a)", "ceil(1, 2, 3)"] {
            assert!(Formula::parse(wrong).is_err(), "{wrong}");
        }
        let formula = Formula::parse("ceil(2 * a, 6)").unwrap();
        assert!((formula.slope("a", &|_| Some(1.0)) - 2.0).abs() < 1e-12);
        assert_eq!(formula.filled(&|_| Some("3".to_owned())), "ceil(2 * a[3], 6)");
    }

    #[test]
    fn a_chain_of_operators_is_bounded() {
        let error = Formula::parse(&format!("1{}", "+1".repeat(200_000))).unwrap_err();
        assert!(error.problem.contains("at most 256 terms"), "{}", error.problem);
    }

    #[test]
    fn slopes_follow_the_active_branch() {
        let formula = Formula::parse("0.8 * max(a, b) + b").unwrap();
        let at = |name: &str| Some(if name == "a" { 2.0 } else { 1.0 });
        assert!((formula.slope("a", &at) - 0.8).abs() < 1e-12);
        assert!((formula.slope("b", &at) - 1.0).abs() < 1e-12);
        assert_eq!(
            formula.filled(&|name| Some(format!("<{name}>"))),
            "0.8 * max(a[<a>], b[<b>]) + b[<b>]"
        );
    }
}
