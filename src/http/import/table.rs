//! Reads an import in CSV as spreadsheets write it: with or without a byte order mark, any line ends, quoted line
//! breaks, separated by commas, semicolons or tabs. Rows are numbered as a spreadsheet shows them, so the header
//! is row 1 where nothing stands above it.

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::row::Row;
use crate::fleet::Fault;
use crate::http::problem::Problem;
use crate::limits::IMPORT_ROWS;
use crate::wire::FieldError;

/// The columns that there may be. The first of them must be there, and either name of the environment.
const COLUMNS: [&str; 16] = [
    "name",
    "host",
    "port",
    "database",
    "username",
    "password",
    "env",
    "environment",
    "type",
    "group",
    "description",
    "ssl_mode",
    "ssl_certificate",
    "collection_interval",
    "query_limit",
    "tags",
];
const REQUIRED: usize = 6;
/// With fewer known names, the first row is not taken for a header: a password may stand there, so none of it is
/// repeated.
const HEADER_NAMES: usize = 2;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Row>, Problem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut table = Table::new(bytes);
    let Some((_, header)) = table.next()? else { return Err(no_header()) };
    let columns = columns(&header)?;
    let mut rows = Vec::new();
    while let Some((number, record)) = table.next()? {
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        if rows.len() == IMPORT_ROWS {
            let most = format!("must have at most {IMPORT_ROWS} rows");
            return Err(Problem::invalid_field("body", "too_many", most));
        }
        rows.push(Row { number, members: members(&columns, &record) });
    }
    if rows.is_empty() {
        return Err(Problem::invalid_field("body", "required", "has no rows below its header"));
    }
    Ok(rows)
}

/// The records with their numbers.
struct Table<'a> {
    bytes: &'a [u8],
    reader: Reader<&'a [u8]>,
    number: usize,
}

impl<'a> Table<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut builder = ReaderBuilder::new();
        let reader = builder.has_headers(false).flexible(true).delimiter(delimiter(bytes)).from_reader(bytes);
        Self { bytes, reader, number: 0 }
    }

    fn next(&mut self) -> Result<Option<(usize, ByteRecord)>, Problem> {
        let start = self.place();
        let mut record = ByteRecord::new();
        let is_there = self.reader.read_byte_record(&mut record).map_err(|_| broken("cannot be read"))?;
        if !is_there {
            return Ok(None);
        }
        let text = &self.bytes[start..self.place()];
        // the reader passes over empty lines, which a spreadsheet shows as rows
        self.number += 1 + empty_lines(self.bytes, start);
        if self.place() == self.bytes.len() && is_open(text, &record) {
            let place = format!("row {}: a quotation mark is opened and never closed", self.number);
            return Err(broken(place));
        }
        Ok(Some((self.number, record)))
    }

    fn place(&self) -> usize {
        usize::try_from(self.reader.position().byte()).unwrap_or(self.bytes.len()).min(self.bytes.len())
    }
}

fn broken(message: impl Into<String>) -> Problem {
    Problem::invalid_field("body", "csv", message)
}

/// Line ends at `start`, without the second half of one that ended the record before.
fn empty_lines(bytes: &[u8], start: usize) -> usize {
    let (before, rest) = bytes.split_at(start);
    let rest = if before.ends_with(b"\r") { rest.strip_prefix(b"\n").unwrap_or(rest) } else { rest };
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let both = rest[..ends].windows(2).filter(|pair| pair == b"\r\n").count();
    ends - both
}

/// Whether a cell runs to the end of the file, with rows in it that would be lost.
fn is_open(text: &[u8], record: &ByteRecord) -> bool {
    let is_odd = text.iter().fold(false, |is_odd, byte| is_odd ^ (*byte == b'"'));
    is_odd && record.iter().next_back().is_some_and(|cell| cell.contains(&b'\n'))
}

/// What separates the names of the header.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in bytes.trim_ascii_start() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\r' | b'\n' if !is_quoted => break,
            byte if !is_quoted => {
                counts.iter_mut().filter(|(known, _)| known == byte).for_each(|(_, count)| *count += 1);
            }
            _ => {}
        }
    }
    // of equals the first
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

fn no_header() -> Problem {
    let message = format!("must begin with a header such as {}", COLUMNS[..7].join(","));
    Problem::invalid_field("body", "header", message)
}

/// The names of the columns. Every problem of the header is told at once.
fn columns(header: &ByteRecord) -> Result<Vec<&'static str>, Problem> {
    let names: Vec<String> = header.iter().map(name).collect();
    let known: Vec<Option<&'static str>> =
        names.iter().map(|name| COLUMNS.into_iter().find(|known| known == name)).collect();
    if known.iter().flatten().count() < HEADER_NAMES {
        return Err(no_header());
    }
    let mut problems = Vec::new();
    let mut complain = |field: &str, code: &str, message: &str| {
        let (field, code, message) = (field.to_owned(), code.to_owned(), message.to_owned());
        problems.push(FieldError { field, code, message });
    };
    for required in &COLUMNS[..REQUIRED] {
        if !known.contains(&Some(*required)) {
            complain(required, "required", "is missing in the header");
        }
    }
    match ["env", "environment"].map(|name| known.contains(&Some(name))) {
        [false, false] => complain("env", "required", "is missing in the header"),
        [true, true] => complain("environment", "duplicate", "stands beside env in the header"),
        _ => {}
    }
    for (place, name) in names.iter().enumerate() {
        match known[place] {
            None if name.is_empty() => complain(&format!("column {}", place + 1), "required", "has no name"),
            None => complain(name, "unknown", "is not a column of an import"),
            Some(_) if names[..place].contains(name) => {
                complain(name, "duplicate", "stands twice in the header");
            }
            Some(_) => {}
        }
    }
    if problems.is_empty() {
        Ok(known.into_iter().flatten().collect())
    } else {
        Err(Problem::validation(problems))
    }
}

/// A name as it is compared, and as it may be repeated.
fn name(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    let plain = text.trim().chars().filter(|letter| !letter.is_control()).take(40);
    plain.collect::<String>().to_ascii_lowercase()
}

/// Cells that are missing at the end are empty: spreadsheets leave them out.
fn members(columns: &[&'static str], record: &ByteRecord) -> Result<Map<String, Value>, Fault> {
    if record.iter().skip(columns.len()).any(|cell| !cell.trim_ascii().is_empty()) {
        let (cells, names) = (record.len(), columns.len());
        return Err(Fault::of_row("columns", format!("the row has {cells} cells, and the header {names}")));
    }
    let mut members = Map::new();
    for (place, column) in columns.iter().enumerate() {
        let value = match record.get(place) {
            None => Value::Null,
            Some(cell) => {
                let text = std::str::from_utf8(cell);
                let text =
                    text.map_err(|_| Fault::at(column, "encoding", format!("{column} is not UTF-8 text")))?;
                value(column, text)
            }
        };
        members.insert((*column).to_owned(), value);
    }
    Ok(members)
}

/// What the text of a cell stands for in its column.
fn value(column: &str, text: &str) -> Value {
    match column {
        // taken as it is: a database may have none
        "password" => text.into(),
        _ if text.trim().is_empty() => Value::Null,
        "port" | "collection_interval" | "query_limit" => {
            text.trim().parse::<i64>().map_or_else(|_| text.into(), Value::from)
        }
        "tags" => text.split([',', ';', '|']).map(str::trim).filter(|tag| !tag.is_empty()).collect(),
        _ => text.trim().replace("\r\n", "\n").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "name,host,port,database,username,password,env";

    fn numbers(text: &str) -> Vec<(usize, String)> {
        let rows = read(text.as_bytes()).unwrap();
        rows.into_iter()
            .map(|row| (row.number, row.members.unwrap()["name"].as_str().unwrap().to_owned()))
            .collect()
    }

    fn refusal(text: impl AsRef<[u8]>) -> Vec<(String, String)> {
        let problem = read(text.as_ref()).unwrap_err();
        problem.errors().iter().map(|error| (error.field.clone(), error.code.clone())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        let rows = "a,h,1,d,u,p,e\n\n\"b\",h,1,d,\"u\nv\",p,e\nc,h,1,d,u,p,e\n,,,,,,\nd,h,1,d,u,p,e";
        let expected = [(2, "a"), (4, "b"), (5, "c"), (7, "d")].map(|(row, name)| (row, name.to_owned()));
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("{HEADER}\n{rows}").replace('\n', end);
            assert_eq!(numbers(&text), expected, "{end:?}");
            assert_eq!(numbers(&format!("\u{feff}{text}{end}")), expected, "{end:?}");
        }
        let lower = numbers(&format!("\n\n{HEADER}\na,h,1,d,u,p,e"));
        assert_eq!(lower, [(4, "a".to_owned())]);
    }

    #[test]
    fn commas_semicolons_and_tabs_separate() {
        for delimiter in [";", "\t", ","] {
            let text = format!("{HEADER},tags\na,h,5432,\"d;,\te\",u,\"p;q\",production,\"x|y; z\"");
            let text = text.replace(',', delimiter);
            let members = read(text.as_bytes()).unwrap().remove(0).members.unwrap();
            assert_eq!(members["password"], "p;q", "{delimiter:?}");
            assert_eq!((&members["port"], &members["tags"]), (&5432.into(), &vec!["x", "y", "z"].into()));
        }
    }

    #[test]
    fn white_space_around_a_cell_does_not_count_but_in_a_password() {
        let text = format!("{HEADER}\n a , h , 5432 , d , u , p , production \n");
        let members = read(text.as_bytes()).unwrap().remove(0).members.unwrap();
        assert_eq!((&members["env"], &members["host"]), (&"production".into(), &"h".into()));
        assert_eq!((&members["password"], &members["port"]), (&" p ".into(), &5432.into()));
    }

    #[test]
    fn a_header_that_is_not_right_is_told_with_all_its_problems() {
        assert_eq!(
            refusal("name,host,colour,port,name,,env,environment\n"),
            pairs(&[
                ("database", "required"),
                ("username", "required"),
                ("password", "required"),
                ("environment", "duplicate"),
                ("colour", "unknown"),
                ("name", "duplicate"),
                ("column 6", "required"),
            ])
        );
        assert_eq!(refusal(format!("{HEADER}\n\n")), pairs(&[("body", "required")]));
        assert_eq!(refusal(""), pairs(&[("body", "header")]));
        assert_eq!(refusal([0xff, 0xfe, 0x00, 0x80, b'\n', 0xc0]), pairs(&[("body", "header")]));
        assert_eq!(refusal(format!("{HEADER}\na,h,1,d,u,p,\"e\nb,h,1,d,u,p,e\n")), pairs(&[("body", "csv")]));
    }

    /// A list without a header begins with somebody's password.
    #[test]
    fn a_first_row_that_is_no_header_is_not_repeated() {
        let problem = read(b"db-1,10.0.0.1,5432,app,watcher,hunter2,production\n").unwrap_err();
        assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
    }

    #[test]
    fn short_rows_are_filled_and_long_ones_are_refused_unless_what_is_too_much_is_empty() {
        let text = format!("{HEADER}\na,h,1,d,u\nb,h,1,d,u,p,e,,\nc,h,1,d,u,p,e,f\n");
        let rows = read(text.as_bytes()).unwrap();
        assert!(rows[0].members.as_ref().unwrap()["env"].is_null());
        assert!(rows[1].members.is_ok());
        let fault = rows[2].members.as_ref().unwrap_err();
        assert_eq!((fault.code.as_str(), &fault.field), ("columns", &None));
        let latin = [HEADER.as_bytes(), b"\na,h,1,d,u,p\xe4,e\n"].concat();
        let fault = read(&latin).unwrap().remove(0).members.unwrap_err();
        assert_eq!(fault.field.as_deref(), Some("password"));
    }
}
