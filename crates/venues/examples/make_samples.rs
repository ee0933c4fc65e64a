//! Regenerates `samples/btc-options-2026-03-13.csv` from the venue's reply, byte for byte.
//!
//! `cargo run -p keelmark-venues --example make_samples -- REPLY.json OUT.csv`; without arguments
//! the reply is looked for in the folder `KEELMARK_DATA`.

use keelmark_book::{read, write};
use keelmark_venues::deribit;
use std::error::Error;
use std::path::{Path, PathBuf};

const REPLY: &str = "deribit-btc-options-book-summary-2026-03-13.json";
const SAMPLE: &str = "../../samples/btc-options-2026-03-13.csv";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let reply = match (arguments.next(), std::env::var_os("KEELMARK_DATA")) {
        (Some(given), _) => given,
        (None, Some(folder)) => Path::new(&folder).join(REPLY),
        (None, None) => return Err("expected the reply as an argument, or KEELMARK_DATA".into()),
    };
    let out =
        arguments.next().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE));
    let bytes = read::bytes(&reply)?;
    let imported = deribit::import(&[(REPLY, &bytes)], None)?;
    let market = imported.market.ok_or("expected a chain, found none")?;
    std::fs::write(&out, write::market_csv(&market))?;
    for note in &imported.notes {
        eprintln!("note: {note}");
    }
    println!("{}: {} instruments", out.display(), market.instruments.len());
    Ok(())
}
