//! HMAC over the 8-byte counter, keyed once, and dynamic truncation (RFC 2104, RFC 4226 section 5).
//!
//! A key costs two compressions of the hash, each code two more. The `hmac` crate is the reference
//! in the tests. It is not used here because it clones and buffers for each message.

use sha1::{Digest as _, Sha1};
use sha2::{Sha256, Sha512};
#[cfg(feature = "mfa")]
use subtle::{Choice, ConstantTimeEq};
use zeroize::{DefaultIsZeroes, Zeroize};

use super::algorithm::Algorithm;

/// So many counters are computed side by side: the three steps of the default window.
///
/// A block is written in narrow stores and read back in wide loads, which stalls the processor.
/// Writing all blocks before the first compression hides the stall.
const LANES: usize = 3;

/// So many are computed side by side where the window reaches far, for a resynchronization or a
/// look-ahead.
const FAR_LANES: usize = 8;

/// Holds an HMAC key, ready for counters.
pub(crate) struct Mac(Keyed);

enum Keyed {
    Sha1(Midstates<Sha1>),
    Sha256(Midstates<Sha256>),
    Sha512(Midstates<Sha512>),
}

impl Mac {
    #[inline]
    pub(crate) fn new(algorithm: Algorithm, key: &[u8]) -> Self {
        let mut mac = Self(match algorithm {
            Algorithm::Sha1 => Keyed::Sha1(Midstates::INITIAL),
            Algorithm::Sha256 => Keyed::Sha256(Midstates::INITIAL),
            Algorithm::Sha512 => Keyed::Sha512(Midstates::INITIAL),
        });
        match &mut mac.0 {
            Keyed::Sha1(states) => states.set_key(key),
            Keyed::Sha256(states) => states.set_key(key),
            Keyed::Sha512(states) => states.set_key(key),
        }
        mac
    }

    /// Computes the 31-bit value of one counter (RFC 4226 section 5.3).
    pub(crate) fn value(&self, counter: u64) -> u32 {
        match &self.0 {
            Keyed::Sha1(key) => key.values([counter])[0],
            Keyed::Sha256(key) => key.values([counter])[0],
            Keyed::Sha512(key) => key.values([counter])[0],
        }
    }

    /// Shows the 31-bit value of every counter from `first` to `last`, in order.
    pub(crate) fn for_each_value(&self, first: u64, last: u64, see: impl FnMut(u64, u32)) {
        match &self.0 {
            Keyed::Sha1(key) => key.for_each_value(first, last, see),
            Keyed::Sha256(key) => key.for_each_value(first, last, see),
            Keyed::Sha512(key) => key.for_each_value(first, last, see),
        }
    }
}

/// Fills a block with a key. Zeros fill it up, and a longer key is hashed (RFC 2104 section 2).
#[inline]
fn key_block<H: Hash>(key: &[u8]) -> H::Block {
    let mut block = H::EMPTY;
    match block.as_mut().get_mut(..key.len()) {
        Some(head) => head.copy_from_slice(key),
        None => H::hash_key(key, &mut block),
    }
    block
}

/// Says whether HMAC takes both for one key, so that their codes are the same.
#[cfg(feature = "mfa")]
pub(super) fn is_same_key(algorithm: Algorithm, one: &[u8], other: &[u8]) -> Choice {
    match algorithm {
        Algorithm::Sha1 => is_same_block::<Sha1>(one, other),
        Algorithm::Sha256 => is_same_block::<Sha256>(one, other),
        Algorithm::Sha512 => is_same_block::<Sha512>(one, other),
    }
}

#[cfg(feature = "mfa")]
fn is_same_block<H: Hash>(one: &[u8], other: &[u8]) -> Choice {
    let (mut one, mut other) = (key_block::<H>(one), key_block::<H>(other));
    let is_same = one.as_mut().ct_eq(&*other.as_mut());
    one.as_mut().zeroize();
    other.as_mut().zeroize();
    is_same
}

/// Holds the hash states after the inner and the outer padded key (RFC 2104 section 4).
struct Midstates<H: Hash> {
    inner: H::State,
    outer: H::State,
}

impl<H: Hash> Midstates<H> {
    const INITIAL: Self = Self {
        inner: H::INITIAL,
        outer: H::INITIAL,
    };

    #[inline]
    fn set_key(&mut self, key: &[u8]) {
        let mut ipad = key_block::<H>(key);
        let mut opad = ipad;
        ipad.as_mut().iter_mut().for_each(|byte| *byte ^= 0x36);
        opad.as_mut().iter_mut().for_each(|byte| *byte ^= 0x5c);
        H::compress(&mut self.inner, &ipad);
        H::compress(&mut self.outer, &opad);
        ipad.as_mut().zeroize();
        opad.as_mut().zeroize();
    }

    #[inline]
    fn values<const N: usize>(&self, counters: [u64; N]) -> [u32; N] {
        let mut values = [0; N];
        for (value, digest) in values.iter_mut().zip(&self.digests(counters)) {
            let (words, last) = H::truncation_words(digest);
            *value = truncate(words, last);
        }
        values
    }

    #[inline]
    fn digests<const N: usize>(&self, counters: [u64; N]) -> [H::State; N] {
        let mut blocks = [H::EMPTY; N];
        let mut states = [self.inner; N];
        blocks
            .iter_mut()
            .zip(counters)
            .for_each(|(block, counter)| *block = H::counter_block(counter));
        states
            .iter_mut()
            .zip(&blocks)
            .for_each(|(state, block)| H::compress(state, block));
        blocks
            .iter_mut()
            .zip(&states)
            .for_each(|(block, digest)| *block = H::digest_block(digest));
        states = [self.outer; N];
        states
            .iter_mut()
            .zip(&blocks)
            .for_each(|(state, block)| H::compress(state, block));
        states
    }

    fn for_each_value(&self, first: u64, last: u64, mut see: impl FnMut(u64, u32)) {
        let next = self.fill_lanes::<FAR_LANES>(Some(first), last, &mut see);
        let next = self.fill_lanes::<LANES>(next, last, &mut see);
        self.fill_lanes::<1>(next, last, &mut see);
    }

    /// Shows the values from `next` on, as far as they fill all lanes. Returns the counter after
    /// them, if there is one.
    #[inline]
    fn fill_lanes<const N: usize>(
        &self,
        mut next: Option<u64>,
        last: u64,
        see: &mut impl FnMut(u64, u32),
    ) -> Option<u64> {
        while let Some(counter) = next {
            let Some(end) = counter
                .checked_add(const { N as u64 - 1 })
                .filter(|end| *end <= last)
            else {
                break;
            };
            let counters =
                core::array::from_fn::<u64, N, _>(|lane| counter.wrapping_add(lane as u64));
            counters
                .into_iter()
                .zip(self.values(counters))
                .for_each(|(counter, value)| see(counter, value));
            next = end.checked_add(1);
        }
        next
    }
}

impl<H: Hash> Drop for Midstates<H> {
    fn drop(&mut self) {
        self.inner.as_mut().zeroize();
        self.outer.as_mut().zeroize();
    }
}

/// Truncates dynamically (RFC 4226 section 5.3): 31 bits from the byte offset that the digest's
/// last four bits name.
///
/// The offset is secret, so the words are moved to the front by masks. No address depends on it.
#[inline]
fn truncate([a, b, c, d, e]: [u32; 5], last: u32) -> u32 {
    let select =
        |bit: u32, one: u32, zero: u32| zero ^ ((one ^ zero) & ((last >> bit) & 1).wrapping_neg());
    let [a, b, c] = [select(3, c, a), select(3, d, b), select(3, e, c)];
    let words = u64::from(select(2, b, a)) << 32 | u64::from(select(2, c, b));
    // This works in 64 bits, because for several lanes of 32 bits the compiler goes by way of
    // floats.
    high(words << ((last & 3) << 3)) & 0x7fff_ffff
}

/// Describes a hash function by its compression (FIPS 180-4).
trait Hash {
    type Word: DefaultIsZeroes;
    type State: Copy + AsMut<[Self::Word]>;
    type Block: Copy + AsMut<[u8]>;
    const INITIAL: Self::State;
    const EMPTY: Self::Block;

    fn compress(state: &mut Self::State, block: &Self::Block);
    /// Writes the hash of a key that is longer than a block.
    fn hash_key(key: &[u8], block: &mut Self::Block);
    /// Makes the second and last block of a message: these words, padding, and the length of both
    /// blocks.
    fn last_block<const N: usize>(message: [Self::Word; N]) -> Self::Block;
    fn counter_block(counter: u64) -> Self::Block;
    fn digest_block(digest: &Self::State) -> Self::Block;
    /// Returns the digest's first 20 bytes and its last 4. The highest offset is 15, and four bytes
    /// follow it.
    fn truncation_words(digest: &Self::State) -> ([u32; 5], u32);
}

macro_rules! hash {
    (
        $hash:ty, $compress:path, $word:ty, block: $block:literal, digest: $digest:literal,
        initial: $initial:expr, counter: $counter:expr, truncation: $truncation:expr
    ) => {
        impl Hash for $hash {
            type Word = $word;
            type State = [$word; $digest / size_of::<$word>()];
            type Block = [u8; $block];
            const INITIAL: Self::State = $initial;
            const EMPTY: Self::Block = [0; $block];

            #[inline]
            fn compress(state: &mut Self::State, block: &Self::Block) {
                $compress(state, core::slice::from_ref(block));
            }

            #[cold]
            fn hash_key(key: &[u8], block: &mut Self::Block) {
                let mut digest = Self::digest(key);
                block[..$digest].copy_from_slice(&digest);
                digest.as_mut_slice().zeroize();
            }

            /// Works in whole words, so that the block is written in stores as wide as the loads
            /// that read it back.
            #[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // sizes known when compiled
            #[inline]
            fn last_block<const N: usize>(message: [$word; N]) -> Self::Block {
                let mut words = [0; 16];
                let end_mark = 1 << (<$word>::BITS - 1);
                words
                    .iter_mut()
                    .zip(message.into_iter().chain([end_mark]))
                    .for_each(|(to, from)| *to = from);
                words[15] = 8 * ($block + size_of::<[$word; N]>() as $word);
                let mut block = [0; $block];
                for (bytes, word) in block.chunks_exact_mut(size_of::<$word>()).zip(words) {
                    bytes.copy_from_slice(&word.to_be_bytes());
                }
                block
            }

            #[inline]
            fn counter_block(counter: u64) -> Self::Block {
                Self::last_block($counter(counter))
            }

            #[inline]
            fn digest_block(digest: &Self::State) -> Self::Block {
                Self::last_block(*digest)
            }

            #[inline]
            fn truncation_words(digest: &Self::State) -> ([u32; 5], u32) {
                $truncation(*digest)
            }
        }
    };
}

hash!(
    Sha1,
    sha1::block_api::compress,
    u32,
    block: 64,
    digest: 20,
    initial: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0],
    counter: |counter| [high(counter), low(counter)],
    truncation: |[a, b, c, d, e]: [u32; 5]| ([a, b, c, d, e], e)
);

hash!(
    Sha256,
    sha2::block_api::compress256,
    u32,
    block: 64,
    digest: 32,
    initial: [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ],
    counter: |counter| [high(counter), low(counter)],
    truncation: |[a, b, c, d, e, _, _, h]: [u32; 8]| ([a, b, c, d, e], h)
);

hash!(
    Sha512,
    sha2::block_api::compress512,
    u64,
    block: 128,
    digest: 64,
    initial: [
        0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
    ],
    counter: |counter| [counter],
    truncation: |[a, b, c, _, _, _, _, h]: [u64; 8]| ([high(a), low(a), high(b), low(b), high(c)], low(h))
);

#[allow(clippy::cast_possible_truncation)] // the upper half of the word
const fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

#[allow(clippy::cast_possible_truncation)] // the lower half of the word
const fn low(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests;
