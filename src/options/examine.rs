//! Options as they were given, for whoever asks whether this server can work with them.

use crate::options::config::Config;
use crate::options::database::Database;
use crate::options::table::{self, Effect, OptionSpec, Ours};

/// What was given, and everything that is wrong with it.
#[derive(Debug)]
pub struct Examination {
    /// What keeps the server from starting, one sentence each.
    pub problems: Vec<String>,
    /// The options. Where a value is bad something else stands in for it.
    pub config: Config,
}

impl Examination {
    /// The database, unless its address is one of the problems.
    pub fn database(&self) -> Option<&Database> {
        let about = ["option `databaseURI`", "option `databaseOptions"];
        let is_bad = |problem: &String| about.iter().any(|option| problem.starts_with(option));
        (!self.problems.iter().any(is_bad)).then_some(&self.config.database)
    }

    /// Options that were given and that the server heeds.
    pub fn heeded(&self) -> impl Iterator<Item = &'static OptionSpec> {
        self.given().filter(|option| option.effect == Effect::Now)
    }

    /// Options that were given with another value than their default and that change nothing.
    pub fn unheeded(&self) -> impl Iterator<Item = &'static OptionSpec> {
        let asks_for_more = |option: &&OptionSpec| {
            self.config.raw.value(option.path)
                != crate::options::raw::preset_value(option.default())
        };
        self.given().filter(|option| option.effect == Effect::NotYet).filter(asks_for_more)
    }

    /// Options that were not given and whose default is another one than that of parse-server 9.10.
    pub fn other_defaults(&self) -> impl Iterator<Item = &'static OptionSpec> {
        let differs = |option: &&OptionSpec| match option.ours {
            Ours::Same | Ours::Always(_) => false,
            Ours::UnlessCompat(_) => !self.config.raw.is_given(option.path),
        };
        let restored = self.config.raw.is_given("compat");
        table::all().filter(differs).filter(move |_| !restored)
    }

    fn given(&self) -> impl Iterator<Item = &'static OptionSpec> {
        table::all().filter(|option| self.config.raw.is_given(option.path))
    }
}
