//! Users, roles, and a class for every permission device, all with the same rows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::model::{Device, Grantee, Kind, OPS, Op, PERSONS, Person, ROLES, Right, Row, View, Who};
use crate::support::{Caller, READ_ONLY_KEY, TestServer, add_relation, pointer};

/// A class that is asked through every door.
pub(crate) struct Target {
    pub(crate) class: String,
    pub(crate) kind: Kind,
    pub(crate) device: Device,
    pub(crate) rows: Vec<Row>,
    pub(crate) ids: BTreeMap<&'static str, String>,
    /// The field that names a row.
    pub(crate) label: &'static str,
    /// The fields whose presence is compared.
    pub(crate) fields: Vec<&'static str>,
    /// The routes that list it.
    pub(crate) routes: Vec<String>,
    pub(crate) owner_exempt: bool,
    /// A class that everybody may read, whose rows lead to those of the target, and its row that leads to all.
    pub(crate) holder: Option<(String, String)>,
}

impl Target {
    pub(crate) fn seen_by(&self, who: Who) -> View<'_> {
        View {
            device: &self.device,
            kind: self.kind,
            rows: &self.rows,
            fields: &self.fields,
            who,
            owner_exempt: self.owner_exempt,
        }
    }

    /// The label of a row.
    pub(crate) fn label_of(&self, id: &str) -> String {
        let known = self.ids.iter().find(|(_, known)| known.as_str() == id);
        known.map_or_else(|| format!("unknown {id}"), |(label, _)| (*label).to_owned())
    }
}

/// A server with everything that the table asks about.
pub(crate) struct World {
    pub(crate) server: TestServer,
    pub(crate) users: BTreeMap<Person, String>,
    pub(crate) targets: Vec<Target>,
    tokens: BTreeMap<Person, String>,
    expired: String,
}

const EXPIRED_TOKEN: &str = "r:0000000000000000000000000000ended";

impl World {
    pub(crate) fn new() -> Self {
        Self::with(devices())
    }

    /// A world with these devices, where each row relates to a leaf of its own.
    pub(crate) fn with_leaves(devices: Vec<Device>) -> Self {
        Self::build(devices, true, &json!({}))
    }

    /// A world with these devices.
    pub(crate) fn with(devices: Vec<Device>) -> Self {
        Self::build(devices, false, &json!({}))
    }

    /// The server's own classes where users see all fields of themselves, as 9.10 has it.
    pub(crate) fn as_of_9_10() -> Self {
        let mut world =
            Self::build(Vec::new(), false, &json!({"protectedFieldsOwnerExempt": true}));
        world.targets.iter_mut().for_each(|target| target.owner_exempt = true);
        world
    }

    fn build(devices: Vec<Device>, has_leaves: bool, more: &Value) -> Self {
        let mut options = json!({"readOnlyMasterKey": READ_ONLY_KEY});
        options
            .as_object_mut()
            .expect("options")
            .extend(more.as_object().expect("options").clone());
        let server = TestServer::with(&options);
        let (users, tokens) = people(&server);
        let expired = ended_session(&server, &users[&Person::Ann]);
        let mut world = Self { server, users, targets: Vec::new(), tokens, expired };
        world.roles();
        let leaves = has_leaves.then(|| world.leaves());
        for device in devices {
            let target = world.class(device, leaves.as_ref());
            world.targets.push(target);
        }
        let system = [
            world.user_class(),
            world.role_class(),
            world.session_class(),
            world.installation_class(),
        ];
        world.targets.extend(system);
        world
    }

    /// A new connection of a caller.
    pub(crate) fn caller(&self, who: Who) -> Caller {
        let token = |token: &str| self.server.public().with("X-Parse-Session-Token", token);
        match who {
            Who::Public => self.server.public(),
            Who::User(person) => token(&self.tokens[&person]),
            Who::Master => self.server.master(),
            Who::Reader => self.server.public().with("X-Parse-Master-Key", READ_ONLY_KEY),
            Who::Expired => token(&self.expired),
        }
    }

    fn user(&self, person: Person) -> Value {
        pointer("_User", &self.users[&person])
    }

    /// A grantee in class-level permissions and access control lists.
    fn grantee(&self, grantee: Grantee) -> String {
        match grantee {
            Grantee::Everybody => "*".to_owned(),
            Grantee::Authenticated => "authenticated".to_owned(),
            Grantee::One(person) => self.users[&person].clone(),
            Grantee::Role(role) => format!("role:{role}"),
            Grantee::Field(field) => format!("userField:{field}"),
        }
    }

    pub(crate) fn acl(&self, rights: &[Right]) -> Value {
        let mut list = Map::new();
        for (grantee, read, write) in rights {
            let mut right = Map::new();
            for (name, is_given) in [("read", read), ("write", write)] {
                if *is_given {
                    right.insert(name.to_owned(), json!(true));
                }
            }
            list.insert(self.grantee(*grantee), Value::Object(right));
        }
        Value::Object(list)
    }

    fn permissions(&self, device: &Device) -> Value {
        let mut permissions = Map::new();
        for op in OPS {
            let rule = device.rules.iter().find(|(known, _)| *known == op);
            let grantees = rule.map_or(&[Grantee::Everybody][..], |(_, grantees)| grantees);
            let mut entries = Map::new();
            let mut fields = Vec::new();
            for grantee in grantees {
                match grantee {
                    Grantee::Authenticated => {
                        entries.insert("requiresAuthentication".to_owned(), json!(true));
                    }
                    Grantee::Field(field) => fields.push(*field),
                    Grantee::Everybody | Grantee::One(_) | Grantee::Role(_) => {
                        entries.insert(self.grantee(*grantee), json!(true));
                    }
                }
            }
            if !fields.is_empty() {
                entries.insert("pointerFields".to_owned(), json!(fields));
            }
            permissions.insert(op_name(op).to_owned(), Value::Object(entries));
        }
        permissions.insert("readUserFields".to_owned(), json!(device.read_user_fields));
        permissions.insert("writeUserFields".to_owned(), json!(device.write_user_fields));
        let protected =
            device.protected.iter().map(|(group, fields)| (self.grantee(*group), json!(fields)));
        permissions.insert("protectedFields".to_owned(), Value::Object(protected.collect()));
        Value::Object(permissions)
    }

    fn roles(&self) {
        let master = self.server.master();
        let mut ids: BTreeMap<&str, String> = BTreeMap::new();
        for (name, members, children) in ROLES {
            let members: Vec<&str> =
                members.iter().map(|person| self.users[person].as_str()).collect();
            let children: Vec<&str> = children.iter().map(|child| ids[child].as_str()).collect();
            let mut role = json!({"name": name, "ACL": self.acl(&role_acl(name))});
            if !members.is_empty() {
                role["users"] = add_relation("_User", &members);
            }
            if !children.is_empty() {
                role["roles"] = add_relation("_Role", &children);
            }
            ids.insert(name, master.create("_Role", &role));
        }
    }

    /// The values of a row.
    pub(crate) fn values(&self, row: &Row) -> Value {
        let mut values =
            json!({"label": row.label, "secret": "s", "secret2": "s2", "stamp": "made"});
        if let Some(rights) = &row.acl {
            values["ACL"] = self.acl(rights);
        }
        if let Some(owner) = row.owner {
            values["owner"] = self.user(owner);
        }
        values["owners"] = row.owners.iter().map(|person| self.user(*person)).collect();
        values
    }

    /// A leaf for each label, open to everybody.
    fn leaves(&self) -> BTreeMap<&'static str, String> {
        self.server.class("Leaf", &json!({"label": {"type": "String"}}));
        let master = self.server.master();
        let made = rows()
            .into_iter()
            .map(|row| (row.label, master.create("Leaf", &json!({"label": row.label}))));
        made.collect()
    }

    fn class(&self, device: Device, leaves: Option<&BTreeMap<&'static str, String>>) -> Target {
        let class = device.name.to_owned();
        let mut fields = json!({
            "label": {"type": "String"}, "secret": {"type": "String"}, "secret2": {"type": "String"},
            "owner": {"type": "Pointer", "targetClass": "_User"}, "owners": {"type": "Array"},
            "stamp": {"type": "String"}, "hits": {"type": "Number"},
        });
        if leaves.is_some() {
            fields["leaves"] = json!({"type": "Relation", "targetClass": "Leaf"});
        }
        self.server.class_with(&class, &fields, &self.permissions(&device));
        let rows = rows();
        let made = rows.iter().map(|row| {
            let mut values = self.values(row);
            if let Some(leaves) = leaves {
                values["leaves"] = add_relation("Leaf", &[&leaves[row.label]]);
            }
            let id = self.server.master().create(&class, &values);
            (row.label, id)
        });
        let ids: BTreeMap<&str, String> = made.collect();
        let holder = Some(self.holder(&class, &ids));
        let routes = vec![format!("/classes/{class}")];
        Target {
            class,
            kind: Kind::Plain,
            owner_exempt: false,
            device,
            rows,
            ids,
            label: "label",
            fields: vec!["label", "secret", "secret2"],
            routes,
            holder,
        }
    }

    /// A class of rows that lead to the rows of another, one to each and one to all.
    fn holder(&self, class: &str, ids: &BTreeMap<&'static str, String>) -> (String, String) {
        let holder = format!("Holds{}", class.trim_start_matches('_'));
        let fields = json!({
            "name": {"type": "String"}, "word": {"type": "String"}, "to": {"type": "Pointer", "targetClass": class},
            "many": {"type": "Array"}, "items": {"type": "Relation", "targetClass": class},
        });
        self.server.class(&holder, &fields);
        let master = self.server.master();
        for (label, id) in ids {
            master
                .create(&holder, &json!({"name": label, "word": "none", "to": pointer(class, id)}));
        }
        let all: Vec<&str> = ids.values().map(String::as_str).collect();
        let many: Vec<Value> = all.iter().map(|id| pointer(class, id)).collect();
        let whole =
            json!({"name": "all", "word": "s", "many": many, "items": add_relation(class, &all)});
        let whole = master.create(&holder, &whole);
        (holder, whole)
    }

    /// `_User`: Bob lets everybody read him, the others keep the private list that the server gave them.
    fn user_class(&self) -> Target {
        let own = |person| vec![(Grantee::One(person), true, true)];
        let row = |person: Person| {
            let mut rights = own(person);
            if person == Person::Bob {
                rights.push((Grantee::Everybody, true, false));
            }
            Row { label: person.name(), acl: Some(rights), owner: Some(person), owners: Vec::new() }
        };
        let rows: Vec<Row> = PERSONS.map(row).to_vec();
        let ids: BTreeMap<&str, String> =
            self.users.iter().map(|(person, id)| (person.name(), id.clone())).collect();
        // The e-mail address of others is hidden unless the options say otherwise.
        let device = Device {
            name: "_User",
            protected: vec![(Grantee::Everybody, vec!["email"])],
            ..Device::default()
        };
        Target {
            class: "_User".to_owned(),
            kind: Kind::User,
            owner_exempt: false,
            device,
            rows,
            holder: Some(self.holder("_User", &ids)),
            ids,
            label: "username",
            fields: vec!["username", "email", "nick"],
            routes: vec!["/classes/_User".to_owned(), "/users".to_owned()],
        }
    }

    fn role_class(&self) -> Target {
        let found = self.server.master().find("_Role", &json!({})).is(200).results();
        let row = |name: &'static str| Row {
            label: name,
            acl: Some(role_acl(name)),
            owner: None,
            owners: Vec::new(),
        };
        let rows: Vec<Row> = ROLES.iter().map(|(name, _, _)| row(name)).collect();
        let id = |name: &str| {
            let role = found.iter().find(|role| role["name"] == name).expect("the role was made");
            role["objectId"].as_str().expect("an id").to_owned()
        };
        let ids: BTreeMap<&str, String> =
            ROLES.iter().map(|(name, _, _)| (*name, id(name))).collect();
        Target {
            class: "_Role".to_owned(),
            kind: Kind::Plain,
            owner_exempt: false,
            device: Device { name: "_Role", ..Device::default() },
            rows,
            holder: Some(self.holder("_Role", &ids)),
            ids,
            label: "name",
            fields: vec!["name"],
            routes: vec!["/classes/_Role".to_owned(), "/roles".to_owned()],
        }
    }

    /// `_Session`: one of each person, and the ended one, which is Ann's too.
    fn session_class(&self) -> Target {
        let found = self.server.master().find("_Session", &json!({})).is(200).results();
        let mut rows = Vec::new();
        let mut ids = BTreeMap::new();
        for (label, token, person) in PERSONS
            .map(|person| (person.name(), self.tokens[&person].as_str(), person))
            .into_iter()
            .chain([("ended", self.expired.as_str(), Person::Ann)])
        {
            let session =
                found.iter().find(|session| session["sessionToken"] == token).expect("a session");
            ids.insert(label, session["objectId"].as_str().expect("an id").to_owned());
            rows.push(Row { label, acl: None, owner: Some(person), owners: Vec::new() });
        }
        assert_eq!(found.len(), rows.len(), "{found:?}");
        Target {
            class: "_Session".to_owned(),
            kind: Kind::Session,
            owner_exempt: false,
            device: Device { name: "_Session", ..Device::default() },
            rows,
            ids,
            label: "objectId",
            fields: vec!["sessionToken", "expiresAt"],
            routes: vec!["/classes/_Session".to_owned(), "/sessions".to_owned()],
            holder: None,
        }
    }

    fn installation_class(&self) -> Target {
        let master = self.server.master();
        let rows = vec![
            Row { label: "device-open", acl: None, owner: None, owners: Vec::new() },
            Row { label: "device-sealed", acl: Some(Vec::new()), owner: None, owners: Vec::new() },
            Row {
                label: "device-anns",
                acl: Some(vec![(Grantee::One(Person::Ann), true, true)]),
                owner: None,
                owners: Vec::new(),
            },
        ];
        let made = rows.iter().map(|row| {
            let mut values = json!({"installationId": row.label, "deviceType": "ios"});
            if let Some(rights) = &row.acl {
                values["ACL"] = self.acl(rights);
            }
            (row.label, master.create("_Installation", &values))
        });
        let ids = made.collect();
        Target {
            class: "_Installation".to_owned(),
            kind: Kind::Installation,
            owner_exempt: false,
            device: Device { name: "_Installation", ..Device::default() },
            rows,
            ids,
            label: "installationId",
            fields: vec!["installationId", "deviceType"],
            routes: vec!["/classes/_Installation".to_owned()],
            holder: None,
        }
    }
}

fn op_name(op: Op) -> &'static str {
    match op {
        Op::Find => "find",
        Op::Get => "get",
        Op::Count => "count",
        Op::Create => "create",
        Op::Update => "update",
        Op::Delete => "delete",
        Op::AddField => "addField",
    }
}

/// Signs everybody up: ids and session tokens.
fn people(server: &TestServer) -> (BTreeMap<Person, String>, BTreeMap<Person, String>) {
    let (mut ids, mut tokens) = (BTreeMap::new(), BTreeMap::new());
    for person in PERSONS {
        let name = person.name();
        let user = json!({"username": name, "password": "pw", "email": format!("{name}@example.com"), "nick": name});
        let answer = server.public().post("/users", &user).is(201).json();
        let id = answer["objectId"].as_str().expect("an id").to_owned();
        let token = answer["sessionToken"].as_str().expect("a token").to_owned();
        if person == Person::Bob {
            let acl = json!({"*": {"read": true}, &id: {"read": true, "write": true}});
            let own = server.public().with("X-Parse-Session-Token", &token);
            own.put(&format!("/users/{id}"), &json!({"ACL": acl})).is(200);
        }
        ids.insert(person, id);
        tokens.insert(person, token);
    }
    (ids, tokens)
}

/// A session of a user that has ended.
fn ended_session(server: &TestServer, user: &str) -> String {
    let past = json!({"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"});
    let session =
        json!({"user": pointer("_User", user), "sessionToken": EXPIRED_TOKEN, "expiresAt": past});
    let answer = server.master().post("/classes/_Session", &session).is(201).json();
    let id = answer["objectId"].as_str().expect("an id");
    let made = server.master().get(&format!("/classes/_Session/{id}")).is(200).json();
    made["sessionToken"].as_str().expect("a token").to_owned()
}

/// `Child` is seen by its members, `Other` by nobody, the rest by everybody.
fn role_acl(name: &str) -> Vec<Right> {
    match name {
        "Child" => vec![(Grantee::Role("Child"), true, false)],
        "Other" => Vec::new(),
        _ => vec![(Grantee::Everybody, true, false)],
    }
}

/// The rows of every class: one for each kind of access control list, with owners that the list does not name.
pub(crate) fn rows() -> Vec<Row> {
    use Person::{Ann, Bob, Cid, Dee};
    let row =
        |label, acl, owner, owners: &[Person]| Row { label, acl, owner, owners: owners.to_vec() };
    let one = |person, read, write| (Grantee::One(person), read, write);
    let role = |name, read, write| (Grantee::Role(name), read, write);
    let all = |read, write| (Grantee::Everybody, read, write);
    vec![
        row("open", None, Some(Ann), &[Ann, Bob]),
        row("bare", None, None, &[]),
        row("others", None, Some(Bob), &[Bob, Dee]),
        row("sealed", Some(vec![]), Some(Ann), &[Ann]),
        row("anns", Some(vec![one(Ann, true, true)]), Some(Bob), &[Ann, Cid]),
        row("parents", Some(vec![role("Parent", true, true)]), Some(Dee), &[Cid, Dee]),
        row("childs", Some(vec![role("Child", true, false)]), None, &[Dee]),
        row("grands", Some(vec![role("Grand", true, true)]), Some(Cid), &[]),
        row("strangers", Some(vec![role("Other", true, true)]), Some(Ann), &[Ann, Bob, Cid, Dee]),
        row("shown", Some(vec![all(true, false)]), Some(Bob), &[Bob]),
        row("dropbox", Some(vec![all(false, true)]), Some(Bob), &[Bob, Ann]),
        row(
            "mixed",
            Some(vec![one(Bob, true, false), role("Child", false, true)]),
            Some(Ann),
            &PERSONS,
        ),
    ]
}

const READS: [Op; 3] = [Op::Find, Op::Get, Op::Count];
const WRITES: [Op; 4] = [Op::Create, Op::Update, Op::Delete, Op::AddField];

fn every(ops: &[Op], grantees: &[Grantee]) -> Vec<(Op, Vec<Grantee>)> {
    ops.iter().map(|op| (*op, grantees.to_vec())).collect()
}

/// Every device that a class can have.
pub(crate) fn devices() -> Vec<Device> {
    let mut devices = class_level();
    devices.extend(by_pointers());
    devices.extend(protecting());
    devices
}

fn class_level() -> Vec<Device> {
    use Grantee::{Authenticated, One, Role};
    let device = |name, rules| Device { name, rules, ..Device::default() };
    let ann = One(Person::Ann);
    vec![
        device("Plain", Vec::new()),
        device("FindClosed", every(&[Op::Find], &[])),
        device("GetClosed", every(&[Op::Get], &[])),
        device("CountClosed", every(&[Op::Count], &[])),
        device("AllClosed", every(&OPS, &[])),
        device("WriteClosed", every(&WRITES, &[])),
        device("AddFieldClosed", every(&[Op::AddField], &[])),
        device("ForUser", every(&OPS, &[ann])),
        device("ForRole", every(&OPS, &[Role("Parent")])),
        device("ForGrandRole", every(&OPS, &[Role("Grand")])),
        device("ForChildRole", every(&OPS, &[Role("Child")])),
        device("ForUserOrRole", every(&OPS, &[ann, Role("Child")])),
        device("ForAnyUser", every(&OPS, &[Authenticated])),
        device("ForAnyUserOrRole", every(&OPS, &[Authenticated, Role("Child")])),
    ]
}

fn by_pointers() -> Vec<Device> {
    use Grantee::{Authenticated, Everybody, Field, Role};
    let (owner, owners) = (Field("owner"), Field("owners"));
    vec![
        Device {
            name: "ByUserField",
            rules: every(&OPS, &[]),
            read_user_fields: vec!["owner"],
            write_user_fields: vec!["owner"],
            ..Device::default()
        },
        Device {
            name: "ByUserArray",
            rules: every(&OPS, &[]),
            read_user_fields: vec!["owner", "owners"],
            write_user_fields: vec!["owners"],
            ..Device::default()
        },
        Device {
            name: "OpenOrByUserField",
            rules: every(&[Op::Find, Op::Update], &[Everybody]),
            read_user_fields: vec!["owner"],
            write_user_fields: vec!["owner"],
            ..Device::default()
        },
        Device {
            name: "ByPointerField",
            rules: vec![
                (Op::Find, vec![owner]),
                (Op::Get, vec![owner, owners]),
                (Op::Count, vec![owners]),
                (Op::Update, vec![owners]),
                (Op::Delete, vec![owner]),
                (Op::Create, vec![]),
                (Op::AddField, vec![]),
            ],
            ..Device::default()
        },
        Device {
            name: "PointerOrRole",
            rules: every(&OPS, &[owner, Role("Parent")]),
            ..Device::default()
        },
        Device {
            name: "PointerOfUser",
            rules: every(&OPS, &[owner, Authenticated]),
            ..Device::default()
        },
        Device {
            name: "ByBothPointer",
            rules: every(&READS, &[owners]),
            read_user_fields: vec!["owner"],
            ..Device::default()
        },
    ]
}

fn protecting() -> Vec<Device> {
    use Grantee::{Authenticated, Everybody, Field, One, Role};
    let device = |name, protected| Device { name, protected, ..Device::default() };
    let (secret, both) = (vec!["secret"], vec!["secret", "secret2"]);
    vec![
        device("Hide", vec![(Everybody, secret.clone())]),
        device("HideFromUser", vec![(Everybody, vec![]), (Authenticated, both.clone())]),
        device(
            "HideLessFromUser",
            vec![(Everybody, both.clone()), (Authenticated, secret.clone())],
        ),
        device(
            "HideLessFromRole",
            vec![(Everybody, both.clone()), (Role("Parent"), secret.clone())],
        ),
        device(
            "HideByRole",
            vec![
                (Everybody, both.clone()),
                (Role("Child"), vec!["secret2"]),
                (Role("Grand"), secret.clone()),
            ],
        ),
        device("HidesNotFromUser", vec![(Everybody, both.clone()), (One(Person::Ann), vec![])]),
        device("HidesNotFromOwner", vec![(Everybody, both.clone()), (Field("owner"), vec![])]),
        device(
            "HideLessFromOneOwner",
            vec![(Everybody, both.clone()), (Field("owners"), secret.clone())],
        ),
        device(
            "HidesByAll",
            vec![
                (Everybody, both.clone()),
                (Authenticated, both),
                (Role("Parent"), secret.clone()),
                (Field("owner"), vec!["secret2"]),
                (Field("owners"), secret),
            ],
        ),
    ]
}
