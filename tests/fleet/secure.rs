//! Redis that lets not everybody in: passwords, users, certificates.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::bus::{Running, number};
use crate::redis::RedisServer;

async fn check_connected(url: &str, options: &Value) {
    let (a, mut b) = (Running::with("a", url, options), Running::with("b", url, options));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while a.bus.traffic().connections() + b.bus.traffic().connections() < 4 {
        assert!(std::time::Instant::now() < deadline, "{options}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    a.create("1", "one");
    assert_eq!(number(&b.message().await), 1);
    a.finish().await;
    b.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_and_users() {
    let rights = "events on >hu:sh resetchannels &app* -@all +publish +subscribe +ping +hello +client +select";
    let settings = ["--requirepass", "secret", "--user"].into_iter().chain(rights.split(' '));
    let Some(redis) = RedisServer::start(&settings.collect::<Vec<_>>()) else { return };
    let at = format!("127.0.0.1:{}", redis.port());
    check_connected(&format!("redis://:secret@{at}"), &json!({})).await;
    check_connected(&format!("redis://{at}/2"), &json!({"password": "secret", "name": "events"}))
        .await;
    check_connected(&format!("redis://events:hu%3Ash@{at}"), &json!({})).await;

    // Who is not let in tries again, and everything else goes on.
    let stranger = Running::with("c", &format!("redis://:wrong@{at}"), &json!({}));
    stranger.create("1", "one");
    stranger.finish_unconnected().await;
}

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {stderr}");
}

/// Makes an authority, and a certificate of it for this machine: `ca.pem`, `cert.pem` and `key.pem`.
fn certificates(directory: &Path) {
    const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];
    let authority = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "3650"];
    openssl(directory, &[&["req", "-x509"], &KEY[..], &authority[..]].concat());
    let asked = ["-keyout", "key.pem", "-out", "cert.csr", "-subj", "/CN=localhost"];
    openssl(directory, &[&["req"], &KEY[..], &asked[..]].concat());
    std::fs::write(directory.join("cert.ext"), "subjectAltName=DNS:localhost\n").unwrap();
    let signed = ["x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey", "ca.key"];
    let made = ["-CAcreateserial", "-days", "3650", "-extfile", "cert.ext", "-out", "cert.pem"];
    openssl(directory, &[&signed[..], &made[..]].concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_connections() {
    let Some(mut redis) = RedisServer::prepare(&[]) else { return };
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        assert!(std::env::var_os("CI").is_none(), "openssl is not installed");
        eprintln!("openssl is not installed: encryption is not tested");
        return;
    }
    certificates(redis.directory());
    // The port is that of the encrypted connections only.
    let port = redis.port().to_string();
    redis.set(&["--tls-port", &port, "--port", "0", "--tls-ca-cert-file", "ca.pem"]);
    redis.set(&["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem"]);
    redis.run();
    let read = |name: &str| std::fs::read_to_string(redis.directory().join(name)).unwrap();
    let (ca, cert, key) = (read("ca.pem"), read("cert.pem"), read("key.pem"));
    let url = format!("rediss://localhost:{port}");
    check_connected(&url, &json!({"socket": {"ca": ca, "cert": cert, "key": key}})).await;
    let anybody = json!({"socket": {"rejectUnauthorized": false, "cert": cert, "key": key}});
    check_connected(&url, &anybody).await;
    let by_option = json!({"socket": {"tls": true, "ca": [ca], "cert": cert, "key": key}});
    check_connected(&format!("redis://localhost:{port}"), &by_option).await;

    // A certificate that nobody has vouched for is not believed.
    let stranger = Running::with("c", &url, &json!({"socket": {"cert": cert, "key": key}}));
    stranger.create("1", "one");
    stranger.finish_unconnected().await;
}
