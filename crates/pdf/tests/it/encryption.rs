//! Encrypted files, made with lopdf.

use crate::support::file::one_page;
use crate::support::file::show;
use crate::support::reading::{parse, text};
use lopdf::encryption::crypt_filters::{Aes128CryptFilter, Aes256CryptFilter, CryptFilter};
use lopdf::{Document, EncryptionState, EncryptionVersion, Object, Permissions, StringFormat};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::failure::FailureClass;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Cipher {
    Rc4,
    Aes128,
    Aes256,
}

pub(crate) fn encrypted(cipher: Cipher, user_password: &str) -> Vec<u8> {
    let plain = one_page(&show("F1", 10.0, (50.0, 700.0), "behind a password"));
    let mut document = Document::load_mem(&plain).unwrap();
    let id = Object::String(b"0123456789abcdef".to_vec(), StringFormat::Literal);
    document.trailer.set("ID", vec![id.clone(), id]);
    let state = state(&document, cipher, user_password);
    document.encrypt(&state).unwrap();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn state(document: &Document, cipher: Cipher, user_password: &str) -> EncryptionState {
    let filters = |filter: Arc<dyn CryptFilter>| BTreeMap::from([(b"StdCF".to_vec(), filter)]);
    let (owner_password, permissions) = ("owner", Permissions::all());
    let (stream_filter, string_filter) = (b"StdCF".to_vec(), b"StdCF".to_vec());
    let version = match cipher {
        Cipher::Rc4 => EncryptionVersion::V2 {
            document,
            owner_password,
            user_password,
            key_length: 128,
            permissions,
        },
        Cipher::Aes128 => EncryptionVersion::V4 {
            document,
            encrypt_metadata: true,
            crypt_filters: filters(Arc::new(Aes128CryptFilter)),
            stream_filter,
            string_filter,
            owner_password,
            user_password,
            permissions,
        },
        Cipher::Aes256 => EncryptionVersion::V5 {
            encrypt_metadata: true,
            crypt_filters: filters(Arc::new(Aes256CryptFilter)),
            file_encryption_key: &[7; 32],
            stream_filter,
            string_filter,
            owner_password,
            user_password,
            permissions,
        },
    };
    EncryptionState::try_from(version).unwrap()
}

#[test]
fn the_empty_password_opens_every_cipher() {
    for cipher in [Cipher::Rc4, Cipher::Aes128, Cipher::Aes256] {
        let bytes = encrypted(cipher, "");
        assert!(!bytes.windows(6).any(|window| window == b"behind"), "{cipher:?} is not encrypted");
        assert_eq!(text(bytes), "behind a password\n", "{cipher:?}");
    }
}

#[test]
fn another_password_is_a_failure_of_its_class() {
    for cipher in [Cipher::Rc4, Cipher::Aes128, Cipher::Aes256] {
        let failure = parse(encrypted(cipher, "secret")).unwrap_err();
        assert_eq!(failure.class, FailureClass::Encrypted, "{cipher:?}");
        assert!(failure.hint.contains("without a password"), "{cipher:?}: {}", failure.hint);
    }
}
