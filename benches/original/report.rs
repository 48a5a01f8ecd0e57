//! The figures side by side, what is wanted of them, and whether it was met.

use std::path::PathBuf;

use serde_json::json;

use crate::driver::Outcome;
use crate::driver::table::{Table, short};

/// Where the figures are written, beside what other targets leave there.
const FILE: &str = "bench-original.json";

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// The original's figure is so many times this server's.
    Ratio(f64),
    /// This server's figure is not more than this.
    AtMost(f64),
    /// Nothing: it is there to be looked at.
    Nothing,
}

/// One figure of all servers.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: String,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// The original's.
    pub(crate) original: Option<f64>,
    /// This server's.
    pub(crate) parsimony: Option<f64>,
    /// The floor's.
    pub(crate) floor: Option<f64>,
    /// What is wanted.
    pub(crate) wanted: Wanted,
}

impl Figure {
    fn ratio(&self) -> Option<f64> {
        if self.unit == "×" {
            return None;
        }
        Some(self.original? / self.parsimony?)
    }

    fn is_met(&self) -> Option<bool> {
        match self.wanted {
            Wanted::Ratio(least) => self.ratio().map(|ratio| ratio >= least),
            Wanted::AtMost(most) => self.parsimony.map(|measured| measured <= most),
            Wanted::Nothing => None,
        }
    }

    fn verdict(&self) -> String {
        match self.is_met() {
            Some(true) => "met".to_owned(),
            Some(false) => "NOT MET".to_owned(),
            None => String::new(),
        }
    }

    fn limit(&self) -> String {
        match self.wanted {
            Wanted::Ratio(least) => format!("≥ {least}×"),
            Wanted::AtMost(most) => format!("≤ {most} {}", self.unit),
            Wanted::Nothing => String::new(),
        }
    }
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Figure>);

impl Report {
    /// Adds a figure.
    pub(crate) fn add(&mut self, figure: Figure) {
        self.0.push(figure);
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let columns = ["figure", "unit", "original", "parsimony", "floor", "ratio", "wanted", ""];
        let mut table = Table::new("Figures", &columns);
        let text = |figure: Option<f64>| figure.map_or_else(String::new, short);
        for figure in &self.0 {
            table.row([
                figure.name.clone(),
                figure.unit.to_owned(),
                text(figure.original),
                text(figure.parsimony),
                text(figure.floor),
                text(figure.ratio()),
                figure.limit(),
                figure.verdict(),
            ]);
        }
        table.print();
    }

    /// Writes the figures as JSON.
    pub(crate) fn write(&self) -> Outcome<()> {
        let figures = self.0.iter().map(|figure| {
            let wanted = match figure.wanted {
                Wanted::Ratio(least) => json!({ "ratioAtLeast": least }),
                Wanted::AtMost(most) => json!({ "atMost": most }),
                Wanted::Nothing => json!(null),
            };
            json!({
                "figure": figure.name, "unit": figure.unit, "original": figure.original, "parsimony": figure.parsimony,
                "floor": figure.floor, "ratio": figure.ratio(), "wanted": wanted, "met": figure.is_met(),
            })
        });
        let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(FILE);
        std::fs::write(&place, serde_json::to_string_pretty(&figures.collect::<Vec<_>>())?)?;
        println!("\n{}", place.display());
        Ok(())
    }
}
