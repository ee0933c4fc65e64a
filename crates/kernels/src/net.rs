//! Exact netting: positions times rows, summed per column, in 64-bit integers.
//!
//! Positions are in CSR form and rows lie one per instrument with columns contiguous; the lanes are
//! columns, so all sums of an account stay in registers during one pass over its positions.
//! Rejected, as measured in the roofline probe: a vector per account (7 times slower),
//! `[column][instrument]` tables (7 times), blocking accounts by instrument (2 times), and f64 sums
//! (5 % faster, not exact, order-dependent).
//!
//! **The bound.** Arithmetic is modulo 2^64, so a result is right whenever the true sum fits in
//! `i64`, whatever the partial sums did. The caller proves that with [`bound_holds`]; where it does
//! not hold, [`sums_wide`] is exact up to 2^127 and panics rather than wrap.
use std::error::Error;
use std::fmt;
use std::ops::Range;

use crate::pages::large;
use crate::width::{Width, by_width};

/// Columns carried in registers at once.
const CHUNK: usize = 32;
/// Row widths are multiples of this: one 64-byte line, one AVX-512 register.
const LINE: usize = 8;

/// Positions of all accounts: account a owns entries `start[a]..start[a + 1]` of both columns.
#[derive(Clone, Copy, Debug)]
pub struct Positions<'a> {
    /// Ascending, one longer than there are accounts.
    pub start: &'a [u32],
    /// Row number per position.
    pub instrument: &'a [u32],
    /// Lots per position, signed.
    pub quantity: &'a [i64],
}

/// A row-major table: `data[i * width..][..width]` is what one lot of instrument i contributes.
/// `width` is a positive multiple of 8; data aligned to 64 bytes ([`AlignedRows`]) is faster.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Columns per row.
    pub width: usize,
    /// All rows, one after the other.
    pub data: &'a [i64],
}

/// Why [`Positions::check`] refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// `instrument` and `quantity` differ in length.
    Lengths {
        /// Length of `instrument`.
        instruments: usize,
        /// Length of `quantity`.
        quantities: usize,
    },
    /// `start` is empty, descends, or ends past the last position.
    Start {
        /// First index into `start` that is wrong.
        index: usize,
    },
    /// A position names a row the table does not have.
    Instrument {
        /// Index of the position.
        position: usize,
        /// The row it names.
        instrument: u32,
        /// Rows in the table.
        rows: usize,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Malformed::Lengths { instruments, quantities } => {
                write!(f, "{instruments} instruments, but {quantities} quantities")
            }
            Malformed::Start { index } => {
                write!(f, "start[{index}] descends or lies past the last position")
            }
            Malformed::Instrument { position, instrument, rows } => {
                write!(f, "position {position} names instrument {instrument} of {rows}")
            }
        }
    }
}

impl Error for Malformed {}

impl Positions<'_> {
    /// Number of accounts.
    pub fn accounts(&self) -> usize {
        self.start.len().saturating_sub(1)
    }

    /// Checks everything the kernels would panic about, once, with the place that is wrong.
    pub fn check(&self, rows: &Rows<'_>) -> Result<(), Malformed> {
        let (instruments, quantities) = (self.instrument.len(), self.quantity.len());
        if instruments != quantities {
            return Err(Malformed::Lengths { instruments, quantities });
        }
        if self.start.is_empty() {
            return Err(Malformed::Start { index: 0 });
        }
        if let Some(index) = self.start.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(Malformed::Start { index: index + 1 });
        }
        if self.start[self.start.len() - 1] as usize > instruments {
            return Err(Malformed::Start { index: self.start.len() - 1 });
        }
        let rows = rows.count();
        match self.instrument.iter().position(|&i| i as usize >= rows) {
            Some(position) => {
                Err(Malformed::Instrument { position, instrument: self.instrument[position], rows })
            }
            None => Ok(()),
        }
    }
}

impl<'a> Rows<'a> {
    /// Number of rows.
    ///
    /// # Panics
    /// If `width` is not a positive multiple of 8 or `data` does not consist of whole rows.
    pub fn count(&self) -> usize {
        let width = self.width;
        assert!(width > 0 && width.is_multiple_of(LINE), "rows of {width}, expected 8, 16, 24 …");
        assert!(
            self.data.len().is_multiple_of(width),
            "{} cells in rows of {width}",
            self.data.len()
        );
        self.data.len() / width
    }

    /// Row `i`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, i: usize) -> &'a [i64] {
        &self.data[i * self.width..][..self.width]
    }
}

/// One cache line of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
struct Line([i64; LINE]);

/// An owned table whose rows start on cache lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlignedRows {
    width: usize,
    lines: Vec<Line>,
}

impl AlignedRows {
    /// `rows` rows of `width` zeros.
    ///
    /// # Panics
    /// If `width` is not a positive multiple of 8.
    pub fn zeroed(rows: usize, width: usize) -> AlignedRows {
        assert!(width > 0 && width.is_multiple_of(LINE), "rows of {width}, expected 8, 16, 24 …");
        let count = rows * (width / LINE);
        let mut lines: Vec<Line> = Vec::with_capacity(count);
        large(lines.as_mut_ptr().cast(), count * size_of::<Line>());
        lines.resize(count, Line([0; LINE]));
        AlignedRows { width, lines }
    }

    /// Columns per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.lines.len() / (self.width / LINE)
    }

    /// All cells, row after row.
    #[allow(unsafe_code)]
    pub fn data(&self) -> &[i64] {
        // SAFETY: `Line` is repr(C) around [i64; 8] and 64 bytes long, so n lines are 8 n
        // contiguous initialised i64, borrowed as long as `self`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * LINE) }
    }

    /// All cells, row after row, to be filled.
    #[allow(unsafe_code)]
    pub fn data_mut(&mut self) -> &mut [i64] {
        let n = self.lines.len() * LINE;
        // SAFETY: as in `data`; the borrow is unique as `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), n) }
    }

    /// Row `i`. Panics if there is no such row.
    pub fn row(&self, i: usize) -> &[i64] {
        &self.data()[i * self.width..][..self.width]
    }

    /// Row `i`, to be filled. Panics if there is none.
    pub fn row_mut(&mut self, i: usize) -> &mut [i64] {
        let width = self.width;
        &mut self.data_mut()[i * width..][..width]
    }

    /// The table as the kernels take it.
    pub fn as_rows(&self) -> Rows<'_> {
        Rows { width: self.width, data: self.data() }
    }
}

const _: () = assert!(size_of::<Line>() == LINE * size_of::<i64>() && align_of::<Line>() == 64);

/// Whether sums of `quantity * cell` must fit in `i64`, from the largest |cell| of the rows and the
/// sum of |quantity| over one account's positions.
pub fn bound_holds(rows_max_abs: u64, sum_abs_quantity: u64) -> bool {
    u128::from(rows_max_abs) * u128::from(sum_abs_quantity) < 1 << 63
}

/// `out[k]` = the smallest column sum of account `accounts.start + k`; 0 for one with no positions.
///
/// Right if [`bound_holds`] for each account; otherwise sums are taken modulo 2^64.
///
/// # Panics
/// If `out` is not as long as `accounts`, an account or an instrument does not exist (see
/// [`Positions::check`]), the rows are not whole, or this machine lacks `width`.
pub fn worst(
    width: Width,
    positions: &Positions<'_>,
    rows: &Rows<'_>,
    accounts: Range<usize>,
    out: &mut [i64],
) {
    assert!(
        accounts.start <= accounts.end && accounts.end <= positions.accounts(),
        "accounts {accounts:?} of {}",
        positions.accounts()
    );
    assert!(out.len() == accounts.len(), "accounts {accounts:?}, room for {}", out.len());
    assert!(positions.instrument.len() == positions.quantity.len(), "positions differ in length");
    let _ = rows.count();
    let start = &positions.start[accounts.start..=accounts.end];
    if rows.width == CHUNK {
        worst_narrow(width, start, positions, rows.data, out);
    } else {
        worst_wide(width, start, positions, rows, out);
    }
}

/// `out[c]` = sum of `quantity[p] * row(instruments[p])[c]`, for one account. Same bound as
/// [`worst`].
///
/// # Panics
/// If the lengths differ, `out` is not one row long, an instrument does not exist, or this machine
/// lacks `width`.
pub fn sums(width: Width, instruments: &[u32], quantity: &[i64], rows: &Rows<'_>, out: &mut [i64]) {
    assert!(instruments.len() == quantity.len(), "positions differ in length");
    assert!(out.len() == rows.width, "rows of {}, room for {}", rows.width, out.len());
    let _ = rows.count();
    sums_at(width, instruments, quantity, rows, out);
}

/// [`sums`] in 128 bits, checked: exact while max|cell| * sum|quantity| < 2^127. Slower.
///
/// # Panics
/// As [`sums`], and if a partial sum leaves `i128` (two products of the most extreme `i64` do).
pub fn sums_wide(instruments: &[u32], quantity: &[i64], rows: &Rows<'_>, out: &mut [i128]) {
    assert!(instruments.len() == quantity.len(), "positions differ in length");
    assert!(out.len() == rows.width, "rows of {}, room for {}", rows.width, out.len());
    let _ = rows.count();
    out.fill(0);
    for (&i, &q) in instruments.iter().zip(quantity) {
        for (sum, &cell) in out.iter_mut().zip(rows.row(i as usize)) {
            let product = i128::from(q) * i128::from(cell);
            *sum = sum.checked_add(product).unwrap_or_else(|| too_large());
        }
    }
}

/// Largest magnitude of a cell that [`add_products`] takes.
pub const LARGEST_SPLIT_CELL: u64 = 1 << 50;

/// `out[c] += quantity[p] * row(instruments[p])[c]` in 128 bits, at nearly the speed of [`sums`]:
/// each cell is taken in two parts whose products with a quantity fit in 64 bits. `out` may be
/// shorter than a row.
///
/// # Panics
/// If the lengths differ, `out` is longer than a row, an instrument does not exist, or this machine
/// lacks `width`. Sums are wrong where a cell passes [`LARGEST_SPLIT_CELL`].
pub fn add_products(
    width: Width,
    instruments: &[u32],
    quantity: &[i32],
    rows: &Rows<'_>,
    out: &mut [i128],
) {
    assert!(instruments.len() == quantity.len(), "positions differ in length");
    assert!(out.len() <= rows.width, "rows of {}, sums of {}", rows.width, out.len());
    let _ = rows.count();
    add_products_at(width, instruments, quantity, rows, out);
}

/// `acc[c] += q * row[c]`: one fill applied to a cached exposure. Any length; same bound as
/// [`worst`], over all that was ever added.
///
/// # Panics
/// If the lengths differ or this machine lacks `width`.
pub fn add_row(width: Width, q: i64, row: &[i64], acc: &mut [i64]) {
    assert!(row.len() == acc.len(), "a row of {} onto {}", row.len(), acc.len());
    add_row_at(width, q, row, acc);
}

by_width! {
    fn worst_narrow(start: &[u32], positions: &Positions<'_>, data: &[i64], out: &mut [i64])
        = worst_narrow_body
}
by_width! {
    fn worst_wide(start: &[u32], positions: &Positions<'_>, rows: &Rows<'_>, out: &mut [i64])
        = worst_wide_body
}
by_width! {
    fn sums_at(instruments: &[u32], quantity: &[i64], rows: &Rows<'_>, out: &mut [i64]) = sums_body
}
by_width! {
    fn add_products_at(instruments: &[u32], quantity: &[i32], rows: &Rows<'_>, out: &mut [i128])
        = add_products_body
}
by_width! { fn add_row_at(q: i64, row: &[i64], acc: &mut [i64]) = add_row_body }

#[inline(always)]
fn worst_narrow_body(start: &[u32], positions: &Positions<'_>, data: &[i64], out: &mut [i64]) {
    let (rows, _) = data.as_chunks::<CHUNK>();
    for (ends, out) in start.windows(2).zip(out) {
        let owned = ends[0] as usize..ends[1] as usize;
        let (instruments, quantity) =
            (&positions.instrument[owned.clone()], &positions.quantity[owned]);
        *out =
            least(&chunk(instruments, quantity, |i| rows.get(i).unwrap_or_else(|| no_such_row(i))));
    }
}

#[inline(always)]
fn worst_wide_body(start: &[u32], positions: &Positions<'_>, rows: &Rows<'_>, out: &mut [i64]) {
    let width = rows.width;
    for (ends, out) in start.windows(2).zip(out) {
        let owned = ends[0] as usize..ends[1] as usize;
        let (instruments, quantity) =
            (&positions.instrument[owned.clone()], &positions.quantity[owned]);
        let (mut worst, mut column) = (i64::MAX, 0);
        while column + CHUNK <= width {
            let sums = chunk(instruments, quantity, |i| part::<CHUNK>(rows, i, column));
            worst = worst.min(least(&sums));
            column += CHUNK;
        }
        while column < width {
            let sums = chunk(instruments, quantity, |i| part::<LINE>(rows, i, column));
            worst = worst.min(least(&sums));
            column += LINE;
        }
        *out = worst;
    }
}

#[inline(always)]
fn sums_body(instruments: &[u32], quantity: &[i64], rows: &Rows<'_>, out: &mut [i64]) {
    let (width, mut column) = (rows.width, 0);
    while column + CHUNK <= width {
        let sums = chunk(instruments, quantity, |i| part::<CHUNK>(rows, i, column));
        out[column..column + CHUNK].copy_from_slice(&sums);
        column += CHUNK;
    }
    while column < width {
        let sums = chunk(instruments, quantity, |i| part::<LINE>(rows, i, column));
        out[column..column + LINE].copy_from_slice(&sums);
        column += LINE;
    }
}

/// Columns whose sums stay in the nearest cache while positions pass: parts of rows as long as a
/// few pages, which the machine reads ahead.
const TILE: usize = 1_280;
/// Bits of the lower part of a cell.
const SPLIT: u32 = 25;
/// Positions after which parts are added up: 2^25 of a cell times 2^31 lots, 64 times, is 2^62.
const BATCH: usize = 64;
/// Positions added at a time, so that sums are loaded and stored once for all of them.
const TOGETHER: usize = 8;

#[inline(always)]
fn add_products_body(instruments: &[u32], quantity: &[i32], rows: &Rows<'_>, out: &mut [i128]) {
    let (mut high, mut low) = ([0i64; TILE], [0i64; TILE]);
    for (tile, out) in out.chunks_mut(TILE).enumerate() {
        let (first, n) = (tile * TILE, out.len());
        let cells = |i: u32| &rows.row(i as usize)[first..][..n];
        let (high, low) = (&mut high[..n], &mut low[..n]);
        for (instruments, quantity) in instruments.chunks(BATCH).zip(quantity.chunks(BATCH)) {
            high.fill(0);
            low.fill(0);
            let (instruments, single) = instruments.as_chunks::<TOGETHER>();
            let (quantity, of_single) = quantity.as_chunks::<TOGETHER>();
            for (&instruments, &quantity) in instruments.iter().zip(quantity) {
                add_parts(instruments.map(cells), quantity, high, low);
            }
            for (&instrument, &quantity) in single.iter().zip(of_single) {
                add_parts([cells(instrument)], [quantity], high, low);
            }
            for ((sum, high), low) in out.iter_mut().zip(high.iter()).zip(low.iter()) {
                *sum += (i128::from(*high) << SPLIT) + i128::from(*low);
            }
        }
    }
}

/// Adds the products of both parts of the cells of some rows, all as long as the sums.
#[inline(always)]
fn add_parts<const N: usize>(
    cells: [&[i64]; N],
    quantity: [i32; N],
    high: &mut [i64],
    low: &mut [i64],
) {
    let n = high.len();
    let (cells, low) = (cells.map(|cells| &cells[..n]), &mut low[..n]);
    for c in 0..n {
        let (mut above, mut below) = (high[c], low[c]);
        for k in 0..N {
            // Both parts fit in 32 bits, which one instruction multiplies.
            let (cell, q) = (cells[k][c], i64::from(quantity[k]));
            above += i64::from((cell >> SPLIT) as i32) * q;
            below += i64::from((cell & ((1 << SPLIT) - 1)) as i32) * q;
        }
        (high[c], low[c]) = (above, below);
    }
}

#[inline(always)]
fn add_row_body(q: i64, row: &[i64], acc: &mut [i64]) {
    for (sum, &cell) in acc.iter_mut().zip(row) {
        *sum = sum.wrapping_add(q.wrapping_mul(cell));
    }
}

/// Sums of the N columns that `row` gives, over the positions, carried in registers.
#[inline(always)]
fn chunk<'a, const N: usize>(
    instruments: &[u32],
    quantity: &[i64],
    row: impl Fn(usize) -> &'a [i64; N],
) -> [i64; N] {
    let mut sums = [0i64; N];
    for (&i, &q) in instruments.iter().zip(quantity) {
        let row = row(i as usize);
        for c in 0..N {
            sums[c] = sums[c].wrapping_add(q.wrapping_mul(row[c]));
        }
    }
    sums
}

/// Columns `column..column + N` of row `i`.
#[inline(always)]
fn part<'a, const N: usize>(rows: &Rows<'a>, i: usize, column: usize) -> &'a [i64; N] {
    let cells = &rows.data[i * rows.width + column..];
    cells.first_chunk().unwrap_or_else(|| no_such_row(i))
}

#[cold]
fn too_large() -> ! {
    panic!("a sum of positions times rows does not fit in 128 bits")
}

#[cold]
fn no_such_row(i: usize) -> ! {
    panic!("instrument {i} is out of range of the table")
}

/// The least of N >= 8 numbers, eight lanes at a time.
#[inline(always)]
fn least<const N: usize>(sums: &[i64; N]) -> i64 {
    let mut lanes = [i64::MAX; LINE];
    for line in sums.chunks_exact(LINE) {
        for l in 0..LINE {
            lanes[l] = lanes[l].min(line[l]);
        }
    }
    lanes.iter().fold(i64::MAX, |least, &x| least.min(x))
}
