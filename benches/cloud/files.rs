//! Files of one megabyte up and down, beside the original with the same adapter; and memory while a large file passes.

use serde_json::{Value, json};

use crate::driver::Outcome;
use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::requests::requests;
use crate::driver::table::{Table, short};
use crate::driver::wire::{APP_ID, MASTER_KEY};
use crate::fixture::Fixture;
use crate::measure::{self, Turn};
use crate::settings::Settings;

const FILE_BYTES: usize = 1 << 20;
/// Names that are written again and again: what is stored does not grow.
const NAMES: usize = 16;
const ORIGINAL_BY_OURS_MIN: f64 = 8.0;

const SMALL_MIB: usize = 5;
/// What a large file may hold of memory beyond what a small one does.
const GROWTH_MAX_MIB: f64 = 16.0;

/// Files in a directory, as the adapter from npm keeps them.
fn in_directory(name: &str) -> Value {
    json!({
        "module": "@parse/fs-files-adapter", "options": { "filesSubDirectory": name },
    })
}

fn options(directory: Option<&str>, large_mib: usize) -> Value {
    let mut options =
        json!({ "preserveFileName": true, "maxUploadSize": format!("{}mb", large_mib + 1) });
    if let Some(name) = directory {
        options["filesAdapter"] = in_directory(name);
    }
    options
}

fn head(method: &str, target: &str, bytes: usize) -> String {
    let content = match bytes {
        0 => String::new(),
        bytes => {
            format!("Content-Type: application/octet-stream\r\nContent-Length: {bytes}\r\n")
        }
    };
    format!(
        "{method} {target} HTTP/1.1\r\nHost: bench\r\nX-Parse-Application-Id: {APP_ID}\r\nX-Parse-Master-Key: {MASTER_KEY}\r\n{content}\r\n"
    )
}

fn name(at: usize) -> String {
    format!("file{at}.bin")
}

/// What costs a file of one megabyte.
pub(crate) fn small(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("files") {
        return Ok(());
    }
    let on_disk = fixture.server_with(settings, "files", &options(Some("files"), 1))?;
    let in_database = fixture.server_with(settings, "files-database", &options(None, 1))?;
    let original = fixture.original_with(settings, &options(Some("files-original"), 1))?;
    let content: Vec<u8> = (0..FILE_BYTES).map(|at| (at * 31 % 251) as u8).collect();
    let upload = |at: usize| {
        let head = head("POST", &format!("/parse/files/{}", name(at)), FILE_BYTES);
        [head.as_bytes(), &content].concat()
    };
    let download =
        |at: usize| head("GET", &format!("/parse/files/{APP_ID}/{}", name(at)), 0).into_bytes();
    let uploads = requests((0..NAMES).map(upload));
    let downloads = requests((0..NAMES).map(download));
    for (title, requests) in [("1 MB up", uploads), ("1 MB down", downloads)] {
        let turn = |name, process| Turn { name, process, requests: requests.clone() };
        let mut turns =
            vec![turn("parsimony, directory", &on_disk), turn("parsimony, SQLite", &in_database)];
        if let Some(original) = &original {
            turns.push(turn("original, directory", original));
        }
        let costs = measure::rounds(settings, &turns)?;
        measure::print(title, &turns, &costs);
        if let Some(original) = costs.get(2) {
            let ratio = original.beside(&costs[0], |cost| cost.own_micros);
            let name = format!("{title}, parse-server's CPU by the server's");
            report.add(name, ratio, "×", Wanted::AtLeast(ORIGINAL_BY_OURS_MIN));
        }
    }
    if let Some(original) = original {
        original.stop()?;
    }
    in_database.stop()?;
    on_disk.stop()
}

/// Memory while a file goes up and down that is much larger than it.
pub(crate) fn large(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("large-files") {
        return Ok(());
    }
    let columns = ["files in", "idle", "after a small file", "after a large file, up", "and down"];
    let title = format!("Most memory, MiB; the large file has {} MiB", settings.large_mib);
    let mut table = Table::new(&title, &columns);
    for (place, name, directory) in
        [("a directory", "large-disk", Some("files-large")), ("SQLite", "large-database", None)]
    {
        let options = options(directory, settings.large_mib);
        let server = fixture.server_with(settings, name, &options)?;
        let idle = server.memory()?.peak;
        upload(&server, "small.bin", SMALL_MIB)?;
        download(&server, "small.bin", SMALL_MIB)?;
        let small = server.memory()?.peak;
        upload(&server, "large.bin", settings.large_mib)?;
        let up = server.memory()?.peak;
        download(&server, "large.bin", settings.large_mib)?;
        let down = server.memory()?.peak;
        table.row([place.to_owned(), short(idle), short(small), short(up), short(down)]);
        let name = format!("memory that a file of {} MiB adds, in {place}", settings.large_mib);
        report.add(name, down - small, " MiB", Wanted::AtMost(GROWTH_MAX_MIB));
        server.stop()?;
    }
    table.print();
    Ok(())
}

fn upload(server: &Process, name: &str, mebibytes: usize) -> Outcome<()> {
    let piece = vec![7; 1 << 20];
    let head = head("POST", &format!("/parse/files/{name}"), mebibytes << 20);
    let pieces = std::iter::repeat_n(piece.as_slice(), mebibytes);
    match server.client()?.send_in_pieces(head.as_bytes(), pieces)? {
        (201, _) => Ok(()),
        (status, text) => Err(format!("{status} {}", String::from_utf8_lossy(&text)).into()),
    }
}

fn download(server: &Process, name: &str, mebibytes: usize) -> Outcome<()> {
    let head = head("GET", &format!("/parse/files/{APP_ID}/{name}"), 0);
    match server.client()?.skim(head.as_bytes())? {
        (200, bytes) if bytes == mebibytes << 20 => Ok(()),
        (status, bytes) => Err(format!("{status} with {bytes} bytes").into()),
    }
}
