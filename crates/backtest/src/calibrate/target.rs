//! Which numbers of a document history can say, found by what its fields mean.
//!
//! A range of a scan, a move of volatility, a haircut, a weight, a tier: these mean the same in
//! every document, whatever their numbers are called. A number in a formula means what the formula
//! makes of it, which only its author knows: a plan says it by `as`.

use keelmark_margin::Document;
use keelmark_margin::document::plan::{Meaning, Plan};
use keelmark_margin::document::tree::{Node, Value};
use keelmark_margin::scan::{PriceUnit, Scan, VolMove};
use std::collections::BTreeMap;

/// A number that history can say.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Where it stands.
    pub path: String,
    /// Its underlying, or `default`; `None` of one number for all.
    pub key: Option<String>,
    /// What it means, each with what the number is multiplied by to be that.
    pub uses: Vec<(Meaning, f64)>,
    /// Whether the field may have a number for each underlying, in place of one or beside others.
    pub grows: bool,
    /// The number now.
    pub old: Option<f64>,
    /// It must be less than this, or the document is none.
    pub below: Option<f64>,
}

/// A table of tiers that history can say.
#[derive(Clone, Debug, PartialEq)]
pub struct Ladder {
    /// Where the list stands.
    pub path: String,
    /// Its underlying, or `default`.
    pub key: String,
    /// What its numbers are.
    pub kind: LadderKind,
}

/// What the numbers of tiers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LadderKind {
    /// Rates of notional; `share` over leverage where a tier says leverage.
    Rates {
        /// What leverage is divided into.
        share: f64,
        /// Whether limits are in coins of the underlying.
        in_coins: bool,
    },
    /// Ratios of a holding, whose limits are in units of it.
    Ratios,
}

/// A number, or several, that stay, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    /// Where.
    pub field: String,
    /// Why, and what to do.
    pub why: String,
}

/// What a document has for history to say.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Numbers, in the order of paths.
    pub numbers: BTreeMap<(String, Option<String>), Target>,
    /// Tables of tiers.
    pub ladders: Vec<Ladder>,
    /// What stays.
    pub left: Vec<Left>,
}

/// Kinds of charges whose numbers stand for the price of something else than one move, and why.
const NOT_MOVES: [(&str, &str); 7] = [
    ("delta-by-expiry", "a price of the basis between expiries: no history of it is taken"),
    ("month-spread", "a price of the basis between months: no history of it is taken"),
    ("delivery-month", "a price of delivery: no history of it is taken"),
    ("basis-by-expiry", "moves of forwards of each expiry: no history of them is taken"),
    ("inter-commodity-credit", "a credit between underlyings: set by hand"),
    ("short-option-minimum", "a minimum: set by hand"),
    ("net-short-by-strike", "a minimum: set by hand"),
];

/// Kinds of charges that are formulas.
const FORMULAS: [&str; 3] = ["per-position", "per-holding", "formula"];

impl Targets {
    /// Those of a document; a plan names numbers in formulas.
    #[must_use]
    pub fn of(document: &Document, plan: &Plan) -> Self {
        let mut found = Self::default();
        let tree = document.tree();
        for scan in &document.scans {
            found.scan(document, scan, plan);
        }
        for charge in list(tree, "charge") {
            found.charge(document, charge);
        }
        if let Some(Value::Table(assets)) = tree.at("collateral.assets").map(|node| &node.value) {
            for (asset, node) in assets {
                found.collateral(tree, asset, node);
            }
        }
        for one in &plan.some {
            if let (Some(path), Some(meaning)) = (&one.path, one.meaning) {
                found.named(document, path, meaning);
            }
        }
        found
    }

    fn scan(&mut self, document: &Document, scan: &Scan, plan: &Plan) {
        let path = format!("scan.{}", scan.name);
        let Some(node) = document.tree().at(&path) else { return };
        if scan.joint.is_some() {
            return;
        }
        if scan.given {
            self.leave(&path, "its rows are the market's own: nothing is moved here");
            return;
        }
        self.ranges(document, scan, plan, node);
        let moves = |wanted| scan.scenarios.iter().any(|one| one.vol == wanted);
        let (up, down) = if scan.vol.relative {
            (Meaning::VolUp, Meaning::VolDown)
        } else {
            (Meaning::VolUpPoints, Meaning::VolDownPoints)
        };
        for (field, meaning, used) in
            [("vol_up", up, moves(VolMove::Up)), ("vol_down", down, moves(VolMove::Down))]
        {
            if used && node.at(field).is_some() {
                self.param(document, &format!("{path}.{field}"), (meaning, 1.0), true);
            }
        }
        for (field, meaning) in
            [("short_power", Meaning::ShortTenor), ("long_power", Meaning::LongTenor)]
        {
            let inner = format!("{path}.vol_tenor.{field}");
            if document.tree().at(&inner).is_some() {
                self.param(document, &inner, (meaning, 1.0), false);
            }
        }
    }

    fn ranges(&mut self, document: &Document, scan: &Scan, plan: &Plan, node: &Node) {
        let path = format!("scan.{}", scan.name);
        if scan.price_unit == PriceUnit::Money {
            self.leave(&format!("{path}.price_range"), "counted in money: it ages with the price");
            return;
        }
        let (up, down) = (widest(scan, 1.0), widest(scan, -1.0));
        if up.max(down) == 0.0 {
            let why = "no scenario moves the price by ranges and counts in full: its moves are set \
                       by hand";
            self.leave(&format!("{path}.price_range"), why);
            return;
        }
        let apart = plan.of(&format!("{path}.price_range"), "").and_then(|own| own.settings.apart);
        let has_down = node.at("price_range_down").is_some();
        let apart = has_down || apart == Some(true) && up > 0.0 && down > 0.0;
        let range = format!("{path}.price_range");
        if !apart {
            self.param(document, &range, (Meaning::PriceMove, up.max(down)), true);
            self.bound(document.tree(), &range, limit(scan));
            return;
        }
        if up > 0.0 {
            self.param(document, &range, (Meaning::PriceRise, up), true);
        }
        let below = format!("{path}.price_range_down");
        if has_down {
            self.param(document, &below, (Meaning::PriceFall, down), true);
            self.bound(document.tree(), &below, limit(scan));
            return;
        }
        // A range of its own for falls, for every underlying that the one range knows.
        let (at, _) = follow(document.tree(), &range);
        for key in keys(document.tree().at(&at)) {
            let target = Target {
                path: below.clone(),
                key: key.clone(),
                uses: vec![(Meaning::PriceFall, down)],
                grows: true,
                old: number(document.tree(), &at, key.as_deref()),
                below: limit(scan),
            };
            self.numbers.insert((below.clone(), key), target);
        }
    }

    fn charge(&mut self, document: &Document, charge: &Node) {
        let text = |field: &str| charge.at(field).and_then(|node| node.text().ok()).unwrap_or("");
        let (name, kind) = (text("name"), text("kind"));
        let path = format!("charge.{name}");
        let mut param = |field: &str, meaning| {
            if charge.at(field).is_some() {
                self.param(document, &format!("{path}.{field}"), (meaning, 1.0), false);
            }
        };
        match kind {
            "collateral-haircut" => param("rate", Meaning::Haircut),
            "borrowed" => param("rate", Meaning::PriceRise),
            "weights" => {
                param("asset", Meaning::Ratio);
                param("liability", Meaning::Weight);
                param("contracts.asset", Meaning::Ratio);
                param("contracts.liability", Meaning::Weight);
            }
            "delta-shock" => {
                param("threshold", Meaning::Size);
                param("slope", Meaning::Slope);
            }
            "liquidity" | "concentration" => {
                param("volume", Meaning::Volume);
                self.leave(&path, "spreads, impact and shares of volume: set by hand");
            }
            "greek-moves" => {
                param("vol_move", Meaning::VolMovePoints);
                let scale = charge.at("moves").map_or(0.0, furthest);
                if scale > 0.0 {
                    let uses = (Meaning::PriceMove, scale);
                    self.param(document, &format!("{path}.price_range"), uses, true);
                }
            }
            "brackets" => self.brackets(charge, &path),
            _ if FORMULAS.contains(&kind) => {
                let why = "numbers in formulas: name them in a plan, with what they mean";
                self.leave(&path, why);
            }
            _ => {
                if let Some((_, why)) = NOT_MOVES.iter().find(|(own, _)| *own == kind) {
                    self.leave(&path, why);
                }
            }
        }
    }

    fn brackets(&mut self, charge: &Node, path: &str) {
        let text = |field: &str| charge.at(field).and_then(|node| node.text().ok());
        let in_coins = text("counted_in") == Some("settlement");
        if in_coins && text("on.style") != Some("inverse") {
            self.leave(path, "limits are in the settlement asset, which it does not name");
            return;
        }
        let share = text("share").and_then(|text| text.parse().ok()).unwrap_or(1.0);
        let kind = LadderKind::Rates { share, in_coins };
        let Some(tiers) = charge.at("tiers") else { return };
        let tables: Vec<(String, String, &Node)> = match &tiers.value {
            Value::Table(table) => table
                .iter()
                .map(|(key, node)| (format!("{path}.tiers.{key}"), key.clone(), node))
                .collect(),
            _ => vec![(format!("{path}.tiers"), "default".to_owned(), tiers)],
        };
        for (path, key, node) in tables {
            if first_has(node, "contracts") {
                self.leave(&path, "limits are in contracts, whose size a document does not know");
                continue;
            }
            self.ladders.push(Ladder { path, key, kind });
        }
    }

    fn collateral(&mut self, tree: &Node, asset: &str, node: &Node) {
        let path = format!("collateral.assets.{asset}");
        if asset == "USD" {
            self.leave(&path, "what prices are in");
            return;
        }
        let mut add = |path: String, meaning| {
            let old = number(tree, &path, None);
            let key = Some(asset.to_owned());
            let target = Target {
                path: path.clone(),
                key: key.clone(),
                uses: vec![(meaning, 1.0)],
                grows: false,
                old,
                below: None,
            };
            self.numbers.insert((path, key), target);
        };
        match &node.value {
            Value::Text(_) => add(path, Meaning::Ratio),
            Value::Table(fields) => {
                if fields.contains_key("ratio") {
                    add(format!("{path}.ratio"), Meaning::Ratio);
                }
                if fields.contains_key("cap") {
                    add(format!("{path}.cap"), Meaning::Size);
                }
                if fields.contains_key("tiers") {
                    let (path, key) = (format!("{path}.tiers"), asset.to_owned());
                    self.ladders.push(Ladder { path, key, kind: LadderKind::Ratios });
                }
            }
            _ => {}
        }
    }

    /// A number, or one for each underlying, of a meaning that a plan gives it.
    fn named(&mut self, document: &Document, path: &str, meaning: Meaning) {
        if self.numbers.values().any(|target| target.path == path) {
            return;
        }
        if document.tree().at(path).is_some() {
            self.param(document, path, (meaning, 1.0), true);
        } else {
            self.leave(path, "the plan names it, and nothing is there");
        }
    }

    /// A field that is a number, a number by underlying, or the name of one in `[params]`.
    fn param(&mut self, document: &Document, path: &str, own: (Meaning, f64), grows: bool) {
        let tree = document.tree();
        let (at, name) = follow(tree, path);
        let in_level = |name: &str| document.levels.iter().any(|one| one.formula.uses(name));
        let grows = grows && !name.is_some_and(in_level);
        for key in keys(tree.at(&at)) {
            let old = number(tree, &at, key.as_deref());
            let target = self.numbers.entry((at.clone(), key.clone())).or_insert_with(|| Target {
                path: at.clone(),
                key,
                uses: Vec::new(),
                grows,
                old,
                below: None,
            });
            target.grows &= grows;
            match target.uses.iter_mut().find(|(meaning, _)| *meaning == own.0) {
                // The narrower of two scans must reach as far.
                Some((_, scale)) => *scale = scale.min(own.1),
                None => target.uses.push(own),
            }
        }
    }

    /// Keeps numbers of a field below what a scan can take.
    fn bound(&mut self, tree: &Node, path: &str, below: Option<f64>) {
        let (at, _) = follow(tree, path);
        for target in self.numbers.values_mut().filter(|target| target.path == at) {
            target.below = match (target.below, below) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
    }

    fn leave(&mut self, field: &str, why: &str) {
        self.left.push(Left { field: field.to_owned(), why: why.to_owned() });
    }
}

/// Whether the first item of a list has a field.
fn first_has(node: &Node, field: &str) -> bool {
    let Value::List(items) = &node.value else { return false };
    items.first().is_some_and(|item| item.at(field).is_some())
}

/// The largest of the numbers of a list, without signs.
fn furthest(node: &Node) -> f64 {
    let Value::List(items) = &node.value else { return 0.0 };
    let numbers = items.iter().filter_map(|item| item.decimal().ok());
    numbers.map(|one| one.to_f64().abs()).fold(0.0, f64::max)
}

/// Ranges that the widest scenario on a side moves, of those that count in full.
fn widest(scan: &Scan, side: f64) -> f64 {
    let full = |one: &&keelmark_margin::scan::Scenario| {
        !one.absolute && one.weight.values().all(|weight| weight.to_f64() >= 1.0)
    };
    scan.scenarios.iter().filter(full).map(|one| one.price * side).fold(0.0, f64::max)
}

/// The range at which the lowest scenario takes the price to zero.
fn limit(scan: &Scan) -> Option<f64> {
    let lowest = scan.scenarios.iter().filter(|one| !one.absolute).map(|one| one.price);
    let lowest = lowest.fold(0.0, f64::min);
    (lowest < 0.0).then(|| -1.0 / lowest)
}

fn list<'a>(tree: &'a Node, name: &str) -> &'a [Node] {
    match tree.at(name).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// Where the number of a field stands, and the name of its parameter where it is one.
fn follow<'a>(tree: &'a Node, path: &str) -> (String, Option<&'a str>) {
    let text = tree.at(path).and_then(|node| node.text().ok());
    match text.and_then(|text| text.strip_prefix('$')) {
        Some(name) => (format!("params.{name}"), Some(name)),
        None => (
            path.to_owned(),
            path.strip_prefix("params.").and_then(|name| {
                tree.at("params").and_then(|params| match &params.value {
                    Value::Table(table) => table.get_key_value(name).map(|(key, _)| key.as_str()),
                    _ => None,
                })
            }),
        ),
    }
}

/// The underlyings that a number has one for; `None` of one for all.
fn keys(node: Option<&Node>) -> Vec<Option<String>> {
    match node.map(|node| &node.value) {
        Some(Value::Table(table)) => table.keys().cloned().map(Some).collect(),
        Some(_) => vec![None],
        None => Vec::new(),
    }
}

/// The number of an underlying at a path.
fn number(tree: &Node, path: &str, key: Option<&str>) -> Option<f64> {
    let node = tree.at(path)?;
    let node = match (&node.value, key) {
        (Value::Table(table), Some(key)) => table.get(key)?,
        _ => node,
    };
    node.decimal().ok().map(keelmark_units::Decimal::to_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(model: &str) -> Targets {
        Targets::of(&Document::named(model).unwrap(), &Plan::default())
    }

    fn said(model: &str) -> Vec<String> {
        let key = |key: &Option<String>| key.clone().unwrap_or_else(|| "all".to_owned());
        let numbers = of(model).numbers.into_values();
        numbers
            .map(|one| {
                let uses: Vec<String> = one
                    .uses
                    .iter()
                    .map(|(meaning, scale)| format!("{meaning} x {scale}"))
                    .collect();
                format!("{} {} {}", one.path, key(&one.key), uses.join(" and "))
            })
            .collect()
    }

    #[test]
    fn ranges_are_found_behind_the_names_of_parameters() {
        assert_eq!(
            said("scan16")[4..7],
            [
                "params.price_range BTC price move either way x 1",
                "params.price_range ETH price move either way x 1",
                "params.price_range default price move either way x 1",
            ]
        );
    }

    /// Scenarios of a range of one are moves themselves: the range that reaches the tail is the
    /// tail over the widest of them.
    #[test]
    fn a_range_is_counted_by_its_widest_scenario() {
        let found = of("derive-pmrm");
        let own = &found.numbers[&("scan.scenarios.price_range".to_owned(), None)];
        assert_eq!(own.uses, [(Meaning::PriceMove, 0.2)]);
    }

    #[test]
    fn every_document_has_something_to_say_or_says_why_not() {
        for (name, _) in keelmark_margin::document::library::BUILT_IN {
            let found = of(name);
            let any = found.numbers.len() + found.ladders.len() + found.left.len();
            assert!(any > 0 || name.starts_with("sensitivities"), "{name}");
        }
    }

    #[test]
    fn tables_of_tiers_are_found_by_underlying() {
        let ladders = of("cross").ladders;
        let paths: Vec<&str> = ladders.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "charge.futures_maintenance.tiers.BTC",
                "charge.futures_maintenance.tiers.ETH",
                "charge.futures_maintenance.tiers.default",
                "collateral.assets.BTC.tiers",
                "collateral.assets.ETH.tiers",
            ]
        );
    }
}
