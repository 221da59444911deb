//! HOTP: codes from a counter (RFC 4226).

use core::fmt;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::algorithm::Algorithm;
use super::code::Code;
use super::constant_time;
use super::counter::Counter;
use super::digits::Digits;
use super::mac::Mac;
use super::parameters::{MovingFactor, Parameters, WrongMovingFactor};
use super::secret::Secret;
use super::window::LookAhead;

/// Computes and checks codes from a counter (RFC 4226).
///
/// The prover calls [`at`](Self::at), the verifier [`verify`](Self::verify). The key is set up
/// once, so keep the value while you need more codes of it.
///
/// ```
/// use secondfactor::codes::{Counter, Hotp, LookAhead, Secret};
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
pub struct Hotp {
    mac: Mac,
    algorithm: Algorithm,
    digits: Digits,
}

impl Hotp {
    /// Sets up SHA-1 and six digits, which every token and app can do.
    #[must_use]
    #[inline]
    pub fn new(secret: &Secret) -> Self {
        Self::keyed(secret, Algorithm::default(), Digits::default())
    }

    /// Sets up the algorithm and digits of `parameters`, and returns the token's next counter,
    /// which is in them too.
    ///
    /// ```
    /// use secondfactor::codes::{Counter, Digits, Hotp, Parameters, Secret};
    ///
    /// let secret = Secret::from_bytes(b"12345678901234567890")?;
    /// let parameters = Parameters::hotp(Counter::new(3)).with_digits(Digits::Eight);
    /// let (hotp, next) = Hotp::from_parameters(&secret, parameters)?;
    /// assert_eq!(hotp.at(next).to_string(), "26969429");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WrongMovingFactor`] if the parameters are those of TOTP.
    pub fn from_parameters(
        secret: &Secret,
        parameters: Parameters,
    ) -> Result<(Self, Counter), WrongMovingFactor> {
        match parameters.moving_factor() {
            MovingFactor::Counter(next) => Ok((
                Self::keyed(secret, parameters.algorithm(), parameters.digits()),
                next,
            )),
            MovingFactor::Time(_) => Err(WrongMovingFactor::new()),
        }
    }

    #[inline]
    pub(crate) fn keyed(secret: &Secret, algorithm: Algorithm, digits: Digits) -> Self {
        Self {
            mac: Mac::new(algorithm, secret.expose_bytes()),
            algorithm,
            digits,
        }
    }

    /// Computes the code of a counter.
    #[must_use]
    pub fn at(&self, counter: Counter) -> Code {
        Code::from_truncated(self.mac.value(counter.get()), self.digits)
    }

    /// Finds the counter that `code` belongs to, from `next` on.
    ///
    /// `next` is the first counter that was not used yet. Store the [`next`](Counter::next) of the
    /// counter you get before you let anyone in, and in a way that lets only one of two servers
    /// win. That makes a code work once.
    ///
    /// If two counters share the code, the later one is returned, so that neither passes again.
    /// Every candidate is computed and compared in constant time.
    #[must_use]
    pub fn verify(&self, code: Code, next: Counter, look_ahead: LookAhead) -> Option<Counter> {
        let last = next.get().saturating_add(u64::from(look_ahead.get()));
        self.last_match(code, next.get(), last).map(Counter::new)
    }

    /// Returns the last counter in `first..=last` whose code is the second of two in a row.
    #[cfg(feature = "mfa")]
    pub(crate) fn last_pair_match(
        &self,
        [one, next]: [Code; 2],
        first: u64,
        last: u64,
    ) -> Option<u64> {
        let (mut follows, mut found) = (Choice::from(0), LastMatch::none(first));
        self.mac.for_each_value(first, last, |counter, value| {
            let shown = Code::from_truncated(value, self.digits);
            found.see(counter, follows & shown.ct_eq(next));
            follows = shown.ct_eq(one);
        });
        let (is_match, at) = found.get();
        constant_time::found(is_match, at)
    }

    /// Returns the last counter in any of these ranges that has this code. None begins before the
    /// first one.
    #[cfg(feature = "mfa")]
    pub(crate) fn last_match_among(
        &self,
        code: Code,
        ranges: impl Iterator<Item = (u64, u64)>,
    ) -> Option<u64> {
        let mut ranges = ranges.peekable();
        let mut found = LastMatch::none(ranges.peek()?.0);
        for (first, last) in ranges {
            self.mac.for_each_value(first, last, |counter, value| {
                let shown = Code::from_truncated(value, self.digits);
                found.see(counter, shown.ct_eq(code));
            });
        }
        let (is_match, at) = found.get();
        constant_time::found(is_match, at)
    }

    /// Returns the last counter in `first..=last` that has this code.
    #[inline]
    pub(crate) fn last_match(&self, code: Code, first: u64, last: u64) -> Option<u64> {
        let (is_match, at) = self.ct_last_match(code, first, last);
        constant_time::found(is_match, at)
    }

    /// Does as `last_match`, before anything branches on the answer.
    #[inline]
    pub(super) fn ct_last_match(&self, code: Code, first: u64, last: u64) -> (Choice, u64) {
        let mut found = LastMatch::none(first);
        self.mac.for_each_value(first, last, |counter, value| {
            found.see(
                counter,
                Code::from_truncated(value, self.digits).ct_eq(code),
            );
        });
        found.get()
    }
}

/// Keeps which counter matched last, without a branch on it. `place` counts from `first` on and
/// begins with 1, as 0 means none. One number holds both, because a `Choice` beside it makes the
/// loop slower.
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
        self.place
            .conditional_assign(&counter.wrapping_sub(self.first).wrapping_add(1), is_match);
    }

    #[inline]
    fn get(&self) -> (Choice, u64) {
        (
            !self.place.ct_eq(&0),
            self.first.wrapping_add(self.place).wrapping_sub(1),
        )
    }
}

impl fmt::Debug for Hotp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mac: _,
            algorithm,
            digits,
        } = self;
        f.debug_struct("Hotp")
            .field("algorithm", algorithm)
            .field("digits", digits)
            .finish_non_exhaustive()
    }
}
