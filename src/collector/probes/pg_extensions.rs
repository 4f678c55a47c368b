//! `pg_extensions`: what is installed in one database, and the version that the server could give it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::rows::{Rows, rows};
use crate::collector::collection::to_document;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::{DEFINITION_CHARS, EXTENSIONS_PER_DOCUMENT};

const EXTENSIONS: &str = "
    SELECT e.extname::text AS name, e.extversion AS version, a.default_version, n.nspname::text AS schema,
           pg_get_userbyid(e.extowner)::text AS owner, e.extrelocatable AS relocatable,
           coalesce(left(obj_description(e.oid, 'pg_extension'), $2), '') AS description
      FROM pg_extension e
      JOIN pg_namespace n ON n.oid = e.extnamespace
      LEFT JOIN pg_available_extensions() a ON a.name = e.extname
     ORDER BY 1 LIMIT $1";

#[derive(Serialize)]
struct Part {
    extensions: Rows,
}

pub(crate) async fn part(session: &mut Session) -> Result<Box<RawValue>, PostgresError> {
    let transaction = session.read_only().await?;
    let extensions = rows(&transaction, EXTENSIONS, &[&EXTENSIONS_PER_DOCUMENT, &DEFINITION_CHARS]).await?;
    transaction.commit().await?;
    Ok(to_document(&Part { extensions })?)
}
