//! The storage library at arm's length: opened and checked, its panics turned into errors.
//!
//! The library reports most damage as an error, but follows what the pages say, and on hostile
//! pages some of its assertions may fail first. That ends a call here, not the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use redb::{Builder, Database, DatabaseError, ReadableDatabase};

use crate::tables::{self, VERSION};
use crate::{Journal, JournalError};

/// Memory for pages, read and not yet written.
const CACHE_BYTES: usize = 64 << 20;

/// What opening a journal found to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// There was none: it was made.
    Created,
    /// It had been closed: nothing.
    Closed,
    /// It had not been closed, and no write was under way: what is free was found again.
    Reopened,
    /// A write was under way that was never acknowledged: it was undone.
    RolledBack,
}

/// How a storage is opened: from a file or, in tests, from a simulated disk.
pub(crate) type Opener<'a> = &'a dyn Fn(&mut Builder) -> Result<Database, DatabaseError>;

/// Makes the tables of a new journal and closes it.
pub(crate) fn create(opener: Opener) -> Result<(), JournalError> {
    guarded("creating the journal", || {
        let failed = "creating the journal";
        let database = opener(&mut builder()).map_err(JournalError::storage(failed))?;
        let tx = database.begin_write().map_err(JournalError::storage(failed))?;
        tables::create(&tx)?;
        tx.commit().map_err(JournalError::storage(failed))?;
        database.close().map_err(JournalError::storage(failed))
    })
}

/// Opens a storage and checks every page of it before anything is written.
pub(crate) fn open(opener: Opener, path: &Path) -> Result<(Database, Recovery), JournalError> {
    let (mut database, recovery) = open_unchecked(opener, path)?;
    if recovery != Recovery::Closed {
        // The repair has just checked every page.
        return Ok((database, recovery));
    }
    let checked = guarded("checking the storage", || {
        database.check_integrity().map_err(JournalError::storage("checking the storage"))
    });
    match checked {
        Ok(_) => Ok((database, recovery)),
        Err(error) => {
            drop(database);
            Err(named(opener, path, error))
        }
    }
}

fn open_unchecked(opener: Opener, path: &Path) -> Result<(Database, Recovery), JournalError> {
    let farthest = Arc::new(AtomicU8::new(0));
    let database = guarded("opening the storage", || {
        let mut builder = builder();
        let stages = Arc::clone(&farthest);
        builder.set_repair_callback(move |repair| {
            // The library tells its progress: a third is done when it has found the last
            // transaction broken and is about to go back to the one before.
            let went_back = (0.2..0.5).contains(&repair.progress());
            stages.fetch_max(if went_back { 2 } else { 1 }, Ordering::Relaxed);
        });
        opener(&mut builder).map_err(JournalError::storage("opening the storage"))
    })?;
    let recovery = match farthest.load(Ordering::Relaxed) {
        0 => Recovery::Closed,
        1 => Recovery::Reopened,
        _ => Recovery::RolledBack,
    };
    guarded("reading the version", || {
        let failed = JournalError::storage("reading the version");
        let tx = database.begin_read().map_err(failed)?;
        match tables::version(&tx)? {
            Some(found) if found > VERSION => Err(JournalError::Newer { found, known: VERSION }),
            Some(VERSION) => Ok(()),
            _ => {
                let found = "a database of something else".to_owned();
                Err(JournalError::Foreign { path: path.into(), found })
            }
        }
    })?;
    Ok((database, recovery))
}

/// The damage with the record it is at, if the rest can be read far enough to tell.
fn named(opener: Opener, path: &Path, error: JournalError) -> JournalError {
    let located = open_unchecked(opener, path)
        .and_then(|(database, recovery)| Journal::over(database, 1, recovery, None))
        .and_then(|journal| journal.walk().map(drop));
    match located {
        Err(named @ JournalError::Damaged { sequence: Some(_), .. }) => named,
        _ => error,
    }
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Runs what calls the storage; a panic in it is damage.
pub(crate) fn guarded<T>(
    doing: &'static str,
    call: impl FnOnce() -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        let place = format!("the storage, while {doing}");
        let found = format!("a failed assertion: {}", said.unwrap_or("no message"));
        Err(JournalError::damaged(place, None, "pages as they were written", found))
    })
}
