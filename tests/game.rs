//! A sweep that is broken off anywhere ends in the same bytes, and goes on from no other game's
//! cells.

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

/// A small sweep, kept in a file.
fn sweep(kept: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keelmark"));
    command
        .args(["--quiet", "game", "--set", "paths=200", "--json"])
        .args(["--sweep", "bonus=0.02..0.12:4", "--sweep", "vol=1..3:3"])
        .args(more)
        .arg("--resume")
        .arg(kept);
    command
}

fn run(command: &mut Command) -> Outcome<Output> {
    Ok(command.output()?)
}

fn said(found: &Output) -> String {
    String::from_utf8_lossy(&found.stderr).into_owned()
}

#[test]
fn a_sweep_that_was_cut_anywhere_ends_in_the_same_bytes() -> Outcome<()> {
    let directory = Directory::new("game-cut")?;
    let path = directory.0.join("cells.ndjson");
    let whole = run(&mut sweep(&path, &[]))?;
    assert!(whole.status.success(), "{}", said(&whole));
    let bytes = fs::read(&path)?;
    let ends: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    assert_eq!(ends.len(), 13, "a header and twelve cells");
    for end in ends.iter().flat_map(|end| [*end, end - 1, end - 7]).chain([0, 5]) {
        fs::write(&path, &bytes[..end])?;
        let found = run(&mut sweep(&path, &["--threads", "3"]))?;
        assert!(found.status.success(), "cut at {end}: {}", said(&found));
        assert!(found.stdout == whole.stdout, "another answer, cut at {end}");
        assert!(fs::read(&path)? == bytes, "other cells, cut at {end}");
    }
    Ok(())
}

#[test]
fn a_sweep_that_was_killed_ends_in_the_same_bytes() -> Outcome<()> {
    let directory = Directory::new("game-killed")?;
    let (whole, broken) = (directory.0.join("whole"), directory.0.join("broken"));
    let more = ["--set", "paths=3000", "--threads", "1"];
    let expected = run(&mut sweep(&whole, &more))?;
    let mut child = sweep(&broken, &more).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    let lines = || fs::read(&broken).map_or(0, |all| all.split(|byte| *byte == b'\n').count());
    while lines() < 4 && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill()?;
    child.wait()?;
    assert!(lines() >= 4, "it was killed before it kept anything");
    let found = run(&mut sweep(&broken, &more))?;
    assert!(found.stdout == expected.stdout && fs::read(&broken)? == fs::read(&whole)?);
    Ok(())
}

#[test]
fn cells_of_another_game_are_refused() -> Outcome<()> {
    let directory = Directory::new("game-other")?;
    let path = directory.0.join("cells.ndjson");
    run(&mut sweep(&path, &[]))?;
    let bytes = fs::read(&path)?;
    for other in [["--seed", "2"], ["--set", "fee=0.2"], ["--set", "keepers.slow.count=9"]] {
        let found = run(&mut sweep(&path, &other))?;
        assert_eq!(found.status.code(), Some(3), "{other:?}");
        let said = said(&found);
        assert!(said.contains("found those of game") && said.contains("another file"), "{said}");
        assert!(fs::read(&path)? == bytes, "the file was changed");
    }
    for wrong in ["account,qty\n", "{\"schema\":\"keelmark/game-cells/1\"}\n", "no line"] {
        fs::write(&path, wrong)?;
        let found = run(&mut sweep(&path, &[]))?;
        assert_eq!(found.status.code(), Some(3), "{wrong}: {}", said(&found));
        assert_eq!(fs::read_to_string(&path)?, wrong, "the file was changed");
    }
    let mut cells: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    cells.swap(2, 3);
    fs::write(&path, cells.concat())?;
    let found = run(&mut sweep(&path, &[]))?;
    assert!(said(&found).contains("line 3: expected cell 1"), "{}", said(&found));
    Ok(())
}

#[test]
fn threads_change_nothing() -> Outcome<()> {
    let one = |threads: &str| -> Outcome<Vec<u8>> {
        let found = Command::new(env!("CARGO_BIN_EXE_keelmark"))
            .args(["game", "--json", "--set", "paths=100", "--threads", threads])
            .output()?;
        assert!(found.status.success(), "{}", said(&found));
        Ok(found.stdout)
    };
    assert!(one("1")? == one("5")?);
    Ok(())
}
