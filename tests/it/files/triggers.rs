//! Triggers of files in cloud code.

use serde_json::json;

use super::{download, name_of, stored, upload};
use crate::support::{APP_ID, Caller, TestServer};

const CODE: &str = r#"
const seen = [];
Parse.Cloud.define('seen', () => seen);
Parse.Cloud.beforeSave(Parse.File, request => {
  const { file, fileSize } = request;
  seen.push(['beforeSave', file.name(), fileSize, file._metadata, file._tags, request.master]);
  const text = (name, text) => new Parse.File(name, { base64: Buffer.from(text).toString('base64') }, 'text/plain');
  switch (file.name()) {
    case 'deny.txt': throw new Parse.Error(400, 'denied');
    case 'deny-text.txt': throw 'just no';
    case 'other.txt': return text('another.txt', 'another content');
    case 'stored.txt': { const other = text('elsewhere.txt', ''); other._url = 'http://elsewhere.example/x'; return other; }
    case 'fetch.txt': return new Parse.File('x.txt', { uri: 'http://127.0.0.1:1/x' });
    case 'marked.txt': file.addMetadata('k', 'v'); file.addTag('t', 'v'); break;
    case 'odd.txt': return 5;
  }
});
Parse.Cloud.afterSave(Parse.File, ({ file, fileSize }) => {
  seen.push(['afterSave', file.name().replace(/^[0-9a-f]{32}_/, ''), fileSize, !!file.url()]);
  if (file.name().endsWith('late.txt')) throw new Parse.Error(555, 'too late');
});
Parse.Cloud.beforeDelete(Parse.File, ({ file }) => {
  seen.push(['beforeDelete', file.name().replace(/^[0-9a-f]{32}_/, ''), !!file.url()]);
  if (file.name().endsWith('keep.txt')) throw new Parse.Error(400, 'keep it');
});
Parse.Cloud.afterDelete(Parse.File, ({ file }) => { seen.push(['afterDelete', file.name().replace(/^[0-9a-f]{32}_/, '')]); });
Parse.Cloud.beforeFind(Parse.File, request => {
  if (request.file.name().endsWith('secret.txt') && !request.user && !request.master) throw new Parse.Error(400, 'secret');
  if (request.file.name().endsWith('text.txt')) throw 'text';
});
Parse.Cloud.afterFind(Parse.File, async request => {
  const name = request.file.name();
  if (name.endsWith('saved.txt')) request.forceDownload = true;
  if (name.endsWith('changed.txt')) {
    const base64 = Buffer.from('changed content').toString('base64');
    return { file: new Parse.File('changed.txt', { base64 }, 'text/plain') };
  }
});
"#;

/// A server with this code; everybody may upload.
fn server() -> Option<TestServer> {
    TestServer::with_cloud(CODE, &json!({"fileUpload": {"enableForPublic": true}}))
}

#[test]
fn before_save_refuses_and_changes() {
    let Some(server) = server() else { return };
    let public = server.public();
    let text = |name: &str| upload(&public, name, "text/plain", b"hello");
    let refused = text("deny.txt");
    refused.is_refused_with(&[400]);
    assert!(refused.text().contains("denied"), "{refused}");
    text("deny-text.txt").is_refused_with(&[130]);
    text("fetch.txt").is_refused_with(&[130]);
    let name = name_of(&text("other.txt").is(201));
    assert!(name.ends_with("_another.txt"), "{name}");
    assert_eq!(download(&server, &name).is(200).text(), "another content");
    let elsewhere = text("stored.txt").is(201).json();
    assert_eq!(elsewhere, json!({"name": "elsewhere.txt", "url": "http://elsewhere.example/x"}));
    let name = name_of(&text("marked.txt").is(201));
    assert_eq!(download(&server, &name).is(200).text(), "hello");
    let details = public.get(&format!("/files/{APP_ID}/metadata/{name}"));
    assert_eq!(details.json(), json!({"metadata": {"k": "v"}, "tags": {"t": "v"}}));
    let name = name_of(&text("odd.txt").is(201));
    assert_eq!(download(&server, &name).is(200).text(), "hello");
    text("late.txt").is_refused_with(&[555]);
    let seen = public.post("/functions/seen", &json!({})).json()["result"].clone();
    assert_eq!(seen[0], json!(["beforeSave", "deny.txt", 5, {}, {}, false]));
    assert!(
        seen.as_array().unwrap().contains(&json!(["afterSave", "another.txt", 15, true])),
        "{seen}"
    );
}

#[test]
fn deletes_are_heard_of() {
    let Some(server) = server() else { return };
    let keep = stored(&server.master(), "keep.txt", "text/plain", b"x");
    let gone = stored(&server.master(), "gone.txt", "text/plain", b"x");
    server.master().delete(&format!("/files/{keep}")).is_refused_with(&[400]);
    download(&server, &keep).is(200);
    server.master().delete(&format!("/files/{gone}")).is(200);
    download(&server, &gone).is(404);
    let seen = server.public().post("/functions/seen", &json!({})).json()["result"].clone();
    let seen: Vec<_> =
        seen.as_array().unwrap().iter().filter(|one| one.to_string().contains("Delete")).collect();
    assert_eq!(
        seen,
        [
            &json!(["beforeDelete", "keep.txt", true]),
            &json!(["beforeDelete", "gone.txt", true]),
            &json!(["afterDelete", "gone.txt"])
        ]
    );
}

/// What refuses a file refuses every part of it, and what is kept beside it.
#[test]
fn every_way_to_a_file_passes_its_triggers() {
    let Some(server) = server() else { return };
    let secret = stored(&server.master(), "secret.txt", "text/plain", b"secret");
    let path = format!("/files/{APP_ID}/{secret}");
    let details = format!("/files/{APP_ID}/metadata/{secret}");
    let browser = Caller::new(server.origin());
    for refused in [
        browser.get(&path),
        browser.get(&details),
        browser.with("Range", "bytes=0-2").get(&path),
        browser.with("If-None-Match", "*").get(&path),
        browser.send("HEAD", &format!("/parse{path}"), None),
    ] {
        assert_eq!(refused.status, 403, "{refused}");
        refused.hides("hello");
    }
    browser.get(&path).is_refused_with(&[400]);
    assert_eq!(server.master().get(&path).is(200).text(), "secret");
    assert_eq!(server.master().get(&path).header("cache-control"), Some("private"));
    let text = stored(&server.master(), "text.txt", "text/plain", b"x");
    download(&server, &text).is_refused_with(&[141]);
}

#[test]
fn after_find_changes_what_is_served() {
    let Some(server) = server() else { return };
    let saved = stored(&server.master(), "saved.txt", "text/plain", b"saved");
    let answer = download(&server, &saved).is(200);
    assert_eq!(answer.text(), "saved");
    assert!(answer.header("content-disposition").is_some_and(|it| it.starts_with("attachment")));
    let changed = stored(&server.master(), "changed.txt", "text/plain", b"x");
    assert_eq!(download(&server, &changed).is(200).text(), "changed content");
    let part = Caller::new(server.origin()).with("Range", "bytes=0-6");
    assert_eq!(part.get(&format!("/files/{APP_ID}/{changed}")).is(206).text(), "changed");
}

/// Cloud code saves, reads and destroys files with the SDK.
#[test]
fn cloud_code_uses_files() {
    let code = r#"
Parse.Cloud.define('round', async () => {
  const file = new Parse.File('a.txt', { base64: Buffer.from('from cloud code').toString('base64') }, 'text/plain');
  await file.save({ useMasterKey: true });
  const object = await new Parse.Object('Holder').save({ file }, { useMasterKey: true });
  const again = await new Parse.Query('Holder').get(object.id, { useMasterKey: true });
  const data = Buffer.from(await again.get('file').getData(), 'base64').toString();
  await again.get('file').destroy({ useMasterKey: true });
  return { data, name: again.get('file').name() };
});"#;
    let Some(server) = TestServer::with_cloud(code, &json!({})) else { return };
    let result =
        server.public().post("/functions/round", &json!({})).is(200).json()["result"].clone();
    assert_eq!(result["data"], "from cloud code");
    download(&server, result["name"].as_str().unwrap()).is(404);
}
