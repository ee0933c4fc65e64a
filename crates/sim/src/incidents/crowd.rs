//! Bystanders: small accounts that trade with each other, bring money in and take it out, while
//! something else happens.

use super::say;
use super::venue::Venue;
use keelmark_book::Round;

/// Who they are, what they trade, and what they pay with.
#[derive(Clone, Debug)]
pub struct Crowd {
    names: Vec<String>,
    instrument: String,
    asset: String,
}

/// What each brings in.
const DEPOSIT: usize = 50_000;
/// What a trade of theirs is worth, at most.
const TRADE: usize = 500;

impl Crowd {
    /// So many accounts under a document, with deposits of an asset.
    ///
    /// # Errors
    /// As [`Venue::must`].
    pub fn arrive(
        venue: &mut Venue,
        count: usize,
        model: &str,
        [instrument, asset]: [&str; 2],
    ) -> Result<Self, String> {
        let names: Vec<String> = (0..count).map(|number| format!("bystander-{number}")).collect();
        for name in &names {
            venue.must(say::open(name, model))?;
            let amount = DEPOSIT + venue.random.below(DEPOSIT);
            venue.must(say::deposit(name, asset, &amount.to_string()))?;
        }
        let (instrument, asset) = (instrument.to_owned(), asset.to_owned());
        Ok(Self { names, instrument, asset })
    }

    /// So many things happen among them; some are refused.
    ///
    /// # Errors
    /// As [`Venue::send`].
    pub fn stir(&self, venue: &mut Venue, times: usize) -> Result<(), String> {
        for _ in 0..times {
            let one = venue.random.pick(&self.names).clone();
            let amount = (1 + venue.random.below(TRADE)).to_string();
            let action = match venue.random.below(4) {
                0 => say::deposit(&one, &self.asset, &amount),
                1 => say::withdraw(&one, &self.asset, &amount),
                _ => {
                    let other = venue.random.pick(&self.names).clone();
                    let mark = venue.mark(&self.instrument)?;
                    let dollars: keelmark_book::Decimal = amount.parse().unwrap_or_default();
                    let contracts = dollars.over(mark.decimal(), Round::Down);
                    let contracts = contracts.map_err(|error| error.to_string())?;
                    let places = if mark.to_f64() < 10.0 { 0 } else { 3 };
                    let contracts = contracts.round_to(places, Round::Up).to_string();
                    say::trade(&self.instrument, &contracts, &mark.to_string(), [&one, &other])
                }
            };
            venue.send(action)?;
        }
        Ok(())
    }
}
