//! The listener's TLS, against the real program: which versions it speaks, what it shows, how it takes other
//! certificates while it runs, and what it says of files that cannot be used.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::Method;
use rustls::version::{TLS12, TLS13};
use serde_json::json;

use crate::support::appliance::{ADMIN, Appliance, PASSWORD, write};
use crate::support::client::{Client, Tls};
use crate::support::tls::{connect, old_hello, takes_suite};
use crate::support::wait_for;

/// How often the site's certificate is replaced under traffic.
const REPLACEMENTS: usize = 12;

/// An authority of a site, and what it issues.
struct Site {
    folder: tempfile::TempDir,
    ca: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Site {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap().pem();
        Self { folder: tempfile::tempdir().unwrap(), ca, issuer: Issuer::new(params, key) }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.crt")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }

    fn issue() -> KeyPair {
        KeyPair::generate().unwrap()
    }

    fn put_certificate(&self, key: &KeyPair) {
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(key, &self.issuer).unwrap().pem();
        write(&self.certificate(), format!("{certificate}{}", self.ca).as_bytes());
    }

    fn put_key(&self, key: &KeyPair) {
        write(&self.key(), key.serialize_pem().as_bytes());
        std::fs::set_permissions(self.key(), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// A configuration that names the two files.
    fn configured(&self) -> String {
        let path = self.folder.path().join("pganalytics.toml");
        let text = format!(
            "[server]\ntls = 'files'\ncertificate = '{}'\nprivate_key_file = '{}'\n",
            self.certificate().display(),
            self.key().display()
        );
        write(&path, text.as_bytes());
        path.display().to_string()
    }

    fn tls(&self) -> Tls {
        Tls { ca: self.ca.clone(), own: None }
    }
}

/// The certificate that ends the chain which the listener shows.
fn shown_authority(address: &str, versions: &[&'static rustls::SupportedProtocolVersion]) -> Option<Tls> {
    let chain = crate::support::tls::shown(address, versions)?;
    Some(Tls { ca: chain.last()?.clone(), own: None })
}

fn internal(environment: &[(&str, &str)]) -> (Appliance, Tls) {
    let mut all = vec![("PGANALYTICS_TLS", "internal")];
    all.extend(environment);
    let mut appliance = Appliance::start_with(&all);
    let tls = shown_authority(appliance.client.address(), &[&TLS13]).unwrap();
    let url = appliance.client.url().to_owned();
    appliance.client = Client::with(&url, Some(tls.clone()));
    (appliance, tls)
}

/// What every scanner of a site's network looks for.
#[test]
fn the_listener_speaks_nothing_below_the_version_that_is_configured() {
    let (appliance, tls) = internal(&[]);
    let address = appliance.client.address();
    connect(address, &tls, &[&TLS13]).unwrap();
    let refused = connect(address, &tls, &[&TLS12]).unwrap_err().to_string();
    assert!(refused.contains("ProtocolVersion"), "{refused}");
    for version in [[3, 0], [3, 1], [3, 2], [3, 3]] {
        let answer = old_hello(address, version);
        assert!(answer.is_empty() || answer[0] == 21, "{version:?} was answered {answer:?}");
    }
    // whoever speaks HTTP there gets no answer in it
    assert!(
        Client::of(&format!("http://{address}"))
            .try_send(reqwest::Method::GET, "/livez", &[], vec![])
            .is_err()
    );

    let (appliance, tls) = internal(&[("PGANALYTICS_TLS_MIN_VERSION", "1.2")]);
    let address = appliance.client.address();
    for version in [&TLS13, &TLS12] {
        connect(address, &tls, &[version]).unwrap();
    }
    for version in [[3, 0], [3, 1], [3, 2]] {
        let answer = old_hello(address, version);
        assert!(answer.is_empty() || answer[0] == 21, "{version:?} was answered {answer:?}");
    }
}

/// Where TLS 1.2 is wanted, it is with forward secrecy and authenticated encryption; no RC4, 3DES, CBC, export or null.
#[test]
fn no_suite_is_taken_that_a_scanner_would_name() {
    let scan = |appliance: &Appliance| {
        let suites = (0..=0xff).chain(0xc000..=0xc0ff).chain(0xcca8..=0xccae).chain(0x1301..=0x1305);
        suites.filter(|suite| takes_suite(appliance.client.address(), *suite)).collect::<Vec<u16>>()
    };
    let (appliance, _) = internal(&[]);
    assert_eq!(scan(&appliance), Vec::<u16>::new(), "a suite of TLS 1.2");
    let (appliance, _) = internal(&[("PGANALYTICS_TLS_MIN_VERSION", "1.2")]);
    // ECDHE-ECDSA with AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305
    assert_eq!(scan(&appliance), [0xc02b, 0xc02c, 0xcca9]);
}

#[test]
fn the_internal_certificate_is_the_same_after_a_restart_and_browsers_are_bound_to_tls() {
    let (mut appliance, tls) = internal(&[]);
    appliance.set_up();
    let body = json!({"username": ADMIN, "password": PASSWORD});
    let login = appliance.client.post("/api/v1/auth/login", None, &body);
    assert_eq!(login.header("strict-transport-security"), "max-age=31536000");
    let cookie = login.header("set-cookie");
    for part in ["__Host-pganalytics=", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{part} is not in {}", cookie.split('=').next().unwrap());
    }
    assert!(!cookie.contains("Domain"));
    let page = appliance.client.get("/", None);
    assert_eq!((page.status, page.header("strict-transport-security")), (200, "max-age=31536000"));

    let before = crate::support::tls::shown(appliance.client.address(), &[&TLS13]);
    assert_eq!(appliance.stop(), Some(0));
    appliance.restart();
    let after = crate::support::tls::shown(appliance.client.address(), &[&TLS13]);
    assert_eq!(before, after);
    connect(appliance.client.address(), &tls, &[&TLS13]).unwrap();
}

#[test]
fn the_sites_certificate_is_taken_anew_on_sighup_and_a_bad_pair_leaves_the_old_one() {
    let site = Site::new();
    let (first, second) = (Site::issue(), Site::issue());
    site.put_certificate(&first);
    site.put_key(&first);
    let mut appliance = Appliance::prepare();
    appliance.serve_with(&["--config", &site.configured()]);
    let address = appliance.client.address().to_owned();
    let shown = || crate::support::tls::shown(&address, &[&TLS13]).unwrap();
    let before = shown();
    connect(&address, &site.tls(), &[&TLS13]).unwrap();

    // half of a replacement: the certificate is there, its key is not yet
    site.put_certificate(&second);
    appliance.signal(Signal::SIGHUP);
    wait_for("the refusal", || appliance.said().contains("does not belong to the private key").then_some(()));
    assert_eq!(shown(), before);
    write(&site.certificate(), b"-----BEGIN CERTIFICATE-----\nMIIB");
    appliance.signal(Signal::SIGHUP);
    wait_for("the refusal", || appliance.said().contains("server.crt is not whole").then_some(()));
    assert_eq!(shown(), before);

    site.put_certificate(&second);
    site.put_key(&second);
    appliance.signal(Signal::SIGHUP);
    wait_for("the new certificate", || (shown() != before).then_some(()));
    connect(&address, &site.tls(), &[&TLS13]).unwrap();
}

/// Agents and browsers feel nothing of a replacement, be their connections old or new.
#[test]
fn no_request_is_lost_while_certificates_are_replaced() {
    let site = Site::new();
    let keys = [Site::issue(), Site::issue()];
    let replace = |key: &KeyPair| {
        site.put_key(key);
        site.put_certificate(key);
    };
    replace(&keys[0]);
    let mut appliance = Appliance::prepare();
    appliance.serve_with(&["--config", &site.configured()]);
    let (url, tls, is_over) = (appliance.client.url().to_owned(), site.tls(), AtomicBool::new(false));
    let ask = |is_kept: bool| {
        let (kept, mut answers) = (Client::with(&url, Some(tls.clone())), Vec::new());
        while !is_over.load(Ordering::SeqCst) {
            let new = (!is_kept).then(|| Client::with(&url, Some(tls.clone())));
            let reply = new.as_ref().unwrap_or(&kept).try_send(Method::GET, "/livez", &[], Vec::new());
            answers.push(reply.map(|reply| reply.status).map_err(|error| format!("{error:?}")));
        }
        answers
    };
    let shown = || crate::support::tls::shown(appliance.client.address(), &[&TLS13]);
    let answers = thread::scope(|scope| {
        let ask = &ask;
        let asking = [true, false, true, false].map(|is_kept| scope.spawn(move || ask(is_kept)));
        let mut before = shown();
        let replaced = (1..=REPLACEMENTS).take_while(|number| {
            replace(&keys[number % 2]);
            appliance.signal(Signal::SIGHUP);
            let deadline = Instant::now() + Duration::from_secs(20);
            while shown() == before && Instant::now() < deadline {
                thread::park_timeout(Duration::from_millis(10));
            }
            std::mem::replace(&mut before, shown()) != before
        });
        let replaced = replaced.count();
        is_over.store(true, Ordering::SeqCst);
        assert_eq!(replaced, REPLACEMENTS);
        asking.map(|asking| asking.join().unwrap())
    });
    for answers in answers {
        assert!(answers.len() > 2, "there was traffic: {}", answers.len());
        let lost: Vec<_> = answers.iter().filter(|answer| **answer != Ok(200)).collect();
        assert!(lost.is_empty(), "{} of {}: {:?}", lost.len(), answers.len(), lost[0]);
    }
}

/// Nothing is begun with a pair that cannot be used: the message says what to do, and the directory is not made.
#[test]
fn what_cannot_be_used_is_said_at_the_start_and_nothing_is_changed() {
    let site = Site::new();
    let (key, other) = (Site::issue(), Site::issue());
    let appliance = Appliance::prepare();
    let refused = |said: &str| {
        for command in ["serve", "check"] {
            let output = appliance.run(&[command, "--config", &site.configured()], "");
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert_eq!(output.status.code(), Some(1), "{text}");
            assert!(text.contains(said), "{command}: {said} is not in: {text}");
            assert!(!text.contains("PRIVATE"), "{text}");
        }
        assert!(!appliance.data_dir().exists(), "{said}");
    };
    site.put_certificate(&key);
    refused("server.key");
    site.put_key(&other);
    refused("does not belong to the private key");
    site.put_key(&key);
    chmod(&site.key(), 0o644);
    refused("chmod 600");
    write(&site.key(), &key.serialize_pem().as_bytes()[..80]);
    chmod(&site.key(), 0o600);
    refused("server.key is not whole");
    site.put_key(&key);
    write(&site.certificate(), b"");
    refused("holds no certificate");
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What an administrator pins is what the listener shows.
#[test]
fn the_hash_that_agents_pin_is_told_by_the_command_and_by_the_system_view() {
    let (appliance, tls) = internal(&[]);
    appliance.set_up();
    let output = appliance.run(&["certificate", "authority", "--output", "json"], "");
    assert_eq!(output.status.code(), Some(0));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ada = appliance.login(ADMIN);
    let system = appliance.client.get("/api/v1/system", Some(&ada));
    assert_eq!(system.body["tls"]["authority"]["sha256"], told["sha256"], "{}", system.text);
    assert_eq!(system.body["tls"]["client_certificates"], "optional");
    assert_eq!(system.body["keys"]["root_keys"], json!([1]));
    let names = system.body["tls"]["certificate"]["names"].to_string();
    assert!(names.contains("127.0.0.1") && names.contains("localhost"), "{names}");
    let lines = |pem: &str| pem.lines().collect::<String>();
    assert_eq!(lines(told["certificate"].as_str().unwrap()), lines(&tls.ca));
    let jobs = appliance.client.get("/api/v1/jobs", Some(&ada)).text;
    assert!(jobs.contains("\"certificates\"") && jobs.contains("\"keys\""), "{jobs}");
}
