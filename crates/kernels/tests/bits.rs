//! Every width this machine has gives the same bits, batches the same as single options, and rows
//! the same however the batch is cut.
use keelmark_kernels::limits::read_sum;
use keelmark_kernels::{
    AlignedRows, Contract, Greeks, Options, Positions, Width, add_row, greeks_at, greeks_one, ln,
    price_one, quantise, quantise_many, revalue, revalue_many, sums, worst,
};

struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1u64 << 53) as f64)
    }

    fn column(&mut self, n: usize, low: f64, high: f64) -> Vec<f64> {
        (0..n).map(|_| self.range(low, high)).collect()
    }
}

/// Inputs of `n` options: forward, strike, years, vol, discount, call; every tenth at its expiry.
fn book(n: usize) -> [Vec<f64>; 6] {
    let mut random = Random(3);
    let forward = random.column(n, 1e-3, 120_000.0);
    let strike = forward.iter().map(|f| f * random.range(-3.0, 3.0).exp()).collect();
    let mut years = random.column(n, 1e-5, 2.0);
    for i in (0..n).step_by(10) {
        years[i] = 0.0;
    }
    let (vol, discount) = (random.column(n, 0.01, 5.0), random.column(n, 0.9, 1.0));
    let call = random.column(n, 0.0, 1.0).iter().map(|x| x.round()).collect();
    [forward, strike, years, vol, discount, call]
}

fn contracts(n: usize) -> Vec<Contract> {
    let [forward, strike, years, _, discount, call] = book(n);
    (0..n)
        .map(|i| Contract {
            forward: forward[i],
            strike: strike[i],
            years: years[i],
            discount: discount[i],
            call: call[i],
        })
        .collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn greeks_are_equal_at_every_width_and_length() {
    for n in [0, 1, 3, 7, 8, 9, 31, 5_000] {
        let [f, k, t, v, df, call] = book(n);
        let options =
            Options { forward: &f, strike: &k, years: &t, vol: &v, discount: &df, call: &call };
        let single: Vec<[u64; 4]> = (0..n)
            .map(|i| greeks_one(f[i], k[i], t[i], v[i], df[i], call[i]).map(f64::to_bits))
            .collect();
        for width in Width::available() {
            let mut out: [Vec<f64>; 4] = std::array::from_fn(|_| vec![f64::NAN; n]);
            let [price, delta, gamma, vega] = &mut out;
            greeks_at(width, &options, &mut Greeks { price, delta, gamma, vega });
            for (j, column) in out.iter().enumerate() {
                let want: Vec<u64> = single.iter().map(|row| row[j]).collect();
                assert_eq!(bits(column), want, "{width}, column {j}, {n} options");
            }
        }
        for i in 0..n {
            let price = price_one(f[i], k[i], t[i], v[i], df[i], call[i]);
            assert_eq!(price.to_bits(), single[i][0]);
        }
    }
}

#[test]
fn scenarios_are_equal_at_every_width_and_cut() {
    let mut random = Random(9);
    for (count, n) in [(1, 1), (3, 9), (70, 32), (65, 33), (130, 5)] {
        let contracts = contracts(count);
        let mut factor = random.column(n, 0.3, 2.5);
        factor[n / 2] = 1.0;
        let ln_factor: Vec<f64> = factor.iter().map(|&x| ln(x)).collect();
        let vol = random.column(count * n, 0.05, 3.0);
        let (scale, base) = (random.column(n, 90.0, 110.0), random.column(count, 0.0, 1e6));
        let mut reference = None;
        for width in Width::available() {
            let (mut value, mut rows) = (vec![0.0; count * n], vec![0i64; count * n]);
            revalue_many(width, &contracts, &factor, &ln_factor, &vol, &mut value);
            let peak = quantise_many(width, &value, &scale, &base, &mut rows);
            let found = (bits(&value), rows, peak.to_bits());
            assert_eq!(*reference.get_or_insert_with(|| found.clone()), found, "{width}");

            let mut peaks = 0.0f64;
            for (i, c) in contracts.iter().enumerate() {
                let (mut row, mut cells) = (vec![0.0; n], vec![0i64; n]);
                let vol = &vol[i * n..][..n];
                revalue(width, c, &factor, &ln_factor, vol, &mut row);
                assert_eq!(bits(&row), found.0[i * n..][..n], "{width}");
                peaks = peaks.max(quantise(width, &row, &scale, &vec![base[i]; n], &mut cells));
                assert_eq!(cells, found.1[i * n..][..n], "{width}");
                // Factor 1 is the plain price, to the bit.
                let vol = vol[n / 2];
                let plain = price_one(c.forward, c.strike, c.years, vol, c.discount, c.call);
                assert_eq!(row[n / 2].to_bits(), plain.to_bits());
            }
            assert_eq!(peaks.to_bits(), found.2);
        }
    }
}

#[test]
fn netting_and_reading_are_equal_at_every_width() {
    let mut random = Random(17);
    for width in [8, 32, 40, 72] {
        let mut rows = AlignedRows::zeroed(50, width);
        rows.data_mut().fill_with(|| random.bits() as i64 >> 34);
        let start: Vec<u32> = (0..=30u32).map(|a| a * a).collect();
        let instrument: Vec<u32> = (0..900).map(|_| (random.bits() % 50) as u32).collect();
        let quantity: Vec<i64> = (0..900).map(|_| random.bits() as i64 >> 40).collect();
        let p = Positions { start: &start, instrument: &instrument, quantity: &quantity };
        let mut reference = None;
        for at in Width::available() {
            let (mut least, mut total) = (vec![0i64; 30], vec![0i64; width]);
            worst(at, &p, &rows.as_rows(), 0..30, &mut least);
            sums(at, &instrument, &quantity, &rows.as_rows(), &mut total);
            let mut added = vec![0i64; width];
            for (&i, &q) in instrument.iter().zip(&quantity) {
                add_row(at, q, rows.row(i as usize), &mut added);
            }
            assert_eq!(total, added);
            let found = (least, total);
            assert_eq!(*reference.get_or_insert_with(|| found.clone()), found, "{at}, {width}");
        }
    }
    let data = random.column(1_003, -1.0, 1.0);
    let read: Vec<u64> =
        Width::available().iter().map(|&at| read_sum(at, &data).to_bits()).collect();
    assert!(read.windows(2).all(|pair| pair[0] == pair[1]));
}
