//! `models diff`: what a change of a model's numbers does to every account, before it is applied.
//!
//! Accounts are computed apart, on as many threads as asked for, and put back in the order of the
//! books: the answer is the same bits for every number of threads.

use crate::arguments::{FormatArgs, HistoryArgs, PriceArgs};
use crate::failure::{CHECK_FAILED, DIFFERS, Failure};
use crate::inputs;
use crate::made;
use crate::number::{
    count, percent, points, required, required_whole, signed, signed_whole, value, value_whole,
};
use crate::output::{self, Answer, Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, WIDTH, paragraph, shortened};
use clap::Args;
use keelmark_api::impact::{AccountImpact, ChangeReport, Effect, ImpactReport, Standing};
use keelmark_api::{Context, ImpactReport as Report};
use keelmark_book::{Asset, Money, Portfolio};
use keelmark_margin::{Document, MarginError, margin};
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What `--help` says at its end.
pub const AFTER: &str = "\
Exit codes: 0 no account differs, 5 some account differs or cannot be priced,
4 some account would be liquidated that is not now.";

/// Accounts that are shown figure by figure; more than that, a row each.
const IN_FULL: usize = 12;
/// Rows of a table, worst first, where not all are asked for.
const ROWS: usize = 40;

/// Differences of documents that are shown, where not all are asked for.
const CHANGES: usize = 24;

/// How an amount is shown.
type Show = fn(Money, &Asset) -> String;
/// How requirements, values and differences are shown.
type Shown = [Show; 3];
const FULL: Shown = [required, value, signed];
const WHOLE: Shown = [required_whole, value_whole, signed_whole];

/// Arguments of `models diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The model in force: a name from `keelmark models list`, the path of a .toml file, or `-`
    old: String,
    /// The model that would replace it, then books; with --set it is OLD so changed where no
    /// model stands here
    #[arg(value_name = "NEW> <BOOK", required = true, num_args = 1..)]
    rest: Vec<String>,
    /// Change a number of NEW, such as `charge.roll.floor=0.02`; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    histories: HistoryArgs,
    #[command(flatten)]
    prices: PriceArgs,
    /// How many accounts are computed at a time; one a core where none is given
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Every account and every difference of the documents in the table, not the first alone
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `models diff`.
pub fn run(arguments: &DiffArgs, screen: Screen) -> Result<Answer, Failure> {
    let (new, books) = documents(arguments)?;
    let old = crate::models::named(&arguments.old)?;
    // Standard input is read once, so OLD as changed is made of what was read.
    let new = if new == arguments.old {
        crate::models::with(&old, new, &arguments.set)?
    } else {
        crate::models::changed(new, &arguments.set)?
    };
    let (market, accounts) = inputs::read_all(books, &arguments.prices, screen)?;
    let mut both = [old, new];
    crate::models::make(&mut both, &arguments.histories, &market, screen)?;
    let [old, new] = &both;
    let context = Context::new(&market);
    let threads = arguments.threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    let rows = computed(&context, [old, new], &accounts, threads, screen)?;
    let failed = |error: MarginError| Failure::input(error.to_string());
    let report = context.impacts(old, new, rows).map_err(failed)?;
    let full = arguments.all;
    let totals = Totals::of(&report)?;
    let mut answer = output::single(arguments.format.format(), &report, records, |report| {
        text(report, &totals, full, screen)
    })?;
    answer.code = match &report.total {
        total if total.liquidates > 0 => CHECK_FAILED,
        total if total.changed > 0 || total.unpriced > 0 => DIFFERS,
        _ => 0,
    };
    Ok(answer)
}

/// The new document's name and the books.
fn documents(arguments: &DiffArgs) -> Result<(&str, &[String]), Failure> {
    let (first, others) = arguments.rest.split_first().ok_or_else(|| Failure::usage("no book"))?;
    let next = format!("keelmark models diff {} NEW BOOK --prices FILE", arguments.old);
    // Standard input alone is a book; before a book it is the new model.
    let from_input = first == inputs::STANDARD_INPUT && !others.is_empty();
    let is_model = crate::models::is_model(first) || from_input;
    let (new, books) = match (is_model, arguments.set.is_empty()) {
        (true, _) => (first.as_str(), others),
        (false, false) => (arguments.old.as_str(), arguments.rest.as_slice()),
        (false, true) => {
            // Says what it is not, with the nearest names, where it was meant as a model.
            if !inputs::is_demo(first) && others.iter().any(|other| !other.is_empty()) {
                crate::models::named(first)?;
            }
            let said = format!("expected NEW, a model, or --set PATH=VALUE; found {first:?}");
            return Err(Failure::usage(said).next(next));
        }
    };
    if books.is_empty() {
        return Err(Failure::usage("expected at least one book, found none").next(next));
    }
    Ok((new, books))
}

/// Every account under both documents, in the order given.
fn computed(
    context: &Context<'_>,
    [old, new]: [&Document; 2],
    accounts: &[(String, Portfolio)],
    threads: usize,
    screen: Screen,
) -> Result<Vec<AccountImpact>, Failure> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let slots: Vec<Mutex<Option<Result<AccountImpact, MarginError>>>> =
        accounts.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((book, account)) = accounts.get(at) else { break };
            let found = [old, new].map(|document| margin(document, context.market, account));
            let row = context.impact(book, account, new, found);
            if let Some(slot) = slots.get(at)
                && let Ok(mut slot) = slot.lock()
            {
                *slot = Some(row);
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let threads = 0..threads.min(accounts.len());
        let threads: Vec<_> = threads.map(|_| scope.spawn(work)).collect();
        screen.bar("accounts", accounts.len(), Duration::from_millis(500), || {
            let ended = threads.iter().all(std::thread::ScopedJoinHandle::is_finished);
            if ended { accounts.len() } else { done.load(Ordering::Relaxed) }
        });
    });
    let mut rows = Vec::with_capacity(accounts.len());
    for (slot, (_, account)) in slots.into_iter().zip(accounts) {
        let row = slot.into_inner().ok().flatten().ok_or_else(|| {
            Failure::failed(format!("account {}: its computation was cut off", account.account))
        })?;
        rows.push(row.map_err(|error| Failure::margin(&account.account, &new.name, &error))?);
    }
    Ok(rows)
}

/// Differences of the sums.
struct Totals {
    equity: Money,
    initial: Money,
    maintenance: Money,
}

impl Totals {
    fn of(report: &Report) -> Result<Self, Failure> {
        let total = &report.total;
        Ok(Self {
            equity: total.equity_after.minus(total.equity_before)?,
            initial: total.initial_after.minus(total.initial_before)?,
            maintenance: total.maintenance_after.minus(total.maintenance_before)?,
        })
    }
}

fn text(report: &ImpactReport, totals: &Totals, full: bool, screen: Screen) -> String {
    let mut out = String::new();
    for (label, model) in [("Old     ", &report.old), ("New     ", &report.new)] {
        let version = if model.version.is_empty() { "" } else { " " };
        let own = format!("{}{version}{} · digest {}", model.name, model.version, model.digest);
        out.push_str(&paragraph(label, &own));
        out.push_str(&made::heading(model.made.as_ref()));
    }
    out.push_str(&paragraph("Prices  ", &report.as_of.to_string()));
    out.push_str(&changes(report, full));
    let mut rows: Vec<&AccountImpact> =
        report.accounts.iter().filter(|row| row.differs()).collect();
    rows.sort_by_key(|row| row.effect);
    if !rows.is_empty() {
        out.push('\n');
    }
    let shown = if full { rows.len() } else { rows.len().min(ROWS) };
    let in_full = rows.len() <= IN_FULL;
    let table = |shown_as| {
        if in_full {
            figures(&rows, report, shown_as)
        } else {
            compact(&rows[..shown], report, shown_as)
        }
    };
    let cash = report.currency == Asset::usd();
    let wide = table(FULL);
    let table = if wide.fits() || !cash { wide } else { table(WHOLE) };
    if !rows.is_empty() {
        out.push_str(&table.text(screen.colour));
    }
    if shown < rows.len() && !in_full {
        let left = count(rows.len() - shown);
        let _ = writeln!(out, "  and {left} more that differ: --all, or --format csv");
    }
    let _ = write!(out, "\n{}", sums(report, totals).text(false));
    out.push_str(&summary(report));
    for row in report.accounts.iter().filter(|row| row.problem.is_some()).take(ROWS) {
        let problem = row.problem.as_deref().unwrap_or_default();
        let line = format!("  cannot be priced: {}: {problem}", row.account);
        let _ = writeln!(out, "{}", shortened(&line, WIDTH));
    }
    out
}

/// Fields for people: that they differ is said, the texts are in `--json`.
const PROSE: &[&str] = &["name", "title", "version", "effective", "source", "uncertain"];

fn changes(report: &ImpactReport, full: bool) -> String {
    let prose = |path: &str| PROSE.contains(&path.split('[').next().unwrap_or(path));
    let (texts, numbers): (Vec<_>, Vec<_>) =
        report.changes.iter().partition(|change| prose(&change.path));
    let mut out = String::from("\n");
    if numbers.is_empty() {
        out.push_str("  no number or formula differs\n");
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let wide = |text: &str| text.chars().count();
    let (brief, long): (Vec<&ChangeReport>, Vec<&ChangeReport>) =
        numbers.into_iter().partition(|change| {
            let values = [text(&change.old), text(&change.new)];
            wide(&change.path) <= 50 && values.iter().all(|value| wide(value) <= 11)
        });
    let most = if full { usize::MAX } else { CHANGES };
    let left = (brief.len() + long.len()).saturating_sub(most);
    if !brief.is_empty() {
        let mut table =
            Table::new(&[("Parameter", Align::Left), ("Old", Align::Left), ("New", Align::Left)]);
        for change in brief.iter().take(most) {
            let values = [text(&change.old), text(&change.new)].map(Cell::from);
            table.row(std::iter::once(change.path.as_str().into()).chain(values));
        }
        out.push_str(&table.text(false));
    }
    for change in long.iter().take(most.saturating_sub(brief.len())) {
        out.push_str(&paragraph("  ", &change.path));
        out.push_str(&paragraph("    old  ", &text(&change.old)));
        out.push_str(&paragraph("    new  ", &text(&change.new)));
    }
    if left > 0 {
        let _ = writeln!(out, "  and {left} more differences: --all, or --json");
    }
    if !texts.is_empty() {
        let names: Vec<&str> = texts.iter().map(|change| change.path.as_str()).collect();
        out.push_str(&paragraph("  also ", &names.join(", ")));
    }
    out
}

/// What an account is marked with.
fn mark(effect: Effect) -> Cell {
    match effect {
        Effect::Liquidates => Cell::toned("LIQUIDATE", Tone::Bad),
        Effect::LosesRoom => Cell::toned("no room", Tone::Warn),
        Effect::Unpriced => Cell::toned("no price", Tone::Warn),
        Effect::Recovers => "recovers".into(),
        Effect::Worse | Effect::Same | Effect::Better => "".into(),
    }
}

/// Name of an account, with its book where there are several.
fn name(row: &AccountImpact, report: &ImpactReport) -> String {
    let several = report.accounts.iter().any(|one| one.book != row.book);
    if several { format!("{}:{}", row.book, row.account) } else { row.account.clone() }
}

/// Each account figure by figure.
fn figures(
    rows: &[&AccountImpact],
    report: &ImpactReport,
    [required, value, signed]: Shown,
) -> Table {
    let mut table = Table::new(&[
        ("Account", Align::Left),
        ("", Align::Left),
        ("Before", Align::Right),
        ("After", Align::Right),
        ("Difference", Align::Right),
        ("", Align::Left),
    ]);
    let currency = &report.currency;
    for row in rows {
        let (before, after) = (row.before.as_ref(), row.after.as_ref());
        let change = row.change.as_ref();
        let show = |of: fn(&Standing) -> Money, show: fn(Money, &Asset) -> String| {
            [before, after].map(|one| one.map_or_else(String::new, |one| show(of(one), currency)))
        };
        let by = |change: Option<Money>| change.map(|by| signed(by, currency)).unwrap_or_default();
        let mut line =
            |first: String, label: &str, [old, new]: [String; 2], by: String, mark: Cell| {
                table.row([first.into(), label.into(), old.into(), new.into(), by.into(), mark]);
            };
        let initial = show(|one| one.initial_margin, required);
        let own = by(change.map(|one| one.initial_margin));
        line(name(row, report), "initial", initial, own, mark(row.effect));
        let maintenance = show(|one| one.maintenance_margin, required);
        let own = by(change.map(|one| one.maintenance_margin));
        line(String::new(), "maintenance", maintenance, own, "".into());
        let own = by(change.map(|one| one.equity));
        line(String::new(), "equity", show(|one| one.equity, value), own, "".into());
        let used = |one: Option<&Standing>| one.and_then(|one| one.mm_utilisation);
        let difference = match (used(before), used(after)) {
            (Some(before), Some(after)) => points(after - before),
            _ => String::new(),
        };
        let both = [before, after].map(|one| one.map(|one| percent(one.mm_utilisation)));
        let both = both.map(Option::unwrap_or_default);
        line(String::new(), "MM used", both, difference, "".into());
    }
    table
}

/// Each account on one row.
fn compact(rows: &[&AccountImpact], report: &ImpactReport, [required, _, signed]: Shown) -> Table {
    let mut table = Table::new(&[
        ("Account", Align::Left),
        ("Initial\nmargin", Align::Right),
        ("Change", Align::Right),
        ("Maint.\nchange", Align::Right),
        ("MM used\nbefore", Align::Right),
        ("\nafter", Align::Right),
        ("", Align::Left),
    ]);
    let currency = &report.currency;
    for row in rows {
        let change = row.change.as_ref();
        let used = |one: &Option<Standing>| one.as_ref().map(|one| percent(one.mm_utilisation));
        let initial = row.before.as_ref().map(|one| required(one.initial_margin, currency));
        table.row([
            shortened(&name(row, report), 24).into(),
            initial.unwrap_or_default().into(),
            change.map(|one| signed(one.initial_margin, currency)).unwrap_or_default().into(),
            change.map(|one| signed(one.maintenance_margin, currency)).unwrap_or_default().into(),
            used(&row.before).unwrap_or_default().into(),
            used(&row.after).unwrap_or_default().into(),
            mark(row.effect),
        ]);
    }
    table
}

fn sums(report: &ImpactReport, totals: &Totals) -> Table {
    let (total, currency) = (&report.total, &report.currency);
    let title = format!("All, {currency}");
    let mut table = Table::new(&[
        (title.as_str(), Align::Left),
        ("Before", Align::Right),
        ("After", Align::Right),
        ("Difference", Align::Right),
    ]);
    let rows: [(&str, [Money; 2], Money, Show); 3] = [
        ("initial margin", [total.initial_before, total.initial_after], totals.initial, required),
        (
            "maintenance margin",
            [total.maintenance_before, total.maintenance_after],
            totals.maintenance,
            required,
        ),
        ("equity", [total.equity_before, total.equity_after], totals.equity, value),
    ];
    for (label, amounts, by, show) in rows {
        let [before, after] = amounts.map(|amount| show(amount, currency));
        table.row([label.into(), before.into(), after.into(), signed(by, currency).into()]);
    }
    table
}

fn summary(report: &ImpactReport) -> String {
    let total = &report.total;
    let text = format!(
        "{} of {} accounts differ; {} would be liquidated, {} would have no room for new risk, {} \
         cannot be priced",
        count(total.changed),
        count(total.accounts),
        count(total.liquidates),
        count(total.loses_room),
        count(total.unpriced),
    );
    format!("\n{}", paragraph("  ", &text))
}

fn records(report: &ImpactReport) -> Records {
    let mut records = Records::new(&[
        "book",
        "account",
        "effect",
        "currency",
        "equity_before",
        "equity_after",
        "initial_before",
        "initial_after",
        "maintenance_before",
        "maintenance_after",
        "available_before",
        "available_after",
        "mm_before",
        "mm_after",
        "problem",
        "inputs",
    ]);
    for row in &report.accounts {
        let both = |of: &dyn Fn(&Standing) -> String| {
            [&row.before, &row.after].map(|one| one.as_ref().map(of).unwrap_or_default())
        };
        let [equity, equity_after] = both(&|one| one.equity.to_string());
        let [initial, initial_after] = both(&|one| one.initial_margin.to_string());
        let [maintenance, maintenance_after] = both(&|one| one.maintenance_margin.to_string());
        let [available, available_after] = both(&|one| one.available.to_string());
        let [used, used_after] = both(&|one| cell(one.mm_utilisation.as_ref()));
        records.row([
            row.book.clone(),
            row.account.clone(),
            word(row.effect).to_owned(),
            report.currency.to_string(),
            equity,
            equity_after,
            initial,
            initial_after,
            maintenance,
            maintenance_after,
            available,
            available_after,
            used,
            used_after,
            row.problem.clone().unwrap_or_default(),
            row.inputs.clone(),
        ]);
    }
    records
}

/// An effect as in JSON.
fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Unpriced => "unpriced",
        Effect::Liquidates => "liquidates",
        Effect::LosesRoom => "loses_room",
        Effect::Worse => "worse",
        Effect::Same => "same",
        Effect::Better => "better",
        Effect::Recovers => "recovers",
    }
}
