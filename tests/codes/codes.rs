//! The codes: RFC vectors by the public API, windows, look-ahead, edges of time.

use std::time::Duration;

use proptest::prelude::*;
use secondfactor::Code;
use secondfactor::codes::{
    Algorithm, CodeError, Counter, Digits, Hotp, LookAhead, Parameters, Period, Secret, Step, Totp,
    UnixTime, Window,
};

use crate::secret;

fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// The codes of this key by the time, with so many digits.
fn totp(secret: &Secret, digits: Digits) -> Totp {
    Totp::from_parameters(secret, Parameters::DEFAULT.with_digits(digits)).unwrap()
}

/// The codes of this key by the counter.
fn hotp(secret: &Secret, algorithm: Algorithm, digits: Digits) -> Hotp {
    let parameters = Parameters::hotp(Counter::new(0));
    let parameters = parameters.with_algorithm(algorithm).with_digits(digits);
    Hotp::from_parameters(secret, parameters).unwrap().0
}

fn unix(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn rows(file: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = file
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_whitespace().collect())
}

#[test]
fn rfc_4226_appendix_d() {
    let mut rows = rows(include_str!("../vectors/rfc4226-appendix-d.txt"));
    let secret = Secret::from_bytes(&hex(rows.next().unwrap()[1])).unwrap();
    let hotp = Hotp::new(&secret);
    let mut count = 0;
    for row in rows {
        let counter = Counter::new(row[0].parse().unwrap());
        assert_eq!(hotp.at(counter).to_string(), row[4]);
        assert_eq!(
            hotp.verify(code(row[4]), counter, LookAhead::NONE),
            Some(counter)
        );
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn rfc_6238_appendix_b() {
    let algorithm = |name: &str| match name {
        "SHA1" => Algorithm::Sha1,
        "SHA256" => Algorithm::Sha256,
        "SHA512" => Algorithm::Sha512,
        _ => panic!("{name}"),
    };
    let file = include_str!("../vectors/rfc6238-appendix-b.txt");
    let key = |name| {
        rows(file)
            .find(|row| row[0] == "key" && row[1] == name)
            .map(|row| hex(row[2]))
            .unwrap()
    };
    let mut count = 0;
    for row in rows(file).filter(|row| row[0] != "key") {
        let algorithm = algorithm(row[2]);
        let secret = Secret::from_bytes(&key(algorithm.name())).unwrap();
        assert_eq!(secret.expose_bytes().len(), algorithm.key_len());
        let parameters = Parameters::totp(Period::DEFAULT)
            .with_algorithm(algorithm)
            .with_digits(Digits::Eight);
        let totp = Totp::from_parameters(&secret, parameters).unwrap();
        let time = unix(row[0].parse().unwrap());
        assert_eq!(
            totp.step_at(time).unwrap().get(),
            u64::from_str_radix(row[1], 16).unwrap()
        );
        assert_eq!(totp.at(time).unwrap().to_string(), row[3]);
        assert!(
            totp.verify(code(row[3]), time, Window::EXACT, None)
                .is_some()
        );
        count += 1;
    }
    assert_eq!(count, 18);
}

#[test]
fn digits_are_the_last_ones_and_zeros_stay() {
    let secret = secret();
    let at = |digits| {
        hotp(&secret, Algorithm::Sha1, digits)
            .at(Counter::new(9))
            .to_string()
    };
    // RFC 4226 appendix D: the value is 645520489.
    assert_eq!(
        [Digits::Six, Digits::Seven, Digits::Eight].map(at),
        ["520489", "5520489", "45520489"]
    );
    assert_eq!(
        Totp::new(&secret)
            .at(unix(1_234_567_890))
            .unwrap()
            .to_string(),
        "005924"
    );
}

#[test]
fn the_window_ends_where_it_says() {
    let secret = secret();
    let totp = Totp::new(&secret);
    let window = Window::new(2, 1).unwrap();
    assert_eq!((window.past(), window.future()), (2, 1));
    let now = unix(100 * 30 + 7);
    let accepted: Vec<u64> = (90..110)
        .filter(|step| {
            totp.verify(totp.at(unix(step * 30)).unwrap(), now, window, None)
                == Some(Step::new(*step))
        })
        .collect();
    assert_eq!(accepted, [98, 99, 100, 101]);
}

#[test]
fn only_steps_after_the_last_used_one_count() {
    let secret = secret();
    let totp = Totp::new(&secret);
    let now = unix(100 * 30);
    for step in 99..=101 {
        let code = totp.at(unix(step * 30)).unwrap();
        for last_used in 97..=103 {
            let expected = (step > last_used).then_some(Step::new(step));
            assert_eq!(
                totp.verify(code, now, Window::DEFAULT, Some(Step::new(last_used))),
                expected
            );
        }
    }
}

/// With few enough counters between, two steps of a window share a code now and then: both must go at once.
#[test]
fn of_two_steps_with_one_code_the_later_is_burned() {
    let window = Window::new(10, 10).unwrap();
    let mut found = 0;
    for seed in 0..60_000_u32 {
        let secret = Secret::from_bytes(&[seed.to_be_bytes(); 5].concat()).unwrap();
        let totp = Totp::new(&secret);
        let codes: Vec<Code> = (90..=110)
            .map(|step| totp.at(unix(step * 30)).unwrap())
            .collect();
        let Some((_, later)) = pairs(codes.len()).find(|(one, other)| codes[*one] == codes[*other])
        else {
            continue;
        };
        let now = unix(100 * 30);
        let step = totp.verify(codes[later], now, window, None).unwrap();
        assert_eq!(step, Step::new(90 + later as u64));
        assert_eq!(totp.verify(codes[later], now, window, Some(step)), None);
        found += 1;
        if found == 3 {
            return;
        }
    }
    panic!("no two steps shared a code");
}

fn pairs(len: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..len).flat_map(move |one| (one + 1..len).map(move |other| (one, other)))
}

#[test]
fn a_code_of_other_length_is_wrong() {
    let secret = secret();
    let now = unix(1_234_567_890);
    let [six, eight] = [Digits::Six, Digits::Eight].map(|digits| totp(&secret, digits));
    let verify = |totp: &Totp, code| totp.verify(code, now, Window::DEFAULT, None);
    assert_eq!(verify(&six, eight.at(now).unwrap()), None);
    assert_eq!(verify(&eight, six.at(now).unwrap()), None);
    assert!(verify(&six, six.at(now).unwrap()).is_some());
    assert_ne!(code("0123456"), code("123456"));
    assert_ne!(code("0000000"), code("000000"));
}

#[test]
fn look_ahead_finds_later_counters_and_no_earlier_ones() {
    let secret = secret();
    let hotp = Hotp::new(&secret);
    let look_ahead = LookAhead::new(3).unwrap();
    let found: Vec<u64> = (0..20)
        .filter_map(|counter| {
            hotp.verify(hotp.at(Counter::new(counter)), Counter::new(10), look_ahead)
        })
        .map(Counter::get)
        .collect();
    assert_eq!(found, [10, 11, 12, 13]);
}

#[test]
fn the_last_counter_has_no_next() {
    let secret = secret();
    let hotp = Hotp::new(&secret);
    let last = Counter::new(u64::MAX);
    assert_eq!(Counter::new(u64::MAX - 1).next(), Some(last));
    for next in [last, Counter::new(u64::MAX - 3)] {
        let used = hotp.verify(hotp.at(last), next, LookAhead::MAX).unwrap();
        assert_eq!((used, used.next()), (last, None));
    }
}

#[test]
fn before_t0_there_is_no_code() {
    let secret = secret();
    let totp = Totp::new(&secret).with_t0(unix(1000));
    let first = totp.at(unix(1000)).unwrap();
    assert_eq!(first, Hotp::new(&secret).at(Counter::new(0)));
    let errors = [
        totp.at(unix(999)).unwrap_err(),
        totp.step_at(unix(0)).unwrap_err(),
        totp.remaining(unix(999)).unwrap_err(),
    ];
    assert_eq!(
        errors.map(|error| error.to_string()),
        ["time is before T0: no code"; 3]
    );
    assert_eq!(totp.verify(first, unix(999), Window::DEFAULT, None), None);
    assert_eq!(
        totp.verify(first, unix(1000), Window::DEFAULT, None),
        Some(Step::new(0))
    );
    assert_eq!(
        totp.verify(first, unix(1029), Window::EXACT, None),
        Some(Step::new(0))
    );
    assert_eq!(totp.verify(first, unix(1030), Window::EXACT, None), None);
}

#[test]
fn remaining_counts_down_to_the_next_step() {
    let secret = secret();
    let parameters = Parameters::totp(Period::from_secs(60).unwrap());
    let totp = Totp::from_parameters(&secret, parameters)
        .unwrap()
        .with_t0(unix(5));
    let remaining = |secs| totp.remaining(unix(secs)).unwrap();
    assert_eq!(remaining(5), Duration::from_secs(60));
    assert_eq!(remaining(6), Duration::from_secs(59));
    assert_eq!(remaining(64), Duration::from_secs(1));
    assert_eq!(remaining(65), Duration::from_secs(60));
}

/// TOTP needs a period and HOTP needs a counter: neither makes up the one that is missing.
#[test]
fn parameters_of_the_other_kind_make_no_codes() {
    let (time, counter) = (Parameters::DEFAULT, Parameters::hotp(Counter::new(7)));
    let errors = [
        Totp::from_parameters(&secret(), counter).unwrap_err(),
        Hotp::from_parameters(&secret(), time).unwrap_err(),
    ];
    let message = "these parameters are of the other kind: TOTP counts time, HOTP counts codes";
    assert_eq!(errors.map(|error| error.to_string()), [message; 2]);
    let (_, next) = Hotp::from_parameters(&secret(), counter).unwrap();
    assert_eq!(next, Counter::new(7));
    assert_eq!(Parameters::default(), time);
    assert_eq!(
        [time, counter].map(|parameters| parameters.moving_factor().to_string()),
        ["TOTP", "HOTP"]
    );
}

#[test]
fn a_step_is_shown_as_its_number() {
    assert_eq!(Step::new(41_152_263).to_string(), "41152263");
}

#[cfg(feature = "std")]
#[test]
fn a_manual_clock_stands_still_until_it_is_moved() {
    use secondfactor::codes::{Clock, ManualClock};
    let clock = ManualClock::new(unix(59));
    assert_eq!(clock.now(), unix(59));
    clock.advance(Duration::from_millis(30_999));
    assert_eq!(clock.now(), unix(89), "whole seconds");
    clock.set(unix(7));
    assert_eq!(clock.now(), unix(7));
}

#[test]
fn settings_out_of_range_are_refused() {
    assert_eq!(
        Period::from_secs(4).unwrap_err().to_string(),
        "period in seconds must be 5 to 3600"
    );
    assert!(Period::from_secs(3601).is_err());
    assert_eq!(
        Window::new(0, 11).unwrap_err().to_string(),
        "window in steps each way must be 0 to 10"
    );
    assert_eq!(
        LookAhead::new(101).unwrap_err().to_string(),
        "look-ahead in counters must be 0 to 100"
    );
    assert_eq!(
        [0, 5, 100].map(|counters| LookAhead::new(counters).unwrap().get()),
        [0, 5, 100]
    );
    assert_eq!([0, 5, 9, 10, 255].map(Digits::from_count), [None; 5]);
}

#[test]
fn what_people_type_is_a_code() {
    for text in [
        "081804",
        "081 804",
        "08-18-04",
        "  0 8 1 8 0 4  ",
        " 081804",
    ] {
        assert_eq!(code(text).to_string(), "081804");
    }
    assert_eq!(code("1234567").digits(), Digits::Seven);
    assert_eq!(code("00000000").to_string(), "00000000");
}

#[test]
fn what_people_paste_is_a_code() {
    for text in [
        "123456\n",
        "123456\r\n",
        "\t123456",
        "123\u{a0}456",
        "123\u{202f}456",
        "123\u{3000}456",
        "123456\u{200b}",
        "\u{2060}123456",
        "\u{feff}123456",
        "123\u{ad}456",
        "\u{200e}123456\u{200f}",
        "\u{2066}123456\u{2069}",
        "123\u{200d}456\u{fe0f}",
        "123456\u{2028}",
        "123\u{2011}456",
        "123\u{2013}456",
        "123\u{2212}456",
        "123456.",
        "123 456.\n",
        "123456\u{3002}",
    ] {
        assert_eq!(code(text).to_string(), "123456", "{text:?}");
    }
}

#[test]
fn digits_of_other_keyboards_are_those_of_ascii() {
    for text in [
        "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
        "\u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}\u{6f6}",
        "\u{200f}\u{661}\u{662}\u{663} \u{664}\u{665}\u{666}\u{6d4}",
        "\u{ff11}\u{ff12}\u{ff13}\u{30fc}\u{ff14}\u{ff15}\u{ff16}",
        "12\u{ff13}\u{6f4}\u{665}6",
    ] {
        assert_eq!(code(text), code("123456"), "{text:?}");
    }
    let all = |first: u32| -> String {
        let digits = (first..first + 8).map(|digit| char::from_u32(digit).unwrap());
        digits.collect()
    };
    for first in [0x660, 0x6f0, 0xff10] {
        assert_eq!(code(&all(first)), code("01234567"));
        assert_eq!(code(&all(first + 2)), code("23456789"));
    }
}

#[test]
fn what_only_looks_like_a_code_is_refused() {
    let errors = [
        ("", CodeError::TooShort { digits: 0 }),
        ("12345", CodeError::TooShort { digits: 5 }),
        ("123456789", CodeError::TooLong { position: 8 }),
        ("1234 5678 9", CodeError::TooLong { position: 10 }),
        ("+81804", CodeError::Character { position: 0 }),
        ("-+81804", CodeError::Character { position: 1 }),
        ("08_1804", CodeError::Character { position: 2 }),
        ("0x18040", CodeError::Character { position: 1 }),
        ("081804\0", CodeError::Character { position: 6 }),
        ("081.804", CodeError::Character { position: 3 }),
        ("081804..", CodeError::Character { position: 6 }),
        (".081804", CodeError::Character { position: 0 }),
        ("081\u{202e}804", CodeError::Character { position: 3 }),
        ("081\u{e000}804", CodeError::Character { position: 3 }),
        ("081804\u{20e3}", CodeError::Character { position: 6 }),
        ("\u{4e00}81804", CodeError::Character { position: 0 }),
        ("08180\u{2074}", CodeError::OtherDigits { position: 5 }),
        ("08180\u{b2}", CodeError::OtherDigits { position: 5 }),
        ("08180\u{2463}", CodeError::OtherDigits { position: 5 }),
        ("08180\u{96a}", CodeError::OtherDigits { position: 5 }),
        ("\u{e50}81804", CodeError::OtherDigits { position: 0 }),
        ("08180\u{1d7d2}", CodeError::OtherDigits { position: 5 }),
    ];
    for (text, error) in errors {
        assert_eq!(text.parse::<Code>().unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn a_code_error_says_what_to_do() {
    let said = ["x", "12345", "123456789", "\u{967}2345"]
        .map(|text| text.parse::<Code>().unwrap_err().to_string());
    assert_eq!(
        said,
        [
            "a code has only digits: type it again",
            "a code has 6 to 8 digits, and this has 5: type all of them",
            "a code has 6 to 8 digits, and this has more: type it again",
            "digits of another script were typed: type the digits 0 to 9",
        ]
    );
}

#[test]
fn a_code_error_is_small_and_says_no_digit() {
    let error = "271828x".parse::<Code>().unwrap_err();
    assert_eq!(error, CodeError::Character { position: 6 });
    assert!(!format!("{error:?}{error}").contains("271828"));
}

#[test]
fn debug_hides_codes_and_keys() {
    let secret = secret();
    let totp = totp(&secret, Digits::Eight);
    let shown = format!("{:?} {:?}", code("271828"), totp);
    assert_eq!(
        shown,
        "Code(..) Totp { hotp: Hotp { algorithm: Sha1, digits: Eight, .. }, period: Period(30), t0: UnixTime(0) }"
    );
}

/// A digit that is read, in ASCII.
fn in_ascii(character: char) -> Option<char> {
    let digit = [0x30, 0x660, 0x6f0, 0xff10].into_iter().find_map(|zero| {
        u32::from(character)
            .checked_sub(zero)
            .filter(|digit| *digit < 10)
    });
    char::from_digit(digit?, 10)
}

proptest! {
    /// A naive model: every step by itself, no lanes, no masks.
    #[test]
    fn verify_equals_a_naive_model(
        key in proptest::collection::vec(any::<u8>(), 16..=128),
        algorithm in prop::sample::select(vec![Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512]),
        digits in prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight]),
        time in prop_oneof![0..2000_u64, any::<u64>(), u64::MAX - 2000..=u64::MAX],
        offset in -12..=12_i64,
        past in 0..=Window::MAX_STEPS, future in 0..=Window::MAX_STEPS,
        last_used in prop::option::of(-12..=12_i64),
        period in 5..=3600_u16,
    ) {
        let secret = Secret::from_bytes(&key).unwrap();
        let period = Period::from_secs(period).unwrap();
        let parameters = Parameters::totp(period).with_algorithm(algorithm).with_digits(digits);
        let totp = Totp::from_parameters(&secret, parameters).unwrap();
        let hotp = hotp(&secret, algorithm, digits);
        let centre = totp.step_at(unix(time)).unwrap().get();
        let at = |offset: i64| centre.saturating_add_signed(offset);

        let code = hotp.at(Counter::new(at(offset)));
        let last_used = last_used.map(|offset| Step::new(at(offset)));
        let expected = (centre.saturating_sub(past.into())..=centre + u64::from(future))
            .filter(|step| hotp.at(Counter::new(*step)) == code)
            .map(Step::new)
            .filter(|step| last_used.is_none_or(|last| *step > last))
            .max();
        let found = totp.verify(code, unix(time), Window::new(past, future).unwrap(), last_used);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_code_is_read_back_as_it_was_shown(time: u64, digits in prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight])) {
        let secret = secret();
        let shown = totp(&secret, digits).at(unix(time)).unwrap();
        prop_assert_eq!(code(&shown.to_string()), shown);
        prop_assert_eq!(shown.to_string().len(), usize::from(digits.count()));
    }

    #[test]
    fn any_text_is_a_code_or_an_error(text: String) {
        if let Ok(code) = text.parse::<Code>() {
            let digits: String = text.chars().filter_map(in_ascii).collect();
            prop_assert_eq!(code.to_string(), digits);
        }
    }

    /// Whatever may stand between the digits, and at the ends.
    #[test]
    fn what_says_nothing_changes_nothing(
        typed in "([0-9]{0,3}[\\p{Zs}\\t\\n\\r\\p{Zl}\\p{Zp}\u{ad}\u{200b}-\u{200f}\u{2060}-\u{2064}\u{feff}\u{2010}-\u{2015}\u{2212}-]{0,3}){0,4}[.]?",
    ) {
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        prop_assert_eq!(typed.parse::<Code>().is_ok(), digits.parse::<Code>().is_ok());
        if let Ok(code) = typed.parse::<Code>() {
            prop_assert_eq!(code, digits.parse::<Code>().unwrap());
        }
    }
}
