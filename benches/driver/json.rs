//! Values as the REST API shows them. Nothing is shared with the server: this is the work that nobody can avoid.

/// Writes a text.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("writing to memory does not fail");
}

/// Writes a number as JavaScript prints it; those of the benchmark are whole.
pub(crate) fn write_number(number: f64, out: &mut Vec<u8>) {
    let written = match number.fract() == 0.0 {
        true => serde_json::to_writer(out, &(number as i64)),
        false => serde_json::to_writer(out, &number),
    };
    written.expect("writing to memory does not fail");
}

const DAY_MS: i64 = 86_400_000;

/// Writes a time, `2026-01-31T12:30:00.000Z`. The calendar is that of
/// <https://howardhinnant.github.io/date_algorithms.html>.
pub(crate) fn write_date(millis: i64, out: &mut Vec<u8>) {
    let (days, rest) = (millis.div_euclid(DAY_MS) + 719_468, millis.rem_euclid(DAY_MS));
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let parts = [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (rest / 3_600_000, 2, b':'),
        (rest / 60_000 % 60, 2, b':'),
        (rest / 1_000 % 60, 2, b'.'),
        (rest % 1_000, 3, b'Z'),
    ];
    for (number, digits, end) in parts {
        for place in (0..digits).rev() {
            out.push(b'0' + (number / 10_i64.pow(place) % 10) as u8);
        }
        out.push(end);
    }
}

/// Reads what [`write_date`] wrote.
pub(crate) fn read_date(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * shifted + 2) / 5 + day - 1;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    Some(days * DAY_MS + seconds * 1_000 + number(20, 23)?)
}
