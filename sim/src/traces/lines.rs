//! A guard against tables that are not tables: no line may exceed a bound, so that memory cannot either.

use std::io::{Error, ErrorKind, Read, Result};

/// Longest line, in bytes. Rows of recorded traces take a few hundred.
pub(super) const LONGEST: usize = 64 * 1024;

/// Passes bytes on until a line is too long.
pub(super) struct ShortLines<R> {
    inner: R,
    since_break: usize,
    line: u64,
}

impl<R: Read> ShortLines<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, since_break: 0, line: 1 }
    }
}

impl<R: Read> Read for ShortLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        for &byte in &buffer[..count] {
            if byte == b'\n' {
                (self.since_break, self.line) = (0, self.line + 1);
            } else {
                self.since_break += 1;
            }
            if self.since_break > LONGEST {
                return Err(Error::new(ErrorKind::InvalidData, format!("line {} is longer than {LONGEST} bytes", self.line)));
            }
        }
        Ok(count)
    }
}
