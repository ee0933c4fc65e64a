//! Keys of rows as small numbers: what a row is about is looked up once a key, not once a row.
//!
//! Only the bytes are compared, so two spellings of one key have two numbers, and nothing else
//! follows from it. Slots are probed by a fixed hash and never walked: nothing depends on it.

/// Distinct keys, numbered in the order of first sight.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Number, length and bytes of each: together, so that a lookup costs two lines of the cache.
    records: Vec<u8>,
    count: u32,
    /// By hash, a power of two, at most three quarters full.
    slots: Vec<Slot>,
}

/// Where a known key is; a free slot has the place 0.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u32,
    /// Where its record begins, plus one.
    place: u32,
}

impl Keys {
    /// The number of a key; `None` where there are more of them than can be numbered.
    #[inline]
    pub fn number(&mut self, key: &[u8]) -> Option<usize> {
        if self.count as usize * 4 >= self.slots.len() * 3 {
            self.grow();
        }
        let hash = hash(key);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            let Some(start) = (slot.place as usize).checked_sub(1) else { break };
            if slot.hash == hash
                && let Some(number) = self.number_at(start, key)
            {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
        let place = u32::try_from(self.records.len() + 1).ok()?;
        let (number, length) = (self.count, u32::try_from(key.len()).ok()?);
        self.records.extend_from_slice(&number.to_le_bytes());
        self.records.extend_from_slice(&length.to_le_bytes());
        self.records.extend_from_slice(key);
        self.count += 1;
        self.slots[at] = Slot { hash, place };
        Some(number as usize)
    }

    /// The number of the record at `start` if it is of this key.
    #[inline]
    fn number_at(&self, start: usize, key: &[u8]) -> Option<usize> {
        let (number, rest) = self.records.get(start..)?.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let known = rest.get(..u32::from_le_bytes(*length) as usize)?;
        same(known, key).then_some(u32::from_le_bytes(*number) as usize)
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let known = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in known.into_iter().filter(|slot| slot.place != 0) {
            let mut at = slot.hash as usize & (size - 1);
            while self.slots[at].place != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }
}

/// Some texts as one key: the length first, so that two of them cannot run together into one.
pub(super) fn joined(key: &mut Vec<u8>, texts: &[&str]) {
    key.clear();
    for text in texts {
        key.extend_from_slice(&text.len().to_le_bytes());
        key.extend_from_slice(text.as_bytes());
    }
}

/// Whether two keys are the same: keys are short, and a comparison of slices is a call.
#[inline]
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    let (Some(last), Some(other)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a == b;
    };
    let words = || a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    a.len() == b.len() && last == other && words().all(|(a, b)| a == b)
}

/// Eight bytes at a time, mixed by a multiplication; the last eight may overlap those before.
#[inline]
fn hash(key: &[u8]) -> u32 {
    let mix = |state: u64, word: u64| {
        let mixed = (state ^ word).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 32)
    };
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ key.len() as u64;
    for chunk in key.as_chunks::<8>().0 {
        state = mix(state, u64::from_le_bytes(*chunk));
    }
    let last = key.last_chunk::<8>().copied().unwrap_or_else(|| {
        let mut word = [0; 8];
        word[..key.len()].copy_from_slice(key);
        word
    });
    mix(state, u64::from_le_bytes(last)) as u32
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
