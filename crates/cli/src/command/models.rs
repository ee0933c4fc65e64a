//! `models`: the documents that margin is computed from.

use crate::arguments::{FormatArgs, HistoryArgs};
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::models::{is_path, linted, make, named, said, text};
use crate::output::{self, Answer, Records};
use crate::screen::Screen;
use crate::table::{Align, Table, paragraph};
use clap::{Args, Subcommand};
use keelmark_api::ModelInfo;
use keelmark_margin::document::library;
use keelmark_margin::{Document, margin};
use std::fmt::Write as _;

/// Arguments of `models`.
#[derive(Args, Debug)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// The built-in models
    List {
        #[command(flatten)]
        format: FormatArgs,
    },
    /// What a model is: sources, dates, what is uncertain, charges and levels
    Show {
        /// A name from `keelmark models list`, the path of a .toml file, or `-`
        name: String,
        /// The document itself, to start your own from
        #[arg(long, conflicts_with_all = ["format", "json"])]
        toml: bool,
        #[command(flatten)]
        format: FormatArgs,
    },
    /// What a change of a model does to every account, before it is applied
    #[command(after_help = super::impact::AFTER)]
    Diff(super::impact::DiffArgs),
    /// A page about a model in Markdown: formulas, charges, numbers, sources, worked example
    Page(super::pages::PageArgs),
    /// Check a document of your own: every error with its line
    Lint {
        /// The path of a .toml file, or `-` for standard input
        file: String,
        #[command(flatten)]
        format: FormatArgs,
    },
}

/// Runs `models`.
pub fn run(arguments: &ModelsArgs, screen: Screen) -> Result<Answer, Failure> {
    match &arguments.command {
        ModelsCommand::List { format } => list(*format),
        ModelsCommand::Show { name, toml: true, .. } => source(name),
        ModelsCommand::Show { name, format, .. } => {
            let info = ModelInfo::of(&named(name)?);
            output::single(format.format(), &info, one_record, shown)
        }
        ModelsCommand::Diff(arguments) => super::impact::run(arguments, screen),
        ModelsCommand::Page(arguments) => super::pages::run(arguments),
        ModelsCommand::Lint { file: path, format } => {
            let document = linted(path)?;
            let info = ModelInfo::of(&document);
            tried(&document, screen)?;
            output::single(format.format(), &info, one_record, |info| {
                format!("{}: no errors\n\n{}", said(path), shown(info))
            })
        }
    }
}

fn list(format: FormatArgs) -> Result<Answer, Failure> {
    let mut infos = Vec::new();
    for (name, _) in library::all() {
        infos.push(ModelInfo::of(&named(name)?));
    }
    output::list(format.format(), &infos, records, |infos| {
        let mut table = Table::new(&[
            ("Model", Align::Left),
            ("Effective", Align::Left),
            ("Uncertain", Align::Right),
            ("Title", Align::Left),
        ]);
        for info in infos {
            table.row([
                info.name.as_str().into(),
                info.effective.as_str().into(),
                info.uncertain.len().to_string().into(),
                info.title.as_str().into(),
            ]);
        }
        table.text(false)
            + "\n  uncertain: points that could not be verified; `models show` lists them\n"
    })
}

/// The text of a document.
fn source(name: &str) -> Result<Answer, Failure> {
    if is_path(name) {
        return Ok(text(name)?.into());
    }
    named(name)?;
    let found = library::all().find(|(known, _)| *known == name);
    Ok(found.map(|(_, text)| (*text).to_owned()).unwrap_or_default().into())
}

/// Computes the built-in book under a document, which finds numbers that are missing.
fn tried(document: &Document, screen: Screen) -> Result<(), Failure> {
    let inputs = Inputs::demo()?;
    let mut document = document.clone();
    let histories = HistoryArgs::default();
    let own = std::slice::from_mut(&mut document);
    if let Err(failure) = make(own, &histories, &inputs.market, screen) {
        screen.note(&format!("not tried on demo: {}", failure.text));
        return Ok(());
    }
    let mut failed = Vec::new();
    for account in &inputs.accounts {
        if let Err(error) = margin(&document, &inputs.market, account) {
            failed.push((account.account.as_str(), error));
        }
    }
    if let Some((account, error)) = failed.first() {
        let (count, all) = (failed.len(), inputs.accounts.len());
        screen.note(&format!("{count} of {all} accounts of demo: fail, {account} as {error}"));
    }
    Ok(())
}

fn shown(info: &ModelInfo) -> String {
    let mut out = paragraph("", &format!("{} · {}", info.name, info.title));
    let or_none = |text: &str| if text.is_empty() { "not stated" } else { text }.to_owned();
    let version = format!(
        "{}, effective {}, digest {}",
        or_none(&info.version),
        or_none(&info.effective),
        info.digest
    );
    out.push_str(&paragraph("  version    ", &version));
    let pools = format!("by {}, counted in {}", info.pool, info.pool_currency);
    out.push_str(&paragraph("  pools      ", &pools));
    for source in &info.sources {
        out.push_str(&paragraph("  source     ", source));
    }
    for uncertain in &info.uncertain {
        out.push_str(&paragraph("  uncertain  ", uncertain));
    }
    for scan in &info.scans {
        out.push_str(&paragraph("  scan       ", &format!("{}, {}", scan.name, scan.counted())));
    }
    for charge in &info.charges {
        let mut text = format!("{} ({})", charge.name, charge.kind);
        if let Some(why) = &charge.breaks_union {
            let _ = write!(text, ": two books together can ask for more, {why}");
        }
        out.push_str(&paragraph("  charge     ", &text));
    }
    for level in &info.levels {
        out.push_str(&paragraph("  level      ", &format!("{} = {}", level.name, level.formula)));
    }
    out
}

fn one_record(info: &ModelInfo) -> Records {
    records(std::slice::from_ref(info))
}

fn records(infos: &[ModelInfo]) -> Records {
    let mut records = Records::new(&[
        "name",
        "version",
        "effective",
        "digest",
        "pool",
        "pool_currency",
        "charges",
        "scenarios",
        "uncertain",
        "title",
    ]);
    for info in infos {
        let scenarios: usize = info.scans.iter().map(|scan| scan.scenarios).sum();
        records.row([
            info.name.clone(),
            info.version.clone(),
            info.effective.clone(),
            info.digest.clone(),
            info.pool.clone(),
            info.pool_currency.clone(),
            info.charges.len().to_string(),
            scenarios.to_string(),
            info.uncertain.len().to_string(),
            info.title.clone(),
        ]);
    }
    records
}
