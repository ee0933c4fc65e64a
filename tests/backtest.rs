//! A walk that is broken off anywhere ends in the same bytes, on any number of threads, and goes on
//! from no other walk's pieces; its tables are what it said.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A directory of this test, gone when it ends.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("keelmark-{name}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Five months of three books under two models, as JSON.
fn walk(more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keelmark"));
    command
        .args(["--quiet", "backtest", "--json", "--models", "scan16,cross"])
        .args(["--books", "long:BTC,short-strangle:BTC,covered-call:ETH"])
        .args(["--from", "2020-01-01", "--to", "2020-05-31"])
        .args(more);
    command
}

fn kept(path: &Path, more: &[&str]) -> Command {
    let mut command = walk(more);
    command.arg("--resume").arg(path);
    command
}

fn run(command: &mut Command) -> Outcome<Output> {
    Ok(command.output()?)
}

fn said(found: &Output) -> String {
    String::from_utf8_lossy(&found.stderr).into_owned()
}

#[test]
fn a_walk_that_was_cut_anywhere_ends_in_the_same_bytes() -> Outcome<()> {
    let directory = Directory::new("backtest-cut")?;
    let path = directory.0.join("pieces.ndjson");
    let whole = run(&mut kept(&path, &["--threads", "1"]))?;
    assert!(whole.status.success(), "{}", said(&whole));
    assert!(run(&mut walk(&["--threads", "3"]))?.stdout == whole.stdout, "other threads");
    let bytes = fs::read(&path)?;
    let ends: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    assert_eq!(ends.len(), 6, "a header and five pieces");
    for end in ends.iter().flat_map(|end| [*end, end - 7]).chain([0, 5]) {
        fs::write(&path, &bytes[..end])?;
        let found = run(&mut kept(&path, &["--threads", "3"]))?;
        assert!(found.status.success(), "cut at {end}: {}", said(&found));
        assert!(found.stdout == whole.stdout, "another answer, cut at {end}");
        assert!(fs::read(&path)? == bytes, "other pieces, cut at {end}");
    }
    Ok(())
}

#[test]
fn a_walk_that_was_killed_ends_in_the_same_bytes() -> Outcome<()> {
    let directory = Directory::new("backtest-killed")?;
    let (whole, broken) = (directory.0.join("whole"), directory.0.join("broken"));
    let more = ["--threads", "1"];
    let expected = run(&mut kept(&whole, &more))?;
    let mut child = kept(&broken, &more).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    let lines = || fs::read_to_string(&broken).map_or(0, |all| all.lines().count());
    while lines() < 3 && start.elapsed() < Duration::from_mins(1) && child.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill()?;
    child.wait()?;
    let found = run(&mut kept(&broken, &more))?;
    assert!(found.status.success(), "{}", said(&found));
    assert!(found.stdout == expected.stdout, "another answer");
    assert!(fs::read(&broken)? == fs::read(&whole)?, "other pieces");
    Ok(())
}

#[test]
fn pieces_of_another_walk_are_refused() -> Outcome<()> {
    let directory = Directory::new("backtest-other")?;
    let path = directory.0.join("pieces.ndjson");
    assert!(run(&mut kept(&path, &[]))?.status.success());
    let found = run(&mut kept(&path, &["--mpor", "2"]))?;
    assert_eq!(found.status.code(), Some(3));
    assert!(said(&found).contains("found those of walk"), "{}", said(&found));
    fs::write(&path, "something else\n")?;
    let found = run(&mut kept(&path, &[]))?;
    assert!(said(&found).contains("expected the header of a walk"), "{}", said(&found));
    Ok(())
}

#[test]
fn tables_are_what_was_said() -> Outcome<()> {
    let directory = Directory::new("backtest-tables")?;
    let found = run(&mut walk(&["--csv", &directory.0.display().to_string()]))?;
    assert!(found.status.success(), "{}", said(&found));
    let report: serde_json::Value = serde_json::from_slice(&found.stdout)?;
    let text = |name: &str| fs::read_to_string(directory.0.join(name));
    let runs = report["runs"].as_array().ok_or("no runs")?;
    assert_eq!(runs.len(), 6);
    let levels = runs.iter().flat_map(|run| run["levels"].as_array().into_iter().flatten());
    let breaches: u64 = levels.filter_map(|level| level["summary"]["breaches"].as_u64()).sum();
    assert!(breaches > 0);
    assert_eq!(text("breaches.csv")?.lines().count() as u64, breaches + 1);
    assert_eq!(text("summary.csv")?.lines().count(), 13);
    assert_eq!(text("books.csv")?.lines().count(), 3 * 152 + 1);
    assert_eq!(text("cover.csv")?.lines().count(), 12 * 152 + 1);
    assert!(text("years.csv")?.contains("scan16,long BTC,initial,2020,152,"));
    let found = run(&mut walk(&["--parquet", "unused"]))?;
    if !cfg!(feature = "parquet") {
        assert_eq!(found.status.code(), Some(2));
        assert!(said(&found).contains("--features parquet"), "{}", said(&found));
    }
    Ok(())
}

/// A history in Parquet is the same history.
#[cfg(feature = "parquet")]
#[test]
fn a_table_of_parquet_is_read_back_as_a_history() -> Outcome<()> {
    let directory = Directory::new("backtest-parquet")?;
    let place = directory.0.display().to_string();
    let found = run(&mut walk(&["--parquet", &place]))?;
    assert!(found.status.success(), "{}", said(&found));
    assert!(fs::metadata(directory.0.join("cover.parquet"))?.len() > 1_000);
    let named = format!("BTC:price={place}/cover.parquet");
    let found = run(&mut walk(&["--history", &named]))?;
    assert_eq!(found.status.code(), Some(3));
    assert!(said(&found).contains("expected a column date or time"), "{}", said(&found));
    Ok(())
}
