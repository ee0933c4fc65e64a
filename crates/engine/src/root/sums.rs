//! What adds up at every node: per asset what is held, owed and required, none below zero.
//!
//! A debt is a column of its own. Nothing is ever subtracted, so no account can hide what others
//! are owed.

use keelmark_book::{Asset, Money, Overflow};
use serde::{Deserialize, Serialize};

/// Sums of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// Which asset.
    pub asset: Asset,
    /// What accounts have of it, outright and behind isolated positions, where above zero.
    pub held: Money,
    /// What accounts have of it below zero, without the sign.
    pub owed: Money,
    /// Maintenance margin in it, as last checked.
    pub required: Money,
}

/// Sums by asset, in the order of the tickers; none all zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sums(Vec<Sum>);

impl Sums {
    /// Each asset's sums.
    pub fn iter(&self) -> impl Iterator<Item = &Sum> {
        self.0.iter()
    }

    /// The sums of an asset.
    #[must_use]
    pub fn of(&self, asset: &Asset) -> Option<&Sum> {
        let at = self.0.binary_search_by(|sum| sum.asset.cmp(asset)).ok()?;
        self.0.get(at)
    }

    /// Adds an amount that is held, or owed where below zero.
    pub(super) fn add_balance(&mut self, asset: &Asset, amount: Money) -> Result<(), Overflow> {
        let sum = self.entry(asset);
        if amount.is_negative() {
            sum.owed = sum.owed.plus(-amount)?;
        } else {
            sum.held = sum.held.plus(amount)?;
        }
        Ok(())
    }

    /// Adds an amount that is required.
    pub(super) fn add_required(&mut self, asset: &Asset, amount: Money) -> Result<(), Overflow> {
        let sum = self.entry(asset);
        sum.required = sum.required.plus(amount)?;
        Ok(())
    }

    fn entry(&mut self, asset: &Asset) -> &mut Sum {
        let at = match self.0.binary_search_by(|sum| sum.asset.cmp(asset)) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, Sum::zero(asset));
                at
            }
        };
        &mut self.0[at]
    }

    /// Both, asset by asset.
    ///
    /// # Errors
    /// [`Overflow`] when a sum does not fit.
    pub fn plus(&self, other: &Self) -> Result<Self, Overflow> {
        let mut all = Vec::with_capacity(self.0.len().max(other.0.len()));
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            match one.asset.cmp(&two.asset) {
                std::cmp::Ordering::Less => all.extend(left.next().cloned()),
                std::cmp::Ordering::Greater => all.extend(right.next().cloned()),
                std::cmp::Ordering::Equal => {
                    all.push(one.plus(two)?);
                    left.next();
                    right.next();
                }
            }
        }
        all.extend(left.chain(right).cloned());
        Ok(Self(all))
    }

    /// What is wrong with sums that somebody else has written down.
    pub(super) fn problem(&self) -> Option<String> {
        for pair in self.0.windows(2) {
            let (one, two) = (&pair[0].asset, &pair[1].asset);
            if one >= two {
                return Some(format!("expected assets in order, found {one} before {two}"));
            }
        }
        self.0.iter().find_map(Sum::problem)
    }
}

impl Sum {
    fn zero(asset: &Asset) -> Self {
        Self { asset: asset.clone(), held: Money::ZERO, owed: Money::ZERO, required: Money::ZERO }
    }

    fn plus(&self, other: &Self) -> Result<Self, Overflow> {
        Ok(Self {
            asset: self.asset.clone(),
            held: self.held.plus(other.held)?,
            owed: self.owed.plus(other.owed)?,
            required: self.required.plus(other.required)?,
        })
    }

    fn problem(&self) -> Option<String> {
        let columns = [("held", self.held), ("owed", self.owed), ("required", self.required)];
        let below = columns.iter().find(|(_, amount)| amount.is_negative());
        if let Some((column, amount)) = below {
            let asset = &self.asset;
            return Some(format!("{column} {asset}: expected zero or more, found {amount}"));
        }
        let empty = columns.iter().all(|(_, amount)| amount.is_zero());
        empty.then(|| format!("{}: expected no entry of zero", self.asset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some() -> impl Strategy<Value = Sums> {
        let entry = (0..5usize, -20i64..20, 0i64..9);
        proptest::collection::vec(entry, 0..8).prop_map(|entries| {
            let mut sums = Sums::default();
            for (asset, amount, required) in entries {
                let asset = Asset::new(["A", "B", "C", "D", "E"][asset]).unwrap();
                if amount != 0 {
                    sums.add_balance(&asset, Money::from_int(amount)).unwrap();
                }
                if required != 0 {
                    sums.add_required(&asset, Money::from_int(required)).unwrap();
                }
            }
            sums
        })
    }

    proptest! {
        #[test]
        fn sums_add_in_any_order_and_never_shrink(a in some(), b in some(), c in some()) {
            let ab = a.plus(&b).unwrap();
            prop_assert_eq!(&ab, &b.plus(&a).unwrap());
            let both = ab.plus(&c).unwrap();
            prop_assert_eq!(&both, &a.plus(&b.plus(&c).unwrap()).unwrap());
            prop_assert_eq!(both.problem(), None);
            for one in a.iter() {
                let all = both.of(&one.asset).unwrap();
                prop_assert!(all.held >= one.held && all.owed >= one.owed);
                prop_assert!(all.required >= one.required);
            }
        }
    }
}
