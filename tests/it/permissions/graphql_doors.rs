//! The doors of GraphQL.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use super::doors::{Door, Scene, Shape, door, refusal, through};
use super::graphql_names::Names;
use super::model::{OBJECT_NOT_FOUND, Op, Outcome};
use crate::support::Answer;

const FIND: &str = "query of a connection";
const GET: &str = "query of an object";
const NODE: &str = "node";

pub(super) fn doors() -> Vec<Door> {
    vec![
        door("connection", FIND, Shape::Rows(Op::Find), connection),
        door("connection in order", FIND, Shape::Labels(Op::Find), connection_in_order),
        door("connection by cursors", FIND, Shape::RowsAndCount, connection_by_cursors),
        door("connection backwards", FIND, Shape::RowsAndCount, connection_backwards),
        door("connection by ids", FIND, Shape::Labels(Op::Find), connection_by_ids),
        door("number of a connection", FIND, Shape::Count(Op::Count), connection_count),
        door("connection and its number", FIND, Shape::RowsAndCount, connection_and_count),
        door("connection where", FIND, Shape::Uses(Op::Find, "secret"), connection_where),
        door("connection ordered", FIND, Shape::Uses(Op::Find, "secret"), connection_ordered),
        door("object", GET, Shape::Single(Op::Get), object),
        door("object by global id", GET, Shape::Single(Op::Get), object_by_global_id),
        door("node", NODE, Shape::Single(Op::Get), node),
        door("many nodes", NODE, Shape::Single(Op::Get), nodes),
        through("pointers of a connection", FIND, Shape::Rows(Op::Get), pointers),
        through("pointer of an object", GET, Shape::Single(Op::Get), pointer_of_one),
        through("elements of an array", GET, Shape::Rows(Op::Get), array),
        through("relation", GET, Shape::Rows(Op::Find), relation),
        through("relation of a node", NODE, Shape::Rows(Op::Find), relation_of_node),
        through("relation in a connection", FIND, Shape::Rows(Op::Find), relation_in_connection),
        through("relation with arguments", GET, Shape::Labels(Op::Find), relation_with_arguments),
        through("relation by cursors", GET, Shape::RowsAndCount, relation_by_cursors),
        through("number of a relation", GET, Shape::Count(Op::Count), relation_count),
        through("relation where", GET, Shape::Uses(Op::Find, "secret"), relation_where),
        through("have", FIND, Shape::Labels(Op::Find), have),
        through("haveNot", FIND, Shape::Rest(Op::Find), have_not),
        through("have of a relation", FIND, Shape::Count(Op::Find), have_relation),
        through("inQueryKey", FIND, Shape::Labels(Op::Find), in_query_key),
        through("inQueryKey of a field", FIND, Shape::Shows("secret"), in_query_key_of_secret),
        through("notInQueryKey", FIND, Shape::Rest(Op::Find), not_in_query_key),
        through("number by have", FIND, Shape::Count(Op::Find), count_by_have),
    ]
}

/// What is asked of an object of the target.
fn fields(scene: &Scene<'_>) -> String {
    format!("objectId {}", scene.target.fields.join(" "))
}

fn global_id(class: &str, id: &str) -> String {
    BASE64_STANDARD.encode(format!("{class}:{id}"))
}

/// The names of the class that leads here, and its row that leads to all.
fn holder(scene: &Scene<'_>) -> (Names, String) {
    let (class, whole) = scene.holder();
    (scene.roots.names(class).expect("the schema has all classes"), whole.to_owned())
}

fn objects(scene: &Scene<'_>, answer: &Answer, pointer: &str) -> Outcome {
    refusal(answer).unwrap_or_else(|| scene.rows(&nodes_at(&answer.data(pointer))))
}

fn labels(scene: &Scene<'_>, answer: &Answer, pointer: &str) -> Outcome {
    refusal(answer).unwrap_or_else(|| scene.labels(&nodes_at(&answer.data(pointer))))
}

fn held(scene: &Scene<'_>, answer: &Answer, pointer: &str) -> Outcome {
    refusal(answer).unwrap_or_else(|| scene.held(&nodes_at(&answer.data(pointer))))
}

/// The nodes of edges.
fn nodes_at(edges: &Value) -> Vec<Value> {
    edges.as_array().expect("edges").iter().map(|edge| edge["node"].clone()).collect()
}

fn number(answer: &Answer, pointer: &str) -> Outcome {
    refusal(answer)
        .unwrap_or_else(|| Outcome::Count(answer.data(pointer).as_u64().expect("a number")))
}

fn connection(scene: &Scene<'_>) -> Outcome {
    let (find, fields) = (&scene.names.find, fields(scene));
    let answer =
        scene.caller.graphql(&format!("{{ {find} {{ edges {{ node {{ {fields} }} }} }} }}"));
    objects(scene, &answer, &format!("/{find}/edges"))
}

fn connection_in_order(scene: &Scene<'_>) -> Outcome {
    let find = &scene.names.find;
    let answer = scene.caller.graphql(&format!(
        "{{ {find}(order: [createdAt_DESC, objectId_ASC], first: 50) {{ edges {{ node {{ objectId }} }} }} }}"
    ));
    labels(scene, &answer, &format!("/{find}/edges"))
}

/// Walks through the pages of a connection that stands at `pointer` of what `ask` asks.
fn walk(at: &str, pages: [&str; 2], ask: impl Fn(&str) -> Answer) -> Result<Vec<Value>, Outcome> {
    let [window, cursor] = pages;
    let (has_more, end) = match window {
        "first" => ("hasNextPage", "endCursor"),
        _ => ("hasPreviousPage", "startCursor"),
    };
    let mut found = Vec::new();
    let mut arguments = format!("{window}: 2");
    loop {
        let answer = ask(&arguments);
        if let Some(refused) = refusal(&answer) {
            return Err(refused);
        }
        let page = answer.data(at);
        found.extend(nodes_at(&page["edges"]));
        if page["pageInfo"][has_more] != true {
            return Ok(found);
        }
        let place = page["pageInfo"][end].as_str().expect("a page with more has a cursor");
        arguments = format!("{window}: 2, {cursor}: \"{place}\"");
    }
}

fn connection_by_cursors(scene: &Scene<'_>) -> Outcome {
    in_pages(scene, ["first", "after"])
}

fn connection_backwards(scene: &Scene<'_>) -> Outcome {
    in_pages(scene, ["last", "before"])
}

fn in_pages(scene: &Scene<'_>, pages: [&str; 2]) -> Outcome {
    let (find, fields) = (&scene.names.find, fields(scene));
    let found = walk(&format!("/{find}"), pages, |arguments| {
        scene.caller.graphql(&format!(
            "{{ {find}({arguments}, order: [objectId_ASC]) {{ edges {{ node {{ {fields} }} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        ))
    });
    match found {
        Ok(found) => scene.rows(&found),
        Err(refused) => refused,
    }
}

fn connection_by_ids(scene: &Scene<'_>) -> Outcome {
    let find = &scene.names.find;
    let ids: Vec<String> = scene.target.ids.values().map(|id| format!("\"{id}\"")).collect();
    let answer = scene.caller.graphql(&format!(
        "{{ {find}(where: {{objectId: {{in: [{}]}}}}) {{ edges {{ node {{ objectId }} }} }} }}",
        ids.join(", ")
    ));
    labels(scene, &answer, &format!("/{find}/edges"))
}

fn connection_count(scene: &Scene<'_>) -> Outcome {
    let find = &scene.names.find;
    number(&scene.caller.graphql(&format!("{{ {find} {{ count }} }}")), &format!("/{find}/count"))
}

fn connection_and_count(scene: &Scene<'_>) -> Outcome {
    let (find, fields) = (&scene.names.find, fields(scene));
    let answer =
        scene.caller.graphql(&format!("{{ {find} {{ count edges {{ node {{ {fields} }} }} }} }}"));
    objects(scene, &answer, &format!("/{find}/edges"))
}

fn connection_where(scene: &Scene<'_>) -> Outcome {
    let find = &scene.names.find;
    let answer = scene.caller.graphql(&format!(
        "{{ {find}(where: {{OR: [{{secret: {{equalTo: \"s\"}}}}, {{secret: {{exists: false}}}}]}}) {{ edges {{ node {{ objectId }} }} }} }}"
    ));
    labels(scene, &answer, &format!("/{find}/edges"))
}

fn connection_ordered(scene: &Scene<'_>) -> Outcome {
    let find = &scene.names.find;
    let answer = scene.caller.graphql(&format!(
        "{{ {find}(order: [secret_DESC]) {{ edges {{ node {{ objectId }} }} }} }}"
    ));
    labels(scene, &answer, &format!("/{find}/edges"))
}

/// Asks for each row by itself.
fn each<'a>(
    scene: &Scene<'a>,
    ask: impl Fn(&str) -> Result<Value, i64>,
) -> Vec<(&'a str, Result<Value, i64>)> {
    scene.target.ids.iter().map(|(label, id)| (*label, ask(id))).collect()
}

fn single(answer: &Answer, pointer: &str) -> Result<Value, i64> {
    match answer.is_refusal() {
        true => Err(answer.code().unwrap_or(i64::from(answer.status))),
        false => {
            Some(answer.data(pointer)).filter(|found| !found.is_null()).ok_or(OBJECT_NOT_FOUND)
        }
    }
}

fn told(scene: &Scene<'_>, answers: Vec<(&str, Result<Value, i64>)>) -> Outcome {
    let nothing = answers.iter().all(|(_, answer)| *answer == Err(OBJECT_NOT_FOUND));
    match scene.target.seen_by(scene.who).reach(Op::Get) {
        Err(OBJECT_NOT_FOUND) if nothing => Outcome::Refused(OBJECT_NOT_FOUND),
        _ => scene.singles(answers),
    }
}

fn object(scene: &Scene<'_>) -> Outcome {
    let (get, fields) = (&scene.names.get, fields(scene));
    let answers = each(scene, |id| {
        let answer = scene.caller.graphql(&format!("{{ {get}(id: \"{id}\") {{ {fields} }} }}"));
        single(&answer, &format!("/{get}"))
    });
    told(scene, answers)
}

fn object_by_global_id(scene: &Scene<'_>) -> Outcome {
    let (get, fields) = (&scene.names.get, fields(scene));
    let answers = each(scene, |id| {
        let id = global_id(&scene.target.class, id);
        let answer = scene.caller.graphql(&format!("{{ {get}(id: \"{id}\") {{ {fields} }} }}"));
        single(&answer, &format!("/{get}"))
    });
    told(scene, answers)
}

fn node(scene: &Scene<'_>) -> Outcome {
    let (object, fields) = (&scene.names.object, fields(scene));
    let answers = each(scene, |id| {
        let id = global_id(&scene.target.class, id);
        let answer = scene
            .caller
            .graphql(&format!("{{ node(id: \"{id}\") {{ ... on {object} {{ {fields} }} }} }}"));
        single(&answer, "/node")
    });
    told(scene, answers)
}

/// All rows as nodes of one document. Some fail and some do not; each has its own error.
fn nodes(scene: &Scene<'_>) -> Outcome {
    let (object, fields) = (&scene.names.object, fields(scene));
    let parts = scene.target.ids.values().enumerate().map(|(at, id)| {
        let id = global_id(&scene.target.class, id);
        format!("n{at}: node(id: \"{id}\") {{ ... on {object} {{ {fields} }} }}")
    });
    let answer = scene.caller.graphql(&format!("{{ {} }}", parts.collect::<Vec<_>>().join(" ")));
    if answer.status != 200 {
        return refusal(&answer).expect("a refusal");
    }
    let json = answer.json();
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    let answers = scene.target.ids.keys().enumerate().map(|(at, label)| {
        let alias = format!("n{at}");
        let error = errors.iter().find(|error| error["path"][0] == alias.as_str());
        let answer = match (error, &json["data"][&alias]) {
            (Some(error), _) => Err(error["extensions"]["code"].as_i64().unwrap_or_default()),
            (None, Value::Null) => Err(OBJECT_NOT_FOUND),
            (None, found) => Ok(found.clone()),
        };
        (*label, answer)
    });
    told(scene, answers.collect())
}

fn pointers(scene: &Scene<'_>) -> Outcome {
    let (holder, _) = holder(scene);
    let (find, fields) = (&holder.find, fields(scene));
    let answer = scene
        .caller
        .graphql(&format!("{{ {find} {{ edges {{ node {{ name to {{ {fields} }} }} }} }} }}"));
    refusal(&answer).unwrap_or_else(|| {
        let holders = nodes_at(&answer.data(&format!("/{find}/edges")));
        scene.rows(holders.iter().map(|holder| &holder["to"]).filter(|to| is_shown(scene, to)))
    })
}

/// Whether an object was followed. One that was not may tell its id, which the holder tells anyway.
fn is_shown(scene: &Scene<'_>, object: &Value) -> bool {
    scene.target.fields.iter().any(|field| !object[*field].is_null())
}

fn pointer_of_one(scene: &Scene<'_>) -> Outcome {
    let (holder, _) = holder(scene);
    let (find, fields) = (&holder.find, fields(scene));
    let answers = each(scene, |id| {
        let answer = scene.caller.graphql(&format!(
            "{{ {find}(where: {{name: {{equalTo: \"{}\"}}}}) {{ edges {{ node {{ to {{ {fields} }} }} }} }} }}",
            scene.target.label_of(id)
        ));
        let found = single(&answer, &format!("/{find}/edges/0/node/to"))?;
        if is_shown(scene, &found) { Ok(found) } else { Err(OBJECT_NOT_FOUND) }
    });
    told(scene, answers)
}

fn array(scene: &Scene<'_>) -> Outcome {
    let (holder, whole) = holder(scene);
    let (get, object, fields) = (&holder.get, &scene.names.object, fields(scene));
    let answer = scene.caller.graphql(&format!(
        "{{ {get}(id: \"{whole}\") {{ many {{ ... on {object} {{ {fields} }} }} }} }}"
    ));
    refusal(&answer).unwrap_or_else(|| {
        let many = answer.data(&format!("/{get}/many"));
        scene.rows(many.as_array().expect("an array").iter().filter(|found| is_shown(scene, found)))
    })
}

/// Asks for the relation of the row that leads to all.
fn items(scene: &Scene<'_>, arguments: &str, selection: &str) -> (Answer, String) {
    let (holder, whole) = holder(scene);
    let get = &holder.get;
    let answer = scene
        .caller
        .graphql(&format!("{{ {get}(id: \"{whole}\") {{ items{arguments} {{ {selection} }} }} }}"));
    (answer, format!("/{get}/items"))
}

fn relation(scene: &Scene<'_>) -> Outcome {
    let (answer, at) = items(scene, "", &format!("edges {{ node {{ {} }} }}", fields(scene)));
    objects(scene, &answer, &format!("{at}/edges"))
}

fn relation_of_node(scene: &Scene<'_>) -> Outcome {
    let (class, whole) = scene.holder();
    let answer = scene.caller.graphql(&format!(
        "{{ node(id: \"{}\") {{ ... on {class} {{ items {{ edges {{ node {{ {} }} }} }} }} }} }}",
        global_id(class, whole),
        fields(scene)
    ));
    objects(scene, &answer, "/node/items/edges")
}

fn relation_in_connection(scene: &Scene<'_>) -> Outcome {
    let (holder, _) = holder(scene);
    let (find, fields) = (&holder.find, fields(scene));
    let answer = scene.caller.graphql(&format!(
        "{{ {find} {{ edges {{ node {{ name items {{ edges {{ node {{ {fields} }} }} }} }} }} }} }}"
    ));
    refusal(&answer).unwrap_or_else(|| {
        let holders = nodes_at(&answer.data(&format!("/{find}/edges")));
        let items = holders.iter().flat_map(|holder| nodes_at(&holder["items"]["edges"]));
        scene.rows(&items.collect::<Vec<_>>())
    })
}

fn relation_with_arguments(scene: &Scene<'_>) -> Outcome {
    let arguments =
        "(where: {objectId: {exists: true}}, order: [createdAt_DESC], skip: 0, first: 99)";
    let (answer, at) = items(scene, arguments, "edges { node { objectId } }");
    labels(scene, &answer, &format!("{at}/edges"))
}

fn relation_by_cursors(scene: &Scene<'_>) -> Outcome {
    let (holder, whole) = holder(scene);
    let (get, fields) = (&holder.get, fields(scene));
    let found = walk(&format!("/{get}/items"), ["first", "after"], |arguments| {
        scene.caller.graphql(&format!(
            "{{ {get}(id: \"{whole}\") {{ items({arguments}) {{ edges {{ node {{ {fields} }} }}
            pageInfo {{ hasNextPage endCursor }} }} }} }}"
        ))
    });
    match found {
        Ok(found) => scene.rows(&found),
        Err(refused) => refused,
    }
}

fn relation_count(scene: &Scene<'_>) -> Outcome {
    let (answer, at) = items(scene, "", "count");
    number(&answer, &format!("{at}/count"))
}

fn relation_where(scene: &Scene<'_>) -> Outcome {
    let arguments = "(where: {secret: {equalTo: \"s\"}})";
    let (answer, at) = items(scene, arguments, "edges { node { objectId } }");
    labels(scene, &answer, &format!("{at}/edges"))
}

/// Finds holders by a condition.
fn holders(scene: &Scene<'_>, filter: &str) -> Outcome {
    let (holder, _) = holder(scene);
    let find = &holder.find;
    let answer = scene
        .caller
        .graphql(&format!("{{ {find}(where: {filter}) {{ edges {{ node {{ name }} }} }} }}"));
    held(scene, &answer, &format!("/{find}/edges"))
}

fn have(scene: &Scene<'_>) -> Outcome {
    holders(scene, "{to: {have: {objectId: {exists: true}}}}")
}

fn have_not(scene: &Scene<'_>) -> Outcome {
    holders(scene, "{to: {haveNot: {objectId: {exists: true}}}}")
}

/// The one holder with a relation is found if any related row can be.
fn have_relation(scene: &Scene<'_>) -> Outcome {
    let (holder, _) = holder(scene);
    let find = &holder.find;
    let answer = scene.caller.graphql(&format!(
        "{{ {find}(where: {{items: {{have: {{objectId: {{exists: true}}}}}}}}) {{ count }} }}"
    ));
    let view = scene.target.seen_by(scene.who).count(Op::Find);
    match (number(&answer, &format!("/{find}/count")), view) {
        (Outcome::Count(1), Outcome::Count(some)) if some > 0 => Outcome::Count(some),
        (other, _) => other,
    }
}

fn query_key(scene: &Scene<'_>, operator: &str) -> Outcome {
    let (class, key) = (&scene.target.class, scene.target.label);
    holders(
        scene,
        &format!(
            "{{name: {{{operator}: {{key: \"{key}\", query: {{className: \"{class}\", where: {{}}}}}}}}}}"
        ),
    )
}

fn in_query_key(scene: &Scene<'_>) -> Outcome {
    query_key(scene, "inQueryKey")
}

fn not_in_query_key(scene: &Scene<'_>) -> Outcome {
    query_key(scene, "notInQueryKey")
}

fn count_by_have(scene: &Scene<'_>) -> Outcome {
    let (holder, _) = holder(scene);
    let find = &holder.find;
    let answer = scene.caller.graphql(&format!(
        "{{ {find}(where: {{name: {{notEqualTo: \"all\"}}, to: {{have: {{objectId: {{exists: true}}}}}}}}) {{ count }} }}"
    ));
    number(&answer, &format!("/{find}/count"))
}

/// One holder has the value of the field that all rows have: it is found if any row shows its own.
fn in_query_key_of_secret(scene: &Scene<'_>) -> Outcome {
    let (holder, _) = holder(scene);
    let (find, class) = (&holder.find, &scene.target.class);
    let select = format!("{{key: \"secret\", query: {{className: \"{class}\", where: {{}}}}}}");
    let answer = scene
        .caller
        .graphql(&format!("{{ {find}(where: {{word: {{inQueryKey: {select}}}}}) {{ count }} }}"));
    number(&answer, &format!("/{find}/count"))
}
