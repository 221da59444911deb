//! The dates of the example `login`, beside those of SQLite.

use proptest::prelude::*;
use rusqlite::Connection;
use secondfactor::codes::UnixTime;

#[allow(dead_code)] // spans are seen in what the program says
#[path = "../../examples/login/dates.rs"]
mod dates;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Up to the end of the year 9999, where SQLite's dates end.
fn by_sqlite(database: &Connection, secs: u64) -> String {
    let sql = "SELECT strftime('%d', ?1, 'unixepoch') + 0, strftime('%m', ?1, 'unixepoch') - 1,
        strftime('%Y', ?1, 'unixepoch') + 0, strftime('%H:%M', ?1, 'unixepoch')";
    let row = database.query_row(sql, [i64::try_from(secs).unwrap()], |row| {
        let (day, month, year): (u32, u8, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let time: String = row.get(3)?;
        Ok(format!(
            "{day} {} {year}, {time} UTC",
            MONTHS[usize::from(month)]
        ))
    });
    row.unwrap()
}

#[test]
fn dates_are_those_of_sqlite() {
    let database = Connection::open_in_memory().unwrap();
    let check = |secs: u64| {
        let date = dates::date(UnixTime::from_secs(secs));
        assert_eq!(date, by_sqlite(&database, secs), "{secs}");
    };
    // Each day of four centuries, then any time.
    (0..146_097).for_each(|day| check(day * 86_400));
    proptest!(|(secs in 0..253_402_300_800_u64)| check(secs));
}

#[test]
fn no_time_is_too_far_for_a_date() {
    let end = dates::date(UnixTime::from_secs(u64::MAX));
    assert!(end.ends_with(" 584554051223, 07:00 UTC"), "{end}");
}
