//! Everything that is asked about a world: answers of two servers on one database must be the same.

use serde_json::{Value, json};

use crate::client::{Question, Who};
use crate::world::{User, World};

/// The questions. None of them changes anything that another one sees, and none is of those that the original refuses
/// or fails at on PostgreSQL: there is nothing to compare.
pub(crate) fn of(world: &World) -> Vec<Question> {
    let askers = [
        Who::Master,
        Who::Nobody,
        world.anna.session.clone(),
        world.bert.session.clone(),
        world.cora.session.clone(),
        world.anonymous.session.clone(),
    ];
    let mut questions = Vec::new();
    for who in &askers {
        objects(world, who, &mut questions);
        people(world, who, &mut questions);
        conditions(world, who, &mut questions);
        graphql(world, who, &mut questions);
    }
    schemas(world, &mut questions);
    aggregates(world, &mut questions);
    for user in [&world.anna, &world.bert, &world.cora] {
        log_ins(user, &mut questions);
    }
    questions
}

/// What a server has that is no object of an application's class.
pub(crate) fn of_the_server() -> Vec<Question> {
    let mut questions = Vec::new();
    for who in [Who::Master, Who::Nobody] {
        for path in ["/config", "/hooks/functions", "/hooks/triggers"] {
            questions.push(Question::get(&who, path, &json!({})));
        }
        for class in ["_Installation", "_JobStatus", "_JobSchedule", "_PushStatus", "_Audience"] {
            let all = json!({"order": "objectId"});
            questions.push(Question::get(&who, &format!("/classes/{class}"), &all));
        }
    }
    questions
}

/// What only the original has routes for.
pub(crate) fn of_the_original() -> Vec<Question> {
    let paths = ["/cloud_code/jobs", "/graphql-config", "/push_audiences", "/installations"];
    paths.map(|path| Question::new(&Who::Master, "GET", path, Value::Null)).to_vec()
}

fn objects(world: &World, who: &Who, questions: &mut Vec<Question>) {
    for (class, id) in &world.objects {
        questions.push(Question::get(who, &format!("/classes/{class}/{id}"), &json!({})));
    }
    for class in &world.classes {
        let path = format!("/classes/{class}");
        let mut ask = |parameters: Value| questions.push(Question::get(who, &path, &parameters));
        ask(json!({"order": "createdAt,objectId", "limit": 1000}));
        // Without a condition the original counts roughly.
        let all = json!({"createdAt": {"$exists": true}});
        ask(json!({"order": "-objectId", "limit": 3, "skip": 1, "count": 1, "where": all}));
        ask(json!({"limit": 0, "count": 1, "where": all}));
        ask(json!({"order": "objectId", "include": "owner,pointer,pointer.pointer"}));
        ask(json!({"order": "objectId", "keys": "title,text,owner.username", "include": "owner"}));
        ask(json!({"order": "objectId", "where": {"owner": world.bert.pointer()}}));
        ask(
            json!({"order": "objectId", "where": {"owner": {"$inQuery": {"className": "_User", "where": {"username": world.anna.name}}}}}),
        );
    }
}

fn people(world: &World, who: &Who, questions: &mut Vec<Question>) {
    let mut ask =
        |path: &str, parameters: Value| questions.push(Question::get(who, path, &parameters));
    ask("/users/me", json!({}));
    ask("/sessions/me", json!({}));
    ask("/sessions", json!({"order": "createdAt,objectId"}));
    ask(
        "/users",
        json!({"order": "username", "where": {"username": {"$regex": format!("^{}", world.prefix)}}}),
    );
    ask("/users", json!({"where": {"email": format!("{}.Anna@example.com", world.prefix)}}));
    ask(
        "/roles",
        json!({"order": "name", "where": {"name": {"$regex": format!("^{}", world.prefix)}}}),
    );
    for user in [&world.anna, &world.bert, &world.cora, &world.anonymous] {
        ask(&format!("/users/{}", user.id), json!({}));
        ask("/roles", json!({"order": "name", "where": {"users": user.pointer()}}));
    }
    let likes = json!({"$relatedTo": {"object": world.anna.pointer(), "key": world.likes()}});
    ask(&format!("/classes/{}", world.name("Thing")), json!({"order": "objectId", "where": likes}));
}

fn conditions(world: &World, who: &Who, questions: &mut Vec<Question>) {
    let thing = world.name("Thing");
    let first = json!({"__type": "Pointer", "className": thing, "objectId": world.objects[0].1});
    let date = |iso: &str| json!({"__type": "Date", "iso": iso});
    let near = |latitude: f64, longitude: f64| json!({"__type": "GeoPoint", "latitude": latitude, "longitude": longitude});
    let conditions = [
        json!({"text": "plain"}),
        json!({"text": {"$ne": "plain"}}),
        json!({"text": {"$in": ["plain", ""]}}),
        json!({"text": {"$regex": "^pl", "$options": "i"}}),
        json!({"text": {"$exists": false}}),
        json!({"text": null}),
        json!({"number": {"$gte": 1, "$lt": 1e20}}),
        json!({"number": 9007199254740991i64}),
        json!({"number": -1.5e-7}),
        json!({"flag": true}),
        json!({"flag": {"$ne": true}}),
        json!({"date": {"$lt": date("1970-01-01T00:00:00.000Z")}}),
        json!({"date": date("0001-01-01T00:00:00.000Z")}),
        json!({"createdAt": {"$gt": date("2020-01-01T00:00:00.000Z")}}),
        json!({"object.a.b": 1}),
        json!({"object.list": 2}),
        json!({"object.n": {"$gt": 5}}),
        json!({"array": {"$all": ["a", "b"]}}),
        json!({"array": {"$in": [1, "b"]}}),
        json!({"array": world.bert.pointer()}),
        json!({"point": {"$nearSphere": near(48.0, 11.5), "$maxDistance": 0.02}}),
        json!({"point": {"$geoWithin": {"$polygon": [near(40.0, 0.0), near(50.0, 0.0), near(50.0, 20.0), near(40.0, 20.0)]}}}),
        json!({"polygon": {"$geoIntersects": {"$point": near(5.0, 5.0)}}}),
        json!({"pointer": first}),
        json!({"pointer": {"$exists": true}}),
        json!({"owner": world.anna.pointer()}),
        json!({"preset": "as ever"}),
        json!({"friends": first}),
        json!({"$relatedTo": {"object": first, "key": "friends"}}),
        json!({"$or": [{"number": 1}, {"text": "last"}]}),
        json!({"$and": [{"number": {"$gt": 0}}, {"text": {"$in": ["plain", "last"]}}]}),
        json!({"pointer": {"$inQuery": {"className": thing, "where": {"text": "plain"}}}}),
    ];
    let path = format!("/classes/{thing}");
    for condition in conditions {
        let parameters =
            json!({"where": condition, "order": "needed,objectId", "count": 1, "keys": "needed"});
        questions.push(Question::get(who, &path, &parameters));
    }
    for order in
        ["text,objectId", "-text,objectId", "number,objectId", "-date,objectId", "flag,-needed"]
    {
        questions.push(Question::get(who, &path, &json!({"order": order, "keys": "needed"})));
    }
}

fn graphql(world: &World, who: &Who, questions: &mut Vec<Question>) {
    let prefix = world.prefix;
    let things = prefix.to_lowercase();
    let class = world.name("Thing");
    let id = &world.objects[0].1;
    let inner = "id objectId createdAt updatedAt needed text number flag date object point { latitude longitude } \
        polygon { latitude longitude } file { name url } bytes preset ACL { users { userId read write } roles { roleName read write } public { read write } } \
        pointer { objectId text } owner { objectId } friends(order: needed_ASC) { edges { node { objectId } } }";
    for document in [
        format!(
            "{{ {things}Things(where: {{ needed: {{ exists: true }} }}, order: needed_ASC) {{ count edges {{ node {{ {inner} }} }} }} }}"
        ),
        format!("{{ {things}Thing(id: \"{id}\") {{ {inner} }} }}"),
        format!(
            "{{ {things}Things(where: {{ text: {{ equalTo: \"plain\" }} }}) {{ count edges {{ node {{ needed }} }} }} }}"
        ),
        format!(
            "{{ {things}Things(where: {{ number: {{ greaterThan: 50 }} }}, order: needed_ASC) {{ edges {{ node {{ array {{ ... on Element {{ value }} }} }} }} }} }}"
        ),
        format!("{{ class(name: \"{class}\") {{ name schemaFields {{ name __typename }} }} }}"),
        "{ viewer { user { objectId username createdAt } } }".to_owned(),
        format!(
            "{{ users(where: {{ username: {{ matchesRegex: \"^{prefix}\" }} }}, order: username_ASC) {{ count edges {{ node {{ objectId username }} }} }} }}"
        ),
    ] {
        questions.push(Question::graphql(who, &document));
    }
}

fn schemas(world: &World, questions: &mut Vec<Question>) {
    let classes = world.classes.iter().map(String::as_str);
    for class in classes.chain(["_User", "_Role", "_Session", "_Installation"]) {
        let path = format!("/schemas/{class}");
        questions.push(Question::new(&Who::Master, "GET", &path, Value::Null));
    }
    questions.push(Question::new(&Who::Nobody, "GET", "/schemas", Value::Null));
}

fn aggregates(world: &World, questions: &mut Vec<Question>) {
    let path = format!("/aggregate/{}", world.name("Shielded"));
    let mut ask =
        |parameters: Value| questions.push(Question::get(&Who::Master, &path, &parameters));
    ask(json!({"$group": {"_id": "$secret", "count": {"$sum": 1}, "top": {"$max": "$title"}}}));
    ask(json!({"distinct": "secret"}));
}

fn log_ins(user: &User, questions: &mut Vec<Question>) {
    let mut ask =
        |path: &str, body: Value| questions.push(Question::new(&Who::Nobody, "POST", path, body));
    let with = |password: &str| json!({"username": user.name, "password": password});
    ask("/login", with(&format!("{}!", user.password)));
    ask("/login", with(""));
    ask("/verifyPassword", with(&user.password));
}
