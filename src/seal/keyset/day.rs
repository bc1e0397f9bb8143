//! Days, for keys that begin and end.

use std::fmt;
use std::str::FromStr;

use crate::pattern::date::date;

/// A day in UTC, written `2027-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// Text that is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day such as 2027-01-31")]
pub struct NotADay;

impl Day {
    /// The day of a time in seconds since 1970. Times outside of the years that can be written become the nearest day.
    #[must_use]
    pub fn of_seconds(seconds: i64) -> Self {
        let nearest = if seconds < 0 { Self { year: 1970, month: 1, day: 1 } } else { Self::LAST };
        date(seconds).parse().unwrap_or(nearest)
    }

    const LAST: Self = Self { year: 9999, month: 12, day: 31 };
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}-{:02}", self.year, self.month, self.day))
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let bytes = text.as_bytes();
        let shape = |(at, byte): (usize, &u8)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() };
        if bytes.len() != 10 || !bytes.iter().enumerate().all(shape) {
            return Err(NotADay);
        }
        let number =
            |range: std::ops::Range<usize>| bytes[range].iter().fold(0_u16, |n, byte| n * 10 + u16::from(byte - b'0'));
        let (year, month, day) = (number(0..4), number(5..7) as u8, number(8..10) as u8);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let there = (1..=last).contains(&day);
        there.then_some(Self { year, month, day }).ok_or(NotADay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar_and_no_others() {
        for good in ["2027-01-31", "2028-02-29", "2000-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(good.parse::<Day>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "2027-1-31",
            "2027-02-29",
            "2100-02-29",
            "2027-04-31",
            "2027-13-01",
            "2027-00-01",
            "2027-01-00",
            "20270131",
            "2027-01-31T",
            "+027-01-31",
        ] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
        let days = ["2026-12-31", "2027-01-01", "2027-01-31", "2027-02-01"].map(|day| day.parse::<Day>().unwrap());
        assert!(days.is_sorted());
    }

    #[test]
    fn days_of_a_clock() {
        assert_eq!(Day::of_seconds(0).to_string(), "1970-01-01");
        assert_eq!(Day::of_seconds(1_800_000_000).to_string(), "2027-01-15");
        assert_eq!(Day::of_seconds(i64::MAX).to_string(), "9999-12-31");
        assert_eq!(Day::of_seconds(i64::MIN).to_string(), "1970-01-01");
    }
}
