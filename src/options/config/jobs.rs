//! Background jobs: whether schedules are followed, and how long one remembers.

use super::reader::Reader;

/// Background jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobsConfig {
    /// Whether this server runs what `_JobSchedule` holds.
    pub follow_schedules: bool,
    /// Milliseconds from one look at the schedules to the next.
    pub look_every_ms: u64,
    /// Milliseconds after which a run that was missed is not made up for.
    pub missed_max_ms: i64,
    /// Days that the status of a job is kept after its end; nothing keeps it for good.
    pub keep_days: Option<u32>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> JobsConfig {
    const YEAR_MS: u64 = 366 * 24 * 60 * 60 * 1_000;
    let millis = |reader: &mut Reader<'_>, path: &str, least: u64| {
        reader.integer(path, least..=YEAR_MS).unwrap_or(least)
    };
    JobsConfig {
        follow_schedules: reader.flag("jobSchedules"),
        look_every_ms: millis(reader, "jobSchedulesInterval", 10),
        missed_max_ms: i64::try_from(millis(reader, "jobSchedulesMissedMax", 0))
            .unwrap_or(i64::MAX),
        keep_days: reader.integer("jobStatusDays", 1..=36_500).map(|days| days as u32),
    }
}
