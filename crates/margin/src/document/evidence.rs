//! `[[evidence]]`: what history says for a number of the document, kept beside the number.
//!
//! Evidence asks nothing of an account. It is checked all the same: its field must lead to a
//! number, and that number must be the one that the evidence is about, or a document would carry
//! the proof of another number than the one it charges.

use super::tree::{Node, Value};
use super::{Fields, Range};
use keelmark_book::{Decimal, InputError, Timestamp};

/// The list's name.
pub(super) const FIELD: &str = "evidence";

/// What history says for one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where the number is, as for `--set`; members of lists without names as `[0]`.
    pub field: String,
    /// Whose history.
    pub underlying: String,
    /// What the number means, in words.
    pub meaning: String,
    /// The number before; `None` where there was none.
    pub old: Option<Decimal>,
    /// The number now, as it stands in the document.
    pub new: Decimal,
    /// What history says before floor, cap and rounding.
    pub measured: Decimal,
    /// How it was measured.
    pub method: String,
    /// Share of moves that it covers, 0 to 1.
    pub confidence: Decimal,
    /// The time that a move has, such as `2d`.
    pub horizon: String,
    /// Moves that it was measured from.
    pub observations: Decimal,
    /// Time of the first price used.
    pub first: Timestamp,
    /// Time of the last price used.
    pub last: Timestamp,
    /// Digest of the history.
    pub history: String,
    /// The new number against the moves that it was measured from.
    pub in_sample: Option<Tested>,
    /// Numbers measured in the same way, each from what came before it, against what came after.
    pub out_of_sample: Option<Tested>,
    /// The old number against the same moves as `in_sample`.
    pub old_number: Option<Tested>,
    /// What a reader should know: fallbacks, floors, caps.
    pub notes: Vec<String>,
}

/// How often a number was exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Moves looked at, none of which overlaps another.
    pub periods: Decimal,
    /// Moves beyond the number.
    pub breaches: Decimal,
    /// Largest move beyond it, less the number; zero where there is none.
    pub worst_shortfall: Decimal,
    /// The number, or the mean of those in force.
    pub mean: Decimal,
    /// Kupiec's p-value; `None` where it has none.
    pub kupiec: Option<Decimal>,
    /// The p-value of conditional coverage.
    pub conditional: Option<Decimal>,
}

/// The evidence of a document, each checked against its number.
pub(super) fn read(tree: &Node, fields: &mut Fields<'_>) -> Result<Vec<Evidence>, InputError> {
    fields.list(FIELD)?.iter().map(|node| one(tree, node)).collect()
}

fn one(tree: &Node, node: &Node) -> Result<Evidence, InputError> {
    let mut fields = Fields::of(node)?;
    let text = |found: Result<&str, InputError>| found.map(str::to_owned);
    let found = Evidence {
        field: text(fields.text("field"))?,
        underlying: text(fields.text("underlying"))?,
        meaning: text(fields.text("meaning"))?,
        old: fields.get("old").map(Node::decimal).transpose()?,
        new: fields.need("new")?.decimal()?,
        measured: fields.need("measured")?.decimal()?,
        method: text(fields.text("method"))?,
        confidence: Range::FACTOR.number("confidence", fields.need("confidence")?)?,
        horizon: text(fields.text("horizon"))?,
        observations: count("observations", fields.need("observations")?)?,
        first: time(fields.need("first")?)?,
        last: time(fields.need("last")?)?,
        history: digest(fields.need("history")?)?,
        in_sample: fields.get("in_sample").map(tested).transpose()?,
        out_of_sample: fields.get("out_of_sample").map(tested).transpose()?,
        old_number: fields.get("old_number").map(tested).transpose()?,
        notes: fields.texts("notes")?,
    };
    fields.done()?;
    if found.last < found.first {
        return Err(
            node.error(format!("last: expected {} or later, found {}", found.first, found.last))
        );
    }
    is_about(&found, tree, node)?;
    Ok(found)
}

/// Whether the number that evidence is about stands where it says. One that was set over the
/// document has no evidence, and is told as such by its origin.
fn is_about(found: &Evidence, tree: &Node, node: &Node) -> Result<(), InputError> {
    let field = &found.field;
    let Some(number) = tree.at(field) else {
        return Err(node.error(format!(
            "field: expected the path of a number of this document, found {field:?}"
        )));
    };
    if number.origin.line == 0 {
        return Ok(());
    }
    let there = number.decimal()?;
    if there == found.new {
        return Ok(());
    }
    Err(node.error(format!(
        "new: expected {there}, which {field} is, found {}: calibrate again, or take the evidence \
         of the old number away",
        found.new
    )))
}

fn tested(node: &Node) -> Result<Tested, InputError> {
    let mut fields = Fields::of(node)?;
    let found = Tested {
        periods: count("periods", fields.need("periods")?)?,
        breaches: count("breaches", fields.need("breaches")?)?,
        worst_shortfall: Range::AMOUNT
            .number("worst_shortfall", fields.need("worst_shortfall")?)?,
        mean: fields.need("mean")?.decimal()?,
        kupiec: fields.number_in("kupiec", Range::SHARE)?,
        conditional: fields.number_in("conditional", Range::SHARE)?,
    };
    fields.done()?;
    if found.breaches > found.periods {
        return Err(node.error(format!(
            "breaches: expected at most the {} periods, found {}",
            found.periods, found.breaches
        )));
    }
    Ok(found)
}

fn count(name: &str, node: &Node) -> Result<Decimal, InputError> {
    let found = Range::AMOUNT.number(name, node)?;
    match found.in_steps_of(Decimal::ONE) {
        Some(_) => Ok(found),
        None => Err(node.error(format!("{name}: expected a whole number, found {found}"))),
    }
}

fn time(node: &Node) -> Result<Timestamp, InputError> {
    node.text()?.parse().map_err(|error| node.error(error))
}

fn digest(node: &Node) -> Result<String, InputError> {
    let text = node.text()?;
    if text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_owned());
    }
    Err(node.error(format!("history: expected 16 hex digits, found {text:?}")))
}

impl Evidence {
    /// The same as a node of a document.
    #[must_use]
    pub fn node(&self) -> Node {
        let number = |number: &Decimal| Some(Value::Text(number.to_string()));
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        let notes: Vec<Node> =
            self.notes.iter().map(|note| Node::written(Value::Text(note.clone()))).collect();
        Node::written(Node::table([
            ("field", text(&self.field)),
            ("underlying", text(&self.underlying)),
            ("meaning", text(&self.meaning)),
            ("old", self.old.as_ref().and_then(number)),
            ("new", number(&self.new)),
            ("measured", number(&self.measured)),
            ("method", text(&self.method)),
            ("confidence", number(&self.confidence)),
            ("horizon", text(&self.horizon)),
            ("observations", number(&self.observations)),
            ("first", text(&self.first.to_string())),
            ("last", text(&self.last.to_string())),
            ("history", text(&self.history)),
            ("in_sample", self.in_sample.as_ref().map(Tested::value)),
            ("out_of_sample", self.out_of_sample.as_ref().map(Tested::value)),
            ("old_number", self.old_number.as_ref().map(Tested::value)),
            ("notes", (!notes.is_empty()).then_some(Value::List(notes))),
        ]))
    }
}

impl Tested {
    fn value(&self) -> Value {
        let number = |number: &Decimal| Some(Value::Text(number.to_string()));
        Node::table([
            ("periods", number(&self.periods)),
            ("breaches", number(&self.breaches)),
            ("worst_shortfall", number(&self.worst_shortfall)),
            ("mean", number(&self.mean)),
            ("kupiec", self.kupiec.as_ref().and_then(number)),
            ("conditional", self.conditional.as_ref().and_then(number)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Document;

    fn document(number: &str, evidence: &str) -> String {
        format!(
            "schema = \"keelmark/model/1\"\nextends = \"scan16\"\nname = \"mine\"\n\
             params.price_range = {{ BTC = \"{number}\", default = \"0.2\" }}\n\
             [[evidence]]\nfield = \"params.price_range.BTC\"\nunderlying = \"BTC\"\n\
             meaning = \"price range\"\nold = \"0.12\"\nnew = \"0.15\"\nmeasured = \"0.149\"\n\
             method = \"historical\"\nconfidence = \"0.99\"\nhorizon = \"2d\"\n\
             observations = 1000\nfirst = \"2020-01-01T00:00:00Z\"\n\
             last = \"2023-01-01T00:00:00Z\"\n\
             history = \"0123456789abcdef\"\n{evidence}"
        )
    }

    #[test]
    fn evidence_is_read_and_written_down_the_same() {
        let text = document(
            "0.15",
            "in_sample = { periods = 500, breaches = 5, worst_shortfall = \"0.1\", mean = \
             \"0.15\", kupiec = \"0.99\" }\nnotes = [\"a floor\"]\n",
        );
        let read = Document::parse("mine.toml", &text).unwrap();
        let again = Document::parse("again.toml", &read.text()).unwrap();
        assert_eq!((&read.digest, &read.evidence), (&again.digest, &again.evidence));
        let one = &read.evidence[0];
        assert_eq!(one.notes, ["a floor"]);
        let mut written = one.node();
        written.origin.clone_from(&read.tree().origin);
        assert_eq!(written.to_string(), read.tree().at("evidence[0]").unwrap().to_string());
    }

    #[test]
    fn evidence_of_another_number_is_refused() {
        let said = |text: &str| Document::parse("mine.toml", text).unwrap_err().to_string();
        let found = said(&document("0.16", ""));
        assert!(found.contains("expected 0.16, which params.price_range.BTC is"), "{found}");
        assert!(found.starts_with("mine.toml:5"), "{found}");
        let gone = document("0.15", "").replace("price_range.BTC\"", "price_range.SOL\"");
        assert!(said(&gone).contains("the path of a number"), "{}", said(&gone));
        let more = "old_number = { periods = 5, breaches = 6, worst_shortfall = 0, mean = 1 }\n";
        assert!(said(&document("0.15", more)).contains("at most the 5 periods"));
        let p = "in_sample = { periods = 5, breaches = 1, worst_shortfall = 0, mean = 1, \
                 kupiec = 2 }\n";
        assert!(said(&document("0.15", p)).contains("kupiec: expected 0 to 1"));
        assert!(said(&document("0.15", "loss = 1\n")).contains("unknown field \"loss\""));
    }

    /// A number that is tried out has no evidence, and needs none.
    #[test]
    fn a_number_that_is_set_needs_no_evidence() {
        let read = Document::parse("mine.toml", &document("0.15", "")).unwrap();
        assert!(read.with(&[("params.price_range.BTC", "0.3")]).is_ok());
        let changed = crate::document::changes(&read, &Document::named("scan16").unwrap());
        assert!(changed.iter().all(|one| !one.path.starts_with("evidence")), "{changed:?}");
    }
}
