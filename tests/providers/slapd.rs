//! A directory server of OpenLDAP, in a temporary directory and on a free port of this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const ENTRIES: &str = "\
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=users,dc=example,dc=com
objectClass: organizationalUnit
ou: users

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: uid=ada,ou=users,dc=example,dc=com
objectClass: inetOrgPerson
uid: ada
cn: Ada
sn: Lovelace
userPassword: secret

dn: uid=eve,ou=users,dc=example,dc=com
objectClass: inetOrgPerson
uid: eve
cn: Eve
sn: Nobody
userPassword: apple

dn: uid=bob,ou=users,dc=example,dc=com
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Builder
userPassword: s3cret-of-bob

dn: uid=a\\,b\\+c\\=(d)*,ou=users,dc=example,dc=com
objectClass: inetOrgPerson
uid: a,b+c=(d)*
cn: Odd
sn: Odd
userPassword: odd

dn: cn=admins,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: admins
description: ada
description: a,b+c=(d)*
member: uid=ada,ou=users,dc=example,dc=com

dn: cn=guests,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: guests
description: eve
member: uid=eve,ou=users,dc=example,dc=com
";

/// A running server. It ends with the test.
pub(crate) struct Slapd {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Slapd {
    /// Starts one, if the machine has the program.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("slapd is not installed: LDAP is not tested");
            return None;
        };
        let directory = tempfile::tempdir().expect("a directory");
        let settings = directory.path().join("slapd.conf");
        std::fs::create_dir(directory.path().join("data")).expect("a directory");
        std::fs::write(&settings, settings_in(directory.path())).expect("a file");
        load(program, &settings);
        // Whoever gets the port in between makes the start fail, which is seen; then another one is tried.
        for _ in 0..10 {
            let port = free_port();
            let child = Command::new(program)
                .args(["-h", &format!("ldap://127.0.0.1:{port}/"), "-d", "256", "-f"])
                .arg(&settings)
                .stderr(Stdio::piped())
                .stdin(Stdio::null())
                .spawn()
                .expect("slapd can be run");
            if let Some(child) = started(child, port) {
                return Some(Self { child, port, _directory: directory });
            }
        }
        panic!("slapd does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Ends the server.
    pub(crate) fn stop(mut self) -> String {
        self.child.kill().expect("a process to end");
        self.child.wait().expect("a process that ends");
        self.url()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Debian keeps it off the PATH.
fn program() -> Option<&'static str> {
    let places = ["/usr/sbin/slapd", "/usr/local/sbin/slapd", "/usr/libexec/slapd"];
    places.into_iter().find(|place| Path::new(place).exists())
}

fn settings_in(directory: &Path) -> String {
    let schema = ["core", "cosine", "inetorgperson"]
        .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"))
        .concat();
    let data = directory.join("data");
    let pid = directory.join("slapd.pid");
    format!(
        "{schema}pidfile {}\ndatabase ldif\nsuffix dc=example,dc=com\ndirectory {}\naccess to attrs=userPassword by anonymous auth by * none\naccess to * by users read by * none\n",
        pid.display(),
        data.display()
    )
}

fn load(program: &str, settings: &Path) {
    let mut child = Command::new(program)
        .args(["-T", "add", "-f"])
        .arg(settings)
        .stdin(Stdio::piped())
        .spawn()
        .expect("slapd can be run");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(ENTRIES.as_bytes()).expect("entries are taken");
    drop(stdin);
    assert!(child.wait().expect("a process that ends").success());
}

/// Waits until the server takes connections; it says that it starts before it listens. What it says later is read away.
fn started(mut child: Child, port: u16) -> Option<Child> {
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let is_up = lines.by_ref().map_while(Result::ok).any(|line| line.contains("slapd starting"));
    std::thread::spawn(move || lines.for_each(drop));
    while is_up && child.try_wait().expect("a process").is_none() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(child);
        }
        std::thread::yield_now();
    }
    child.wait().expect("a process that ends");
    None
}
