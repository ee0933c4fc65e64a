//! Records into a file: contracts stand in two halves, and what scales them stands elsewhere.

use super::super::{
    Commodity, Contract, Counts, Day, Leg, Product, RiskFile, SCENARIOS, Spread, Terms, Wanted,
};
use super::fragment::{self, whole_file};
use super::{Points, Record, Value, Values, columns, decode, find, id, tiers};
use keelmark_book::{Decimal, Overflow, Right, Round};
use std::collections::BTreeMap;

/// The method of record 4 whose columns are others.
const BASIS: &str = "11";
/// Values of an array in its first record.
const FIRST: usize = 9;

/// A contract as records name it: product, type, right, month of the future, of the option, strike.
type Key = (String, String, String, u64, u64, Decimal);
/// What is said of a product's months: product, type, month of the future, of the option.
type MonthKey = (String, String, u64, u64);

/// What has been read so far.
pub(super) struct Reader<'w> {
    wanted: &'w mut Wanted<'w>,
    file: RiskFile,
    /// Points and sizes, by product and type.
    points: BTreeMap<(String, String), (Points, Decimal)>,
    /// The power of ten of a commodity's money, by each of its products and by its code.
    exponents: BTreeMap<String, u32>,
    commodity_exponents: BTreeMap<String, u32>,
    /// Whether the first record has been read.
    begun: bool,
    scaling: BTreeMap<MonthKey, Decimal>,
    halves: BTreeMap<Key, (Decimal, [Decimal; SCENARIOS])>,
    products: BTreeMap<String, usize>,
    known: BTreeMap<(usize, Terms, Day), usize>,
}

impl<'w> Reader<'w> {
    pub fn new(wanted: &'w mut Wanted<'w>) -> Self {
        Self {
            wanted,
            file: RiskFile::default(),
            points: BTreeMap::new(),
            exponents: BTreeMap::new(),
            commodity_exponents: BTreeMap::new(),
            begun: false,
            scaling: BTreeMap::new(),
            halves: BTreeMap::new(),
            products: BTreeMap::new(),
            known: BTreeMap::new(),
        }
    }

    pub fn counts(&mut self) -> &mut Counts {
        &mut self.file.counts
    }

    pub fn finish(mut self) -> Result<RiskFile, String> {
        if !self.begun {
            return Err(whole_file("expected record 0, the header, found no record"));
        }
        if self.file.date.is_none() {
            return Err("record 0, columns 9-16: expected a day, found none".to_owned());
        }
        if let Some((product, kind, ..)) = self.halves.keys().next() {
            let count = self.halves.len();
            return Err(whole_file(&format!(
                "{count} contracts have a record 81 and no record 82, such as {product} {kind}: \
                 this is a fragment, of which the end is not there"
            )));
        }
        if self.file.counts.contracts == 0 {
            return Err(whole_file(
                "expected contracts in records 81 and 82, found none: this is a fragment, which \
                 ends before them",
            ));
        }
        self.scale().map_err(|error| error.to_string())?;
        Ok(self.file)
    }

    /// Money of a commodity is in units of a power of ten: its rates as its losses.
    fn scale(&mut self) -> Result<(), Overflow> {
        for (code, exponent) in &self.commodity_exponents {
            let Some(one) = self.file.commodities.get_mut(code) else { continue };
            let power = power(*exponent);
            let rates = one.spreads.iter_mut().map(|spread| &mut spread.rate);
            let tiers = one.minimum_tiers.iter_mut().map(|(_, rate)| rate);
            let months = one.deliveries.iter_mut().flat_map(|(_, one, other)| [one, other]);
            for rate in rates.chain(tiers).chain(months).chain([&mut one.minimum_rate]) {
                *rate = rate.times(power, Round::Up)?;
            }
        }
        for product in &mut self.file.products {
            let exponent = self.exponents.get(&product.code).copied().unwrap_or(0);
            if let Some(range) = &mut product.scan_range {
                *range = range.times(power(exponent), Round::Up)?;
            }
        }
        Ok(())
    }

    pub fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        if !self.begun {
            fragment::first(line)?;
            self.begun = true;
        }
        let array = matches!(id(line), b"81" | b"82");
        if array && !self.wants(line)? {
            return Ok(());
        }
        let points = if array { self.points_of(line).0 } else { Points::default() };
        let plain = without_basis(line);
        let line = plain.as_deref().unwrap_or(line);
        let Some(record) = decode(line, points)? else {
            self.file.counts.skip(id(line));
            return Ok(());
        };
        match record.id {
            "0" => self.header(&record)?,
            "T" => {
                let rate = (text(&record, "from"), text(&record, "to"), number(&record, "rate"));
                self.file.rates.push(rate);
            }
            "2" => self.commodity(&record)?,
            "3" => self.tiers(&record),
            "S" => tiers::apply(&record, self.open(&record))?,
            "C" | "E" => self.spread(&record)?,
            "4" => self.deliveries(&record),
            "B" => self.months(&record),
            "P" => self.product_terms(&record),
            "6" => self.credit(&record)?,
            "81" => self.first_half(&record)?,
            "82" => self.second_half(&record)?,
            // Decoded for whoever reads single records: groups for reports, and combinations.
            other => self.file.counts.skip(other.as_bytes()),
        }
        Ok(())
    }

    fn header(&mut self, record: &Record) -> Result<(), String> {
        let format = text(record, "format");
        if !matches!(format.as_str(), "" | "U2") {
            return Err(format!(
                "record 0, columns 36-37 (format): expected U2, the expanded format, found \
                 {format}, which is not read"
            ));
        }
        if self.file.date.is_some() {
            return Err("record 0: expected once, found a second time: these are two files in one"
                .to_owned());
        }
        self.file.date = date(record, "business_date");
        Ok(())
    }

    /// Whether somebody asked for the contract of an array.
    fn wants(&mut self, line: &[u8]) -> Result<bool, String> {
        let product = word(columns(line, 6, 15));
        let (points, _) = self.points_of(line);
        let Some(record) = decode(line, points)? else { return Ok(false) };
        let first = record.id == "81";
        self.file.counts.contracts += u64::from(first);
        let Some((terms, expiry)) = contract(&record)? else {
            self.file.counts.without_array += u64::from(first);
            return Ok(false);
        };
        Ok((self.wanted)(&product, terms, expiry))
    }

    fn points_of(&self, line: &[u8]) -> (Points, Decimal) {
        let key = (word(columns(line, 6, 15)), word(columns(line, 26, 28)));
        self.points.get(&key).copied().unwrap_or((Points::default(), Decimal::ONE))
    }

    fn commodity(&mut self, record: &Record) -> Result<(), String> {
        let code = text(record, "combined_commodity");
        let one = Commodity {
            code: code.clone(),
            currency: text(record, "currency"),
            products: record.group("products").iter().map(|row| text_of(row, "product")).collect(),
            limit_option_value: record.get("limit_option_value") == Some(&Value::Flag(true)),
            futures_style: text(record, "option_margin_style") == "futures",
            ..Commodity::default()
        };
        let exponent = u32::try_from(whole(record, "risk_exponent")).unwrap_or(0);
        self.commodity_exponents.insert(code.clone(), exponent);
        for product in &one.products {
            self.exponents.insert(product.clone(), exponent);
            self.product(product, &text(record, "exchange"), &one.currency);
        }
        match self.file.commodities.insert(code.clone(), one) {
            None => Ok(()),
            Some(_) => Err(format!("record 2: expected each once, found {code} a second time")),
        }
    }

    fn product(&mut self, code: &str, exchange: &str, currency: &str) -> usize {
        if let Some(at) = self.products.get(code) {
            return *at;
        }
        let at = self.file.products.len();
        self.file.products.push(Product {
            exchange: exchange.to_owned(),
            code: code.to_owned(),
            currency: currency.to_owned(),
            size: Decimal::ONE,
            ..Product::default()
        });
        self.products.insert(code.to_owned(), at);
        at
    }

    fn open(&mut self, record: &Record) -> &mut Commodity {
        let code = text(record, "combined_commodity");
        let one = self.file.commodities.entry(code.clone()).or_default();
        one.code = code;
        one
    }

    fn tiers(&mut self, record: &Record) {
        let one = self.open(record);
        for row in record.group("tiers") {
            if let (Some(from), Some(to)) = (month_of(row, "start"), month_of(row, "end")) {
                one.tiers.push((whole_of(row, "no").to_string(), from, to));
            }
        }
        for row in record.group("initial_to_maintenance") {
            for (name, value) in row {
                if let Value::Number(ratio) = value {
                    one.ratios.push(((*name).to_owned(), *ratio));
                }
            }
        }
    }

    fn spread(&mut self, record: &Record) -> Result<(), String> {
        let series = record.id == "E";
        let mut legs = Vec::new();
        for row in record.group("legs") {
            let expiry = if series {
                let month = format!("20{}", text_of(row, "month"));
                let day = Day::parse(month.as_bytes());
                Some(day.ok_or_else(|| format!("record E: expected a month YYMM in {month:?}"))?)
            } else {
                None
            };
            let ratio = match find(row, "ratio") {
                Some(Value::Number(ratio)) => *ratio,
                _ => Decimal::from_int(whole_of(row, "ratio") as i64),
            };
            legs.push(Leg {
                commodity: text(record, "combined_commodity"),
                tier: (!series).then(|| whole_of(row, "tier").to_string()),
                expiry,
                ratio,
                side_a: text_of(row, "side") == "A",
                required: true,
            });
        }
        let (priority, rate) = (whole(record, "priority"), whole(record, "charge_rate"));
        let spread = Spread {
            priority: priority as u32,
            method: String::new(),
            rate: Decimal::from_int(rate as i64),
            legs,
            refused: None,
        };
        self.open(record).spreads.push(spread);
        Ok(())
    }

    fn deliveries(&mut self, record: &Record) {
        let (rate, method) = (whole(record, "som_rate"), text(record, "som_method"));
        let one = self.open(record);
        one.minimum_rate = Decimal::from_int(rate as i64);
        // Blank or 2: short calls and short puts; 1: the greater of the two.
        one.minimum_is_max = method == "1";
        if text(record, "spot_method") == BASIS {
            one.refused.push("record 4 has method 11 of delivery, a charge of basis".to_owned());
        }
        if !matches!(method.as_str(), "" | "1" | "2") {
            one.refused.push(format!("record 4 has method {method:?} of the minimum"));
        }
        for row in record.group("months") {
            if let Some(month) = month_of(row, "delivery_month") {
                let rate = |name| Decimal::from_int(whole_of(row, name) as i64);
                one.deliveries.push((month, rate("spread_charge"), rate("outright_charge")));
            }
        }
    }

    fn months(&mut self, record: &Record) {
        let key = (
            text(record, "product"),
            text(record, "type"),
            whole(record, "fut_month"),
            whole(record, "opt_month"),
        );
        let range = Decimal::from_int(whole(record, "price_scan_range_raw") as i64);
        if let Some(at) = self.products.get(&key.0)
            && self.file.products[*at].scan_range.is_none()
        {
            self.file.products[*at].scan_range = Some(range).filter(|range| range.is_positive());
        }
        if let Some(Value::Number(scaling)) = record.get("delta_scaling") {
            self.scaling.insert(key, *scaling);
        }
    }

    fn product_terms(&mut self, record: &Record) {
        let points = Points {
            settlement: whole(record, "settle_decimals") as usize,
            strike: whole(record, "strike_decimals") as usize,
        };
        let size = match record.get("contract_value_factor") {
            Some(Value::Number(size)) if size.is_positive() => *size,
            _ => Decimal::ONE,
        };
        let key = (text(record, "product"), text(record, "type"));
        self.points.insert(key, (points, size));
    }

    fn credit(&mut self, record: &Record) -> Result<(), String> {
        let legs = record.group("legs").iter().enumerate().map(|(at, row)| Leg {
            commodity: text_of(row, "cc"),
            tier: record.group("leg_tiers").get(at).map(|row| whole_of(row, "tier").to_string()),
            expiry: None,
            ratio: match find(row, "ratio") {
                Some(Value::Number(ratio)) if ratio.is_positive() => *ratio,
                _ => Decimal::ONE,
            },
            side_a: text_of(row, "side") != "B",
            required: text_of(row, "required") != "N",
        });
        let legs: Vec<Leg> = legs.collect();
        let tiers = record.group("leg_tiers").len();
        let refused = if tiers > 0 && tiers != legs.len() {
            Some("has tiers for some of its legs".to_owned())
        } else if text(record, "rate_by_leg") == "Y" {
            Some("has a rate of its own for each leg".to_owned())
        } else if matches!(text(record, "eligibility").as_str(), "N" | "H") {
            Some("is for some origins of accounts alone".to_owned())
        } else {
            None
        };
        let method = text(record, "method");
        let flat = text(record, "credit_method") == "F";
        let hundred = Decimal::from_int(100);
        let percent = number(record, "credit_rate_percent");
        // A flat rate is money, with two decimals where a percentage has four.
        let rate = if flat {
            percent.times(hundred, Round::Down)
        } else {
            percent.over(hundred, Round::Down)
        };
        let credit = Spread {
            priority: whole(record, "priority") as u32,
            rate: rate.map_err(|error| error.to_string())?,
            method: if flat { "F".to_owned() } else { method },
            legs,
            refused,
        };
        // What counts before spreads between months counts before other credits.
        if text(record, "spread_group") == "S" {
            self.file.first_credits.push(credit);
        } else {
            self.file.credits.push(credit);
        }
        Ok(())
    }

    fn key(record: &Record) -> Key {
        (
            text(record, "product"),
            text(record, "type"),
            text(record, "right"),
            whole(record, "fut_month"),
            whole(record, "opt_month"),
            number(record, "strike"),
        )
    }

    /// The power of ten and the size of a product, without which its prices and losses mean
    /// nothing.
    fn terms_of(&self, product: &str, kind: &str) -> Result<(u32, Decimal), String> {
        let missing = |record: &str, what: &str| {
            whole_file(&format!(
                "record 82 of {product} {kind}: expected a record {record} before it, {what}, \
                 found none: this is a fragment, of which the beginning is not there"
            ))
        };
        let exponent = self.exponents.get(product).copied();
        let exponent = exponent.ok_or_else(|| missing("2", "with its commodity and currency"))?;
        let known = self.points.get(&(product.to_owned(), kind.to_owned()));
        let (_, size) = known.ok_or_else(|| missing("P", "with the decimals of its prices"))?;
        Ok((exponent, *size))
    }

    fn first_half(&mut self, record: &Record) -> Result<(), String> {
        let mut losses = [Decimal::ZERO; SCENARIOS];
        fill(&mut losses[..FIRST], record.group("risk_array_1_to_9"), "81, columns 55-108")?;
        self.halves.insert(Self::key(record), (number(record, "settlement_price"), losses));
        Ok(())
    }

    fn second_half(&mut self, record: &Record) -> Result<(), String> {
        let key = Self::key(record);
        let Some((price, mut losses)) = self.halves.remove(&key) else {
            return Err(whole_file(&format!(
                "record 82 of {} {}: expected its record 81 before it, found none: this is a \
                 fragment, or its lines are in another order",
                key.0, key.1
            )));
        };
        fill(&mut losses[FIRST..], record.group("risk_array_10_to_16"), "82, columns 55-96")?;
        let (exponent, size) = self.terms_of(&key.0, &key.1)?;
        let power = power(exponent);
        for loss in &mut losses {
            *loss = loss.times(power, Round::Up).map_err(|error| error.to_string())?;
        }
        let month = (key.0.clone(), key.1.clone(), key.3, key.4);
        let scaling = self.scaling.get(&month).copied().unwrap_or(Decimal::ONE);
        let delta = number(record, "composite_delta").times(scaling, Round::Nearest);
        let Some((terms, expiry)) = contract(record)? else { return Ok(()) };
        let product = self.product(&key.0, &text(record, "exchange"), "USD");
        let known = &mut self.file.products[product];
        if terms == Terms::Future {
            known.price = known.price.or(Some(price).filter(|price| price.is_positive()));
        }
        let one = Contract {
            product,
            terms,
            expiry,
            price,
            size,
            vol: match record.get("implied_vol") {
                Some(Value::Number(vol)) if vol.is_positive() => Some(vol.to_f64()),
                _ => None,
            },
            losses,
            delta: delta.map_err(|error| error.to_string())?,
        };
        if let Some(at) = self.known.get(&(product, terms, expiry)) {
            if self.file.contracts[*at] != one {
                return Err(format!("{} {expiry} is there twice, with different numbers", key.0));
            }
            self.file.counts.duplicates += 1;
            return Ok(());
        }
        self.known.insert((product, terms, expiry), self.file.contracts.len());
        self.file.contracts.push(one);
        Ok(())
    }
}

/// Record 4 of method 11 with its other columns blank: a charge of basis stands where other methods
/// have months.
fn without_basis(line: &[u8]) -> Option<Vec<u8>> {
    (id(line) == b"4" && columns(line, 9, 10) == BASIS.as_bytes()).then(|| {
        let mut plain = line.to_vec();
        plain.iter_mut().take(62).skip(10).for_each(|byte| *byte = b' ');
        plain
    })
}

/// Ten to a power, of nine at most.
fn power(exponent: u32) -> Decimal {
    Decimal::from_int(10i64.pow(exponent.min(9)))
}

/// Terms and expiry of an array's contract; none for what is neither a future nor an option.
fn contract(record: &Record) -> Result<Option<(Terms, Day)>, String> {
    let month = |name: &str| {
        let digits = whole(record, name).to_string();
        Day::parse(digits.as_bytes()).ok_or_else(|| format!("{name}: expected a month YYYYMM"))
    };
    let kind = text(record, "type");
    if kind == "FUT" {
        return Ok(Some((Terms::Future, month("fut_month")?)));
    }
    let right = match text(record, "right").as_str() {
        "C" => Right::Call,
        "P" => Right::Put,
        _ => return Ok(None),
    };
    let name = if whole(record, "opt_month") > 0 { "opt_month" } else { "fut_month" };
    Ok(Some((Terms::Option(right, number(record, "strike")), month(name)?)))
}

fn fill(losses: &mut [Decimal], rows: &[Values], place: &str) -> Result<(), String> {
    if rows.len() != losses.len() {
        let (all, found) = (losses.len(), rows.len());
        return Err(format!(
            "record {place}: expected {all} losses, found {found}: the line is cut"
        ));
    }
    for (slot, row) in losses.iter_mut().zip(rows) {
        if let Some(Value::Number(loss)) = find(row, "loss") {
            *slot = *loss;
        }
    }
    Ok(())
}

fn word(text: &[u8]) -> String {
    text.trim_ascii().iter().map(|byte| char::from(*byte)).collect()
}

fn text_of(values: &Values, name: &str) -> String {
    match find(values, name) {
        Some(Value::Text(text)) => text.trim().to_owned(),
        _ => String::new(),
    }
}

pub(super) fn text(record: &Record, name: &str) -> String {
    text_of(&record.values, name)
}

pub(super) fn whole_of(values: &Values, name: &str) -> u64 {
    match find(values, name) {
        Some(Value::Whole(whole)) => *whole,
        _ => 0,
    }
}

pub(super) fn whole(record: &Record, name: &str) -> u64 {
    whole_of(&record.values, name)
}

fn number(record: &Record, name: &str) -> Decimal {
    match record.get(name) {
        Some(Value::Number(number)) => *number,
        _ => Decimal::ZERO,
    }
}

fn date(record: &Record, name: &str) -> Option<Day> {
    match record.get(name) {
        Some(Value::Date(day)) => Some(*day),
        _ => None,
    }
}

pub(super) fn month_of(values: &Values, name: &str) -> Option<Day> {
    let digits = whole_of(values, name).to_string();
    Day::parse(digits.as_bytes())
}
