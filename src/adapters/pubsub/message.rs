//! Events as parse-server sends them from process to process (`parse-server:src/LiveQuery/ParseCloudCodePublisher.js`).
//! A member of our own says where an event stands; parse-server does not look at it.
//!
//! Who sends is believed as to what happened, and in nothing else: whatever a message holds, it is read within bounds or
//! refused.

use std::fmt;
use std::sync::Arc;

use super::{Event, Message, Position};
use crate::value::wire::{self, FileUrls};
use crate::value::{Cell, ClassName, FieldName, Json, Members, ObjectId, RowView, Stored, json};

/// The longest message that is looked at. An object has 20 MiB at most unless the options say more, and an event
/// has it twice.
const BYTES_MAX: usize = 64 << 20;
/// Names longer than this are none.
const NAME_BYTES_MAX: usize = 256;
const SERVER_BYTES_MAX: usize = 64;
/// The largest number that every reader of JSON reads as it was written.
const NUMBER_MAX: u64 = 1 << 53;

/// Our own member.
const OURS: &str = "parsimony";

/// What a message is about; it stands behind the application id in the name of the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Saved,
    Deleted,
    Forget,
}

impl Topic {
    pub(super) const ALL: [Self; 3] = [Self::Saved, Self::Deleted, Self::Forget];

    pub(super) fn channel(self, app_id: &str) -> String {
        let name = match self {
            Self::Saved => "afterSave",
            Self::Deleted => "afterDelete",
            Self::Forget => "clearCache",
        };
        format!("{app_id}{name}")
    }
}

/// What other processes want to know of the class of an event.
#[derive(Debug)]
pub struct Described {
    /// What the class says of its callers, in wire form.
    pub permissions: Json,
    /// Its relation fields, and the classes that they lead to.
    pub relations: Vec<(FieldName, ClassName)>,
}

impl From<Json> for Described {
    fn from(permissions: Json) -> Self {
        Self { permissions, relations: Vec::new() }
    }
}

/// The message that tells of an event; nothing if nothing became of anything.
pub(super) fn encode(
    event: &Event,
    described: &Described,
    files: &FileUrls,
) -> Option<(Topic, Vec<u8>)> {
    let row =
        |stored: &Option<Stored>| stored.as_ref().filter(|stored| !stored.is_empty()).cloned();
    let (before, after) = (row(&event.before), row(&event.after));
    let (topic, current, original) = match (&before, &after) {
        (before, Some(after)) => (Topic::Saved, after, before.as_ref()),
        (Some(before), None) => (Topic::Deleted, before, None),
        (None, None) => return None,
    };
    let mut out = start(&event.position.server);
    out.extend_from_slice(b",\"number\":");
    out.extend_from_slice(event.position.number.to_string().as_bytes());
    out.extend_from_slice(b"},\"currentParseObject\":");
    write_object(current.row(0), &event.class, &described.relations, files, &mut out);
    if let Some(original) = original {
        out.extend_from_slice(b",\"originalParseObject\":");
        write_object(original.row(0), &event.class, &described.relations, files, &mut out);
    }
    out.extend_from_slice(b",\"classLevelPermissions\":");
    described.permissions.write(&mut out);
    out.push(b'}');
    Some((topic, out))
}

/// The message that says that what is known of a user is void.
pub(super) fn encode_forget(user: &ObjectId, server: &str) -> Vec<u8> {
    let mut out = start(server);
    out.extend_from_slice(b"},\"userId\":");
    json::write_string(user, &mut out);
    out.push(b'}');
    out
}

/// What all messages of a process begin with, so that it knows its own without reading them.
pub(super) fn start(server: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(OURS.as_bytes());
    out.extend_from_slice(b"\":{\"server\":");
    json::write_string(server, &mut out);
    out
}

fn write_object(
    row: RowView<'_>,
    class: &ClassName,
    relations: &[(FieldName, ClassName)],
    files: &FileUrls,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (at, column) in row.layout().columns.iter().enumerate() {
        let cell = row.cell(at);
        if matches!(cell, Cell::Null) || is_internal(&column.name) {
            continue;
        }
        json::write_string(&column.name, out);
        out.push(b':');
        wire::write_cell(cell, &column.form, files, out);
        out.push(b',');
    }
    for (name, target) in relations {
        json::write_string(name, out);
        out.extend_from_slice(b":{\"__type\":\"Relation\",\"className\":");
        json::write_string(target, out);
        out.extend_from_slice(b"},");
    }
    out.extend_from_slice(b"\"__type\":\"Object\",\"className\":");
    json::write_string(class, out);
    out.push(b'}');
}

/// What no other process is told: nobody may ask for it.
fn is_internal(column: &str) -> bool {
    column.starts_with('_') || column == "password"
}

/// What another process says.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Message(Message),
    Forget(ObjectId),
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    TooLong,
    NotJson,
    NoObject,
    NoClass,
    NoId,
    TwoObjects,
    NoPosition,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "it is too long",
            Self::NotJson => "it is no JSON object",
            Self::NoObject => "it holds no object",
            Self::NoClass => "its object has no class",
            Self::NoId => "it names no id",
            Self::TwoObjects => "it is about two objects",
            Self::NoPosition => "it does not say where it stands",
        })
    }
}

/// Reads a message of another process.
pub(super) fn decode(topic: Topic, text: &[u8]) -> Result<Heard, Refused> {
    if text.len() > BYTES_MAX {
        return Err(Refused::TooLong);
    }
    let Ok(Json::Object(mut members)) = Json::parse(text) else { return Err(Refused::NotJson) };
    if topic == Topic::Forget {
        let user = members.get("userId").and_then(Json::as_str);
        return Ok(Heard::Forget(name(user).map(ObjectId::from).ok_or(Refused::NoId)?));
    }
    let position = members.get(OURS).map(position).transpose()?;
    let (class, id, current) =
        object(members.swap_remove("currentParseObject"))?.ok_or(Refused::NoObject)?;
    let original = match topic {
        Topic::Saved => object(members.swap_remove("originalParseObject"))?,
        Topic::Deleted | Topic::Forget => None,
    };
    if original.as_ref().is_some_and(|other| (&other.0, &other.1) != (&class, &id)) {
        return Err(Refused::TwoObjects);
    }
    let original = original.map(|(_, _, members)| members);
    let (before, after) = match topic {
        Topic::Saved => (original, Some(current)),
        Topic::Deleted | Topic::Forget => (Some(current), None),
    };
    Ok(Heard::Message(Message { class, before, after, position }))
}

/// An object with its class and its id.
fn object(json: Option<Json>) -> Result<Option<(ClassName, String, Members)>, Refused> {
    let mut members = match json {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Object(members)) => members,
        Some(_) => return Err(Refused::NoObject),
    };
    members.shift_remove("__type");
    let class = members.shift_remove("className");
    let class = name(class.as_ref().and_then(Json::as_str)).map(ClassName::from);
    let id = name(members.get("objectId").and_then(Json::as_str)).map(str::to_owned);
    Ok(Some((class.ok_or(Refused::NoClass)?, id.ok_or(Refused::NoId)?, members)))
}

fn position(json: &Json) -> Result<Position, Refused> {
    let server = json.get("server").and_then(Json::as_str);
    let server = server.filter(|name| is_server_name(name)).ok_or(Refused::NoPosition)?;
    let number = json.get("number").and_then(Json::as_number).ok_or(Refused::NoPosition)?;
    if number < 1.0 || number > NUMBER_MAX as f64 || number.fract() != 0.0 {
        return Err(Refused::NoPosition);
    }
    Ok(Position { server: Arc::from(server), number: number as u64 })
}

/// Names of processes are told to subscribers with every event.
fn is_server_name(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= SERVER_BYTES_MAX && text.bytes().all(is_fine)
}

fn name(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty() && text.len() <= NAME_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Column, Date, Form, GeoPoint, Layout, StoredBuilder};

    fn files() -> FileUrls {
        FileUrls { prefix: "http://h/parse/files/app/".to_owned() }
    }

    fn layout() -> Arc<Layout> {
        let column = |name: &str, form: Form| Column { name: FieldName::from(name), form };
        Arc::new(Layout {
            class: ClassName::from("Post"),
            columns: vec![
                column("objectId", Form::Plain),
                column("createdAt", Form::Timestamp),
                column("when", Form::Date),
                column("owner", Form::Pointer(ClassName::from("_User"))),
                column("picture", Form::File),
                column("place", Form::GeoPoint),
                column("list", Form::Plain),
                column("title", Form::Plain),
                column("_hashed_password", Form::Plain),
                column("n", Form::Plain),
            ],
        })
    }

    fn row(title: &str, n: f64) -> Stored {
        let date = Date::parse("2020-01-02T03:04:05.006Z").unwrap();
        let mut builder = StoredBuilder::new(layout());
        builder.push(Cell::Text("id1"));
        builder.push(Cell::Date(date));
        builder.push(Cell::Date(date));
        builder.push(Cell::Text("u1"));
        builder.push(Cell::Text("a b.png"));
        builder.push(Cell::Point(GeoPoint { latitude: 1.5, longitude: -2.0 }));
        builder.push(Cell::Json(r#"[1,{"a":null}]"#));
        builder.push(Cell::Text(title));
        builder.push(Cell::Text("hush"));
        builder.push(if n.is_nan() { Cell::Null } else { Cell::Number(n) });
        builder.finish()
    }

    fn event(before: Option<Stored>, after: Option<Stored>, number: u64) -> Event {
        Event {
            class: ClassName::from("Post"),
            id: ObjectId::from("id1"),
            before,
            after,
            position: Position { server: Arc::from("me"), number },
        }
    }

    fn described() -> Described {
        Described {
            permissions: Json::parse(br#"{"find":{"*":true}}"#).unwrap(),
            relations: vec![(FieldName::from("tags"), ClassName::from("Tag"))],
        }
    }

    fn text(event: &Event) -> (Topic, String) {
        let (topic, message) = encode(event, &described(), &files()).unwrap();
        (topic, String::from_utf8(message).unwrap())
    }

    #[test]
    fn an_event_is_written_as_parse_server_writes_it() {
        let (topic, message) = text(&event(None, Some(row("t\"", f64::NAN)), 7));
        assert_eq!(topic, Topic::Saved);
        let expected = concat!(
            r#"{"parsimony":{"server":"me","number":7},"currentParseObject":{"objectId":"id1","#,
            r#""createdAt":"2020-01-02T03:04:05.006Z","when":{"__type":"Date","iso":"2020-01-02T03:04:05.006Z"},"#,
            r#""owner":{"__type":"Pointer","className":"_User","objectId":"u1"},"#,
            r#""picture":{"__type":"File","name":"a b.png","url":"http://h/parse/files/app/a%20b.png"},"#,
            r#""place":{"__type":"GeoPoint","latitude":1.5,"longitude":-2},"list":[1,{"a":null}],"#,
            r#""title":"t\"","tags":{"__type":"Relation","className":"Tag"},"#,
            r#""__type":"Object","className":"Post"},"classLevelPermissions":{"find":{"*":true}}}"#,
        );
        assert_eq!(message, expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let rows = [None, Some(row("a", 1.0)), Some(row("b\u{1}é😀", f64::NAN))];
        let mut number = 0;
        for before in &rows {
            for after in rows.iter().filter(|after| before.is_some() || after.is_some()) {
                number += 1;
                let event = event(before.clone(), after.clone(), number);
                let (topic, message) = encode(&event, &described(), &files()).unwrap();
                let Ok(Heard::Message(heard)) = decode(topic, &message) else { panic!() };
                assert_eq!(heard.class, "Post");
                assert_eq!(heard.position, Some(event.position));
                for (heard, stored) in [(heard.before, before), (heard.after, after)] {
                    assert_eq!(heard.is_some(), stored.is_some());
                    let (Some(heard), Some(stored)) = (heard, stored) else { continue };
                    let view = stored.row(0);
                    let Some(Cell::Text(title)) = view.field("title") else { panic!() };
                    assert_eq!(heard["title"].as_str(), Some(title));
                    assert_eq!(heard["createdAt"].as_str(), Some("2020-01-02T03:04:05.006Z"));
                    assert_eq!(heard.contains_key("n"), view.field("n") != Some(Cell::Null));
                    assert!(!heard.contains_key("_hashed_password"));
                    assert!(!heard.contains_key("__type") && !heard.contains_key("className"));
                }
            }
        }
        assert_eq!(number, 8);
        assert!(encode(&event(None, None, 1), &described(), &files()).is_none());
    }

    #[test]
    fn a_user_to_forget() {
        let message = encode_forget(&ObjectId::from("u1"), "me");
        assert!(message.starts_with(&start("me")) && !message.starts_with(&start("m")));
        assert_eq!(decode(Topic::Forget, &message), Ok(Heard::Forget(ObjectId::from("u1"))));
    }

    /// Messages that parse-server 9.10.0 published.
    fn recorded(name: &str) -> Vec<(String, String)> {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/redis");
        let text = std::fs::read(format!("{place}/{name}.json")).unwrap();
        let messages = Json::parse(&text).unwrap();
        let message = |entry: &Json| {
            let member = |name: &str| entry.get(name).and_then(Json::as_str).unwrap().to_owned();
            (member("channel"), member("message"))
        };
        messages.as_array().unwrap().iter().map(message).collect()
    }

    fn topic_of(channel: &str) -> Topic {
        Topic::ALL.into_iter().find(|topic| topic.channel("app") == channel).unwrap()
    }

    #[test]
    fn all_that_parse_server_publishes_is_read() {
        for name in ["objects", "users", "roles"] {
            for (channel, message) in recorded(name) {
                let topic = topic_of(&channel);
                let heard = decode(topic, message.as_bytes()).unwrap();
                let expected = Json::parse(message.as_bytes()).unwrap();
                let Heard::Message(heard) = heard else {
                    assert_eq!(topic, Topic::Forget);
                    continue;
                };
                assert_eq!(heard.position, None);
                let (before, after) = match topic {
                    Topic::Saved => ("originalParseObject", Some("currentParseObject")),
                    Topic::Deleted | Topic::Forget => ("currentParseObject", None),
                };
                let as_sent = |members: Option<Members>| {
                    members.map(|mut members| {
                        members.insert("__type".to_owned(), Json::from("Object"));
                        members.insert("className".to_owned(), Json::from(heard.class.as_str()));
                        Json::Object(members).to_text()
                    })
                };
                let sent = |name: &str| expected.get(name).map(Json::to_text);
                assert_eq!(as_sent(heard.before), sent(before), "{message}");
                assert_eq!(as_sent(heard.after), after.and_then(sent), "{message}");
            }
        }
    }

    fn check_refused(topic: Topic, message: &str, expected: Refused) {
        assert_eq!(decode(topic, message.as_bytes()), Err(expected), "{message}");
    }

    #[test]
    fn whatever_else_comes_is_refused() {
        use Topic::{Deleted, Forget, Saved};
        check_refused(Saved, "", Refused::NotJson);
        check_refused(Saved, "[]", Refused::NotJson);
        check_refused(Saved, "{bad", Refused::NotJson);
        check_refused(Saved, &"[".repeat(100_000), Refused::NotJson);
        check_refused(Saved, &format!("{{\"a\":{}", "{\"a\":".repeat(5_000)), Refused::NotJson);
        check_refused(Saved, "{}", Refused::NoObject);
        check_refused(Saved, r#"{"currentParseObject":null}"#, Refused::NoObject);
        check_refused(Deleted, r#"{"currentParseObject":[]}"#, Refused::NoObject);
        check_refused(Saved, r#"{"currentParseObject":{"objectId":"a"}}"#, Refused::NoClass);
        check_refused(Saved, r#"{"currentParseObject":{"className":"A"}}"#, Refused::NoId);
        check_refused(
            Saved,
            r#"{"currentParseObject":{"className":"A","objectId":5}}"#,
            Refused::NoId,
        );
        let of = |ours: &str, original: &str| {
            format!(
                r#"{{"parsimony":{ours},"currentParseObject":{{"className":"A","objectId":"a"}},"originalParseObject":{original}}}"#
            )
        };
        let other = r#"{"className":"A","objectId":"b"}"#;
        check_refused(Saved, &of(r#"{"server":"s","number":1}"#, other), Refused::TwoObjects);
        for ours in [
            "null",
            "{}",
            r#"{"server":"s"}"#,
            r#"{"server":"","number":1}"#,
            r#"{"server":"a~b","number":1}"#,
            r#"{"server":"a.1","number":1}"#,
            r#"{"server":"s","number":0}"#,
            r#"{"server":"s","number":1.5}"#,
            r#"{"server":"s","number":1e300}"#,
            r#"{"server":"s","number":-1}"#,
            r#"{"server":"s","number":"1"}"#,
        ] {
            check_refused(Saved, &of(ours, "null"), Refused::NoPosition);
        }
        let long = format!(r#"{{"server":"{}","number":1}}"#, "s".repeat(65));
        check_refused(Saved, &of(&long, "null"), Refused::NoPosition);
        check_refused(Forget, r#"{"userId":""}"#, Refused::NoId);
        check_refused(Forget, r#"{"userId":{"$ne":1}}"#, Refused::NoId);
        assert_eq!(decode(Saved, &[0xff, 0xfe]), Err(Refused::NotJson));
        assert_eq!(decode(Saved, &vec![b' '; BYTES_MAX + 1]), Err(Refused::TooLong));
    }
}
