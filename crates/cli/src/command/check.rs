//! `check`: exit with 4 when an account has less headroom than asked for, for scheduled jobs.

use super::margin::{heading, notes, reports};
use crate::arguments::{Format, FormatArgs, InputArgs, ModelArgs};
use crate::failure::{CHECK_FAILED, Failure};
use crate::inputs;
use crate::number::{required, value};
use crate::output::{self, Answer, Records};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone};
use clap::Args;
use keelmark_api::check::MinHeadroom;
use keelmark_api::{CheckReport, Context};
use keelmark_book::{Decimal, Money, Rate, Round};

/// Arguments of `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// The least headroom: a share of equity such as 20%, or an amount in the prices' currency
    #[arg(long, value_name = "SHARE|AMOUNT", value_parser = min_headroom)]
    min_headroom: MinHeadroom,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `check`.
pub fn run(arguments: &CheckArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = inputs::read(&arguments.inputs, screen)?;
    let document = crate::models::document(&arguments.model, &inputs.market, screen)?;
    let context = Context::new(&inputs.market);
    let margins = reports(&context, &document, &inputs)?;
    let mut checks = Vec::new();
    for report in &margins {
        checks.push(CheckReport::new(report, arguments.min_headroom)?);
    }
    let format = arguments.format.format();
    if format == Format::Table {
        notes(&margins, screen);
    }
    let failing: Vec<&str> =
        checks.iter().filter(|one| !one.passes).map(|one| one.account.as_str()).collect();
    let mut answer = output::list(format, &checks, records, |checks| {
        heading(&inputs.market, &document) + &table(checks, screen)
    })?;
    if !failing.is_empty() {
        screen.note(&format!(
            "{} of {} accounts fail: {}",
            failing.len(),
            checks.len(),
            failing.join(", ")
        ));
        answer.code = CHECK_FAILED;
    }
    Ok(answer)
}

/// `20%` is a share of equity, `20000` an amount.
fn min_headroom(text: &str) -> Result<MinHeadroom, String> {
    let said =
        || format!("expected a share such as 20% or an amount such as 250000, found {text:?}");
    let (digits, share) = match text.trim().strip_suffix('%') {
        Some(digits) => (digits.trim(), true),
        None => (text.trim(), false),
    };
    let number: Decimal = digits.parse().map_err(|_| said())?;
    if number.is_negative() {
        return Err(said());
    }
    if share {
        let rate = number.over(Decimal::from_int(100), Round::Up).map_err(|_| said())?;
        return Ok(MinHeadroom::Share(Rate::new(rate)));
    }
    Ok(MinHeadroom::Amount(Money::new(number)))
}

fn table(checks: &[CheckReport], screen: Screen) -> String {
    let mut table = Table::new(&[
        ("Account", Align::Left),
        ("Equity", Align::Right),
        ("Headroom", Align::Right),
        ("Asked for", Align::Right),
        ("", Align::Left),
    ]);
    for check in checks {
        let (said, tone) = match (check.passes, check.liquidates) {
            (true, _) => ("ok", Tone::Plain),
            (false, true) => ("FAILS, LIQUIDATE", Tone::Bad),
            (false, false) => ("FAILS", Tone::Bad),
        };
        let currency = &check.currency;
        table.row([
            check.account.as_str().into(),
            value(check.equity, currency).into(),
            value(check.headroom, currency).into(),
            required(check.required, currency).into(),
            Cell::toned(said, tone),
        ]);
    }
    table.text(screen.colour)
}

fn records(checks: &[CheckReport]) -> Records {
    let mut records = Records::new(&[
        "account",
        "currency",
        "equity",
        "headroom",
        "required",
        "margin",
        "liquidates",
        "passes",
    ]);
    for check in checks {
        records.row([
            check.account.clone(),
            check.currency.to_string(),
            check.equity.to_string(),
            check.headroom.to_string(),
            check.required.to_string(),
            check.margin.to_string(),
            check.liquidates.to_string(),
            check.passes.to_string(),
        ]);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_or_an_amount() {
        let rate = Rate::new("0.2".parse().unwrap());
        assert_eq!(min_headroom("20%"), Ok(MinHeadroom::Share(rate)));
        assert_eq!(min_headroom("250000"), Ok(MinHeadroom::Amount(Money::from_int(250_000))));
        for text in ["", "%", "-1", "twenty", "20 percent"] {
            assert!(min_headroom(text).unwrap_err().contains("expected a share"), "{text}");
        }
    }
}
