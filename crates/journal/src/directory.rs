//! A journal's directory: made, recognised, and held by one process at a time.
//!
//! A new journal is made under another name and renamed when it is durable, so a crash while it is
//! made leaves nothing that looks like a journal. A lock of our own guards that renaming too; the
//! storage's lock would come too late.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use redb::{Builder, Database, DatabaseError};

use crate::storage;
use crate::{Journal, JournalError, Recovery};

const FILE: &str = "journal.redb";
const UNFINISHED: &str = "journal.redb.new";
const LOCK: &str = "lock";

/// How a journal is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many snapshots are kept, at least 1: a second one is there when the latest is no good.
    pub snapshots_kept: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { snapshots_kept: 2 }
    }
}

impl Journal {
    /// Opens the journal in `directory`, makes it if there is none, and repairs what a crash left.
    ///
    /// Every page is read and checked, so it takes as long as reading the file once.
    ///
    /// # Errors
    /// It is open elsewhere, not a journal, of a later version, or damaged; the system refuses.
    pub fn open(directory: &Path, options: Options) -> Result<Self, JournalError> {
        let lock = hold(directory)?;
        let unfinished = directory.join(UNFINISHED);
        if unfinished.exists() {
            fs::remove_file(&unfinished).map_err(failed(&unfinished, "deleting it"))?;
        }
        let file = directory.join(FILE);
        let is_new = !file.exists();
        if is_new {
            storage::create(&|builder| builder.create(&unfinished))?;
            fs::rename(&unfinished, &file).map_err(failed(&unfinished, "renaming it"))?;
            sync(directory)?;
        }
        forget(&file)?;
        recognise(&file)?;
        let opener =
            |builder: &mut Builder| -> Result<Database, DatabaseError> { builder.open(&file) };
        let (database, recovery) = storage::open(&opener, &file)?;
        let recovery = if is_new { Recovery::Created } else { recovery };
        Self::over(database, options.snapshots_kept, recovery, Some(lock))
    }
}

/// Makes the directory if need be, refuses a foreign one, and locks it.
fn hold(directory: &Path) -> Result<File, JournalError> {
    if !directory.exists() {
        fs::create_dir_all(directory).map_err(failed(directory, "making the directory"))?;
        let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync(parent.unwrap_or(Path::new(".")))?;
    }
    let listed = fs::read_dir(directory).map_err(failed(directory, "listing the directory"))?;
    let names: Result<Vec<_>, _> = listed.map(|entry| entry.map(|e| e.file_name())).collect();
    let names = names.map_err(failed(directory, "listing the directory"))?;
    let ours = |name: &std::ffi::OsString| [FILE, UNFINISHED, LOCK].iter().any(|our| name == our);
    if let Some(name) = names.iter().find(|name| !ours(name))
        && !names.iter().any(|name| name == FILE)
    {
        let found = format!("`{}`", name.display());
        return Err(JournalError::Foreign { path: directory.into(), found });
    }
    let path = directory.join(LOCK);
    let options = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = options.map_err(failed(&path, "opening the lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path: directory.into() }),
        Err(TryLockError::Error(error)) => Err(failed(&path, "locking")(error)),
    }
}

/// Has the file read from the disk and not from the system's cache.
///
/// After a failed flush the cache shows what never reached the disk, and calls it written. An
/// opening that believed the cache would build on it, and lose it when the power goes.
fn forget(file: &Path) -> Result<(), JournalError> {
    let opened = File::open(file).map_err(failed(file, "opening it"))?;
    opened.sync_all().map_err(failed(file, "flushing it"))?;
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&opened, 0, None, rustix::fs::Advice::DontNeed)
        .map_err(|error| failed(file, "dropping it from the cache")(error.into()))?;
    Ok(())
}

/// Refuses a file that the storage did not write; its first bytes say so.
fn recognise(file: &Path) -> Result<(), JournalError> {
    const MAGIC: &[u8] = b"redb";
    let mut first = [0; MAGIC.len()];
    let mut opened = File::open(file).map_err(failed(file, "opening it"))?;
    let read = io::Read::read(&mut opened, &mut first).map_err(failed(file, "reading it"))?;
    if first[..read] == *MAGIC {
        return Ok(());
    }
    let found = format!("a file that begins with {:02x?}", &first[..read]);
    Err(JournalError::Foreign { path: file.into(), found })
}

/// Makes names in the directory durable.
fn sync(directory: &Path) -> Result<(), JournalError> {
    // Elsewhere a directory cannot be opened, and names are durable with the file.
    if cfg!(unix) {
        let opened = File::open(directory).and_then(|opened| opened.sync_all());
        opened.map_err(failed(directory, "flushing the directory"))?;
    }
    Ok(())
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> JournalError {
    let path = PathBuf::from(path);
    move |source| JournalError::Directory { path, doing, source }
}
