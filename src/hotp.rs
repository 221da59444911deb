//! HOTP: codes from a counter (RFC 4226).

use core::fmt;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::mac::Mac;
use crate::{Algorithm, Code, Digits, OutOfRange, Secret, declassify};

/// Codes from a counter (RFC 4226): the prover's [`at`](Self::at) and the verifier's [`verify`](Self::verify).
///
/// The key is set up once, so keep the value while you need more codes of it.
///
/// ```
/// use secondfactor::{Counter, Hotp, LookAhead, Secret};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let hotp = Hotp::new(&secret);
/// assert_eq!(hotp.at(Counter::new(0)).to_string(), "755224");
///
/// // The token was pressed once too often: the server expects 0 and finds 1.
/// let code = "287082".parse()?;
/// let used = hotp.verify(code, Counter::new(0), LookAhead::DEFAULT).ok_or("wrong code")?;
/// let expect_next = used.next().ok_or("the token is worn out")?;
/// assert_eq!(expect_next, Counter::new(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Hotp<'s> {
    secret: &'s Secret,
    algorithm: Algorithm,
    mac: Mac,
    digits: Digits,
}

impl<'s> Hotp<'s> {
    /// SHA-1 and six digits: what every token and app can do.
    #[must_use]
    #[inline]
    pub fn new(secret: &'s Secret) -> Self {
        Self::new_for(secret, Algorithm::default())
    }

    /// Six digits by another hash.
    #[must_use]
    #[inline]
    pub fn new_for(secret: &'s Secret, algorithm: Algorithm) -> Self {
        let mac = Mac::new(algorithm, secret.expose_bytes());
        Self { secret, algorithm, mac, digits: Digits::default() }
    }

    /// With another hash. It sets up the key a second time: [`new_for`](Self::new_for) saves that.
    #[must_use]
    #[inline]
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        if algorithm != self.algorithm {
            self.algorithm = algorithm;
            self.mac = Mac::new(algorithm, self.secret.expose_bytes());
        }
        self
    }

    /// With another number of digits.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// The code for a counter.
    #[must_use]
    pub fn at(&self, counter: Counter) -> Code {
        Code::from_truncated(self.mac.value(counter.0), self.digits)
    }

    /// The counter that `code` belongs to, from `next` (the first one not yet used) on.
    ///
    /// Store the [`next`](Counter::next) of the counter you get, before you let anyone in, and in a way that only one
    /// of two servers can: that is what makes a code work once. If two counters share the code, the later one is
    /// returned, so that neither passes again. Every candidate is computed and compared in constant time.
    #[must_use]
    pub fn verify(&self, code: Code, next: Counter, look_ahead: LookAhead) -> Option<Counter> {
        let last = next.0.saturating_add(u64::from(look_ahead.0));
        self.last_match(code, next.0, last).map(Counter)
    }

    /// The last counter in `first..=last` whose code is the second of two in a row.
    #[cfg(feature = "mfa")]
    pub(crate) fn last_pair_match(&self, [one, next]: [Code; 2], first: u64, last: u64) -> Option<u64> {
        let (mut follows, mut found) = (Choice::from(0), LastMatch::none(first));
        self.mac.for_each_value(first, last, |counter, value| {
            let shown = Code::from_truncated(value, self.digits);
            found.see(counter, follows & shown.ct_eq(next));
            follows = shown.ct_eq(one);
        });
        let (is_match, at) = found.get();
        declassify::found(is_match, at)
    }

    /// The last counter in `first..=last` whose code this is.
    #[inline]
    pub(crate) fn last_match(&self, code: Code, first: u64, last: u64) -> Option<u64> {
        let (is_match, at) = self.ct_last_match(code, first, last);
        declassify::found(is_match, at)
    }

    /// The same, before anything branches on the answer; nothing depends on the digits but that.
    #[inline]
    pub(crate) fn ct_last_match(&self, code: Code, first: u64, last: u64) -> (Choice, u64) {
        let mut found = LastMatch::none(first);
        self.mac.for_each_value(first, last, |counter, value| {
            found.see(counter, Code::from_truncated(value, self.digits).ct_eq(code));
        });
        found.get()
    }
}

/// Which counter matched last, without a branch on it: its place from `first` on, beginning with 1; 0 is none. To keep a
/// `Choice` beside it would take a fiftieth of a resynchronization.
struct LastMatch {
    first: u64,
    place: u64,
}

impl LastMatch {
    const fn none(first: u64) -> Self {
        Self { first, place: 0 }
    }

    #[inline]
    fn see(&mut self, counter: u64, is_match: Choice) {
        self.place.conditional_assign(&counter.wrapping_sub(self.first).wrapping_add(1), is_match);
    }

    #[inline]
    fn get(&self) -> (Choice, u64) {
        (!self.place.ct_eq(&0), self.first.wrapping_add(self.place).wrapping_sub(1))
    }
}

impl fmt::Debug for Hotp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, digits, .. } = self;
        f.debug_struct("Hotp").field("algorithm", algorithm).field("digits", digits).finish_non_exhaustive()
    }
}

/// A moving factor of HOTP: 8 bytes (RFC 4226 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

impl Counter {
    /// The counter with this value.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The counter's value.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The counter after this one; `None` after the last of 2^64.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }
}

/// How many counters beyond the expected one a verifier tries (RFC 4226 section 7.4, `s`).
///
/// Each one is another code that a guess can hit: as few as the tokens' owners allow.
///
/// ```
/// use secondfactor::LookAhead;
/// assert_eq!(LookAhead::new(3)?.get(), 3);
/// assert!(LookAhead::new(101).is_err());
/// # Ok::<(), secondfactor::OutOfRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LookAhead(u8);

impl LookAhead {
    /// Only the expected counter.
    pub const NONE: Self = Self(0);
    /// Ten counters.
    pub const DEFAULT: Self = Self(10);
    /// Five counters: what [`Policy`](crate::Policy) takes, which allows fewer guesses.
    #[cfg(feature = "mfa")]
    pub(crate) const POLICY: Self = Self(5);
    /// The most: 100 counters, for a resynchronization with two codes in a row.
    pub const MAX: Self = Self(100);

    /// A look-ahead of `counters`.
    ///
    /// # Errors
    /// More than [`MAX`](Self::MAX).
    pub const fn new(counters: u8) -> Result<Self, OutOfRange> {
        if counters > Self::MAX.0 {
            return Err(OutOfRange::new("look-ahead in counters", 0, Self::MAX.0 as u64));
        }
        Ok(Self(counters))
    }

    /// The number of counters.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for LookAhead {
    fn default() -> Self {
        Self::DEFAULT
    }
}
