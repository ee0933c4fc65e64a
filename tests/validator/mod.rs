//! JSON Schema, as much of it as ours use: a keyword that is not known here fails the test.

use serde_json::{Map, Value};

/// A schema with its definitions.
pub struct Validator(Value);

/// Keywords that only explain.
const NOTES: &[&str] = &["$schema", "title", "description", "default", "format", "$defs"];

/// A pattern, and whether a text is of it.
type Pattern = (&'static str, fn(&str) -> bool);

/// The patterns of our schemas.
const PATTERNS: &[Pattern] = &[
    (r"^[A-Za-z0-9._]{1,24}$", |text| {
        let known = |one: char| one.is_ascii_alphanumeric() || one == '.' || one == '_';
        (1..=24).contains(&text.len()) && text.chars().all(known)
    }),
    (r"^[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?$", |text| {
        let unsigned = |text: &str| text.strip_prefix(['+', '-']).unwrap_or(text).to_owned();
        let digits = |text: &str| text.chars().all(|one| one.is_ascii_digit());
        let (number, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (number, power) = (unsigned(number), unsigned(power));
        let (whole, part) = number.split_once('.').unwrap_or((&number, ""));
        digits(whole) && digits(part) && !power.is_empty() && digits(&power)
    }),
];

impl Validator {
    /// Of a whole schema.
    pub fn new(schema: Value) -> Self {
        Self(schema)
    }

    /// Whether a value fits, and why not.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.fits(&self.0, value)
    }

    /// Names of the variants of a definition.
    pub fn variants(&self, name: &str) -> Vec<String> {
        let variants = self.0["$defs"][name]["oneOf"].as_array().into_iter().flatten();
        let required = |one: &Value| one["required"][0].as_str().map(str::to_owned);
        let alone = |one: &Value| one["const"].as_str().map(str::to_owned);
        variants.filter_map(|one| required(one).or_else(|| alone(one))).collect()
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let Value::Object(schema) = schema else {
            return match schema {
                Value::Bool(true) => Ok(()),
                _ => Err(format!("{value} is not allowed")),
            };
        };
        let told = |fits: bool, rule: &str, says: &Value| {
            if fits { Ok(()) } else { Err(format!("{value}: expected {rule} {says}")) }
        };
        for (rule, says) in schema {
            match rule.as_str() {
                "$ref" => self.fits(self.definition(says), value)?,
                "type" => told(one_or_many(says).any(|kind| is(value, kind)), rule, says)?,
                "const" => told(value == says, rule, says)?,
                "enum" => told(one_or_many(says).any(|one| value == one), rule, says)?,
                "oneOf" => told(self.fitting(says, value) == 1, rule, says)?,
                "anyOf" => told(self.fitting(says, value) > 0, rule, says)?,
                "minimum" => {
                    told(value.as_f64().is_none_or(|one| Some(one) >= says.as_f64()), rule, says)?;
                }
                "pattern" => {
                    told(value.as_str().is_none_or(|text| matches(says, text)), rule, says)?;
                }
                "minItems" => {
                    told(length(value).is_none_or(|one| Some(one) >= says.as_u64()), rule, says)?;
                }
                "maxItems" => {
                    told(length(value).is_none_or(|one| Some(one) <= says.as_u64()), rule, says)?;
                }
                "items" => self.items(says, value)?,
                "prefixItems" => self.prefix(says, value)?,
                "required" => {
                    for name in one_or_many(says).filter_map(Value::as_str) {
                        let there = value.as_object().is_none_or(|map| map.contains_key(name));
                        told(there, rule, &name.into())?;
                    }
                }
                "properties" | "additionalProperties" => self.members(schema, value)?,
                note if NOTES.contains(&note) => {}
                other => return Err(format!("the validator does not know {other:?}")),
            }
        }
        Ok(())
    }

    fn definition(&self, reference: &Value) -> &Value {
        let path = reference.as_str().and_then(|text| text.strip_prefix('#')).unwrap_or("?");
        self.0.pointer(path).unwrap_or(&Value::Null)
    }

    fn fitting(&self, schemas: &Value, value: &Value) -> usize {
        one_or_many(schemas).filter(|one| self.fits(one, value).is_ok()).count()
    }

    fn items(&self, schema: &Value, value: &Value) -> Result<(), String> {
        value.as_array().into_iter().flatten().try_for_each(|one| self.fits(schema, one))
    }

    fn prefix(&self, schemas: &Value, value: &Value) -> Result<(), String> {
        let values = value.as_array().into_iter().flatten();
        one_or_many(schemas).zip(values).try_for_each(|(schema, one)| self.fits(schema, one))
    }

    fn members(&self, schema: &Map<String, Value>, value: &Value) -> Result<(), String> {
        let Value::Object(members) = value else { return Ok(()) };
        for (name, member) in members {
            let own = schema.get("properties").and_then(|all| all.get(name));
            if let Some(schema) = own.or_else(|| schema.get("additionalProperties")) {
                self.fits(schema, member).map_err(|problem| format!("{name}: {problem}"))?;
            }
        }
        Ok(())
    }
}

fn one_or_many(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

fn matches(pattern: &Value, text: &str) -> bool {
    let known = PATTERNS.iter().find(|(known, _)| pattern == known);
    known.is_some_and(|(_, holds)| holds(text))
}

fn length(value: &Value) -> Option<u64> {
    value.as_array().map(|all| all.len() as u64)
}
