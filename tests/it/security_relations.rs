//! Relations as a side door: who may not read the owner learns nothing of what it relates to.

use serde_json::{Value, json};

use crate::support::{TestServer, add_relation, open_but_hiding, pointer, private};

/// Owners of one comment each: readable, private by its list, of a closed class, with a hidden relation.
struct Owners {
    server: TestServer,
    comment: String,
    open: Value,
    private: Value,
    closed: Value,
    hiding: Value,
}

impl Owners {
    fn new() -> Self {
        let server = TestServer::start();
        let master = server.master();
        server.class("Comment", &json!({"text": {"type": "String"}}));
        let comment = master.create("Comment", &json!({"text": "a remark"}));
        let hushed = master.create("Comment", &json!({"text": "hushed", "ACL": private()}));
        let relation = json!({"comments": {"type": "Relation", "targetClass": "Comment"}});
        server.class("Post", &relation);
        server.class_with("Closed", &relation, &json!({"find": {}, "get": {}, "count": {}}));
        server.class_with("Hiding", &relation, &open_but_hiding(&["comments"]));
        let fields = json!({"comments": add_relation("Comment", &[&comment, &hushed])});
        let mut unreadable = fields.clone();
        unreadable["ACL"] = private();
        let owner = |class: &str, fields: &Value| pointer(class, &master.create(class, fields));
        let (open, private) = (owner("Post", &fields), owner("Post", &unreadable));
        let (closed, hiding) = (owner("Closed", &fields), owner("Hiding", &fields));
        Self { server, comment, open, private, closed, hiding }
    }

    fn related_to(owner: &Value) -> Value {
        json!({"$relatedTo": {"object": owner, "key": "comments"}})
    }
}

#[test]
fn the_owner_must_be_readable() {
    let owners = Owners::new();
    let public = owners.server.public();
    let found = public
        .find("Comment", &json!({"where": Owners::related_to(&owners.open), "count": 1}))
        .is(200);
    assert_eq!(
        (found.each("text"), found.json()["count"].clone()),
        (vec![json!("a remark")], json!(1))
    );

    let found = public
        .find("Comment", &json!({"where": Owners::related_to(&owners.private), "count": 1}))
        .is(200);
    assert_eq!(found.json(), json!({"results": [], "count": 0}));
    public
        .find("Comment", &json!({"where": Owners::related_to(&owners.closed)}))
        .is_refused_with(&[119]);
    public
        .find("Comment", &json!({"where": Owners::related_to(&owners.hiding)}))
        .is_refused_with(&[119]);
}

#[test]
fn counting_needs_a_readable_owner_too() {
    let owners = Owners::new();
    let public = owners.server.public();
    let count = |owner: &Value| {
        public.find("Comment", &json!({"where": Owners::related_to(owner), "count": 1, "limit": 0}))
    };
    assert_eq!(count(&owners.open).is(200).json()["count"], 1);
    assert_eq!(count(&owners.private).is(200).json()["count"], 0);
    count(&owners.closed).is_refused_with(&[119]);
    count(&owners.hiding).is_refused_with(&[119]);
}

#[test]
fn nesting_does_not_open_the_door() {
    let owners = Owners::new();
    let public = owners.server.public();
    let wrap = |related: Value| {
        vec![
            json!({"$or": [related]}),
            json!({"$and": [related, {"text": {"$exists": true}}]}),
            json!({"$or": [{"$and": [related]}]}),
            json!({"objectId": {"$select": {"query": {"className": "Comment", "where": related}, "key": "objectId"}}}),
        ]
    };
    for filter in wrap(Owners::related_to(&owners.private)) {
        let found = public.find("Comment", &json!({"where": filter})).is(200);
        assert!(found.results().is_empty(), "{found}");
    }
    for owner in [&owners.closed, &owners.hiding] {
        for filter in wrap(Owners::related_to(owner)) {
            public.find("Comment", &json!({"where": filter})).is_refused_with(&[119]);
        }
        public
            .find("Comment", &json!({"where": {"$nor": [Owners::related_to(owner)]}}))
            .is_refused_with(&[119]);
    }
    let nor = public
        .find("Comment", &json!({"where": {"$nor": [Owners::related_to(&owners.private)]}}))
        .is(200);
    assert_eq!(nor.results().len(), 1, "as if nothing were related: {nor}");
}

#[test]
fn a_hidden_relation_can_not_be_asked_backwards() {
    let owners = Owners::new();
    let comment = pointer("Comment", &owners.comment);
    for filter in [
        json!({"comments": comment}),
        json!({"comments": {"$ne": comment}}),
        json!({"comments": {"$in": [comment]}}),
        json!({"comments": {"$inQuery": {"className": "Comment", "where": {"text": "a remark"}}}}),
    ] {
        owners.server.public().find("Hiding", &json!({"where": filter})).is_refused_with(&[119]);
    }
}

#[test]
fn join_tables_are_not_addressable() {
    let owners = Owners::new();
    let public = owners.server.public();
    for class in ["_Join:comments:Post", "_Join:comments:Closed", "_Join:nothing:Nowhere"] {
        public.get(&format!("/classes/{class}")).is_refused_with(&[119]);
        public.get(&format!("/classes/{class}/x")).is_refused();
        public
            .post(&format!("/classes/{class}"), &json!({"owningId": "x", "relatedId": "y"}))
            .is_refused();
        public.put(&format!("/classes/{class}/x"), &json!({"owningId": "x"})).is_refused();
        public.delete(&format!("/classes/{class}/x")).is_refused();
        let filter = json!({"text": {"$select": {"query": {"className": class, "where": {}}, "key": "owningId"}}});
        public.find("Comment", &json!({"where": filter})).is_refused_with(&[119]);
        let batch =
            json!({"requests": [{"method": "GET", "path": format!("/parse/classes/{class}")}]});
        assert_eq!(public.post("/batch", &batch).json()[0]["error"]["code"], 119);
        let master = owners.server.master();
        master
            .post(&format!("/classes/{class}"), &json!({"owningId": "x", "relatedId": "y"}))
            .is_refused();
        master.post("/schemas", &json!({"className": class})).is_refused();
    }
}

#[test]
fn a_redirect_stands_under_the_rules_of_its_target() {
    let owners = Owners::new();
    let (public, master) = (owners.server.public(), owners.server.master());
    let redirected = json!({"redirectClassNameForKey": "comments"});
    public.find("Post", &redirected).is(200).hides("hushed");
    master.put("/schemas/Comment", &json!({"classLevelPermissions": {"find": {}}})).is(200);
    public.find("Post", &redirected).is_refused_with(&[119]);
}

#[test]
fn nested_relations_of_graphql() {
    let owners = Owners::new();
    let public = owners.server.public();
    let posts = public.graphql(
        "{ posts { count edges { node { comments { count edges { node { text } } } } } } }",
    );
    assert_eq!(posts.data("/posts/count"), 1);
    assert_eq!(posts.data("/posts/edges/0/node/comments/count"), 1);
    posts.hides("hushed");

    let hidden = public
        .graphql("{ hidings { edges { node { comments { count edges { node { text } } } } } } }");
    hidden.hides("remark").hides("\"count\":1").hides("\"count\":2");
    let hidden = public.graphql("{ hidings { edges { node { comments { count } } } } }");
    hidden.hides("\"count\":1").hides("\"count\":2");
    public
        .graphql(
            "{ hidings(where: {comments: {have: {text: {equalTo: \"a remark\"}}}}) { count } }",
        )
        .is_refused_with(&[119]);
    public
        .graphql("{ hidings(where: {comments: {exists: true}}) { count } }")
        .is_refused_with(&[119]);
    public.graphql("{ closeds { edges { node { comments { count } } } } }").is_refused_with(&[119]);
}

#[test]
fn related_objects_stand_under_the_rules_of_their_class() {
    let owners = Owners::new();
    let master = owners.server.master();
    let query = "{ posts { edges { node { comments { count } } } } }";
    master.put(
        "/schemas/Comment",
        &json!({"classLevelPermissions": {"count": {}, "find": {"*": true}, "get": {"*": true}}}),
    );
    owners.server.public().graphql(query).is_refused_with(&[119]);
    let query = "{ posts { edges { node { comments { edges { node { text } } } } } } }";
    assert_eq!(
        owners
            .server
            .public()
            .graphql(query)
            .data("/posts/edges/0/node/comments/edges/0/node/text"),
        "a remark"
    );
    master
        .put("/schemas/Comment", &json!({"classLevelPermissions": {"find": {}, "get": {}}}))
        .is(200);
    owners.server.public().graphql(query).is_refused_with(&[119]);
}
