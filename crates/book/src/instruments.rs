//! The registry: every instrument of a market, found by any of its names.

use crate::asset::Asset;
use crate::instrument::{Instrument, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Position of an instrument in its market's registry; rows of a risk table have the same index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}

impl Instruments {
    /// Adds an instrument under its canonical symbol, `venue:native`, `native.VENUE` and its bare
    /// native name. `None` when the same canonical symbol is there already.
    pub fn add(&mut self, mut instrument: Instrument) -> Option<InstrumentId> {
        let canonical = instrument.to_string();
        if self.by_name.contains_key(&canonical) {
            return None;
        }
        let id = InstrumentId::new(self.list.len());
        let native = &instrument.venue_symbol;
        let mut names = vec![
            canonical,
            format!("{}:{native}", instrument.venue),
            format!("{native}.{}", instrument.venue.to_ascii_uppercase()),
            native.clone(),
        ];
        names.sort();
        names.dedup();
        for name in names {
            self.by_name.entry(name).or_default().push(id);
        }
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

    /// The instrument of this name.
    ///
    /// # Errors
    /// [`UnknownInstrument`], with the nearest names or the candidates.
    pub fn find(&self, name: &str) -> Result<InstrumentId, UnknownInstrument> {
        match self.by_name.get(name).map(Vec::as_slice) {
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
        let natives = self.list.iter().map(|one| one.venue_symbol.as_str());
        nearest(name, natives, 3)
    }
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
    fn a_shared_name_is_ambiguous_and_a_typo_gets_help() {
        let all = registry();
        let error = all.find("BTC-27MAR26-70000-C").unwrap_err();
        assert!(matches!(error, UnknownInstrument::Ambiguous { ref of, .. } if of.len() == 2));
        let error = all.find("BTC-27MAR26-7200-C").unwrap_err().to_string();
        assert!(error.contains("nearest known: BTC-27MAR26-72000-C"), "{error}");
    }
}
