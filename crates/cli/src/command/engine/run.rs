//! `engine run`: commands in, answers out, each answer after its flush.
//!
//! Answers are written as they come, batch by batch: the one command that does not compute its
//! whole answer before it writes.

use super::DirectoryArgs;
use super::line::{Line, Told};
use crate::arguments::{Format, FormatArgs};
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::screen::Screen;
use clap::Args;
use keelmark_book::Timestamp;
use keelmark_durable::Durable;
use keelmark_engine::{Answer as Answered, Command, Engine, Event};
use keelmark_journal::Journal;
use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::SystemTime;

/// Arguments of `engine run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Commands, one JSON object a line; `-` is standard input
    #[arg(value_name = "COMMANDS", default_value = "-")]
    commands: String,
    /// The most commands that share a flush
    #[arg(long, value_name = "COUNT", default_value_t = 256)]
    batch: usize,
    /// Commands between two snapshots; 0 for none
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    snapshot_every: u64,
    #[command(flatten)]
    format: FormatArgs,
}

/// The sender of lines that name none.
const NOBODY: &str = "keelmark";

/// Lines waiting while a batch is flushed.
const WAITING: usize = 4_096;

/// Runs `engine run`.
pub fn run(arguments: &RunArgs, screen: Screen) -> Result<Answer, Failure> {
    let (mut machine, recovered) = Durable::open(&arguments.directory.directory)?;
    if recovered.replayed.commands > 0 {
        let (commands, snapshot) = (recovered.replayed.commands, recovered.snapshot);
        screen.note(&format!("{commands} commands replayed after record {snapshot}"));
    }
    let lines = lines(&arguments.commands)?;
    let mut session = Session {
        machine: &mut machine,
        arguments,
        line: 0,
        commands: 0,
        refused: 0,
        since_snapshot: 0,
    };
    let ended = session.all(&lines);
    let (commands, refused) = (session.commands, session.refused);
    let root = machine.root()?.hash;
    screen.note(&format!("{commands} commands, {refused} refused; state root {root}"));
    ended?;
    Ok(String::new().into())
}

/// Lines of a file or of standard input, read ahead while batches are flushed.
fn lines(name: &str) -> Result<Receiver<std::io::Result<String>>, Failure> {
    let input: Box<dyn BufRead + Send> = if name == "-" {
        Box::new(std::io::BufReader::new(std::io::stdin()))
    } else {
        let file = std::fs::File::open(name)
            .map_err(|error| Failure::input(format!("{name}: cannot be read: {error}")))?;
        Box::new(std::io::BufReader::new(file))
    };
    let (sender, lines) = sync_channel(WAITING);
    std::thread::spawn(move || {
        for line in input.lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    Ok(lines)
}

struct Session<'a> {
    machine: &'a mut Durable<Journal>,
    arguments: &'a RunArgs,
    line: u64,
    commands: u64,
    refused: u64,
    since_snapshot: u64,
}

impl Session<'_> {
    /// Batches until the input ends: whatever has arrived, up to the most that share a flush.
    fn all(&mut self, lines: &Receiver<std::io::Result<String>>) -> Result<(), Failure> {
        while let Ok(first) = lines.recv() {
            let rest = lines.try_iter().take(self.arguments.batch.saturating_sub(1));
            let waiting: Vec<_> = std::iter::once(first).chain(rest).collect();
            let mut batch = Vec::with_capacity(waiting.len());
            let mut bad = None;
            for line in waiting {
                match self.command(line, &batch) {
                    Ok(Some(command)) => batch.push(command),
                    Ok(None) => {}
                    Err(failure) => {
                        bad = Some(failure);
                        break;
                    }
                }
            }
            self.submit(&batch)?;
            if let Some(failure) = bad {
                return Err(failure);
            }
        }
        Ok(())
    }

    /// The command of a line; none of an empty one.
    fn command(
        &mut self,
        line: std::io::Result<String>,
        before: &[Command],
    ) -> Result<Option<Command>, Failure> {
        self.line += 1;
        let place = format!("{}, line {}", self.arguments.commands, self.line);
        let line = line.map_err(|error| Failure::input(format!("{place}: {error}")))?;
        if line.trim().is_empty() {
            return Ok(None);
        }
        let read: Line = serde_json::from_str(&line).map_err(|error| {
            let text = format!("{place}: {error}; docs/engine-commands.md lists what can be said");
            Failure::input(text)
        })?;
        let from = read.from.unwrap_or_else(|| NOBODY.to_owned());
        let number = match read.number {
            Some(number) => number,
            None => next_number(self.machine.engine(), before, &from),
        };
        let at = read.at.unwrap_or_else(now);
        Ok(Some(Command { from, number, at, action: read.action }))
    }

    fn submit(&mut self, batch: &[Command]) -> Result<(), Failure> {
        let answers = self.machine.submit(batch)?;
        let mut text = String::new();
        for (command, answer) in batch.iter().zip(&answers) {
            self.commands += 1;
            self.refused += u64::from(matches!(answer.events.last(), Some(Event::Refused(_))));
            self.tell(&mut text, command, answer)?;
        }
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if let Err(error) = written.as_ref()
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            return Err(Failure::failed(format!("cannot write to standard output: {error}")));
        }
        self.since_snapshot += batch.len() as u64;
        let every = self.arguments.snapshot_every;
        if every > 0 && self.since_snapshot >= every {
            self.machine.snapshot()?;
            self.since_snapshot = 0;
        }
        Ok(())
    }

    fn tell(&self, text: &mut String, command: &Command, answer: &Answered) -> Result<(), Failure> {
        if self.arguments.format.format() != Format::Table {
            text.push_str(&output::line(&Told::of(command, answer))?);
            return Ok(());
        }
        let told = |event| format!("{:>6}  {event}\n", answer.sequence);
        text.extend(answer.events.iter().map(told));
        Ok(())
    }
}

/// The number after a sender's last, those of the same batch counted.
fn next_number(engine: &Engine, before: &[Command], from: &str) -> u64 {
    let batch = before.iter().rev().find(|command| command.from == from);
    batch.map_or_else(|| engine.last_number(from), |command| command.number) + 1
}

/// The time for commands that do not say theirs.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
