//! Flags: `--appId x`, `--requestComplexity.includeDepth 1`, and the path of a JSON file.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::options::nearest;
use crate::options::problems::Problems;
use crate::options::table::{self, OptionSpec};
use crate::options::values;

const FILE: &str = "configuration file";
const HELP: &str = "help";
const VERSION: &str = "version";

/// What the arguments say.
pub(super) enum Arguments {
    /// They ask for the help text.
    Help,
    /// They ask for the version.
    Version,
    /// They ask to start.
    Start(Flags),
}

/// Flags by option, and the path of a file.
#[derive(Default)]
pub(super) struct Flags {
    pub(super) given: Vec<(&'static OptionSpec, String)>,
    pub(super) file: Option<String>,
}

/// Reads the arguments behind the name of the program and of the sub-command.
pub(super) fn read(mut arguments: Vec<String>, problems: &mut Problems) -> Arguments {
    join_switches(&mut arguments);
    let mut command = command();
    // The parser stops at the first problem; without its argument it finds the next one.
    loop {
        let error = match command.try_get_matches_from_mut(&arguments) {
            Ok(matches) => return found(&matches, problems),
            Err(error) => error,
        };
        let name = argument_name(&error);
        problems.add(describe(&error, &name));
        if !remove(&mut arguments, &name) {
            return Arguments::Start(Flags::default());
        }
    }
}

/// Makes `--verbose false` one argument, so that `--verbose config.json` can stay two.
fn join_switches(arguments: &mut Vec<String>) {
    let mut index = 0;
    while index + 1 < arguments.len() {
        let switch = arguments[index].strip_prefix("--").and_then(table::find);
        if let Some(option) = switch
            && option.kind.may_stand_alone()
            && values::from_text(option.kind, &arguments[index + 1]).is_some()
        {
            let value = arguments.remove(index + 1);
            arguments[index] = format!("--{}={value}", option.path);
        }
        index += 1;
    }
}

fn command() -> Command {
    let mut command = Command::new("parsimony")
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new(FILE))
        .arg(Arg::new(HELP).long(HELP).short('h').action(ArgAction::SetTrue))
        .arg(Arg::new(VERSION).long(VERSION).short('V').action(ArgAction::SetTrue));
    for option in table::all().filter(|option| option.is_settable()) {
        let argument = Arg::new(option.path).long(option.path).action(ArgAction::Set);
        command = command.arg(if option.kind.may_stand_alone() {
            argument.num_args(0..=1).require_equals(true).default_missing_value("true")
        } else {
            // Keys are arbitrary texts and may begin with a hyphen.
            argument.allow_hyphen_values(true)
        });
    }
    command
}

fn found(matches: &ArgMatches, problems: &mut Problems) -> Arguments {
    if matches.get_flag(HELP) {
        return Arguments::Help;
    }
    if matches.get_flag(VERSION) {
        return Arguments::Version;
    }
    let mut flags = Flags { given: Vec::new(), file: matches.get_one::<String>(FILE).cloned() };
    for option in table::all().filter(|option| option.is_settable()) {
        let Some(value) = matches.get_one::<String>(option.path) else { continue };
        if value.strip_prefix("--").and_then(table::find).is_some() {
            problems.add(format!("option `--{}`: a value is missing", option.path));
        } else {
            flags.given.push((option, value.clone()));
        }
    }
    flags.given.sort_by_key(|(option, _)| option.path.matches('.').count());
    Arguments::Start(flags)
}

/// The argument an error is about, without the name of its value.
fn argument_name(error: &clap::Error) -> String {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) => first_word(text),
        Some(ContextValue::Strings(texts)) => texts.first().map_or_else(String::new, first_word),
        Some(_) | None => String::new(),
    }
}

fn first_word(text: impl AsRef<str>) -> String {
    let end = |c: char| c.is_whitespace() || c == '=' || c == '[';
    text.as_ref().split(end).next().unwrap_or_default().to_owned()
}

fn describe(error: &clap::Error, name: &str) -> String {
    let kind = error.kind();
    if kind == ErrorKind::UnknownArgument {
        return unknown(name);
    }
    if kind == ErrorKind::ArgumentConflict {
        return format!("option `{name}` is given more than once");
    }
    if kind == ErrorKind::InvalidValue {
        return format!("option `{name}`: a value is missing");
    }
    format!("option `{name}`: {kind}")
}

fn unknown(name: &str) -> String {
    if !name.starts_with('-') {
        return format!("unexpected argument `{name}`: one configuration file is enough");
    }
    match nearest::option(name) {
        Some(option) => format!("unknown option `{name}`; did you mean `--{}`?", option.path),
        None => format!("unknown option `{name}`; --help lists all options"),
    }
}

/// Removes an argument and, if it is a flag, the value behind it.
fn remove(arguments: &mut Vec<String>, name: &str) -> bool {
    let is_it = |argument: &String| {
        argument
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('=') || !name.starts_with("--"))
    };
    let Some(index) = arguments.iter().position(is_it).filter(|_| !name.is_empty()) else {
        return false;
    };
    let removed = arguments.remove(index);
    let value_follows = name.starts_with('-') && !removed.contains('=');
    if value_follows && arguments.get(index).is_some_and(|next| !next.starts_with('-')) {
        arguments.remove(index);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> (Arguments, Vec<String>) {
        let mut problems = Problems::default();
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        let found = read(arguments, &mut problems);
        let problems =
            problems.into_result().map_or_else(|error| error.problems().to_vec(), |()| Vec::new());
        (found, problems)
    }

    fn check(arguments: &[&str], expected: &[(&str, &str)], file: Option<&str>) {
        let (found, problems) = run(arguments);
        assert_eq!(problems, [""; 0], "{arguments:?}");
        let Arguments::Start(flags) = found else { panic!("{arguments:?}") };
        let mut given: Vec<(&str, &str)> =
            flags.given.iter().map(|(option, value)| (option.path, value.as_str())).collect();
        given.sort_unstable();
        assert_eq!(given, expected, "{arguments:?}");
        assert_eq!(flags.file.as_deref(), file, "{arguments:?}");
    }

    fn check_problems(arguments: &[&str], expected: &[&str]) {
        assert_eq!(run(arguments).1, expected, "{arguments:?}");
    }

    #[test]
    fn flags() {
        check(&[], &[], None);
        check(&["--appId", "a", "--port=1"], &[("appId", "a"), ("port", "1")], None);
        check(&["config.json", "--appId", "a"], &[("appId", "a")], Some("config.json"));
        check(&["--verbose", "config.json"], &[("verbose", "true")], Some("config.json"));
        check(&["--verbose", "0", "config.json"], &[("verbose", "0")], Some("config.json"));
        check(&["--verbose=false"], &[("verbose", "false")], None);
        check(&["--cluster", "4", "--silent"], &[("cluster", "4"), ("silent", "true")], None);
        check(&["--masterKey", "-secret"], &[("masterKey", "-secret")], None);
        check(&["--maxLimit", "-1"], &[("maxLimit", "-1")], None);
        check(
            &["--requestComplexity.includeDepth", "1", "--requestComplexity", "{}"],
            &[("requestComplexity", "{}"), ("requestComplexity.includeDepth", "1")],
            None,
        );
    }

    #[test]
    fn whole_groups_come_before_their_parts() {
        let (found, _) = run(&[
            "--schema.strict",
            "true",
            "--schema",
            "{}",
            "--pages.customUrls.passwordReset=x",
        ]);
        let Arguments::Start(flags) = found else { panic!("no start") };
        let paths: Vec<&str> = flags.given.iter().map(|(option, _)| option.path).collect();
        assert_eq!(paths, ["schema", "schema.strict", "pages.customUrls.passwordReset"]);
    }

    #[test]
    fn problems() {
        check_problems(&["--prot", "1"], &["unknown option `--prot`; did you mean `--port`?"]);
        check_problems(&["--app-id=1"], &["unknown option `--app-id`; did you mean `--appId`?"]);
        check_problems(&["-x"], &["unknown option `-x`; --help lists all options"]);
        check_problems(
            &["--prot", "1", "--aplId", "x", "--port", "1", "--port", "2"],
            &[
                "unknown option `--prot`; did you mean `--port`?",
                "unknown option `--aplId`; did you mean `--appId`?",
                "option `--port` is given more than once",
            ],
        );
        check_problems(&["--appId"], &["option `--appId`: a value is missing"]);
        check_problems(&["--appId", "--masterKey", "x"], &["option `--appId`: a value is missing"]);
        check_problems(
            &["a.json", "b.json"],
            &["unexpected argument `b.json`: one configuration file is enough"],
        );
    }

    #[test]
    fn help_and_version() {
        assert!(matches!(run(&["--help"]).0, Arguments::Help));
        assert!(matches!(run(&["--prot", "1", "-h"]).0, Arguments::Help));
        assert!(matches!(run(&["--version"]).0, Arguments::Version));
        assert!(matches!(run(&["-V"]).0, Arguments::Version));
    }
}
