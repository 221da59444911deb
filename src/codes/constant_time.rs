//! The only place where values computed from secrets and codes leave constant time.
//!
//! Nothing before this point branches on them or takes them for an address. Texts are read before
//! it and written after it (SECURITY.md).
//!
//! `scripts/constant-time` builds with `--cfg secondfactor_constant_time` and marks secrets and
//! codes as undefined under valgrind. This module tells it what may be known from now on. A branch
//! on anything else is an error.

use subtle::Choice;

/// Releases the verdict: whoever asked may know it from here on.
#[inline]
pub(crate) fn verdict(choice: Choice) -> bool {
    let [byte] = public([choice.unwrap_u8()]);
    byte != 0
}

/// Releases the step, counter or place that matched, if one did: it goes into the record and the
/// events.
#[inline]
pub(crate) fn found(is_match: Choice, at: u64) -> Option<u64> {
    verdict(is_match).then(|| u64::from_ne_bytes(public(at.to_ne_bytes())))
}

/// Releases what the cipher made of the secrets: the store sees it, and so does a thief.
#[cfg(feature = "mfa")]
#[inline]
pub(crate) fn ciphertext(sealed: &mut [u8]) {
    #[cfg(secondfactor_constant_time)]
    hook::call(sealed);
    let _ = sealed;
}

#[inline]
#[cfg_attr(not(secondfactor_constant_time), allow(unused_mut))]
fn public<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    #[cfg(secondfactor_constant_time)]
    hook::call(&mut bytes);
    bytes
}

/// Lets the harness of `scripts/constant-time` follow what is declassified.
#[cfg(secondfactor_constant_time)]
pub mod hook {
    use std::sync::OnceLock;

    static DECLASSIFY: OnceLock<fn(&mut [u8])> = OnceLock::new();

    /// Sets the function that is called with everything that is declassified.
    pub fn set(declassify: fn(&mut [u8])) {
        let _first = DECLASSIFY.set(declassify);
    }

    pub(super) fn call(bytes: &mut [u8]) {
        if let Some(declassify) = DECLASSIFY.get() {
            declassify(bytes);
        }
    }
}
