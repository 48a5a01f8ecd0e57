//! The conventions of this repository, as tests: which room may use which, how long a file and a function may be, which
//! crate and which call stays where, what the top level holds. Every test lists all its violations at once.
//!
//! `tidy/source.rs` reads the source as text; that is enough for code that rustfmt has formatted.

#[path = "tidy/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fs;

use source::{functions, lies_in, relative, root, sources, walk};

// ---------------------------------------------------------------------------------------------------- the rules

const WORDS: &[&str] = &["error", "value", "schema", "query", "access"];

/// Every room of `src/`, top to bottom as one reads, and the rooms it may use. A new entry is an architecture change.
const ROOMS: &[(&str, &[&[&str]])] = &[
    ("error", &[]),
    ("value", &[&["error"]]),
    ("schema", &[&["error", "value"]]),
    ("query", &[&["error", "value", "schema"]]),
    ("access", &[&["error", "value", "schema", "query"]]),
    ("options", &[WORDS]),
    ("telemetry", &[&["error", "options"]]),
    ("storage", &[WORDS, &["options"]]),
    ("adapters", &[&["error", "value", "options"]]),
    ("cloud", &[WORDS, &["options", "adapters"]]),
    ("catalog", &[WORDS, &["options", "storage", "adapters"]]),
    ("auth", &[WORDS, &["options", "storage", "adapters", "catalog", "cloud"]]),
    ("ops", &[WORDS, &["options", "telemetry", "storage", "adapters", "cloud", "catalog", "auth"]]),
    ("live", &[WORDS, &["options", "adapters", "cloud", "catalog", "auth", "ops"]]),
    ("http", &[WORDS, &["options", "telemetry", "adapters", "cloud", "auth", "ops"]]),
    ("rest", &[WORDS, &["options", "cloud", "http", "ops"]]),
    ("graphql", &[WORDS, &["options", "telemetry", "cloud", "catalog", "http", "ops", "live"]]),
    ("livequery", &[WORDS, &["options", "telemetry", "http", "live"]]),
    ("pages", &[WORDS, &["options", "http", "ops"]]),
    ("server", &[&["*"]]),
    // The two roots: `lib.rs` names the rooms, `main.rs` starts the program.
    ("lib", &[]),
    ("main", &[&["*"]]),
];

/// Single names that may cross where the table says no: (path prefix, room, name).
const ROOM_EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("src/adapters/files", "storage", "Blob"),
    ("src/adapters/files", "storage", "BlobLabel"),
    ("src/adapters/files", "storage", "BlobPart"),
    ("src/adapters/files", "storage", "Blobs"),
];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Files and functions that are nothing but a table of data; they may be as long as the data.
const TABLES: &[&str] = &[];

/// Too long today, at exactly this length: (file, lines). An entry may shrink, then go; nothing is added.
const LONG_FILES: &[(&str, usize)] = &[];

/// Too long today, at exactly this length: (file, function, lines).
const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[];

/// Crates (a trailing `*` stands for the rest of the name) and the only places that may name them.
const FENCES: &[(&str, &[&str])] = &[
    ("sqlx", &["src/storage/postgres"]),
    ("rusqlite", &["src/storage/sqlite"]),
    ("mongodb", &["src/storage/mongodb", "src/adapters/files"]),
    ("apollo_compiler", &["src/graphql"]),
    ("axum*", &["src/http", "src/rest", "src/graphql", "src/livequery", "src/pages", "src/server"]),
    ("hyper*", &["src/http/socket.rs", "src/server/upgrade.rs"]),
    ("tokio_tungstenite", &["src/http/socket.rs", "src/server/upgrade.rs"]),
    ("clap", &["src/options"]),
    ("rustix", &["src/auth/password.rs", "src/main.rs"]),
    // It tries and tries again: only patterns of the operator, never of a client.
    ("fancy_regex", &["src/options", "src/ops/hooks/rules.rs"]),
    ("lettre", &["src/adapters/mail"]),
    ("redis", &["src/adapters/pubsub"]),
];

/// Rooms that never hold client JSON.
const WITHOUT_JSON: &[&str] = &["ops", "live", "access", "query"];
const JSON: &[&str] = &["serde_json::Value", "serde_json::Map", "serde_json::json"];

/// Calls with a lawful place: (call, the only places, why).
const CALLS: &[(&str, &[&str], &str)] = &[
    ("Utc::now", CLOCKS, "time comes from ctx and the clock adapter"),
    ("SystemTime::now", CLOCKS, "time comes from ctx and the clock adapter"),
    ("Instant::now", CLOCKS, "time comes from ctx and the clock adapter"),
    ("env::var", SETTINGS, "only options read the environment"),
    ("env::var_os", SETTINGS, "only options read the environment"),
    ("env::vars", SETTINGS, "only options read the environment"),
    ("env::vars_os", SETTINGS, "only options read the environment"),
    ("tokio::spawn", TASKS, "every task is named and known to server/tasks.rs"),
    ("task::spawn", TASKS, "every task is named and known to server/tasks.rs"),
    ("process::exit", &["src/main.rs"], "only main ends the process"),
    ("Plan::server", PLAN_SERVER, "the server's own reads are listed in tests/tidy.rs"),
    (
        "Objects::of_hook",
        &["src/ops/read/replaced.rs"],
        "only what a hook answered is shown without a plan",
    ),
    (
        "WriteAccess::of_server",
        &["src/ops/definitions.rs"],
        "whoever writes for somebody asks whether he may: ctx.writer()",
    ),
];
/// The clock, and what measures durations: for metrics and logs, of connections and of transactions.
const CLOCKS: &[&str] = &[
    "src/adapters/clock.rs",
    "src/telemetry",
    "src/storage/postgres/pool.rs",
    "src/storage/postgres/transaction.rs",
    "src/storage/sqlite/transaction.rs",
];
const SETTINGS: &[&str] = &["src/options", "src/main.rs"];
const TASKS: &[&str] = &["src/server/tasks.rs"];
/// The call sites of the plan that is asked by no caller and so refuses nothing.
const PLAN_SERVER: &[&str] = &[
    "src/auth/roles.rs",
    "src/auth/sessions.rs",
    "src/ops/only_object.rs",
    "src/ops/schemas.rs",
    "src/ops/users/account.rs",
    "src/ops/users/session.rs",
    "src/ops/webhooks/store.rs",
];

const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "schema-examples",
    "tests",
    "playground",
    "benches",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "target",
];

// ---------------------------------------------------------------------------------------------------- the tests

#[test]
fn rooms_use_only_rooms_below() {
    let mut wrong = Vec::new();
    for file in sources() {
        let room = file.room();
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!(
                "{}: `{room}` is not a room; add it to ROOMS with what it may use",
                file.name
            ));
            continue;
        };
        for path in &file.paths {
            let Some((target, item)) = file.target_of(path) else { continue };
            let listed =
                allowed.iter().any(|group| group.contains(&target) || group.contains(&"*"));
            if target == room || listed || excepted(&file.name, target, item) {
                continue;
            }
            let reason = match ROOMS.iter().any(|(name, _)| *name == target) {
                true => format!("`{room}` may not use `{target}`"),
                false => format!("`{target}` is no room"),
            };
            wrong.push(format!(
                "{}:{}: {reason} ({})",
                file.name,
                path.line,
                path.parts.join("::")
            ));
        }
    }
    report("a room uses only the rooms below it (ROOMS in tests/tidy.rs)", wrong);
}

#[test]
fn the_room_table_has_no_circle() {
    let mut wrong = Vec::new();
    for (index, (room, allowed)) in ROOMS.iter().enumerate() {
        for target in allowed.iter().flat_map(|group| group.iter()).filter(|target| **target != "*")
        {
            match ROOMS.iter().position(|(name, _)| name == target) {
                Some(at) if at < index => {}
                _ => wrong.push(format!(
                    "`{room}` may use `{target}`, which does not stand above it in the table"
                )),
            }
        }
    }
    report("ROOMS lists a room after everything it uses", wrong);
}

#[test]
fn rooms_say_what_they_are() {
    let silent = sources().into_iter().filter(|file| {
        let folder_head = file.name.ends_with("/mod.rs");
        let room_file = file.name.matches('/').count() == 1;
        (folder_head || room_file) && !file.raw.starts_with("//!")
    });
    report(
        "the file of a room opens with `//!`: what it is, what it never does",
        silent.map(|file| file.name).collect(),
    );
}

#[test]
fn files_and_functions_are_short() {
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    for file in sources().iter().filter(|file| !TABLES.contains(&file.name.as_str())) {
        let listed = LONG_FILES.iter().find(|(name, _)| *name == file.name);
        met.extend(listed.map(|(name, _)| (*name).to_owned()));
        measure(
            &file.name,
            file.code.lines().count(),
            FILE_LINES_MAX,
            listed.map(|entry| entry.1),
            &mut wrong,
        );
        for (function, line, lines) in functions(&file.code) {
            let named = format!("{}::{function}", file.name);
            if TABLES.contains(&named.as_str()) {
                continue;
            }
            let listed = LONG_FUNCTIONS
                .iter()
                .find(|(name, what, _)| *name == file.name && *what == function);
            met.extend(listed.map(|_| named));
            let place = format!("{}:{line}: fn {function}", file.name);
            measure(&place, lines, FUNCTION_LINES_MAX, listed.map(|entry| entry.2), &mut wrong);
        }
    }
    let entries = LONG_FILES.iter().map(|(name, _)| (*name).to_owned());
    let entries =
        entries.chain(LONG_FUNCTIONS.iter().map(|(name, what, _)| format!("{name}::{what}")));
    wrong.extend(
        entries
            .filter(|entry| !met.contains(entry))
            .map(|entry| format!("{entry} is gone: take it off the list")),
    );
    report("files have at most 500 lines above their tests, functions at most 70", wrong);
}

#[test]
fn crates_and_calls_stay_in_their_place() {
    let mut wrong = Vec::new();
    let files = sources();
    for file in &files {
        for path in &file.paths {
            let text = path.parts.join("::");
            let place = format!("{}:{}", file.name, path.line);
            for (fence, places) in FENCES {
                if is_crate(fence, &path.parts[0]) && !lies_in(&file.name, places) {
                    wrong.push(format!(
                        "{place}: {text}: `{fence}` belongs to {} only",
                        places.join(", ")
                    ));
                }
            }
            if WITHOUT_JSON.contains(&file.room()) && JSON.iter().any(|item| path.contains(item)) {
                wrong.push(format!(
                    "{place}: {text}: no JSON in {}; it becomes a type at the door",
                    file.room()
                ));
            }
            for (call, places, why) in CALLS {
                if path.contains(call) && !lies_in(&file.name, places) {
                    wrong.push(format!("{place}: {text}: {why} ({})", places.join(", ")));
                }
            }
        }
    }
    for site in PLAN_SERVER {
        let used = files.iter().any(|file| {
            file.name == *site && file.paths.iter().any(|path| path.contains("Plan::server"))
        });
        if !used {
            wrong.push(format!("{site} no longer calls Plan::server: take it off PLAN_SERVER"));
        }
    }
    report("some crates and calls have one place", wrong);
}

#[test]
fn the_top_level_is_fixed() {
    let names = fs::read_dir(root()).expect("the repository can be read");
    let names = names
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a UTF-8 name"));
    // A server that somebody tries out in the checkout leaves its database behind; git ignores it.
    let fine = |name: &str| {
        name.starts_with('.') || name.starts_with("parsimony.db") || TOP_LEVEL.contains(&name)
    };
    report("nothing else stands at the top level", names.filter(|name| !fine(name)).collect());
}

#[test]
fn no_file_names_somebodys_machine() {
    let here = root().to_str().expect("a UTF-8 path").to_owned();
    let homes = [
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
        concat!("/ro", "ot/"),
        concat!("C:\\Us", "ers\\"),
    ];
    let mut wrong = Vec::new();
    for path in walk(&root(), &["target", ".git", "node_modules", "dist"]) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (index, line) in text.lines().enumerate() {
            let found = homes.iter().any(|home| line.contains(home))
                || (here.len() > 5 && line.contains(&here));
            if found {
                wrong.push(format!("{}:{}", relative(&path), index + 1));
            }
        }
    }
    report("no file holds a path of one machine", wrong);
}

fn report(rule: &str, mut wrong: Vec<String>) {
    wrong.sort();
    assert!(wrong.is_empty(), "\n{rule}; {} violations:\n  {}\n", wrong.len(), wrong.join("\n  "));
}

fn measure(place: &str, lines: usize, max: usize, listed: Option<usize>, wrong: &mut Vec<String>) {
    match listed {
        None if lines > max => wrong.push(format!("{place}: {lines} lines, {max} allowed")),
        Some(size) if lines > size => {
            wrong.push(format!("{place}: {lines} lines, listed with {size}: it may only shrink"))
        }
        Some(_) if lines <= max => {
            wrong.push(format!("{place}: {lines} lines: take it off the list"))
        }
        Some(size) if lines < size => {
            wrong.push(format!("{place}: listed with {size} lines, has {lines}: lower the entry"))
        }
        None | Some(_) => {}
    }
}

fn excepted(file: &str, room: &str, item: Option<&str>) -> bool {
    ROOM_EXCEPTIONS
        .iter()
        .any(|(place, to, name)| lies_in(file, &[place]) && *to == room && Some(*name) == item)
}

fn is_crate(fence: &str, name: &str) -> bool {
    match fence.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == fence,
    }
}
