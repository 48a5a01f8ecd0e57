//! The doors of REST.

use serde_json::{Value, json};

use super::doors::{Door, Scene, Shape, door, refusal, through};
use super::model::{Op, Outcome};
use crate::support::{Answer, pointer};

const LIST: &str = "Find";
const GET: &str = "Get";
const AGGREGATE: &str = "Aggregate";
const BATCH: &str = "Batch";

pub(super) fn doors() -> Vec<Door> {
    vec![
        door("find", LIST, Shape::Rows(Op::Find), find),
        door("find by POST", LIST, Shape::Rows(Op::Find), find_by_post),
        door("find with all keys", LIST, Shape::Rows(Op::Find), find_with_keys),
        door("find everything included", LIST, Shape::Rows(Op::Find), find_included),
        door("find in order", LIST, Shape::Labels(Op::Find), find_in_order),
        door("find page by page", LIST, Shape::Rows(Op::Find), find_in_pages),
        door("find by ids", LIST, Shape::Labels(Op::Find), find_by_ids),
        door("find by $or", LIST, Shape::Labels(Op::Find), find_by_or),
        door("count", LIST, Shape::Count(Op::Count), count),
        door("find and count", LIST, Shape::RowsAndCount, find_and_count),
        door("where on a field", LIST, Shape::Uses(Op::Find, "secret"), where_secret),
        door("order by a field", LIST, Shape::Uses(Op::Find, "secret"), order_secret),
        door("where on another field", LIST, Shape::Uses(Op::Find, "secret2"), where_secret2),
        door("count by a field", LIST, Shape::Uses(Op::Count, "secret"), count_secret),
        door("get", GET, Shape::Single(Op::Get), get),
        door("get by POST", GET, Shape::Single(Op::Get), get_by_post),
        door("get with keys", GET, Shape::Single(Op::Get), get_with_keys),
        door("get in a batch", BATCH, Shape::Single(Op::Get), get_in_batch),
        door("find in a batch", BATCH, Shape::Rows(Op::Find), find_in_batch),
        door("distinct", AGGREGATE, Shape::MasterOnly, distinct),
        door("aggregate", AGGREGATE, Shape::MasterOnly, aggregate),
        through("include of many", LIST, Shape::Rows(Op::Get), include),
        through("include of an array", GET, Shape::Rows(Op::Get), include_array),
        through("include of one", GET, Shape::Single(Op::Get), include_one),
        through("includeAll", LIST, Shape::Rows(Op::Get), include_all),
        through("$inQuery", LIST, Shape::Labels(Op::Find), in_query),
        through("$notInQuery", LIST, Shape::Rest(Op::Find), not_in_query),
        through("$select", LIST, Shape::Labels(Op::Find), select),
        through("$dontSelect", LIST, Shape::Rest(Op::Find), dont_select),
        through("count of an $inQuery", LIST, Shape::Count(Op::Find), count_in_query),
        through("$inQuery in an $or", LIST, Shape::Labels(Op::Find), in_query_in_or),
        through("$inQuery on a field", LIST, Shape::Uses(Op::Find, "secret"), in_query_on_secret),
        through("$select of a field", LIST, Shape::Shows("secret"), select_secret),
        through("$relatedTo", LIST, Shape::Rows(Op::Find), related),
        through("count of $relatedTo", LIST, Shape::Count(Op::Count), related_count),
    ]
}

fn objects(scene: &Scene<'_>, answer: &Answer) -> Outcome {
    refusal(answer).unwrap_or_else(|| scene.rows(&answer.results()))
}

fn labels(scene: &Scene<'_>, answer: &Answer) -> Outcome {
    refusal(answer).unwrap_or_else(|| scene.labels(&answer.results()))
}

/// The number in an answer. Where nobody may have any row the original answers an empty list instead of 0.
fn number(answer: &Answer) -> Outcome {
    refusal(answer).unwrap_or_else(|| {
        assert!(answer.results().is_empty(), "rows came with a count alone: {answer}");
        let count = &answer.json()["count"];
        match count.as_array().is_some_and(Vec::is_empty) {
            true => Outcome::Count(0),
            false => Outcome::Count(count.as_u64().unwrap_or_else(|| panic!("no count: {answer}"))),
        }
    })
}

/// Asks every route that lists the class; they must agree.
fn list(scene: &Scene<'_>, parameters: &Value) -> Answer {
    let mut answers = scene.target.routes.iter().map(|route| scene.caller.ask(route, parameters));
    let first = answers.next().expect("a class has a route");
    for other in answers {
        assert_eq!((first.status, first.text()), (other.status, other.text()), "{first}\n{other}");
    }
    first
}

fn find(scene: &Scene<'_>) -> Outcome {
    objects(scene, &list(scene, &json!({})))
}

fn find_by_post(scene: &Scene<'_>) -> Outcome {
    objects(scene, &scene.caller.find_by_post(&scene.target.class, &json!({"limit": 100})))
}

fn find_with_keys(scene: &Scene<'_>) -> Outcome {
    objects(scene, &list(scene, &json!({"keys": scene.target.fields.join(",")})))
}

fn find_included(scene: &Scene<'_>) -> Outcome {
    objects(scene, &list(scene, &json!({"includeAll": true, "excludeKeys": "nothing"})))
}

fn find_in_order(scene: &Scene<'_>) -> Outcome {
    labels(scene, &list(scene, &json!({"order": "-createdAt,objectId", "limit": 50})))
}

fn find_in_pages(scene: &Scene<'_>) -> Outcome {
    let mut found = Vec::new();
    for skip in (0..).step_by(2) {
        let answer = list(scene, &json!({"order": "objectId", "skip": skip, "limit": 2}));
        if let Some(refused) = refusal(&answer) {
            return refused;
        }
        let page = answer.results();
        if page.is_empty() {
            return scene.rows(&found);
        }
        found.extend(page);
    }
    unreachable!("pages end")
}

fn find_by_ids(scene: &Scene<'_>) -> Outcome {
    let ids: Vec<&String> = scene.target.ids.values().collect();
    labels(scene, &list(scene, &json!({"where": {"objectId": {"$in": ids}}})))
}

fn find_by_or(scene: &Scene<'_>) -> Outcome {
    let parts: Vec<Value> = scene.target.ids.values().map(|id| json!({"objectId": id})).collect();
    labels(scene, &list(scene, &json!({"where": {"$or": parts}})))
}

fn count(scene: &Scene<'_>) -> Outcome {
    number(&list(scene, &json!({"count": 1, "limit": 0})))
}

fn find_and_count(scene: &Scene<'_>) -> Outcome {
    let answer = list(scene, &json!({"count": 1}));
    let rows = objects(scene, &answer);
    if let Outcome::Rows(rows) = &rows {
        let count = &answer.json()["count"];
        // Whether a class counts for whoever it does not list is told by `count`.
        assert!(*count == json!([]) || count.as_u64().is_some(), "{answer}");
        if scene.target.seen_by(scene.who).count(Op::Count)
            == scene.target.seen_by(scene.who).count(Op::Find)
            && *count != json!([])
        {
            assert_eq!(count.as_u64(), Some(rows.len() as u64), "{answer}");
        }
    }
    rows
}

fn where_secret(scene: &Scene<'_>) -> Outcome {
    labels(
        scene,
        &list(scene, &json!({"where": {"$or": [{"secret": "s"}, {"secret": {"$ne": "s"}}]}})),
    )
}

fn order_secret(scene: &Scene<'_>) -> Outcome {
    labels(scene, &list(scene, &json!({"order": "-secret"})))
}

fn where_secret2(scene: &Scene<'_>) -> Outcome {
    labels(scene, &list(scene, &json!({"where": {"secret2": {"$exists": true}}})))
}

/// Counts; the number is told apart from rows by the model, so labels are taken from the model's own count.
fn count_secret(scene: &Scene<'_>) -> Outcome {
    let answer = list(scene, &json!({"where": {"secret": "s"}, "count": 1, "limit": 0}));
    let number = number(&answer);
    let counted = scene.target.seen_by(scene.who).label_set(Op::Count);
    match counted {
        Ok(labels) if number == Outcome::Count(labels.len() as u64) => Outcome::Labels(labels),
        Ok(_) | Err(_) => number,
    }
}

/// What a single question came to.
fn single(answer: &Answer) -> Result<Value, i64> {
    match answer.is_refusal() {
        true => Err(answer.code().unwrap_or(i64::from(answer.status))),
        false => Ok(answer.json()),
    }
}

fn each<'a>(
    scene: &Scene<'a>,
    ask: impl Fn(&str) -> Result<Value, i64>,
) -> Vec<(&'a str, Result<Value, i64>)> {
    scene.target.ids.iter().map(|(label, id)| (*label, ask(id))).collect()
}

fn get(scene: &Scene<'_>) -> Outcome {
    let answers = each(scene, |id| {
        let mut answers = scene
            .target
            .routes
            .iter()
            .map(|route| single(&scene.caller.get(&format!("{route}/{id}"))));
        let first = answers.next().expect("a class has a route");
        answers.for_each(|other| {
            // The user's own route adds the token of the session that asks.
            let plain = |answer: &Result<Value, i64>| {
                let mut answer = answer.clone();
                if let Ok(Value::Object(members)) = &mut answer
                    && !scene.is_session()
                {
                    members.remove("sessionToken");
                }
                answer
            };
            assert_eq!(plain(&first), plain(&other), "two routes to {id}");
        });
        first
    });
    told(scene, answers)
}

/// A class refused with `not found` is refused for all rows.
fn told(scene: &Scene<'_>, answers: Vec<(&str, Result<Value, i64>)>) -> Outcome {
    let nothing = answers.iter().all(|(_, answer)| *answer == Err(super::model::OBJECT_NOT_FOUND));
    let refused = scene.target.seen_by(scene.who).reach(Op::Get).err();
    match refused {
        Some(super::model::OBJECT_NOT_FOUND) if nothing => {
            Outcome::Refused(super::model::OBJECT_NOT_FOUND)
        }
        _ => scene.singles(answers),
    }
}

fn get_by_post(scene: &Scene<'_>) -> Outcome {
    let class = &scene.target.class;
    let answers = each(scene, |id| {
        single(&scene.caller.post(&format!("/classes/{class}/{id}"), &json!({"_method": "GET"})))
    });
    told(scene, answers)
}

fn get_with_keys(scene: &Scene<'_>) -> Outcome {
    let class = &scene.target.class;
    let keys = json!({"keys": scene.target.fields.join(",")});
    let answers =
        each(scene, |id| single(&scene.caller.ask(&format!("/classes/{class}/{id}"), &keys)));
    told(scene, answers)
}

fn batch(scene: &Scene<'_>, paths: &[String]) -> Result<Vec<Value>, Outcome> {
    let requests: Vec<Value> = paths
        .iter()
        .map(|path| json!({"method": "GET", "path": format!("/parse{path}")}))
        .collect();
    let answer = scene.caller.post("/batch", &json!({"requests": requests}));
    match refusal(&answer) {
        Some(refused) => Err(refused),
        None => Ok(answer.json().as_array().expect("a list of answers").clone()),
    }
}

/// The answer of one entry of a batch.
fn entry(answer: &Value) -> Result<Value, i64> {
    match answer.get("success") {
        Some(success) => Ok(success.clone()),
        None => {
            Err(answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("no code: {answer}")))
        }
    }
}

fn get_in_batch(scene: &Scene<'_>) -> Outcome {
    let class = &scene.target.class;
    let paths: Vec<String> =
        scene.target.ids.values().map(|id| format!("/classes/{class}/{id}")).collect();
    match batch(scene, &paths) {
        Ok(answers) => {
            let answers = scene.target.ids.keys().copied().zip(answers.iter().map(entry)).collect();
            told(scene, answers)
        }
        Err(refused) => refused,
    }
}

fn find_in_batch(scene: &Scene<'_>) -> Outcome {
    match batch(scene, &[format!("/classes/{}", scene.target.class)]) {
        Ok(answers) => match entry(&answers[0]) {
            Ok(found) => scene.rows(found["results"].as_array().expect("results")),
            Err(code) => Outcome::Refused(code),
        },
        Err(refused) => refused,
    }
}

fn distinct(scene: &Scene<'_>) -> Outcome {
    let path = format!("/aggregate/{}", scene.target.class);
    let answer = scene.caller.ask(&path, &json!({"distinct": "objectId"}));
    refusal(&answer).unwrap_or_else(|| {
        let ids = answer.results();
        let ids = ids.iter().map(|id| id.as_str().expect("an id"));
        Outcome::Labels(ids.map(|id| scene.target.label_of(id)).collect())
    })
}

fn aggregate(scene: &Scene<'_>) -> Outcome {
    let path = format!("/aggregate/{}", scene.target.class);
    let pipeline = json!({"pipeline": [{"$sort": {"objectId": 1}}]});
    labels(scene, &scene.caller.ask(&path, &pipeline))
}

/// The full objects among what holders lead to.
fn led_to(scene: &Scene<'_>, answer: &Answer, field: &str) -> Outcome {
    refusal(answer).unwrap_or_else(|| {
        let holders = answer.results();
        let led: Vec<&Value> = holders.iter().filter_map(|holder| full(&holder[field])).collect();
        scene.rows(led)
    })
}

/// What stands in a pointer's place if it was followed. A pointer that was not tells nothing but itself.
fn full(value: &Value) -> Option<&Value> {
    match value["__type"].as_str() {
        Some("Object") => Some(value),
        Some("Pointer") => {
            assert_eq!(value.as_object().map(serde_json::Map::len), Some(3), "{value}");
            None
        }
        _ => None,
    }
}

fn include(scene: &Scene<'_>) -> Outcome {
    led_to(scene, &scene.caller.find(scene.holder().0, &json!({"include": "to"})), "to")
}

fn include_all(scene: &Scene<'_>) -> Outcome {
    led_to(scene, &scene.caller.find(scene.holder().0, &json!({"includeAll": true})), "to")
}

fn include_array(scene: &Scene<'_>) -> Outcome {
    let (class, whole) = scene.holder();
    let answer =
        scene.caller.ask(&format!("/classes/{class}/{whole}"), &json!({"include": "many"}));
    refusal(&answer).unwrap_or_else(|| {
        let whole = answer.json();
        scene.rows(whole["many"].as_array().expect("an array").iter().filter_map(full))
    })
}

fn include_one(scene: &Scene<'_>) -> Outcome {
    let (class, _) = scene.holder();
    let answers = each(scene, |id| {
        let to = pointer(&scene.target.class, id);
        let answer = scene.caller.find(class, &json!({"where": {"to": to}, "include": "to"}));
        if answer.is_refusal() {
            return Err(answer.code().expect("a code"));
        }
        full(&answer.results()[0]["to"]).cloned().ok_or(super::model::OBJECT_NOT_FOUND)
    });
    told(scene, answers)
}

fn held(scene: &Scene<'_>, filter: &Value) -> Outcome {
    let answer = scene.caller.find(scene.holder().0, &json!({"where": filter}));
    refusal(&answer).unwrap_or_else(|| scene.held(&answer.results()))
}

fn query(scene: &Scene<'_>) -> Value {
    json!({"className": scene.target.class, "where": {}})
}

fn in_query(scene: &Scene<'_>) -> Outcome {
    held(scene, &json!({"to": {"$inQuery": query(scene)}}))
}

fn not_in_query(scene: &Scene<'_>) -> Outcome {
    held(scene, &json!({"to": {"$notInQuery": query(scene)}}))
}

fn select(scene: &Scene<'_>) -> Outcome {
    let select = json!({"query": query(scene), "key": scene.target.label});
    held(scene, &json!({"name": {"$select": select}}))
}

fn dont_select(scene: &Scene<'_>) -> Outcome {
    let select = json!({"query": query(scene), "key": scene.target.label});
    held(scene, &json!({"name": {"$dontSelect": select}}))
}

fn count_in_query(scene: &Scene<'_>) -> Outcome {
    // Nobody in a list means those that point nowhere to the original on PostgreSQL; one holder does.
    let filter = json!({"to": {"$inQuery": query(scene)}, "name": {"$ne": "all"}});
    number(&scene.caller.find(scene.holder().0, &json!({"where": filter, "count": 1, "limit": 0})))
}

fn in_query_in_or(scene: &Scene<'_>) -> Outcome {
    let inside = json!({"to": {"$inQuery": query(scene)}});
    held(scene, &json!({"$or": [{"name": "no such name"}, {"$and": [inside]}]}))
}

fn in_query_on_secret(scene: &Scene<'_>) -> Outcome {
    let query = json!({"className": scene.target.class, "where": {"secret": "s"}});
    held(scene, &json!({"to": {"$inQuery": query}}))
}

/// One holder has the value of the field that all rows have: it is found if any row shows its own.
fn select_secret(scene: &Scene<'_>) -> Outcome {
    let select = json!({"word": {"$select": {"query": query(scene), "key": "secret"}}});
    let parameters = json!({"where": select, "count": 1, "limit": 0});
    number(&scene.caller.find(scene.holder().0, &parameters))
}

fn related_to(scene: &Scene<'_>) -> Value {
    let (class, whole) = scene.holder();
    json!({"$relatedTo": {"object": pointer(class, whole), "key": "items"}})
}

fn related(scene: &Scene<'_>) -> Outcome {
    objects(scene, &list(scene, &json!({"where": related_to(scene)})))
}

fn related_count(scene: &Scene<'_>) -> Outcome {
    number(&list(scene, &json!({"where": related_to(scene), "count": 1, "limit": 0})))
}
