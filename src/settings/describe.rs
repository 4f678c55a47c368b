//! What a configuration file may hold, as a description. The packaged examples (`example`) and
//! `docs/configuration.md` (`page`) are written from it, and a test of each program holds it to what the program reads.

use std::ops::RangeInclusive;

/// A configuration file.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// What the file is called.
    pub file: &'static str,
    pub about: &'static str,
    /// What whoever edits the file is to know, at the top of the example.
    pub note: &'static str,
    pub parts: &'static [Part],
}

/// One section of a file.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub name: &'static str,
    /// Empty where the keys say it all.
    pub about: &'static str,
    pub keys: &'static [Key],
}

/// One key of a section. What is text here is a sentence or several, in plain words.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    pub about: &'static str,
    pub usual: Usual,
    pub shown: Shown,
    pub variable: Option<Variable>,
    pub applied: Applied,
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A text, and of which kind.
    Text(&'static str),
    Path,
    /// One of these words.
    OneOf(fn() -> Vec<&'static str>),
    Flag,
    /// A whole number, and what it counts.
    Number(&'static RangeInclusive<u64>, &'static str),
    Size(&'static RangeInclusive<u64>),
    /// A list of so many texts of so many characters.
    Texts(usize, usize),
    /// A section with numbers under names of the site's choice.
    Numbers(&'static RangeInclusive<u64>, &'static str),
}

/// What counts where the key is absent.
#[derive(Clone, Copy, Debug)]
pub enum Usual {
    /// As TOML.
    Value(&'static str),
    /// In words that go on from "default:".
    Words(&'static str),
    /// It must be there, or its absence says something by itself.
    Nothing,
}

/// How the packaged example shows the key; values are TOML.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// Set to its default.
    Usual,
    /// Set to something else.
    Set(&'static str),
    /// Behind a `#`.
    Example(&'static str),
}

/// A variable of the environment that says the same.
#[derive(Clone, Copy, Debug)]
pub enum Variable {
    /// It goes before the file.
    Overrules(&'static str),
    /// It counts where the file says nothing.
    StandsIn(&'static str),
}

/// When a change of the key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    AtStart,
    /// SIGHUP is enough.
    AtReload,
    /// What the named file holds is read at each use; the name itself at the start.
    FileAtUse,
    /// The same, at SIGHUP.
    FileAtReload,
    /// The daemon may tell the agent otherwise while it runs.
    ByDaemon,
}

impl Key {
    pub const fn new(name: &'static str, form: Form, about: &'static str) -> Self {
        let (usual, shown) = (Usual::Nothing, Shown::Usual);
        Self { name, form, about, usual, shown, variable: None, applied: Applied::AtStart }
    }

    pub const fn usually(mut self, toml: &'static str) -> Self {
        self.usual = Usual::Value(toml);
        self
    }

    pub const fn otherwise(mut self, words: &'static str) -> Self {
        self.usual = Usual::Words(words);
        self
    }

    pub const fn set_to(mut self, toml: &'static str) -> Self {
        self.shown = Shown::Set(toml);
        self
    }

    pub const fn such_as(mut self, toml: &'static str) -> Self {
        self.shown = Shown::Example(toml);
        self
    }

    pub const fn overruled_by(mut self, variable: &'static str) -> Self {
        self.variable = Some(Variable::Overrules(variable));
        self
    }

    pub const fn or_else(mut self, variable: &'static str) -> Self {
        self.variable = Some(Variable::StandsIn(variable));
        self
    }

    pub const fn applied(mut self, applied: Applied) -> Self {
        self.applied = applied;
        self
    }

    /// What the example writes behind the key, as TOML.
    pub const fn value(&self) -> Option<&'static str> {
        match (self.shown, self.usual) {
            (Shown::Set(toml) | Shown::Example(toml), _) | (Shown::Usual, Usual::Value(toml)) => Some(toml),
            (Shown::Usual, _) => None,
        }
    }
}

impl Form {
    /// What may stand there, in words; bounds included.
    pub fn words(&self) -> String {
        match *self {
            Self::Text(kind) => kind.to_owned(),
            Self::Path => "a path".to_owned(),
            Self::OneOf(words) => one_of(&words()),
            Self::Flag => "true or false".to_owned(),
            Self::Number(range, unit) => {
                format!("{} to {} {unit}", range.start(), range.end()).trim_end().to_owned()
            }
            Self::Size(range) => {
                let bound = |bytes: &u64| super::sizes::text(*bytes);
                format!("{} to {}", bound(range.start()), bound(range.end()))
            }
            Self::Texts(most, chars) => format!("up to {most} texts of up to {chars} characters"),
            Self::Numbers(range, unit) => format!("each {} to {} {unit}", range.start(), range.end()),
        }
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.join(""),
    }
}

impl Description {
    /// What differs between two contents of the file and needs a restart to count, as `section.key`.
    pub fn waiting(&self, before: &toml::Table, after: &toml::Table) -> Vec<String> {
        let value =
            |table: &toml::Table, part: &Part, key: &Key| table.get(part.name)?.get(key.name).cloned();
        let keys = self.parts.iter().flat_map(|part| part.keys.iter().map(move |key| (part, key)));
        keys.filter(|(_, key)| key.applied != Applied::AtReload)
            .filter(|(part, key)| value(before, part, key) != value(after, part, key))
            .map(|(part, key)| format!("{}.{}", part.name, key.name))
            .collect()
    }
}
