//! The last values of a series in ascending order, kept so from step to step.
//!
//! A new value takes the place of the oldest by moving what lies between the two: a step costs a
//! search and one move of memory, not a sort.

/// Values in ascending order.
#[derive(Clone, Debug, Default)]
pub struct Ascending(Vec<f64>);

impl Ascending {
    /// Of finite values in any order.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut own = values.to_vec();
        own.sort_unstable_by(f64::total_cmp);
        Self(own)
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// One value more.
    pub fn push(&mut self, value: f64) {
        let at = self.place(value);
        self.0.insert(at, value);
    }

    /// `new` in place of one `old`, which must be among the values.
    pub fn replace(&mut self, old: f64, new: f64) {
        let from = self.place(old);
        debug_assert!(self.0[from].total_cmp(&old).is_eq(), "{old} is not in the window");
        let to = self.place(new);
        if to > from {
            self.0.copy_within(from + 1..to, from);
            self.0[to - 1] = new;
        } else {
            self.0.copy_within(to..from, to + 1);
            self.0[to] = new;
        }
    }

    /// The place of the first value that is not below.
    fn place(&self, value: f64) -> usize {
        self.0.partition_point(|one| one.total_cmp(&value).is_lt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sliding_window_is_the_sorted_window(
            // Few different values, so that equal ones meet.
            values in prop::collection::vec((-20i8..20).prop_map(|n| f64::from(n) / 4.0), 5..80),
        ) {
            let mut window = Ascending::of(&values[..5]);
            let mut all = Ascending::of(&values[..5]);
            for at in 5..values.len() {
                window.replace(values[at - 5], values[at]);
                all.push(values[at]);
                let sorted = Ascending::of(&values[at - 4..=at]);
                prop_assert_eq!(window.values(), sorted.values());
                let sorted = Ascending::of(&values[..=at]);
                prop_assert_eq!(all.values(), sorted.values());
            }
        }
    }
}
