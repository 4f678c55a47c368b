//! Holds a description to the program that reads the file: its keys are those that are read, its bounds and words are
//! those that are checked, its defaults are what counts without them, its variables say the same.

use std::collections::BTreeSet;

use super::describe::{Description, Form, Key, Part, Usual, Variable};
use super::{Environment, Found, Problem};

/// Reads settings from a file, and gives them in their `Debug` form, with a default where something is wrong.
type Read = dyn Fn(toml::Table, &Environment, &Found) -> String;

pub(crate) struct Held<'a> {
    pub(crate) description: Description,
    pub(crate) read: &'a Read,
    /// Lines that a section needs before its other keys count.
    pub(crate) needed: &'a [(&'static str, &'static str)],
}

impl Held<'_> {
    pub(crate) fn check(&self) {
        self.has_every_key_that_is_read();
        let keys =
            self.description.parts.iter().flat_map(|part| part.keys.iter().map(move |key| (part, key)));
        for (part, key) in keys {
            let refused =
                |toml: &str| self.rules(part, key, toml).into_iter().find(|rule| rule.starts_with("must be"));
            for (toml, is_good) in tries(key) {
                let rule = refused(&toml);
                assert_eq!(rule.is_none(), is_good, "[{}] {} = {toml}: {rule:?}", part.name, key.name);
            }
            if let Usual::Value(toml) = key.usual {
                let (with, without) = (self.with(part, key, toml), self.read(&self.base(part, key), &[]).0);
                assert_eq!(with, without, "[{}] {} = {toml} is not the default", part.name, key.name);
            }
            self.variable_says_the_same(part, key);
        }
    }

    fn has_every_key_that_is_read(&self) {
        let found = Found::default();
        let parts = self.description.parts.iter();
        let all = parts.map(|part| (part.name.to_owned(), toml::Table::new().into())).collect();
        (self.read)(all, &Environment::default(), &found);
        let described =
            |part: &Part| part.keys.iter().map(|key| key.name.to_owned()).collect::<BTreeSet<_>>();
        let described = self.description.parts.iter().map(|part| (part.name, described(part))).collect();
        assert_eq!(found.known(), described, "what is read, and what is described");
    }

    fn variable_says_the_same(&self, part: &Part, key: &Key) {
        let (Some(Variable::Overrules(name) | Variable::StandsIn(name)), Some(toml)) =
            (key.variable, key.value())
        else {
            return;
        };
        let value: toml::Table = format!("x = {toml}").parse().unwrap();
        let text = value["x"].as_str().map_or_else(|| toml.to_owned(), str::to_owned);
        let by_variable = self.read(&self.base(part, key), &[(name, &text)]).0;
        assert_eq!(by_variable, self.with(part, key, toml), "{name} is not [{}] {}", part.name, key.name);
    }

    fn with(&self, part: &Part, key: &Key, toml: &str) -> String {
        self.read(&format!("{}{} = {toml}\n", self.base(part, key), key.name), &[]).0
    }

    /// The section with what it needs beside this key.
    fn base(&self, part: &Part, key: &Key) -> String {
        let needed = self.needed.iter().filter(|(section, _)| *section == part.name);
        let lines = needed.flat_map(|(_, lines)| lines.lines());
        let others = lines.filter(|line| line.split(' ').next() != Some(key.name));
        others.fold(format!("[{}]\n", part.name), |text, line| text + line + "\n")
    }

    /// What is said of a key that has this value.
    fn rules(&self, part: &Part, key: &Key, toml: &str) -> Vec<String> {
        let text = format!("[{}]\n{} = {toml}\n", part.name, key.name);
        let field = format!("{}.{}", part.name, key.name);
        let of_key = |problem: &Problem| problem.field.starts_with(&field);
        self.read(&text, &[]).1.into_iter().filter(of_key).map(|problem| problem.rule).collect()
    }

    fn read(&self, text: &str, variables: &[(&str, &str)]) -> (String, Vec<Problem>) {
        let found = Found::default();
        let settings =
            (self.read)(text.parse().unwrap(), &Environment::of(variables.iter().copied()), &found);
        (settings, found.into_problems())
    }
}

/// Values at the bounds and behind them, and whether they are taken.
fn tries(key: &Key) -> Vec<(String, bool)> {
    let at_bounds = |least: u64, most: u64, write: fn(u64) -> String| {
        let below = least.checked_sub(1).map(|below| (write(below), false));
        let others = [(write(least), true), (write(most), true), (write(most + 1), false)];
        others.into_iter().chain(below).collect()
    };
    match key.form {
        Form::Number(range, _) | Form::Size(range) => {
            at_bounds(*range.start(), *range.end(), |number| number.to_string())
        }
        Form::Numbers(range, _) => {
            at_bounds(*range.start(), *range.end(), |number| format!("{{ x = {number} }}"))
        }
        Form::OneOf(words) => {
            let words = words().into_iter().map(|word| (format!("\"{word}\""), true));
            words.chain([("\"none of them\"".to_owned(), false)]).collect()
        }
        Form::Flag => vec![("true".to_owned(), true), ("1".to_owned(), false)],
        Form::Texts(most, chars) => {
            let list = |texts: usize, chars: usize| format!("{:?}", vec!["x".repeat(chars); texts]);
            vec![(list(most, chars), true), (list(most + 1, 1), false), (list(1, chars + 1), false)]
        }
        Form::Text(_) | Form::Path => vec![("7".to_owned(), false)],
    }
}
