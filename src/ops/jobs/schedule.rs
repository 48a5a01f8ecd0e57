//! `_JobSchedule`: what the server reads in it, and when that is due.

use std::sync::Arc;

use super::record::{self, Record};
use super::timetable::{Timetable, read_time_of_day};
use crate::error::Result;
use crate::ops::Ctx;
use crate::query::Where;
use crate::schema::ClassSchema;
use crate::value::{Date, Json, Members, ObjectId, Value};

pub(super) const CLASS: &str = "_JobSchedule";
/// More schedules are not looked at.
const SCHEDULES_MAX: u64 = 10_000;
/// `lastRun` counts seconds, as runners beside the original write it. What is larger can only be milliseconds.
const SECONDS_MAX: f64 = 1e11;
/// Rarer repetitions come after the last date there is.
const REPEAT_MINUTES_MAX: f64 = 5e9;

/// A schedule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Schedule {
    pub id: ObjectId,
    pub job: String,
    pub params: Members,
    timetable: Timetable,
    /// `lastRun` as it is stored.
    last_run: Option<f64>,
}

/// What is to be done for a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The job is to run now.
    Now,
    /// Nothing until then.
    At(Date),
    /// Nothing any more.
    Never,
}

impl Schedule {
    /// Reads a schedule, or says what of it can not be understood.
    pub(super) fn read(mut record: Record) -> std::result::Result<Self, String> {
        let job = record.text("jobName").filter(|job| !job.is_empty()).ok_or("no jobName")?;
        let params = match record.text("params").filter(|text| !text.trim().is_empty()) {
            None => Members::new(),
            Some(text) => match Json::parse(text.as_bytes()) {
                Ok(Json::Object(params)) => params,
                Ok(_) | Err(_) => return Err("params are not the text of a JSON object".to_owned()),
            },
        };
        let created_at =
            if let Value::Date(date) = record.take("createdAt") { date } else { Date::EPOCH };
        let start = match record.text("startAfter").filter(|text| !text.is_empty()) {
            None => created_at,
            Some(text) => {
                Date::parse(&text).ok_or_else(|| format!("startAfter is no date: {text}"))?
            }
        };
        let time_of_day_ms = match record.text("timeOfDay").filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(
                read_time_of_day(&text)
                    .ok_or_else(|| format!("timeOfDay is no time of day: {text}"))?,
            ),
        };
        let repeat = record.number("repeatMinutes").filter(|minutes| *minutes >= 1.0);
        let repeat = repeat.map(|minutes| minutes.clamp(1.0, REPEAT_MINUTES_MAX) as i64);
        let timetable = Timetable {
            start,
            days: days(&record.take("daysOfWeek"))?,
            time_of_day_ms,
            repeat_minutes: repeat,
        };
        let last_run = record.number("lastRun");
        Ok(Self { id: record.id, job, params, timetable, last_run })
    }

    /// What is to be done now. A run that was missed, because no server was up or a run took longer than the time
    /// to the next, is made up for once, however many were missed, unless it was due more than `missed_max_ms`
    /// ago.
    pub(super) fn due(&self, now: Date, missed_max_ms: i64) -> Due {
        let last_run = self.last_run();
        if let Some(run) = self.timetable.latest(now)
            && last_run.is_none_or(|last| run > last)
            && now.millis() - run.millis() <= missed_max_ms
        {
            return Due::Now;
        }
        let from = last_run.filter(|last| *last > now).unwrap_or(now);
        self.timetable.next(from).map_or(Due::Never, Due::At)
    }

    fn last_run(&self) -> Option<Date> {
        let stored = self.last_run.filter(|stored| *stored > 0.0)?;
        let millis = if stored < SECONDS_MAX { stored * 1_000.0 } else { stored };
        Date::from_millis(millis as i64)
    }

    /// Claims the run that is due now. Of several servers that see it, one gets it.
    pub(super) async fn claim(&self, ctx: &Ctx, class: &Arc<ClassSchema>) -> Result<bool> {
        let now = ctx.app.clock.now();
        // Rounded up, so that it is not before the run.
        let seconds = (now.millis() as f64 / 1_000.0).ceil();
        let as_seen = match self.last_run {
            None => record::is_empty(class, "lastRun"),
            Some(stored) => record::is(class, "lastRun", Value::Number(stored)),
        };
        let columns = vec![("lastRun", Value::Number(seconds))];
        record::update(ctx, class, &self.id, as_seen, columns).await
    }
}

/// Which days are meant: seven truths, Sunday first. Without any it is every day.
fn days(value: &Value) -> std::result::Result<[bool; 7], String> {
    if *value == Value::Null {
        return Ok([true; 7]);
    }
    let Value::Array(days) = value else { return Err("daysOfWeek is no array".to_owned()) };
    if days.is_empty() {
        return Ok([true; 7]);
    }
    let is_on = |day: &Json| match day.as_str() {
        Some(text) => !["", "0", "false"].contains(&text),
        None => day.is_truthy(),
    };
    let days: Vec<bool> = days.iter().map(is_on).collect();
    <[bool; 7]>::try_from(days).map_err(|days| format!("daysOfWeek has {} days", days.len()))
}

/// All schedules that can be read. Of others the log is told.
pub(super) async fn all(
    ctx: &Ctx,
    class: &Arc<ClassSchema>,
    mut complain: impl FnMut(&ObjectId, &str),
) -> Result<Vec<Schedule>> {
    let records = record::find(ctx, class, Where::Everything, SCHEDULES_MAX).await?;
    let read = |record: Record| {
        let id = record.id.clone();
        Schedule::read(record).map_err(|reason| complain(&id, &reason)).ok()
    };
    Ok(records.into_iter().filter_map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn date(text: &str) -> Date {
        Date::parse(text).expect("a date")
    }

    fn schedule(last_run: Option<f64>) -> Schedule {
        let record = Record::new(
            "s1",
            vec![
                ("jobName", Value::String("sweep".to_owned())),
                ("params", Value::String(r#"{"days":7}"#.to_owned())),
                ("startAfter", Value::String("2024-05-01T00:00:00.000Z".to_owned())),
                ("timeOfDay", Value::String("03:00:00.000Z".to_owned())),
                ("repeatMinutes", Value::Number(60.0)),
                ("daysOfWeek", Value::Array(vec![Json::Number(1.0); 7])),
                ("lastRun", last_run.map_or(Value::Null, Value::Number)),
            ],
        );
        Schedule::read(record).expect("a schedule")
    }

    fn seconds(text: &str) -> Option<f64> {
        Some(date(text).millis() as f64 / 1_000.0)
    }

    #[test]
    fn a_missed_run_is_made_up_for_once() {
        let now = date("2024-05-02T07:30:00Z");
        let check = |last_run: Option<f64>, missed_max_ms: i64, expected: Due| {
            assert_eq!(schedule(last_run).due(now, missed_max_ms), expected, "{last_run:?}");
        };
        let next = Due::At(date("2024-05-02T08:00:00Z"));
        check(None, HOUR_MS, Due::Now);
        check(Some(0.0), HOUR_MS, Due::Now);
        check(seconds("2024-05-02T03:00:00Z"), HOUR_MS, Due::Now);
        check(seconds("2024-05-02T07:00:00Z"), HOUR_MS, next);
        check(seconds("2024-05-02T07:10:00Z"), HOUR_MS, next);
        check(None, HOUR_MS / 4, next);
        let in_milliseconds = date("2024-05-02T07:00:00Z").millis() as f64;
        check(Some(in_milliseconds), HOUR_MS, next);
        // Another server's clock is ahead.
        check(seconds("2024-05-02T08:00:01Z"), HOUR_MS, Due::At(date("2024-05-02T09:00:00Z")));
    }

    #[test]
    fn what_can_not_be_read_is_told() {
        let check = |name: &'static str, value: Value, expected: Option<&str>| {
            let mut values = vec![("jobName", Value::String("sweep".to_owned()))];
            values.retain(|(known, _)| *known != name);
            values.push((name, value));
            assert_eq!(Schedule::read(Record::new("s1", values)).err().as_deref(), expected);
        };
        let text = |text: &str| Value::String(text.to_owned());
        check("params", text(""), None);
        check("params", text("[1]"), Some("params are not the text of a JSON object"));
        check("jobName", text(""), Some("no jobName"));
        check("startAfter", text("soon"), Some("startAfter is no date: soon"));
        check("timeOfDay", text("25:00"), Some("timeOfDay is no time of day: 25:00"));
        check("daysOfWeek", Value::Array(vec![Json::Bool(true)]), Some("daysOfWeek has 1 days"));
        check("daysOfWeek", Value::Array(Vec::new()), None);
        check("repeatMinutes", Value::Number(f64::INFINITY), None);
    }

    #[test]
    fn days_are_truths() {
        let days = |days: [Json; 7]| super::days(&Value::Array(days.to_vec())).unwrap();
        let (yes, no) = (|| Json::from("1"), || Json::from("0"));
        assert_eq!(
            days([yes(), no(), Json::Number(1.0), Json::Number(0.0), Json::Null, yes(), no()]),
            [true, false, true, false, false, true, false]
        );
    }
}
