//! The floor of a login. Any library that remembers an account must at least
//! - compute for each device the HMACs of three steps, which are 8 compressions with those of the key;
//! - open the record, and seal one of the same length, in place;
//! - get a nonce of 24 bytes for the seal from the operating system.

use std::hint::black_box;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use rand::TryRng;
use rand::rngs::SysRng;
use secondfactor::AccountId;

use crate::enrolled::KEY;
use crate::shared::floors;

pub(crate) fn hmacs(devices: usize) -> impl FnMut() {
    floors::sha1(8 * devices)
}

/// The bare AEAD over as many bytes as the record has.
pub(crate) struct Aead {
    associated: Vec<u8>,
    sealed: Vec<u8>,
    nonce: [u8; 24],
    tag: [u8; 16],
    buffer: Vec<u8>,
}

impl Aead {
    pub(crate) fn new(id: &AccountId, record: &[u8]) -> Self {
        // Format, key id, nonce; and the tag.
        let (header, tag) = (1 + 8 + 24, 16);
        let buffer = vec![0x5a; record.len() - header - tag];
        let associated = vec![0; b"secondfactor record".len() + header + id.as_str().len()];
        let sealed = buffer.clone();
        let mut aead = Self {
            associated,
            sealed,
            nonce: [0; 24],
            tag: [0; 16],
            buffer,
        };
        aead.seal();
        aead
    }

    pub(crate) fn open(&mut self) {
        self.buffer.copy_from_slice(&self.sealed);
        let cipher = XChaCha20Poly1305::new(black_box(&KEY.into()));
        let opened = cipher.decrypt_inout_detached(
            &self.nonce.into(),
            black_box(&self.associated),
            self.buffer.as_mut_slice().into(),
            &self.tag.into(),
        );
        opened.expect("sealed here");
        black_box(&self.buffer);
    }

    pub(crate) fn seal(&mut self) {
        SysRng
            .try_fill_bytes(&mut self.nonce)
            .expect("random bytes");
        let cipher = XChaCha20Poly1305::new(black_box(&KEY.into()));
        let tag = cipher.encrypt_inout_detached(
            &self.nonce.into(),
            black_box(&self.associated),
            self.buffer.as_mut_slice().into(),
        );
        self.tag = tag.expect("short enough").into();
        std::mem::swap(&mut self.sealed, &mut self.buffer);
    }
}
