//! The storage library at arm's length: opened and checked, its panics turned into errors.
//!
//! The library reports most damage as an error, but follows what the pages say, and on hostile
//! pages some of its assertions may fail first. That ends a call here, not the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Nothing was under way when it was left, closed or not.
    Whole,
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

/// Opens a storage and checks every page of it before anything in it is believed.
pub(crate) fn open(opener: Opener, path: &Path) -> Result<(Database, Recovery), JournalError> {
    let opened = open_with(opener, path, true);
    opened.map_err(|error| match error {
        JournalError::Damaged { sequence: None, .. } => named(opener, path, error),
        error => error,
    })
}

fn open_with(
    opener: Opener,
    path: &Path,
    checked: bool,
) -> Result<(Database, Recovery), JournalError> {
    let undone = Arc::new(AtomicBool::new(false));
    let database = guarded("opening the storage", || {
        let mut builder = builder();
        let noted = Arc::clone(&undone);
        builder.set_check_integrity_on_open(checked);
        builder.set_repair_callback(move |repair| {
            // The library tells its progress: a third is done when it has found the last
            // transaction broken and is about to go back to the one before.
            if (0.2..0.5).contains(&repair.progress()) {
                noted.store(true, Ordering::Relaxed);
            }
        });
        opener(&mut builder).map_err(JournalError::storage("opening the storage"))
    })?;
    let undone = undone.load(Ordering::Relaxed);
    let recovery = if undone { Recovery::RolledBack } else { Recovery::Whole };
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
    let located = guarded("finding the damage", || {
        let (database, recovery) = open_with(opener, path, false)?;
        Journal::over(database, 1, recovery, None)?.walk()
    });
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
