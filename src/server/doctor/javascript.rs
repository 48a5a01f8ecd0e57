//! What runs in Node: whether Node, the SDK and the modules that options name are there.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::report::{Finding, Section, Weight, listed};
use crate::options::{Config, HostModule};

/// The oldest Node that runs cloud code.
const NODE_MIN: u32 = 20;

/// What is to be known before cloud code, adapters or a configuration in JavaScript run here; nothing if there is none.
pub(super) async fn section(config: &Config) -> Option<Section> {
    let cloud = &config.cloud;
    if cloud.host.is_some() || cloud.file.is_none() && !config.javascript.is_used() {
        return None;
    }
    let mut section = Section::new("JavaScript");
    section.add(judged(&cloud.node, version(&cloud.node).await));
    let here = std::env::current_dir().unwrap_or_default();
    let beside = cloud.file.as_deref().and_then(Path::parent).map(|place| here.join(place));
    let places: Vec<&Path> = beside.as_deref().into_iter().chain([here.as_path()]).collect();
    match places.iter().any(|place| has_package(place, "parse")) {
        true => {}
        false => section.add(
            Finding::new(Weight::First, "the npm package `parse` is not installed")
                .advice("run `npm install parse` in the directory of the app"),
        ),
    }
    if let Some(file) = &cloud.file
        && !here.join(file).exists()
    {
        section.say(Weight::First, format!("the cloud code `{}` is not there", file.display()));
    }
    modules(&config.javascript.modules, &here, &mut section);
    Some(section)
}

async fn version(node: &Path) -> std::io::Result<String> {
    let output = tokio::process::Command::new(node)
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn judged(node: &Path, version: std::io::Result<String>) -> Finding {
    let node = node.display();
    let advice = format!("install Node.js {NODE_MIN} or newer, or name it in `cloudNode`");
    match version {
        Err(_) => {
            Finding::new(Weight::First, format!("`{node}` can not be started")).advice(advice)
        }
        Ok(version) => {
            let major = version.trim_start_matches('v').split('.').next();
            let major = major.and_then(|major| major.parse::<u32>().ok());
            match major.is_some_and(|major| major >= NODE_MIN) {
                true => Finding::new(Weight::Fine, format!("Node {version}")),
                false => Finding::new(Weight::First, format!("`{node}` is Node {version}"))
                    .advice(advice),
            }
        }
    }
}

fn modules(named: &[HostModule], here: &Path, section: &mut Section) {
    let mut loaded = Vec::new();
    for HostModule { path, module, .. } in named {
        let is_file = module.starts_with('.') || Path::new(module).is_absolute();
        let is_there = match is_file {
            true => has_file(&here.join(module)),
            false => has_package(here, module) || has_file(&here.join(module)),
        };
        match is_there {
            true => loaded.push(format!("{path} = {module}")),
            false => {
                let what = format!("`{path}` names the module `{module}`, which is not there");
                let finding = Finding::new(Weight::First, what);
                section.add(match is_file {
                    true => finding,
                    false => finding.advice(format!("run `npm install {module}`")),
                });
            }
        }
    }
    if !loaded.is_empty() {
        section.say(Weight::Fine, format!("loaded by Node: {}", listed(&loaded)));
    }
}

/// Node adds the ending itself, and takes a directory with an index or a package in it.
fn has_file(path: &Path) -> bool {
    let with_ending = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    path.exists() || [".js", ".cjs", ".mjs", ".json"].iter().any(|end| with_ending(end).exists())
}

/// Node looks in the directory and in those above it. A path into a package names the package first.
fn has_package(place: &Path, module: &str) -> bool {
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let name: Vec<&str> = module.split('/').take(parts).collect();
    let name = name.join("/");
    place.ancestors().any(|above| above.join("node_modules").join(&name).exists())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_old_node_or_none_is_told() {
        let weight = |version: &str| judged(Path::new("node"), Ok(version.to_owned())).weight;
        assert_eq!(weight("v20.19.0"), Weight::Fine);
        assert_eq!(weight("v24.1.0"), Weight::Fine);
        assert_eq!(weight("v18.20.1"), Weight::First);
        assert_eq!(weight("nonsense"), Weight::First);
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert_eq!(judged(Path::new("node"), Err(missing)).weight, Weight::First);
    }

    #[test]
    fn modules_are_looked_for_as_node_does() {
        let app = tempfile::tempdir().unwrap();
        let inner = app.path().join("cloud");
        fs::create_dir_all(app.path().join("node_modules/@scope/adapter")).unwrap();
        fs::create_dir_all(app.path().join("node_modules/plain")).unwrap();
        fs::create_dir_all(&inner).unwrap();
        fs::write(app.path().join("mine.js"), "").unwrap();
        assert!(has_package(&inner, "plain") && has_package(&inner, "@scope/adapter/lib/x"));
        assert!(!has_package(&inner, "@scope/other") && !has_package(&inner, "plainer"));
        assert!(has_file(&app.path().join("./mine")) && !has_file(&app.path().join("./other")));
        let named = ["./mine", "plain", "missing", "./other.js"].map(|module| HostModule {
            path: "emailAdapter".to_owned(),
            module: module.to_owned(),
            options: None,
        });
        let mut section = Section::new("JavaScript");
        modules(&named, app.path(), &mut section);
        let weights: Vec<Weight> = section.findings.iter().map(|finding| finding.weight).collect();
        assert_eq!(weights, [Weight::First, Weight::First, Weight::Fine]);
    }
}
