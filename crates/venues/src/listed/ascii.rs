//! A stream with everything outside ASCII replaced, byte for byte.
//!
//! Risk-parameter files come as UTF-8 or ISO-8859-1, and often say neither. What is read of them -
//! tags, codes, numbers, days - is ASCII; the names of companies are not needed. So one byte
//! stands for one byte, offsets stay true, and no file is refused for an accent.

use std::io::{self, BufRead, Read};

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;
const REPLACEMENT: u8 = b'_';

/// The stream.
pub struct Ascii<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: Read> Ascii<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, buffer: vec![0; CHUNK].into_boxed_slice(), start: 0, end: 0 }
    }
}

impl<R: Read> Read for Ascii<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let count = ready.len().min(into.len());
        into[..count].copy_from_slice(&ready[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for Ascii<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = loop {
                match self.inner.read(&mut self.buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            let read = &mut self.buffer[..self.end];
            if !read.is_ascii() {
                read.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|b| *b = REPLACEMENT);
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}
