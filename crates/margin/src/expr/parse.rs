//! Text of a formula to its tree, by recursive descent; depth is bounded.

use super::{FormulaError, Function, Node, Operator};
use keelmark_book::Decimal;

/// Decimal places that a number has at most.
const PLACES: u32 = 18;
/// Brackets and calls nested deeper than this are refused.
const DEEPEST: usize = 64;
/// Formulas of more terms are refused: a long chain of operators is a tree as deep.
const MOST_TERMS: usize = 256;

/// Whether a number counts decimal places.
fn is_places(number: Decimal) -> bool {
    (0..=PLACES).any(|places| number == Decimal::from_int(i64::from(places)))
}

pub(super) fn parse(text: &str) -> Result<Node, FormulaError> {
    let mut parser = Parser { text, at: 0, depth: 0, terms: 0 };
    let node = parser.sum()?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.error("expected an operator or the end"));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    terms: usize,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<Node, FormulaError> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some(b'+') => Operator::Add,
                Some(b'-') => Operator::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Node::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Node, FormulaError> {
        let mut left = self.factor()?;
        loop {
            let operator = match self.peek() {
                Some(b'*') => Operator::Multiply,
                Some(b'/') => Operator::Divide,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Node::Binary(operator, Box::new(left), Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Node, FormulaError> {
        self.depth += 1;
        self.terms += 1;
        if self.terms > MOST_TERMS {
            return Err(self.error(&format!("expected at most {MOST_TERMS} terms")));
        }
        if self.depth > DEEPEST {
            return Err(self.error("expected a formula that is less deeply nested"));
        }
        let node = match self.peek() {
            Some(b'-') => {
                self.at += 1;
                Node::Negate(Box::new(self.factor()?))
            }
            Some(b'(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.expect(b')')?;
                inner
            }
            Some(byte) if byte.is_ascii_digit() || byte == b'.' => self.number()?,
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.name()?,
            _ => return Err(self.error("expected a number, a name or a bracket")),
        };
        self.depth -= 1;
        Ok(node)
    }

    fn number(&mut self) -> Result<Node, FormulaError> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_digit() || byte == b'.');
        let text = &self.text[start..self.at];
        text.parse().map(Node::Number).map_err(|error| {
            self.at = start;
            self.error(&format!("{error}"))
        })
    }

    fn name(&mut self) -> Result<Node, FormulaError> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let name = self.text[start..self.at].to_owned();
        if self.peek() != Some(b'(') {
            return Ok(Node::Name(name, 0));
        }
        let function = match name.as_str() {
            "max" => Function::Max,
            "min" => Function::Min,
            "abs" => Function::Abs,
            "sqrt" => Function::Sqrt,
            "below" => Function::Below,
            "ceil" => Function::Ceil,
            "floor" => Function::Floor,
            _ => {
                self.at = start;
                let known = "max, min, abs, sqrt, ceil, floor or below";
                return Err(self.error(&format!("expected {known}, found {name:?}")));
            }
        };
        self.at += 1;
        let mut inner = vec![self.sum()?];
        while self.peek() == Some(b',') {
            self.at += 1;
            inner.push(self.sum()?);
        }
        self.expect(b')')?;
        if matches!(function, Function::Abs | Function::Sqrt) && inner.len() != 1 {
            return Err(self.error(&format!("expected one value in {name}")));
        }
        if function == Function::Below && inner.len() != 2 {
            return Err(self.error("expected two values in below"));
        }
        if matches!(function, Function::Ceil | Function::Floor) {
            let whole = |node: &Node| matches!(node, Node::Number(n) if is_places(*n));
            if inner.len() != 2 || !whole(&inner[1]) {
                let wanted = format!("expected a value and 0 to {PLACES} decimal places in {name}");
                return Err(self.error(&wanted));
            }
        }
        Ok(Node::Call(function, inner))
    }

    fn space(&mut self) {
        self.skip(|byte| byte.is_ascii_whitespace());
    }

    fn skip(&mut self, while_it: impl Fn(u8) -> bool) {
        while self.text.as_bytes().get(self.at).is_some_and(|byte| while_it(*byte)) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.space();
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, wanted: u8) -> Result<(), FormulaError> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        Err(self.error(&format!("expected {:?}", char::from(wanted))))
    }

    fn error(&self, problem: &str) -> FormulaError {
        FormulaError {
            text: self.text.to_owned(),
            column: self.text.get(..self.at).map_or(1, |before| before.chars().count() + 1),
            problem: problem.to_owned(),
        }
    }
}
