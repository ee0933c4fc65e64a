//! Records into a file: contracts stand in two halves, and what scales them stands elsewhere.

use super::super::{
    Commodity, Contract, Counts, Day, Leg, Product, RiskFile, SCENARIOS, Spread, Terms, Wanted,
};
use super::{Points, Record, Value, Values, columns, decode, find, id};
use keelmark_book::{Decimal, Right, Round};
use std::collections::BTreeMap;

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
    /// Products of the commodity that is open, and the power of ten of its losses.
    exponents: BTreeMap<String, u32>,
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
        if self.file.date.is_none() {
            return Err("expected a record 0 with a day, found none".to_owned());
        }
        // What has only one of its two records has no array.
        self.file.counts.without_array += self.halves.len() as u64;
        Ok(self.file)
    }

    pub fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        let array = matches!(id(line), b"81" | b"82");
        if array && !self.wants(line)? {
            return Ok(());
        }
        let points = if array { self.points_of(line).0 } else { Points::default() };
        let Some(record) = decode(line, points)? else {
            self.file.counts.skip(id(line));
            return Ok(());
        };
        match record.id {
            "0" => self.file.date = date(&record, "business_date"),
            "T" => {
                let rate = (text(&record, "from"), text(&record, "to"), number(&record, "rate"));
                self.file.rates.push(rate);
            }
            "2" => self.commodity(&record)?,
            "3" => self.tiers(&record),
            "C" | "E" => self.spread(&record)?,
            "4" => self.deliveries(&record),
            "B" => self.months(&record),
            "P" => self.product_terms(&record),
            "6" => self.credit(&record),
            "81" => self.first_half(&record)?,
            "82" => self.second_half(&record)?,
            _ => {}
        }
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
        };
        self.open(record).spreads.push(spread);
        Ok(())
    }

    fn deliveries(&mut self, record: &Record) {
        let (rate, method) = (whole(record, "som_rate"), text(record, "som_method"));
        let one = self.open(record);
        one.minimum_rate = Decimal::from_int(rate as i64);
        one.minimum_is_max = method == "2";
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

    fn credit(&mut self, record: &Record) {
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
        let method = text(record, "method");
        let flat = text(record, "credit_method") == "F";
        let hundred = Decimal::from_int(100);
        let percent = number(record, "credit_rate_percent");
        let share = percent.over(hundred, Round::Down).unwrap_or_default();
        self.file.credits.push(Spread {
            priority: whole(record, "priority") as u32,
            rate: if flat { percent } else { share },
            method: if flat { "F".to_owned() } else { method },
            legs: legs.collect(),
        });
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

    fn first_half(&mut self, record: &Record) -> Result<(), String> {
        let mut losses = [Decimal::ZERO; SCENARIOS];
        fill(&mut losses[..FIRST], record.group("risk_array_1_to_9"))?;
        self.halves.insert(Self::key(record), (number(record, "settlement_price"), losses));
        Ok(())
    }

    fn second_half(&mut self, record: &Record) -> Result<(), String> {
        let key = Self::key(record);
        let Some((price, mut losses)) = self.halves.remove(&key) else {
            return Err(format!(
                "record 82 of {} {}: expected its record 81 before it",
                key.0, key.1
            ));
        };
        fill(&mut losses[FIRST..], record.group("risk_array_10_to_16"))?;
        let exponent = self.exponents.get(&key.0).copied().unwrap_or(0);
        let power = Decimal::from_int(10i64.pow(exponent.min(9)));
        for loss in &mut losses {
            *loss = loss.times(power, Round::Up).map_err(|error| error.to_string())?;
        }
        let month = (key.0.clone(), key.1.clone(), key.3, key.4);
        let scaling = self.scaling.get(&month).copied().unwrap_or(Decimal::ONE);
        let delta = number(record, "composite_delta").times(scaling, Round::Nearest);
        let Some((terms, expiry)) = contract(record)? else { return Ok(()) };
        let size = self.points.get(&(key.0.clone(), key.1)).map_or(Decimal::ONE, |(_, size)| *size);
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

fn fill(losses: &mut [Decimal], rows: &[Values]) -> Result<(), String> {
    if rows.len() != losses.len() {
        let (all, found) = (losses.len(), rows.len());
        return Err(format!("expected {all} losses in an array's record, found {found}"));
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

fn text(record: &Record, name: &str) -> String {
    text_of(&record.values, name)
}

fn whole_of(values: &Values, name: &str) -> u64 {
    match find(values, name) {
        Some(Value::Whole(whole)) => *whole,
        _ => 0,
    }
}

fn whole(record: &Record, name: &str) -> u64 {
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

fn month_of(values: &Values, name: &str) -> Option<Day> {
    let digits = whole_of(values, name).to_string();
    Day::parse(digits.as_bytes())
}
