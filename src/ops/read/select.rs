//! Which columns are read and which pointers are followed, from the `keys`, `excludeKeys` and `include` of a
//! request.

use crate::error::Result;
use crate::query::{FindRequest, IncludeBranch, IncludeTree, SCORE};
use crate::schema::{ClassSchema, FieldType, is_write_only};
use crate::value::FieldName;

/// Fields that every answer has, whatever was asked.
const ALWAYS: [&str; 4] = ["objectId", "createdAt", "updatedAt", "ACL"];

/// What is read of a class, and what is followed from there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Selection {
    /// The fields to read, `objectId` first.
    pub columns: Vec<FieldName>,
    /// The pointers to follow.
    pub tree: IncludeTree,
}

/// The selection of a request.
pub(super) fn of_request(class: &ClassSchema, request: &FindRequest) -> Result<Selection> {
    let mut tree = IncludeTree::default();
    for path in &request.include {
        if path != "*" {
            tree.add_path(path)?;
        }
    }
    let all = request.include_all || request.include.iter().any(|path| path == "*");
    let followed = class
        .fields
        .iter()
        .filter(|(_, field)| all && matches!(field.kind, FieldType::Pointer(_) | FieldType::Array));
    let followed: Vec<&FieldName> = followed.map(|(name, _)| name).collect();
    for name in &followed {
        tree.branch(name);
    }
    // What is left out of an object that a pointer leads to is left out of an included one.
    for key in request.keys.iter().flatten().chain(&request.exclude_keys) {
        if let Some((path, _)) = key.rsplit_once('.') {
            tree.add_path(path)?;
        }
    }
    // A key that is asked for and left out was not asked for.
    let asked = |key: &&String| !request.exclude_keys.contains(key);
    let keys: Option<Vec<String>> =
        request.keys.as_ref().map(|keys| keys.iter().filter(asked).cloned().collect());
    let mut own = own_keys(keys.as_deref(), &mut tree);
    if let Some(own) = &mut own {
        own.extend(followed.iter().map(|name| name.to_string()));
    }
    exclude_below(&request.exclude_keys, &mut tree);
    let columns = columns(class, own.as_deref(), &request.exclude_keys, request.lean);
    Ok(Selection { columns, tree })
}

/// The selection of an included object.
pub(super) fn of_branch(class: &ClassSchema, branch: &IncludeBranch, lean: bool) -> Selection {
    let mut tree = branch.below.clone();
    let own = own_keys(branch.keys.as_deref(), &mut tree);
    exclude_below(&branch.exclude_keys, &mut tree);
    Selection { columns: columns(class, own.as_deref(), &branch.exclude_keys, lean), tree }
}

/// The keys of this level; dotted ones are handed down to their branches.
fn own_keys(keys: Option<&[String]>, tree: &mut IncludeTree) -> Option<Vec<String>> {
    let mut own = Vec::new();
    for key in keys? {
        match key.split_once('.') {
            None => own.push(key.clone()),
            Some((name, rest)) => {
                own.push(name.to_owned());
                tree.branch(name).keys.get_or_insert_default().push(rest.to_owned());
            }
        }
    }
    Some(own)
}

fn exclude_below(keys: &[String], tree: &mut IncludeTree) {
    for key in keys {
        if let Some((name, rest)) = key.split_once('.')
            && let Some(branch) = tree.branches.iter_mut().find(|branch| branch.name == name)
        {
            branch.exclude_keys.push(rest.to_owned());
        }
    }
}

fn columns(
    class: &ClassSchema,
    keys: Option<&[String]>,
    exclude: &[String],
    lean: bool,
) -> Vec<FieldName> {
    let asked = |name: &str| match keys {
        None => !exclude.iter().any(|key| key == name),
        Some(keys) => keys.iter().any(|key| key == name) && !exclude.iter().any(|key| key == name),
    };
    let wanted =
        |name: &str| name == "objectId" || (!lean && ALWAYS.contains(&name)) || asked(name);
    let fields = class
        .fields
        .iter()
        .filter(|(name, field)| !matches!(field.kind, FieldType::Relation(_)) && wanted(name))
        .filter(|(name, _)| !is_write_only(&class.name, name));
    let mut columns: Vec<FieldName> = fields.map(|(name, _)| name.clone()).collect();
    if keys.is_some_and(|keys| keys.iter().any(|key| key == SCORE)) {
        columns.push(FieldName::from(SCORE));
    }
    if let Some(id) = columns.iter().position(|name| *name == "objectId") {
        columns[..=id].rotate_right(1);
    }
    columns
}
