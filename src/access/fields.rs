//! Which fields of a row a caller may see.
//!
//! Each group of callers has its hidden fields; a field is hidden from somebody if every group that he belongs
//! to hides it (`parse-server:src/Controllers/DatabaseController.js`, `addProtectedFields`,
//! `filterSensitiveData`). Whether he belongs to a group `userField:<field>` depends on the row: the field points
//! to him there.

use std::sync::Arc;

use super::{Principal, UserIdentity};
use crate::schema::{ClassSchema, FieldType};
use crate::value::{Cell, FieldName, Form, Json, RowView, Stored, wire};

/// What the options say of hidden fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct Protection<'a> {
    /// Fields of the class to be hidden, by group of callers, besides those that the class hides.
    pub configured: &'a [(String, Vec<String>)],
    /// Whether a user sees all fields of his own user object (`protectedFieldsOwnerExempt`).
    pub owner_exempt: bool,
}

/// What stands before the name of a column that is read only to know to which groups a caller belongs.
pub(crate) const GROUP_PREFIX: &str = "userField:";

/// The field of a user that only he himself sees.
const OWN: &str = "authData";

/// The fields of a class that one caller may not see.
#[derive(Clone, Debug, Default)]
pub(super) struct Hidden {
    /// Hidden in every row.
    always: Vec<FieldName>,
    /// Hidden in some rows.
    sometimes: Vec<FieldName>,
    by_row: Option<Arc<ByRow>>,
}

/// What decides in which rows fields are hidden.
#[derive(Debug)]
struct ByRow {
    user: Arc<UserIdentity>,
    /// What the groups hide that the user belongs to in every row; nothing if he belongs to none.
    base: Option<Vec<FieldName>>,
    groups: Vec<Group>,
    /// Whether the class is that of users.
    has_self: bool,
    owner_exempt: bool,
}

/// A group `userField:<field>`.
#[derive(Debug)]
struct Group {
    field: FieldName,
    hides: Vec<FieldName>,
}

/// The columns that may be seen, of all rows or of each.
#[derive(Clone, Debug)]
pub(super) struct Visible {
    /// The columns that may be seen in some row.
    pub some: Vec<usize>,
    /// Where rows differ, the columns of each.
    pub by_row: Option<RowMasks>,
}

/// The columns that may be seen of each row. Most rows share theirs with others.
#[derive(Clone, Debug)]
pub(super) struct RowMasks {
    pub of_row: Vec<usize>,
    pub masks: Vec<Vec<usize>>,
}

impl Hidden {
    /// What a caller may not see of a class.
    pub(super) fn of(
        class: &ClassSchema,
        principal: &Principal,
        protection: &Protection<'_>,
    ) -> Self {
        let has_self = class.name == "_User";
        let own = has_self.then(|| class.known(OWN)).flatten().map(|(name, _)| name);
        if !class.permissions.protects() && protection.configured.is_empty() && own.is_none() {
            return Self::default();
        }
        let groups = Groups { class, configured: protection.configured };
        let base = groups.common(|group| belongs(principal, group));
        let Some(user) = principal.user() else {
            let mut always = base.unwrap_or_default();
            always.extend(own.cloned());
            return Self { always, ..Self::default() };
        };
        let by_field = groups.by_field();
        if by_field.is_empty() && !has_self {
            return Self { always: base.unwrap_or_default(), ..Self::default() };
        }
        // With a group that he belongs to in any case, a row can only show him more; without one, belonging
        // to a group by field hides.
        let mut sometimes = match &base {
            Some(base) => base.clone(),
            None => by_field.iter().flat_map(|group| group.hides.iter().cloned()).collect(),
        };
        sometimes.extend(own.cloned());
        let by_row = ByRow {
            user: Arc::clone(user),
            base,
            groups: by_field,
            has_self,
            owner_exempt: protection.owner_exempt,
        };
        Self { always: Vec::new(), sometimes, by_row: Some(Arc::new(by_row)) }
    }

    /// What a user may not see of himself.
    pub(super) fn of_self(self) -> Self {
        let Some(by_row) = &self.by_row else { return self };
        let always = match (&by_row.base, by_row.owner_exempt) {
            (Some(base), false) => base.clone(),
            _ => Vec::new(),
        };
        Self { always, ..Self::default() }
    }

    /// Whether a field is hidden in no row.
    pub(super) fn is_open(&self, field: &str) -> bool {
        !self.always.iter().chain(&self.sometimes).any(|hidden| *hidden == *field)
    }

    /// Whether a field is hidden in every row.
    pub(super) fn is_closed(&self, field: &str) -> bool {
        self.always.iter().any(|hidden| *hidden == *field)
    }

    /// Whether a field is one that a user sees of himself only.
    pub(super) fn is_own(&self, class: &ClassSchema, field: &str) -> bool {
        class.name == "_User" && field == OWN && !self.is_open(field)
    }

    /// The fields that must be read to know what a row shows.
    pub(super) fn deciding(&self) -> impl Iterator<Item = &FieldName> {
        self.by_row.iter().flat_map(|by_row| by_row.groups.iter().map(|group| &group.field))
    }

    /// The columns that may be seen of some rows. `is_secret` names columns that nobody sees.
    pub(super) fn visible(&self, stored: &Stored, is_secret: impl Fn(&str) -> bool) -> Visible {
        let columns = &stored.layout().columns;
        let shown = |name: &str| {
            !name.starts_with(GROUP_PREFIX) && !is_secret(name) && !self.is_closed(name)
        };
        let some: Vec<usize> = positions(columns.len(), |at| shown(&columns[at].name));
        let Some(by_row) = &self.by_row else { return Visible { some, by_row: None } };
        let deciders: Vec<Option<usize>> =
            by_row.groups.iter().map(|group| decider(stored, &group.field)).collect();
        let mut cases: Vec<Case> = Vec::new();
        let mut rows = RowMasks { of_row: Vec::with_capacity(stored.len()), masks: Vec::new() };
        for row in stored.rows() {
            let case = by_row.case(&deciders, row);
            let at = cases.iter().position(|known| *known == case).unwrap_or_else(|| {
                let mask =
                    some.iter().copied().filter(|&at| by_row.shows(&case, &columns[at].name));
                rows.masks.push(mask.collect());
                cases.push(case);
                cases.len() - 1
            });
            rows.of_row.push(at);
        }
        Visible { some, by_row: Some(rows) }
    }
}

fn positions(count: usize, keep: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..count).filter(|&at| keep(at)).collect()
}

/// The column that says to whom a field points.
fn decider(stored: &Stored, field: &str) -> Option<usize> {
    let columns = &stored.layout().columns;
    columns.iter().position(|column| {
        *column.name == *field || column.name.strip_prefix(GROUP_PREFIX) == Some(field)
    })
}

/// What matters of a row.
#[derive(PartialEq, Eq)]
struct Case {
    is_self: bool,
    belongs: Vec<bool>,
}

impl ByRow {
    fn case(&self, deciders: &[Option<usize>], row: RowView<'_>) -> Case {
        let belongs = |at: &Option<usize>| at.is_some_and(|at| self.is_named(row, at));
        Case {
            is_self: self.has_self && self.user.id == *row.id(),
            belongs: deciders.iter().map(belongs).collect(),
        }
    }

    /// Whether a cell is a pointer to the user, or an array with one.
    fn is_named(&self, row: RowView<'_>, at: usize) -> bool {
        match (&row.layout().columns[at].form, row.cell(at)) {
            (Form::Pointer(class), Cell::Text(id)) => *class == "_User" && self.user.id == *id,
            (Form::Plain, Cell::Json(text)) if text.contains(self.user.id.as_str()) => {
                let elements = Json::parse(text.as_bytes()).unwrap_or(Json::Null);
                let pointers =
                    elements.as_array().unwrap_or_default().iter().filter_map(wire::read_pointer);
                pointers
                    .into_iter()
                    .any(|pointer| pointer.class == "_User" && pointer.id == self.user.id)
            }
            _ => false,
        }
    }

    fn shows(&self, case: &Case, field: &str) -> bool {
        if self.has_self && field == OWN {
            return case.is_self;
        }
        if case.is_self && self.owner_exempt {
            return true;
        }
        let belongs = self.groups.iter().zip(&case.belongs).filter(|(_, belongs)| **belongs);
        let mut sets = self.base.iter().chain(belongs.map(|(group, _)| &group.hides)).peekable();
        sets.peek().is_none() || !sets.all(|hides| hides.iter().any(|hidden| *hidden == *field))
    }
}

/// What the class and the options say of groups. What both say of one group adds up.
struct Groups<'a> {
    class: &'a ClassSchema,
    configured: &'a [(String, Vec<String>)],
}

impl<'a> Groups<'a> {
    fn said(&self) -> impl Iterator<Item = &'a (String, Vec<String>)> {
        self.class.permissions.protected().iter().chain(self.configured)
    }

    /// The groups of some kind, each once.
    fn names(&self, wanted: impl Fn(&str) -> bool) -> Vec<&'a str> {
        let mut names: Vec<&str> =
            self.said().map(|(group, _)| group.as_str()).filter(|group| wanted(group)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn hides(&self, group: &str, field: &str) -> bool {
        self.said()
            .any(|(name, fields)| name == group && fields.iter().any(|hidden| hidden == field))
    }

    /// The fields that all groups of some kind hide; nothing if there is no such group.
    fn common(&self, wanted: impl Fn(&str) -> bool) -> Option<Vec<FieldName>> {
        let groups = self.names(wanted);
        let hidden = |field: &&FieldName| groups.iter().all(|group| self.hides(group, field));
        let fields = self.class.fields.keys();
        (!groups.is_empty()).then(|| fields.filter(hidden).cloned().collect())
    }

    /// The groups to which somebody belongs row by row. One whose field the class does not have is empty.
    fn by_field(&self) -> Vec<Group> {
        let groups = self.names(|group| group.starts_with(GROUP_PREFIX)).into_iter();
        let groups = groups.filter_map(|group| {
            let (name, field) = self.class.known(group.strip_prefix(GROUP_PREFIX)?)?;
            let holds_users = matches!(field.kind, FieldType::Pointer(_) | FieldType::Array);
            let fields = self.class.fields.keys();
            let hides = fields.filter(|field| self.hides(group, field)).cloned().collect();
            holds_users.then(|| Group { field: name.clone(), hides })
        });
        groups.collect()
    }
}

/// Whether somebody belongs to a group in every row.
fn belongs(principal: &Principal, group: &str) -> bool {
    match (group, principal.user()) {
        ("*", _) => true,
        ("authenticated", user) => user.is_some(),
        (group, Some(user)) => match group.strip_prefix("role:") {
            Some(role) => user.has_role(role),
            None => user.id == *group && !group.starts_with(GROUP_PREFIX),
        },
        (_, None) => false,
    }
}
