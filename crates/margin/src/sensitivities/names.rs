//! Texts as small numbers, with their alphabetical ranks.
//!
//! A number is given in the order of first sight, so that adding never moves another; the rank is
//! what sums are ordered by, so that the order of rows changes no bit. Slots are probed by a fixed
//! hash and never walked: nothing depends on it.

/// Distinct texts, numbered.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<Box<str>>,
    /// Number plus one by hash, open addressing; 0 is free. A power of two, at most half full.
    slots: Vec<u32>,
    ranks: Vec<u32>,
}

impl Names {
    /// The texts of an iterator, numbered in its order.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names = Self::default();
        for text in texts {
            names.intern(text);
        }
        names
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The text of a number.
    #[must_use]
    pub fn text(&self, number: usize) -> &str {
        self.texts.get(number).map_or("", |text| text)
    }

    /// Every text, in the order of numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// The number of a text, if it is known.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut at = hash(text) as usize & mask;
        loop {
            let number = (*self.slots.get(at)? as usize).checked_sub(1)?;
            if *self.texts[number] == *text {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// The number of a text, given now if it is new.
    pub fn intern(&mut self, text: &str) -> usize {
        if let Some(known) = self.find(text) {
            return known;
        }
        self.texts.push(text.into());
        if self.texts.len() * 2 > self.slots.len() {
            let size = (self.slots.len() * 2).max(32);
            self.slots = vec![0; size];
            for number in 0..self.texts.len() {
                self.place(number);
            }
        } else {
            self.place(self.texts.len() - 1);
        }
        self.texts.len() - 1
    }

    fn place(&mut self, number: usize) {
        let mask = self.slots.len() - 1;
        let mut at = hash(&self.texts[number]) as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = number as u32 + 1;
    }

    /// Brings the ranks up to date: costs nothing where no name is new.
    pub fn rank(&mut self) {
        if self.ranks.len() == self.texts.len() {
            return;
        }
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_unstable_by(|a, b| self.texts[*a as usize].cmp(&self.texts[*b as usize]));
        self.ranks = vec![0; order.len()];
        for (rank, number) in order.iter().enumerate() {
            self.ranks[*number as usize] = rank as u32;
        }
    }

    /// Alphabetical rank of a number, as of the last [`Names::rank`].
    #[must_use]
    pub fn rank_of(&self, number: usize) -> u32 {
        self.ranks.get(number).copied().unwrap_or_default()
    }
}

/// Eight bytes at a time, mixed by a multiplication.
fn hash(text: &str) -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15u64 ^ text.len() as u64;
    let mix = |state: u64, word: u64| {
        let mixed = (state ^ word).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 29)
    };
    let mut chunks = text.as_bytes().chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        state = mix(state, u64::from_le_bytes(word));
    }
    let rest = chunks.remainder().iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
    mix(state, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_and_ranks_follow_the_alphabet() {
        let mut names = Names::default();
        let texts: Vec<String> = (0..500u32).map(|i| format!("N{}", i * 7919 % 500)).collect();
        let numbers: Vec<usize> = texts.iter().map(|text| names.intern(text)).collect();
        names.rank();
        let mut sorted = texts.clone();
        sorted.sort();
        for (text, number) in texts.iter().zip(numbers) {
            assert_eq!(names.find(text), Some(number));
            assert_eq!(names.text(number), text);
            assert_eq!(sorted[names.rank_of(number) as usize], *text);
        }
        assert_eq!(
            (names.len(), names.find("absent"), Names::default().find("x")),
            (500, None, None)
        );
    }
}
