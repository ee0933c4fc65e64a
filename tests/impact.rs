//! `models diff` over thousands of accounts: the order of the books, the same bits on any number of
//! threads, and sums that are those of the rows.

use std::error::Error;
use std::fmt::Write as _;
use std::process::Command;

const ACCOUNTS: usize = 1500;

const PRICES: &str = "\
instrument,venue_symbol,mark,iv,forward,contract_size,lot,as_of
BTC,,71000,,,,,2026-03-13T19:00:00Z
USDC,,1,,,,,2026-03-13T19:00:00Z
deribit:BTC/USDC:USDC,BTC_USDC-PERPETUAL,71010,,,1,0.0001,2026-03-13T19:00:00Z
";

#[test]
fn threads_change_no_bit_and_no_order() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("keelmark-impact-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("prices.csv"), PRICES)?;
    for (book, from) in [("a.csv", 0), ("b.csv", ACCOUNTS / 2)] {
        let mut text = String::from("account,instrument,qty,avg_price\n");
        for at in from..from + ACCOUNTS / 2 {
            let collateral = 2000 + at * 7 % 9000;
            writeln!(text, "n{at},USDC,{collateral},\nn{at},BTC_USDC-PERPETUAL,1.{at:04},70500")?;
        }
        std::fs::write(folder.join(book), text)?;
    }
    let run = |threads: &str, format: &str| {
        let tiers = "charge.futures_maintenance.tiers=[{ rate = \"0.05\" }]";
        Command::new(env!("CARGO_BIN_EXE_keelmark"))
            .args(["models", "diff", "cross", "a.csv", "b.csv", "--prices", "prices.csv"])
            .args(["--set", tiers, "--threads", threads, "--format", format])
            .current_dir(&folder)
            .output()
    };
    let (one, four, rows) = (run("1", "json")?, run("4", "json")?, run("3", "csv")?);
    let table = run("2", "table")?;
    std::fs::remove_dir_all(&folder)?;
    assert_eq!(one.status.code(), Some(4), "{}", String::from_utf8_lossy(&one.stderr));
    assert!(one.stdout == four.stdout, "one thread and four differ");
    let rows = String::from_utf8(rows.stdout)?;
    let names: Vec<&str> = rows.lines().skip(1).filter_map(|row| row.split(',').nth(1)).collect();
    let wanted: Vec<String> = (0..ACCOUNTS).map(|at| format!("n{at}")).collect();
    assert_eq!(names, wanted);
    let liquidated = rows.lines().filter(|row| row.contains(",liquidates,")).count();
    assert!(String::from_utf8(one.stdout)?.contains(&format!("\"liquidates\": {liquidated},")));
    let table = String::from_utf8(table.stdout)?;
    assert!(table.contains("more that differ: --all, or --format csv"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    Ok(())
}
