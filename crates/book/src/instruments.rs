//! The registry: every instrument of a market, found by any of its names.

use crate::asset::Asset;
use crate::instrument::{Instrument, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Position of an instrument in its market's registry; rows of a risk table have the same index.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct InstrumentId(u32);

impl InstrumentId {
    /// The `index`-th instrument of a registry.
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self(index as u32)
    }

    /// The index into columns that run parallel to the registry.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A name that stands for no instrument, or for several.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownInstrument {
    /// Nothing has this name.
    #[error("unknown instrument {name:?}{}", did_you_mean(nearest))]
    NotFound {
        /// The name that was looked up.
        name: String,
        /// The nearest known names, best first.
        nearest: Vec<String>,
    },
    /// Several venues use this name.
    #[error("{name:?} is the name of several instruments: write one of {}", of.join(", "))]
    Ambiguous {
        /// The name that was looked up.
        name: String,
        /// The canonical symbols it could stand for.
        of: Vec<String>,
    },
}

fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!("; nearest known: {}", nearest.join(", "))
}

/// All instruments of a market, in a fixed order.
#[derive(Clone, Debug, Default)]
pub struct Instruments {
    list: Vec<Instrument>,
    /// Each asset once, so that instruments share it and comparing them is comparing pointers.
    assets: Vec<Asset>,
    /// What perpetuals, futures and options are on.
    underlyings: BTreeSet<Asset>,
    by_name: BTreeMap<String, Vec<InstrumentId>>,
    /// Makes a canonical symbol of another spelling, where one is known.
    spelling: Option<fn(&str) -> Option<String>>,
}

impl Instruments {
    /// Adds an instrument under its canonical symbol, that without the venue, `venue:native`,
    /// `native.VENUE` and its bare native name. `None` when the same canonical symbol is there
    /// already.
    pub fn add(&mut self, mut instrument: Instrument) -> Option<InstrumentId> {
        let canonical = instrument.to_string();
        if self.by_name.contains_key(&canonical) {
            return None;
        }
        let id = InstrumentId::new(self.list.len());
        let unified = without_venue(&canonical).to_owned();
        self.name(id, [canonical, unified]);
        self.name(id, native_names(&instrument));
        for asset in [&mut instrument.base, &mut instrument.quote, &mut instrument.settle] {
            match self.assets.iter().find(|known| *known == asset) {
                Some(known) => *asset = known.clone(),
                None => self.assets.push(asset.clone()),
            }
        }
        if instrument.kind != Kind::Spot {
            self.underlyings.insert(instrument.base.clone());
        }
        self.list.push(instrument);
        Some(id)
    }

    fn name(&mut self, id: InstrumentId, names: impl IntoIterator<Item = String>) {
        for name in names {
            let ids = self.by_name.entry(name).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }

    /// Understands more spellings: `canonical` makes a canonical symbol of a name that is not
    /// known by its text, and `native` names in the venue's words what was added without them.
    pub fn understand(
        &mut self,
        canonical: fn(&str) -> Option<String>,
        native: fn(&Instrument) -> Option<String>,
    ) {
        self.spelling = Some(canonical);
        for index in 0..self.list.len() {
            let one = &self.list[index];
            if without_venue(&one.to_string()) != one.venue_symbol {
                continue;
            }
            if let Some(native) = native(one) {
                self.list[index].venue_symbol = native;
                self.name(InstrumentId::new(index), native_names(&self.list[index]));
            }
        }
    }

    /// The instrument of this name: by its text, or else by what the text means.
    ///
    /// # Errors
    /// [`UnknownInstrument`], with the nearest names or the candidates.
    pub fn find(&self, name: &str) -> Result<InstrumentId, UnknownInstrument> {
        let meant = || self.by_name.get(&self.spelling?(name)?);
        match self.by_name.get(name).or_else(meant).map(Vec::as_slice) {
            Some([id]) => Ok(*id),
            Some(several) => Err(UnknownInstrument::Ambiguous {
                name: name.to_owned(),
                of: several.iter().map(|id| self.get(*id).to_string()).collect(),
            }),
            None => Err(UnknownInstrument::NotFound {
                name: name.chars().take(80).collect(),
                nearest: self.nearest(name),
            }),
        }
    }

    /// The instrument of this id.
    ///
    /// # Panics
    /// When the id is of another registry with more instruments.
    #[must_use]
    pub fn get(&self, id: InstrumentId) -> &Instrument {
        &self.list[id.index()]
    }

    /// Every instrument with its id, in order.
    pub fn iter(&self) -> impl Iterator<Item = (InstrumentId, &Instrument)> {
        self.list.iter().enumerate().map(|(i, one)| (InstrumentId::new(i), one))
    }

    /// Whether some perpetual, future or option is on an asset: whether its price is a risk here.
    #[must_use]
    pub fn is_underlying(&self, asset: &Asset) -> bool {
        self.underlyings.contains(asset)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn nearest(&self, name: &str) -> Vec<String> {
        let natives = || self.list.iter().map(|one| one.venue_symbol.as_str());
        let found = nearest(name, natives(), 3);
        // `venue:native`, of a venue or a contract that the market lacks.
        match name.split_once(':') {
            Some((venue, native)) if found.is_empty() => {
                let own = self.list.iter().filter(|one| one.venue == venue);
                let near = nearest(native, own.map(|one| one.venue_symbol.as_str()), 3);
                if near.is_empty() { nearest(native, natives(), 3) } else { near }
            }
            _ => found,
        }
    }
}

/// `BTC/USD:BTC` of `deribit:BTC/USD:BTC`.
fn without_venue(canonical: &str) -> &str {
    canonical.split_once(':').map_or(canonical, |(_, unified)| unified)
}

/// The native name alone, behind the venue and before it.
fn native_names(instrument: &Instrument) -> [String; 3] {
    let (venue, native) = (&instrument.venue, &instrument.venue_symbol);
    [
        native.clone(),
        format!("{venue}:{native}"),
        format!("{native}.{}", venue.to_ascii_uppercase()),
    ]
}

/// The `most` known names nearest to `name` by edit distance, best first; far ones are left out.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>, most: usize) -> Vec<String> {
    let wanted: Vec<char> = name.to_ascii_uppercase().chars().take(64).collect();
    let limit = 2 + wanted.len() / 3;
    let mut found: Vec<(usize, &str)> = known
        .map(|one| (edits(&wanted, &one.to_ascii_uppercase()), one))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(most).map(|(_, one)| one.to_owned()).collect()
}

/// Levenshtein distance.
fn edits(a: &[char], b: &str) -> usize {
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, cb) in b.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, ca) in a.iter().enumerate() {
            let change = diagonal + usize::from(*ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[a.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::Symbol;
    use keelmark_units::Quantity;

    fn registry() -> Instruments {
        let one = Quantity::from_int(1);
        let mut all = Instruments::default();
        for (symbol, native) in [
            ("deribit:BTC/USD:BTC-260327-70000-C", "BTC-27MAR26-70000-C"),
            ("bybit:BTC/USDC:USDC-260327-70000-C", "BTC-27MAR26-70000-C"),
            ("deribit:BTC/USD:BTC-260327-72000-C", "BTC-27MAR26-72000-C"),
        ] {
            let symbol = Symbol::parse(symbol).unwrap();
            all.add(symbol.instrument(native.into(), one, one)).unwrap();
        }
        all
    }

    #[test]
    fn every_spelling_finds_it() {
        let all = registry();
        for name in [
            "deribit:BTC/USD:BTC-260327-70000-C",
            "deribit:BTC-27MAR26-70000-C",
            "BTC-27MAR26-70000-C.DERIBIT",
        ] {
            assert_eq!(all.find(name), Ok(InstrumentId::new(0)), "{name}");
        }
        assert_eq!(all.find("BTC-27MAR26-72000-C"), Ok(InstrumentId::new(2)));
    }

    #[test]
    fn without_the_venue_it_is_found_where_one_venue_has_it() {
        let mut all = registry();
        assert_eq!(all.find("BTC/USD:BTC-260327-70000-C"), Ok(InstrumentId::new(0)));
        let other = Symbol::parse("okx:BTC/USD:BTC-260327-70000-C").unwrap();
        let one = Quantity::from_int(1);
        all.add(other.instrument("BTC-USD-260327-70000-C".into(), one, one)).unwrap();
        let error = all.find("BTC/USD:BTC-260327-70000-C").unwrap_err();
        assert!(matches!(error, UnknownInstrument::Ambiguous { ref of, .. } if of.len() == 2));
    }

    #[test]
    fn a_taught_spelling_finds_and_names() {
        let one = Quantity::from_int(1);
        let mut all = Instruments::default();
        let symbol = Symbol::parse("okx:BTC/USDT:USDT").unwrap();
        all.add(symbol.instrument("BTC/USDT:USDT".into(), one, one)).unwrap();
        let canonical = |name: &str| (name == "x").then(|| "okx:BTC/USDT:USDT".to_owned());
        all.understand(canonical, |_| Some("BTC-USDT-SWAP".to_owned()));
        for name in ["x", "BTC-USDT-SWAP", "okx:BTC-USDT-SWAP", "BTC/USDT:USDT"] {
            assert_eq!(all.find(name), Ok(InstrumentId::new(0)), "{name}");
        }
        assert_eq!(all.get(InstrumentId::new(0)).venue_symbol, "BTC-USDT-SWAP");
        assert!(all.find("y").is_err());
    }

    #[test]
    fn a_shared_name_is_ambiguous_and_a_typo_gets_help() {
        let all = registry();
        let error = all.find("BTC-27MAR26-70000-C").unwrap_err();
        assert!(matches!(error, UnknownInstrument::Ambiguous { ref of, .. } if of.len() == 2));
        let error = all.find("BTC-27MAR26-7200-C").unwrap_err().to_string();
        assert!(error.contains("nearest known: BTC-27MAR26-72000-C"), "{error}");
        // A venue that the market lacks does not make every name far.
        let error = all.find("somewhere-else:BTC-27MAR26-72000-C").unwrap_err().to_string();
        assert!(error.contains("nearest known: BTC-27MAR26-72000-C"), "{error}");
    }
}
