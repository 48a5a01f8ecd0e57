//! The help text, made from the table.

use std::fmt::Write;

use crate::options::table::{Effect, Kind, OptionSpec, Ours, Preset, SECTIONS};

/// Longest default that is worth showing.
const DEFAULT_CHARS_MAX: usize = 120;

const INTRODUCTION: &str = "\
Usage: parsimony [OPTIONS] [CONFIG]
       parsimony dev [OPTIONS] [CONFIG]
       parsimony doctor [OPTIONS] [CONFIG]
       parsimony run [OPTIONS] PROGRAM
       parsimony live-query-server [OPTIONS] [CONFIG]

Starts the server. An option may be a flag, an environment variable or a key of the configuration
file; flags win over variables, variables over the file. The file is JSON, or JavaScript (.js,
.mjs, .cjs) that Node evaluates: only there may options be functions and objects. A nested option such as `schema.strict` is a
key inside the object `schema`, in the file and in the value of --schema alike.

`parsimony dev` listens on this machine only, with the application id `myAppId`, a generated
master key, class creation by clients and the playground on; every option still applies.

`parsimony run index.js` takes the options from a program that makes a parse-server in an Express
application; it goes behind `dev` and `doctor`, too. Nothing else of the application is served.

`parsimony live-query-server` serves nothing but LiveQuery: it hears of writes through Redis, asks the
same database, and understands what parse-server's program of that name calls its options.

`parsimony doctor` starts nothing: it looks at the options and the database of a parse-server and
says what fits, what differs and what has to be done before this server takes over. It only reads.
It ends with 0 if nothing has to be done, with 1 if something has, with 2 if it could not look.

  -h, --help      print this text
  -V, --version   print the version
";

/// Every option with its variable, type, default and sentence.
pub(super) fn text() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in SECTIONS {
        text.push_str(&format!("\n{}\n", section.title));
        for option in section.options {
            describe(&mut text, option);
        }
    }
    text
}

fn describe(text: &mut String, option: &OptionSpec) {
    let dashes = if option.is_settable() { "--" } else { "" };
    let variable = option.env.map(|env| format!("  [{env}]")).unwrap_or_default();
    let mut notes = vec![option.doc.to_owned()];
    notes.extend(default_note(option));
    notes.extend(compat_note(option));
    if option.effect == Effect::NotYet {
        notes.push("(no effect yet)".to_owned());
    }
    let placeholder = placeholder(option.kind);
    let lines =
        format!("  {dashes}{} {placeholder}{variable}\n      {}\n", option.path, notes.join(" "));
    // Writing to a string can not fail.
    let _ = text.write_str(&lines);
}

fn default_note(option: &OptionSpec) -> Option<String> {
    let shown = shown(option.default())?;
    Some(format!("Default: {shown}."))
}

fn compat_note(option: &OptionSpec) -> Option<String> {
    match option.ours {
        Ours::UnlessCompat(_) => {
            Some(format!("With `--compat 9.10`: {}.", shown(option.compat_default())?))
        }
        Ours::Same | Ours::Always(_) => None,
    }
}

fn shown(preset: Preset) -> Option<String> {
    let shown = match preset {
        Preset::Absent | Preset::Text("") | Preset::Json("{}") => return None,
        Preset::Flag(flag) => flag.to_string(),
        Preset::Integer(number) => number.to_string(),
        Preset::Text(text) | Preset::Json(text) => text.to_owned(),
    };
    let fits = shown.chars().count() <= DEFAULT_CHARS_MAX;
    Some(if fits { shown } else { "a long list".to_owned() })
}

fn placeholder(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::TextOrFunction => "<text>",
        Kind::Integer => "<integer>",
        Kind::Flag | Kind::FlagOrFunction => "[true|false]",
        Kind::List | Kind::TextOrList => "<list>",
        Kind::Object | Kind::Group => "<json object>",
        Kind::Json => "<json>",
        Kind::ListOf => "<json list>",
        Kind::Adapter => "<module or json object>",
        Kind::Function => "<function>",
        Kind::IntegerOrFlag => "[integer|true|false]",
        Kind::IntegerOrText => "<integer or text>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::table;

    #[test]
    fn every_option_and_variable_is_there() {
        let text = text();
        for option in table::all() {
            assert!(text.contains(option.path), "{}", option.path);
            assert!(text.contains(option.env.unwrap_or_default()), "{}", option.path);
        }
    }

    #[test]
    fn entries() {
        let text = text();
        for expected in [
            "  --port <integer>  [PORT]\n      Port to listen on; 0 lets the system choose one. \
             Default: 1337.\n",
            "  --mountGraphQL [true|false]  [PARSE_SERVER_MOUNT_GRAPHQL]\n      \
             Serve the GraphQL API. Default: true. With `--compat 9.10`: false.\n",
            "  --push <json object>  [PARSE_SERVER_PUSH]\n      \
             Settings of push delivery, or its adapter. (no effect yet)\n",
        ] {
            assert!(text.contains(expected), "{expected}");
        }
    }
}
