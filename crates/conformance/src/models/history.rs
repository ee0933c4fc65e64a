//! The records of 10 October 2025: tables by the names of their columns, through `history`.

use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use crate::table::Table;
use keelmark_systemic::history::{
    self, Bar, Below, Coin, CoinTotals, Dislocation, LevelRow, PolicyTotals, Second, Shock,
    ShockTotals, Timeline, Wave, WaveTotals, Window,
};

/// What a gap of the published table must fall below, and the published burst and bin in seconds.
const GAP: f64 = -0.05;
const BURST: u64 = 120;
const BIN: u64 = 30;
/// The half hour from 21:00 UTC.
const HALF_HOUR: Window = Window { from: 1_760_130_000, until: 1_760_131_800 };
/// The venue whose price is the base, and the other one.
const VENUES: [&str; 2] = ["coinbase", "binance-delivery"];

/// Rows of some columns, all numbers, in their order.
fn numbers<const N: usize>(table: &Table, columns: [&str; N]) -> Result<Vec<[f64; N]>, Problem> {
    let mut rows = vec![[0.0; N]; table.rows()];
    for (at, column) in columns.iter().enumerate() {
        for (row, value) in rows.iter_mut().zip(table.column(column)?) {
            row[at] = value;
        }
    }
    Ok(rows)
}

/// What the waves of a table add up to.
///
/// # Errors
/// When it is no table of waves.
pub fn wave_table(table: &Table) -> Result<WaveTotals, Problem> {
    let columns =
        ["deficit_usd", "budget_needed_usd", "budget_prod_usd", "overshoot_prod_minus_needed_usd"];
    let rows: Vec<Wave> = numbers(table, columns)?
        .into_iter()
        .map(|[deficit, needed, removed, overshoot]| Wave { deficit, needed, removed, overshoot })
        .collect();
    Ok(history::waves(&rows)?)
}

/// `adl_wave_totals`.
pub fn waves(inputs: Inputs<'_>) -> Answer {
    let found = wave_table(&Table::of(inputs)?)?;
    Ok(Json::object([
        ("waves", found.waves.into()),
        ("deficit", found.deficit.into()),
        ("needed", found.needed.into()),
        ("removed", found.removed.into()),
        ("overshoot", found.overshoot.into()),
    ]))
}

/// `wave_concentration`.
pub fn concentration(inputs: Inputs<'_>) -> Answer {
    let found = wave_table(&Table::of(inputs)?)?;
    Ok(Json::object([
        ("max_share", found.largest_share.into()),
        ("needed_over_deficit", found.needed_over_deficit.into()),
        ("removed_over_needed", found.removed_over_needed.into()),
    ]))
}

/// What each policy of a table took: its name and its totals, in the order of the columns.
///
/// # Errors
/// When it is no table of policies.
pub fn policy_table(table: &Table) -> Result<Vec<(String, PolicyTotals)>, Problem> {
    let names = table.columns().filter_map(|name| name.strip_prefix("overshoot_"));
    let mut found = Vec::new();
    for name in names {
        let overshoot: Vec<f64> = table.column(&format!("overshoot_{name}"))?;
        let largest: Vec<f64> = table.column(&format!("max_pct_{name}"))?;
        found.push((name.to_owned(), history::policy(&overshoot, &largest)?));
    }
    Ok(found)
}

/// `adl_policy_overshoot`.
pub fn policies(inputs: Inputs<'_>) -> Answer {
    let policy = |(name, found): (String, PolicyTotals)| {
        let found = Json::object([
            ("sum", found.sum.into()),
            ("abs_sum", found.absolute.into()),
            ("max_pct", found.largest_share.into()),
        ]);
        (name, found)
    };
    Ok(Json::Object(policy_table(&Table::of(inputs)?)?.into_iter().map(policy).collect()))
}

/// What the shocks of a table add up to.
///
/// # Errors
/// When it is no table of shocks.
pub fn shock_table(table: &Table) -> Result<ShockTotals, Problem> {
    let columns =
        ["budget_queue_usd", "total_capacity_usd", "overshoot_queue_usd", "residual_queue_usd"];
    let rows: Vec<Shock> = numbers(table, columns)?
        .into_iter()
        .map(|[budget, capacity, overshoot, residual]| Shock {
            budget,
            capacity,
            overshoot,
            residual,
        })
        .collect();
    Ok(history::shocks(&rows)?)
}

/// `adl_queue_totals`.
pub fn queue(inputs: Inputs<'_>) -> Answer {
    let found = shock_table(&Table::of(inputs)?)?;
    Ok(Json::object([
        ("rows", found.shocks.into()),
        ("overshoot", found.overshoot.into()),
        ("residual", found.residual.into()),
        ("capacity", found.capacity.into()),
        ("budget", found.budget.into()),
    ]))
}

/// What the coins of a table add up to, with their names.
///
/// # Errors
/// When it is no table of coins.
pub fn coin_table(table: &Table) -> Result<(Vec<String>, Vec<Coin>, CoinTotals), Problem> {
    let names = table.column("coin")?;
    let amounts = numbers(table, ["adl_notional", "closed_pnl"])?;
    let events: Vec<u64> = table.column("num_events")?;
    let coins: Vec<Coin> = amounts
        .into_iter()
        .zip(events)
        .map(|([notional, closed], events)| Coin { events, notional, closed })
        .collect();
    let totals = history::coins(&coins)?;
    Ok((names, coins, totals))
}

/// `adl_by_coin_totals`.
pub fn coins(inputs: Inputs<'_>) -> Answer {
    let (names, _, found) = coin_table(&Table::of(inputs)?)?;
    let top: Vec<&str> = found.order.iter().take(3).map(|at| names[*at].as_str()).collect();
    Ok(Json::object([
        ("coins", found.coins.into()),
        ("events", count(found.events)),
        ("notional", found.notional.into()),
        ("closed_pnl", found.closed.into()),
        ("top3", top.into()),
        ("hhi", found.concentration.into()),
    ]))
}

fn count(events: u64) -> Json {
    Json::Number(events.to_string())
}

/// The overshoot of each horizon of a table, by its milliseconds.
///
/// # Errors
/// When it is no table of horizons.
pub fn horizon_table(table: &Table) -> Result<Vec<(u64, f64)>, Problem> {
    let horizons: Vec<u64> = table.column("eval_horizon_ms")?;
    let overshoots: Vec<f64> = table.column("total_overshoot_prod_minus_needed_usd")?;
    Ok(horizons.into_iter().zip(overshoots).collect())
}

/// `adl_horizon`.
pub fn horizons(inputs: Inputs<'_>) -> Answer {
    let rows = horizon_table(&Table::of(inputs)?)?;
    Ok(Json::Object(rows.into_iter().map(|(ms, usd)| (ms.to_string(), usd.into())).collect()))
}

/// The seconds of a table.
///
/// # Errors
/// When it is no table of seconds.
pub fn second_table(table: &Table) -> Result<Vec<Second>, Problem> {
    let (seconds, adls): (Vec<u64>, Vec<u64>) = (table.column("second")?, table.column("adls")?);
    let liquidations: Vec<u64> = table.column("liquidations")?;
    let rows = seconds.into_iter().zip(liquidations).zip(adls);
    let row = |((second, liquidations), deleveraged)| Second { second, liquidations, deleveraged };
    Ok(rows.map(row).collect())
}

/// What a timeline holds, by the published burst and bin.
///
/// # Errors
/// When counts do not fit.
pub fn timeline_of(rows: &[Second]) -> Result<Timeline, Problem> {
    Ok(history::timeline(rows, BURST, BIN)?)
}

/// `liquidation_timeline`.
pub fn timeline(inputs: Inputs<'_>) -> Answer {
    let found = timeline_of(&second_table(&Table::of(inputs)?)?)?;
    Ok(Json::object([
        ("rows", found.rows.into()),
        ("liquidations", count(found.liquidations)),
        ("adls", count(found.deleveraged)),
        ("first_adl_second", found.first_deleveraged.map_or(Json::Null, count)),
        ("share_first_120s", found.burst_share.into()),
        ("fano_30s", found.fano.into()),
    ]))
}

/// How a venue of the stored bars spells a coin against the dollar.
fn symbol(venue: &str, coin: &str) -> Result<String, Problem> {
    match venue {
        "coinbase" => Ok(format!("{coin}-USD")),
        "binance-delivery" => Ok(format!("{coin}USD_PERP")),
        "gemini" => Ok(format!("{coin}USD")),
        "binance" => Ok(format!("{coin}USDT")),
        other => problem(format!("venues: unknown {other:?}")),
    }
}

/// The bars of a case's coin on its two venues.
fn bars(inputs: Inputs<'_>) -> Result<[Vec<Bar>; 2], Problem> {
    let table = Table::of(inputs)?;
    let coin = inputs.text("coin")?;
    let mut venues = VENUES.map(str::to_owned);
    if inputs.has("venues") {
        let given: Option<Vec<String>> =
            inputs.list("venues")?.iter().map(|one| one.text().map(str::to_owned)).collect();
        let two = || Problem("venues: expected two names".to_owned());
        venues = given.and_then(|given| given.try_into().ok()).ok_or_else(two)?;
    }
    let [base, other] = venues;
    Ok([of_venue(&table, &base, coin)?, of_venue(&table, &other, coin)?])
}

fn of_venue(table: &Table, venue: &str, coin: &str) -> Result<Vec<Bar>, Problem> {
    let symbol = symbol(venue, coin)?;
    let own = table.only(&[("venue", venue), ("symbol", &symbol)])?;
    let times: Vec<i64> = own.column("ts")?;
    let prices = numbers(&own, ["low", "close"])?;
    Ok(times.into_iter().zip(prices).map(|(time, [low, close])| Bar { time, low, close }).collect())
}

/// `cross_venue_dislocation`.
pub fn dislocation(inputs: Inputs<'_>) -> Answer {
    let [base, other] = bars(inputs)?;
    let Dislocation { base_low, other_low, lows_percent, worst, worst_at, below } =
        history::dislocation(&base, &other, GAP)?;
    Ok(Json::object([
        ("coinbase_min", base_low.into()),
        ("coinm_min", other_low.into()),
        ("diff_pct", lows_percent.into()),
        ("worst_minute_low_gap", worst.into()),
        ("worst_minute_ts", time(worst_at)),
        ("minutes_gap_below_minus_5pct", below.into()),
    ]))
}

fn time(at: Option<i64>) -> Json {
    at.map_or(Json::Null, |at| Json::Number(at.to_string()))
}

/// `dislocation_duration`.
pub fn duration(inputs: Inputs<'_>) -> Answer {
    let [base, other] = bars(inputs)?;
    let threshold = inputs.estimate("threshold")?;
    let Below { seconds, first, last, worst } =
        history::below(&base, &other, HALF_HOUR, threshold)?;
    Ok(Json::object([
        ("seconds_below", seconds.into()),
        ("first_ts", time(first)),
        ("last_ts", time(last)),
        ("min_gap", worst.into()),
    ]))
}

/// `book_depth_window`.
pub fn depth(inputs: Inputs<'_>) -> Answer {
    let table = Table::of(inputs)?;
    let (times, percents): (Vec<i64>, Vec<i32>) =
        (table.column("ts")?, table.column("percentage")?);
    let rows: Vec<LevelRow> = times
        .into_iter()
        .zip(percents)
        .zip(numbers(&table, ["depth", "notional"])?)
        .map(|((time, percent), [depth, notional])| LevelRow { time, percent, depth, notional })
        .collect();
    let found = history::depth(&rows, inputs.small("start")?, inputs.small("end")?)?;
    let mut fields = vec![("snapshots".to_owned(), found.snapshots.into())];
    for (percent, level) in found.levels {
        let level = Json::object([
            ("mean_depth", level.mean.into()),
            ("min_depth", level.least.into()),
            ("mean_notional", level.notional.into()),
        ]);
        fields.push((percent.to_string(), level));
    }
    Ok(Json::Object(fields))
}
