//! Connections that are encrypted, to a server that shows who it is with a certificate made for the test.

use super::open;
use crate::conformance::{Draft, assert_sound, model};
use crate::{Access, FullText, PostgresStore};
use postgres_server::shared;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use types::seam::{Store as _, StoreError, StoreErrorKind};

/// What a client sends to ask for TLS: its length, and the number that stands for it.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Somebody who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// What a server of this name shows.
    fn server(&self, name: &str) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .unwrap()
    }
}

/// In front of the shared server, which was built without TLS: takes it off and passes the rest on. Returns its port.
fn door(config: ServerConfig) -> u16 {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((client, _)) = listener.accept().await {
                runtime.handle().spawn(pass(client, acceptor.clone()));
            }
        });
    });
    port
}

/// Who gives up on the certificate is gone, which is no fault of the door.
async fn pass(mut client: TcpStream, acceptor: TlsAcceptor) -> Option<()> {
    let mut asked = [0; 8];
    client.read_exact(&mut asked).await.ok()?;
    assert_eq!(asked, REQUEST, "nothing is said before TLS was asked for");
    client.write_all(b"S").await.ok()?;
    let mut client = acceptor.accept(client).await.ok()?;
    let mut server = TcpStream::connect(("127.0.0.1", shared().port())).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    Some(())
}

/// A door for `localhost`, and files with the certificates of its authority and of another.
struct Scene {
    database: String,
    port: u16,
    _folder: TempDir,
    right: PathBuf,
    wrong: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let (authority, other) = (Authority::new("right"), Authority::new("wrong"));
        let folder = tempfile::tempdir().unwrap();
        let [right, wrong] =
            [("right.pem", &authority), ("wrong.pem", &other)].map(|(name, of)| {
                let path = folder.path().join(name);
                std::fs::write(&path, &of.pem).unwrap();
                path
            });
        let port = door(authority.server("localhost"));
        Self { database: shared().database(), port, _folder: folder, right, wrong }
    }

    fn url(&self, host: &str, options: &str) -> String {
        let url = shared().url_through(self.port, &self.database);
        format!("{}?{options}", url.replace("127.0.0.1", host))
    }

    fn trusting(&self, host: &str, mode: &str, root: &Path) -> String {
        self.url(host, &format!("sslmode={mode}&sslrootcert={}", root.display()))
    }
}

fn refused(url: &str) -> StoreError {
    let begun = std::time::Instant::now();
    let error = PostgresStore::open(url, Access::Create, FullText::On).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    assert!(!format!("{error:?}").contains("gristmill:gristmill"), "{error:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "a certificate does not get better by waiting"
    );
    error
}

#[test]
fn a_server_is_used_when_its_authority_is_trusted_and_names_it() {
    let scene = Scene::new();
    let store = open(&scene.trusting("localhost", "verify-full", &scene.right), Access::Create);
    store.bind_model(&model()).unwrap();
    store.apply(&[Draft::new("a.md", "one/two").whole(&store)]).unwrap();
    assert_eq!(store.counts().unwrap().chunks, 2);
    assert_sound(&store);
}

#[test]
fn a_server_of_another_authority_is_refused() {
    let scene = Scene::new();
    for mode in ["verify-full", "verify-ca"] {
        let error = refused(&scene.trusting("localhost", mode, &scene.wrong));
        assert!(error.message.contains("UnknownIssuer"), "{error}");
        assert!(error.hint.contains("sslrootcert"), "{}", error.hint);
    }
    let error = refused(&scene.url("localhost", "sslmode=verify-full"));
    assert!(error.message.contains("UnknownIssuer"), "the system's roots do not know it: {error}");
}

#[test]
fn a_server_of_another_name_is_refused_unless_names_do_not_count() {
    let scene = Scene::new();
    let error = refused(&scene.trusting("127.0.0.1", "verify-full", &scene.right));
    assert!(error.message.contains("not valid for name"), "{error}");
    open(&scene.trusting("127.0.0.1", "verify-ca", &scene.right), Access::Create);
    // As asked for: encrypted, to whoever answers.
    open(&scene.url("127.0.0.1", "sslmode=require"), Access::Read);
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_asked_for() {
    let url = shared().url(&shared().database());
    for mode in ["require", "verify-full"] {
        let error = refused(&format!("{url}?sslmode={mode}"));
        assert!(error.message.contains("TLS"), "{error}");
    }
}

#[test]
fn a_root_certificate_that_cannot_be_read_is_named() {
    let scene = Scene::new();
    let missing = scene.right.with_file_name("missing.pem");
    let error = refused(&scene.trusting("localhost", "verify-full", &missing));
    assert!(error.message.contains("missing.pem"), "{error}");
}
