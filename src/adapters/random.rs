//! Randomness: the only place that asks the machine for it.

use crate::error::{Error, Result};
use crate::value::ObjectId;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Where random bytes come from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Random {
    /// Fills a buffer from the operating system's source.
    pub fn fill(self, bytes: &mut [u8]) -> Result<()> {
        getrandom::fill(bytes).map_err(|cause| Error::internal(cause.to_string()))
    }

    /// A text of letters and digits, each equally likely.
    pub fn text(self, length: usize) -> Result<String> {
        let mut text = String::with_capacity(length);
        let mut bytes = [0_u8; 32];
        while text.len() < length {
            self.fill(&mut bytes)?;
            // 62 * 4 = 248: bytes above would make some letters likelier than others.
            let letters = bytes
                .iter()
                .filter(|byte| **byte < 248)
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            text.extend(letters.take(length - text.len()));
        }
        Ok(text)
    }

    /// A new object id.
    pub fn object_id(self, length: usize) -> Result<ObjectId> {
        Ok(ObjectId::from(self.text(length)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_letters_and_digits_and_differ() {
        let (a, b) = (Random.object_id(10).unwrap(), Random.object_id(10).unwrap());
        assert_eq!(a.len(), 10);
        assert!(a.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(a, b);
    }
}
