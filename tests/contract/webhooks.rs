//! The web server that the recorded webhooks were at: it answers as the transcript says, and what it is asked is compared
//! with what the recorded server asked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::compare::Comparison;
use crate::transcript::WebhookRequest;
use crate::web::{Answer, Asked, WebServer};

/// What stands before an answer that is a text.
const TEXT: &str = "the text: ";

/// Starts the web server of a transcript.
pub(crate) fn serve(answers: &BTreeMap<String, Value>) -> WebServer {
    let answers = answers.clone();
    WebServer::start(move |asked| match answers.get(&asked.path) {
        Some(Value::String(text)) => {
            Answer::Text(200, "", text.trim_start_matches(TEXT).to_owned())
        }
        Some(json) => Answer::Json(json.clone()),
        None => Answer::Text(404, "", String::new()),
    })
}

/// Compares what a webhook was asked. The recorder left out the headers of the client.
pub(crate) fn compare(comparison: &mut Comparison<'_>, expected: &WebhookRequest, asked: &[Asked]) {
    let [asked] = asked else {
        let got = format!("{} requests", asked.len());
        return comparison.mismatch("/webhookRequest", "one request".to_owned(), got);
    };
    comparison.text("/webhookRequest/method", &expected.method, Some(&asked.method));
    comparison.text("/webhookRequest/url", &expected.url, Some(&asked.path));
    for (name, value) in &expected.headers {
        comparison.text(&format!("/webhookRequest/headers/{name}"), value, asked.header(name));
    }
    let mut body = asked.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("headers");
    }
    comparison.json("/webhookRequest/body", &expected.body, &body);
}
