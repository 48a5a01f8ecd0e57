//! A point in time with milliseconds, as JavaScript's `Date` has it.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i64);

/// The last millisecond that a four-digit year can name, and the first.
const MILLIS_MAX: i64 = 253_402_300_799_999;
const MILLIS_MIN: i64 = -62_167_219_200_000;

impl Date {
    /// 1970-01-01T00:00:00Z
    pub const EPOCH: Self = Self(0);

    /// The date so many milliseconds after the epoch; `None` outside the years 0000 to 9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        (MILLIS_MIN..=MILLIS_MAX).contains(&millis).then_some(Self(millis))
    }

    /// Milliseconds after the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Reads an ISO 8601 date: a day alone, or a day and a time with `Z`, an offset or neither (then UTC).
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(date) = chrono::DateTime::parse_from_rfc3339(text) {
            return Self::from_millis(date.timestamp_millis());
        }
        if let Ok(date) = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
            return Self::from_millis(date.and_utc().timestamp_millis());
        }
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Self::from_millis(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    }

    /// Appends `2014-03-04T05:06:07.089Z`.
    pub fn write_iso(self, out: &mut Vec<u8>) {
        // Both fit: the year is between 0 and 9999.
        let days = (self.0.div_euclid(86_400_000) + DAYS_BEFORE_EPOCH) as u32;
        let millis = self.0.rem_euclid(86_400_000) as u32;
        let (year, month, day) = civil(days);
        let seconds = millis / 1_000;
        let fraction = millis % 1_000;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        two_digits(&mut text, 0, year / 100);
        two_digits(&mut text, 2, year % 100);
        two_digits(&mut text, 5, month);
        two_digits(&mut text, 8, day);
        two_digits(&mut text, 11, seconds / 3_600);
        two_digits(&mut text, 14, seconds / 60 % 60);
        two_digits(&mut text, 17, seconds % 60);
        two_digits(&mut text, 20, fraction / 10);
        text[22] = b'0' + (fraction % 10) as u8;
        out.extend_from_slice(&text);
    }

    /// `2014-03-04T05:06:07.089Z`
    pub fn to_iso(self) -> String {
        let mut out = Vec::with_capacity(24);
        self.write_iso(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso())
    }
}

fn two_digits(text: &mut [u8; 24], at: usize, number: u32) {
    text[at] = b'0' + (number / 10) as u8;
    text[at + 1] = b'0' + (number % 10) as u8;
}

/// From the first of March 400 years before the year 0, where `civil` begins to count, to 1970.
const DAYS_BEFORE_EPOCH: i64 = 719_468 + 146_097;

/// Year, month and day of a day number, by the algorithm of Howard Hinnant's `civil_from_days`. It counts from a first of
/// March, so that the leap day is the last of its year.
fn civil(days: u32) -> (u32, u32, u32) {
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u32::from(month <= 2) - 400;
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        assert_eq!(Date::parse(input).map(Date::to_iso).as_deref(), Some(expected), "{input}");
    }

    #[test]
    fn reads_what_clients_write() {
        check("2014-03-04T05:06:07.089Z", "2014-03-04T05:06:07.089Z");
        check("2014-03-04T05:06:07Z", "2014-03-04T05:06:07.000Z");
        check("2014-03-04T05:06:07+02:00", "2014-03-04T03:06:07.000Z");
        check("2014-03-04", "2014-03-04T00:00:00.000Z");
        check("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z");
        check("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z");
        check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z");
        check("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn refuses_what_is_no_date() {
        for input in ["", "nope", "2014-13-01", "2014-03-04T25:00:00Z"] {
            assert_eq!(Date::parse(input), None, "{input}");
        }
    }
}
