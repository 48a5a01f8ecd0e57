//! No door is forgotten: every route and every root field is in a table of doors, or here with the reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::fixture::World;
use super::graphql_names::Roots;
use super::model::Who;
use super::{doors, writes};

/// Routes that are crossed with nothing, and why.
const ROUTES_APART: &[(&str, &str)] = &[
    ("Health", "tells nothing of objects"),
    ("ServerInfo", "tells nothing of objects; for the master key"),
    ("ListSchemas", SCHEMAS),
    ("GetSchema", SCHEMAS),
    ("CreateSchema", SCHEMAS),
    ("UpdateSchema", SCHEMAS),
    ("DeleteSchema", SCHEMAS),
    ("Purge", "for the master key: security_internal_classes, security_read_only_key"),
    ("CallFunction", "what cloud code does: cloud/functions, cloud/validators"),
    ("ListHooks", HOOKS),
    ("GetHook", HOOKS),
    ("CreateHook", HOOKS),
    ("UpdateHook", HOOKS),
    ("GetConfig", CONFIG),
    ("UpdateConfig", "for the master key: security_accounts, security_read_only_key"),
    ("GetGraphQlConfig", "for the master key: graphql_config"),
    ("UpdateGraphQlConfig", "for the master key: graphql_config"),
    ("Me", OWN),
    ("MySession", OWN),
    ("UpgradeSession", OWN),
    ("LogIn", PROVES),
    ("LogOut", OWN),
    ("LogInAs", "for the master key: security_accounts"),
    ("VerifyPassword", PROVES),
    ("Challenge", PROVES),
    ("RequestPasswordReset", MAILS),
    ("RequestVerificationMail", MAILS),
    ("StartJob", JOBS),
    ("ListSchedules", JOBS),
    ("JobsOverview", JOBS),
    ("CreateSchedule", JOBS),
    ("UpdateSchedule", JOBS),
    ("DeleteSchedule", JOBS),
];

const HOOKS: &str = "for the master key: cloud/webhooks";
const SCHEMAS: &str = "classes, not objects; for the master key: security_internal_classes";
const CONFIG: &str = "one object without permissions; what is private in it is the master key's";
const OWN: &str = "what the caller's own session leads to: security_accounts";
const JOBS: &str = "for the master key: cloud::jobs, security_read_only_key";
const PROVES: &str = "proves who somebody is: security_accounts, security_enumeration";
const MAILS: &str = "answers nothing about anybody: security_enumeration";

/// GraphQL root fields that are crossed with nothing, and why.
const FIELDS_APART: &[(&str, &str)] = &[
    ("health", "tells nothing of objects"),
    ("class", SCHEMAS),
    ("classes", SCHEMAS),
    ("createClass", SCHEMAS),
    ("updateClass", SCHEMAS),
    ("deleteClass", SCHEMAS),
    ("createFile", "files have rules of their own: files::graphql, files::uploads"),
    ("cloudConfig", CONFIG),
    ("updateCloudConfig", "for the master key: security_read_only_key"),
    ("viewer", OWN),
    ("logOut", OWN),
    ("signUp", "makes the caller's own account, as `create` of users does: security_accounts"),
    ("logIn", PROVES),
    ("logInWith", PROVES),
    ("challenge", PROVES),
    ("resetPassword", MAILS),
    ("verifyEmail", "proves who somebody is: mails"),
    ("confirmResetPassword", "proves who somebody is: security_mails, concurrency_identity"),
    ("sendVerificationEmail", MAILS),
];

/// The source of the routes.
fn source() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rest/route.rs");
    fs::read_to_string(file).expect("the source is there")
}

/// What stands between two texts.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("no `{begin}`")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no `{end}`")).0
}

/// The variants of `rest::Route`: every request that REST answers is one of them.
fn routes() -> BTreeSet<String> {
    let source = source();
    let lines = between(&source, "pub enum Route {", "\n}").lines().map(str::trim);
    let variants = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    let name = |line: &str| line.chars().take_while(char::is_ascii_alphanumeric).collect();
    variants.map(name).collect()
}

#[test]
fn every_route_is_crossed() {
    let routes = routes();
    assert!(routes.len() > 15, "the routes are not understood: {routes:?}");
    let fields = ["node", "query of", "mutation"];
    let crossed: BTreeSet<&str> = doors::all()
        .iter()
        .map(|door| door.place)
        .chain(writes::places())
        .filter(|place| !fields.iter().any(|field| place.contains(field)))
        .collect();
    let apart: BTreeSet<&str> = ROUTES_APART.iter().map(|(route, _)| *route).collect();
    assert!(apart.is_disjoint(&crossed), "a route is crossed and apart");
    let known: BTreeSet<String> = apart.union(&crossed).map(|route| (*route).to_owned()).collect();
    assert_eq!(routes, known, "routes, and those that a table of doors has");
}

/// What the process answers beside REST and GraphQL, and why no permission decides it.
const TARGETS_APART: [(&str, &str); 4] = [
    ("Pages", "whoever has the token of a mail: security_mails, security_enumeration"),
    ("Playground", "a page without data: security_graphql"),
    ("Metrics", "numbers, for this machine and the master key: security_addresses"),
    ("Nothing", "nothing"),
];

#[test]
fn every_target_of_the_process_is_known() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/mount.rs");
    let source = fs::read_to_string(file).expect("the source is there");
    let lines = between(&source, "enum Target {", "\n}").lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    let name = |line: &str| line.chars().take_while(char::is_ascii_alphanumeric).collect();
    let targets: BTreeSet<String> = lines.map(name).collect();
    let apart = TARGETS_APART.iter().map(|(target, _)| *target);
    let known: BTreeSet<String> =
        ["Rest", "GraphQl"].into_iter().chain(apart).map(str::to_owned).collect();
    assert_eq!(targets, known, "what a path can lead to, and what is known of it");
}

/// `/users` is `/classes/_User` and so on: a class with another name is asked under both.
#[test]
fn every_other_name_of_a_class_is_asked() {
    let source = source();
    let aliases = between(&source, "ALIASES", "];");
    let names = aliases.split('(').skip(1).filter_map(|alias| alias.split('"').nth(1));
    let world = World::with(Vec::new());
    let asked: BTreeSet<&str> =
        world.targets.iter().flat_map(|target| &target.routes).map(String::as_str).collect();
    let names: Vec<&str> = names.collect();
    assert!(names.contains(&"users"), "the names are not understood: {names:?}");
    for name in names {
        assert!(asked.contains(format!("/{name}").as_str()), "/{name} is not asked");
    }
}

#[test]
fn every_root_field_is_crossed() {
    let world = World::with(Vec::new());
    let roots = Roots::of(&world.caller(Who::Master));
    let mut known: BTreeSet<String> =
        FIELDS_APART.iter().map(|(field, _)| (*field).to_owned()).collect();
    let crossed: BTreeSet<&str> =
        doors::all().iter().map(|door| door.place).chain(writes::places()).collect();
    for place in [
        "query of a connection",
        "query of an object",
        "node",
        "create mutation",
        "update mutation",
        "delete mutation",
    ] {
        assert!(crossed.contains(place), "no door goes through {place}");
    }
    known.insert("node".to_owned());
    let classes = world.server.master().get("/schemas").is(200).results();
    for class in classes.iter().filter_map(|class| class["className"].as_str()) {
        let Some(names) = roots.names(class) else { continue };
        known.extend([names.get, names.find, names.create, names.update, names.delete]);
    }
    let fields: Vec<&String> = roots.queries.keys().chain(roots.mutations.keys()).collect();
    let forgotten: Vec<&&String> = fields.iter().filter(|field| !known.contains(**field)).collect();
    assert!(forgotten.is_empty(), "root fields that no table of doors has: {forgotten:#?}");
}

/// Routes that write nothing of what the read-only master key protects, or that act for somebody who proves himself.
const NOT_FOR_KEYS: [&str; 9] = [
    "CallFunction",
    "LogIn",
    "LogOut",
    "VerifyPassword",
    "Challenge",
    "UpgradeSession",
    "RequestPasswordReset",
    "RequestVerificationMail",
    "Batch",
];

/// What the documentation of the routes says: variant, method and path.
fn documented() -> Vec<(String, String, String)> {
    let source = source();
    let mut documented = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for line in between(&source, "pub enum Route {", "\n}").lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            texts.extend(text.split('`').skip(1).step_by(2).map(str::to_owned));
            continue;
        }
        let variant: String = line.chars().take_while(char::is_ascii_alphanumeric).collect();
        for text in texts.drain(..) {
            if let Some((method, path)) = text.split_once(' ') {
                documented.push((variant.clone(), method.to_owned(), path.to_owned()));
            }
        }
    }
    documented
}

#[test]
fn every_route_that_writes_is_closed_to_the_read_only_key() {
    let world = World::with(vec![super::model::Device { name: "Plain", ..Default::default() }]);
    let (reader, master) = (world.caller(Who::Reader), world.caller(Who::Master));
    let target = &world.targets[0];
    let state = || {
        let all = |class: &str| master.find(class, &json!({"order": "objectId"})).is(200).results();
        let schemas = master.get("/schemas").is(200).results();
        json!([all("Plain"), all("_User"), all("_Role"), all("_Session"), schemas])
    };
    let before = state();
    let mut tried = 0;
    for (route, method, path) in documented() {
        if method == "GET" || NOT_FOR_KEYS.contains(&route.as_str()) {
            continue;
        }
        let class = if path.contains(":class") { "Plain" } else { "Written" };
        let path = path.replace(":class", "Plain").replace(":id", &target.ids["open"]);
        let user = &world.users[&super::model::Person::Ann];
        let body = json!({"label": "x", "className": class, "userId": user, "params": {}});
        let text = body.to_string();
        let answer = reader.send(&method, &format!("/parse{path}"), Some(text.as_bytes()));
        assert_eq!(answer.code(), Some(super::model::OPERATION_FORBIDDEN), "{route}: {answer}");
        tried += 1;
    }
    assert!(tried > 8, "the documentation of the routes is not understood: {tried}");
    assert_eq!(state(), before);
}
