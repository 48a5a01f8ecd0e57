//! The figures that are wanted, and whether they were met.

use super::table::{Table, short};

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
    /// Nothing: it is there to be looked at.
    Nothing,
}

#[derive(Debug)]
struct Figure {
    name: String,
    measured: f64,
    unit: &'static str,
    wanted: Wanted,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Figure>);

impl Report {
    /// Adds a figure.
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        measured: f64,
        unit: &'static str,
        wanted: Wanted,
    ) {
        self.0.push(Figure { name: name.into(), measured, unit, wanted });
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let mut table = Table::new("Figures", &["figure", "measured", "wanted", ""]);
        for Figure { name, measured, unit, wanted } in &self.0 {
            let (limit, verdict) = match wanted {
                Wanted::AtMost(limit) if measured <= limit => (format!("≤ {limit}{unit}"), "met"),
                Wanted::AtMost(limit) => (format!("≤ {limit}{unit}"), "NOT MET"),
                Wanted::AtLeast(limit) if measured >= limit => (format!("≥ {limit}{unit}"), "met"),
                Wanted::AtLeast(limit) => (format!("≥ {limit}{unit}"), "NOT MET"),
                Wanted::Nothing => (String::new(), ""),
            };
            table.row([
                name.clone(),
                format!("{}{unit}", short(*measured)),
                limit,
                verdict.to_owned(),
            ]);
        }
        table.print();
    }
}
