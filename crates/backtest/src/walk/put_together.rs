//! Pieces put together: columns, statistics and words of a report.

use super::{LEVELS, PathDay, Piece, Walk};
use crate::error::{BacktestError, date};
use crate::history::{FACTORS, Factor};
use crate::report::{
    BacktestReport, BookReport, FlagReport, HistoryReport, LevelReport, Losses, ModelReport,
    RunReport, SCHEMA, SeriesReport, SettingsReport, level, short,
};
use keelmark_book::Asset;

/// The report of all pieces.
pub fn report(walk: &Walk, pieces: &[Piece]) -> Result<BacktestReport, BacktestError> {
    let mut paths: Vec<Vec<PathDay>> = vec![Vec::new(); walk.books.len()];
    let mut covers: Vec<Vec<[f64; 2]>> = vec![Vec::new(); walk.runs.len()];
    for piece in pieces {
        paths.iter_mut().zip(&piece.books).for_each(|(all, own)| all.extend(own));
        covers.iter_mut().zip(&piece.runs).for_each(|(all, own)| all.extend(own));
    }
    let books: Vec<BookReport> = (0..paths.len()).map(|at| book(walk, at, &paths[at])).collect();
    let mut runs = Vec::with_capacity(covers.len());
    for ((model, book), cover) in walk.runs.iter().zip(&covers) {
        let losses = Losses {
            days: &books[*book].days,
            path: &paths[*book],
            confidence: walk.settings.confidence,
            every: walk.horizon.steps,
        };
        let levels = (0..LEVELS.len()).map(|which| {
            let own: Vec<f64> = cover.iter().map(|both| both[which]).collect();
            level(LEVELS[which], &own, &losses)
        });
        let levels = levels.collect::<Result<Vec<LevelReport>, _>>()?;
        let (model, book) = (*model, *book);
        runs.push(RunReport {
            model: model_report(walk, model),
            book,
            levels,
            flags: flags(walk, model, pieces),
        });
    }
    Ok(BacktestReport {
        schema: SCHEMA.to_owned(),
        digest: digest(walk),
        history: history(walk),
        settings: settings(walk),
        books,
        runs,
        refused: walk.refused.clone(),
        notes: walk.notes.clone(),
    })
}

fn book(walk: &Walk, at: usize, path: &[PathDay]) -> BookReport {
    let days = &walk.world.histories.days()[walk.days.0..][..path.len()];
    let column = |of: fn(&PathDay) -> f64| path.iter().map(|day| short(of(day))).collect();
    let own = &walk.books[at];
    BookReport {
        book: own.name.clone(),
        assets: own.assets().iter().map(ToString::to_string).collect(),
        about: format!("{}; {}", own.about, own.restrike.about()),
        days: days.iter().map(|day| date(*day)).collect(),
        index: column(|day| day.index),
        notional: column(|day| day.notional),
        loss: column(|day| day.loss),
        moved: column(|day| day.moved),
    }
}

fn model_report(walk: &Walk, model: usize) -> ModelReport {
    let maker = &walk.makers[model];
    let document = maker.document();
    ModelReport {
        name: document.name.clone(),
        version: document.version.clone(),
        digest: document.digest.clone(),
        dynamic: maker.is_dynamic(),
    }
}

/// What a model said, each once with how many days said so.
fn flags(walk: &Walk, model: usize, pieces: &[Piece]) -> Vec<FlagReport> {
    let mut found: Vec<FlagReport> = Vec::new();
    let all = pieces.iter().flat_map(|piece| &piece.flags);
    for (_, day, text) in all.filter(|flag| flag.0 == model) {
        match found.iter_mut().find(|known| known.text == *text) {
            Some(known) => known.days += 1,
            None => found.push(FlagReport {
                day: date(walk.world.histories.days()[*day]),
                days: 1,
                text: text.clone(),
            }),
        }
    }
    found
}

fn history(walk: &Walk) -> HistoryReport {
    let days = walk.world.histories.days();
    let given = walk.world.histories.given.iter().map(|one| {
        let span = one.span().map(|(first, last)| (date(first), date(last)));
        let (from, to) = span.unwrap_or_default();
        SeriesReport {
            asset: one.asset.to_string(),
            factor: one.factor.name().to_owned(),
            source: one.source.clone(),
            from,
            to,
            days: one.len(),
            findings: one.findings.clone(),
        }
    });
    let mut series: Vec<SeriesReport> = given.collect();
    for asset in walk.assets() {
        for factor in FACTORS {
            if walk.world.histories.column(&asset, factor).is_none() {
                series.push(by_rule(walk, &asset, factor));
            }
        }
    }
    HistoryReport {
        from: date(days[walk.days.0]),
        to: date(days[walk.days.1 - 1]),
        days: walk.days(),
        series,
    }
}

fn by_rule(walk: &Walk, asset: &Asset, factor: Factor) -> SeriesReport {
    SeriesReport {
        asset: asset.to_string(),
        factor: factor.name().to_owned(),
        source: rule(walk, factor),
        from: String::new(),
        to: String::new(),
        days: 0,
        findings: Vec::new(),
    }
}

/// What stands for a factor without a history, in words.
fn rule(walk: &Walk, factor: Factor) -> String {
    let rules = &walk.world.rules;
    match factor {
        Factor::Price => "none".to_owned(),
        Factor::Vol => format!(
            "rule: {} times the volatility of daily returns, weighted by {} a day",
            rules.premium, rules.lambda
        ),
        Factor::Slope => format!("rule: {}", rules.slope),
        Factor::Basis => format!("rule: {} a year", rules.basis),
        Factor::Funding => format!("rule: {} a day", rules.funding),
    }
}

fn settings(walk: &Walk) -> SettingsReport {
    let lacks = |factor: Factor| {
        let histories = &walk.world.histories;
        walk.assets().iter().any(|asset| histories.column(asset, factor).is_none())
    };
    let absent = FACTORS.into_iter().filter(|factor| lacks(*factor));
    let mut rules: Vec<String> =
        absent.map(|factor| format!("{} by {}", factor.name(), rule(walk, factor))).collect();
    rules.push(walk.world.smile.about());
    SettingsReport {
        confidence: walk.settings.confidence,
        mpor_days: walk.horizon.days,
        latency_days: walk.settings.latency_days,
        warmup_days: walk.settings.warmup.unwrap_or(0),
        seed: walk.settings.seed,
        rules,
    }
}

/// Digest of all that goes in.
pub fn digest(walk: &Walk) -> String {
    let mut hash = blake3::Hasher::new();
    for one in &walk.world.histories.given {
        hash.update(one.what().as_bytes());
        one.hash_rows(&mut hash);
    }
    for maker in &walk.makers {
        hash.update(maker.document().digest.as_bytes());
    }
    let rest = (&walk.world.rules, &walk.world.smile, &walk.books, &walk.settings, walk.days);
    hash.update(format!("{rest:?}").as_bytes());
    hash.finalize().to_hex().chars().take(16).collect()
}
