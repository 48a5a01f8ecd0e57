//! How many statements a request costs: bounded by its shape, never by the number of rows.

use serde_json::{Value, json};

use crate::support::{Caller, TestServer, add_relation, pointer};

/// People with a city and a birthplace, cities with a country, and everybody's two friends.
struct World {
    server: TestServer,
    person: String,
}

impl World {
    fn of(people: usize) -> Self {
        let server = TestServer::start();
        server.class("Country", &json!({"name": {"type": "String"}}));
        server.class("City", &json!({"name": {"type": "String"}, "country": {"type": "Pointer", "targetClass": "Country"}}));
        let fields = json!({
            "name": {"type": "String"}, "n": {"type": "Number"}, "city": {"type": "Pointer", "targetClass": "City"},
            "birthplace": {"type": "Pointer", "targetClass": "City"}, "visited": {"type": "Array"}, "info": {"type": "Object"},
            "friends": {"type": "Relation", "targetClass": "Person"},
        });
        server.class("Person", &fields);
        let public = server.public();
        let country = public.create("Country", &json!({"name": "Utopia"}));
        let cities: Vec<String> = (0..4)
            .map(|at| {
                public.create(
                    "City",
                    &json!({"name": format!("City {at}"), "country": pointer("Country", &country)}),
                )
            })
            .collect();
        let mut known: Vec<String> = Vec::new();
        for at in 0..people {
            let (city, birthplace) =
                (pointer("City", &cities[at % 4]), pointer("City", &cities[(at + 1) % 4]));
            let friends: Vec<&str> = known.iter().rev().take(2).map(String::as_str).collect();
            let mut person = json!({"name": format!("P{at}"), "n": at, "city": city, "birthplace": birthplace, "visited": [city, birthplace], "info": {"home": city}});
            if !friends.is_empty() {
                person["friends"] = add_relation("Person", &friends);
            }
            known.push(public.create("Person", &person));
        }
        let person = known.pop().expect("there are people");
        Self { server, person }
    }

    /// What a find costs.
    fn find(&self, parameters: &Value) -> u64 {
        let public = self.server.public();
        self.server.statements_of(|| public.find("Person", parameters).is(200))
    }

    /// What a GraphQL document costs.
    fn graphql(&self, query: &str) -> u64 {
        let public = self.server.public();
        self.server.statements_of(|| public.graphql(query).data(""))
    }
}

/// The same cost for few rows and for many.
fn check(cost: impl Fn(&World) -> u64, expected: u64) {
    for people in [3, 50] {
        assert_eq!(cost(&World::of(people)), expected, "with {people} people");
    }
}

#[test]
fn reading_over_rest() {
    for people in [3, 50] {
        let world = World::of(people);
        let public = world.server.public();
        let get = |path: String| world.server.statements_of(|| public.get(&path).is(200));
        let person = format!("/classes/Person/{}", world.person);
        assert_eq!(get(person.clone()), 1);
        assert_eq!(get(format!("{person}?include=city")), 2);
        assert_eq!(world.find(&json!({})), 1);
        assert_eq!(world.find(&json!({"where": {"n": {"$gt": 0}}, "order": "-name", "skip": 1, "limit": 7, "keys": "name"})), 1);
        assert_eq!(world.find(&json!({"count": 1})), 2);
        assert_eq!(world.find(&json!({"count": 1, "limit": 0})), 1);
    }
}

#[test]
fn includes_over_rest() {
    for people in [3, 50] {
        let world = World::of(people);
        for (include, expected) in [
            ("city", 2),
            ("city,birthplace", 2),
            ("visited", 2),
            ("city,birthplace,visited", 2),
            ("info.home", 2),
            ("city.country", 3),
            ("city.country,birthplace.country", 3),
            ("*", 2),
            ("name,nothing", 1),
        ] {
            assert_eq!(world.find(&json!({"include": include})), expected, "{include} of {people}");
        }
    }
}

#[test]
fn queries_inside_of_queries() {
    for people in [3, 50] {
        let world = World::of(people);
        let in_city =
            json!({"city": {"$inQuery": {"className": "City", "where": {"name": {"$ne": "x"}}}}});
        assert_eq!(world.find(&json!({"where": in_city})), 2);
        let in_country = json!({"className": "Country", "where": {"name": "Utopia"}});
        let nested = json!({"city": {"$inQuery": {"className": "City", "where": {"country": {"$inQuery": in_country}}}}});
        assert_eq!(world.find(&json!({"where": nested})), 3);
        let related =
            json!({"$relatedTo": {"object": pointer("Person", &world.person), "key": "friends"}});
        assert_eq!(world.find(&json!({"where": related})), 2, "the owner is looked at too");
        let master = world.server.master();
        assert_eq!(
            world
                .server
                .statements_of(|| master.find("Person", &json!({"where": related})).is(200)),
            1
        );
    }
}

#[test]
fn writing_over_rest() {
    let world = World::of(3);
    let (server, public) = (&world.server, world.server.public());
    let mut made = String::new();
    assert_eq!(
        server.statements_of(|| made = public.create("Person", &json!({"name": "new", "n": 1}))),
        1
    );
    let path = format!("/classes/Person/{made}");
    assert_eq!(server.statements_of(|| public.put(&path, &json!({"name": "other"})).is(200)), 1);
    assert_eq!(
        server.statements_of(|| public
            .put(&path, &json!({"n": {"__op": "Increment", "amount": 1}}))
            .is(200)),
        1
    );
    assert_eq!(
        server.statements_of(|| public.post("/classes/Person", &json!({"n": "text"})).is(400)),
        0
    );
}

/// A class that is live costs one more question where its rows are not returned as they were before.
#[test]
fn writing_to_live_classes() {
    let server = TestServer::with(&json!({"liveQuery": {"classNames": ["Live"]}}));
    let public = server.public();
    for class in ["Live", "Still"] {
        let friends = json!({"type": "Relation", "targetClass": class});
        server.class(class, &json!({"n": {"type": "Number"}, "friends": friends}));
    }
    let one_more = u64::from(!TestServer::is_on_postgres());
    for (class, more) in [("Live", one_more), ("Still", 0)] {
        let mut id = String::new();
        assert_eq!(server.statements_of(|| id = public.create(class, &json!({"n": 1}))), 1);
        let path = format!("/classes/{class}/{id}");
        for change in [json!({"n": 2}), json!({"n": {"__op": "Increment", "amount": 1}}), json!({})]
        {
            assert_eq!(server.statements_of(|| public.put(&path, &change).is(200)), 1 + more);
        }
        let relate = json!({"friends": add_relation(class, &["a", "b"])});
        assert_eq!(server.statements_of(|| public.put(&path, &relate).is(200)), 2 + more);
        assert_eq!(server.statements_of(|| public.put(&format!("{path}x"), &json!({})).is(404)), 1);
        assert_eq!(server.statements_of(|| public.delete(&path).is(200)), 2);
    }
}

#[test]
fn graphql_with_pointers() {
    check(|world| world.graphql(&format!("{{ person(id: \"{}\") {{ name }} }}", world.person)), 1);
    check(|world| world.graphql("{ people(first: 50) { edges { node { name } } } }"), 1);
    check(|world| world.graphql("{ people { count } }"), 1);
    check(
        |world| world.graphql("{ people(first: 50) { edges { node { name city { name } } } } }"),
        2,
    );
    check(
        |world| {
            world.graphql(
                "{ people(first: 50) { edges { node { city { name } birthplace { id name } } } } }",
            )
        },
        2,
    );
    check(
        |world| {
            world.graphql("{ people(first: 50) { edges { node { city { country { name } } birthplace { name } } } } }")
        },
        3,
    );
    check(
        |world| world.graphql("{ people(first: 50) { count edges { node { city { name } } } } }"),
        3,
    );
}

#[test]
fn graphql_with_relations() {
    let without = "{ people(first: 50) { edges { node { name } } } }";
    let with =
        "{ people(first: 50) { edges { node { name friends { edges { node { name } } } } } } }";
    let counted = "{ people(first: 50) { edges { node { name friends { count edges { node { name } } } } } } }";
    let only_counted = "{ people(first: 50) { edges { node { name friends { count } } } } }";
    for people in [3, 50] {
        let world = World::of(people);
        assert_eq!(world.graphql(without), 1);
        assert_eq!(world.graphql(with), 2);
        assert_eq!(world.graphql(counted), 3);
        assert_eq!(world.graphql(only_counted), 2);
        let deep = "{ people(first: 50) { edges { node { friends(first: 2, order: [name_ASC]) { edges { node { city { name } friends { edges { node { name } } } } } } } } } }";
        assert_eq!(world.graphql(deep), 4);
    }
}

#[test]
fn graphql_mutations() {
    let world = World::of(3);
    let id = &world.person;
    assert_eq!(
        world.graphql(
            "mutation { createPerson(input: {fields: {name: \"x\"}}) { person { id objectId } } }"
        ),
        1
    );
    assert_eq!(
        world.graphql(
            "mutation { createPerson(input: {fields: {name: \"x\"}}) { clientMutationId } }"
        ),
        1
    );
    let update = format!(
        "mutation {{ updatePerson(input: {{id: \"{id}\", fields: {{name: \"y\"}}}}) {{ person {{ id }} }} }}"
    );
    assert_eq!(world.graphql(&update), 1);
    let read_back = format!(
        "mutation {{ updatePerson(input: {{id: \"{id}\", fields: {{name: \"z\"}}}}) {{ person {{ name city {{ name }} }} }} }}"
    );
    assert_eq!(world.graphql(&read_back), 3);
}

/// A user who knows that many people, each with a city.
struct Acquainted {
    server: TestServer,
    user: Caller,
    id: String,
}

impl Acquainted {
    fn with(people: usize) -> Self {
        let server = TestServer::start();
        server.class("City", &json!({"name": {"type": "String"}}));
        server.class("Person", &json!({"name": {"type": "String"}, "city": {"type": "Pointer", "targetClass": "City"}}));
        let fields = json!({"home": {"type": "Pointer", "targetClass": "City"}, "people": {"type": "Relation", "targetClass": "Person"}});
        server.master().put("/schemas/_User", &json!({"fields": fields})).is(200);
        let public = server.public();
        let city = pointer("City", &public.create("City", &json!({"name": "Utopia"})));
        let known: Vec<String> = (0..people)
            .map(|at| public.create("Person", &json!({"name": format!("P{at}"), "city": city})))
            .collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let fields = json!({"username": "u", "password": "Secret-1", "home": city, "people": add_relation("Person", &known)});
        let made = public.post("/users", &fields).is(201).json();
        let token = made["sessionToken"].as_str().expect("a session token");
        let user = public.with("X-Parse-Session-Token", token);
        user.graphql("{ viewer { user { username } } }").data("/viewer");
        let id = made["objectId"].as_str().expect("an objectId").to_owned();
        Self { server, user, id }
    }

    fn cost(&self, query: &str) -> u64 {
        self.server.statements_of(|| self.user.graphql(query).data(""))
    }
}

/// The cost of everything that shows a user to himself, however many people he knows.
#[test]
fn graphql_users() {
    let related = "user { username people(first: 50) { edges { node { name city { name } } } } }";
    let log_in = |selection: &str| {
        format!(
            "mutation {{ logIn(input: {{username: \"u\", password: \"Secret-1\"}}) {{ viewer {{ {selection} }} }} }}"
        )
    };
    let sign_up = |name: &str, selection: &str| {
        let fields = format!("{{username: \"{name}\", password: \"Secret-1\"}}");
        format!("mutation {{ signUp(input: {{fields: {fields}}}) {{ viewer {{ {selection} }} }} }}")
    };
    let costs = [3, 50].map(|people| {
        let known = Acquainted::with(people);
        assert_eq!(known.cost("{ viewer { sessionToken user { id objectId } } }"), 0);
        assert_eq!(known.cost("{ viewer { user { username } } }"), 1);
        assert_eq!(known.cost("{ viewer { user { username home { name } } } }"), 2);
        assert_eq!(known.cost(&format!("{{ viewer {{ {related} }} }}")), 3);
        // The account, the session, the account again (its password may have changed meanwhile), and the user
        // as he sees himself.
        assert_eq!(known.cost(&log_in("sessionToken")), 4);
        assert_eq!(known.cost(&log_in("user { username }")), 4);
        // The user and the session.
        assert_eq!(known.cost(&sign_up("a", "sessionToken user { id }")), 2);
        let update = format!(
            "mutation {{ updateUser(input: {{id: \"{}\", fields: {{}}}}) {{ {related} }} }}",
            known.id
        );
        [log_in(related), update, sign_up("b", "user { username }"), sign_up("c", related)]
            .map(|query| known.cost(&query))
    });
    assert_eq!(costs[0], costs[1]);
}
