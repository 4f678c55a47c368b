//! What is shown of the text of somebody's statement.

use crate::limits::STATEMENT_CHARS;

/// A word for a secret and the value behind it, also where the text was cut in the middle of it.
const PASSWORD: &str = r#"\m(password|passwd|secret)\M(\s*=\s*[^\s'";),]+|\s*=?\s*[eE]?'([^']|'')*('|$))"#;

/// An SQL expression for the beginning of the text in `column`, with the passwords in it hidden: PostgreSQL
/// shows those of `ALTER ROLE` or of a connection string as they were typed.
pub(super) fn shown(column: &str) -> String {
    format!("regexp_replace(left({column}, {STATEMENT_CHARS}), $re${PASSWORD}$re$, '\\1 ***', 'gi')")
}
