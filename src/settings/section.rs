//! Takes a TOML table apart, key by key, and notes what is wrong instead of stopping at it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::{Table, Value};

use super::Problem;

/// Where problems gather, and the names of what there could be.
#[derive(Default)]
pub struct Found {
    problems: RefCell<Vec<Problem>>,
    /// Sections, and the keys that were asked for in each.
    known: RefCell<BTreeMap<&'static str, BTreeSet<String>>>,
}

impl Found {
    pub fn note(&self, field: &str, value: Option<String>, rule: &str, hint: &str) {
        self.problems.borrow_mut().push(Problem {
            field: field.to_owned(),
            value,
            rule: rule.to_owned(),
            hint: hint.to_owned(),
        });
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// Every key that was asked for, by section.
    pub fn known(&self) -> BTreeMap<&'static str, BTreeSet<String>> {
        self.known.borrow().clone()
    }

    /// Refuses what remains of a file when every section has been taken out of it.
    pub fn refuse_rest(&self, file: &Table) {
        let sections = self.known.borrow().keys().copied().collect::<Vec<_>>().join(", ");
        for name in file.keys() {
            self.note(name, None, "is not a section", &format!("there are {sections}"));
        }
    }
}

/// One section of the file. A key that was asked for is taken out; what remains is unknown.
pub struct Section<'a> {
    name: &'static str,
    table: Table,
    found: &'a Found,
    pub is_present: bool,
}

impl<'a> Section<'a> {
    /// Takes the section out of the file; an absent one is an empty one.
    pub fn take(file: &mut Table, name: &'static str, found: &'a Found) -> Self {
        let (table, is_present) = match file.remove(name) {
            Some(Value::Table(table)) => (table, true),
            Some(_) => {
                found.note(name, None, "must be a section", &format!("write [{name}] on a line of its own"));
                (Table::new(), true)
            }
            None => (Table::new(), false),
        };
        found.known.borrow_mut().entry(name).or_default();
        Self { name, table, found, is_present }
    }

    /// The value of a key, which is known from now on.
    fn remove(&mut self, key: &str) -> Option<Value> {
        self.found.known.borrow_mut().entry(self.name).or_default().insert(key.to_owned());
        self.table.remove(key)
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        match self.remove(key)? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            other => self.wrong(key, Some(&other), "must be a text in quotes", ""),
        }
    }

    /// A list of short texts.
    pub fn texts(&mut self, key: &str, most: usize, chars: usize) -> Option<Vec<String>> {
        let value = self.remove(key)?;
        let texts = value.as_array().and_then(|texts| {
            let text = |text: &Value| text.as_str().map(str::to_owned);
            texts.iter().map(text).collect::<Option<Vec<_>>>()
        });
        let fits = |text: &String| !text.is_empty() && text.chars().count() <= chars;
        texts.filter(|texts| texts.len() <= most && texts.iter().all(fits)).or_else(|| {
            let rule = format!("must be a list of at most {most} texts of 1 to {chars} characters");
            self.wrong(key, Some(&value), &rule, "such as [\"one\", \"two\"]")
        })
    }

    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// The path of a file that must be there.
    pub fn file(&mut self, key: &str, hint: &str) -> Option<PathBuf> {
        self.file_by(|path| File::open(path), key, hint)
    }

    /// The same, of a file that is opened in its own way: a secret, only where others may not read it.
    pub fn file_by(
        &mut self,
        open: impl FnOnce(&Path) -> io::Result<File>,
        key: &str,
        hint: &str,
    ) -> Option<PathBuf> {
        let path = self.path(key)?;
        if let Err(error) = open(&path) {
            let rule = format!("cannot be opened: {error}");
            self.note(key, Some(path.display().to_string()), &rule, hint);
        }
        Some(path)
    }

    pub fn flag(&mut self, key: &str) -> Option<bool> {
        match self.remove(key)? {
            Value::Boolean(flag) => Some(flag),
            other => self.wrong(key, Some(&other), "must be true or false", ""),
        }
    }

    pub fn number(&mut self, key: &str, range: &RangeInclusive<u64>) -> Option<u64> {
        let value = self.remove(key)?;
        self.checked(key, &value, range)
    }

    fn checked(&self, key: &str, value: &Value, range: &RangeInclusive<u64>) -> Option<u64> {
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        number.filter(|number| range.contains(number)).or_else(|| {
            let rule = format!("must be a whole number from {} to {}", range.start(), range.end());
            self.wrong(key, Some(value), &rule, "")
        })
    }

    pub fn seconds(&mut self, key: &str, range: &RangeInclusive<u64>) -> Option<Duration> {
        self.number(key, range).map(Duration::from_secs)
    }

    /// Numbers under names of the site's own choice.
    pub fn numbers(&mut self, key: &str, range: &RangeInclusive<u64>) -> BTreeMap<String, u64> {
        let mut numbers = BTreeMap::new();
        match self.remove(key) {
            None => {}
            Some(Value::Table(table)) => {
                for (name, value) in table {
                    let number = self.checked(&format!("{key}.{name}"), &value, range);
                    numbers.extend(number.map(|number| (name, number)));
                }
            }
            Some(other) => {
                let hint =
                    format!("write [{}.{key}] on a line of its own, and a name = number below it", self.name);
                self.wrong::<()>(key, Some(&other), "must be a section", &hint);
            }
        }
        numbers
    }

    /// A number of bytes, or a text such as `256MiB`.
    pub fn bytes(&mut self, key: &str, range: &RangeInclusive<u64>) -> Option<u64> {
        let value = self.remove(key)?;
        let bytes = match &value {
            Value::String(text) => super::sizes::bytes(text),
            other => other.as_integer().and_then(|number| u64::try_from(number).ok()),
        };
        bytes.filter(|bytes| range.contains(bytes)).or_else(|| {
            let rule = format!("must be a size from {} to {} bytes", range.start(), range.end());
            self.wrong(key, Some(&value), &rule, "such as \"256MiB\"")
        })
    }

    /// The keys that were asked for.
    fn keys(&self) -> String {
        let known = self.found.known.borrow();
        known.get(self.name).into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    }

    /// Notes a problem with a key of this section.
    pub fn note(&self, key: &str, value: Option<String>, rule: &str, hint: &str) {
        self.found.note(&format!("{}.{key}", self.name), value, rule, hint);
    }

    fn wrong<T>(&self, key: &str, value: Option<&Value>, rule: &str, hint: &str) -> Option<T> {
        self.note(key, value.map(ToString::to_string), rule, hint);
        None
    }
}

impl Drop for Section<'_> {
    /// What nobody asked for is a mistake in writing, and its value may be a secret.
    fn drop(&mut self) {
        for key in self.table.keys() {
            let is_secret = ["password", "token", "secret", "key"].iter().any(|word| key.ends_with(word));
            let hint = if is_secret {
                format!("a secret stands in a file of its own, named by {key}_file")
            } else {
                format!("it has {}", self.keys())
            };
            self.note(key, None, "is not a key of this section", &hint);
        }
    }
}
