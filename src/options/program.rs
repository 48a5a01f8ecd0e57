//! Options of a program that embeds the server.

use serde_json::{Map, Value};

use crate::options::config::{self, Config};
use crate::options::file;
use crate::options::problems::{OptionsError, Problems};
use crate::options::raw::{Profile, Raw};

/// Reads options by the names that they have in a configuration file. Nothing is taken from the environment.
pub fn of_program(options: Map<String, Value>) -> Result<Config, OptionsError> {
    let mut problems = Problems::default();
    let mut raw = Raw::new(Profile::Server);
    file::set_all(options, "the program", &mut raw, &mut problems);
    let config = config::build(&raw, &String::new, &mut problems);
    problems.into_result()?;
    Ok(config)
}
