//! Rust source read as text: comments and literals are blanked, test modules left out, paths and `use` trees expanded.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Source {
    /// `src/ops/read/find.rs`
    pub(crate) name: String,
    pub(crate) raw: String,
    /// The production part, comments and literals blanked, line numbers kept.
    pub(crate) code: String,
    pub(crate) paths: Vec<Found>,
}

/// One path of the code, `use` trees expanded: `use a::{b, c}` gives `a::b` and `a::c`.
pub(crate) struct Found {
    pub(crate) line: usize,
    pub(crate) parts: Vec<String>,
}

impl Found {
    pub(crate) fn contains(&self, path: &str) -> bool {
        let wanted: Vec<&str> = path.split("::").collect();
        self.parts
            .windows(wanted.len())
            .any(|window| window.iter().zip(&wanted).all(|(part, want)| part == want))
    }
}

impl Source {
    pub(crate) fn room(&self) -> &str {
        let inside = self.name.strip_prefix("src/").unwrap_or(&self.name);
        let first = inside.split('/').next().unwrap_or(inside);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules deep the file is: `src/ops/mod.rs` 1, `src/ops/read.rs` 2.
    fn depth(&self) -> usize {
        let slashes = self.name.matches('/').count();
        let roots = ["src/lib.rs", "src/main.rs"].contains(&self.name.as_str());
        if roots { 0 } else { slashes - usize::from(self.name.ends_with("/mod.rs")) }
    }

    /// The room a path names from the root of the crate, and the name after it: `crate::x::y`, also through `super`.
    pub(crate) fn target_of<'a>(&self, path: &'a Found) -> Option<(&'a str, Option<&'a str>)> {
        let supers = path.parts.iter().take_while(|part| *part == "super").count();
        let start = match path.parts[0].as_str() {
            "crate" => 1,
            "super" if supers == self.depth() => supers,
            _ => return None,
        };
        let room = path.parts.get(start)?;
        Some((room, path.parts.get(start + 1).map(String::as_str)))
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).expect("the walk starts at the root");
    inside.to_str().expect("a UTF-8 path").replace('\\', "/")
}

/// Every production file of `src/`; a file that is a test module (`#[cfg(test)] mod name;`) is none.
pub(crate) fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    let mut tests = Vec::new();
    for path in walk(&root().join("src"), &[]) {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let raw = fs::read_to_string(&path).expect("a source file can be read");
        let (code, test_modules) = production(&blank(&raw));
        let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") => path.with_file_name(""),
            _ => path.with_extension(""),
        };
        tests.extend(test_modules.iter().map(|module| relative(&folder.join(module))));
        files.push(Source { name: relative(&path), paths: paths(&code), raw, code });
    }
    files.retain(|file| !tests.iter().any(|test| lies_in(&file.name, &[test])));
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}

pub(crate) fn walk(folder: &Path, skipped: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_symlink() || skipped.contains(&name) {
            continue;
        }
        if path.is_dir() { files.extend(walk(&path, skipped)) } else { files.push(path) }
    }
    files
}

/// The part above the test module at the foot, and the names of test modules that are files of their own.
fn production(code: &str) -> (String, Vec<String>) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim_end() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let next = lines.peek().copied().unwrap_or_default();
        let module = next.strip_prefix("pub(crate) ").unwrap_or(next).strip_prefix("mod ");
        match module.map(str::trim_end) {
            Some(inline) if !inline.ends_with(';') => break,
            Some(file) => modules.push(file.trim_end_matches(';').to_owned()),
            None => kept.push(line),
        }
    }
    (kept.join("\n"), modules)
}

/// Blanks comments with spaces and the inside of literals with quotes; lines keep their number and their length.
fn blank(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, fill) = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => (find(&chars, at, |rest| rest[0] == '\n'), ' '),
            ('/', Some('*')) => (block_comment(&chars, at), ' '),
            ('"', _) => (string(&chars, at), '"'),
            ('r', Some('"' | '#')) if !in_word(&chars, at) => match raw_string(&chars, at) {
                Some(end) => (end, '"'),
                None => (at + 1, 'r'),
            },
            ('\'', _) => match character(&chars, at) {
                Some(end) => (end, '"'),
                None => (at + 1, '\''),
            },
            (other, _) => (at + 1, other),
        };
        out.extend(chars[at..end].iter().map(|char| if *char == '\n' { '\n' } else { fill }));
        at = end;
    }
    out
}

fn find(chars: &[char], from: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| is_end(&chars[*at..])).unwrap_or(chars.len())
}

fn in_word(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|index| chars[index]);
    // `br"…"` and `cr"…"` are literals, too.
    before.is_some_and(|char| (char.is_alphanumeric() && !"bc".contains(char)) || char == '_')
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) if depth == 1 => return at + 2,
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

fn string(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '"' => return at + 1,
            '\\' => at += 2,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|char| **char == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None; // A raw identifier.
    }
    let closing = |rest: &[char]| {
        rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|char| *char == '#')
    };
    Some((find(chars, open + 1, closing) + 1 + hashes).min(chars.len()))
}

/// The end of a character literal; none for a lifetime.
fn character(chars: &[char], start: usize) -> Option<usize> {
    if chars.get(start + 1) == Some(&'\\') {
        return Some((find(chars, start + 3, |rest| rest[0] == '\'') + 1).min(chars.len()));
    }
    (chars.get(start + 2) == Some(&'\'')).then_some(start + 3)
}

struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|char: char| char.is_alphabetic() || char == '_')
    }
}

/// Names, `::` and single signs.
fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest
                .find(|char: char| !char.is_alphanumeric() && char != '_')
                .unwrap_or(rest.len());
            let length = if rest.starts_with("::") { 2 } else { word.max(first.len_utf8()) };
            found.push(Token { line: index + 1, text: rest[..length].to_owned() });
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Every path of at least two parts, and single names after `use`.
fn paths(code: &str) -> Vec<Found> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map(|index| tokens[index].text.as_str());
        if !tokens[at].is_name() || before == Some("::") || before == Some(".") {
            at += 1;
            continue;
        }
        let mut here = Vec::new();
        let next = tree(&tokens, at, &[], &mut here);
        found.extend(here.into_iter().filter(|path| path.parts.len() > 1 || before == Some("use")));
        at = next.max(at + 1);
    }
    found
}

/// Reads one path or `use` tree at a token and returns the token behind it.
fn tree(tokens: &[Token], start: usize, prefix: &[String], found: &mut Vec<Found>) -> usize {
    let mut parts = prefix.to_vec();
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        if token.text == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|token| token.text != "}") {
                let next = tree(tokens, at, &parts, found);
                at = next.max(at + 1);
            }
            return at + 1;
        }
        if !token.is_name() && token.text != "*" {
            break;
        }
        parts.push(token.text.clone());
        at += 1;
        if tokens.get(at).is_none_or(|token| token.text != "::") {
            break;
        }
        at += 1;
    }
    if parts.len() > prefix.len() {
        found.push(Found { line: tokens[start].line, parts });
    }
    // What an `as` renames to is no path.
    if tokens.get(at).is_some_and(|token| token.text == "as") { at + 2 } else { at }
}

/// Every function with a body: its name, its line, and how many lines of its body hold code.
pub(crate) fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let tokens = tokens(code);
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let named = tokens.get(at + 1).filter(|token| tokens[at].text == "fn" && token.is_name());
        let Some(name) = named else { continue };
        let Some(open) = body(&tokens, at) else { continue };
        let close = matching(&tokens, open);
        let (first, last) = (tokens[open].line, tokens[close].line);
        let inside = lines.get(first..last.saturating_sub(1).max(first)).unwrap_or_default();
        let count = inside.iter().filter(|line| !line.trim().is_empty()).count();
        found.push((name.text.clone(), name.line, count));
    }
    found
}

/// The brace that opens the body; none where the function is only declared.
fn body(tokens: &[Token], start: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "{" if depth == 0 => return Some(at),
            ";" if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn matching(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len() - 1
}

/// Whether a file is one of the places, each a file, a folder or a file without its `.rs`.
pub(crate) fn lies_in(file: &str, places: &[&str]) -> bool {
    let within = |rest: &str| rest.is_empty() || rest == ".rs" || rest.starts_with('/');
    places.iter().any(|place| file.strip_prefix(place).is_some_and(within))
}

#[test]
fn comments_and_literals_are_blanked() {
    let check = |source: &str, expected: &str| assert_eq!(blank(source), expected, "{source}");
    check("a // crate::x\nb", "a            \nb");
    check("a /* x /* y */ z */ b", "a                   b");
    check(r#"f("crate::x \" y") z"#, &format!("f({}) z", "\"".repeat(15)));
    check("f(r#\"a \" b\"#) z", "f(\"\"\"\"\"\"\"\"\"\") z");
    check("r#type", "r#type");
    check(
        "'a' 'b: &'c str '\\'' '\\u{1F600}'",
        "\"\"\" 'b: &'c str \"\"\"\" \"\"\"\"\"\"\"\"\"\"\"",
    );
}

#[test]
fn use_trees_are_expanded() {
    let check = |code: &str, expected: &[&str]| {
        let found: Vec<String> = paths(code).iter().map(|path| path.parts.join("::")).collect();
        assert_eq!(found, expected, "{code}");
    };
    check("use crate::{a::{b, c as d}, e};", &["crate::a::b", "crate::a::c", "crate::e"]);
    check("use axum;", &["axum"]);
    check("let x = crate::a::b(y.z, w);", &["crate::a::b"]);
    check("use super::{self, x::*};", &["super::self", "super::x::*"]);
    check("pub(in crate::ops) fn f() {}", &["crate::ops"]);
    check("use crate::{\n    a::b,\n    c,\n};", &["crate::a::b", "crate::c"]);
}

#[test]
fn functions_are_measured_by_their_code() {
    let code = "impl X {\n    fn one(&self) -> [u8; 2] {\n        a;\n\n        if b {\n            c\n        }\n    }\n    fn two(&self);\n}\nfn three() {}\n";
    let expected = [("one".to_owned(), 2, 4), ("three".to_owned(), 11, 0)];
    assert_eq!(functions(code), expected);
}

#[test]
fn test_modules_are_left_out() {
    let (code, modules) =
        production("a\n#[cfg(test)]\nmod suite;\nb\n#[cfg(test)]\nmod tests {\n    c\n}");
    assert!(code.starts_with("a\nmod suite;\nb") && !code.contains('c'));
    assert_eq!(modules, ["suite"]);
}
