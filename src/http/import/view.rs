//! The answer of one row of an import.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fleet::{Counts, Fault, Imported, Outcome};
use crate::ids::CollectorId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RowStatus {
    Success,
    Error,
    Exists,
}

/// What became of one row.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct RowView {
    /// As a spreadsheet numbers it: in CSV the header is row 1. In JSON the first collector is row 1.
    row: usize,
    name: String,
    pub(super) status: RowStatus,
    /// Why it was not imported, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The same for programs, as `name_taken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The column at fault, by the name that the row uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    collector_id: Option<CollectorId>,
    /// Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt_token: Option<String>,
    /// The collector's client certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    /// PEM; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
}

impl From<Outcome> for RowView {
    fn from(Outcome { row, name, imported }: Outcome) -> Self {
        let mut view = Self {
            row,
            name,
            status: RowStatus::Success,
            error: None,
            code: None,
            field: None,
            collector_id: None,
            jwt_token: None,
            certificate: None,
            private_key: None,
        };
        match imported {
            Imported::WouldBe => {}
            Imported::Registered(registered) => {
                view.collector_id = Some(registered.collector.id);
                view.jwt_token = Some(registered.token.token.expose().to_owned());
                view.certificate = Some(registered.certificate);
                view.private_key = registered.private_key.map(|key| key.expose().to_owned());
            }
            Imported::Exists { id, message } => {
                view.status = RowStatus::Exists;
                view.collector_id = id;
                view.error = Some(message);
            }
            Imported::Refused(Fault { field, code, message }) => {
                view.status = RowStatus::Error;
                (view.error, view.code, view.field) = (Some(message), Some(code), field);
            }
        }
        view
    }
}

/// Rows of each status.
pub(super) fn counts(rows: &[RowView]) -> Counts {
    let of = |status| rows.iter().filter(|row| row.status == status).count();
    Counts {
        successful: of(RowStatus::Success),
        existing: of(RowStatus::Exists),
        failed: of(RowStatus::Error),
    }
}
