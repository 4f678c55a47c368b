//! The rules of the house, read from the source text: what may import what, and how a file looks.
//!
//! The floors stand in `src/lib.rs`, in its comments and in the order of its modules; the reasons in
//! `docs/ARCHITECTURE.md`. Every rule is shown to fail on a small made-up source below. It links nothing of the
//! product.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails its test")]

// beside this file they would be test programs of their own
#[path = "tidy/code.rs"]
mod code;
#[path = "tidy/dependencies.rs"]
mod dependencies;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use code::{code_of, is_name, names};

/// Longer, a file tells more than one story.
const FILE_LINES: usize = 500;
/// The programs only compose.
const PROGRAM_LINES: usize = 80;
/// Values use the values that stand before them; from here on, siblings meet in a floor above.
const FIRST_FLOOR_OF_STRANGERS: u32 = 1;
/// The domain: it knows neither its transport nor its process.
const LAST_FLOOR_OF_THE_DOMAIN: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Floor {
    At(u32),
    /// The agent: it sees what it shares with the daemon, and nobody sees it.
    Beside,
}

/// The modules of `lib.rs` with their floors, and their places in its order.
struct House(BTreeMap<String, (Floor, usize)>);

struct Source {
    /// From the root of the project, as `src/audit/chain.rs`.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// `audit` and 2 for `src/audit/chain.rs`: the module of `lib.rs`, and how far below the root it lies.
    fn module(&self) -> Option<(&str, usize)> {
        let inside = self.path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let names: Vec<&str> = inside.split('/').filter(|name| *name != "mod").collect();
        match names.as_slice() {
            ["lib"] | ["bin", ..] | [] => None,
            [first, ..] => Some((first, names.len())),
        }
    }

    /// A module of tests: it may read what the code under test wrote.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    fn is_program(&self) -> bool {
        self.path.starts_with("src/bin/")
    }
}

impl House {
    fn of(lib: &str) -> Self {
        let mut floor = None;
        let mut modules = BTreeMap::new();
        for line in lib.lines() {
            if let Some(title) = line.strip_prefix("// ") {
                let number = title.split(':').next().and_then(|number| number.parse().ok());
                floor = number.map(Floor::At).or((title.starts_with("beside")).then_some(Floor::Beside));
            } else if let (Some(name), Some(floor)) = (line.strip_prefix("pub mod "), floor) {
                let place = modules.len();
                modules.insert(name.trim_end_matches(';').to_owned(), (floor, place));
            }
        }
        Self(modules)
    }

    fn floor(&self, module: &str) -> Option<Floor> {
        self.0.get(module).map(|(floor, _)| *floor)
    }

    /// Why `from` must not use `to`, if so.
    fn refuses(&self, from: &str, to: &str) -> Option<String> {
        let (Some((own, own_place)), Some((other, other_place))) = (self.0.get(from), self.0.get(to)) else {
            return Some(format!("`{from}` uses `{to}`, and one of them is not in lib.rs"));
        };
        let allowed = match (own, other) {
            _ if from == to => true,
            (_, Floor::Beside) => false,
            (Floor::Beside, Floor::At(other)) => *other <= 1,
            (Floor::At(own), Floor::At(other)) if own == other => {
                *own < FIRST_FLOOR_OF_STRANGERS && other_place < own_place
            }
            (Floor::At(own), Floor::At(other)) => other < own,
        };
        (!allowed).then(|| format!("`{from}` uses `{to}`, which is not below it: {own:?}, {other:?}"))
    }
}

/// The modules of `lib.rs` that the code names, each with its line: `crate::a::b`, `crate::{a, b::c}`, and
/// `super::` where it climbs to the root.
fn used_modules(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut used = Vec::new();
    let line_of = |place: usize| code[..place].matches('\n').count() + 1;
    for (place, _) in code.match_indices("crate::") {
        let before = code[..place].chars().next_back();
        if !is_name(before.as_ref()) {
            let names = first_names(&code[place + "crate::".len()..]);
            used.extend(names.into_iter().map(|name| (line_of(place), name)));
        }
    }
    let inline = code.find("mod tests {").unwrap_or(code.len());
    let mut at = 0;
    while let Some(found) = code[at..].find("super::") {
        let place = at + found;
        let supers = code[place..].split("super::").take_while(|between| between.is_empty()).count();
        at = place + "super::".len() * supers;
        let depth = depth + usize::from(place > inline);
        // `pub(super)` has no path behind it, and glob imports of the parent name no module
        if supers >= depth {
            let names = first_names(&code[at..]).into_iter().filter(|name| name != "*");
            used.extend(names.map(|name| (line_of(place), name)));
        }
    }
    used
}

/// `a` of `a::b`; `a` and `c` of `{a::b, c}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|letter| letter.is_alphanumeric() || "_*".contains(*letter)).collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0;
    let mut names = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => names.last_mut().unwrap().push(letter),
            _ => {}
        }
    }
    names.iter().map(|text| name(text.trim())).filter(|name| !name.is_empty()).collect()
}

/// Everything in which a source breaks the rules.
fn problems(house: &House, source: &Source) -> Vec<String> {
    let code = code_of(&source.text);
    let mut problems = of_any_file(source, &code);
    if source.is_program() {
        let lines = source.text.lines().count();
        if lines > PROGRAM_LINES {
            problems.push(format!("{lines} lines: a program only composes, in {PROGRAM_LINES}"));
        }
    }
    if let Some((module, depth)) = source.module() {
        problems.extend(of_imports(house, module, &used_modules(&code, depth)));
        if !source.is_test() {
            problems.extend(of_words(house, module, &code));
        }
    }
    problems.into_iter().map(|problem| format!("{}: {problem}", source.path)).collect()
}

fn of_any_file(source: &Source, code: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES {
        problems.push(format!("{lines} lines, and a file has at most {FILE_LINES}"));
    }
    if !source.text.starts_with("//! ") {
        problems
            .push("does not begin with `//!`: what it is, what it guarantees, what it does not know".into());
    }
    if code.contains("#[allow") || code.contains("#![allow") {
        problems.push(
            "a bare allow: #[expect(lint, reason = \"...\")] says why and notices when it is over".into(),
        );
    }
    for mark in [concat!("TO", "DO"), concat!("FIX", "ME")] {
        if names(&source.text, mark) {
            problems.push(format!("{mark}: do it, or record the decision not to"));
        }
    }
    problems
}

fn of_imports(house: &House, module: &str, used: &[(usize, String)]) -> Vec<String> {
    let refused = used.iter().filter_map(|(line, name)| {
        house.refuses(module, name).map(|reason| format!("line {line}: {reason}"))
    });
    refused.collect()
}

/// Words that some floors do not know.
fn of_words(house: &House, module: &str, code: &str) -> Vec<String> {
    let mut forbidden: Vec<&str> = Vec::new();
    if matches!(house.floor(module), Some(Floor::At(floor)) if floor <= LAST_FLOOR_OF_THE_DOMAIN) {
        forbidden.extend(["actix_web", "actix_ws", "StatusCode", "clap"]);
        // the one place that reads the environment, into a value that everybody else is given
        if module != "settings" {
            forbidden.extend(["env::vars", "env::vars_os", "env::var", "env::args"]);
        }
    }
    if module == "http" {
        forbidden.extend(["rusqlite", "redb", "std::fs", "tokio::fs", "std::path", "PathBuf", "env::var"]);
    }
    if module == "collector" {
        forbidden.extend(["actix_web", "rusqlite", "redb"]);
    }
    let named = forbidden.into_iter().filter(|word| names(code, word));
    named.map(|word| format!("`{module}` names {word}, which it must not know")).collect()
}

fn read_all(folder: &str, into: &mut Vec<Source>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut entries: Vec<_> =
        fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    entries.sort();
    for name in entries {
        let path = format!("{folder}/{}", name.to_str().unwrap());
        let full = root.join(&path);
        if full.is_dir() && name != "node_modules" {
            read_all(&path, into);
        } else if full.extension() == Some(OsStr::new("rs")) {
            into.push(Source { text: fs::read_to_string(full).unwrap(), path });
        }
    }
}

#[test]
fn the_house_is_tidy() {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "benches"] {
        if Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).is_dir() {
            read_all(folder, &mut sources);
        }
    }
    let lib = &sources.iter().find(|source| source.path == "src/lib.rs").unwrap().text;
    let house = House::of(lib);
    assert!(house.0.len() > 15, "lib.rs was not understood: {:?}", house.0);
    let mut found: Vec<String> = sources.iter().flat_map(|source| problems(&house, source)).collect();
    let modules: Vec<&str> = sources.iter().filter_map(|source| Some(source.module()?.0)).collect();
    let without_floor = modules.iter().filter(|module| house.floor(module).is_none());
    found.extend(without_floor.map(|module| format!("src/lib.rs: `{module}` has no floor")));
    assert!(found.is_empty(), "{} problem(s)\n{}", found.len(), found.join("\n"));
}

// -- each rule can fail

fn small_house() -> House {
    let lib = "//! x\n// 0: values\npub mod clock;\npub mod ids;\n// 1: mechanisms\npub mod settings;\npub mod wire;\n\
        // 3: records\npub mod audit;\n// 7: transport\npub mod http;\n// beside the floors\npub mod collector;\n";
    House::of(lib)
}

fn told(path: &str, text: &str) -> Vec<String> {
    problems(&small_house(), &Source::new(path, &format!("//! About.\n{text}")))
}

#[track_caller]
fn assert_told(path: &str, text: &str, word: &str) {
    let told = told(path, text);
    assert!(told.len() == 1 && told[0].contains(word), "{path} with {text:?} told {told:?}, not {word}");
}

#[track_caller]
fn assert_good(path: &str, text: &str) {
    assert_eq!(told(path, text), Vec::<String>::new(), "{path} with {text:?}");
}

#[test]
fn imports_run_downwards() {
    assert_good("src/audit/chain.rs", "use crate::clock::Clock;");
    assert_told("src/clock.rs", "use crate::audit::Entry;", "line 2: `clock` uses `audit`");
    assert_told("src/audit/chain.rs", "fn x() { crate::http::serve() }", "`audit` uses `http`");
    assert_told("src/audit/chain.rs", "use crate::{\n    clock::{self, Clock},\n    http,\n};", "`http`");
    assert_told("src/audit/mod.rs", "use crate::nothing::X;", "not in lib.rs");
}

#[test]
fn values_use_the_values_before_them_and_other_siblings_are_strangers() {
    assert_good("src/ids.rs", "use crate::clock::Clock;");
    assert_told("src/clock.rs", "use crate::ids::IdSource;", "`clock` uses `ids`");
    assert_told("src/wire/mod.rs", "use crate::settings::X;", "`wire` uses `settings`");
}

#[test]
fn climbing_over_the_root_is_an_import_too() {
    assert_good("src/audit/chain.rs", "use super::entry::Entry;\nuse super::super::clock::Clock;");
    assert_told("src/audit/chain.rs", "use super::super::http::serve;", "`audit` uses `http`");
    assert_told("src/clock.rs", "pub(super) fn x() { super::audit::x() }", "`clock` uses `audit`");
    assert_good("src/clock.rs", "mod tests {\n    use super::*;\n    use super::Clock;\n}");
}

#[test]
fn the_agent_and_the_daemon_do_not_see_each_other() {
    assert_good("src/collector/spool.rs", "use crate::wire::Push;\nuse crate::clock::Clock;");
    assert_told("src/collector/spool.rs", "use crate::audit::Entry;", "`collector` uses `audit`");
    assert_told("src/http/mod.rs", "use crate::collector::spool;", "`http` uses `collector`");
    assert_told("src/collector/spool.rs", "use redb::Database;", "names redb");
    assert_good("src/bin/x.rs", "use pganalytics::collector;");
}

#[test]
fn the_domain_knows_neither_transport_nor_process() {
    assert_told("src/audit/chain.rs", "use actix_web::web;", "actix_web");
    assert_told("src/audit/chain.rs", "fn x() -> StatusCode {}", "StatusCode");
    assert_told("src/audit/chain.rs", "fn x() { std::env::var(NAME); }", "env::var");
    assert_good("src/settings/mod.rs", "fn x() { std::env::vars_os(); }");
    assert_good("src/http/mod.rs", "use actix_web::http::StatusCode;");
    // a comment and a text may speak of anything
    assert_good(
        "src/audit/chain.rs",
        "// unlike actix_web\n/* crate::http */\nconst X: &str = \"crate::http\";",
    );
}

#[test]
fn the_transport_knows_no_store_and_no_path() {
    assert_told("src/http/audit.rs", "use rusqlite::Row;", "rusqlite");
    assert_told("src/http/audit.rs", "use redb::Database;", "redb");
    assert_told("src/http/audit.rs", "fn x() { std::fs::read(y) }", "std::fs");
    assert_told("src/http/audit.rs", "fn x(path: PathBuf) {}", "PathBuf");
    assert_good("src/http/tests/audit.rs", "fn x() { std::fs::read(y) }");
    assert_told("src/http/tests/audit.rs", "use crate::collector::spool;", "`collector`");
}

#[test]
fn files_are_short_say_what_they_are_and_leave_nothing_for_later() {
    let long = "//! About.\n".repeat(FILE_LINES + 1);
    assert!(problems(&small_house(), &Source::new("src/clock.rs", &long))[0].contains("501 lines"));
    let silent = Source::new("src/clock.rs", "pub struct Clock;\n");
    assert!(problems(&small_house(), &silent)[0].contains("does not begin"));
    assert_told("src/clock.rs", "#[allow(dead_code)]\nfn x() {}", "bare allow");
    assert_good("src/clock.rs", "#[expect(dead_code, reason = \"of a test\")]\nfn x() {}");
    assert_told("tests/it/main.rs", concat!("// TO", "DO: later"), concat!("TO", "DO"));
    assert_told("src/clock.rs", concat!("// FIX", "ME"), concat!("FIX", "ME"));
    assert_told("src/bin/x.rs", &"fn x() {}\n".repeat(PROGRAM_LINES), "only composes");
}
