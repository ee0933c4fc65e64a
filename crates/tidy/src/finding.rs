//! What a broken rule says: where, which rule, what was found and what to do about it.

use std::fmt;

/// Whether a finding stops the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The build stops.
    Fail,
    /// Printed; the build goes on.
    Warn,
}

/// One broken rule at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Short name of the rule.
    pub rule: &'static str,
    /// Whether it stops the build.
    pub severity: Severity,
    /// What was found, and the limit it breaks.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

impl Finding {
    /// A finding that stops the build.
    pub fn fail(
        path: &str,
        line: usize,
        rule: &'static str,
        what: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        let (path, what) = (path.to_owned(), what.into());
        Self { path, line, rule, severity: Severity::Fail, what, remedy }
    }

    /// The same finding as a warning.
    #[must_use]
    pub fn as_warning(self) -> Self {
        Self { severity: Severity::Warn, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Fail => "fail",
            Severity::Warn => "warn",
        };
        let Self { path, line, rule, what, remedy, .. } = self;
        write!(f, "{path}:{line}: {severity} [{rule}] {what}. {remedy}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_place_rule_and_remedy() {
        let finding = Finding::fail("a/b.rs", 7, "tab", "a tab", "Use spaces");
        assert_eq!(finding.to_string(), "a/b.rs:7: fail [tab] a tab. Use spaces.");
        assert!(finding.as_warning().to_string().contains("warn [tab]"));
    }
}
