//! Random requests to the routes of users, sessions and roles, the same in every run: none makes the server fail.

use serde_json::{Value, json};

use crate::support::arbitrary::{TEXTS, filter, value};
use crate::support::people::{PASSWORD, Person};
use crate::support::{Caller, Random, TestServer, add_relation, percent_encode, pointer};

/// Fields that mean something to these routes, and ways into them.
const FIELDS: [&str; 30] = [
    "username",
    "password",
    "email",
    "emailVerified",
    "authData",
    "authData.anonymous.id",
    "authData.mfa",
    "ACL",
    "objectId",
    "createdAt",
    "sessionToken",
    "user",
    "expiresAt",
    "createdWith",
    "restricted",
    "installationId",
    "name",
    "users",
    "roles",
    "userId",
    "token",
    "new_password",
    "challengeData",
    "_hashed_password",
    "_method",
    "_SessionToken",
    "_auth_data_anonymous",
    "username.x",
    "nick",
    "ttl",
];

struct Town {
    server: TestServer,
    people: Vec<Person>,
    role: String,
}

impl Town {
    fn new() -> Self {
        let mfa = json!({"enabled": true, "options": ["TOTP"], "digits": 6, "period": 30, "algorithm": "SHA1"});
        let server = TestServer::with(&json!({
            "auth": {"mfa": mfa}, "accountLockout": {"threshold": 500, "duration": 1},
            "passwordPolicy": {"doNotAllowUsername": true, "maxPasswordHistory": 2},
        }));
        let people: Vec<Person> = ["ann", "bob"].map(|name| Person::new(&server, name)).to_vec();
        let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
        let acl = json!({"*": {"read": true, "write": true}});
        let role = json!({"name": "Town", "ACL": acl, "users": add_relation("_User", &ids)});
        let role = server.master().create("_Role", &role);
        Self { server, people, role }
    }

    fn callers(&self) -> Vec<Caller> {
        let mut callers = vec![self.server.public(), self.server.master()];
        callers.extend(self.people.iter().map(|person| person.caller(&self.server)));
        callers
    }

    fn route(&self, random: &mut Random) -> (&'static str, String) {
        let id = match random.below(4) {
            0 => percent_encode(random.pick(&TEXTS)),
            1 => self.role.clone(),
            _ => random.pick(&self.people).id,
        };
        let routes = [
            ("POST", "/users".to_owned()),
            ("POST", "/users".to_owned()),
            ("GET", "/users".to_owned()),
            ("GET", format!("/users/{id}")),
            ("PUT", format!("/users/{id}")),
            ("PUT", format!("/users/{id}")),
            ("PUT", format!("/classes/_User/{id}")),
            ("GET", "/users/me".to_owned()),
            ("POST", "/users/me".to_owned()),
            ("POST", "/login".to_owned()),
            ("GET", "/login".to_owned()),
            ("POST", "/verifyPassword".to_owned()),
            ("GET", "/verifyPassword".to_owned()),
            ("POST", "/loginAs".to_owned()),
            ("POST", "/challenge".to_owned()),
            ("POST", "/upgradeToRevocableSession".to_owned()),
            ("POST", "/sessions".to_owned()),
            ("GET", "/sessions".to_owned()),
            ("GET", "/sessions/me".to_owned()),
            ("PUT", "/sessions/me".to_owned()),
            ("GET", format!("/sessions/{id}")),
            ("PUT", format!("/sessions/{id}")),
            ("POST", "/classes/_Session".to_owned()),
            ("POST", "/roles".to_owned()),
            ("GET", "/roles".to_owned()),
            ("GET", format!("/roles/{}", self.role)),
            ("PUT", format!("/roles/{}", self.role)),
            ("POST", "/batch".to_owned()),
        ];
        random.pick(&routes)
    }

    /// A body that some route takes, with some of it replaced.
    fn body(&self, random: &mut Random) -> Value {
        let person = random.pick(&self.people);
        let name = format!("user{}", random.below(20));
        let mut body = match random.below(9) {
            0 => {
                json!({"username": name, "password": PASSWORD, "email": format!("{name}@example.com")})
            }
            1 => json!({"username": person.name, "password": PASSWORD}),
            2 => json!({"authData": {"anonymous": {"id": name}}, "nick": "x"}),
            3 => {
                json!({"authData": {"mfa": {"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "token": "123456"}}})
            }
            4 => {
                json!({"userId": person.id, "token": "x", "challengeData": {"mfa": {"token": "1"}}, "username": person.name, "password": PASSWORD})
            }
            5 => {
                json!({"user": pointer("_User", &person.id), "restricted": true, "expiresAt": {"__type": "Date", "iso": "2030-01-01T00:00:00.000Z"}})
            }
            6 => {
                json!({"name": name, "ACL": {"*": {"read": true}}, "users": add_relation("_User", &[&person.id]), "roles": add_relation("_Role", &[&self.role])})
            }
            7 => {
                json!({"requests": [{"method": "POST", "path": "/parse/users", "body": {"username": name, "password": "p"}},
                {"method": "GET", "path": "/parse/users/me"}, {"method": "POST", "path": "/parse/login", "body": {"username": person.name, "password": "p"}}], "transaction": random.once_in(2)})
            }
            _ => {
                json!({"_method": "GET", "where": filter(random, 2), "order": random.pick(&FIELDS), "keys": random.pick(&FIELDS), "count": 1})
            }
        };
        for _ in 0..random.below(4) {
            mutate(random, &mut body);
        }
        body
    }
}

/// Replaces, adds or removes something somewhere.
fn mutate(random: &mut Random, json: &mut Value) {
    if random.once_in(8) {
        *json = value(random, 3);
        return;
    }
    if let Some(members) = json.as_object_mut() {
        let keys: Vec<String> = members.keys().cloned().collect();
        if keys.is_empty() || random.once_in(4) {
            members.insert(random.pick(&FIELDS).to_owned(), value(random, 3));
        } else if random.once_in(6) {
            members.remove(&random.pick(&keys));
        } else if let Some(member) = members.get_mut(&random.pick(&keys)) {
            mutate(random, member);
        }
    } else if let Some(elements) = json.as_array_mut().filter(|elements| !elements.is_empty()) {
        let at = random.below(elements.len());
        mutate(random, &mut elements[at]);
    } else {
        *json = value(random, 2);
    }
}

#[test]
fn random_requests_to_the_routes_of_identity() {
    let town = Town::new();
    let mut random = Random::new(31);
    let callers = town.callers();
    for _ in 0..900 {
        let (method, path) = town.route(&mut random);
        let body = town.body(&mut random).to_string().into_bytes();
        let target = match (method, random.once_in(2)) {
            ("GET", _) | (_, true) => format!(
                "/parse{path}?{}={}&{}={}",
                random.pick(&FIELDS),
                percent_encode(&value(&mut random, 2).to_string()),
                random.pick(&["where", "order", "keys", "include", "username", "password"]),
                percent_encode(&value(&mut random, 2).to_string()),
            ),
            _ => format!("/parse{path}"),
        };
        let caller = &callers[random.below(callers.len())];
        caller.send(method, &target, Some(&body));
    }
    town.server.master().get("/users").is(200);
}

#[test]
fn random_fields_of_accounts_sessions_and_roles() {
    let town = Town::new();
    let mut random = Random::new(32);
    let callers = town.callers();
    for field in FIELDS {
        for _ in 0..6 {
            let given = value(&mut random, 3);
            let caller = &callers[random.below(callers.len())];
            caller.post(
                "/users",
                &json!({"username": format!("f{}", random.next()), "password": "p", field: given}),
            );
            caller.put(&town.people[0].path(), &json!({field: given}));
            caller.post("/sessions", &json!({field: given}));
            caller.post(
                "/roles",
                &json!({"name": format!("r{}", random.next()), "ACL": {}, field: given}),
            );
            caller.put(&format!("/roles/{}", town.role), &json!({field: given}));
            caller.post("/login", &json!({"username": "ann", field: given}));
            caller.post("/challenge", &json!({field: given, "challengeData": {"mfa": given}}));
            caller.find_by_post(
                "_User",
                &json!({"where": {field: given}, "order": field, "keys": field}),
            );
            caller.find_by_post(
                "_Session",
                &json!({"where": {field: given}, "order": field, "keys": field}),
            );
            caller.find_by_post(
                "_Role",
                &json!({"where": {field: given}, "order": field, "keys": field}),
            );
        }
    }
}

#[test]
fn random_headers_of_identity() {
    let town = Town::new();
    let mut random = Random::new(33);
    for header in [
        "X-Parse-Session-Token",
        "X-Parse-Installation-Id",
        "X-Parse-Master-Key",
        "Authorization",
        "X-Parse-Maintenance-Key",
        "X-Parse-Revocable-Session",
    ] {
        for _ in 0..30 {
            let text: String =
                (0..random.below(40)).map(|_| char::from(33 + random.below(90) as u8)).collect();
            let caller = town.server.public().with(header, &text);
            for path in ["/users/me", "/sessions/me", "/classes/_User"] {
                caller.get(path);
            }
            caller.graphql("{ viewer { sessionToken user { id } } }");
            caller.post("/login", &json!({"username": "ann", "password": "x"}));
        }
    }
}
