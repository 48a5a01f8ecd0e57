//! Identity providers: every one accepts its own proof and refuses all others.
//!
//! A server in this process stands in for the providers: it speaks real HTTP, and signs real tokens and certificates with
//! keys that are made here. LDAP is asked of a real `slapd`.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

#[path = "providers/certificate.rs"]
mod certificate;
#[path = "providers/fake.rs"]
mod fake;
#[path = "providers/keys.rs"]
mod keys;
#[path = "providers/slapd.rs"]
mod slapd;

#[path = "providers/by_code.rs"]
mod by_code;
#[path = "providers/by_directory.rs"]
mod by_directory;
#[path = "providers/by_question.rs"]
mod by_question;
#[path = "providers/by_signature.rs"]
mod by_signature;
#[path = "providers/by_signed_token.rs"]
mod by_signed_token;
#[path = "providers/settings.rs"]
mod settings;
