//! `docs/configuration.md`: every key of every file in a table of its section.

use std::fmt::Write as _;

use super::describe::{Applied, Description, Form, Key, Part, Usual, Variable};

const HEAD: &str = "\
# Configuration

Every key of both programs. This page and the packaged examples are made from the code; `make manual` writes them anew.

Both files are TOML. A key or section that is not listed here is refused, `check --config FILE` of both programs says
everything that is wrong at once, and a program does not start on a configuration that has a problem. Sizes are numbers
of bytes or texts such as `256MiB`. No secret stands in a file of settings or in an address: each is in a file of its own
that its key names. Whoever edits a file that a package brought finds the same explanations in it.

## Where a value comes from

A variable that *overrules* goes before the file, one that *stands in* counts where the file says nothing, and the default
is last. A variable that is empty is not set. These have no key:

| Variable | Of | What it says |
|---|---|---|
| `COLLECTOR_JWT_TOKEN` | agent | the token itself, before `token_file` |
| `PGPASSWORD`, `PGPASSFILE` | agent | the password, or libpq's file of passwords, after `password_file` |
| `CREDENTIALS_DIRECTORY` | daemon | where systemd puts credentials: see below |
| `JOURNAL_STREAM` | both | set by systemd: the log goes to the journal, where no format is set |
| `LISTEN_FDS`, `LISTEN_PID` | daemon | set by systemd: the socket that it has opened, before `[server] listen` |
| `STATE_DIRECTORY`, else `XDG_STATE_HOME`, `HOME` | agent | where the spool is, where `directory` does not say it |

The units load these credentials where their files are there, `/etc/credstore/NAME`, of root, mode 0400:

| Credential | What it is |
|---|---|
| `pganalytics.root-key` | the ring of root keys; found by itself |
| `pganalytics.mirror-password` | the password of the mirror; found by itself |
| `pganalytics.server-key` | the key of the site's certificate; `private_key_file` names it as `/run/credentials/pganalytics.service/pganalytics.server-key` |
| `pganalytics-collector.postgres-password` | the agent's password for PostgreSQL; `password_file` names it as `/run/credentials/pganalytics-collector.service/pganalytics-collector.postgres-password` |

## When a change counts

`systemctl reload pganalytics` (SIGHUP) reads the file again. What counts *at a reload* is applied; what else has changed
is named in the log and waits for a restart. Where the file has a problem, the log says which, and what was read before
stays. Certificates are read again in any case. The agent reads its file at its start; some of it an administrator
changes from the dashboard while it runs.
";

/// The text of the page.
pub fn page(files: &[&Description]) -> String {
    let mut text = HEAD.to_owned();
    for file in files {
        let _ = write!(text, "\n## {}\n\n{}\n", file.file, file.about);
        for part in file.parts {
            text += &section(part);
        }
    }
    text
}

fn section(part: &Part) -> String {
    let mut text = format!("\n### [{}]\n\n", part.name);
    if !part.about.is_empty() {
        let _ = writeln!(text, "{}\n", part.about);
    }
    text += "| Key | Value | Default | Meaning | Variable | A change counts |\n|---|---|---|---|---|---|\n";
    for key in part.keys {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} |",
            key.name,
            value(key),
            usual(key),
            key.about.replace('|', "\\|"),
            variable(key),
            applied(key.applied)
        );
    }
    text
}

fn value(key: &Key) -> String {
    match key.form {
        Form::Number(..) => format!("number, {}", key.form.words()),
        Form::Size(_) => format!("size, {}", key.form.words()),
        Form::Numbers(..) => format!("section of numbers, {}", key.form.words()),
        Form::Texts(..) => format!("list, {}", key.form.words()),
        Form::OneOf(words) => words().iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Form::Text("") => "text".to_owned(),
        Form::Text(_) | Form::Path | Form::Flag => key.form.words(),
    }
}

fn usual(key: &Key) -> String {
    match key.usual {
        Usual::Value(toml) => format!("`{toml}`"),
        Usual::Words(words) => words.to_owned(),
        Usual::Nothing => "none".to_owned(),
    }
}

fn variable(key: &Key) -> String {
    match key.variable {
        Some(Variable::Overrules(name)) => format!("`{name}` overrules it"),
        Some(Variable::StandsIn(name)) => format!("`{name}` stands in for it"),
        None => String::new(),
    }
}

const fn applied(applied: Applied) -> &'static str {
    match applied {
        Applied::AtStart => "at a restart",
        Applied::AtReload => "at a reload",
        Applied::FileAtUse => "at a restart; what is in the file, at its next use",
        Applied::FileAtReload => "at a restart; what is in the file, at a reload",
        Applied::ByDaemon => "at a restart, or from the dashboard",
    }
}
