//! Keys of rows as small numbers: what a row is about is looked up once a key, not once a row.
//!
//! Only the bytes are compared, so two spellings of one key have two numbers, and nothing else
//! follows from it. Slots are probed by a fixed hash and never walked: nothing depends on it.

/// Distinct keys, numbered in the order of first sight.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Their bytes, one key after another: together, so that they stay in the cache.
    bytes: Vec<u8>,
    count: u32,
    /// By hash, a power of two, at most half full.
    slots: Vec<Slot>,
}

/// A known key; a free slot has the number 0.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u32,
    /// Its number plus one.
    number: u32,
    start: u32,
    length: u32,
}

impl Keys {
    /// The number of a key; `None` where there are more of them than can be numbered.
    pub fn number(&mut self, key: &[u8]) -> Option<usize> {
        if self.count as usize * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(key);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.number == 0 {
                break;
            }
            if slot.hash == hash && slot.length as usize == key.len() {
                let start = slot.start as usize;
                if self.bytes[start..start + key.len()] == *key {
                    return Some(slot.number as usize - 1);
                }
            }
            at = (at + 1) & mask;
        }
        let (start, length) =
            (u32::try_from(self.bytes.len()).ok()?, u32::try_from(key.len()).ok()?);
        let number = self.count.checked_add(1)?;
        self.bytes.extend_from_slice(key);
        self.count = number;
        self.slots[at] = Slot { hash, number, start, length };
        Some(number as usize - 1)
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let known = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in known.into_iter().filter(|slot| slot.number != 0) {
            let mut at = slot.hash as usize & (size - 1);
            while self.slots[at].number != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }
}

/// Eight bytes at a time, mixed by a multiplication; the last eight may overlap those before.
fn hash(key: &[u8]) -> u32 {
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
    let last = match key.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last),
        None => word(key),
    };
    mix(state, last) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_have_one_number_and_others_another() {
        let texts: Vec<String> = (0..5_000u32).map(|i| format!("{}|x", i * 7919 % 1_000)).collect();
        let mut keys = Keys::default();
        for text in &texts {
            let first = texts.iter().position(|one| one == text);
            assert_eq!(keys.number(text.as_bytes()), first, "{text}");
        }
        assert_eq!(keys.number(b""), Some(1_000));
    }
}
