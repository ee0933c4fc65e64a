//! Fits GARCH and GJR to returns on standard input, one a line, many times each, and prints
//! optimum and median time as JSON: what `comparison/run.py` sets beside a Python package.

use keelmark_tail::vol::Garch;
use std::io::Read as _;
use std::time::Instant;

const MODELS: [(&str, Garch); 4] = [
    ("GARCH normal", Garch::NORMAL),
    ("GARCH t", Garch::T),
    ("GJR normal", Garch::GJR),
    ("GJR t", Garch::GJR_T),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let times: usize = std::env::args().nth(1).map_or(Ok(101), |text| text.parse())?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let returns = text.lines().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    for (name, model) in MODELS {
        let fit = model.fit(&returns)?;
        let mut seconds: Vec<f64> = Vec::with_capacity(times);
        for _ in 0..times.max(1) {
            let start = Instant::now();
            std::hint::black_box(model.fit(std::hint::black_box(&returns))?);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_unstable_by(f64::total_cmp);
        let median = seconds[seconds.len() / 2];
        println!(
            "{{\"model\": \"{name}\", \"seconds\": {median:e}, \"loglik\": {}, \"steps\": {}}}",
            fit.loglik, fit.steps
        );
    }
    Ok(())
}
