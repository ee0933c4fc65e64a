//! Fits one of four models to returns on standard input, one a line, many times over, and prints
//! the optimum as JSON: what `comparison/run.py` times beside a Python package.
//! `garch_fit "GJR t" 101 < returns`

use keelmark_tail::vol::Garch;
use std::hint::black_box;
use std::io::Read as _;

const MODELS: [(&str, Garch); 4] = [
    ("GARCH normal", Garch::NORMAL),
    ("GARCH t", Garch::T),
    ("GJR normal", Garch::GJR),
    ("GJR t", Garch::GJR_T),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().unwrap_or_default();
    let times: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let known = || MODELS.map(|(name, _)| name).join(", ");
    let model = MODELS.iter().find(|(name, _)| *name == wanted);
    let (_, model) =
        model.ok_or_else(|| format!("expected one of {}, found {wanted:?}", known()))?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let returns = text.lines().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let mut fit = model.fit(&returns)?;
    for _ in 1..times {
        fit = black_box(model.fit(black_box(&returns))?);
    }
    println!("{{\"loglik\": {}, \"steps\": {}}}", fit.loglik, fit.steps);
    Ok(())
}
