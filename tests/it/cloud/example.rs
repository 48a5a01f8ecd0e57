//! schema-examples/embedded does what its README says.

use serde_json::json;

use super::embedded::Embedded;
use crate::support::soon;

#[path = "../../../schema-examples/embedded/guest_book.rs"]
#[expect(dead_code, reason = "the test has a page of its own")]
mod guest_book;

#[test]
fn the_guest_book() {
    let server = Embedded::of(guest_book::server(), "sqlite::memory:", |server| server);
    let (public, master) = (server.public(), server.master());
    for (text, stars) in [("What a lovely place", 5), ("Fine", 4), ("Cold soup, twice", 1)] {
        public.create("Entry", &json!({"text": text, "stars": stars}));
    }
    let refused = public.post("/classes/Entry", &json!({"text": "Wow", "stars": 6})).is(400);
    assert_eq!(refused.json()["error"], "An entry has one to five stars.");
    let summary = public.post("/functions/summary", &json!({"stars": 4})).is(200).json();
    let praise = ["What a lovely place", "Fine"];
    assert_eq!(summary, json!({"result": {"entries": 3, "praise": praise}}));
    let path = "/classes/_JobStatus/";
    let id = master.post("/jobs/forget", &json!({})).is(200);
    let id = id.header("x-parse-job-status-id").expect("the id of a status").to_owned();
    let status = || master.get(&format!("{path}{id}")).is(200).json();
    soon("the end of the job", || status()["status"] != "running");
    assert_eq!(status()["message"], "1 entries forgotten");
    let words = public.find("Entry", &json!({"order": "words"})).each("words");
    assert_eq!(words, [json!(3), json!(4)]);
    server.stop();
}
