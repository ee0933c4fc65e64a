//! The contract that the stream is in: its numbers, until it ends and is kept or dropped.

use super::super::{Contract, Day, Product, RiskFile, SCENARIOS, Terms};
use super::Wanted;
use super::elements::{Leaf, Tag, called, day, decimal, expected, word};
use keelmark_book::{Decimal, Right};
use std::collections::BTreeMap;

/// The product and the contract that are open.
pub(super) struct Draft<'w> {
    wanted: &'w mut Wanted<'w>,
    /// Whether the file's own element has begun.
    pub started: bool,
    product: Product,
    /// Whether the product has a contract that is kept, and so stands in the file.
    placed: Option<usize>,
    kind: Option<Tag>,
    expiry: Option<Day>,
    price: Option<Decimal>,
    size: Option<Decimal>,
    vol: Option<f64>,
    right: Option<Right>,
    strike: Option<Decimal>,
    series: Series,
    losses: [Decimal; SCENARIOS],
    found: usize,
    delta: Option<Decimal>,
    /// Whether the array of the contract has been read, or does not matter.
    array: Option<bool>,
    known: Known,
}

/// Contracts of the open product that are kept, and where each stands.
///
/// Files list them in order nearly always: those are a row, the others a tree.
#[derive(Default)]
struct Known {
    rising: Vec<(Key, usize)>,
    others: BTreeMap<Key, usize>,
}

/// Expiry, strike and right, 0 of a future: the order of files.
type Key = (Day, Decimal, u8);

impl Known {
    fn clear(&mut self) {
        self.rising.clear();
        self.others.clear();
    }

    /// Where the same contract stands, or `at` from now on.
    fn find_or_put(&mut self, terms: Terms, expiry: Day, at: usize) -> Option<usize> {
        let key = match terms {
            Terms::Future => (expiry, Decimal::ZERO, 0),
            Terms::Option(right, strike) => (expiry, strike, 1 + right as u8),
        };
        if let Some(known) = self.others.get(&key) {
            return Some(*known);
        }
        if self.rising.last().is_none_or(|(last, _)| *last < key) {
            self.rising.push((key, at));
            return None;
        }
        match self.rising.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(found) => Some(self.rising[found].1),
            Err(_) => {
                self.others.insert(key, at);
                None
            }
        }
    }
}

/// What the options of a series share.
#[derive(Clone, Copy, Debug, Default)]
struct Series {
    expiry: Option<Day>,
    size: Option<Decimal>,
    vol: Option<f64>,
}

impl<'w> Draft<'w> {
    pub fn new(wanted: &'w mut Wanted<'w>) -> Self {
        Self {
            wanted,
            started: false,
            product: Product::default(),
            placed: None,
            kind: None,
            expiry: None,
            price: None,
            size: None,
            vol: None,
            right: None,
            strike: None,
            series: Series::default(),
            losses: [Decimal::ZERO; SCENARIOS],
            found: 0,
            delta: None,
            array: None,
            known: Known::default(),
        }
    }

    pub fn product(&mut self, _: &mut RiskFile, exchange: &str) {
        self.product =
            Product { exchange: exchange.to_owned(), size: Decimal::ONE, ..Product::default() };
        self.placed = None;
        self.known.clear();
        self.series = Series::default();
        self.kind = None;
    }

    /// A product stands in the file for its price and its code, with or without contracts.
    pub fn end_product(&mut self, file: &mut RiskFile) {
        self.place(file);
    }

    fn place(&mut self, file: &mut RiskFile) -> usize {
        let at = self.placed.unwrap_or_else(|| {
            file.products.push(Product::default());
            file.products.len() - 1
        });
        if self.placed.is_none() || file.products[at] != self.product {
            file.products[at].clone_from(&self.product);
        }
        self.placed = Some(at);
        at
    }

    pub fn series(&mut self) {
        self.series = Series::default();
        self.kind = Some(Tag::Series);
    }

    pub fn contract(&mut self, kind: Tag) {
        self.kind = Some(kind);
        (self.expiry, self.price, self.size, self.vol) = (None, None, None, None);
        (self.right, self.strike, self.array) = (None, None, None);
    }

    pub fn array(&mut self) {
        (self.found, self.delta) = (0, None);
    }

    pub fn has_scan_range(&self) -> bool {
        self.product.scan_range.is_some()
    }

    /// Whether the array that begins is of a contract that somebody asked for, and its first.
    pub fn wants_array(&mut self, _: &RiskFile) -> bool {
        if self.array.is_some() {
            return false;
        }
        let wanted = match (self.terms(), self.day()) {
            // What is not known yet is read, and looked at when the contract ends.
            (Some(terms), Some(expiry)) => (self.wanted)(&self.product.code, terms, expiry),
            _ => self.kind != Some(Tag::Physical),
        };
        self.array = Some(wanted);
        wanted
    }

    fn terms(&self) -> Option<Terms> {
        match self.kind? {
            Tag::Future => Some(Terms::Future),
            Tag::Option => Some(Terms::Option(self.right?, self.strike?)),
            _ => None,
        }
    }

    fn day(&self) -> Option<Day> {
        self.expiry.or(self.series.expiry)
    }

    pub fn end_array(&self) -> Result<(), String> {
        if self.found != SCENARIOS {
            let found = self.found;
            return Err(format!("ra: expected {SCENARIOS} values in an array, found {found}"));
        }
        if self.delta.is_none() {
            return Err("ra: expected a composite delta in <d>, found none".to_owned());
        }
        Ok(())
    }

    pub fn end_contract(&mut self, file: &mut RiskFile) -> Result<(), String> {
        let kind = self.kind.take();
        if matches!(kind, Some(Tag::Physical | Tag::Future)) {
            self.product.price = self.product.price.or(self.price);
        }
        if kind == Some(Tag::Physical) {
            return Ok(());
        }
        file.counts.contract();
        self.kind = kind;
        let (terms, expiry) = (self.terms(), self.day());
        self.kind = if kind == Some(Tag::Option) { Some(Tag::Series) } else { None };
        let (Some(terms), Some(expiry)) = (terms, expiry) else {
            return Err("expected a contract with <pe>, and <o> and <k> of an option".to_owned());
        };
        match self.array {
            None => {
                file.counts.without_array += 1;
                return Ok(());
            }
            Some(false) => return Ok(()),
            Some(true) => {}
        }
        if !(self.wanted)(&self.product.code, terms, expiry) {
            return Ok(());
        }
        let name = |draft: &Self| called(&draft.product.code, terms, expiry);
        let price = self.price.ok_or_else(|| format!("{}: expected a price in <p>", name(self)))?;
        let size = self.size.or(self.series.size).unwrap_or(self.product.size);
        if !size.is_positive() {
            return Err(format!("{}: cvf: expected above zero, found {size}", name(self)));
        }
        let product = self.place(file);
        let vol = self.vol.or(self.series.vol).filter(|vol| *vol > 0.0);
        let (losses, delta) = (self.losses, self.delta.unwrap_or_default());
        let one = Contract { product, terms, expiry, price, size, vol, losses, delta };
        if let Some(at) = self.known.find_or_put(terms, expiry, file.contracts.len()) {
            if file.contracts[at] != one {
                return Err(format!("{} is there twice, with different numbers", name(self)));
            }
            file.counts.duplicates += 1;
            return Ok(());
        }
        file.contracts.push(one);
        Ok(())
    }

    /// Takes a leaf of a product, a contract or an array; says whether it was one.
    pub fn leaf(
        &mut self,
        leaf: Leaf,
        parent: Option<Tag>,
        text: &[u8],
        again: bool,
    ) -> Result<bool, String> {
        match parent {
            Some(Tag::Array) => self.array_leaf(leaf, text)?,
            Some(Tag::Future | Tag::Option | Tag::Physical) => self.contract_leaf(leaf, text)?,
            Some(Tag::Series) => match leaf {
                Leaf::Pe => self.series.expiry = Some(day(text, "pe")?),
                Leaf::Cvf => self.series.size = Some(decimal(text, "cvf")?),
                Leaf::V => self.series.vol = Some(decimal(text, "v")?.to_f64()),
                _ => {}
            },
            Some(Tag::Product) => match leaf {
                Leaf::PfCode => self.product.code = word(text),
                Leaf::Currency => self.product.currency = word(text),
                Leaf::Cvf => self.product.size = decimal(text, "cvf")?,
                Leaf::ValueMeth => {
                    self.product.futures_style = word(text).eq_ignore_ascii_case("FUT");
                }
                _ => {}
            },
            Some(Tag::ScanRate) => {
                if leaf == Leaf::PriceScan && !again {
                    let range = decimal(text, "priceScan")?;
                    self.product.scan_range = Some(range).filter(|range| range.is_positive());
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn array_leaf(&mut self, leaf: Leaf, text: &[u8]) -> Result<(), String> {
        match leaf {
            Leaf::A => {
                let loss = decimal(text, "a")?;
                if let Some(slot) = self.losses.get_mut(self.found) {
                    *slot = loss;
                }
                self.found += 1;
            }
            Leaf::D => self.delta = Some(decimal(text, "d")?),
            _ => {}
        }
        Ok(())
    }

    fn contract_leaf(&mut self, leaf: Leaf, text: &[u8]) -> Result<(), String> {
        match leaf {
            // A physical has no expiry: its day is zeros.
            Leaf::Pe if self.kind == Some(Tag::Physical) => {}
            Leaf::Pe => self.expiry = Some(day(text, "pe")?),
            Leaf::P => self.price = Some(decimal(text, "p")?),
            Leaf::Cvf => self.size = Some(decimal(text, "cvf")?),
            Leaf::V => self.vol = Some(decimal(text, "v")?.to_f64()),
            Leaf::K => self.strike = Some(decimal(text, "k")?),
            Leaf::O => {
                self.right = Some(match text {
                    b"C" => Right::Call,
                    b"P" => Right::Put,
                    _ => return Err(expected("o", "C or P", text)),
                });
            }
            _ => {}
        }
        Ok(())
    }
}
