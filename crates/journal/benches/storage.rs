//! probe
use std::fs::{File, OpenOptions, remove_dir_all, create_dir_all};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use redb::{TableDefinition, Database, StorageBackend};

const T: TableDefinition<u64, &[u8]> = TableDefinition::new("batches");
const T2: TableDefinition<&str, &[u8]> = TableDefinition::new("head");

trait Store { fn put(&mut self, n: u64, batch: &[u8]); }

struct Raw { file: File, at: u64 }
impl Store for Raw {
    fn put(&mut self, _: u64, b: &[u8]) {
        if self.at + b.len() as u64 > 256<<20 { self.at = 0; }
        self.file.write_all_at(b, self.at).unwrap();
        self.file.sync_data().unwrap();
        self.at += b.len() as u64;
    }
}
fn raw(dir: &Path) -> Raw {
    let file = OpenOptions::new().create(true).read(true).write(true).open(dir.join("raw")).unwrap();
    let z = vec![0u8; 1<<20];
    for i in 0..256 { file.write_all_at(&z, i<<20).unwrap(); }
    file.sync_all().unwrap();
    Raw { file, at: 0 }
}
struct Redb { db: Database, two: bool, head: bool }
impl Store for Redb {
    fn put(&mut self, n: u64, b: &[u8]) {
        let mut tx = self.db.begin_write().unwrap();
        tx.set_two_phase_commit(self.two);
        { let mut t = tx.open_table(T).unwrap(); t.insert(n, b).unwrap();
          if self.head { let mut t = tx.open_table(T2).unwrap(); t.insert("head", &b[..40]).unwrap(); } }
        tx.commit().unwrap();
    }
}
#[derive(Debug)]
struct Pre { f: redb::backends::FileBackend, raw: File }
impl StorageBackend for Pre {
    fn len(&self) -> Result<u64, std::io::Error> { self.f.len() }
    fn read(&self, o: u64, b: &mut [u8]) -> Result<(), std::io::Error> { self.f.read(o, b) }
    fn set_len(&self, n: u64) -> Result<(), std::io::Error> {
        let old = self.f.len()?;
        self.f.set_len(n)?;
        if n > old {
            // write zeros
            let z = vec![0u8; 1<<20]; let mut at = old;
            while at < n { let k = (n-at).min(1<<20); self.raw.write_all_at(&z[..k as usize], at)?; at += k; }
        }
        Ok(())
    }
    fn sync_data(&self) -> Result<(), std::io::Error> { self.f.sync_data() }
    fn write(&self, o: u64, b: &[u8]) -> Result<(), std::io::Error> { self.f.write(o, b) }
}
fn redb(p: PathBuf, two: bool, head: bool) -> Redb { Redb { db: Database::create(p).unwrap(), two, head } }
fn redb_pre(p: PathBuf) -> Redb {
    let f = OpenOptions::new().create(true).read(true).write(true).open(p).unwrap();
    let raw = f.try_clone().unwrap();
    let b = Pre { f: redb::backends::FileBackend::new(f).unwrap(), raw };
    Redb { db: Database::builder().create_with_backend(b).unwrap(), two: false, head: true }
}
struct Fj { db: fjall::Database, k: fjall::Keyspace }
impl Store for Fj {
    fn put(&mut self, n: u64, b: &[u8]) {
        let mut w = self.db.batch().durability(Some(fjall::PersistMode::SyncData));
        w.insert(&self.k, n.to_be_bytes(), b);
        w.commit().unwrap();
    }
}
fn fj(p: PathBuf) -> Fj {
    let db = fjall::Database::builder(p).open().unwrap();
    let k = db.keyspace("log", || fjall::KeyspaceCreateOptions::default()).unwrap();
    Fj { db, k }
}
fn main() {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("probe");
    let _ = remove_dir_all(&dir); create_dir_all(&dir).unwrap();
    let mut stores: Vec<(&str, Box<dyn Store>)> = vec![
        ("raw", Box::new(raw(&dir))),
        ("redb1", Box::new(redb(dir.join("r1"), false, false))),
        ("redb1head", Box::new(redb(dir.join("r1h"), false, true))),
        ("redb1headpre", Box::new(redb_pre(dir.join("r1p")))),
        ("redb2", Box::new(redb(dir.join("r2"), true, false))),
        ("fjall", Box::new(fj(dir.join("fj")))),
    ];
    let mut n = 0u64;
    for (size, rounds, per) in [(256usize, 12, 20), (4096, 12, 20), (65000, 10, 10), (1<<20, 8, 5)] {
        let batch: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
        let mut times = vec![Vec::<Duration>::new(); stores.len()];
        for _ in 0..rounds {
            for (i, (_, s)) in stores.iter_mut().enumerate() {
                for _ in 0..per { n += 1; let t = Instant::now(); s.put(n, &batch); times[i].push(t.elapsed()); }
            }
        }
        for (i, (name, _)) in stores.iter().enumerate() {
            let v = &mut times[i]; v.sort();
            let sum: Duration = v.iter().sum();
            println!("{size:>8} {name:<14} p50 {:>7.0?} p90 {:>7.0?} p99 {:>7.0?} mean {:>7.0?}", v[v.len()/2], v[v.len()*9/10], v[v.len()*99/100], sum / v.len() as u32);
        }
    }
    drop(stores);
    let _ = remove_dir_all(&dir);
}
