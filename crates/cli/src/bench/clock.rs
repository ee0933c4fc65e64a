//! Medians of turns on the thread's own CPU clock, which stops while another process has the core.

/// Turns of each measurement.
pub const TURNS: usize = 11;

/// CPU seconds of this thread so far; wall seconds where the system does not say.
pub fn seconds() -> f64 {
    #[cfg(unix)]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
    }
    #[cfg(not(unix))]
    {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_secs_f64()
    }
}

/// Median seconds of each of some pieces of work, taking turns.
pub fn medians<const N: usize>(mut work: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(TURNS));
    for turn in 0..=TURNS {
        for (one, found) in work.iter_mut().zip(&mut found) {
            let start = seconds();
            one();
            let spent = seconds() - start;
            // The first turn warms caches and page tables and is not counted.
            if turn > 0 {
                found.push(spent);
            }
        }
    }
    found.map(median)
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
