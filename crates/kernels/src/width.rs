//! Which vector instructions a batch runs with, chosen once at run time.
//!
//! The choice never changes a result, only its speed, so it is safe to make it by looking at the
//! machine. It is an argument rather than a hidden global so that tests can run every width and
//! compare bits; production code passes [`Width::best`]. The environment is not read.
//!
//! `by_width!` turns one `#[inline(always)]` body into three compiled copies. Those copies, and the
//! `unsafe` calls to them, appear nowhere else.
use std::fmt;
use std::sync::OnceLock;

/// A set of vector instructions. Every width exists on every target; only
/// [`available`](Width::available) ones may be passed to a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// AVX-512 F, DQ and VL with FMA: eight lanes of 64 bits.
    Avx512,
    /// AVX2 with FMA: four lanes of 64 bits.
    Avx2,
    /// What the target guarantees. Without hardware FMA each `mul_add` is a library call: the same
    /// bits, many times slower.
    Portable,
}

impl Width {
    /// The widest set this machine has. Detected once per process, then one load.
    pub fn best() -> Width {
        static BEST: OnceLock<Width> = OnceLock::new();
        *BEST.get_or_init(detect)
    }

    /// Every width this machine can run, widest first; always ends in [`Width::Portable`].
    pub fn available() -> Vec<Width> {
        let all = [Width::Avx512, Width::Avx2, Width::Portable];
        all.into_iter().filter(|width| width.is_available()).collect()
    }

    /// Whether this machine can run `self`.
    pub fn is_available(self) -> bool {
        match self {
            Width::Avx512 => Width::best() == Width::Avx512,
            Width::Avx2 => Width::best() != Width::Portable,
            Width::Portable => true,
        }
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Width::Avx512 => "avx512",
            Width::Avx2 => "avx2",
            Width::Portable => "portable",
        })
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Width {
    let narrow = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let wide = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    match (narrow, wide) {
        (true, true) => Width::Avx512,
        (true, false) => Width::Avx2,
        (false, _) => Width::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Width {
    Width::Portable
}

/// Defines `fn name(width, args…)` that runs `body(args…)` compiled for `width`.
///
/// `body` must be `#[inline(always)]`: only then is it compiled again, with the wrapper's
/// instructions. Panics if this machine lacks `width`.
macro_rules! by_width {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? = $body:path
    ) => {
        $(#[$meta])*
        #[allow(unsafe_code)]
        $vis fn $name(width: $crate::width::Width, $($arg: $kind),*) $(-> $result)? {
            assert!(width.is_available(), "this machine has no {width} instructions");
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
                fn avx512($($arg: $kind),*) $(-> $result)? {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $kind),*) $(-> $result)? {
                    $body($($arg),*)
                }
                match width {
                    // SAFETY: the assertion above saw F, DQ, VL, AVX2 and FMA on this machine.
                    $crate::width::Width::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: the assertion above saw AVX2 and FMA on this machine.
                    $crate::width::Width::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::width::Width::Portable => {}
                }
            }
            $body($($arg),*)
        }
    };
}
pub(crate) use by_width;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_is_first_and_portable_is_last() {
        let all = Width::available();
        assert_eq!(all.first(), Some(&Width::best()));
        assert_eq!(all.last(), Some(&Width::Portable));
        assert!(all.iter().all(|width| width.is_available()));
    }

    #[test]
    fn names_are_lower_case() {
        let names = [Width::Avx512, Width::Avx2, Width::Portable].map(|w| w.to_string());
        assert_eq!(names, ["avx512", "avx2", "portable"]);
    }
}
