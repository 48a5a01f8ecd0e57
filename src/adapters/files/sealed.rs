//! Files that are encrypted where they lie, in the form of parse-server's adapters, so that theirs can be read:
//! AES-256-GCM under the SHA-256 of the key's text, in base64 and cut to 32 characters; behind the encrypted bytes follow
//! 16 bytes of initialization vector and 16 bytes of tag (`parse-server:src/Adapters/Files/GridFSBucketAdapter.js`).
//!
//! Nobody holds a whole file: whoever writes counts the tag on the way, and whoever reads goes through the content twice,
//! once to see whether it is genuine and once, from any place, to decrypt it.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherSeek};
use aws_lc_rs::digest;
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::{Bytes, BytesMut};
use ctr::{Ctr32BE, CtrCore};
use futures_util::{StreamExt, stream};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use super::{Content, OpenFile};
use crate::adapters::random::Random;
use crate::error::{Error, Result};

const BLOCK_BYTES: usize = 16;
/// Vector and tag.
const TRAILER_BYTES: usize = 2 * BLOCK_BYTES;
/// One vector must not encrypt more: its counter has 32 bits, and two of its values are taken.
const CONTENT_BYTES_MAX: u64 = (1 << 36) - 32;

type Block = [u8; BLOCK_BYTES];

/// A key for files.
#[derive(Clone)]
pub struct Seal {
    cipher: Aes256,
    hash: GHash,
    random: Random,
}

impl Seal {
    /// The key that a text means.
    pub fn new(key: &str, random: Random) -> Self {
        let digest = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, key.as_bytes()));
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&digest.as_bytes()[..32]);
        let cipher = Aes256::new(&bytes.into());
        let hash = GHash::new(&Self::block(&cipher, [0; BLOCK_BYTES]).into());
        Self { cipher, hash, random }
    }

    fn block(cipher: &Aes256, block: Block) -> Block {
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        block.into()
    }

    /// The block that the counting begins with (NIST SP 800-38D, section 7.1, for a vector of 128 bits).
    fn first(&self, vector: Block) -> Block {
        let mut hash = self.hash.clone();
        let mut length = [0; BLOCK_BYTES];
        length[8..].copy_from_slice(&(BLOCK_BYTES as u64 * 8).to_be_bytes());
        hash.update(&[vector.into(), length.into()]);
        hash.finalize().into()
    }

    fn counting(&self, first: Block) -> Ctr32BE<Aes256> {
        let core = CtrCore::inner_iv_init(self.cipher.clone(), &first.into());
        let mut counting = Ctr32BE::from_core(core);
        counting.seek(BLOCK_BYTES);
        counting
    }

    fn tag(&self, first: Block) -> Tag {
        let mask = Self::block(&self.cipher, first);
        Tag { hash: self.hash.clone(), mask, begun: Vec::new(), bytes: 0 }
    }

    /// The encrypted form of content.
    pub(super) fn encrypt(&self, content: Content) -> Result<Content> {
        let mut vector = [0; BLOCK_BYTES];
        self.random.fill(&mut vector)?;
        Ok(self.encrypt_with(vector, content))
    }

    fn encrypt_with(&self, vector: Block, content: Content) -> Content {
        let first = self.first(vector);
        let writing = Some((content, self.counting(first), self.tag(first)));
        Box::pin(stream::try_unfold(writing, move |writing| async move {
            let Some((mut content, mut counting, mut tag)) = writing else { return Ok(None) };
            let Some(piece) = content.next().await else {
                let end = [vector, tag.finish()].concat();
                return Ok(Some((Bytes::from(end), None)));
            };
            let piece = apply(&mut counting, piece?);
            tag.add(&piece);
            if tag.bytes > CONTENT_BYTES_MAX {
                return Err(Error::internal("a file is too large to be encrypted"));
            }
            Ok(Some((piece, Some((content, counting, tag)))))
        }))
    }

    /// What is encrypted in a file, if that is genuine.
    pub(super) async fn open(&self, file: Box<dyn OpenFile>) -> Result<Box<dyn OpenFile>> {
        let forged = || Error::internal("a file was encrypted with another key, or changed");
        let bytes = file.bytes().checked_sub(TRAILER_BYTES as u64).ok_or_else(forged)?;
        let trailer = all(file.read(bytes, file.bytes())).await?;
        if trailer.len() != TRAILER_BYTES {
            return Err(forged());
        }
        let (mut vector, mut expected) = ([0; BLOCK_BYTES], [0; BLOCK_BYTES]);
        vector.copy_from_slice(&trailer[..BLOCK_BYTES]);
        expected.copy_from_slice(&trailer[BLOCK_BYTES..]);
        let first = self.first(vector);
        let mut tag = self.tag(first);
        let mut content = file.read(0, bytes);
        while let Some(piece) = content.next().await {
            tag.add(&piece?);
        }
        let differing = tag.finish().iter().zip(&expected).fold(0, |all, (a, b)| all | (a ^ b));
        if differing != 0 {
            return Err(forged());
        }
        Ok(Box::new(Unsealed { file, bytes, seal: self.clone(), first }))
    }
}

/// A file that is decrypted while it is read.
struct Unsealed {
    file: Box<dyn OpenFile>,
    bytes: u64,
    seal: Seal,
    first: Block,
}

impl OpenFile for Unsealed {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn version(&self) -> Option<String> {
        self.file.version()
    }

    fn read(&self, from: u64, to: u64) -> Content {
        let mut counting = self.seal.counting(self.first);
        counting.seek(BLOCK_BYTES as u64 + from);
        let content = self.file.read(from, to);
        Box::pin(content.map(move |piece| Ok(apply(&mut counting, piece?))))
    }
}

/// Encrypts or decrypts a piece, in place if nobody else has it.
fn apply(counting: &mut Ctr32BE<Aes256>, piece: Bytes) -> Bytes {
    let mut piece = piece.try_into_mut().unwrap_or_else(|piece| BytesMut::from(&piece[..]));
    counting.apply_keystream(&mut piece);
    piece.freeze()
}

async fn all(mut content: Content) -> Result<BytesMut> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = content.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// The tag of encrypted bytes on the way.
struct Tag {
    hash: GHash,
    mask: Block,
    /// Bytes of a block that is not full.
    begun: Vec<u8>,
    bytes: u64,
}

impl Tag {
    fn add(&mut self, mut piece: &[u8]) {
        self.bytes += piece.len() as u64;
        if !self.begun.is_empty() {
            let wanted = BLOCK_BYTES - self.begun.len();
            let taken = if piece.len() < wanted { piece.len() } else { wanted };
            self.begun.extend_from_slice(&piece[..taken]);
            piece = &piece[taken..];
            if self.begun.len() < BLOCK_BYTES {
                return;
            }
            self.hash.update_padded(&self.begun);
            self.begun.clear();
        }
        let whole = piece.len() - piece.len() % BLOCK_BYTES;
        self.hash.update_padded(&piece[..whole]);
        self.begun.extend_from_slice(&piece[whole..]);
    }

    fn finish(mut self) -> Block {
        self.hash.update_padded(&self.begun);
        let mut lengths = [0; BLOCK_BYTES];
        lengths[8..].copy_from_slice(&(self.bytes * 8).to_be_bytes());
        self.hash.update(&[lengths.into()]);
        let mut tag: Block = self.hash.finalize().into();
        tag.iter_mut().zip(self.mask).for_each(|(byte, mask)| *byte ^= mask);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Memory(Bytes);

    impl OpenFile for Memory {
        fn bytes(&self) -> u64 {
            self.0.len() as u64
        }

        fn version(&self) -> Option<String> {
            None
        }

        fn read(&self, from: u64, to: u64) -> Content {
            let bytes = self.0.slice(from as usize..to as usize);
            // Pieces of a length that is no multiple of a block.
            let pieces: Vec<Bytes> = bytes.chunks(7).map(Bytes::copy_from_slice).collect();
            Box::pin(stream::iter(pieces.into_iter().map(Ok)))
        }
    }

    fn content(pieces: &[&[u8]]) -> Content {
        let pieces: Vec<Bytes> = pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect();
        Box::pin(stream::iter(pieces.into_iter().map(Ok)))
    }

    async fn encrypted(pieces: &[&[u8]]) -> Bytes {
        let seal = Seal::new("k3y", Random);
        all(seal.encrypt(content(pieces)).unwrap()).await.unwrap().freeze()
    }

    async fn decrypted(bytes: &[u8], key: &str) -> Result<Vec<u8>> {
        let file = Box::new(Memory(Bytes::copy_from_slice(bytes)));
        let file = Seal::new(key, Random).open(file).await?;
        Ok(all(file.read(0, file.bytes())).await?.to_vec())
    }

    #[tokio::test]
    async fn what_was_encrypted_comes_back() {
        let text: Vec<u8> = (0..1_000_u32).map(|number| (number % 251) as u8).collect();
        for pieces in [vec![&text[..]], vec![&text[..1], &text[1..40], &text[40..]], vec![]] {
            let bytes = encrypted(&pieces).await;
            assert_eq!(bytes.len(), pieces.concat().len() + TRAILER_BYTES);
            assert_eq!(decrypted(&bytes, "k3y").await.unwrap(), pieces.concat());
            assert!(decrypted(&bytes, "other").await.is_err());
        }
        let file = Memory(encrypted(&[&text]).await);
        let file = Seal::new("k3y", Random).open(Box::new(file)).await.unwrap();
        assert_eq!(all(file.read(100, 133)).await.unwrap(), &text[100..133]);
        assert_eq!(all(file.read(999, 1_000)).await.unwrap(), &text[999..]);
    }

    #[tokio::test]
    async fn what_was_changed_is_noticed() {
        let bytes = encrypted(&[b"a secret"]).await;
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert!(decrypted(&changed, "k3y").await.is_err(), "byte {at}");
        }
        assert!(decrypted(&bytes[1..], "k3y").await.is_err());
        assert!(decrypted(b"short", "k3y").await.is_err());
    }

    #[tokio::test]
    async fn files_of_the_original_can_be_read() {
        // Written by @parse/fs-files-adapter 3 with the option `encryptionKey: "k3y"`.
        let bytes = BASE64_STANDARD.decode(ORIGINAL).unwrap();
        assert_eq!(decrypted(&bytes, "k3y").await.unwrap(), b"hi");
    }

    const ORIGINAL: &str = "kdhATAT1q3Vg8PghVva3UhpXz4X+GzfANt1QbPztHTWn4g==";
}
