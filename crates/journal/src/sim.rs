//! A disk in memory that fails as disks do, under the real journal and the real storage.
//!
//! What is written stands in a cache until a flush. When the power goes, any of it may be lost,
//! kept or torn; when the process is killed, the cache survives. A disk can be full, fail a write
//! or a flush, and hand out a flipped bit. All of it follows from a seed.
//!
//! It refuses to do: sparing whoever relies on order without a flush.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Builder, StorageBackend};

use crate::storage;
use crate::{Journal, JournalError, Options, Recovery};

/// What a drive writes whole or, at the one where the power goes, in part.
const SECTOR_BYTES: usize = 512;

/// A generator of numbers from a seed: splitmix64, which every platform computes alike.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number below `bound`, which is above zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What goes wrong, counted in operations: each write, change of length and flush is one, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The machine stops in the middle of this operation.
    pub stop_at: Option<u64>,
    /// From this operation on, nothing more fits.
    pub full_from: Option<u64>,
    /// This operation fails, once. A flush that fails takes what it did not write for written, as
    /// systems do: the cache still shows it, and the next flush succeeds.
    pub fail_at: Option<u64>,
    /// Reads of this byte have this bit (0 to 7) flipped.
    pub flip: Option<(u64, u8)>,
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The process is gone, the system is not: everything written is there.
    Killed,
    /// The power is gone: of what was not flushed, any part.
    PowerLost,
}

/// A simulated disk that holds one journal. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    flushed: Vec<u8>,
    cache: Vec<u8>,
    unflushed: Vec<Change>,
    /// Whether the journal has its name: before, a crash leaves nothing.
    named: bool,
    operations: u64,
    flushes: u64,
    stopped: bool,
    faults: Faults,
    random: Option<Random>,
}

#[derive(Clone)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl Disk {
    /// Opens the journal on the disk, or makes one.
    ///
    /// # Errors
    /// As for a directory; the path of the messages is `simulated`.
    pub fn open(&self, options: Options) -> Result<Journal, JournalError> {
        let opener = |builder: &mut Builder| builder.create_with_backend(self.clone());
        self.state().forget();
        let is_new = !self.state().named;
        if is_new {
            storage::create(&opener)?;
            self.state().named = true;
        }
        let (database, recovery) = storage::open(&opener, Path::new("simulated"))?;
        let recovery = if is_new { Recovery::Created } else { recovery };
        Journal::over(database, options.snapshots_kept, recovery, None)
    }

    /// Sets what goes wrong from now on; `seed` decides what a failing flush has written.
    pub fn set_faults(&self, faults: Faults, seed: u64) {
        let mut state = self.state();
        state.faults = faults;
        state.random = Some(Random(seed));
    }

    /// How many operations there were: each write, change of length and flush.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// How many flushes there were.
    pub fn flushes(&self) -> u64 {
        self.state().flushes
    }

    /// How many bytes the disk holds.
    pub fn bytes(&self) -> u64 {
        self.state().cache.len() as u64
    }

    /// What a read of the whole disk would yield.
    pub fn image(&self) -> Vec<u8> {
        self.state().cache.clone()
    }

    /// Flips a bit of what is on the disk, for good.
    pub fn damage(&self, byte: u64, bit: u8) {
        let mut state = self.state();
        let at = byte as usize;
        state.cache[at] ^= 1 << bit;
        state.flushed[at] ^= 1 << bit;
    }

    /// The disk as the next start finds it, without faults.
    #[must_use]
    pub fn restart(&self, end: End, random: &mut Random) -> Self {
        let state = self.state();
        let State { flushed, cache, unflushed, named, .. } = state.clone();
        let next = match end {
            _ if !named => State::default(),
            End::Killed => State { flushed, cache, unflushed, named, ..State::default() },
            End::PowerLost => {
                let flushed = survivors(&flushed, &unflushed, random);
                State { cache: flushed.clone(), flushed, named, ..State::default() }
            }
        };
        Self(Arc::new(Mutex::new(next)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of `changes` is on the disk after a power failure: from none to all of them, in order or
/// not, torn or not.
fn survivors(flushed: &[u8], changes: &[Change], random: &mut Random) -> Vec<u8> {
    let mut image = flushed.to_vec();
    let manner = random.below(5);
    let reached = random.below(changes.len() as u64 + 1) as usize;
    for (number, change) in changes.iter().enumerate() {
        match manner {
            1 => apply(&mut image, change),
            2 if number < reached => apply(&mut image, change),
            2 if number == reached => tear(&mut image, change, random),
            3 if random.below(2) == 0 => apply(&mut image, change),
            4 => scatter(&mut image, change, random),
            _ => {}
        }
    }
    image
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => image.resize(*length, 0),
        Change::Write(at, bytes) => write(image, *at, bytes),
    }
}

/// The first bytes of a write.
fn tear(image: &mut Vec<u8>, change: &Change, random: &mut Random) {
    if let Change::Write(at, bytes) = change {
        write(image, *at, &bytes[..random.below(bytes.len() as u64 + 1) as usize]);
    }
}

/// Some sectors of a write.
fn scatter(image: &mut Vec<u8>, change: &Change, random: &mut Random) {
    let Change::Write(at, bytes) = change else {
        return apply(image, change);
    };
    for (sector, part) in bytes.chunks(SECTOR_BYTES).enumerate() {
        if random.below(2) == 0 {
            write(image, at + sector * SECTOR_BYTES, part);
        }
    }
}

fn write(image: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if image.len() < at + bytes.len() {
        image.resize(at + bytes.len(), 0);
    }
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

impl State {
    /// Counts an operation; what goes wrong with it, if anything.
    fn operation(&mut self) -> io::Result<()> {
        let number = self.operations;
        if self.stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        self.operations += 1;
        if self.faults.fail_at == Some(number) {
            return Err(io::Error::other("simulated failure"));
        }
        if self.faults.stop_at == Some(number) {
            self.stopped = true;
            return Err(io::Error::other("the machine stops"));
        }
        Ok(())
    }

    /// Drops from the cache what is not waiting to be written, as opening a directory does.
    fn forget(&mut self) {
        let Self { flushed, cache, unflushed, .. } = self;
        cache.clone_from(flushed);
        unflushed.iter().for_each(|change| apply(cache, change));
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        let full = self.faults.full_from.is_some_and(|from| from <= self.operations);
        let done = self.operation();
        if full {
            return done.and(Err(ErrorKind::StorageFull.into()));
        }
        // One that fails or is interrupted may still reach the disk, or some of it may.
        apply(&mut self.cache, &change);
        self.unflushed.push(change);
        done
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.operation();
        self.flushes += 1;
        let Self { flushed, unflushed, random, stopped, .. } = self;
        match (&done, random) {
            (Ok(()), _) => unflushed.iter().for_each(|change| apply(flushed, change)),
            (Err(_), Some(random)) if !*stopped => *flushed = survivors(flushed, unflushed, random),
            _ => return done,
        }
        unflushed.clear();
        done
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.bytes())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let state = self.state();
        if state.stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        let from = offset as usize;
        let found = state.cache.get(from..from + out.len());
        out.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        if let Some((byte, bit)) = state.faults.flip
            && let Some(at) = byte.checked_sub(offset)
            && let Some(flipped) = out.get_mut(at as usize)
        {
            *flipped ^= 1 << bit;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.state().change(Change::Length(len as usize))
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.state().flush()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.state().change(Change::Write(offset as usize, data.to_vec()))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cache, operations, .. } = self;
        write!(f, "State {{ {} bytes after {operations} operations }}", cache.len())
    }
}
