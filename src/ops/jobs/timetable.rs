//! When a schedule runs its job: the meaning of `startAfter`, `daysOfWeek`, `timeOfDay` and `repeatMinutes`, as
//! Parse Dashboard writes them (`parse-dashboard:src/dashboard/Data/Jobs/JobEdit.react.js`). All times are UTC.
//! Nothing here asks for the time.

use crate::value::Date;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// 1970-01-01 was a Thursday; weeks begin on Sunday.
const WEEKDAY_OF_EPOCH: i64 = 4;
/// After so many steps of whole minutes the days of the week come round again.
const STEPS_MAX: i64 = 7 * 24 * 60;

/// When a job is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timetable {
    /// Not before this.
    pub start: Date,
    /// On these days only, Sunday first.
    pub days: [bool; 7],
    /// The first run of a day, in milliseconds after midnight.
    pub time_of_day_ms: Option<i64>,
    /// From one run to the next; nothing if there is only one.
    pub repeat_minutes: Option<i64>,
}

impl Timetable {
    /// The latest run at or before a moment.
    pub(super) fn latest(&self, moment: Date) -> Option<Date> {
        let (moment, start) = (moment.millis(), self.start.millis());
        if moment < start {
            return None;
        }
        let run = match self.series() {
            Series::Once => Some(self.only_run()?).filter(|run| *run <= moment),
            Series::Daily { first_ms, step_ms } => {
                let today = midnight(moment);
                (0..8).map(|back| today - back * DAY_MS).filter(|day| self.is_on(*day)).find_map(
                    |day| {
                        let steps =
                            (before_next_day(day, moment) - day - first_ms).div_euclid(step_ms);
                        (steps >= 0).then(|| day + first_ms + steps * step_ms)
                    },
                )
            }
            Series::Through { anchor, step_ms } => {
                let steps = (moment - anchor).div_euclid(step_ms);
                let runs = (0..STEPS_MAX).map(|back| anchor + (steps - back) * step_ms);
                runs.take_while(|run| *run >= anchor).find(|run| self.is_on(*run))
            }
        };
        run.filter(|run| *run >= start).and_then(Date::from_millis)
    }

    /// The first run after a moment.
    pub(super) fn next(&self, moment: Date) -> Option<Date> {
        // The first millisecond that may be a run.
        let from = later(moment.millis().checked_add(1)?, self.start.millis());
        let run = match self.series() {
            Series::Once => Some(self.only_run()?).filter(|run| *run >= from),
            Series::Daily { first_ms, step_ms } => {
                let today = midnight(from);
                (0..8).map(|ahead| today + ahead * DAY_MS).filter(|day| self.is_on(*day)).find_map(
                    |day| {
                        let steps = later(steps_up(from - day - first_ms, step_ms), 0);
                        let run = day + first_ms + steps * step_ms;
                        (run < day + DAY_MS).then_some(run)
                    },
                )
            }
            Series::Through { anchor, step_ms } => {
                let steps = later(steps_up(from - anchor, step_ms), 0);
                let mut runs = (0..STEPS_MAX).map(|ahead| anchor + (steps + ahead) * step_ms);
                runs.find(|run| self.is_on(*run))
            }
        };
        run.and_then(Date::from_millis)
    }

    fn series(&self) -> Series {
        let Some(step_ms) = self.repeat_minutes.map(|minutes| minutes * MINUTE_MS) else {
            return Series::Once;
        };
        match self.time_of_day_ms {
            // "Each day, every 15 minutes, after 12:00": the series of a day ends with it.
            Some(first_ms) if step_ms <= DAY_MS => Series::Daily { first_ms, step_ms },
            Some(_) => Series::Through { anchor: self.first_time_of_day(), step_ms },
            None => Series::Through { anchor: self.start.millis(), step_ms },
        }
    }

    /// The run of a schedule that does not repeat.
    fn only_run(&self) -> Option<i64> {
        let first = self.first_time_of_day();
        (0..7).map(|ahead| first + ahead * DAY_MS).find(|run| self.is_on(*run))
    }

    /// The first moment from the start on that has the time of day, if there is one.
    fn first_time_of_day(&self) -> i64 {
        let start = self.start.millis();
        let Some(time_ms) = self.time_of_day_ms else { return start };
        let today = midnight(start) + time_ms;
        if today < start { today + DAY_MS } else { today }
    }

    fn is_on(&self, moment: i64) -> bool {
        let weekday = (moment.div_euclid(DAY_MS) + WEEKDAY_OF_EPOCH).rem_euclid(7);
        usize::try_from(weekday).is_ok_and(|weekday| self.days[weekday])
    }
}

/// How runs follow each other.
enum Series {
    /// There is only one.
    Once,
    /// Every day begins anew.
    Daily {
        /// The first run of a day, after midnight.
        first_ms: i64,
        /// From one run to the next.
        step_ms: i64,
    },
    /// One series through all days.
    Through {
        /// The first run.
        anchor: i64,
        /// From one run to the next.
        step_ms: i64,
    },
}

fn midnight(moment: i64) -> i64 {
    moment.div_euclid(DAY_MS) * DAY_MS
}

/// The moment itself, or the last millisecond of the day if that is earlier.
fn before_next_day(day: i64, moment: i64) -> i64 {
    let last = day + DAY_MS - 1;
    if moment < last { moment } else { last }
}

fn steps_up(distance: i64, step: i64) -> i64 {
    -(-distance).div_euclid(step)
}

fn later(one: i64, other: i64) -> i64 {
    if one > other { one } else { other }
}

/// Reads a time of day: `10:00`, `10:00:30`, `10:00:00.000Z`; milliseconds after midnight.
pub(super) fn read_time_of_day(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(['Z', 'z']);
    let formats = ["%H:%M:%S%.f", "%H:%M:%S", "%H:%M"];
    let time =
        formats.iter().find_map(|format| chrono::NaiveTime::parse_from_str(text, format).ok())?;
    let since = time.signed_duration_since(chrono::NaiveTime::MIN);
    Some(since.num_milliseconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_DAY: [bool; 7] = [true; 7];

    fn date(text: &str) -> Date {
        Date::parse(text).expect("a date")
    }

    fn table(start: &str, time: Option<&str>, repeat_minutes: Option<i64>) -> Timetable {
        let time_of_day_ms = time.map(|time| read_time_of_day(time).expect("a time of day"));
        Timetable { start: date(start), days: EVERY_DAY, time_of_day_ms, repeat_minutes }
    }

    fn check(table: Timetable, moment: &str, latest: Option<&str>, next: Option<&str>) {
        let got = (table.latest(date(moment)), table.next(date(moment)));
        assert_eq!(got, (latest.map(date), next.map(date)), "{table:?} at {moment}");
    }

    #[test]
    fn a_time_of_day() {
        let hours = |hours: i64| hours * 60 * MINUTE_MS;
        for (text, expected) in [
            ("10:00", Some(hours(10))),
            ("00:00:00.000Z", Some(0)),
            ("23:59:59.999Z", Some(DAY_MS - 1)),
            ("7:05", Some(hours(7) + 5 * MINUTE_MS)),
            ("24:00", None),
            ("noon", None),
            ("", None),
            ("10:00+02:00", None),
        ] {
            assert_eq!(read_time_of_day(text), expected, "{text}");
        }
    }

    #[test]
    fn once() {
        let once = table("2024-05-01T10:00:00.500Z", None, None);
        check(once, "2024-05-01T10:00:00.499Z", None, Some("2024-05-01T10:00:00.500Z"));
        check(once, "2024-05-01T10:00:00.500Z", Some("2024-05-01T10:00:00.500Z"), None);
        check(once, "2031-01-01", Some("2024-05-01T10:00:00.500Z"), None);
        let at_nine = table("2024-05-01T10:00:00Z", Some("09:00"), None);
        check(at_nine, "2024-05-02T08:00:00Z", None, Some("2024-05-02T09:00:00Z"));
    }

    #[test]
    fn every_day() {
        let daily = table("2024-05-01T10:00:00Z", Some("03:00:00.000Z"), Some(1440));
        check(daily, "2024-05-01T12:00:00Z", None, Some("2024-05-02T03:00:00Z"));
        check(
            daily,
            "2024-05-02T03:00:00Z",
            Some("2024-05-02T03:00:00Z"),
            Some("2024-05-03T03:00:00Z"),
        );
        check(
            daily,
            "2024-05-09T02:59:59Z",
            Some("2024-05-08T03:00:00Z"),
            Some("2024-05-09T03:00:00Z"),
        );
        let from_three = table("2024-05-01T03:00:00Z", Some("03:00"), Some(1440));
        check(
            from_three,
            "2024-05-01T03:00:00Z",
            Some("2024-05-01T03:00:00Z"),
            Some("2024-05-02T03:00:00Z"),
        );
    }

    #[test]
    fn every_quarter_of_an_hour_after_ten_at_night() {
        let night = table("2024-05-01T00:00:00Z", Some("22:00"), Some(45));
        check(night, "2024-05-01T21:59:00Z", None, Some("2024-05-01T22:00:00Z"));
        check(
            night,
            "2024-05-01T22:50:00Z",
            Some("2024-05-01T22:45:00Z"),
            Some("2024-05-01T23:30:00Z"),
        );
        check(
            night,
            "2024-05-01T23:40:00Z",
            Some("2024-05-01T23:30:00Z"),
            Some("2024-05-02T22:00:00Z"),
        );
        check(
            night,
            "2024-05-02T07:00:00Z",
            Some("2024-05-01T23:30:00Z"),
            Some("2024-05-02T22:00:00Z"),
        );
        let late_start = table("2024-05-01T22:50:00Z", Some("22:00"), Some(45));
        check(late_start, "2024-05-01T22:55:00Z", None, Some("2024-05-01T23:30:00Z"));
    }

    #[test]
    fn on_some_days() {
        // 2024-05-01 was a Wednesday.
        let mut mondays = table("2024-05-01T00:00:00Z", Some("08:00"), Some(1440));
        mondays.days = [false, true, false, false, false, false, false];
        check(mondays, "2024-05-05T12:00:00Z", None, Some("2024-05-06T08:00:00Z"));
        check(
            mondays,
            "2024-05-12T12:00:00Z",
            Some("2024-05-06T08:00:00Z"),
            Some("2024-05-13T08:00:00Z"),
        );
        check(
            mondays,
            "2024-05-13T07:00:00Z",
            Some("2024-05-06T08:00:00Z"),
            Some("2024-05-13T08:00:00Z"),
        );
        mondays.repeat_minutes = None;
        check(mondays, "2024-05-12T12:00:00Z", Some("2024-05-06T08:00:00Z"), None);
        mondays.repeat_minutes = Some(1440);
        mondays.days = [false; 7];
        check(mondays, "2024-05-12T12:00:00Z", None, None);
    }

    #[test]
    fn without_a_time_of_day_the_start_counts() {
        let hourly = table("2024-05-01T10:20:00Z", None, Some(60));
        check(
            hourly,
            "2024-05-03T11:00:00Z",
            Some("2024-05-03T10:20:00Z"),
            Some("2024-05-03T11:20:00Z"),
        );
        check(
            hourly,
            "2024-05-01T10:20:00Z",
            Some("2024-05-01T10:20:00Z"),
            Some("2024-05-01T11:20:00Z"),
        );
        let mut weekend = hourly;
        weekend.days = [true, false, false, false, false, false, true];
        check(
            weekend,
            "2024-05-08T10:00:00Z",
            Some("2024-05-05T23:20:00Z"),
            Some("2024-05-11T00:20:00Z"),
        );
    }

    #[test]
    fn more_than_a_day_apart() {
        let weekly = table("2024-05-01T10:00:00Z", Some("09:00"), Some(7 * 1440));
        check(
            weekly,
            "2024-05-02T10:00:00Z",
            Some("2024-05-02T09:00:00Z"),
            Some("2024-05-09T09:00:00Z"),
        );
        check(
            weekly,
            "2024-05-09T09:00:00Z",
            Some("2024-05-09T09:00:00Z"),
            Some("2024-05-16T09:00:00Z"),
        );
        let mut never = weekly;
        never.days = [true, true, true, true, false, true, true];
        check(never, "2024-06-09T09:00:00Z", None, None);
        let mut every_second_day = table("2024-05-01T10:00:00Z", None, Some(2 * 1440));
        every_second_day.days = never.days;
        check(
            every_second_day,
            "2024-05-10T00:00:00Z",
            Some("2024-05-07T10:00:00Z"),
            Some("2024-05-11T10:00:00Z"),
        );
    }

    #[test]
    fn far_away_is_no_run() {
        let rare = table("2024-05-01T10:00:00Z", None, Some(10_000_000_000));
        check(rare, "2024-05-10T00:00:00Z", Some("2024-05-01T10:00:00Z"), None);
    }
}
