//! What a certificate says: its dates, its names, its number.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Hash, sha256};
use crate::clock::Timestamp;

/// What people and renewals need to know of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Host names and addresses.
    pub names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Its number, in hexadecimal digits.
    pub serial: String,
    /// SHA-256 of the whole certificate.
    pub fingerprint: Hash,
}

impl Facts {
    /// Reads the DER form; `None` when it is no certificate.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|names| names.value.general_names.iter().filter_map(name).collect());
        let seconds = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Some(Self {
            names: names.unwrap_or_default(),
            not_before: seconds(certificate.validity().not_before.timestamp()),
            not_after: seconds(certificate.validity().not_after.timestamp()),
            serial: hex::encode(certificate.raw_serial()),
            fingerprint: sha256(der),
        })
    }

    /// Whether it counts at this time.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.not_after
    }

    /// Whether two thirds of its life are over.
    pub fn is_ending(&self, now: Timestamp) -> bool {
        let life = self.not_after.since(self.not_before);
        self.not_after.since(now) < life / 3
    }

    /// Whether it is time for whoever dated it to make the next one: also when it does not count yet, because the
    /// clock was set back.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.is_valid(now) || self.is_ending(now)
    }
}

/// The text form of a certificate.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let sixteen = || <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from);
            four.or_else(|_| sixteen()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}
