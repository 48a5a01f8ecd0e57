//! What hosts are told of LiveQuery: connections, subscriptions and events.

use super::{Object, object, write_asker, write_state};
use crate::cloud::hook::{Asker, EventAnswer, EventState, LiveNotice, Scene, TriggerRequest};
use crate::value::{Json, Members, json};

/// Writes what hooks are told of a connection: `event`, how many there are, and whose it is.
pub(super) fn write_scene(
    event: &str,
    scene: &Scene,
    request: &TriggerRequest,
    out: &mut Object<'_>,
) {
    out.text("event", event);
    write_client(scene, &request.asker, out);
}

/// The installation is written with whoever asks.
fn write_client(scene: &Scene, asker: &Asker, out: &mut Object<'_>) {
    write_counts(scene, out);
    out.flag("useMasterKey", asker.master);
    if let Some(token) = &scene.session_token {
        out.text("sessionToken", token);
    }
    let mut client = Object::begin(out.name("client"));
    client.flag("hasMasterKey", asker.master);
    if let Some(installation) = &asker.installation_id {
        client.text("installationId", installation);
    }
    if let Some(token) = &scene.session_token {
        client.text("sessionToken", token);
    }
    client.end();
}

fn write_counts(scene: &Scene, out: &mut Object<'_>) {
    json::write_number(scene.clients as f64, out.name("clients"));
    json::write_number(scene.subscriptions as f64, out.name("subscriptions"));
}

/// Writes an event that a subscriber is going to be told.
pub(super) fn write_event(event: &EventState, request: &TriggerRequest, out: &mut Object<'_>) {
    write_scene(&event.event, &event.scene, request, out);
    out.flag("sendEvent", true);
    write_state(&event.object, out.name("object"));
    if let Some(original) = &event.original {
        write_state(original, out.name("original"));
    }
}

/// Writes the parameters of `liveQuery.event`.
pub(in crate::cloud) fn write_notice(handler: &str, notice: &LiveNotice, out: &mut Vec<u8>) {
    let mut call = Object::begin(out);
    call.text("handler", handler);
    let mut request = Object::begin(call.name("request"));
    request.text("event", notice.moment.name());
    match &notice.asker {
        Some(asker) => {
            write_asker(asker, &mut request);
            write_client(&notice.scene, asker, &mut request);
        }
        None => write_counts(&notice.scene, &mut request),
    }
    if let Some(error) = &notice.error {
        request.text("error", error);
    }
    request.end();
    call.end();
}

/// Takes what a trigger of events answered out of its answer; nothing if it is the answer of another trigger.
pub(super) fn event_answer(members: &mut Members) -> Option<EventAnswer> {
    let send = members.shift_remove("sendEvent");
    let event = members.shift_remove("event");
    let mut shown = |name: &str| {
        let Some(Json::Object(answered)) = members.get_mut(name) else { return None };
        answered.shift_remove("json").and_then(object)
    };
    let (shown_object, original) = (shown("object"), shown("original"));
    if send.is_none() && event.is_none() && shown_object.is_none() && original.is_none() {
        return None;
    }
    Some(EventAnswer {
        is_withheld: send.is_some_and(|send| !send.is_truthy()),
        event: event.as_ref().and_then(Json::as_str).map(str::to_owned),
        object: shown_object,
        original,
    })
}
