//! The arguments of the program.

/// What is asked.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Seeds against the reference.
    Seeds(Seeds),
    /// The incidents, or one of them, with the bystanders of a seed.
    Incidents(Option<String>, u64),
}

/// How many commands of which seeds.
#[derive(Clone, Debug)]
pub struct Seeds {
    /// Commands of a seed.
    pub commands: u64,
    /// The first seed.
    pub seed: u64,
    /// The most accounts.
    pub accounts: usize,
    /// How long seeds follow each other; absent for one seed.
    pub hours: Option<f64>,
}

/// Reads the arguments.
///
/// # Errors
/// What was expected and what was found.
pub fn read(mut given: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut seeds = Seeds { commands: 100_000, seed: 1, accounts: 200, hours: None };
    let mut incidents = None;
    while let Some(word) = given.next() {
        if word == "--incidents" {
            incidents = Some(None);
            continue;
        }
        let text = given.next().unwrap_or_default();
        let number =
            || text.parse().map_err(|_| format!("{word}: expected a whole number, found {text:?}"));
        match word.as_str() {
            "--commands" => seeds.commands = number()?,
            "--seed" => seeds.seed = number()?,
            "--accounts" => seeds.accounts = number()? as usize,
            "--hours" => seeds.hours = Some(hours(&text)?),
            "--incident" => incidents = Some(Some(text)),
            other => {
                let known = "--commands, --seed, --accounts, --hours, --incidents, --incident NAME";
                return Err(format!("expected {known}, or --keepers first, found {other}"));
            }
        }
    }
    Ok(match incidents {
        Some(name) => Asked::Incidents(name, seeds.seed),
        None => Asked::Seeds(seeds),
    })
}

fn hours(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|hours: &f64| *hours > 0.0 && *hours <= 10_000.0);
    found.ok_or_else(|| format!("--hours: expected hours above 0, at most 10000, found {text:?}"))
}
