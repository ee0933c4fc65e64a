//! A file of published cases.

use crate::json::Json;
use std::collections::BTreeMap;

/// The cases of one file.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// Its title, or its name where it has none.
    pub title: String,
    /// The cases, in order.
    pub cases: Vec<Case>,
    /// Parameters that its cases share, where it has some.
    pub shared: Json,
}

/// One published computation.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// Which rule it is about.
    pub model: String,
    /// Whether the numbers are published, venue data, or derived.
    pub basis: String,
    /// What goes in.
    pub inputs: Json,
    /// What comes out.
    pub expected: Json,
    /// How near is equal.
    pub tolerance: Tolerance,
}

/// How near is equal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// Absolute.
    pub abs: f64,
    /// Relative to the expected number.
    pub rel: f64,
    /// Numbers were cut to integers: anything less than this away.
    pub abs_truncated: f64,
    /// Absolute, by name of a field.
    pub fields: BTreeMap<String, f64>,
}

impl CaseFile {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence with what was expected and where.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let file = Json::parse(text).map_err(|error| format!("{name}: {error}"))?;
        let title = file.get("title").and_then(Json::text).unwrap_or(name).to_owned();
        let Some(Json::List(items)) = file.get("cases") else {
            return Err(format!("{name}: expected a list \"cases\""));
        };
        let mut cases = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let case = case(item);
            let mut case = case.map_err(|problem| format!("{name} at /cases/{at}: {problem}"))?;
            share_parameters(&mut case.inputs, &file);
            cases.push(case);
        }
        Ok(Self { title, cases, shared: file })
    }
}

/// Gives a case the parameters of its file, where it has none or only words about them.
fn share_parameters(inputs: &mut Json, file: &Json) {
    let Some(shared) = file.get("parameters") else { return };
    let Json::Object(fields) = inputs else { return };
    match fields.iter_mut().find(|(name, _)| name == "parameters") {
        Some((_, own @ (Json::Text(_) | Json::Null))) => *own = shared.clone(),
        Some(_) => {}
        None => fields.push(("parameters".to_owned(), shared.clone())),
    }
}

fn case(item: &Json) -> Result<Case, String> {
    let text = |name: &str| item.get(name).and_then(Json::text).map(str::to_owned);
    let need = |name: &str| item.get(name).ok_or_else(|| format!("expected a field {name:?}"));
    Ok(Case {
        id: text("id").ok_or("expected a field \"id\"")?,
        model: text("model").ok_or("expected a field \"model\"")?,
        basis: text("basis").unwrap_or_default(),
        inputs: need("inputs")?.clone(),
        expected: need("expected")?.clone(),
        tolerance: tolerance(item.get("tolerance"))?,
    })
}

fn tolerance(found: Option<&Json>) -> Result<Tolerance, String> {
    let mut tolerance = Tolerance::default();
    let Some(found) = found else { return Ok(tolerance) };
    let number = |value: &Json| -> Result<f64, String> {
        let text = value.text().unwrap_or_default();
        text.parse().map_err(|_| format!("tolerance: expected a number, found {value}"))
    };
    let Json::Object(fields) = found else {
        tolerance.abs = number(found)?;
        return Ok(tolerance);
    };
    for (name, value) in fields {
        match name.as_str() {
            "abs" => tolerance.abs = number(value)?,
            "rel" => tolerance.rel = number(value)?,
            "abs_truncated" => tolerance.abs_truncated = number(value)?,
            _ => {
                tolerance.fields.insert(name.clone(), number(value)?);
            }
        }
    }
    Ok(tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_share_the_parameters_of_their_file() {
        let case = |inputs: &str| {
            format!(r#"{{"id": "a", "model": "m", "inputs": {inputs}, "expected": {{}}}}"#)
        };
        let all = [case(r#"{"parameters": "above"}"#), case(r#"{"parameters": [1]}"#), case("{}")];
        let text = format!(r#"{{"parameters": [7], "cases": [{}]}}"#, all.join(","));
        let file = CaseFile::parse("f.json", &text).unwrap();
        let found =
            file.cases.iter().map(|case| case.inputs.get("parameters").unwrap().to_string());
        assert_eq!(found.collect::<Vec<_>>(), ["[7]", "[1]", "[7]"]);
    }

    #[test]
    fn a_file_reads_or_says_where_not() {
        let text = r#"{"cases": [{"id": "a", "model": "m", "inputs": {}, "expected": {"x": 1},
            "tolerance": {"abs": 1e-9, "x": 0.5}}]}"#;
        let file = CaseFile::parse("f.json", text).unwrap();
        assert_eq!(file.title, "f.json");
        assert_eq!(file.cases[0].tolerance.fields["x"].to_string(), "0.5");
        let error = CaseFile::parse("f.json", r#"{"cases": [{"id": "a"}]}"#).unwrap_err();
        assert_eq!(error, "f.json at /cases/0: expected a field \"model\"");
        assert!(CaseFile::parse("f.json", "{").unwrap_err().starts_with("f.json: "));
    }
}
