//! Rules about several options together.

use super::reader::Reader;
use super::{Config, Keys};
use crate::options::secret::Secret;

/// Notes every rule that the options break.
pub(super) fn check(config: &Config, reader: &mut Reader<'_>) {
    equal_keys(&config.keys, reader);
    equal_paths(config, reader);
}

/// A key that means two things would silently mean the stronger one.
fn equal_keys(keys: &Keys, reader: &mut Reader<'_>) {
    let keys: [(&str, Option<&Secret>); 3] = [
        ("masterKey", Some(&keys.master_key)),
        ("readOnlyMasterKey", keys.read_only_master_key.as_ref()),
        ("maintenanceKey", keys.maintenance_key.as_ref()),
    ];
    for (index, (name, key)) in keys.iter().enumerate() {
        for (other_name, other) in &keys[index + 1..] {
            if key.is_some() && key == other {
                reader.problems.add(format!("options `{name}` and `{other_name}` must differ"));
            }
        }
    }
}

fn equal_paths(config: &Config, reader: &mut Reader<'_>) {
    let mut paths = vec![("mountPath", &config.mount_path)];
    if config.graphql.mount {
        paths.push(("graphQLPath", &config.graphql.path));
    }
    if config.graphql.mount_playground {
        paths.push(("playgroundPath", &config.graphql.playground_path));
    }
    if config.metrics.mount {
        paths.push(("metricsPath", &config.metrics.path));
    }
    for (index, (name, path)) in paths.iter().enumerate() {
        for (other_name, other) in &paths[index + 1..] {
            if path == other {
                let problem =
                    format!("options `{name}` and `{other_name}` must differ, both are `{path}`");
                reader.problems.add(problem);
            }
        }
    }
}
