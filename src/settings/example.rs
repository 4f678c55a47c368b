//! The example that a package brings: every key with what it means, and a value that can be taken.

use std::fmt::Write as _;

use super::describe::{Description, Form, Key, Shown, Usual, Variable};

/// Columns of the file.
const WIDTH: usize = 118;

impl Description {
    /// The text of the packaged example.
    pub fn example(&self) -> String {
        let mut text = comment(&format!("{}\n\n{}", self.about, self.note));
        for part in self.parts {
            text.push('\n');
            text += &comment(part.about);
            let _ = writeln!(text, "[{}]", part.name);
            // a section in a section ends the one around it, so it stands last
            let (inner, own): (Vec<_>, Vec<_>) =
                part.keys.iter().partition(|key| matches!(key.form, Form::Numbers(..)));
            for key in own {
                text += &comment(&meaning(key));
                text += &line(key);
            }
            for key in inner {
                text.push('\n');
                text += &comment(&meaning(key));
                let _ = writeln!(text, "[{}.{}]", part.name, key.name);
                text += key.value().map(|entry| format!("#{entry}\n")).unwrap_or_default().as_str();
            }
        }
        text
    }
}

/// What a key means, what it may be, what counts without it, and what else sets it.
fn meaning(key: &Key) -> String {
    let mut said = vec![key.about.to_owned(), bounds(key.form)];
    match (key.usual, key.shown) {
        (Usual::Value(toml), Shown::Set(_) | Shown::Example(_)) => said.push(format!("Default: {toml}.")),
        (Usual::Words(words), _) => said.push(format!("Default: {words}.")),
        (Usual::Value(_), Shown::Usual) | (Usual::Nothing, _) => {}
    }
    match key.variable {
        Some(Variable::Overrules(name)) => said.push(format!("{name} overrules it.")),
        Some(Variable::StandsIn(name)) => said.push(format!("{name} stands in for it.")),
        None => {}
    }
    said.retain(|sentence| !sentence.is_empty());
    said.join(" ")
}

/// Nothing where the value beside it says enough.
fn bounds(form: Form) -> String {
    let words = form.words();
    match form {
        Form::Path | Form::Flag | Form::Text("") => String::new(),
        Form::Text(_) | Form::OneOf(_) => format!("It is {words}."),
        Form::Number(..) | Form::Size(_) => format!("From {words}."),
        Form::Texts(..) => format!("It has {words}."),
        Form::Numbers(..) => format!("They are {words}."),
    }
}

fn line(key: &Key) -> String {
    let value = key.value().unwrap_or("\"\"");
    let mark = if matches!(key.shown, Shown::Example(_)) { "#" } else { "" };
    format!("{mark}{} = {value}\n", key.name)
}

/// A comment of lines that fit; an empty line of the text is one of the comment.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        if !lines.is_empty() {
            lines += "#\n";
        }
        let mut line = String::from("#");
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                let _ = writeln!(lines, "{line}");
                line = String::from("#");
            }
            line.push(' ');
            line += word;
        }
        let _ = writeln!(lines, "{line}");
    }
    lines
}
