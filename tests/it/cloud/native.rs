//! Cloud code in Rust, and the API for the program that embeds the server.

use parsimony::{
    Call, Changes, Code, Date, Deletion, Error, Found, Login, Object, Pointer, Query, Result, Save,
    Search, Server,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::embedded::Embedded;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Deserialize)]
struct Numbers {
    numbers: Vec<f64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mean {
    how_many: usize,
    mean: f64,
}

async fn mean(call: Call<Numbers>) -> Result<Mean> {
    let numbers = call.params.numbers;
    if numbers.is_empty() {
        return Err(Error::custom(9001, "nothing has no mean"));
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    Ok(Mean { how_many: numbers.len(), mean })
}

/// Fails with an error that is none of the server's.
async fn break_off(_: Call<Value>) -> Result<(), BoxError> {
    let number: i32 = "secret text".parse()?;
    Err(Box::new(Error::custom(9002, number.to_string())))
}

/// Fails with an error of the server, boxed.
async fn refuse(_: Call<Value>) -> Result<(), BoxError> {
    Err(Error::new(Code::ObjectNotFound, "not there"))?
}

async fn ping(_: Call<()>) -> Result<&'static str> {
    Ok("pong")
}

async fn who(call: Call<Value>) -> Result<Value> {
    let caller = &call.caller;
    Ok(json!({
        "master": caller.is_master(),
        "user": caller.user().map(|user| user.id().to_owned()),
        "header": caller.header("x-custom"),
        "name": &*call.name,
    }))
}

#[test]
fn functions_have_types() {
    let server = Embedded::start(|server| {
        server
            .function("mean", mean)
            .function("break", break_off)
            .function("refuse", refuse)
            .function("ping", ping)
            .function("who.am.i", who)
    });
    let caller = server.public();
    let call = |name: &str, params: Value| caller.post(&format!("/functions/{name}"), &params);
    let answer = call("mean", json!({"numbers": [1, 2, 3]})).is(200).json();
    assert_eq!(answer.to_string(), r#"{"result":{"howMany":3,"mean":2}}"#);
    let answer = call("mean", json!({"numbers": []})).is(400).json();
    assert_eq!(answer, json!({"code": 9001, "error": "nothing has no mean"}));
    let misfit = call("mean", json!({"numbers": "many"})).is(400);
    assert_eq!(misfit.code(), Some(142));
    assert!(misfit.text().contains("expected a sequence"), "{}", misfit.text());
    let broken = call("break", json!({})).is(400).json();
    assert_eq!(broken, json!({"code": 141, "error": "Script failed."}));
    assert_eq!(call("refuse", json!({})).is(404).code(), Some(101));
    assert_eq!(call("nothing", json!({})).is(400).code(), Some(141));
    assert_eq!(call("ping", json!({})).is(200).json(), json!({"result": "pong"}));
    assert_eq!(call("ping", json!({"a": 1})).is(200).json(), json!({"result": "pong"}));

    let mine = caller.with("X-Custom", "yes").post("/functions/who.am.i", &json!({})).json();
    let expected = json!({"master": false, "user": null, "header": "yes", "name": "who.am.i"});
    assert_eq!(mine["result"], expected);
    let master = server.master().post("/functions/who.am.i", &json!({})).json();
    assert_eq!(master["result"]["master"], true);
    server.stop();
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Article {
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author: Option<Pointer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Date>,
    #[serde(default)]
    views: i64,
}

fn article(title: &str) -> Article {
    Article { title: title.to_owned(), author: None, published: None, views: 0 }
}

#[test]
fn the_api_without_http() {
    let server = Embedded::start(|server| server.function("mean", mean));
    let api = server.api();
    server.wait(async {
        let published = Date::parse("2024-05-01T10:00:00.000Z");
        let author = Some(Pointer::new("Author", "a1"));
        let whole = Article { author, published, ..article("Hello") };
        let created = api.create("Article", &whole).await.unwrap();
        let read: Object<Article> = api.get("Article", &created.id).await.unwrap();
        assert_eq!((&read.fields, read.id == created.id), (&whole, true));
        assert_eq!(read.created_at, created.created_at);

        let increment = json!({"views": {"__op": "Increment", "amount": 2}});
        api.update("Article", &created.id, &increment).await.unwrap();
        api.create("Article", &article("A, B & C?")).await.unwrap();
        let query = Query::of("Article").filter(json!({"views": {"$gt": 1}}));
        let found: Vec<Object<Article>> = api.find(&query).await.unwrap();
        assert_eq!(found.iter().map(|one| one.fields.views).collect::<Vec<_>>(), [2]);
        let special = Query::of("Article").filter(json!({"title": "A, B & C?"}));
        let special: Option<Article> = api.first(&special).await.unwrap();
        assert_eq!(special.unwrap().title, "A, B & C?");
        assert_eq!(api.count(&Query::of("Article")).await.unwrap(), 2);
        let titles = Query::of("Article").order("-title").limit(1).keys("title");
        let titles: Vec<Value> = api.find(&titles).await.unwrap();
        assert_eq!(titles[0]["title"], "Hello");
        assert_eq!(titles[0].get("views"), None);

        api.delete("Article", &created.id).await.unwrap();
        let gone = api.get::<Article>("Article", &created.id).await.unwrap_err();
        assert_eq!((gone.number(), gone.status()), (101, 404));
        let result: Value = api.call("mean", &json!({"numbers": [4]})).await.unwrap();
        assert_eq!(result["mean"], 4);
        let failed = api.call::<_, Value>("mean", &json!({"numbers": []})).await.unwrap_err();
        assert_eq!((failed.number(), failed.text()), (9001, "nothing has no mean"));
    });
    server.stop();
}

#[test]
fn the_api_is_somebodys() {
    let server = Embedded::start(|server| server);
    let permissions = json!({"find": {}, "get": {}, "create": {"requiresAuthentication": true}});
    let class = json!({"fields": {"s": {"type": "String"}}, "classLevelPermissions": permissions});
    server.master().post("/schemas/Closed", &class).is(200);
    let api = server.api();
    server.wait(async {
        let user = json!({"username": "ann", "password": "pw"});
        let ann: Value = api.request("POST", "/users", Some(&user)).await.unwrap();
        let ann = api.session(ann["sessionToken"].as_str().unwrap());
        let fields = json!({"s": "x"});
        assert!(api.create("Closed", &fields).await.is_err());
        ann.create("Closed", &fields).await.unwrap();
        let all = Query::of("Closed");
        assert_eq!(ann.find::<Value>(&all).await.unwrap_err().number(), 119);
        assert_eq!(ann.public().find::<Value>(&all).await.unwrap_err().number(), 119);
        assert_eq!(ann.master().find::<Value>(&all).await.unwrap().len(), 1);
        let stranger = api.session("r:nobody").find::<Value>(&all).await.unwrap_err();
        assert_eq!(stranger.number(), 209);
    });
    server.stop();
}

async fn shape(save: Save) -> Result<Changes> {
    let article: Article = save.object()?;
    if article.title.is_empty() {
        return Err(Error::new(Code::ValidationError, "a title, please"));
    }
    let before: Option<Article> = save.original()?;
    assert_eq!(before.is_none(), save.is_new());
    let changes = Changes::none().set("slug", article.title.to_lowercase().replace(' ', "-"));
    Ok(match before {
        Some(_) if save.changes("title") => changes.increment("revision", 1.0),
        Some(_) | None => changes,
    })
}

async fn count_saves(save: Save) -> Result<()> {
    let saved: Value = save.object()?;
    let note = json!({"of": save.id(), "slug": saved["slug"]});
    save.api().create("Note", &note).await.map(|_| ())
}

async fn keep_pinned(deletion: Deletion) -> Result<()> {
    let fields: Value = deletion.object()?;
    match fields["title"] == "pinned" {
        true => Err(Error::new(Code::OperationForbidden, "it is pinned")),
        false => Ok(()),
    }
}

async fn hide_drafts(search: Search) -> Result<Query> {
    let Search { query, caller, .. } = search;
    if caller.is_master() {
        return Ok(query);
    }
    let conditions = query.conditions();
    Ok(query.filter(json!({"$and": [conditions, {"title": {"$ne": "draft"}}]})))
}

async fn shout(found: Found<Value>) -> Result<Vec<Value>> {
    let mut objects = found.objects;
    for object in &mut objects {
        object["title"] = json!(object["title"].as_str().unwrap_or_default().to_uppercase());
    }
    Ok(objects)
}

#[test]
fn triggers_have_types() {
    let server = Embedded::start(|server| {
        server
            .before_save("Article", shape)
            .after_save("Article", count_saves)
            .before_delete("Article", keep_pinned)
            .before_find("Article", hide_drafts)
            .after_find("Loud", shout)
    });
    let caller = server.public();
    let answer = caller.post("/classes/Article", &json!({"title": ""})).is(400).json();
    assert_eq!(answer, json!({"code": 142, "error": "a title, please"}));
    let made = caller.post("/classes/Article", &json!({"title": "Hello World"})).is(201).json();
    assert_eq!(made["slug"], "hello-world");
    let path = format!("/classes/Article/{}", made["objectId"].as_str().unwrap());
    let changed = caller.put(&path, &json!({"title": "pinned"})).is(200).json();
    assert_eq!((&changed["slug"], &changed["revision"]), (&json!("pinned"), &json!(1)));
    let notes = caller.find("Note", &json!({"order": "createdAt"})).is(200);
    assert_eq!(notes.each("slug"), ["hello-world", "pinned"]);
    assert_eq!(caller.delete(&path).is(400).code(), Some(119));

    caller.create("Article", &json!({"title": "draft"}));
    assert_eq!(caller.find("Article", &json!({})).each("title"), ["pinned"]);
    assert_eq!(server.master().find("Article", &json!({})).results().len(), 2);
    let asked = json!({"where": {"title": "draft"}});
    assert_eq!(caller.find("Article", &asked).results().len(), 0);

    caller.create("Loud", &json!({"title": "quiet"}));
    assert_eq!(caller.find("Loud", &json!({})).each("title"), ["QUIET"]);
    server.stop();
}

async fn keep_out(login: Login) -> Result<()> {
    let user: Value = login.user.fields()?;
    match user["username"] == "mallory" {
        true => Err(Error::custom(9100, "not you")),
        false => Ok(()),
    }
}

async fn welcome(login: Login) -> Result<()> {
    let visit = json!({"by": login.user.id()});
    login.api().master().create("Visit", &visit).await.map(|_| ())
}

#[test]
fn who_comes_in() {
    let server = Embedded::start(|server| server.before_login(keep_out).after_login(welcome));
    let caller = server.public();
    let user = |name: &str| json!({"username": name, "password": "pw"});
    let ann = caller.post("/users", &user("ann")).is(201).json()["objectId"].clone();
    caller.post("/users", &user("mallory")).is(201);
    caller.post("/login", &user("ann")).is(200);
    assert_eq!(caller.post("/login", &user("mallory")).is(400).code(), Some(9100));
    assert_eq!(server.master().find("Visit", &json!({})).each("by"), [ann]);
    server.stop();
}

#[test]
fn a_part_of_a_larger_application() {
    let server = Embedded::start(|server| server.option("mountPath", "/api/parse"));
    assert_eq!(server.nobody().send("GET", "/", None).is(200).text(), "a page of the application");
    server.nobody().send("GET", "/nothing", None).is(404);
    let caller = server.public();
    caller.send("POST", "/api/parse/classes/Thing", Some(b"{\"a\":1}")).is(201);
    let data = caller.graphql("{ things { edges { node { a } } } }").data("/things/edges/0/node");
    assert_eq!(data, json!({"a": 1}));
    let deep = caller.send("GET", "/api/parse/no/such/path", None).is(404);
    assert!(deep.text().contains("Cannot GET /api/parse/no/such/path"), "{}", deep.text());
    server.stop();
}

#[test]
fn a_server_says_what_is_wrong_with_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let check = |builder: parsimony::ServerBuilder, expected: &str| {
        let error = runtime.block_on(builder.start()).unwrap_err();
        assert!(error.text().contains(expected), "{}", error.text());
    };
    let builder = || Server::builder().app_id("a").master_key("m").database("sqlite::memory:");
    check(builder().option("maxLimmit", 1), "did you mean `maxLimit`?");
    check(builder().option("maxLimit", 0).option("port", "x"), "maxLimit");
    check(builder().function("mean", mean).function("mean", mean), "function mean is added twice");
}
