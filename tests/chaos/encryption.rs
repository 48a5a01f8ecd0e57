//! The way to the database is encrypted, and what is at its other end is who it says it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cluster::Cluster;
use crate::{fail_to_start, serve};

/// A server that is reached encrypted only, as `localhost`, and the files that know it.
struct Place {
    cluster: Cluster,
    files: tempfile::TempDir,
}

impl Place {
    fn make() -> Option<Self> {
        if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("CI").is_none(), "openssl is not installed");
            eprintln!("openssl is not installed: encryption is not tested");
            return None;
        }
        let mut cluster = Cluster::start(&[])?;
        let files = tempfile::tempdir().unwrap();
        let there = files.path();
        authority(there, "ca");
        authority(there, "stranger");
        certificate(there, "ca", "server", "localhost");
        certificate(there, "ca", "client", "app");
        certificate(there, "stranger", "impostor", "app");
        cluster.psql("CREATE ROLE app LOGIN SUPERUSER; CREATE ROLE guest LOGIN SUPERUSER").unwrap();
        cluster.stop_at_once();
        for (file, name) in
            [("server.pem", "server.crt"), ("server.key", "server.key"), ("ca.pem", "root.crt")]
        {
            cluster.add_file(name, &fs::read_to_string(there.join(file)).unwrap());
        }
        // Only the owner of the server comes in without encryption, through the socket and to see whether it runs.
        cluster.add_file(
            "pg_hba.conf",
            "local all all trust\nhost all postgres all trust\nhostssl all guest all trust\nhostssl all app all cert\n",
        );
        for setting in ["ssl=on", "ssl_ca_file=root.crt"] {
            cluster.set(setting);
        }
        cluster.run();
        Some(Self { cluster, files })
    }

    fn uri(&self, user: &str, host: &str, parameters: &str) -> String {
        let uri = self.cluster.uri_of(host).replace("postgres@", &format!("{user}@"));
        let parameters = parameters.replace("DIR", self.files.path().to_str().unwrap());
        format!("{uri}?connect_timeout=2&{parameters}")
    }

    fn check(&self, user: &str, host: &str, parameters: &str) {
        let server = serve_again(&self.uri(user, host, parameters));
        let encrypted = "SELECT DISTINCT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
             WHERE a.application_name = 'parsimony'";
        assert_eq!(self.cluster.psql(encrypted).unwrap(), "t", "{user} {host} {parameters}");
        server.stop();
    }

    fn check_refused(&self, user: &str, host: &str, parameters: &str, expected: &str) {
        let (code, complaint) = fail_to_start(&self.uri(user, host, parameters));
        assert_eq!(code, Some(1), "{user} {host} {parameters}: {complaint}");
        assert!(complaint.contains(expected), "{user} {host} {parameters}: {complaint}");
    }
}

/// A server on a database that may have been served before.
fn serve_again(uri: &str) -> crate::process::Process {
    let options = serde_json::json!({"allowCustomObjectId": true});
    crate::process::Process::parsimony(uri, &options)
}

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {stderr}");
}

const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];

/// `name.pem` and `name.key` of somebody whom others trust.
fn authority(directory: &Path, name: &str) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    let subject = format!("/CN={name}");
    let end = ["-keyout", &key, "-out", &certificate, "-subj", &subject, "-days", "3650"];
    openssl(directory, &[&["req", "-x509"], &KEY[..], &end[..]].concat());
}

/// `name.pem` and `name.key`, for a host or a user.
fn certificate(directory: &Path, authority: &str, name: &str, whose: &str) {
    let (key, request, made) =
        (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
    let subject = format!("/CN={whose}");
    let extensions = format!("{name}.ext");
    fs::write(directory.join(&extensions), format!("subjectAltName=DNS:{whose}\n")).unwrap();
    let asked = ["-keyout", &key, "-out", &request, "-subj", &subject];
    openssl(directory, &[&["req"], &KEY[..], &asked[..]].concat());
    let (ca, ca_key) = (format!("{authority}.pem"), format!("{authority}.key"));
    let signed = ["x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &ca_key];
    let end = ["-CAcreateserial", "-days", "3650", "-extfile", &extensions, "-out", &made];
    openssl(directory, &[&signed[..], &end[..]].concat());
    let owner_only = fs::Permissions::from_mode(0o600);
    fs::set_permissions(directory.join(PathBuf::from(key)), owner_only).unwrap();
}

#[test]
fn encrypted_and_verified() {
    let Some(place) = Place::make() else { return };
    place.check("guest", "localhost", "ca=DIR/ca.pem");
    place.check("guest", "localhost", "ssl=true&ca=DIR/ca.pem&rejectUnauthorized=true");
    place.check("guest", "localhost", "sslmode=verify-full&sslrootcert=DIR/ca.pem");
    place.check("guest", "127.0.0.1", "sslmode=verify-ca&sslrootcert=DIR/ca.pem");
    place.check("guest", "127.0.0.1", "sslmode=require");
    place.check("guest", "127.0.0.1", "sslmode=prefer");
    place.check("guest", "127.0.0.1", "ssl=true&rejectUnauthorized=false");
    place.check("app", "localhost", "ca=DIR/ca.pem&cert=DIR/client.pem&key=DIR/client.key");

    let unknown = "invalid peer certificate";
    place.check_refused("guest", "localhost", "ssl=true", unknown);
    place.check_refused("guest", "localhost", "ca=DIR/stranger.pem", unknown);
    place.check_refused("guest", "127.0.0.1", "ca=DIR/ca.pem", unknown);
    place.check_refused("guest", "localhost", "", "no pg_hba.conf entry");
    place.check_refused("guest", "localhost", "ssl=false", "no pg_hba.conf entry");
    place.check_refused("app", "localhost", "ca=DIR/ca.pem", "can not be used");
    let impostor = "ca=DIR/ca.pem&cert=DIR/impostor.pem&key=DIR/impostor.key";
    place.check_refused("app", "localhost", impostor, "can not be used");
}

#[test]
fn a_socket_of_the_file_system() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let socket = cluster.socket().display().to_string();
    let port = cluster.port();
    serve(&format!("postgres://postgres@/postgres?host={socket}&port={port}")).stop();
    let encoded = socket.replace('/', "%2F");
    serve_again(&format!("postgres://postgres@{encoded}:{port}/postgres?ssl=true")).stop();
}
