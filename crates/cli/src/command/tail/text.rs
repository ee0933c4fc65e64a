//! What a series says of its tail, in tables that fit a terminal.

use crate::number::count;
use crate::output::{self, Records};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, paragraph};
use keelmark_backtest::portrait::{CoverReport, GarchReport, PortraitReport, SideReport};
use std::fmt::Write as _;

/// Everything.
pub fn table(report: &PortraitReport, screen: Screen) -> String {
    let moments = &report.moments;
    let title = format!(
        "{} · {} to {} · {} returns",
        report.series,
        report.from,
        report.to,
        count(moments.returns)
    );
    let shape = format!(
        "mean {}, standard deviation {}, skewness {:.2}, kurtosis {:.1} (normal: 3); worst {} on \
         {}, best {}; volatility of the {} to come {} (EWMA {})",
        share(moments.mean),
        share(moments.std),
        moments.skew,
        moments.kurtosis,
        share(moments.least),
        moments.least_on,
        share(moments.most),
        report.step,
        share(report.volatility),
        report.lambda
    );
    let mut out = paragraph("", &title) + &paragraph("  ", &shape);
    for finding in &report.findings {
        out += &paragraph("  found: ", finding);
    }
    for side in &report.sides {
        let _ = write!(out, "\n{}", measures(report, side, screen));
        out += &paragraph("  ", &tail(side));
        let _ = write!(out, "\n{}", covers(report, side, screen));
        let _ = write!(out, "\n{}", damped(report, side, screen));
        for flag in &side.flags {
            out += &paragraph("  not answered: ", flag);
        }
    }
    let _ = write!(out, "\n{}", garch(report, screen));
    out
}

fn measures(report: &PortraitReport, side: &SideReport, screen: Screen) -> String {
    let mut confidences: Vec<f64> = Vec::new();
    let mut methods: Vec<&str> = Vec::new();
    for one in &side.measures {
        if !confidences.contains(&one.confidence) {
            confidences.push(one.confidence);
        }
        if !methods.contains(&one.method.as_str()) {
            methods.push(&one.method);
        }
    }
    let titles: Vec<String> =
        confidences.iter().map(|one| format!("{} %\nVaR", (one * 1e6).round() / 1e4)).collect();
    let first = format!("One {}, {}", report.step, side.side);
    let mut columns = vec![(first.as_str(), Align::Left)];
    for title in &titles {
        columns.extend([(title.as_str(), Align::Right), ("\nES", Align::Right)]);
    }
    let mut table = Table::new(&columns);
    for method in methods {
        let mut row: Vec<Cell> = vec![method.into()];
        for confidence in &confidences {
            let mut all = side.measures.iter();
            let found = all.find(|one| one.method == method && one.confidence == *confidence);
            row.push(found.map_or(String::new(), |one| share(one.var)).into());
            row.push(found.and_then(|one| one.es).map_or(String::new(), share).into());
        }
        table.row(row);
    }
    table.text(screen.colour)
}

fn tail(side: &SideReport) -> String {
    let hill = side.hill.map_or(String::new(), |hill| format!("; Hill's index {hill:.2}"));
    let Some(tail) = &side.tail else { return format!("no law fits the tail{hill}") };
    format!(
        "tail above {} ({} losses): xi {:.3}, beta {} by likelihood; {:.3}, {} by moments{hill}",
        share(tail.threshold),
        tail.above,
        tail.xi,
        share(tail.beta),
        tail.xi_by_moments,
        share(tail.beta_by_moments)
    )
}

fn covers(report: &PortraitReport, side: &SideReport, screen: Screen) -> String {
    let (days, expected) = side.covers.first().map_or((0, 0.0), |one| (one.days, one.expected));
    let first =
        format!("{} {}s, {}\n{expected:.1} breaches expected", count(days), report.step, side.side);
    let rise = format!("5-{}\nrise", report.step);
    let mut table = Table::new(&[
        (first.as_str(), Align::Left),
        ("\nBreaches", Align::Right),
        ("p con-\nditional", Align::Right),
        ("Mean\nmargin", Align::Right),
        ("\nNext", Align::Right),
        ("Peak to\ntrough", Align::Right),
        (rise.as_str(), Align::Right),
        ("Worst\nshortfall", Align::Right),
    ]);
    for one in &side.covers {
        table.row(covered(one));
    }
    table.text(screen.colour)
}

fn covered(one: &CoverReport) -> [Cell; 8] {
    let tone = if one.rejected { Tone::Bad } else { Tone::Plain };
    let verdict = if one.rejected { " rejected" } else { "" };
    [
        format!("{}{verdict}", one.method).into(),
        one.breaches.to_string().into(),
        Cell::toned(format!("{:.3}", one.p_conditional), tone),
        share(one.mean).into(),
        share(one.next).into(),
        format!("{:.1}", one.peak_to_trough).into(),
        format!("{:.1}", one.rise_5).into(),
        share(one.worst_shortfall).into(),
    ]
}

/// What each measure costs beside what it saves.
fn damped(report: &PortraitReport, side: &SideReport, screen: Screen) -> String {
    let first = format!("\nMargin of fhs, {}, damped", side.side);
    let [five, thirty] = [5, 30].map(|steps| format!("{steps}-{}\nrise", report.step));
    let mut table = Table::new(&[
        (first.as_str(), Align::Left),
        ("\nBreaches", Align::Right),
        ("Mean\nmargin", Align::Right),
        ("Cost\nover base", Align::Right),
        ("Peak to\ntrough", Align::Right),
        (five.as_str(), Align::Right),
        (thirty.as_str(), Align::Right),
    ]);
    for one in &side.damped {
        table.row([
            one.name.as_str().into(),
            one.failures.to_string().into(),
            share(one.mean).into(),
            format!("{:+.1} %", (one.cost - 1.0) * 100.0).into(),
            format!("{:.1}", one.peak_to_trough).into(),
            format!("{:.1}", one.rise_5).into(),
            format!("{:.1}", one.rise_30).into(),
        ]);
    }
    table.text(screen.colour)
}

fn garch(report: &PortraitReport, screen: Screen) -> String {
    let mut table = Table::new(&[
        ("Volatility", Align::Left),
        ("alpha", Align::Right),
        ("gamma", Align::Right),
        ("beta", Align::Right),
        ("nu", Align::Right),
        ("Persist-\nence", Align::Right),
        ("Log-\nlikelihood", Align::Right),
        ("\nNext", Align::Right),
    ]);
    let number = |value: Option<f64>, places: usize| -> Cell {
        value.map_or(String::new(), |value| format!("{value:.places$}")).into()
    };
    for one in &report.garch {
        table.row([
            one.model.as_str().into(),
            number(one.alpha, 3),
            number(one.gamma.filter(|gamma| *gamma != 0.0), 3),
            number(one.beta, 3),
            number(one.nu, 2),
            number(one.persistence, 4),
            number(one.loglik, 1),
            one.next_volatility.map_or(String::new(), share).into(),
        ]);
    }
    let refused = |one: &GarchReport| Some((one.model.clone(), one.problem.clone()?));
    let problems = report.garch.iter().filter_map(refused);
    table.text(screen.colour)
        + &problems
            .map(|(model, why)| paragraph("  ", &format!("{model}: {why}")))
            .collect::<String>()
}

/// A share in percent with three digits; whole ones without places.
fn share(value: f64) -> String {
    let percent = value * 100.0;
    let places = match percent.abs() {
        0.0 => 0,
        9.995.. => 1,
        _ => 2,
    };
    format!("{percent:.places$} %")
}

/// The measures and backtests as rows.
pub fn records(report: &PortraitReport) -> Records {
    let mut records = Records::new(&[
        "series",
        "side",
        "kind",
        "method",
        "confidence",
        "var",
        "es",
        "days",
        "breaches",
        "expected",
        "p_kupiec",
        "p_independent",
        "p_conditional",
        "mean",
        "next",
        "peak_to_trough",
        "rise_5",
        "worst_shortfall",
    ]);
    let none = || vec![String::new(); 11];
    for side in &report.sides {
        let named = |kind: &str, method: &str| {
            vec![report.series.clone(), side.side.clone(), kind.to_owned(), method.to_owned()]
        };
        for one in &side.measures {
            let mut row = named("measure", &one.method);
            row.extend([one.confidence.to_string(), one.var.to_string()]);
            row.push(output::cell(one.es.as_ref()));
            row.extend(none());
            records.row(row);
        }
        for one in &side.covers {
            let mut row = named("backtest", &one.method);
            row.extend([String::new(), String::new(), String::new()]);
            row.extend([one.days, one.breaches].map(|number| number.to_string()));
            let numbers = [
                one.expected,
                one.p_kupiec,
                one.p_independent,
                one.p_conditional,
                one.mean,
                one.next,
                one.peak_to_trough,
                one.rise_5,
                one.worst_shortfall,
            ];
            row.extend(numbers.map(|number| number.to_string()));
            records.row(row);
        }
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_keep_three_digits() {
        assert_eq!([0.0, 0.99, 0.1, 0.001_9].map(share), ["0 %", "99.0 %", "10.0 %", "0.19 %"]);
        assert_eq!(share(-0.5026), "-50.3 %");
    }
}
