//! The three formats: where an entry ends, and what it says.
//!
//! Lines that make no sense become part of the entry before them, never an error: the log is not ours.

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
const PARTS: [&str; 6] = ["DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "STATEMENT"];

#[expect(clippy::unwrap_used, reason = "a pattern that is written here, and met by every test")]
static PID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[(\d+)\]").unwrap());

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
            Self::Csv => csv_records(text).into_iter().filter_map(|fields| of_csv(&fields)).collect(),
            Self::Json => text.lines().filter_map(of_json).collect(),
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
                b'\n' if !is_quoted => end = at + 1,
                _ => {}
            }
        }
        end
    }
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

/// Fields in quotes may hold commas, line ends and doubled quotes.
fn csv_records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other => field.push(other),
        }
    }
    records
}

/// The columns have kept their places since the format was made; later ones come at the end.
fn of_csv(fields: &[String]) -> Option<Entry> {
    let field = |place: usize| fields.get(place).cloned().unwrap_or_default();
    Some(Entry {
        timestamp: time(fields.first()?).unwrap_or_default(),
        username: field(1),
        database: field(2),
        pid: field(3).parse().ok(),
        level: fields.get(11)?.clone(),
        sql_state: field(12),
        message: field(13),
        detail: field(14),
        hint: field(15),
        context: field(18),
        statement: field(19),
    })
}

fn of_json(line: &str) -> Option<Entry> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
    let text = |name: &str| object.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    Some(Entry {
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
    })
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
}
