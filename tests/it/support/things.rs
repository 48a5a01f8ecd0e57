//! A class with a field of every type.

use serde_json::json;

use super::{TestServer, pointer};

/// A class with a field of every type, one full object and one that points to it. Returns the first one's id.
pub(crate) fn things() -> (TestServer, String) {
    let server = TestServer::start();
    let fields = json!({
        "s": {"type": "String"}, "n": {"type": "Number"}, "b": {"type": "Boolean"}, "d": {"type": "Date"},
        "o": {"type": "Object"}, "a": {"type": "Array"}, "g": {"type": "GeoPoint"}, "y": {"type": "Polygon"},
        "f": {"type": "File"}, "z": {"type": "Bytes"}, "p": {"type": "Pointer", "targetClass": "Thing"},
        "r": {"type": "Relation", "targetClass": "Thing"},
    });
    server.class("Thing", &fields);
    let values = json!({
        "s": "text", "n": 1.5, "b": true, "d": {"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"}, "o": {"k": {"deep": 1}},
        "a": ["x", 1, {"x": {"y": 2}}, null, [1]], "g": {"__type": "GeoPoint", "latitude": 10, "longitude": 20},
        "y": {"__type": "Polygon", "coordinates": [[0, 0], [0, 9], [9, 9], [9, 0]]},
        "f": {"__type": "File", "name": "x.txt"}, "z": {"__type": "Bytes", "base64": "aGk="},
    });
    let id = server.master().create("Thing", &values);
    server.master().create("Thing", &json!({"p": pointer("Thing", &id)}));
    (server, id)
}
