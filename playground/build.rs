//! Puts the playground page where the server's `include_str!(concat!(env!("OUT_DIR"), "/playground.html"))` finds it:
//! the built page `playground/dist/index.html` if there is one, else `playground/fallback.html`.
//!
//! A release build makes the page where npm is there, any other build only when `PARSIMONY_BUILD_PLAYGROUND=1` asks for
//! it (`0` forbids it). It is made inside `OUT_DIR`, so that nothing appears in the tree; if it can not be made, because
//! there is no network for instance, the fallback page takes its place.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const SOURCES: [&str; 4] = ["package.json", "package-lock.json", "build.mjs", "src"];

fn main() {
    let room =
        Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("playground");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    watch(&room);
    let page = choose(&room, &out);
    let html =
        fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    for placeholder in ["{{appId}}", "{{graphqlPath}}"] {
        assert!(html.contains(placeholder), "{} has no {placeholder}", page.display());
    }
    fs::write(out.join("playground.html"), html).expect("OUT_DIR can be written");
}

/// A watched path that does not exist makes cargo run this script on every build, hence the empty `dist` (which git
/// ignores). Where it can not be made, the tree is read-only and nobody will build the page later either.
fn watch(room: &Path) {
    let _ = fs::create_dir_all(room.join("dist"));
    println!("cargo:rerun-if-env-changed=PARSIMONY_BUILD_PLAYGROUND");
    for name in ["build.rs", "fallback.html", "dist"].into_iter().chain(SOURCES) {
        if room.join(name).exists() {
            println!("cargo:rerun-if-changed={}", room.join(name).display());
        }
    }
}

fn choose(room: &Path, out: &Path) -> PathBuf {
    let built = room.join("dist").join("index.html");
    let asked = env::var("PARSIMONY_BUILD_PLAYGROUND").unwrap_or_default();
    if asked == "1" {
        return build(room, &out.join("playground")).unwrap_or_else(|problem| panic!("{problem}"));
    }
    if built.exists() {
        return built;
    }
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release && asked != "0" {
        match build(room, &out.join("playground")) {
            Ok(page) => return page,
            Err(problem) => println!("cargo:warning=the playground is the simple page: {problem}"),
        }
    }
    room.join("fallback.html")
}

fn build(room: &Path, work: &Path) -> Result<PathBuf, String> {
    for name in SOURCES {
        copy(&room.join(name), &work.join(name));
    }
    npm(work, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    npm(work, &["run", "build"])?;
    Ok(work.join("dist").join("index.html"))
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().expect("a file has a parent"))
            .expect("OUT_DIR can be written");
        fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        return;
    }
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let name = entry.expect("a readable directory").file_name();
        copy(&from.join(&name), &to.join(&name));
    }
}

fn npm(work: &Path, arguments: &[&str]) -> Result<(), String> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm).args(arguments).current_dir(work).output();
    let output = output.map_err(|error| format!("npm: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("npm {} failed", arguments.join(" "))),
    }
}
