//! `october DIR`: the published totals of 10 October 2025 about deleveraging, regenerated from the
//! tables of a folder; fails unless every one agrees.

use conformance::october::{Total, table, totals};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: october DIR, the folder with the tables adl_oct10_*.csv");
        return ExitCode::from(2);
    };
    match totals(&PathBuf::from(folder)) {
        Ok(found) => {
            print!("{}", table(&found));
            ExitCode::from(u8::from(!found.totals.iter().all(Total::agrees)))
        }
        Err(problem) => {
            eprintln!("error: {}", problem.0);
            ExitCode::from(2)
        }
    }
}
