//! What a caller may do, worked out from the fixture alone. It knows the rules and nothing of the server.

use std::collections::{BTreeMap, BTreeSet};

/// Users of the fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Person {
    /// Owns rows, is in no role.
    Ann,
    /// Owns other rows, is in no role.
    Bob,
    /// A member of `Parent`.
    Cid,
    /// A member of `Child`, which `Parent` holds.
    Dee,
}

pub(crate) const PERSONS: [Person; 4] = [Person::Ann, Person::Bob, Person::Cid, Person::Dee];

impl Person {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ann => "ann",
            Self::Bob => "bob",
            Self::Cid => "cid",
            Self::Dee => "dee",
        }
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Public,
    User(Person),
    Master,
    /// The holder of the read-only master key.
    Reader,
    /// Ann with a session that has ended.
    Expired,
}

pub(crate) const CALLERS: [Who; 8] = [
    Who::Public,
    Who::User(Person::Ann),
    Who::User(Person::Bob),
    Who::User(Person::Cid),
    Who::User(Person::Dee),
    Who::Master,
    Who::Reader,
    Who::Expired,
];

impl Who {
    pub(crate) fn person(self) -> Option<Person> {
        match self {
            Self::User(person) => Some(person),
            Self::Public | Self::Master | Self::Reader | Self::Expired => None,
        }
    }

    fn sees_everything(self) -> bool {
        matches!(self, Self::Master | Self::Reader)
    }
}

/// A role, its members, and the roles whose members are members of it too.
pub(crate) const ROLES: [(&str, &[Person], &[&str]); 4] = [
    ("Child", &[Person::Dee], &[]),
    ("Parent", &[Person::Cid], &["Child"]),
    ("Grand", &[], &["Parent"]),
    ("Other", &[], &[]),
];

/// All roles that a person has.
fn roles_of(person: Person) -> BTreeSet<&'static str> {
    let mut held: BTreeSet<&str> = BTreeSet::new();
    loop {
        let more = ROLES.iter().filter(|(name, members, children)| {
            !held.contains(name)
                && (members.contains(&person) || children.iter().any(|child| held.contains(child)))
        });
        let more: Vec<&str> = more.map(|(name, _, _)| *name).collect();
        if more.is_empty() {
            return held;
        }
        held.extend(more);
    }
}

/// Whom a permission is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grantee {
    Everybody,
    Authenticated,
    One(Person),
    Role(&'static str),
    /// Whoever a field of the row points to.
    Field(&'static str),
}

impl Grantee {
    /// Whether a caller is meant, whatever the row.
    fn means(self, who: Who) -> bool {
        match (self, who.person()) {
            (Self::Everybody, _) => true,
            (Self::Authenticated, person) => person.is_some(),
            (Self::One(one), Some(person)) => one == person,
            (Self::Role(role), Some(person)) => roles_of(person).contains(role),
            (Self::Field(_), _) | (Self::One(_) | Self::Role(_), None) => false,
        }
    }
}

/// Class operations that have a permission of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Find,
    Get,
    Count,
    Create,
    Update,
    Delete,
    AddField,
}

impl Op {
    pub(crate) fn reads(self) -> bool {
        matches!(self, Self::Find | Self::Get | Self::Count)
    }
}

pub(crate) const OPS: [Op; 7] =
    [Op::Find, Op::Get, Op::Count, Op::Create, Op::Update, Op::Delete, Op::AddField];

/// The permissions of a class.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device {
    pub(crate) name: &'static str,
    /// Whom each operation is for; an operation that is missing is for everybody.
    pub(crate) rules: Vec<(Op, Vec<Grantee>)>,
    pub(crate) read_user_fields: Vec<&'static str>,
    pub(crate) write_user_fields: Vec<&'static str>,
    pub(crate) protected: Vec<(Grantee, Vec<&'static str>)>,
}

/// The rules that a class has besides its permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    /// `_User`: everybody sees himself, and writes himself only.
    User,
    /// `_Session`: everybody sees his own only, nobody without a session sees any.
    Session,
    /// `_Installation`: only master keys read.
    Installation,
}

/// A right in an access control list: for whom, read, write.
pub(crate) type Right = (Grantee, bool, bool);

/// A row of a class.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) label: &'static str,
    /// No list: open to everybody.
    pub(crate) acl: Option<Vec<Right>>,
    pub(crate) owner: Option<Person>,
    pub(crate) owners: Vec<Person>,
}

impl Row {
    fn admits(&self, who: Who, is_write: bool) -> bool {
        let Some(rights) = &self.acl else { return true };
        rights.iter().any(|(grantee, read, write)| {
            grantee.means(who) && if is_write { *write } else { *read }
        })
    }

    fn names(&self, field: &str, who: Who) -> bool {
        let Some(person) = who.person() else { return false };
        match field {
            "owner" => self.owner == Some(person),
            "owners" => self.owners.contains(&person),
            field => panic!("rows have no field {field} for users"),
        }
    }
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A refusal with its Parse code, or the HTTP status where it has none.
    Refused(i64),
    /// Rows by label, each with the fields that were in the answer.
    Rows(BTreeMap<String, BTreeSet<String>>),
    /// Rows by label.
    Labels(BTreeSet<String>),
    Count(u64),
    /// An answer that the door could not read, and why.
    Unreadable(String),
}

pub(crate) const OPERATION_FORBIDDEN: i64 = 119;
pub(crate) const OBJECT_NOT_FOUND: i64 = 101;
pub(crate) const INVALID_SESSION: i64 = 209;

/// A class as one caller sees it.
pub(crate) struct View<'a> {
    pub(crate) device: &'a Device,
    pub(crate) kind: Kind,
    pub(crate) rows: &'a [Row],
    pub(crate) fields: &'a [&'static str],
    pub(crate) who: Who,
    /// Whether users see all fields of themselves (`protectedFieldsOwnerExempt`).
    pub(crate) owner_exempt: bool,
}

impl View<'_> {
    /// The rows that an operation reaches, or the code of the refusal.
    pub(crate) fn reach(&self, op: Op) -> Result<Vec<&Row>, i64> {
        if self.who == Who::Expired {
            return Err(INVALID_SESSION);
        }
        if self.who == Who::Master || self.who == Who::Reader && op.reads() {
            return Ok(self.rows.iter().collect());
        }
        if self.who == Who::Reader {
            return Err(OPERATION_FORBIDDEN);
        }
        match self.kind {
            Kind::Session if self.who == Who::Public => return Err(INVALID_SESSION),
            Kind::Installation if op.reads() => return Err(OPERATION_FORBIDDEN),
            Kind::Plain | Kind::User | Kind::Session | Kind::Installation => {}
        }
        let pointers = self.admit(op)?;
        let reached = self.rows.iter().filter(|row| {
            let is_named =
                pointers.is_empty() || pointers.iter().any(|field| row.names(field, self.who));
            let is_self = row.owner.is_some() && row.owner == self.who.person();
            match self.kind {
                Kind::Session => is_self,
                Kind::User if is_self => true,
                Kind::User if !op.reads() => false,
                Kind::User | Kind::Plain | Kind::Installation => {
                    is_named && row.admits(self.who, !op.reads())
                }
            }
        });
        Ok(reached.collect())
    }

    /// Passes the class-level permission of an operation. If it is only for users that rows point to,
    /// the fields that point.
    fn admit(&self, op: Op) -> Result<Vec<&'static str>, i64> {
        let Some((_, grantees)) = self.device.rules.iter().find(|(known, _)| *known == op) else {
            return Ok(Vec::new());
        };
        let others =
            |grantee: &&Grantee| !matches!(grantee, Grantee::Authenticated | Grantee::Field(_));
        if grantees.iter().filter(others).any(|grantee| grantee.means(self.who)) {
            return Ok(Vec::new());
        }
        let mut fields: Vec<&str> = grantees
            .iter()
            .filter_map(|grantee| match grantee {
                Grantee::Field(field) => Some(*field),
                Grantee::Everybody
                | Grantee::Authenticated
                | Grantee::One(_)
                | Grantee::Role(_) => None,
            })
            .collect();
        fields.extend(match op {
            Op::Find | Op::Get | Op::Count => &self.device.read_user_fields,
            Op::Update | Op::Delete | Op::AddField | Op::Create => &self.device.write_user_fields,
        });
        if grantees.contains(&Grantee::Authenticated) {
            return if self.who.person().is_some() { Ok(fields) } else { Err(OBJECT_NOT_FOUND) };
        }
        if fields.is_empty() || op == Op::Create {
            return Err(OPERATION_FORBIDDEN);
        }
        Ok(fields)
    }

    /// Fields that no question of the caller may use.
    pub(crate) fn hidden(&self) -> BTreeSet<&'static str> {
        let groups = self.groups();
        self.hidden_by(&groups)
    }

    fn groups(&self) -> Vec<&[&'static str]> {
        let groups = self.device.protected.iter().filter(|(group, _)| group.means(self.who));
        groups.map(|(_, fields)| fields.as_slice()).collect()
    }

    fn hidden_by(&self, groups: &[&[&'static str]]) -> BTreeSet<&'static str> {
        if self.who.sees_everything() || groups.is_empty() {
            return BTreeSet::new();
        }
        let hidden = self.fields.iter().copied();
        hidden.filter(|field| groups.iter().all(|group| group.contains(field))).collect()
    }

    /// Fields of a row that the caller sees.
    fn fields_of(&self, row: &Row) -> BTreeSet<String> {
        let mut groups = self.groups();
        for (group, fields) in &self.device.protected {
            if let Grantee::Field(field) = group
                && row.names(field, self.who)
            {
                groups.push(fields);
            }
        }
        let is_self = self.kind == Kind::User && row.owner == self.who.person();
        let hidden =
            if is_self && self.owner_exempt { BTreeSet::new() } else { self.hidden_by(&groups) };
        let seen = self.fields.iter().filter(|field| !hidden.contains(*field));
        seen.map(|field| (*field).to_owned()).collect()
    }

    /// The rows that an operation reaches by label, with the fields that the caller sees.
    pub(crate) fn row_map(&self, op: Op) -> Result<BTreeMap<String, BTreeSet<String>>, i64> {
        let rows = self.reach(op)?;
        Ok(rows.into_iter().map(|row| (row.label.to_owned(), self.fields_of(row))).collect())
    }

    /// The labels of the rows that an operation reaches.
    pub(crate) fn label_set(&self, op: Op) -> Result<BTreeSet<String>, i64> {
        Ok(self.reach(op)?.into_iter().map(|row| row.label.to_owned()).collect())
    }

    pub(crate) fn rows(&self, op: Op) -> Outcome {
        self.row_map(op).map_or_else(Outcome::Refused, Outcome::Rows)
    }

    pub(crate) fn labels(&self, op: Op) -> Outcome {
        self.label_set(op).map_or_else(Outcome::Refused, Outcome::Labels)
    }

    /// The labels that an operation does not reach.
    pub(crate) fn rest(&self, op: Op) -> Outcome {
        let all = self.rows.iter().map(|row| row.label.to_owned());
        let rest = |reached: BTreeSet<String>| {
            Outcome::Labels(all.filter(|label| !reached.contains(label)).collect())
        };
        self.label_set(op).map_or_else(Outcome::Refused, rest)
    }

    pub(crate) fn count(&self, op: Op) -> Outcome {
        self.reach(op).map_or_else(Outcome::Refused, |rows| Outcome::Count(rows.len() as u64))
    }
}

/// Whether a caller may create in a class, with or without a new field.
impl View<'_> {
    pub(crate) fn create(&self, adds_field: bool) -> Result<(), i64> {
        if self.who == Who::Expired {
            return Err(INVALID_SESSION);
        }
        match self.who {
            Who::Master => Ok(()),
            Who::Reader => Err(OPERATION_FORBIDDEN),
            Who::Public | Who::User(_) | Who::Expired => {
                self.admit(Op::Create)?;
                let is_by_pointers = adds_field && !self.admit(Op::AddField)?.is_empty();
                let add_field = self.device.rules.iter().find(|(op, _)| *op == Op::AddField);
                let is_for_users = add_field
                    .is_some_and(|(_, grantees)| grantees.contains(&Grantee::Authenticated));
                // Rows that point to a user let him change them, but a row that is not there yet points to nobody.
                if is_by_pointers && !is_for_users { Err(OPERATION_FORBIDDEN) } else { Ok(()) }
            }
        }
    }
}
