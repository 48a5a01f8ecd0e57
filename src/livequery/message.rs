//! What a client says.

use super::schema::{Form, Shape, fit, wrong_type};
use crate::value::{Json, Members};

/// A message.
#[derive(Debug)]
pub(super) enum Message {
    Connect(Connect),
    Subscribe(Subscribe),
    /// The same question is asked anew, or another one under the same name.
    Update(Subscribe),
    Unsubscribe(RequestId),
}

/// The keys that a client may name, as they are called in messages and in the option `keyPairs`.
pub(super) const KEYS: [&str; 5] =
    ["restAPIKey", "javascriptKey", "clientKey", "windowsKey", "masterKey"];

/// Who a client says that it is.
#[derive(Debug)]
pub(super) struct Connect {
    /// The keys, in the order of [`KEYS`].
    pub(super) keys: [Option<String>; 5],
    pub(super) session_token: Option<String>,
    pub(super) installation_id: Option<String>,
}

/// What a client wants to be told.
#[derive(Debug)]
pub(super) struct Subscribe {
    pub(super) request_id: RequestId,
    pub(super) class: String,
    pub(super) filter: Json,
    pub(super) keys: Option<Vec<String>>,
    pub(super) watch: Option<Vec<String>>,
    pub(super) session_token: Option<String>,
    pub(super) resume: Resume,
}

/// Whether a client wants to be told where events stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resume {
    No,
    Yes,
    /// It comes back, and was there up to here.
    After(String),
}

/// Up to here whole numbers are their own names inside the server.
const WHOLE_MAX: u64 = 1 << 52;

/// How a client calls a subscription: any number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RequestId(pub(super) f64);

impl RequestId {
    /// The name of the subscription inside the server.
    pub(super) fn name(self) -> u64 {
        let whole = self.0 as u64;
        // The bits of a number leave that much room at their end: no two numbers get the same name.
        if whole < WHOLE_MAX && whole as f64 == self.0 {
            whole
        } else {
            WHOLE_MAX + self.0.to_bits()
        }
    }

    /// The way back from there.
    pub(super) fn of_name(name: u64) -> Self {
        match name.checked_sub(WHOLE_MAX) {
            Some(bits) => Self(f64::from_bits(bits)),
            None => Self(name as f64),
        }
    }
}

const CONNECT: Shape = Shape {
    required: &["op", "applicationId"],
    members: &[
        ("op", Form::Text),
        ("applicationId", Form::Text),
        ("restAPIKey", Form::Text),
        ("javascriptKey", Form::Text),
        ("clientKey", Form::Text),
        ("windowsKey", Form::Text),
        ("masterKey", Form::Text),
        ("sessionToken", Form::Text),
        ("installationId", Form::Text),
    ],
};

const SUBSCRIBE: Shape = Shape {
    required: &["requestId", "query"],
    members: &[
        ("op", Form::Text),
        ("requestId", Form::Number),
        ("query", Form::Members(&QUERY)),
        ("sessionToken", Form::Text),
        ("resume", Form::FlagOrText),
    ],
};

const QUERY: Shape = Shape {
    required: &["where", "className"],
    members: &[
        ("className", Form::Text),
        ("where", Form::Object),
        ("keys", Form::Texts),
        ("watch", Form::Texts),
    ],
};

const UNSUBSCRIBE: Shape =
    Shape { required: &["requestId"], members: &[("op", Form::Text), ("requestId", Form::Number)] };

impl Message {
    /// Reads a message; the error is a text for the client.
    pub(super) fn read(json: &Json) -> Result<Self, String> {
        let Json::Object(members) = json else { return Err(wrong_type(json, "object")) };
        let Some(op) = members.get("op") else {
            return Err("Missing required property: op".to_owned());
        };
        let Json::String(op) = op else { return Err(wrong_type(op, "string")) };
        match op.as_str() {
            "connect" => Ok(Self::Connect(connect(fit(json, &CONNECT)?))),
            "subscribe" => Ok(Self::Subscribe(subscribe(fit(json, &SUBSCRIBE)?))),
            "update" => Ok(Self::Update(subscribe(fit(json, &SUBSCRIBE)?))),
            "unsubscribe" => Ok(Self::Unsubscribe(request_id(fit(json, &UNSUBSCRIBE)?))),
            _ => Err(format!("No enum match for: {}", Json::from(op.as_str()).to_text())),
        }
    }
}

fn text(members: &Members, name: &str) -> Option<String> {
    members.get(name)?.as_str().map(str::to_owned)
}

fn texts(members: &Members, name: &str) -> Option<Vec<String>> {
    let elements = members.get(name)?.as_array()?;
    Some(elements.iter().filter_map(Json::as_str).map(str::to_owned).collect())
}

fn request_id(members: &Members) -> RequestId {
    RequestId(members.get("requestId").and_then(Json::as_number).unwrap_or_default())
}

fn connect(members: &Members) -> Connect {
    Connect {
        keys: KEYS.map(|name| text(members, name)),
        session_token: text(members, "sessionToken"),
        installation_id: text(members, "installationId"),
    }
}

fn subscribe(members: &Members) -> Subscribe {
    let nothing = Members::new();
    let query = members.get("query").and_then(Json::as_object).unwrap_or(&nothing);
    Subscribe {
        request_id: request_id(members),
        class: text(query, "className").unwrap_or_default(),
        filter: query.get("where").cloned().unwrap_or_default(),
        keys: texts(query, "keys"),
        watch: texts(query, "watch"),
        session_token: text(members, "sessionToken"),
        resume: match members.get("resume") {
            Some(Json::Bool(true)) => Resume::Yes,
            Some(Json::String(sequence)) => Resume::After(sequence.clone()),
            Some(_) | None => Resume::No,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = Message::read(&Json::parse(text.as_bytes()).unwrap());
        assert_eq!(read.unwrap_err(), expected, "{text}");
    }

    fn subscribe_to(query: &str) -> String {
        format!(r#"{{"op":"subscribe","requestId":1,"query":{query}}}"#)
    }

    #[test]
    fn what_does_not_fit_is_said_as_parse_server_says_it() {
        check(r#""text""#, "Invalid type: string (expected object)");
        check("null", "Invalid type: null (expected object)");
        check("[]", "Invalid type: array (expected object)");
        check("5", "Invalid type: number (expected object)");
        check("{}", "Missing required property: op");
        check(r#"{"op":"nope"}"#, r#"No enum match for: "nope""#);
        check(r#"{"op":"query"}"#, r#"No enum match for: "query""#);
        check(r#"{"op":5}"#, "Invalid type: number (expected string)");
        check(r#"{"op":"connect"}"#, "Missing required property: applicationId");
        check(
            r#"{"op":"connect","applicationId":"a","version":1}"#,
            "Additional properties not allowed",
        );
        check(
            r#"{"op":"connect","applicationId":"a","masterKey":{"$ne":null}}"#,
            "Invalid type: object (expected string)",
        );
        for op in ["subscribe", "update", "unsubscribe"] {
            check(&format!(r#"{{"op":"{op}"}}"#), "Missing required property: requestId");
        }
        check(r#"{"op":"unsubscribe","requestId":"x"}"#, "Invalid type: string (expected number)");
        check(r#"{"op":"subscribe","requestId":1}"#, "Missing required property: query");
        check(&subscribe_to("{}"), "Missing required property: where");
        check(&subscribe_to(r#"{"where":{}}"#), "Missing required property: className");
        check(
            &subscribe_to(r#"{"className":5,"where":{}}"#),
            "Invalid type: number (expected string)",
        );
        check(
            &subscribe_to(r#"{"className":"A","where":null}"#),
            "Invalid type: null (expected object)",
        );
        for keys in ["keys", "watch"] {
            let of = |list: &str| {
                subscribe_to(&format!(r#"{{"className":"A","where":{{}},"{keys}":{list}}}"#))
            };
            check(&of(r#""a""#), "Invalid type: string (expected array)");
            check(&of("null"), "Invalid type: null (expected array)");
            check(&of("[]"), "Array is too short (0), minimum 1");
            check(&of(r#"["a","a"]"#), "Array items are not unique (indices 0 and 1)");
            check(&of(r#"["b","a","c","a","b"]"#), "Array items are not unique (indices 0 and 4)");
            check(&of("[1]"), "Invalid type: number (expected string)");
        }
    }

    #[test]
    fn names_of_subscriptions_are_numbers_of_any_kind() {
        let numbers =
            [0.0, 1.0, -4.0, 1.5, 5e-324, -5e-324, 4503599627370496.0, 1e300, f64::MAX, f64::MIN];
        let names: Vec<u64> = numbers.iter().map(|number| RequestId(*number).name()).collect();
        for (at, name) in names.iter().enumerate() {
            assert_eq!(RequestId::of_name(*name), RequestId(numbers[at]));
            assert!(!names[..at].contains(name), "{}", numbers[at]);
        }
        assert_eq!(RequestId(7.0).name(), 7);
        assert_eq!(RequestId(-0.0).name(), RequestId(0.0).name());
    }

    #[test]
    fn a_client_may_come_back() {
        let with = |resume: &str| {
            let text = format!(
                r#"{{"op":"subscribe","requestId":1,"query":{{"className":"A","where":{{}}}},"resume":{resume}}}"#
            );
            let message = Message::read(&Json::parse(text.as_bytes()).unwrap()).unwrap();
            let Message::Subscribe(subscribe) = message else { panic!("{message:?}") };
            subscribe.resume
        };
        assert_eq!(with("true"), Resume::Yes);
        assert_eq!(with("false"), Resume::No);
        assert_eq!(with(r#""a.1""#), Resume::After("a.1".to_owned()));
    }
}
