//! The words of the host protocol: questions to bytes, answers to types.

mod live;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::connection::Failure;
use crate::cloud::TriggerKind;
use crate::cloud::hook::{
    Asker, FileState, FunctionRequest, HostValue, JobRequest, ObjectAnswer, ObjectState, Subject,
    TriggerAnswer, TriggerRequest,
};
use crate::value::{Json, Members, ObjectId, json};

pub(in crate::cloud) use live::write_notice;

/// Writes one JSON object, member by member.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        json::write_string(name, self.out);
        self.out.push(b':');
        self.out
    }

    fn text(&mut self, name: &str, text: &str) {
        json::write_string(text, self.name(name));
    }

    fn flag(&mut self, name: &str, flag: bool) {
        self.name(name).extend_from_slice(if flag { b"true" } else { b"false" });
    }

    fn json(&mut self, name: &str, value: &Json) {
        value.write(self.name(name));
    }

    fn members(&mut self, name: &str, members: &Members) {
        write_members(members, self.name(name));
    }

    fn end(self) {
        self.out.push(b'}');
    }
}

fn write_members(members: &Members, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    for (name, value) in members {
        object.json(name, value);
    }
    object.end();
}

/// What is asked of a host.
pub(in crate::cloud) enum Call<'a> {
    /// A function, or its validator.
    Function(&'a FunctionRequest),
    /// A trigger, or its validator.
    Trigger(&'a TriggerRequest),
    /// A job.
    Job(&'a JobRequest),
}

impl Call<'_> {
    /// Writes the parameters of the call of a handler.
    pub(in crate::cloud) fn write(&self, handler: &str, out: &mut Vec<u8>) {
        let mut call = Object::begin(out);
        call.text("handler", handler);
        match self {
            Self::Function(request) => {
                call.text("kind", "function");
                call.text("name", &request.name);
                write_function(request, call.name("request"));
            }
            Self::Trigger(request) => {
                call.text("kind", "trigger");
                call.text("type", request.kind.name());
                call.text("className", request.class.as_str());
                write_trigger(request, call.name("request"));
            }
            Self::Job(request) => {
                call.text("name", &request.name);
                write_job(request, call.name("request"));
            }
        }
        call.end();
    }
}

fn write_asker(asker: &Asker, request: &mut Object<'_>) {
    request.flag("master", asker.master);
    if let Some(user) = &asker.user {
        write_state(user, request.name("user"));
    }
    if let Some(installation) = &asker.installation_id {
        request.text("installationId", installation);
    }
    request.members("headers", &asker.headers);
    request.text("ip", &asker.ip);
    if !asker.context.is_null() {
        request.json("context", &asker.context);
    }
}

fn write_function(request: &FunctionRequest, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    write_asker(&request.asker, &mut object);
    object.text("functionName", &request.name);
    object.members("params", &request.params);
    object.end();
}

fn write_job(request: &JobRequest, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("jobName", &request.name);
    object.text("jobId", &request.job_id);
    object.members("params", &request.params);
    object.members("headers", &request.headers);
    object.text("ip", &request.ip);
    object.end();
}

fn write_trigger(request: &TriggerRequest, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    write_asker(&request.asker, &mut object);
    object.text("triggerName", request.kind.name());
    match &request.subject {
        Subject::Object { object: state, original } => {
            // An object that was just made did not exist before, though it has an id now.
            let saves = [TriggerKind::BeforeSave, TriggerKind::AfterSave];
            let existed = saves.contains(&request.kind).then_some(original.is_some());
            write_known_state(state, existed, object.name("object"));
            if let Some(original) = original {
                write_state(original, object.name("original"));
            }
        }
        Subject::Query { query, count, is_get } => {
            write_query(request, query, object.name("query"));
            object.flag("count", *count);
            object.flag("isGet", *is_get);
        }
        Subject::Objects { objects, query, count, is_get } => {
            let out = object.name("objects");
            out.push(b'[');
            for (at, state) in objects.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_state(state, out);
            }
            out.push(b']');
            write_query(request, query, object.name("query"));
            object.flag("count", *count);
            object.flag("isGet", *is_get);
        }
        Subject::File { file, size } => {
            write_file(file, object.name("file"));
            if let Some(size) = size {
                json::write_number(*size as f64, object.name("fileSize"));
            }
            if request.kind == TriggerKind::AfterFind {
                object.flag("forceDownload", file.force_download);
                object.members("responseHeaders", &file.response_headers);
            }
        }
        Subject::Config { now, before } => {
            write_config(now, object.name("object"));
            write_config(before, object.name("original"));
        }
        Subject::Connection(scene) => live::write_scene("connect", scene, request, &mut object),
        Subject::Subscription { scene, asked, query } => {
            live::write_scene("subscribe", scene, request, &mut object);
            if let Some(asked) = asked {
                object.text("op", asked.op());
                json::write_number(asked.number, object.name("requestId"));
            }
            write_query(request, query, object.name("query"));
        }
        Subject::Event(event) => live::write_event(event, request, &mut object),
    }
    object.end();
}

fn write_query(request: &TriggerRequest, query: &Members, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("className", request.class.as_str());
    object.members("json", query);
    object.end();
}

fn write_config(attributes: &Members, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("className", crate::cloud::registry::CONFIG);
    object.members("attributes", attributes);
    object.end();
}

fn write_state(state: &ObjectState, out: &mut Vec<u8>) {
    write_known_state(state, None, out);
}

/// The same, with whether it existed before if that does not follow from its id.
fn write_known_state(state: &ObjectState, existed: Option<bool>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("className", state.class.as_str());
    if let Some(id) = &state.id {
        object.text("objectId", id);
    }
    if let Some(existed) = existed {
        object.flag("existed", existed);
    }
    object.members("data", &state.data);
    if let Some(ops) = &state.ops {
        object.members("ops", ops);
    }
    object.end();
}

fn write_file(file: &FileState, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("name", &file.name);
    let optional =
        [("url", &file.url), ("base64", &file.base64), ("contentType", &file.content_type)];
    for (name, value) in optional {
        if let Some(value) = value {
            object.text(name, value);
        }
    }
    object.members("metadata", &file.metadata);
    object.members("tags", &file.tags);
    object.end();
}

#[derive(Deserialize)]
struct Valued<'a> {
    #[serde(default, borrow, deserialize_with = "present")]
    value: Option<&'a RawValue>,
}

/// `null` is a value, too.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Reads the value of a function, a job or a callback; nothing for `undefined`.
pub(in crate::cloud) fn read_value(answer: &RawValue) -> Result<Option<HostValue>, Failure> {
    let valued: Valued<'_> = serde_json::from_str(answer.get()).map_err(|_| malformed(answer))?;
    let value = valued.value.filter(|value| !is_undefined(value.get()));
    Ok(value.map(HostValue::from_raw))
}

fn is_undefined(text: &str) -> bool {
    text == r#"{"$undefined":true}"#
}

/// Reads what a trigger answered.
pub(in crate::cloud) fn read_answer(answer: &RawValue) -> Result<TriggerAnswer, Failure> {
    let json = Json::parse(answer.get().as_bytes()).map_err(|_| malformed(answer))?;
    let Json::Object(mut members) = json else { return Err(malformed(answer)) };
    let mut read =
        TriggerAnswer { context: members.shift_remove("context"), ..TriggerAnswer::default() };
    read.event = live::event_answer(&mut members);
    read.object = match members.shift_remove("object") {
        Some(Json::Object(object)) => Some(object_answer(object)),
        Some(_) | None => None,
    };
    read.query = members.shift_remove("query").and_then(query);
    read.file = members.shift_remove("file").and_then(file);
    let served = [members.shift_remove("forceDownload"), members.shift_remove("responseHeaders")];
    read.config = members.shift_remove("config").and_then(object);
    read.objects = match members.shift_remove("objects") {
        Some(Json::Array(objects)) => Some(
            objects
                .into_iter()
                .map(|json| object(json).ok_or_else(|| malformed(answer)))
                .collect::<Result<_, _>>()?,
        ),
        Some(_) | None => None,
    };
    if let Some(value) = members.shift_remove("value") {
        returned(value, &mut read);
    }
    if let Some(file) = &mut read.file {
        let [force_download, headers] = served;
        file.force_download |= force_download.as_ref().is_some_and(Json::is_truthy);
        file.response_headers.extend(headers.and_then(object).into_iter().flatten());
    }
    Ok(read)
}

/// What a handler returned stands before what it changed.
fn returned(value: Json, read: &mut TriggerAnswer) {
    if value.get("$undefined").is_some() {
        return;
    }
    if let Some(given) = value.get("$query").cloned().and_then(query) {
        read.query = Some(given);
    } else if let Some(given) = value.get("$file").cloned().and_then(file) {
        read.file = Some(given);
    } else if let Some(given) = value.get("file").and_then(|file| file.get("$file")) {
        // What is served is an object with a file and how it is sent.
        let force_download = value.get("forceDownload").is_some_and(Json::is_truthy);
        read.file = file(given.clone()).map(|file| FileState { force_download, ..file });
    } else if let Some(Json::Object(given)) = value.get("$config") {
        read.config = Some(given.clone());
    }
    read.value = Some(value);
}

fn object_answer(mut members: Members) -> ObjectAnswer {
    let id = members.shift_remove("objectId");
    ObjectAnswer {
        id: id.as_ref().and_then(Json::as_str).map(ObjectId::from),
        ops: members.shift_remove("ops").and_then(object).unwrap_or_default(),
        data: members.shift_remove("data").and_then(object),
    }
}

fn object(json: Json) -> Option<Members> {
    match json {
        Json::Object(members) => Some(members),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
    }
}

/// A question comes as `{"className", "json"}`.
fn query(json: Json) -> Option<Members> {
    object(json)?.shift_remove("json").and_then(object)
}

fn file(json: Json) -> Option<FileState> {
    let members = object(json)?;
    let text = |name: &str| members.get(name).and_then(Json::as_str).map(str::to_owned);
    let map = |name: &str| members.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
    Some(FileState {
        name: text("name").unwrap_or_default(),
        url: text("url"),
        base64: text("base64"),
        uri: text("uri"),
        content_type: text("contentType"),
        metadata: map("metadata"),
        tags: map("tags"),
        ..FileState::default()
    })
}

fn malformed(answer: &RawValue) -> Failure {
    let mut text: String = answer.get().chars().take(200).collect();
    text.insert_str(0, "an answer that can not be understood: ");
    Failure::Refused(text)
}
