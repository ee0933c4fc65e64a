//! Seeded inputs of the benches, and the comparison of bits across vector widths.

use keelmark_kernels::{
    AlignedRows, Contract, Greeks, Options, Positions, Width, greeks_at, ln, quantise,
    revalue_many, worst,
};

/// A small generator with a fixed seed: the same inputs on every machine.
pub struct Random(pub u64);

impl Random {
    /// The next number from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The next number between two.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

/// Random options, a column each.
pub struct Chain {
    pub forward: Vec<f64>,
    pub strike: Vec<f64>,
    pub years: Vec<f64>,
    pub vol: Vec<f64>,
    pub discount: Vec<f64>,
    pub call: Vec<f64>,
}

impl Chain {
    /// As many options from a fixed seed.
    pub fn new(count: usize) -> Self {
        let mut random = Random(7);
        let mut chain = Self {
            forward: vec![],
            strike: vec![],
            years: vec![],
            vol: vec![],
            discount: vec![],
            call: vec![],
        };
        for _ in 0..count {
            let forward = random.between(20_000.0, 120_000.0);
            chain.forward.push(forward);
            chain.strike.push(forward * random.between(0.4, 2.2));
            chain.years.push(random.between(0.003, 1.5));
            chain.vol.push(random.between(0.2, 1.6));
            chain.discount.push(1.0);
            chain.call.push(random.unit().round());
        }
        chain
    }

    /// The columns as the kernel takes them.
    pub fn options(&self) -> Options<'_> {
        Options {
            forward: &self.forward,
            strike: &self.strike,
            years: &self.years,
            vol: &self.vol,
            discount: &self.discount,
            call: &self.call,
        }
    }

    /// Each option apart.
    pub fn contracts(&self) -> Vec<Contract> {
        (0..self.forward.len())
            .map(|i| Contract {
                forward: self.forward[i],
                strike: self.strike[i],
                years: self.years[i],
                discount: self.discount[i],
                call: self.call[i],
            })
            .collect()
    }
}

/// Columns of Greeks.
pub struct Room([Vec<f64>; 4]);

impl Room {
    /// Room for as many options.
    pub fn new(count: usize) -> Self {
        Self(std::array::from_fn(|_| vec![0.0; count]))
    }

    /// The columns as the kernel takes them.
    pub fn greeks(&mut self) -> Greeks<'_> {
        let [price, delta, gamma, vega] = &mut self.0;
        Greeks { price, delta, gamma, vega }
    }

    fn bits(&self) -> Vec<u64> {
        self.0.iter().flatten().map(|value| value.to_bits()).collect()
    }
}

/// Whether two widths give the same bits of prices, rows and sums.
pub fn bits_equal(a: Width, b: Width) -> bool {
    sample(a) == sample(b)
}

fn sample(width: Width) -> (Vec<u64>, Vec<i64>, Vec<i64>) {
    const COUNT: usize = 203;
    const COLUMNS: usize = 32;
    let chain = Chain::new(COUNT);
    let mut room = Room::new(COUNT);
    greeks_at(width, &chain.options(), &mut room.greeks());
    let factor: [f64; COLUMNS] = std::array::from_fn(|s| 0.84 + 0.02 * (s % 16) as f64);
    let ln_factor = factor.map(ln);
    let vol: Vec<f64> = chain.vol.iter().flat_map(|vol| [*vol * 1.3; COLUMNS]).collect();
    let mut values = vec![0.0; COUNT * COLUMNS];
    revalue_many(width, &chain.contracts(), &factor, &ln_factor, &vol, &mut values);
    let mut rows = AlignedRows::zeroed(COUNT, COLUMNS);
    for (row, values) in values.chunks_exact(COLUMNS).enumerate() {
        let (scale, base) = ([1e4; COLUMNS], [1e7; COLUMNS]);
        let _ = quantise(width, values, &scale, &base, rows.row_mut(row));
    }
    let mut random = Random(3);
    let start: Vec<u32> = (0..=50).map(|account| account * 20).collect();
    let instrument: Vec<u32> =
        (0..1_000).map(|_| random.between(0.0, COUNT as f64) as u32).collect();
    let quantity: Vec<i64> = (0..1_000).map(|_| random.between(-900.0, 900.0) as i64).collect();
    let positions = Positions { start: &start, instrument: &instrument, quantity: &quantity };
    let mut lowest = vec![0; 50];
    worst(width, &positions, &rows.as_rows(), 0..50, &mut lowest);
    (room.bits(), rows.data().to_vec(), lowest)
}
