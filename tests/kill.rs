//! The engine as a process: killed while a client sends, started again, and in the end the same.
//!
//! `KEELMARK_KILLS=200 cargo test -p keelmark-cli --test kill` kills more often; `KEELMARK_SEED`
//! chooses another stream of commands.

use serde_json::Value;
use sim::random::Random;
use sim::run::stream;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Commands between two kills, at most.
const BETWEEN: usize = 60;

/// A directory of this test, gone when it ends.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("keelmark-{name}-{}", std::process::id()));
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn engine(directory: &Path) -> Outcome<Child> {
    let child = Command::new(env!("CARGO_BIN_EXE_keelmark"))
        .args(["--quiet", "engine", "run"])
        .arg(directory)
        .args(["-", "--json", "--batch", "16", "--snapshot-every", "150"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    Ok(child)
}

/// Sends lines from a thread of its own until the engine takes no more.
fn send(child: &mut Child, lines: &[String]) -> Outcome<()> {
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let lines = lines.to_vec();
    std::thread::spawn(move || {
        for line in lines {
            if writeln!(input, "{line}").is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Reads answers, as many as there are or `most`.
fn answers(child: &mut Child, most: usize) -> Outcome<Vec<Value>> {
    let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    let mut found = Vec::new();
    for line in output.lines().take(most) {
        // The last line of a killed process may be cut.
        match line.ok().and_then(|line| serde_json::from_str::<Value>(&line).ok()) {
            Some(answer) => found.push(answer["events"].clone()),
            None => break,
        }
    }
    Ok(found)
}

fn root(directory: &Path) -> Outcome<String> {
    let found = Command::new(env!("CARGO_BIN_EXE_keelmark"))
        .args(["engine", "verify", "--json"])
        .arg(directory)
        .output()?;
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let report: Value = serde_json::from_slice(&found.stdout)?;
    Ok(report["replay"]["state_root"].as_str().ok_or("no state root")?.to_owned())
}

#[test]
fn killed_at_any_time_it_ends_in_the_same_root() -> Outcome<()> {
    let (seed, kills) = (number("KEELMARK_SEED", 5), number("KEELMARK_KILLS", 12));
    let mut lines = Vec::new();
    for command in stream(seed, 30, (kills as usize + 2) * BETWEEN)? {
        lines.push(serde_json::to_string(&command)?);
    }

    let whole = Directory::new("whole");
    let mut child = engine(&whole.0)?;
    send(&mut child, &lines)?;
    let expected = answers(&mut child, usize::MAX)?;
    assert!(child.wait()?.success());
    assert_eq!(expected.len(), lines.len());

    let killed = Directory::new("killed");
    let mut random = Random::new(seed);
    let mut done = 0;
    for kill in 0..=kills {
        let mut child = engine(&killed.0)?;
        send(&mut child, &lines[done..])?;
        let last = kill == kills;
        let most = if last { usize::MAX } else { 1 + random.below(BETWEEN) };
        let found = answers(&mut child, most)?;
        if last {
            assert!(child.wait()?.success());
        } else {
            // With the engine in the middle of what it has read ahead.
            child.kill()?;
            child.wait()?;
        }
        for answer in found {
            assert_eq!(answer, expected[done], "seed {seed}, kill {kill}, command {done}");
            done += 1;
        }
    }
    assert_eq!(done, lines.len(), "seed {seed}");
    assert_eq!(root(&killed.0)?, root(&whole.0)?, "seed {seed}");
    Ok(())
}
