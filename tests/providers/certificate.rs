//! X.509 certificates, written by hand (RFC 5280) and signed with keys of the tests.

use crate::keys::Key;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 2;
const BOOLEAN: u8 = 1;
const BIT_STRING: u8 = 3;
const OCTET_STRING: u8 = 4;
const NULL: &[u8] = &[5, 0];
const OID: u8 = 6;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;

const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// What a certificate says.
pub(crate) struct Certificate<'a> {
    pub(crate) subject: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) is_authority: bool,
    /// The last second that it is good, as `YYMMDDhhmmssZ`.
    pub(crate) until: &'a str,
}

impl Certificate<'_> {
    /// The certificate of a key, signed by another.
    pub(crate) fn signed(&self, key: &Key, signer: &Key) -> Vec<u8> {
        let algorithm = sequence(&[&tagged(OID, SHA256_WITH_RSA), NULL]);
        let validity = sequence(&[
            &tagged(UTC_TIME, b"250101000000Z"),
            &tagged(UTC_TIME, self.until.as_bytes()),
        ]);
        let key = sequence(&[
            &sequence(&[&tagged(OID, RSA), NULL]),
            &tagged(BIT_STRING, &[&[0], key.public()].concat()),
        ]);
        let mut parts = vec![
            tagged(0xa0, &tagged(INTEGER, &[2])),
            tagged(INTEGER, &[7]),
            algorithm.clone(),
            name(self.issuer),
            validity,
            name(self.subject),
            key,
        ];
        if self.is_authority {
            let constraints = sequence(&[&tagged(BOOLEAN, &[0xff])]);
            let extension =
                sequence(&[&tagged(OID, BASIC_CONSTRAINTS), &tagged(OCTET_STRING, &constraints)]);
            parts.push(tagged(0xa3, &sequence(&[&extension])));
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let said = sequence(&parts);
        let signature = tagged(BIT_STRING, &[vec![0], signer.sign(&said)].concat());
        sequence(&[&said, &algorithm, &signature])
    }
}

fn name(common: &str) -> Vec<u8> {
    let pair = sequence(&[&tagged(OID, COMMON_NAME), &tagged(UTF8, common.as_bytes())]);
    sequence(&[&tagged(SET, &pair)])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(SEQUENCE, &parts.concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..128 => out.push(length as u8),
        128..256 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// The two integers of a sequence, without the zero that keeps them positive.
pub(crate) fn integers_of(sequence: &[u8]) -> [Vec<u8>; 2] {
    let (content, _) = untagged(sequence);
    let (first, rest) = untagged(content);
    let (second, _) = untagged(rest);
    [first, second].map(|bytes| bytes.strip_prefix(&[0]).unwrap_or(bytes).to_vec())
}

/// The content of the first element, and what follows it.
fn untagged(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match der[1] {
        0x81 => (usize::from(der[2]), 3),
        0x82 => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
        short => (usize::from(short), 2),
    };
    (&der[start..start + length], &der[start + length..])
}
