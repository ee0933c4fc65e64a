//! Tables of a backtest as Parquet: text and doubles, written by the crate's own writers.

use super::tables::{Sheet, Value};
use crate::failure::Failure;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Writes a table.
pub fn write(sheet: &Sheet, path: &Path) -> Result<(), Failure> {
    let said = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("{}: cannot write: {error}", path.display()))
    };
    let file = File::create(path).map_err(|error| said(&error))?;
    written(sheet, file).map_err(|error| said(&error))
}

fn written(sheet: &Sheet, file: File) -> Result<(), ParquetError> {
    let numbers: Vec<bool> = (0..sheet.columns.len())
        .map(|at| !matches!(sheet.rows.first().map(|row| &row[at]), Some(Value::Text(_))))
        .collect();
    let fields = sheet.columns.iter().zip(&numbers).map(|(name, number)| {
        if *number {
            format!("OPTIONAL DOUBLE {name};")
        } else {
            format!("REQUIRED BINARY {name} (STRING);")
        }
    });
    let text = format!("message {} {{ {} }}", sheet.name, fields.collect::<Vec<_>>().join(" "));
    let schema = Arc::new(parse_message_type(&text)?);
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default())?;
    let mut group = writer.next_row_group()?;
    for at in 0..sheet.columns.len() {
        let Some(mut to) = group.next_column()? else { break };
        let cells = sheet.rows.iter().map(|row| &row[at]);
        match to.untyped() {
            ColumnWriter::DoubleColumnWriter(to) => {
                let all = cells.map(|cell| match cell {
                    Value::Number(number) => *number,
                    Value::Text(_) => None,
                });
                let all: Vec<Option<f64>> = all.collect();
                let levels: Vec<i16> = all.iter().map(|one| i16::from(one.is_some())).collect();
                let there: Vec<f64> = all.into_iter().flatten().collect();
                to.write_batch(&there, Some(&levels), None)?;
            }
            ColumnWriter::ByteArrayColumnWriter(to) => {
                let all = cells.map(|cell| match cell {
                    Value::Text(text) => ByteArray::from(text.as_str()),
                    Value::Number(_) => ByteArray::from(""),
                });
                to.write_batch(&all.collect::<Vec<_>>(), None, None)?;
            }
            _ => return Err(ParquetError::General("a column of another type".to_owned())),
        }
        to.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}
