//! From a valid input to a hostile one: a few edits, each of a kind that parsers break on.

use crate::random::Random;

/// Numbers that arithmetic breaks on.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1e308",
    "-1e308",
    "1e-400",
    "1e400",
    "NaN",
    "inf",
    "-inf",
    "1e20",
    "1e19",
    "99999999999999999999",
    "170141183460469231731",
    "-170141183460469231731.687303715884105728",
    "0.000000000000000001",
    "1e-18",
    "1e-19",
    "1e2147483647",
    "1e-2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "0x10",
    "1_000",
    "1,5",
    "",
    "null",
    "true",
    "\"1\"",
    "2/0",
    "1/1e-18",
    "$price_range",
];

/// Text that structure breaks on.
const PIECES: &[&str] = &[
    "\"",
    "'",
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r\n",
    "\u{feff}",
    "\0",
    "{",
    "}",
    "[",
    "]",
    ":",
    "=",
    "(",
    ")",
    "-",
    "+",
    "*",
    "/",
    "é",
    "\u{202e}",
    "\u{1f4a3}",
    "//",
    "#",
    "$",
    "\\",
    "\\u0000",
];

/// Inputs do not grow beyond this.
const LONGEST: usize = 200_000;

/// An input with one to six edits, mostly one, so that many are still taken; `other` is what a
/// splice takes its end from.
pub fn mutate(random: &mut Random, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..*random.pick(&[1, 1, 1, 2, 3, 6]) {
        edit(random, &mut bytes, other);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn edit(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(bytes.len() + 1);
    match random.below(12) {
        0 => flip(random, bytes),
        1 => {
            let end = at + random.below(16).min(bytes.len() - at);
            bytes.drain(at..end);
        }
        2 => bytes.truncate(at),
        3 => {
            bytes.truncate(at);
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        4..=7 => number(random, bytes),
        8 => insert(bytes, at, random.pick(PIECES).as_bytes()),
        9 => line(random, bytes),
        10 => delimiter(random, bytes),
        _ => repeat(random, bytes, at),
    }
}

fn flip(random: &mut Random, bytes: &mut [u8]) {
    let at = random.below(bytes.len());
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// Replaces a number of the text.
fn number(random: &mut Random, bytes: &mut Vec<u8>) {
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|at| {
            bytes[*at].is_ascii_digit() && (*at == 0 || !bytes[*at - 1].is_ascii_alphanumeric())
        })
        .collect();
    let Some(start) = starts.get(random.below(starts.len())).copied() else { return };
    let part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let end = start + bytes[start..].iter().take_while(|byte| part(byte)).count();
    let piece = match random.below(4) {
        0 => random.bits().to_string(),
        1 => format!("{}e{}", random.below(100), random.below(60) as i64 - 30),
        _ => (*random.pick(NUMBERS)).to_owned(),
    };
    bytes.splice(start..end, piece.bytes());
}

/// Doubles, removes or moves a line.
fn line(random: &mut Random, bytes: &mut Vec<u8>) {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.is_empty() {
        return;
    }
    let at = random.below(lines.len());
    match random.below(3) {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(at, lines[at]),
        _ => {
            let moved = lines.remove(at);
            lines.insert(random.below(lines.len() + 1), moved);
        }
    }
    *bytes = lines.concat();
}

fn delimiter(random: &mut Random, bytes: &mut [u8]) {
    let (from, to) = (*random.pick(b",;:\t|.=-"), *random.pick(b",;:\t|.=- "));
    let all = random.below(3) == 0;
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == from).collect();
    let one = places.get(random.below(places.len())).copied();
    for at in places {
        if all || Some(at) == one {
            bytes[at] = to;
        }
    }
}

/// Repeats a piece many times: depth and length.
fn repeat(random: &mut Random, bytes: &mut Vec<u8>, at: usize) {
    let end = at + (1 + random.below(6)).min(bytes.len() - at);
    let times = *random.pick(&[2, 8, 100, 3_000]);
    let piece = bytes[at..end].repeat(times);
    insert(bytes, at, &piece);
}
