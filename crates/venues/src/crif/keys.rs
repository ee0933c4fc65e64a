//! Keys of rows as small numbers: what a row is about is looked up once a key, not once a row.
//!
//! Only the bytes are compared, so two spellings of one key have two numbers, and nothing else
//! follows from it. Slots are probed by a fixed hash and never walked: nothing depends on it.

/// Distinct keys of a text, numbered in the order of first sight.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Where each stands first.
    places: Vec<(usize, usize)>,
    /// Upper half of the hash, and the number plus one; 0 is free. A power of two, at most half
    /// full.
    slots: Vec<u64>,
}

const LOW: u64 = 0xFFFF_FFFF;

impl Keys {
    /// The number of what stands from `start` to `end`; `None` where nothing can.
    pub fn number(&mut self, text: &[u8], start: usize, end: usize) -> Option<usize> {
        let key = text.get(start..end)?;
        if self.places.len() * 2 >= self.slots.len() {
            self.grow(text);
        }
        let hash = hash(key);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            let number = (self.slots[at] & LOW) as usize - 1;
            if (self.slots[at] ^ hash) & !LOW == 0 {
                let (start, end) = self.places[number];
                if text[start..end] == *key {
                    return Some(number);
                }
            }
            at = (at + 1) & mask;
        }
        self.places.push((start, end));
        self.slots[at] = hash & !LOW | self.places.len() as u64;
        Some(self.places.len() - 1)
    }

    fn grow(&mut self, text: &[u8]) {
        self.slots = vec![0; (self.slots.len() * 2).max(64)];
        let mask = self.slots.len() - 1;
        for (number, (start, end)) in self.places.iter().enumerate() {
            let hash = hash(&text[*start..*end]);
            let mut at = hash as usize & mask;
            while self.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = hash & !LOW | (number as u64 + 1);
        }
    }
}

/// Eight bytes at a time, mixed by a multiplication; the last eight may overlap those before.
fn hash(key: &[u8]) -> u64 {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let mix = |state: u64, word: u64| {
        let mixed = (state ^ word).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 32)
    };
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ key.len() as u64;
    for chunk in key.chunks_exact(8) {
        state = mix(state, word(chunk));
    }
    match key.last_chunk::<8>() {
        Some(last) => mix(state, u64::from_le_bytes(*last)),
        None => mix(state, word(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_have_one_number_and_others_another() {
        let texts: Vec<String> = (0..5_000u32).map(|i| format!("{}|x", i * 7919 % 1_000)).collect();
        let (mut text, mut spans) = (String::new(), Vec::new());
        for one in &texts {
            spans.push((text.len(), text.len() + one.len()));
            text.push_str(one);
        }
        let mut keys = Keys::default();
        for (at, (start, end)) in spans.iter().enumerate() {
            let first = texts.iter().position(|one| *one == texts[at]).unwrap();
            assert_eq!(keys.number(text.as_bytes(), *start, *end), Some(first), "{}", texts[at]);
        }
        assert_eq!(keys.number(b"", 0, 0), Some(1_000));
    }
}
