//! Regenerates the tables of docs/tail-methods.md from the histories that are built in:
//! `cargo run --release -p keelmark-backtest --bin tail-methods -- docs/tail-methods.md`.

use keelmark_backtest::methods::page;
use std::error::Error;
use std::io::Write as _;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(path) = std::env::args().nth(1) else {
        return Err("name the page: tail-methods docs/tail-methods.md".into());
    };
    let page = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let mut all = page::parts()?;
    all.extend(page::walked()?);
    let found = page::replaced(&page, all)?;
    std::fs::write(&path, &found).map_err(|error| format!("{path}: {error}"))?;
    writeln!(std::io::stdout(), "{path} written")?;
    Ok(())
}
