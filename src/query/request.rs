//! A question as a door asks it: names as the client wrote them, to be held against the class by the verbs.

use super::Filter;
use crate::error::{Code, Error, Result};

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// The field, possibly dotted; `$score` for the rank of a text search.
    pub name: String,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// What to find.
#[derive(Clone, Debug)]
pub struct FindRequest {
    /// Which objects.
    pub filter: Filter,
    /// In which order.
    pub order: Vec<OrderKey>,
    /// How many to leave out at the start.
    pub skip: u64,
    /// How many at most; `None` for the server's default.
    pub limit: Option<u64>,
    /// Which fields, possibly dotted into included objects; `None` for all.
    pub keys: Option<Vec<String>>,
    /// Which fields not.
    pub exclude_keys: Vec<String>,
    /// Which pointers to follow.
    pub include: Vec<String>,
    /// Whether every pointer field of the class is followed.
    pub include_all: bool,
    /// Whether the number of all matching objects is asked for.
    pub count: bool,
    /// Whether the plan of the query is asked for instead of its result.
    pub explain: bool,
    /// The index that the back end should use.
    pub hint: Option<String>,
    /// A remark for the database's log.
    pub comment: Option<String>,
    /// A relation field whose target class is asked instead.
    pub redirect_class_for_key: Option<String>,
    /// Whether `createdAt`, `updatedAt` and `ACL` are left out unless `keys` names them.
    pub lean: bool,
}

impl Default for FindRequest {
    fn default() -> Self {
        Self {
            filter: Filter::everything(),
            order: Vec::new(),
            skip: 0,
            limit: None,
            keys: None,
            exclude_keys: Vec::new(),
            include: Vec::new(),
            include_all: false,
            count: false,
            explain: false,
            hint: None,
            comment: None,
            redirect_class_for_key: None,
            lean: false,
        }
    }
}

impl FindRequest {
    /// Reads an order: names separated by commas, `-` in front of those that go down.
    pub fn parse_order(text: &str) -> Vec<OrderKey> {
        if text.is_empty() {
            return Vec::new();
        }
        let keys = text.split(',').map(|part| {
            let part = part.trim();
            match part.strip_prefix('-') {
                Some(name) => OrderKey { name: name.to_owned(), descending: true },
                None => OrderKey {
                    name: part.strip_prefix('+').unwrap_or(part).to_owned(),
                    descending: false,
                },
            }
        });
        keys.collect()
    }
}

/// How many parts a path to follow may have, whoever asks.
const INCLUDE_PARTS_MAX: usize = 32;

/// The pointers to follow, as a tree: `city.country` is a branch below `city`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncludeTree {
    /// The fields followed at this level.
    pub branches: Vec<IncludeBranch>,
}

/// A field that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncludeBranch {
    /// The field.
    pub name: String,
    /// The fields of the included object to answer with; `None` for all.
    pub keys: Option<Vec<String>>,
    /// The fields of the included object not to answer with.
    pub exclude_keys: Vec<String>,
    /// What is followed from there.
    pub below: IncludeTree,
}

impl IncludeTree {
    /// The branch of a field, made if it is missing.
    pub fn branch(&mut self, name: &str) -> &mut IncludeBranch {
        let at = match self.branches.iter().position(|branch| branch.name == name) {
            Some(at) => at,
            None => {
                self.branches.push(IncludeBranch {
                    name: name.to_owned(),
                    keys: None,
                    exclude_keys: Vec::new(),
                    below: Self::default(),
                });
                self.branches.len() - 1
            }
        };
        &mut self.branches[at]
    }

    /// Adds a dotted path.
    pub fn add_path(&mut self, path: &str) -> Result<()> {
        if path.split('.').count() > INCLUDE_PARTS_MAX {
            return Err(Error::new(
                Code::InvalidQuery,
                format!("a path may have {INCLUDE_PARTS_MAX} parts at most"),
            ));
        }
        let mut tree = self;
        for part in path.split('.') {
            if part.is_empty() {
                return Err(Error::new(
                    Code::InvalidQuery,
                    format!("Invalid include path: {path}."),
                ));
            }
            tree = &mut tree.branch(part).below;
        }
        Ok(())
    }

    /// Whether nothing is followed.
    pub fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }
}
