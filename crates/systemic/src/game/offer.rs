//! What a keeper is asked, and what he answers: the same strategies play a simulated auction here
//! and a real one in an engine.
//!
//! A mechanism shows an [`Offer`]; a [`Strategy`] answers with a [`Bid`] or stays silent. It sees
//! nothing else: neither who else is there, nor what comes next.

/// What a mechanism offers at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// Seconds since the liquidation was called.
    pub seconds: f64,
    /// What the lot is worth at the market.
    pub value: f64,
    /// What is asked for the whole lot; of sealed bids the least that is taken.
    pub asked: f64,
    /// Whether the bidder names his price: an offer with sealed bids is shown once.
    pub sealed: bool,
}

/// What a keeper answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bid {
    /// What he pays for the whole lot.
    pub pays: f64,
    /// Share of it that he takes.
    pub share: f64,
    /// What he pays to come before others, to whoever puts them in order.
    pub fee: f64,
}

/// A keeper's way to play.
pub trait Strategy {
    /// The answer to an offer; nothing while it is not good enough.
    fn bid(&mut self, offer: &Offer) -> Option<Bid>;
}

/// Takes a lot as soon as it leaves a margin: what an equilibrium tells a keeper to do once his
/// bid is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// The least margin, as a share of the lot's value; none stays away.
    pub margin: Option<f64>,
    /// The most that he can pay.
    pub capital: f64,
    /// What he pays to come first.
    pub fee: f64,
}

impl Strategy for Demand {
    fn bid(&mut self, offer: &Offer) -> Option<Bid> {
        let margin = self.margin?;
        let named = offer.value * (1.0 - margin);
        if offer.asked > named || offer.value <= 0.0 || self.capital <= 0.0 {
            return None;
        }
        let pays = if offer.sealed { named.max(offer.asked) } else { offer.asked };
        let share = if pays > self.capital { self.capital / pays } else { 1.0 };
        Some(Bid { pays, share, fee: self.fee })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: Offer = Offer { seconds: 0.0, value: 100.0, asked: 90.0, sealed: false };

    #[test]
    fn a_demand_waits_for_its_margin() {
        let mut keeper = Demand { margin: Some(0.1), capital: 45.0, fee: 2.0 };
        assert_eq!(keeper.bid(&Offer { asked: 91.0, ..OFFER }), None);
        assert_eq!(keeper.bid(&OFFER), Some(Bid { pays: 90.0, share: 0.5, fee: 2.0 }));
        assert_eq!(Demand { margin: None, ..keeper }.bid(&OFFER), None);
    }

    #[test]
    fn a_sealed_bid_names_its_price() {
        let mut keeper = Demand { margin: Some(0.02), capital: 1e9, fee: 0.0 };
        let sealed = Offer { sealed: true, asked: 50.0, ..OFFER };
        assert_eq!(keeper.bid(&sealed).unwrap().pays, 98.0);
        assert_eq!(keeper.bid(&Offer { asked: 99.0, ..sealed }), None);
    }
}
