//! Where in the tree the stream is, and what the text of each leaf means there.

use super::super::number;
use super::super::{Commodity, Day, Leg, PriceRisk, RiskFile, Spread, Terms};
use super::contracts::Draft;
use super::{Counts, Wanted};
use keelmark_book::Decimal;

/// Elements that something here reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    SpanFile,
    /// Only holds others: `pointInTime`, `clearingOrg`, `exchange`, lists of tiers.
    Group,
    Product,
    Future,
    Physical,
    Series,
    Option,
    Array,
    ScanRate,
    Commodity,
    PfLink,
    MinimumTiers,
    IntraTiers,
    /// Tiers that are scanned apart: of months, or of rates.
    ScanTiers,
    InterTiers,
    Tier,
    Rate,
    AdjRate,
    SpotRate,
    InterSpreads,
    Spread,
    Leg,
    ConvertCurrency,
    Leaf(Leaf),
}

/// Elements whose text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    A,
    CapAnov,
    Cc,
    ChargeMeth,
    Currency,
    Cvf,
    D,
    Date,
    EndMonth,
    Exch,
    Factor,
    FromCur,
    I,
    IsRequired,
    K,
    O,
    Outright,
    P,
    Pe,
    PfCode,
    PriceScan,
    ProcMeth,
    R,
    Rs,
    SomMeth,
    SpreadCharge,
    SpreadNumber,
    StartMonth,
    Tn,
    ToCur,
    V,
    Val,
    ValueMeth,
    WfprMeth,
}

fn tag(name: &[u8]) -> Option<Tag> {
    use Leaf::{
        A, CapAnov, Cc, ChargeMeth, Currency, Cvf, D, Date, EndMonth, Exch, Factor, FromCur, I,
        IsRequired, K, O, Outright, P, Pe, PfCode, PriceScan, ProcMeth, R, Rs, SomMeth,
        SpreadCharge, SpreadNumber, StartMonth, Tn, ToCur, V, Val, ValueMeth, WfprMeth,
    };
    Some(match name {
        b"a" => Tag::Leaf(A),
        b"d" => Tag::Leaf(D),
        b"p" => Tag::Leaf(P),
        b"k" => Tag::Leaf(K),
        b"o" => Tag::Leaf(O),
        b"r" => Tag::Leaf(R),
        b"v" => Tag::Leaf(V),
        b"i" => Tag::Leaf(I),
        b"ra" => Tag::Array,
        b"opt" => Tag::Option,
        b"pe" => Tag::Leaf(Pe),
        b"rs" => Tag::Leaf(Rs),
        b"cc" => Tag::Leaf(Cc),
        b"tn" => Tag::Leaf(Tn),
        b"cvf" => Tag::Leaf(Cvf),
        b"val" => Tag::Leaf(Val),
        b"fut" => Tag::Future,
        b"phy" => Tag::Physical,
        b"sPe" => Tag::Leaf(StartMonth),
        b"ePe" => Tag::Leaf(EndMonth),
        b"date" => Tag::Leaf(Date),
        b"exch" => Tag::Leaf(Exch),
        b"sprd" => Tag::Leaf(SpreadCharge),
        b"outr" => Tag::Leaf(Outright),
        b"rate" => Tag::Rate,
        b"tier" => Tag::Tier,
        b"tLeg" | b"pLeg" | b"sLeg" => Tag::Leg,
        b"series" => Tag::Series,
        b"pfCode" => Tag::Leaf(PfCode),
        b"currency" => Tag::Leaf(Currency),
        b"scanRate" => Tag::ScanRate,
        b"priceScan" => Tag::Leaf(PriceScan),
        b"valueMeth" => Tag::Leaf(ValueMeth),
        b"chargeMeth" => Tag::Leaf(ChargeMeth),
        b"isRequired" => Tag::Leaf(IsRequired),
        b"somMeth" => Tag::Leaf(SomMeth),
        b"capAnov" => Tag::Leaf(CapAnov),
        b"fromCur" => Tag::Leaf(FromCur),
        b"toCur" => Tag::Leaf(ToCur),
        b"factor" => Tag::Leaf(Factor),
        b"spread" => Tag::Leaf(SpreadNumber),
        b"dSpread" | b"sSpread" => Tag::Spread,
        b"ccDef" => Tag::Commodity,
        b"pfLink" => Tag::PfLink,
        b"somTiers" => Tag::MinimumTiers,
        b"intraTiers" => Tag::IntraTiers,
        b"scanTiers" => Tag::ScanTiers,
        b"interTiers" => Tag::InterTiers,
        b"procMeth" => Tag::Leaf(ProcMeth),
        b"wfprMeth" => Tag::Leaf(WfprMeth),
        b"adjRate" => Tag::AdjRate,
        b"spotRate" => Tag::SpotRate,
        b"interSpreads" => Tag::InterSpreads,
        b"curConv" => Tag::ConvertCurrency,
        b"phyPf" | b"futPf" | b"oopPf" | b"oofPf" | b"oocPf" => Tag::Product,
        b"pointInTime" | b"clearingOrg" | b"exchange" => Tag::Group,
        b"spanFile" => Tag::SpanFile,
        _ => return None,
    })
}

/// Bytes of a value: codes, numbers and days are short.
const LONGEST_TEXT: usize = 1 << 16;

/// The stream's place, and what has been read.
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that was read")]
pub(super) struct Reader<'w> {
    text: Vec<u8>,
    pub file: RiskFile,
    pub draft: Draft<'w>,
    path: Vec<Tag>,
    /// Depth below an element that is skipped whole; 0 outside of one.
    skipping: u32,
    exchange: String,
    commodity: Commodity,
    spread: Spread,
    leg: Leg,
    tier: (String, Option<Day>, Option<Day>),
    delivery: (Option<Day>, Decimal, Decimal),
    ratio: (String, Decimal),
    conversion: (String, String, Option<Decimal>),
    /// Whether the rate or array that is open is not the first of its kind.
    again: bool,
    /// Whether the commodity is processed without tiers.
    normal: bool,
    /// Whether a minimum rate of the commodity has been read: the first is that of every month.
    minimum_asked: bool,
    /// Whether the minimum rate of the tier has been read.
    minimum_read: bool,
    /// The minimum rate of the tier.
    minimum: Decimal,
    rate_read: bool,
}

impl<'w> Reader<'w> {
    pub fn new(wanted: &'w mut Wanted<'w>) -> Self {
        Self {
            text: Vec::with_capacity(64),
            file: RiskFile::default(),
            draft: Draft::new(wanted),
            path: Vec::with_capacity(16),
            skipping: 0,
            exchange: String::new(),
            commodity: Commodity::default(),
            spread: Spread::default(),
            leg: Leg::default(),
            tier: <_>::default(),
            delivery: <_>::default(),
            ratio: <_>::default(),
            conversion: <_>::default(),
            again: false,
            normal: false,
            minimum_asked: false,
            minimum_read: false,
            minimum: Decimal::ZERO,
            rate_read: false,
        }
    }

    /// What is open at the end of the file, if anything is.
    pub fn open(&self) -> Option<String> {
        let depth = self.path.len() + self.skipping as usize;
        (depth > 0).then(|| format!("{depth} elements"))
    }

    /// The file, once everything in it has been read.
    pub fn finish(self) -> Result<RiskFile, String> {
        if self.file.date.is_none() {
            let seen = self.file.counts.contracts > 0 || self.rate_read || self.draft.started;
            return Err(if seen {
                "expected a date in <pointInTime>, found none".to_owned()
            } else {
                "expected <spanFile> with a date, a contract file in XML; found neither".to_owned()
            });
        }
        Ok(self.file)
    }

    /// An element that holds nothing but a text without references.
    pub fn whole(&mut self, name: &[u8], text: &[u8]) -> Result<(), String> {
        if self.skipping > 0 {
            self.text.clear();
            return Ok(());
        }
        if let (Some(parent), Some(Tag::Leaf(leaf))) = (self.path.last().copied(), tag(name)) {
            self.text.clear();
            return self.leaf(leaf, Some(parent), text);
        }
        self.start(name)?;
        self.plain(text)?;
        self.end()
    }

    pub fn start(&mut self, name: &[u8]) -> Result<(), String> {
        self.text.clear();
        if self.skipping > 0 {
            self.skipping += 1;
            return Ok(());
        }
        let Some(tag) = tag(name) else {
            self.file.counts.skip(name);
            self.skipping = 1;
            return Ok(());
        };
        if self.path.is_empty() && tag != Tag::SpanFile {
            let name = String::from_utf8_lossy(name);
            return Err(format!("expected <spanFile>, found <{name}>"));
        }
        if tag == Tag::Array && !self.draft.wants_array(&self.file) {
            self.skipping = 1;
            return Ok(());
        }
        self.opened(tag);
        self.path.push(tag);
        Ok(())
    }

    fn opened(&mut self, tag: Tag) {
        match tag {
            Tag::SpanFile => self.draft.started = true,
            Tag::Product => self.draft.product(&mut self.file, &self.exchange),
            Tag::Future | Tag::Physical | Tag::Option => self.draft.contract(tag),
            Tag::Series => self.draft.series(),
            Tag::Array => self.draft.array(),
            Tag::Commodity => {
                self.commodity = Commodity::default();
                self.minimum_asked = false;
            }
            Tag::Spread => {
                self.spread = Spread::default();
                self.rate_read = false;
            }
            Tag::Leg => self.leg = Leg { required: true, ratio: Decimal::ONE, ..Leg::default() },
            Tag::Tier => {
                (self.tier, self.minimum, self.minimum_read) = <_>::default();
            }
            Tag::SpotRate => self.delivery = <_>::default(),
            Tag::AdjRate => self.ratio = <_>::default(),
            Tag::ConvertCurrency => self.conversion = <_>::default(),
            Tag::ScanRate => self.again = self.draft.has_scan_range(),
            Tag::Rate => {
                let in_spread = self.within(Tag::Spread);
                self.again = if in_spread { self.rate_read } else { self.minimum_read };
            }
            _ => {}
        }
    }

    fn within(&self, tag: Tag) -> bool {
        self.path.contains(&tag)
    }

    pub fn end(&mut self) -> Result<(), String> {
        if self.skipping > 0 {
            self.skipping -= 1;
            return Ok(());
        }
        let Some(tag) = self.path.pop() else { return Ok(()) };
        let parent = self.path.last().copied();
        match tag {
            Tag::Leaf(leaf) => {
                let text = std::mem::take(&mut self.text);
                let done = self.leaf(leaf, parent, &text);
                self.text = text;
                done?;
            }
            Tag::Future | Tag::Option | Tag::Physical => self.draft.end_contract(&mut self.file)?,
            Tag::Product => self.draft.end_product(&mut self.file),
            Tag::Array => self.draft.end_array()?,
            Tag::Leg => self.spread.legs.push(std::mem::take(&mut self.leg)),
            Tag::Spread => self.end_spread(),
            Tag::Commodity => self.end_commodity()?,
            Tag::Tier => self.end_tier(parent),
            Tag::SpotRate => {
                if let (Some(month), spread, outright) = self.delivery {
                    self.commodity.deliveries.push((month, spread, outright));
                }
            }
            Tag::AdjRate => self.commodity.ratios.push(std::mem::take(&mut self.ratio)),
            Tag::ConvertCurrency => {
                if let (from, to, Some(factor)) = std::mem::take(&mut self.conversion) {
                    self.file.rates.push((from, to, factor));
                }
            }
            _ => {}
        }
        self.text.clear();
        Ok(())
    }

    /// A tier of months; one without months is the whole.
    fn end_tier(&mut self, parent: Option<Tag>) {
        let (name, Some(from), Some(to)) = std::mem::take(&mut self.tier) else { return };
        match parent {
            Some(Tag::IntraTiers) => self.commodity.tiers.push((name, from, to)),
            Some(Tag::ScanTiers) => self.commodity.scan_tiers.push((name, from, to)),
            Some(Tag::InterTiers) => self.commodity.credit_tiers.push((name, from, to)),
            Some(Tag::MinimumTiers) => {
                let tier = ((name, from, to), self.minimum);
                self.commodity.minimum_tiers.push(tier);
            }
            _ => {}
        }
    }

    fn end_spread(&mut self) {
        let spread = std::mem::take(&mut self.spread);
        if self.within(Tag::InterSpreads) {
            self.file.credits.push(spread);
        } else {
            self.commodity.spreads.push(spread);
        }
    }

    fn end_commodity(&mut self) -> Result<(), String> {
        let mut one = std::mem::take(&mut self.commodity);
        // Normal processing scans every month together, whatever tiers there are.
        if std::mem::take(&mut self.normal) {
            one.scan_tiers.clear();
        }
        if one.code.is_empty() {
            return Err("ccDef: expected a code in <cc>, found none".to_owned());
        }
        let code = one.code.clone();
        match self.file.commodities.insert(code.clone(), one) {
            None => Ok(()),
            Some(_) => Err(format!("ccDef: expected each once, found {code} a second time")),
        }
    }

    /// Text without references.
    pub fn plain(&mut self, text: &[u8]) -> Result<(), String> {
        if self.skipping > 0 || !matches!(self.path.last(), Some(Tag::Leaf(_))) {
            return Ok(());
        }
        if self.text.len() + text.len() > LONGEST_TEXT {
            return Err(format!("a text of more than {LONGEST_TEXT} bytes where a value belongs"));
        }
        self.text.extend_from_slice(text);
        Ok(())
    }

    /// Text with references such as `&amp;`.
    pub fn text(&mut self, text: &[u8]) -> Result<(), String> {
        let mut parts = text.split(|byte| *byte == b'&');
        self.plain(parts.next().unwrap_or_default())?;
        for part in parts {
            let end = part.iter().position(|byte| *byte == b';');
            let end = end.ok_or("a reference that begins with & has no ; at its end")?;
            self.entity(&part[..end])?;
            self.plain(&part[end + 1..])?;
        }
        Ok(())
    }

    fn entity(&mut self, name: &[u8]) -> Result<(), String> {
        let byte = match name {
            b"amp" => b"&",
            b"lt" => b"<",
            b"gt" => b">",
            b"quot" => b"\"",
            b"apos" => b"'",
            // A character by number: a code is of letters and digits, so its place is enough.
            [b'#', ..] => b"_",
            _ if self.skipping > 0 => return Ok(()),
            _ => return Err(format!("unknown entity &{};", String::from_utf8_lossy(name))),
        };
        self.plain(byte)
    }

    fn leaf(&mut self, leaf: Leaf, parent: Option<Tag>, text: &[u8]) -> Result<(), String> {
        if self.draft.leaf(leaf, parent, text, self.again)? {
            return Ok(());
        }
        match (leaf, parent) {
            (Leaf::Date, Some(Tag::Group)) => self.file.date = Some(day(text, "date")?),
            (Leaf::Exch, Some(Tag::Group)) => self.exchange = word(text),
            (Leaf::Cc, Some(Tag::Commodity)) => self.commodity.code = word(text),
            (Leaf::Currency, Some(Tag::Commodity)) => self.commodity.currency = word(text),
            (Leaf::SomMeth, _) => self.commodity.minimum_is_max = word(text) == "MAX",
            (Leaf::ProcMeth, Some(Tag::Commodity)) => {
                self.normal = word(text).eq_ignore_ascii_case("NORMAL");
            }
            (Leaf::WfprMeth, Some(Tag::Commodity)) => {
                self.commodity.price_risk = match word(text).to_ascii_uppercase().as_str() {
                    "" | "NORMAL" => PriceRisk::PerDelta,
                    "SCANRANGE_CAP" => PriceRisk::Capped,
                    "SCANRANGE" => PriceRisk::Range,
                    _ => {
                        let what = "NORMAL, SCANRANGE_CAP or SCANRANGE";
                        return Err(expected("wfprMeth", what, text));
                    }
                }
            }
            (Leaf::CapAnov, _) => self.commodity.limit_option_value = word(text) == "1",
            (Leaf::PfCode, Some(Tag::PfLink)) => self.commodity.products.push(word(text)),
            (Leaf::Tn, Some(Tag::Tier)) => self.tier.0 = word(text),
            (Leaf::StartMonth, Some(Tag::Tier)) => self.tier.1 = Some(day(text, "sPe")?),
            (Leaf::EndMonth, Some(Tag::Tier)) => self.tier.2 = Some(day(text, "ePe")?),
            (Leaf::Pe, Some(Tag::SpotRate)) => self.delivery.0 = Some(day(text, "pe")?),
            (Leaf::SpreadCharge, _) => self.delivery.1 = decimal(text, "sprd")?,
            (Leaf::Outright, _) => self.delivery.2 = decimal(text, "outr")?,
            (Leaf::R, Some(Tag::AdjRate)) => self.ratio.0 = word(text),
            (Leaf::Val, Some(Tag::AdjRate)) => self.ratio.1 = decimal(text, "val")?,
            (Leaf::Val, Some(Tag::Rate)) => self.rate(decimal(text, "val")?),
            (Leaf::SpreadNumber, Some(Tag::Spread)) => {
                let found = number::whole(text).and_then(|one| u32::try_from(one).ok());
                self.spread.priority = found.ok_or_else(|| expected("spread", "a number", text))?;
            }
            (Leaf::ChargeMeth, Some(Tag::Spread)) => self.spread.method = word(text),
            (_, Some(Tag::Leg)) => self.leg_leaf(leaf, text)?,
            (Leaf::FromCur, _) => self.conversion.0 = word(text),
            (Leaf::ToCur, _) => self.conversion.1 = word(text),
            (Leaf::Factor, _) => self.conversion.2 = Some(decimal(text, "factor")?),
            _ => {}
        }
        Ok(())
    }

    fn leg_leaf(&mut self, leaf: Leaf, text: &[u8]) -> Result<(), String> {
        match leaf {
            Leaf::Cc => self.leg.commodity = word(text),
            Leaf::Tn => self.leg.tier = Some(word(text)),
            Leaf::Pe => self.leg.expiry = Some(day(text, "pe")?),
            Leaf::I => self.leg.ratio = decimal(text, "i")?,
            Leaf::IsRequired => self.leg.required = word(text) != "0",
            Leaf::Rs => {
                self.leg.side_a = match text {
                    b"A" => true,
                    b"B" => false,
                    _ => return Err(expected("rs", "A or B", text)),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A value of a rate: of the minimum, or of the spread that is open.
    fn rate(&mut self, value: Decimal) {
        if self.again {
            return;
        }
        if self.within(Tag::Spread) {
            (self.spread.rate, self.rate_read) = (value, true);
        } else if self.within(Tag::MinimumTiers) {
            (self.minimum, self.minimum_read) = (value, true);
            if !self.minimum_asked {
                (self.commodity.minimum_rate, self.minimum_asked) = (value, true);
            }
        }
    }
}

/// A code as text. Bytes outside ASCII are of a name nobody matches by.
pub(super) fn word(text: &[u8]) -> String {
    text.trim_ascii().iter().map(|byte| char::from(*byte)).collect()
}

pub(super) fn decimal(text: &[u8], name: &str) -> Result<Decimal, String> {
    number::decimal(text).ok_or_else(|| expected(name, "a number", text))
}

pub(super) fn day(text: &[u8], name: &str) -> Result<Day, String> {
    Day::parse(text.trim_ascii())
        .ok_or_else(|| expected(name, "a day 20261225 or a month 202612", text))
}

pub(super) fn expected(name: &str, what: &str, found: &[u8]) -> String {
    let found = String::from_utf8_lossy(&found[..found.len().min(40)]);
    format!("{name}: expected {what}, found {found:?}")
}

/// What a message calls a contract.
pub(super) fn called(code: &str, terms: Terms, expiry: Day) -> String {
    match terms {
        Terms::Future => format!("future {code} {expiry}"),
        Terms::Option(right, strike) => {
            format!("option {code} {expiry} {strike} {}", right.letter())
        }
    }
}

impl Counts {
    pub(super) fn contract(&mut self) {
        self.contracts += 1;
    }
}
