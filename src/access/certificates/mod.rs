//! Certificates: the authority of this appliance, what its listener shows, and what collectors prove themselves with.
//!
//! It guarantees: keys of ours stand sealed; a certificate of a collector counts only while the registry lists it,
//! for that collector and unrevoked; what ends, or is dated in the future after the clock was set back, is made anew
//! in time, over the same authority's key, so that whoever trusts it goes on. It does not know how a connection is
//! opened.

mod authority;
mod collectors;
mod job;
mod names;
mod pair;
mod server;
mod verifier;

pub use authority::{Authority, AuthorityError, Certified, Signed};
pub use collectors::{CollectorCertificate, Proof};
pub use job::CertificateJob;
pub use names::Names;
pub use pair::{Pair, PairError};
pub use server::{ServerCertificate, ServerCertificateError, Source};
pub use verifier::client_verifier;

use crate::names::named;

named!(
    /// Whether collectors prove themselves by a certificate beside their token.
    ClientCertificates, "a rule for client certificates", { Off = "off", Optional = "optional", Required = "required" }
);
