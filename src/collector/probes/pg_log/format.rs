//! The three formats: where an entry ends, and what it says.
//!
//! Lines that make no sense become part of the entry before them or one of their own, never an error: the log is not
//! ours. A record that a full disk or a crash has cut off does not spoil those behind it.

use std::sync::LazyLock;

use regex::Regex;

use super::entry::{Entry, time};

/// The later ones say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    Stderr,
    Csv,
    Json,
}

/// What stands between the prefix, which is the operator's choice, and the text.
#[expect(clippy::unwrap_used, reason = "a pattern that is written here, and met by every test")]
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(DEBUG[1-5]?|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT):  ",
    )
    .unwrap()
});

/// What belongs to the entry before it.
/// Columns that every release writes.
const CSV_COLUMNS: usize = 23;

const PARTS: [&str; 6] = ["DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "STATEMENT"];

#[expect(clippy::unwrap_used, reason = "a pattern that is written here, and met by every test")]
static PID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[(\d+)\]").unwrap());

/// How a record of CSV begins: with the time, and with the zone that the server logs in.
#[expect(clippy::unwrap_used, reason = "a pattern that is written here, and met by every test")]
static RECORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [^,"\s]{1,10},"#).unwrap());
/// Bytes that such a beginning has at most.
const RECORD_BYTES: usize = 36;

impl Format {
    /// By the name of a file, which may have been rotated to `x.csv.1`.
    pub(super) fn of(file: &str) -> Self {
        let has = |extension| file.ends_with(extension) || file.contains(&format!("{extension}."));
        if has(".json") {
            Self::Json
        } else if has(".csv") {
            Self::Csv
        } else {
            Self::Stderr
        }
    }

    /// The entries in whole lines of text.
    pub(super) fn entries(self, text: &str) -> Vec<Entry> {
        let entries = match self {
            Self::Stderr => stderr(text),
            Self::Csv => csv_records(text).into_iter().map(of_csv).collect(),
            Self::Json => text.lines().map(of_json).collect(),
        };
        entries.into_iter().map(Entry::bounded).collect()
    }

    /// How many bytes of `text` hold whole entries. Where there is more to read, the last entry on standard error may
    /// have more lines.
    pub(super) fn whole(self, text: &[u8], is_cut: bool) -> usize {
        let end = self.whole_lines(text);
        if self != Self::Stderr || !is_cut {
            return end;
        }
        let starts = (1..end).rev().filter(|at| text[at - 1] == b'\n');
        starts.into_iter().find(|at| is_entry(&text[*at..end])).unwrap_or(end)
    }

    fn whole_lines(self, text: &[u8]) -> usize {
        let mut is_quoted = false;
        let mut end = 0;
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b'"' if self == Self::Csv => is_quoted = !is_quoted,
                b'\n' if !is_quoted || self == Self::Csv && is_record(&text[at + 1..]) => {
                    is_quoted = false;
                    end = at + 1;
                }
                _ => {}
            }
        }
        end
    }
}

/// Whether a record of CSV begins here: also where the quotes of the one before it were cut off.
fn is_record(text: &[u8]) -> bool {
    text.starts_with(b"20")
        && RECORD.is_match(&String::from_utf8_lossy(&text[..text.len().min(RECORD_BYTES)]))
}

/// Whether an entry of its own begins here, and not a part of the one before.
fn is_entry(text: &[u8]) -> bool {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let label = LABEL.captures(&line).filter(|_| !line.starts_with('\t'));
    label.is_some_and(|label| !PARTS.contains(&&label[1]))
}

fn stderr(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut label = String::new();
    for line in text.lines() {
        let found = LABEL.captures(line).filter(|_| !line.starts_with('\t'));
        let Some(found) = found else {
            if let Some(entry) = entries.last_mut() {
                let part = part_of(entry, &label);
                part.push('\n');
                part.push_str(line.trim_start_matches('\t'));
            } else {
                entries.push(Entry { message: line.to_owned(), ..Entry::default() });
            }
            continue;
        };
        let (Some(whole), name) = (found.get(0), &found[1]) else { continue };
        name.clone_into(&mut label);
        let (prefix, rest) = (&line[..whole.start()], &line[whole.end()..]);
        match (name, entries.last_mut()) {
            (part, Some(entry)) if PARTS.contains(&part) => part_of(entry, part).push_str(rest),
            _ => entries.push(Entry {
                timestamp: time(prefix).unwrap_or_default(),
                level: name.to_owned(),
                message: rest.to_owned(),
                pid: PID.captures(prefix).and_then(|pid| pid[1].parse().ok()),
                ..Entry::default()
            }),
        }
    }
    entries
}

fn part_of<'a>(entry: &'a mut Entry, label: &str) -> &'a mut String {
    match label {
        "DETAIL" => &mut entry.detail,
        "HINT" => &mut entry.hint,
        "CONTEXT" | "LOCATION" => &mut entry.context,
        "STATEMENT" | "QUERY" => &mut entry.statement,
        _ => &mut entry.message,
    }
}

/// Records with their fields, which may hold commas, line ends and doubled quotes within quotes. The last record may be cut
/// off.
fn csv_records(text: &str) -> Vec<(&str, Vec<String>)> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut begin) = (false, 0);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek().is_some_and(|(_, next)| *next == '"') => {
                field.extend(letters.next().map(|(_, quote)| quote));
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\n' if !is_quoted || is_record(&text.as_bytes()[at + 1..]) => {
                is_quoted = false;
                record.push(std::mem::take(&mut field));
                records.push((&text[begin..at], std::mem::take(&mut record)));
                begin = at + 1;
            }
            other => field.push(other),
        }
    }
    if begin < text.len() {
        record.push(field);
        records.push((&text[begin..], record));
    }
    records
}

/// The columns have kept their places since the format was made; later ones come at the end. What has fewer is a record
/// that was cut off, perhaps with the next one right behind it: its text is the message.
fn of_csv((text, fields): (&str, Vec<String>)) -> Entry {
    let field = |place: usize| fields.get(place).cloned().unwrap_or_default();
    let timestamp = time(&field(0)).unwrap_or_default();
    if fields.len() < CSV_COLUMNS {
        return Entry { timestamp, message: text.to_owned(), ..Entry::default() };
    }
    Entry {
        timestamp,
        username: field(1),
        database: field(2),
        pid: field(3).parse().ok(),
        level: field(11),
        sql_state: field(12),
        message: field(13),
        detail: field(14),
        hint: field(15),
        context: field(18),
        statement: field(19),
    }
}

/// A line that was cut off is a message.
fn of_json(line: &str) -> Entry {
    let read = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line);
    let Ok(object) = read else {
        return Entry {
            timestamp: time(line).unwrap_or_default(),
            message: line.to_owned(),
            ..Entry::default()
        };
    };
    let text = |name: &str| object.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    Entry {
        timestamp: time(&text("timestamp")).unwrap_or_default(),
        level: text("error_severity"),
        message: text("message"),
        database: text("dbname"),
        username: text("user"),
        pid: object.get("pid").and_then(serde_json::Value::as_i64),
        sql_state: text("state_code"),
        detail: text("detail"),
        hint: text("hint"),
        context: text("context"),
        statement: text("statement"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_message_on_standard_error_belong_together() {
        let text = "2026-11-20 15:00:31.719 UTC [7] ERROR:  bad\n\twords\n\
                    2026-11-20 15:00:31.719 UTC [7] DETAIL:  very bad\n\
                    2026-11-20 15:00:31.719 UTC [7] STATEMENT:  SELECT\n\t  'LOG:  no'\n\
                    app LOG:  fine\n";
        let entries = Format::Stderr.entries(text);
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].level.as_str(), entries[0].message.as_str()), ("ERROR", "bad\nwords"));
        assert_eq!((entries[0].detail.as_str(), entries[0].pid), ("very bad", Some(7)));
        assert_eq!(entries[0].statement, "SELECT\n  'LOG:  no'");
        assert_eq!((entries[1].level.as_str(), entries[1].message.as_str()), ("LOG", "fine"));
    }

    #[test]
    fn a_record_of_csv_ends_outside_of_quotes_only() {
        let record = "2026-11-20 15:00:31.719 UTC,\"ann\",\"app\",7,,,,,,,0,ERROR,42601,\"a \"\"b\"\"\nc, d\",,,,,,,,,\n";
        assert_eq!(Format::Csv.whole(record.as_bytes(), false), record.len());
        assert_eq!(Format::Csv.whole(&record.as_bytes()[..record.len() - 12], false), 0);
        let entries = Format::Csv.entries(record);
        assert_eq!((entries[0].message.as_str(), entries[0].database.as_str()), ("a \"b\"\nc, d", "app"));
    }

    /// A full disk cuts records off in the middle, and the server goes on in the same file when there is room again.
    #[test]
    fn a_record_that_is_cut_off_is_an_entry_and_spoils_none_behind_it() {
        let record = |message: &str| {
            format!(
                "2026-11-20 15:00:31.719 UTC,\"ann\",\"app\",7,,,,,,,0,ERROR,42601,\"{message}\",,,,,,,,,\n"
            )
        };
        let whole = record("one\n20 of them, 2026-11-20");
        let cut = &record("two and more")[..66];
        let text = format!("{whole}{cut}\n{}{}", record("three"), record("four"));
        assert_eq!(Format::Csv.whole(text.as_bytes(), false), text.len());
        let messages = |format: Format, text: &str| -> Vec<String> {
            format.entries(text).into_iter().map(|entry| entry.message).collect()
        };
        assert_eq!(messages(Format::Csv, &text), ["one\n20 of them, 2026-11-20", cut, "three", "four"]);
        let early = &record("five")[..30];
        assert_eq!(messages(Format::Csv, early), [early]);
        assert_eq!(Format::Csv.entries(early)[0].timestamp, "2026-11-20T15:00:31.719Z");

        let json = "{\"timestamp\":\"2026-11-20 15:00:31.719 UTC\",\"message\":\"six\"}\n{\"timestamp\":\"2026-11-20 15:00:32 UTC\",\"mess";
        let entries = Format::Json.entries(json);
        assert_eq!(
            (entries[0].message.as_str(), entries[1].timestamp.as_str()),
            ("six", "2026-11-20T15:00:32Z")
        );
        assert!(entries[1].message.ends_with("\"mess"), "{entries:?}");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such_and_the_rest_is_read() {
        let line = b"2026-11-20 15:00:31.719 UTC [7] LOG:  caf\xe9 closed\n";
        let entries = Format::Stderr.entries(&String::from_utf8_lossy(line));
        assert_eq!(entries[0].message, "caf\u{fffd} closed");
    }
}
