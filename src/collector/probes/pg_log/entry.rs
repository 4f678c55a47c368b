//! One entry of the log, whatever format it was written in, with its texts bounded and passwords hidden.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use crate::limits::LOG_TEXT_CHARS;

/// The same as in the texts of statements: a word for a secret and the value behind it.
#[expect(clippy::unwrap_used, reason = "a pattern that is written here, and met by every test")]
static PASSWORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(password|passwd|secret)\b(?:\s*=\s*[^\s'";),]+|\s*=?\s*e?'(?:[^']|'')*(?:'|$))"#)
        .unwrap()
});

/// A time with the zone that the server was told to log in.
#[expect(clippy::unwrap_used, reason = "a pattern that is written here, and met by every test")]
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?) ?([A-Za-z]{1,5}|[+-]\d\d(?::?\d\d)?)?")
        .unwrap()
});

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    /// RFC 3339 where the log is written in UTC or with an offset; else as it stands there.
    pub(super) timestamp: String,
    pub(super) level: String,
    pub(super) message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) database: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pid: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) sql_state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) hint: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) context: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) statement: String,
}

impl Entry {
    /// As it may be sent.
    pub(super) fn bounded(mut self) -> Self {
        for text in
            [&mut self.message, &mut self.detail, &mut self.hint, &mut self.context, &mut self.statement]
        {
            if let Some((end, _)) = text.char_indices().nth(LOG_TEXT_CHARS) {
                text.truncate(end);
            }
            *text = PASSWORD.replace_all(text, "$1 ***").into_owned();
        }
        self
    }
}

/// The first time in a text, in RFC 3339 where its zone says what it means.
pub(super) fn time(text: &str) -> Option<String> {
    let found = TIME.captures(text)?;
    let (date, clock) = (&found[1], &found[2]);
    let offset = match found.get(3).map_or("UTC", |zone| zone.as_str()) {
        "UTC" | "GMT" | "Z" | "Etc" => "Z".to_owned(),
        offset if offset.starts_with(['+', '-']) => offset.to_owned(),
        _ => return Some(found[0].to_owned()),
    };
    Some(format!("{date}T{clock}{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_where_the_zone_is_known() {
        assert_eq!(time("2026-11-20 15:00:31.719 UTC [7] ").unwrap(), "2026-11-20T15:00:31.719Z");
        assert_eq!(time("2026-11-20 15:00:31 +01").unwrap(), "2026-11-20T15:00:31+01");
        assert_eq!(time("2026-11-20 15:00:31.719 CET").unwrap(), "2026-11-20 15:00:31.719 CET");
        assert_eq!(time("[7] LOG:"), None);
    }

    #[test]
    fn texts_are_bounded_and_hold_no_password() {
        let message = format!("ALTER ROLE x PASSWORD 'it''s canary-secret' {}", "ä".repeat(LOG_TEXT_CHARS));
        let entry = Entry { message, ..Entry::default() }.bounded();
        assert!(entry.message.starts_with("ALTER ROLE x PASSWORD *** ä"), "{entry:?}");
        assert!(entry.message.chars().count() <= LOG_TEXT_CHARS);
    }
}
