//! The certificates of collectors over HTTP: agents renew theirs, administrators see, make and revoke them.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use crate::access::CollectorCertificate;
use crate::clock::Timestamp;
use crate::fleet::RegisterError;
use crate::ids::CollectorId;
use crate::limits::CERTIFICATE_REQUEST_BYTES;
use crate::node::Node;
use crate::registry::CollectorsError;
use crate::wire::RenewedCertificate;

/// The body of an agent's request for its next certificate.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct CertificateBody {
    /// PKCS #10 in PEM form, signed with the agent's key. Only the key in it counts.
    csr: String,
}

/// A certificate request, which agents send here and when they register.
pub(super) fn request(fields: &mut Fields) -> Option<String> {
    let text = fields.optional_secret("csr", 1..=CERTIFICATE_REQUEST_BYTES)?;
    Some(text.expose().to_owned())
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/certificate", tag = "agents", params(("id" = String, Path)),
    request_body = CertificateBody,
    responses((status = 200, description = "certificate, ca_certificate, expires_at"), (status = 400), (status = 403)))]
pub(super) async fn renew(
    node: Data<Node>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<RenewedCertificate>, Problem> {
    let id = caller.collector()?;
    let csr = request(&mut fields);
    if csr.is_none() {
        fields.complain("csr", "required", "must be given".to_owned());
    }
    let csr = fields.finish_leniently(csr.unwrap_or_default())?;
    let renew = move |node: &Node| {
        let signed = node.registrar.renew_certificate(&caller.origin, id, &csr)?;
        Ok::<_, RegisterError>(RenewedCertificate {
            certificate: signed.certificate,
            ca_certificate: node.registrar.anchor(),
            expires_at: signed.facts.not_after,
        })
    };
    Ok(Json(on_disk(&node, renew).await?))
}

#[derive(Serialize, ToSchema)]
pub(super) struct CertificateView {
    /// In hexadecimal digits.
    serial: String,
    /// SHA-256 of the certificate, in hexadecimal digits.
    fingerprint: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl From<CollectorCertificate> for CertificateView {
    fn from(certificate: CollectorCertificate) -> Self {
        Self {
            serial: certificate.serial,
            fingerprint: hex::encode(certificate.fingerprint),
            created_at: certificate.created_at,
            expires_at: certificate.expires_at,
            revoked_at: certificate.revoked_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct CertificateList {
    certificates: Vec<CertificateView>,
    total: usize,
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/certificates", tag = "collectors",
    params(("id" = String, Path)), responses((status = 200, body = CertificateList), (status = 404)))]
pub(super) async fn list(node: Data<Node>, id: Path<String>) -> Result<Json<CertificateList>, Problem> {
    let id: CollectorId = id.parse()?;
    let listed = on_disk(&node, move |node| node.registrar.certificates(id)).await?;
    let certificates: Vec<_> = listed.into_iter().map(CertificateView::from).collect();
    Ok(Json(CertificateList { total: certificates.len(), certificates }))
}

/// A new certificate with its key, which is in this reply only.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedView {
    certificate: String,
    private_key: String,
    ca_certificate: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/certificates", tag = "control",
    params(("id" = String, Path)), responses((status = 201, body = IssuedView), (status = 404)))]
pub(super) async fn issue(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
) -> Result<(Json<IssuedView>, StatusCode), Problem> {
    let id: CollectorId = id.parse()?;
    let issue = move |node: &Node| {
        let certified = node.registrar.issue_certificate(&caller.origin, id)?;
        Ok::<_, RegisterError>((certified, node.registrar.anchor()))
    };
    let (certified, ca_certificate) = on_disk(&node, issue).await?;
    let issued = IssuedView {
        certificate: certified.certificate,
        private_key: certified.private_key.expose().to_owned(),
        ca_certificate,
        expires_at: certified.expires_at,
    };
    Ok((Json(issued), StatusCode::CREATED))
}

#[utoipa::path(delete, path = "/api/v1/collectors/{id}/certificates/{serial}", tag = "control",
    params(("id" = String, Path), ("serial" = String, Path)),
    responses((status = 200, body = CertificateView), (status = 404)))]
pub(super) async fn revoke(
    node: Data<Node>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<Json<CertificateView>, Problem> {
    let (id, serial) = path.into_inner();
    let id: CollectorId = id.parse()?;
    let revoke = move |node: &Node| node.registrar.revoke_certificate(&caller.origin, id, &serial);
    let revoked = on_disk::<_, CollectorsError>(&node, revoke).await?;
    let revoked =
        revoked.ok_or_else(|| Problem::not_found("the collector has no certificate of this number"))?;
    Ok(Json(revoked.into()))
}
