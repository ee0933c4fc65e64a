//! The game's mechanism as a rule of liquidation, and its threshold as a margin document.

use keelmark_systemic::game::Game;
use keelmark_systemic::game::lot::{Side, Spread};
use keelmark_systemic::game::mechanism::Mechanism;
use serde_json::{Value, json};

/// The name of the document.
pub const DOCUMENT: &str = "keepers";
/// Seconds from the price of a tick to the bids on it: the engine opens a sale a second after a
/// price has called for it.
pub const LOOK: u64 = 2;
/// How far below its margin an account is healthy again; the engine wants it below one.
const END: &str = "0.999999";

/// A game as an engine plays it.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The bonus.
    pub spread: Spread,
    /// Seconds of a tick.
    pub tick: u64,
    /// Ticks of a path.
    pub ticks: u64,
    threshold: f64,
}

impl Rule {
    /// The rule of a game.
    ///
    /// # Errors
    /// When the engine has none that does the same.
    pub fn of(game: &Game) -> Result<Self, String> {
        let timing = &game.sale.timing;
        let Mechanism::Fixed(spread) = &game.sale.mechanism else {
            let found = match &game.sale.mechanism {
                Mechanism::Fixed(_) => "fixed",
                Mechanism::Race { .. } => "race: the engine takes bids as they come, not by fees",
                Mechanism::Sealed { .. } => "sealed: the engine's batches sell pools of positions",
                Mechanism::Dutch { .. } => "dutch: not played here yet",
                Mechanism::Reverse { .. } => "reverse: not played here yet",
            };
            return Err(format!("mechanism: expected fixed, found {found}"));
        };
        if let Some(group) = game.failing.iter().find(|group| group.lot.side == Side::Short) {
            let name = &group.name;
            return Err(format!("account {name}: expected one that owes cash, found a short"));
        }
        if timing.tick < (LOOK + 1) as f64 || timing.tick.fract() != 0.0 {
            let (least, tick) = (LOOK + 1, timing.tick);
            return Err(format!("tick: expected whole seconds, {least} or more, found {tick}"));
        }
        Ok(Self {
            spread: *spread,
            tick: timing.tick as u64,
            ticks: timing.ticks as u64,
            threshold: game.sale.threshold,
        })
    }

    /// The margin document: a coin counts up to the game's threshold, cash in full.
    pub fn document(&self) -> String {
        let threshold = self.threshold;
        format!(
            r#"schema = "keelmark/model/1"
name = "{DOCUMENT}"
title = "A loan of cash against a coin, up to the threshold of a game"
version = "1"
effective = "2026-01-01"
source = ["the game"]

[pool]
by = "account"
currency = "USD"

[[charge]]
name = "threshold"
kind = "weights"
entries = "apart"
asset = {{ COIN = "{threshold}", USDC = "1", default = "0" }}

[levels]
initial = "threshold"
maintenance = "threshold"
"#
        )
    }

    /// While keepers may come: nothing but the offer, until the fund's time has come.
    pub fn offer(&self) -> Value {
        let form = json!({ "spread": {
            "discount": { "fixed": self.spread.bonus.to_string() },
            "close_factor": self.spread.close_factor.to_string(),
            "seconds": (self.ticks + 1) * self.tick,
        } });
        rule(&json!({ "step_seconds": 1, "end": END, "auction": { "form": form } }))
    }

    /// When the fund takes over.
    pub fn takeover(&self) -> Value {
        rule(&json!({ "step_seconds": 1, "end": END, "insurance": {} }))
    }
}

fn rule(rule: &Value) -> Value {
    json!({ "liquidation": { "model": DOCUMENT, "rule": rule } })
}
