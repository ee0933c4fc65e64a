//! Room for large tables in large pages.
//!
//! A table of 2,000 options over 2,500 scenarios is ten thousand small pages, and asking the system
//! for each costs more than pricing what is written to it. This is advice: where it is not heeded,
//! or there is nobody to give it to, everything is as it was.

/// Bytes of a large page.
const LARGE: usize = 2 << 20;
/// Where advice may begin and end.
#[cfg(target_os = "linux")]
const SMALL: usize = 4096;

/// Asks for large pages under memory that is not written to yet. Less than two of them are not
/// worth a call.
pub fn large(start: *mut u8, bytes: usize) {
    if bytes >= 2 * LARGE {
        advise(start, bytes);
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn advise(start: *mut u8, bytes: usize) {
    use rustix::mm::{Advice, madvise};
    let skipped = start.align_offset(SMALL);
    let whole = bytes.saturating_sub(skipped) / SMALL * SMALL;
    // SAFETY: the range lies within one allocation of the caller, and this advice changes neither
    // what memory holds nor whether it may be used.
    let _ = unsafe { madvise(start.wrapping_add(skipped).cast(), whole, Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_: *mut u8, _: usize) {}
