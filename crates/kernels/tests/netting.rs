//! Netting against an i128 sum written the obvious way, in any order, at the edges of the bound.
use keelmark_kernels::{
    AlignedRows, LARGEST_SPLIT_CELL, Malformed, Positions, Rows, Width, add_products, bound_holds,
    sums, sums_wide, worst,
};
use proptest::prelude::*;

const INSTRUMENTS: usize = 13;

fn naive_sums(instruments: &[u32], quantity: &[i64], rows: &Rows<'_>) -> Vec<i128> {
    (0..rows.width)
        .map(|c| {
            let cell = |i: u32| i128::from(rows.data[i as usize * rows.width + c]);
            instruments.iter().zip(quantity).map(|(&i, &q)| cell(i) * i128::from(q)).sum()
        })
        .collect()
}

/// A table of cells up to 2^38 and positions in it up to 2^18: within the bound.
fn book() -> impl Strategy<Value = (AlignedRows, Vec<(u32, i64)>)> {
    let columns = prop_oneof![Just(8usize), Just(24), Just(32), Just(40), Just(64), Just(104)];
    columns.prop_flat_map(|width| {
        let cells = prop::collection::vec(-(1i64 << 38)..1 << 38, INSTRUMENTS * width);
        let position = (0..INSTRUMENTS as u32, -(1i64 << 18)..1 << 18);
        (cells, prop::collection::vec(position, 0..60)).prop_map(move |(cells, positions)| {
            let mut rows = AlignedRows::zeroed(INSTRUMENTS, width);
            rows.data_mut().copy_from_slice(&cells);
            (rows, positions)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    })]

    #[test]
    fn sums_and_worst_are_exact((rows, positions) in book(), cut in 0usize..60) {
        let (instruments, quantity): (Vec<u32>, Vec<i64>) = positions.iter().copied().unzip();
        let table = rows.as_rows();
        let want = naive_sums(&instruments, &quantity, &table);
        let mut wide = vec![0i128; rows.width()];
        sums_wide(&instruments, &quantity, &table, &mut wide);
        prop_assert_eq!(&wide, &want);

        // Three accounts: none, the first `cut`, the rest.
        let (n, cut) = (positions.len() as u32, cut.min(positions.len()));
        let start = [0, 0, cut as u32, n];
        let p = Positions { start: &start, instrument: &instruments, quantity: &quantity };
        prop_assert_eq!(p.check(&table), Ok(()));
        let least = |range: std::ops::Range<usize>| {
            let sums = naive_sums(&instruments[range.clone()], &quantity[range], &table);
            sums.into_iter().min().expect("rows are not empty")
        };
        let least = [0, least(0..cut), least(cut..positions.len())];
        for at in Width::available() {
            let (mut total, mut out) = (vec![0i64; rows.width()], [7i64; 3]);
            sums(at, &instruments, &quantity, &table, &mut total);
            prop_assert!(total.iter().zip(&want).all(|(&a, &b)| i128::from(a) == b));
            worst(at, &p, &table, 0..3, &mut out);
            prop_assert_eq!(out.map(i128::from), least);
            worst(at, &p, &table, 1..2, &mut out[..1]);
            prop_assert_eq!(i128::from(out[0]), least[1]);
        }
    }

    #[test]
    fn products_in_two_parts_are_exact(
        width in prop_oneof![Just(8usize), Just(264), Just(520)],
        seed in any::<u64>(),
        positions in prop::collection::vec((0..INSTRUMENTS as u32, any::<i32>()), 0..80),
        short in 0usize..8,
    ) {
        // Cells to the edge of the bound, and at it.
        let most = LARGEST_SPLIT_CELL as i64;
        let mut rows = AlignedRows::zeroed(INSTRUMENTS, width);
        let mut state = seed;
        for (at, cell) in rows.data_mut().iter_mut().enumerate() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let one = (state >> 13) as i64 % (2 * most) - most;
            *cell = match at % 7 {
                0 => most - 1,
                1 => 1 - most,
                _ => one.clamp(1 - most, most - 1),
            };
        }
        let (instruments, quantity): (Vec<u32>, Vec<i32>) = positions.into_iter().unzip();
        let wide: Vec<i64> = quantity.iter().map(|one| i64::from(*one)).collect();
        let mut want = naive_sums(&instruments, &wide, &rows.as_rows());
        want.truncate(width - short);
        for at in Width::available() {
            let mut out: Vec<i128> = vec![3; width - short];
            add_products(at, &instruments, &quantity, &rows.as_rows(), &mut out);
            prop_assert!(out.iter().zip(&want).all(|(found, want)| *found == want + 3));
        }
    }

    #[test]
    fn order_does_not_matter(
        (rows, positions) in book(),
        keys in prop::collection::vec(any::<u64>(), 60),
    ) {
        let mut shuffled: Vec<_> = keys.iter().zip(&positions).collect();
        shuffled.sort();
        let run = |positions: Vec<(u32, i64)>| {
            let (instruments, quantity): (Vec<u32>, Vec<i64>) = positions.into_iter().unzip();
            let mut out = vec![0i64; rows.width()];
            sums(Width::best(), &instruments, &quantity, &rows.as_rows(), &mut out);
            out
        };
        let other = run(shuffled.into_iter().map(|(_, &p)| p).collect());
        prop_assert_eq!(run(positions), other);
    }
}

#[test]
fn the_bound_is_tight() {
    let most = i64::MAX as u64;
    assert!(bound_holds(most, 1) && bound_holds(1, most) && bound_holds(0, u64::MAX));
    assert!(!bound_holds(most, 2) && !bound_holds(1 << 63, 1) && !bound_holds(u64::MAX, u64::MAX));
    assert!(bound_holds((1 << 31) - 1, 1 << 32) && !bound_holds(1 << 31, 1 << 32));
}

#[test]
fn partial_sums_may_leave_i64_and_return() {
    let mut rows = AlignedRows::zeroed(2, 32);
    rows.row_mut(0).fill((1 << 31) - 1);
    rows.row_mut(1).fill(-i64::MAX);
    let (instruments, quantity) = ([0, 1, 1, 1, 1], [-(1 << 32), 1, 1, -1, -1]);
    let p = Positions { start: &[0, 5], instrument: &instruments, quantity: &quantity };
    for at in Width::available() {
        let mut out = [0];
        worst(at, &p, &rows.as_rows(), 0..1, &mut out);
        assert_eq!(out[0], -(((1 << 31) - 1) << 32));
    }
}

#[test]
#[should_panic(expected = "does not fit in 128 bits")]
fn wide_sums_panic_rather_than_wrap() {
    let mut rows = AlignedRows::zeroed(1, 8);
    rows.row_mut(0).fill(i64::MIN);
    let mut out = [0; 8];
    sums_wide(&[0], &[i64::MIN], &rows.as_rows(), &mut out);
    assert_eq!(out, [1 << 126; 8]);
    sums_wide(&[0, 0], &[i64::MIN; 2], &rows.as_rows(), &mut out);
}

#[test]
fn rows_lie_on_cache_lines() {
    let mut rows = AlignedRows::zeroed(3, 24);
    assert_eq!((rows.rows(), rows.width(), rows.data().len()), (3, 24, 72));
    assert_eq!(rows.data().as_ptr() as usize % 64, 0);
    rows.row_mut(1)[23] = 5;
    assert_eq!((rows.row(1)[23], rows.data()[47], rows.as_rows().row(1)[23]), (5, 5, 5));
    assert_eq!(AlignedRows::zeroed(0, 8).as_rows().count(), 0);
}

#[test]
fn check_names_the_place() {
    let rows = AlignedRows::zeroed(4, 8);
    let check = |start: &[u32], instrument: &[u32], quantity: &[i64]| {
        Positions { start, instrument, quantity }.check(&rows.as_rows())
    };
    assert_eq!(check(&[0, 1], &[3], &[1]), Ok(()));
    assert_eq!(check(&[], &[], &[]), Err(Malformed::Start { index: 0 }));
    assert_eq!(check(&[0, 2, 1], &[0, 0], &[1, 1]), Err(Malformed::Start { index: 2 }));
    assert_eq!(check(&[0, 3], &[0], &[1]), Err(Malformed::Start { index: 1 }));
    let lengths = Malformed::Lengths { instruments: 1, quantities: 2 };
    assert_eq!(check(&[0, 1], &[0], &[1, 1]), Err(lengths));
    let unknown = check(&[0, 2], &[0, 4], &[1, 1]).expect_err("row 4 of 4");
    assert_eq!(unknown.to_string(), "position 1 names instrument 4 of 4");
}

#[test]
#[should_panic(expected = "out of range")]
fn unknown_instruments_panic_at_the_best_width() {
    let rows = AlignedRows::zeroed(4, 32);
    let p = Positions { start: &[0, 1], instrument: &[4], quantity: &[1] };
    worst(Width::best(), &p, &rows.as_rows(), 0..1, &mut [0]);
}

#[test]
#[should_panic(expected = "rows of 12, expected 8, 16, 24")]
fn ragged_rows_panic() {
    let rows = Rows { width: 12, data: &[0; 24] };
    sums(Width::best(), &[0], &[1], &rows, &mut [0; 12]);
}
