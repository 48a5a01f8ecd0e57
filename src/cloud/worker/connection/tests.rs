use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};
use tokio::task::JoinHandle;

use super::*;

const LINE_BYTES_MAX: usize = 4_096;

/// Takes down what a host says, and answers `echo` with its parameters and `whoami` with the depth of its parent.
#[derive(Default)]
struct Desk(Mutex<Vec<String>>);

impl Serving for Desk {
    fn request(&self, method: &str, params: &RawValue, within: Option<Within>, reply: Responder) {
        match method {
            "echo" => reply.result(|out| out.extend_from_slice(params.get().as_bytes())),
            "whoami" => {
                let depth = within.map_or(0, |within| within.depth);
                reply.result(|out| json::write_integer(i64::from(depth), out));
            }
            "fail" => reply.failed("it can not be done"),
            other => reply.unknown_method(other),
        }
    }

    fn notification(&self, method: &str, params: &RawValue) {
        self.0.lock().unwrap().push(format!("{method} {}", params.get()));
    }
}

/// The other end.
struct Host {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writing: WriteHalf<DuplexStream>,
}

impl Host {
    async fn hears(&mut self) -> String {
        self.lines.next_line().await.unwrap().expect("a line")
    }

    async fn says(&mut self, text: &str) {
        self.writing.write_all(text.as_bytes()).await.unwrap();
        self.writing.write_all(b"\n").await.unwrap();
    }
}

fn connected() -> (Connection, Host, Arc<Desk>, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(256);
    let desk = Arc::new(Desk::default());
    let serving = Arc::clone(&desk) as Arc<dyn Serving>;
    let (connection, work) = Connection::over(ours, serving, LINE_BYTES_MAX);
    let (reading, writing) = tokio::io::split(theirs);
    let host = Host { lines: BufReader::new(reading).lines(), writing };
    (connection, host, desk, tokio::spawn(work))
}

fn within(depth: u32) -> Within {
    Within { depth, request_id: Arc::from("r"), transaction: None }
}

fn called(
    connection: &Connection,
    method: &'static str,
    depth: u32,
) -> JoinHandle<Result<Box<RawValue>, Failure>> {
    let connection = connection.clone();
    tokio::spawn(async move {
        let params = |out: &mut Vec<u8>| out.extend_from_slice(b"{}");
        connection.call(method, Some(&within(depth)), params).await
    })
}

#[tokio::test]
async fn answers_come_in_any_order() {
    let (connection, mut host, _, _) = connected();
    let first = called(&connection, "first", 1);
    assert_eq!(host.hears().await, r#"{"jsonrpc":"2.0","id":1,"method":"first","params":{}}"#);
    let second = called(&connection, "second", 1);
    assert!(host.hears().await.contains(r#""id":2"#));
    host.says(r#"{"jsonrpc":"2.0","id":2,"result":{"value":"b"}}"#).await;
    host.says(r#"{"jsonrpc":"2.0","id":1,"result":null}"#).await;
    assert_eq!(second.await.unwrap().unwrap().get(), r#"{"value":"b"}"#);
    // `null` is no result of the protocol, and the caller hears so.
    assert!(matches!(first.await.unwrap(), Err(Failure::Refused(_))));
}

#[tokio::test]
async fn what_user_code_threw_is_told_from_what_the_host_refuses() {
    let (connection, mut host, _, _) = connected();
    let thrown = called(&connection, "f", 1);
    host.hears().await;
    host.says(
        r#"{"id":1,"error":{"code":-32000,"message":"x","data":{"thrown":{"kind":"value"}}}}"#,
    )
    .await;
    let kind = Json::from([("kind", Json::from("value"))]);
    assert_eq!(thrown.await.unwrap().unwrap_err(), Failure::Thrown(Thrown(kind)));
    let refused = called(&connection, "f", 1);
    host.hears().await;
    host.says(r#"{"id":2,"error":{"code":-32004,"message":"unknown handler"}}"#).await;
    let told = Failure::Refused("unknown handler (code -32004)".to_owned());
    assert_eq!(refused.await.unwrap().unwrap_err(), told);
}

#[tokio::test]
async fn whoever_stops_waiting_cancels() {
    let (connection, mut host, _, _) = connected();
    let call = called(&connection, "slow", 1);
    host.hears().await;
    call.abort();
    assert_eq!(host.hears().await, r#"{"jsonrpc":"2.0","method":"$/cancel","params":{"id":1}}"#);
    // A late answer means nothing, and the connection goes on.
    host.says(r#"{"id":1,"result":{}}"#).await;
    let next = called(&connection, "next", 1);
    assert!(host.hears().await.contains(r#""id":2"#));
    host.says(r#"{"id":2,"result":{}}"#).await;
    assert!(next.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_host_asks_within_the_call_that_it_names() {
    let (connection, mut host, desk, _) = connected();
    let call = called(&connection, "f", 7);
    host.hears().await;
    host.says(r#"{"id":1,"method":"whoami","params":{"parent":1}}"#).await;
    assert_eq!(host.hears().await, r#"{"jsonrpc":"2.0","id":1,"result":7}"#);
    host.says(r#"{"id":2,"method":"whoami","params":{"parent":99}}"#).await;
    assert_eq!(host.hears().await, r#"{"jsonrpc":"2.0","id":2,"result":0}"#);
    host.says(r#"{"method":"log","params":{"level":"info"}}"#).await;
    host.says(r#"{"id":3,"method":"nonsense"}"#).await;
    assert!(host.hears().await.contains(r#""code":-32601"#));
    host.says(r#"{"id":4,"method":"fail","params":{}}"#).await;
    assert!(host.hears().await.contains("it can not be done"));
    assert_eq!(*desk.0.lock().unwrap(), [r#"log {"level":"info"}"#]);
    drop(call);
}

#[tokio::test]
async fn calls_end_with_the_connection() {
    for end in ["no json at all", "{}", "[]", &"x".repeat(2 * LINE_BYTES_MAX)] {
        let (connection, mut host, _, work) = connected();
        let call = called(&connection, "f", 1);
        host.hears().await;
        // The connection may be closed before all of it is read.
        let _ = host.writing.write_all(end.as_bytes()).await;
        let _ = host.writing.write_all(b"\n").await;
        assert_eq!(call.await.unwrap().unwrap_err(), Failure::Closed, "{end:.20}");
        work.await.unwrap();
        assert!(connection.is_closed());
        let refused = connection.call("f", None, |out| out.extend_from_slice(b"{}")).await;
        assert_eq!(refused.unwrap_err(), Failure::Closed);
    }
}

#[tokio::test]
async fn a_long_line_comes_in_pieces() {
    let (connection, mut host, _, _) = connected();
    let call = called(&connection, "f", 1);
    host.hears().await;
    let text = "y".repeat(LINE_BYTES_MAX / 2);
    host.says(&format!(r#"{{"id":1,"result":{{"value":"{text}"}}}}"#)).await;
    assert!(call.await.unwrap().unwrap().get().contains(&text));
}
