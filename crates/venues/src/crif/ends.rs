//! Where fields end: delimiters and line ends, found 64 bytes at a time.
//!
//! A loop that stops at each delimiter is mostly wrong guesses of the branch predictor; a block's
//! bits cost no branch, and taking the next bit off them hardly any.

const BLOCK: usize = 64;

/// Delimiters and line ends of a text, in its order.
#[derive(Debug)]
pub(super) struct Ends<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    /// Where the block under way begins.
    block: usize,
    /// Those of the block that are to come, the first in the lowest bit.
    bits: u64,
}

impl<'a> Ends<'a> {
    /// From the start of a text.
    pub fn new(bytes: &'a [u8], delimiter: u8) -> Self {
        let mut ends = Self { bytes, delimiter, block: 0, bits: 0 };
        ends.bits = ends.marks();
        ends
    }

    /// The next one; the length of the text where there is none.
    #[inline]
    pub fn next(&mut self) -> usize {
        while self.bits == 0 {
            if self.block + BLOCK >= self.bytes.len() {
                return self.bytes.len();
            }
            self.block += BLOCK;
            self.bits = self.marks();
        }
        let found = self.block + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        found
    }

    /// Passes over those before `at`.
    pub fn skip(&mut self, at: usize) {
        let block = at / BLOCK * BLOCK;
        if block != self.block {
            self.block = block;
            self.bits = self.marks();
        }
        self.bits &= u64::MAX << (at % BLOCK);
    }

    /// Bits of the block under way.
    #[inline]
    fn marks(&self) -> u64 {
        let rest = self.bytes.get(self.block..).unwrap_or_default();
        if let Some(block) = rest.first_chunk::<BLOCK>() {
            return marks(block, self.delimiter);
        }
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        marks(&block, self.delimiter)
    }
}

/// A bit for each byte that ends a field.
#[inline]
fn marks(block: &[u8; BLOCK], delimiter: u8) -> u64 {
    let found = block.map(|byte| u8::from(byte == delimiter || byte == b'\n'));
    let mut bits = 0;
    for (at, eight) in found.as_chunks::<8>().0.iter().enumerate() {
        // The product brings the lowest bit of each byte into the highest byte, in their order.
        let eight = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= eight << (8 * at);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_found_once_and_in_order() {
        let mut state = 7u32;
        for length in 0..300 {
            let text: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    b"\t\nab\x0b\x8a,\x00"[(state >> 24) as usize % 8]
                })
                .collect();
            let is_end = |at: &usize| matches!(text[*at], b'\t' | b'\n');
            let expected: Vec<usize> = (0..length).filter(is_end).collect();
            let mut ends = Ends::new(&text, b'\t');
            for end in &expected {
                assert_eq!(ends.next(), *end, "{text:?}");
            }
            assert_eq!((ends.next(), ends.next()), (length, length));
            for from in 0..=length {
                let mut ends = Ends::new(&text, b'\t');
                ends.skip(from);
                let next = expected.iter().find(|end| **end >= from);
                assert_eq!(ends.next(), next.copied().unwrap_or(length), "{text:?} {from}");
            }
        }
    }
}
