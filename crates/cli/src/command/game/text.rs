//! A game in words: tables that fit a terminal, and what to make of them.

use super::report::{AccountsReport, GameReport, LimitsReport, TurnReport};
use crate::number::{grouped, relative};
use crate::output::Records;
use crate::screen::Screen;
use crate::table::{Align, Cell, TIE, Table, Tone, paragraph};
use keelmark_book::{Decimal, Round};
use std::fmt::Write as _;

/// An amount, with places where it is small.
pub fn amount(number: f64) -> String {
    let places = if number.abs() < 99.5 && number.fract() != 0.0 { 2 } else { 0 };
    let text = Decimal::from_f64(number, Round::Nearest)
        .map_or_else(|_| format!("{number:.3e}"), |exact| grouped(exact, places));
    let nothing = !text.contains(|c: char| matches!(c, '1'..='9'));
    if nothing { "0".to_owned() } else { text }
}

/// A share in percent, with more places where it is small.
pub fn share(number: f64) -> String {
    let places = if (5e-7..0.000_95).contains(&number.abs()) { 4 } else { 1 };
    format!("{:.places$} %", number * 100.0)
}

/// A number with as many digits as it needs, four behind the point at most.
pub fn plain(number: f64) -> String {
    let places = match number.abs() {
        10_000.0.. => return amount(number),
        100.0.. => 1,
        10.0.. => 2,
        1.0.. => 3,
        _ => 4,
    };
    let text = format!("{number:.places$}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short.is_empty() || short == "-" { "0".to_owned() } else { short.to_owned() }
}

/// Everything.
pub fn table(report: &GameReport, screen: Screen) -> String {
    let mut out = heading(report);
    for part in [
        accounts(report, screen),
        keepers(report, screen),
        flows(report, screen),
        limits(report, screen),
    ] {
        let _ = write!(out, "\n{part}");
    }
    let _ = write!(out, "\n{}", paragraph("  ", &findings(report)));
    let proof = format!(
        "no keeper gains more than {} of a lot's prize by playing otherwise ({} rounds of replies \
         at most); played on {} paths, seed {}",
        share(report.exploitability),
        grouped(Decimal::from_int(i64::from(report.rounds)), 0),
        amount(report.paths as f64),
        report.seed
    );
    out + &paragraph("  proof: ", &proof)
}

fn heading(report: &GameReport) -> String {
    let all = report.failing + report.healthy;
    let said = format!(
        "{} of {all} accounts fail after a move of {}, owing {}",
        report.failing,
        relative(report.shock).replace(' ', &TIE.to_string()),
        amount(report.debt)
    );
    let title = format!("{} · {} · game {}", report.name, report.mechanism, report.game);
    paragraph("", &title) + &paragraph("  ", &said)
}

fn accounts(report: &GameReport, screen: Screen) -> String {
    let mut table = Table::new(&[
        ("Accounts", Align::Left),
        ("Debt\neach", Align::Right),
        ("Debt /\nvalue", Align::Right),
        ("Keepers\ncome", Align::Right),
        ("\nplayed", Align::Right),
        ("Nobody\ncomes", Align::Right),
        ("\nplayed", Align::Right),
        ("Left to\nfund", Align::Right),
        ("Fund\npays", Align::Right),
    ]);
    for one in &report.accounts {
        let tone = if one.nobody > report.most_nobody { Tone::Warn } else { Tone::Plain };
        table.row([
            format!("{} {}", one.count, one.name).into(),
            amount(one.debt).into(),
            share(one.loan_to_value).into(),
            plain_come(one.come),
            plain_come(one.come_played),
            Cell::toned(share(one.nobody), tone),
            share(one.nobody_played).into(),
            share(one.unsold).into(),
            amount(one.shortfall).into(),
        ]);
    }
    table.text(screen.colour)
}

fn plain_come(number: f64) -> Cell {
    format!("{number:.2}").into()
}

fn keepers(report: &GameReport, screen: Screen) -> String {
    let mut table = Table::new(&[
        ("Keepers", Align::Left),
        ("Come to\na lot", Align::Right),
        ("Profit of all,\nin theory", Align::Right),
        ("\nplayed", Align::Right),
    ]);
    for one in &report.keepers {
        table.row([
            format!("{} {}", one.count, one.name).into(),
            share(one.come).into(),
            amount(one.profit).into(),
            amount(one.profit_played).into(),
        ]);
    }
    table.text(screen.colour)
}

fn flows(report: &GameReport, screen: Screen) -> String {
    let flows = &report.flows;
    let mut table = Table::new(&[
        ("Who pays", Align::Left),
        ("", Align::Right),
        ("Where it goes", Align::Left),
        ("", Align::Right),
    ]);
    let pays =
        [("owners", flows.owners), ("fund", flows.fund), ("  lost to the market", flows.gap)];
    let gets = [
        ("keepers' profit", flows.keepers),
        ("their costs of taking part", flows.costs),
        ("fees to come first", flows.order),
        ("selling what was seized", flows.selling),
        ("protocol", flows.protocol),
    ];
    for (at, (name, got)) in gets.iter().enumerate() {
        let (who, paid) =
            pays.get(at).map_or(("", String::new()), |(who, paid)| (*who, amount(*paid)));
        table.row([who.into(), paid.into(), (*name).into(), amount(*got).into()]);
    }
    table.text(screen.colour)
}

fn limits(report: &GameReport, screen: Screen) -> String {
    let title = if report.holds { "Fails" } else { "Holds" };
    let (below, above) = (format!("{title}\nbelow"), format!("{title}\nabove"));
    let mut table = Table::new(&[
        ("Parameter", Align::Left),
        ("\nNow", Align::Right),
        (&below, Align::Right),
        (&above, Align::Right),
        ("Why", Align::Left),
    ]);
    for one in &report.limits {
        let why: Vec<String> =
            [&one.below, &one.above].into_iter().flatten().map(|turn| reason(turn.why)).collect();
        let mut why = why;
        why.dedup();
        let why = if why.is_empty() { looked(one) } else { why.join(", ") };
        table.row([
            one.parameter.as_str().into(),
            one.value.map_or("differ".to_owned(), plain).into(),
            turn(one.below.as_ref()).into(),
            turn(one.above.as_ref()).into(),
            why.into(),
        ]);
    }
    table.text(screen.colour)
}

fn looked(one: &LimitsReport) -> String {
    format!("not from {} to {} times as much", plain(one.looked[0]), plain(one.looked[1]))
}

fn turn(turn: Option<&TurnReport>) -> String {
    turn.map_or_else(
        || "-".to_owned(),
        |one| one.value.map_or_else(|| format!("{} x", plain(one.times)), plain),
    )
}

fn reason(why: &str) -> String {
    let said = if why == "fund" { "more is missing than the fund has" } else { "nobody comes" };
    said.to_owned()
}

/// What to make of it, in sentences.
fn findings(report: &GameReport) -> String {
    let mut said = vec![verdict(report), empty(report)];
    said.push(profit(report));
    if let Some(one) = &report.optimum {
        said.push(if one.best == one.value {
            format!("No other {} costs owners and fund less.", one.parameter)
        } else {
            format!(
                "Owners and fund lose least with {} = {}: {} instead of {}.",
                one.parameter,
                plain(one.best),
                amount(one.best_loss),
                amount(one.loss)
            )
        });
    }
    if let Some(one) = &report.two_steps
        && one.once > 0.0
    {
        let gain = relative(one.twice / one.once - 1.0);
        said.push(format!("Two liquidations in one block take {gain} over one."));
    }
    said.push(agreement(report));
    let one = &report.shortfall;
    said.push(format!(
        "A fund that is worth its cost has {}; it has {}.",
        amount(one.fund_worth),
        amount(one.fund)
    ));
    said.join(" ")
}

fn verdict(report: &GameReport) -> String {
    let one = &report.shortfall;
    let found = format!(
        "{} is missing on average (standard error {}), and more than the fund has on {} of the \
         paths",
        amount(one.mean),
        amount(one.standard_error),
        share(one.beyond_fund)
    );
    match report.why {
        None => format!("It holds: {found}."),
        Some("fund") => format!("It fails, the fund is too small: {found}."),
        Some(_) => format!(
            "It fails, {} of the debt finds nobody, where {} may: {found}.",
            share(report.nobody),
            share(report.most_nobody)
        ),
    }
}

fn empty(report: &GameReport) -> String {
    let worst = |a: &&AccountsReport, b: &&AccountsReport| a.nobody.total_cmp(&b.nobody);
    match report.accounts.iter().max_by(worst) {
        Some(one) if one.nobody > 0.000_5 => {
            format!("Most often nobody comes to {} ({} of the lots).", one.name, share(one.nobody))
        }
        _ => "Somebody comes to every lot.".to_owned(),
    }
}

fn profit(report: &GameReport) -> String {
    let flows = &report.flows;
    let all = flows.keepers + flows.costs + flows.order + flows.selling + flows.protocol;
    let best = report.keepers.iter().max_by(|a, b| a.profit_played.total_cmp(&b.profit_played));
    let name = best.map_or("", |one| one.name.as_str());
    let shares = [
        ("keepers keep", flows.keepers),
        ("costs burn", flows.costs),
        ("those who order transactions get", flows.order),
        ("selling takes", flows.selling),
        ("the protocol gets", flows.protocol),
    ];
    let parts: Vec<String> = shares
        .iter()
        .filter(|(_, amount)| all > 0.0 && *amount / all > 0.000_5)
        .map(|(who, amount)| format!("{who} {}", share(amount / all)))
        .collect();
    format!("Of what is paid {}; most profit goes to {name} keepers.", parts.join(", "))
}

fn agreement(report: &GameReport) -> String {
    let found = &report.collusion;
    match (found.agreements.first(), found.broken_by) {
        (None, _) => "There is nobody to collude with.".to_owned(),
        (Some(_), Some(0)) => "Holding back together is worth nothing.".to_owned(),
        (Some(all), broken) => {
            let end = match broken {
                Some(1) => "one outsider breaks it".to_owned(),
                Some(count) => format!("{count} outsiders break it"),
                None => format!(
                    "{} outsiders do not break it",
                    found.agreements.last().map_or(0, |one| one.outsiders)
                ),
            };
            format!(
                "All {} keepers holding back together gain {} a lot ({}); {end}.",
                all.members,
                amount(all.noticed),
                found.of
            )
        }
    }
}

/// A row for each group of accounts.
pub fn records(report: &GameReport) -> Records {
    let mut records = Records::new(&[
        "game",
        "accounts",
        "count",
        "debt",
        "loan_to_value",
        "come",
        "come_played",
        "nobody",
        "nobody_played",
        "unsold",
        "shortfall",
        "exploitability",
    ]);
    for one in &report.accounts {
        let numbers = [
            one.debt,
            one.loan_to_value,
            one.come,
            one.come_played,
            one.nobody,
            one.nobody_played,
            one.unsold,
            one.shortfall,
            one.exploitability,
        ];
        let names = [report.game.clone(), one.name.clone(), one.count.to_string()];
        records.row(names.into_iter().chain(numbers.map(|number| number.to_string())));
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_need() {
        assert_eq!(plain(0.0187), "0.0187");
        assert_eq!(plain(120.0), "120");
        assert_eq!(plain(17.7812), "17.78");
        assert_eq!(plain(0.0), "0");
        assert_eq!(plain(-0.2234), "-0.2234");
        assert_eq!(plain(1_234_567.8), "1,234,568");
        assert_eq!(amount(-0.000_000_1), "0");
        assert_eq!(amount(12.5), "12.50");
        assert_eq!(share(0.000_012), "0.0012 %");
        assert_eq!(share(1e-30), "0.0 %");
        assert_eq!(share(0.5), "50.0 %");
    }
}
