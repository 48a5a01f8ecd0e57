//! The program that runs in Node.

/// Its files; the first is the one to start. They import only each other.
pub(super) const FILES: &[(&str, &str)] = &[
    ("main.mjs", include_str!("host/main.mjs")),
    ("calls.mjs", include_str!("host/calls.mjs")),
    ("cloud.mjs", include_str!("host/cloud.mjs")),
    ("configuration.mjs", include_str!("host/configuration.mjs")),
    ("connection.mjs", include_str!("host/connection.mjs")),
    ("console.mjs", include_str!("host/console.mjs")),
    ("describe.mjs", include_str!("host/describe.mjs")),
    ("http-request.mjs", include_str!("host/http-request.mjs")),
    ("import-hooks.mjs", include_str!("host/import-hooks.mjs")),
    ("load-error.mjs", include_str!("host/load-error.mjs")),
    ("load.mjs", include_str!("host/load.mjs")),
    ("objects.mjs", include_str!("host/objects.mjs")),
    ("options.mjs", include_str!("host/options.mjs")),
    ("program.mjs", include_str!("host/program.mjs")),
    ("references.mjs", include_str!("host/references.mjs")),
    ("resolve.mjs", include_str!("host/resolve.mjs")),
    ("rest.mjs", include_str!("host/rest.mjs")),
    ("rules.mjs", include_str!("host/rules.mjs")),
    ("sdk.mjs", include_str!("host/sdk.mjs")),
    ("shim.cjs", include_str!("host/shim.cjs")),
    ("values.mjs", include_str!("host/values.mjs")),
    ("watchdog.mjs", include_str!("host/watchdog.mjs")),
    ("worker.mjs", include_str!("host/worker.mjs")),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::FILES;

    #[test]
    fn every_file_of_the_program_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cloud/worker/host");
        let mut there: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let mut embedded: Vec<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        embedded.sort();
        assert_eq!(embedded, there);
    }
}
