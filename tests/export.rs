//! Tables of an engine's directory: the same in every format, whole or not there.

use keelmark_book::{Decimal, Money};
use keelmark_journal::{Journal, Log, Options};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TABLES: [&str; 6] = ["events", "accounts", "balances", "instruments", "positions", "margins"];

/// Commands of the day in the documentation.
const COMMANDS: u64 = 27;

/// A directory of its own with the day of the documentation in it; gone at the end.
struct Venue(PathBuf);

impl Venue {
    fn new(name: &str) -> Result<Self, Box<dyn Error>> {
        let directory = format!("keelmark-export-{name}-{}", std::process::id());
        let venue = Self(std::env::temp_dir().join(directory));
        let day = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/engine.in/venue-day.ndjson");
        std::fs::create_dir_all(&venue.0)?;
        let ran = venue.engine(&["run", "venue", day])?;
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Ok(venue)
    }

    fn engine(&self, arguments: &[&str]) -> std::io::Result<Output> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keelmark"));
        command.current_dir(&self.0).arg("engine").args(arguments).output()
    }

    /// Exports in a format; the directory of the tables.
    fn export(&self, format: &str) -> Result<PathBuf, Box<dyn Error>> {
        let found = self.engine(&["export", "venue", "--out", format, "--format", format])?;
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        Ok(self.0.join(format))
    }

    /// What is beside the engine's own directory.
    fn others(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let names = std::fs::read_dir(&self.0)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let names: std::io::Result<Vec<String>> = names.collect();
        Ok(names?.into_iter().filter(|name| name != "venue").collect())
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A table: its columns, and its rows as text.
type Table = (Vec<String>, Vec<Vec<String>>);

fn csv(directory: &Path, table: &str) -> Result<Table, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(directory.join(format!("{table}.csv")))?;
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = cells(reader.headers()?);
    let rows: Result<Vec<_>, csv::Error> = reader.records().map(|row| Ok(cells(&row?))).collect();
    Ok((header, rows?))
}

#[test]
fn csv_and_json_lines_say_the_same() -> Result<(), Box<dyn Error>> {
    let venue = Venue::new("lines")?;
    let (csvs, ndjsons) = (venue.export("csv")?, venue.export("ndjson")?);
    for table in TABLES {
        let (header, rows) = csv(&csvs, table)?;
        let text = std::fs::read_to_string(ndjsons.join(format!("{table}.ndjson")))?;
        assert_eq!(text.lines().count(), rows.len(), "{table}");
        assert!(!rows.is_empty(), "{table}");
        for (line, row) in text.lines().zip(&rows) {
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)?;
            assert_eq!(object.keys().collect::<Vec<_>>(), header.iter().collect::<Vec<_>>());
            let cells = object.values().map(|value| match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            assert_eq!(&cells.collect::<Vec<_>>(), row, "{table}");
        }
    }
    Ok(())
}

#[test]
fn the_tables_hold_what_happened() -> Result<(), Box<dyn Error>> {
    let venue = Venue::new("facts")?;
    let directory = venue.export("csv")?;
    let (_, balances) = csv(&directory, "balances")?;
    let mut sums: BTreeMap<String, Money> = BTreeMap::new();
    for row in &balances {
        let sum = sums.entry(row[3].clone()).or_default();
        *sum = sum.plus(Money::new(row[4].parse::<Decimal>()?))?;
    }
    assert!(!sums.is_empty() && sums.values().all(|sum| sum.is_zero()), "{sums:?}");

    let (_, events) = csv(&directory, "events")?;
    let mut last = (0, 0);
    for row in &events {
        let at: (u64, u64) = (row[0].parse()?, row[1].parse()?);
        assert!(at > last || at == (1, 0), "{at:?} after {last:?}");
        last = at;
        let event: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&row[6])?;
        assert!(event.contains_key(&row[5]) && event.len() == 1, "{row:?}");
    }
    assert_eq!(last.0, COMMANDS);

    let (_, positions) = csv(&directory, "positions")?;
    let fund = ["fund", "demo:BTC/USDC:USDC-260626-80000-C", "-5", "4080", "4100", "USDC"];
    let held = positions.iter().find(|row| row[0] == "fund").ok_or("no position")?;
    assert_eq!(held[..6], fund);
    assert_eq!(held[6..], ["-20400", "-100", "false", ""], "cost, loss, shared");
    Ok(())
}

#[test]
fn what_was_dropped_behind_a_snapshot_is_said() -> Result<(), Box<dyn Error>> {
    let venue = Venue::new("dropped")?;
    assert!(venue.engine(&["snapshot", "venue"])?.status.success());
    let more = venue.0.join("more.ndjson");
    std::fs::write(&more, "{\"do\":{\"index\":{\"asset\":\"BTC\",\"price\":\"67001\"}}}\n")?;
    assert!(venue.engine(&["run", "venue", "more.ndjson"])?.status.success());
    let found = venue.engine(&["export", "venue", "--out", "late", "--json"])?;
    let said = String::from_utf8(found.stderr)?;
    assert!(said.contains("dropped behind a snapshot"), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&found.stdout)?;
    assert_eq!(report["events_from"], COMMANDS + 1);
    let (_, events) = csv(&venue.0.join("late"), "events")?;
    assert!(events.iter().all(|row| row[0] == (COMMANDS + 1).to_string()), "{events:?}");
    assert_eq!(csv(&venue.0.join("late"), "accounts")?.1.len(), 3);
    Ok(())
}

#[test]
fn nothing_is_written_over_and_nothing_half_is_left() -> Result<(), Box<dyn Error>> {
    let venue = Venue::new("whole")?;
    venue.export("csv")?;
    let again = venue.engine(&["export", "venue", "--out", "csv"])?;
    assert_eq!(again.status.code(), Some(3));
    let nowhere = venue.engine(&["export", "nowhere", "--out", "tables"])?;
    assert_eq!(nowhere.status.code(), Some(3));
    assert_eq!(venue.others()?, ["csv"]);

    // A record that is no command ends the replay in the midst of the first table.
    let mut journal = Journal::open(&venue.0.join("venue"), Options::default())?;
    journal.append(&[b"no command"])?;
    journal.close()?;
    let broken = venue.engine(&["export", "venue", "--out", "tables"])?;
    assert_eq!(broken.status.code(), Some(3), "{}", String::from_utf8_lossy(&broken.stderr));
    assert_eq!(venue.others()?, ["csv"]);
    Ok(())
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_get_it() -> Result<(), Box<dyn Error>> {
    let venue = Venue::new("without")?;
    let found = venue.engine(&["export", "venue", "--out", "t", "--format", "parquet"])?;
    assert_eq!(found.status.code(), Some(2));
    let said = String::from_utf8(found.stderr)?;
    assert!(said.contains("--features parquet"), "{said}");
    assert!(venue.others()?.is_empty());
    Ok(())
}

#[cfg(feature = "parquet")]
mod parquet_files {
    use super::{TABLES, Venue, csv};
    use keelmark_book::{Decimal, Timestamp};
    use parquet::basic::{LogicalType, Type};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    use std::error::Error;

    /// A cell as the other formats write it.
    fn text(field: &Field) -> Result<String, Box<dyn Error>> {
        Ok(match field {
            Field::Null => String::new(),
            Field::Str(text) => text.clone(),
            Field::Bool(flag) => flag.to_string(),
            Field::ULong(number) => number.to_string(),
            Field::Long(nanos) => Timestamp::from_nanos(*nanos).to_string(),
            Field::Decimal(_) => field.to_string().parse::<Decimal>()?.to_string(),
            other => return Err(format!("no cell of ours: {other:?}").into()),
        })
    }

    #[test]
    fn they_hold_what_csv_holds() -> Result<(), Box<dyn Error>> {
        let venue = Venue::new("parquet")?;
        let (csvs, parquets) = (venue.export("csv")?, venue.export("parquet")?);
        for table in TABLES {
            let (header, expected) = csv(&csvs, table)?;
            let file = std::fs::File::open(parquets.join(format!("{table}.parquet")))?;
            let reader = SerializedFileReader::new(file)?;
            let mut found = Vec::new();
            for row in reader.get_row_iter(None)? {
                let row = row?;
                let names: Vec<&String> = row.get_column_iter().map(|(name, _)| name).collect();
                assert_eq!(names, header.iter().collect::<Vec<_>>());
                let cells = row.get_column_iter().map(|(_, field)| text(field));
                found.push(cells.collect::<Result<Vec<String>, _>>()?);
            }
            assert_eq!(found, expected, "{table}");
        }
        Ok(())
    }

    #[test]
    fn amounts_are_decimals_of_38_digits_and_times_have_a_zone() -> Result<(), Box<dyn Error>> {
        let venue = Venue::new("types")?;
        let directory = venue.export("parquet")?;
        let column = |table: &str, name: &str| -> Result<_, Box<dyn Error>> {
            let file = std::fs::File::open(directory.join(format!("{table}.parquet")))?;
            let reader = SerializedFileReader::new(file)?;
            let schema = reader.metadata().file_metadata().schema_descr_ptr();
            let of_name = schema.columns().iter().find(|one| one.name() == name);
            let found = of_name.ok_or("no such column")?;
            Ok((found.physical_type(), format!("{:?}", found.logical_type_ref())))
        };
        let (held_as, amount) = column("balances", "amount")?;
        assert_eq!(held_as, Type::FIXED_LEN_BYTE_ARRAY);
        assert!(amount.contains("38") && amount.contains("18"), "{amount}");
        let (_, time) = column("events", "time")?;
        assert!(time.contains("NANOS") && time.contains("true"), "{time}");
        assert_eq!(column("events", "event")?.1, format!("{:?}", Some(LogicalType::Json)));
        Ok(())
    }
}
