//! Content as a whole: triggers take it in one piece.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use crate::adapters::files::{Content, OpenFile};
use crate::error::Result;

/// Content that is there already.
pub fn whole(bytes: Bytes) -> Content {
    Box::pin(stream::iter((!bytes.is_empty()).then_some(Ok(bytes))))
}

/// All bytes of content. It has its limit.
pub(super) async fn all(mut content: Content) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = content.next().await {
        let piece = piece?;
        if bytes.is_empty()
            && let Ok(own) = piece.clone().try_into_mut()
        {
            bytes = own;
            continue;
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

pub(super) fn to_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// What a text in base64 stands for. Like Node, it does not mind what is no letter of it, and ends at the padding.
pub fn from_base64(text: &str) -> Bytes {
    if let Ok(bytes) = BASE64_STANDARD.decode(text) {
        return Bytes::from(bytes);
    }
    let letters =
        text.split('=').next().unwrap_or_default().bytes().filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            byte => (byte.is_ascii_alphanumeric() || b"+/".contains(&byte)).then_some(byte),
        });
    let mut letters: Vec<u8> = letters.collect();
    if letters.len() % 4 == 1 {
        letters.pop();
    }
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    Bytes::from(lenient.decode(letters).unwrap_or_default())
}

/// Content that a trigger put into the place of a file's.
pub(super) struct Replaced(pub(super) Bytes);

impl OpenFile for Replaced {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn version(&self) -> Option<String> {
        None
    }

    fn read(&self, from: u64, to: u64) -> Content {
        whole(self.0.slice(from as usize..to as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_node_reads_it() {
        for (text, expected) in [
            ("aGVsbG8=", "hello"),
            ("aGVsbG8", "hello"),
            ("aGVs\nbG8=", "hello"),
            ("aGVsbG8=aGVsbG8=", "hello"),
            ("", ""),
            ("!", ""),
            ("a", ""),
            ("aGVsbG8hIQ==", "hello!!"),
        ] {
            assert_eq!(from_base64(text), expected, "{text}");
        }
        assert_eq!(from_base64("_-8"), from_base64("/+8="));
    }
}
