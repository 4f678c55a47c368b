//! `pganalytics user`: users, managed on the machine itself. Whoever may read the data directory may do this.

use std::io::Read;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Common;
use crate::access::{NewPassword, Role, User, UserChange, Username};
use crate::audit::{Actor, Origin};
use crate::clock::Timestamp;
use crate::crypto::Secret;
use crate::limits::PASSWORD_CHARS;
use crate::settings::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user
    Add(Add),
    /// List all users
    List(Common),
    /// Let a user no longer sign in
    Disable(Named),
    /// Let a user sign in again
    Enable(Named),
    /// Set a new password and end the user's sessions
    ResetPassword(ResetPassword),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    name: String,
    /// admin, operator, viewer or auditor
    #[arg(long)]
    role: Role,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct ResetPassword {
    name: String,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    common: Common,
}

/// Passwords are never arguments: those stand in the list of processes.
#[derive(Debug, Args)]
struct PasswordSource {
    /// Read the password from standard input: its first line
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Serialize)]
struct UserLine {
    id: String,
    username: String,
    role: &'static str,
    disabled: bool,
    last_login_at: Option<Timestamp>,
}

impl From<User> for UserLine {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username,
            role: user.role.as_str(),
            disabled: user.disabled_at.is_some(),
            last_login_at: user.last_login_at,
        }
    }
}

impl UserLine {
    fn text(&self) -> String {
        let standing = if self.disabled { "disabled" } else { "enabled" };
        let login = self.last_login_at.map_or_else(|| "never".to_owned(), |time| time.to_string());
        format!("{:<24} {:<9} {standing:<9} last login {login}", self.username, self.role)
    }
}

pub(super) fn run(command: UserCommand, environment: &Environment) -> Result<ExitCode, String> {
    let origin = Origin::local(Actor::command_line());
    match command {
        UserCommand::Add(add) => self::add(add, environment, &origin)?,
        UserCommand::List(common) => list(&common, environment)?,
        UserCommand::Disable(named) => set_disabled(&named, environment, &origin, true)?,
        UserCommand::Enable(named) => set_disabled(&named, environment, &origin, false)?,
        UserCommand::ResetPassword(reset) => reset_password(&reset, environment, &origin)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn add(add: Add, environment: &Environment, origin: &Origin) -> Result<(), String> {
    let username = Username::new(add.name).map_err(|error| error.to_string())?;
    let password = add.password.read()?;
    let password = NewPassword::new(password, username.as_str()).map_err(|error| error.to_string())?;
    let access = add.common.open_or_create_records(environment)?.access;
    let user = access.create_user(origin, &username, &password, add.role);
    let user = user.map_err(|error| error.to_string())?;
    add.common.print(&UserLine::from(user), |line| format!("added {} as {}", line.username, line.role))
}

fn list(common: &Common, environment: &Environment) -> Result<(), String> {
    let users = common.open_records(environment)?.access.users().map_err(|error| error.to_string())?;
    let lines: Vec<UserLine> = users.into_iter().map(UserLine::from).collect();
    common.print(&lines, |lines| match lines.as_slice() {
        [] => "there are no users yet".to_owned(),
        lines => lines.iter().map(UserLine::text).collect::<Vec<_>>().join("\n"),
    })
}

fn set_disabled(
    named: &Named,
    environment: &Environment,
    origin: &Origin,
    disabled: bool,
) -> Result<(), String> {
    let access = named.common.open_records(environment)?.access;
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    let user = access
        .user_named(&named.name)
        .and_then(|user| access.update_user(origin, user.id, change))
        .map_err(|error| error.to_string())?;
    let done = if disabled { "disabled" } else { "enabled" };
    named.common.print(&UserLine::from(user), |line| format!("{done} {}", line.username))
}

fn reset_password(reset: &ResetPassword, environment: &Environment, origin: &Origin) -> Result<(), String> {
    let password = reset.password.read()?;
    let access = reset.common.open_records(environment)?.access;
    let user = access.user_named(&reset.name).map_err(|error| error.to_string())?;
    let password = NewPassword::new(password, &user.username).map_err(|error| error.to_string())?;
    access.reset_password(origin, user.id, &password).map_err(|error| error.to_string())?;
    reset.common.print(&UserLine::from(user), |line| format!("set a new password for {}", line.username))
}

impl PasswordSource {
    fn read(&self) -> Result<Secret, String> {
        debug_assert!(self.password_stdin, "clap requires it");
        // as many bytes as the longest password of the widest characters, and its line end
        let most = u64::try_from(PASSWORD_CHARS.end() * 4 + 2).unwrap_or(u64::MAX);
        let mut text = zeroize::Zeroizing::new(String::new());
        let read = std::io::stdin().take(most).read_to_string(&mut text);
        read.map_err(|error| format!("cannot read the password from standard input: {error}"))?;
        Ok(Secret::new(text.lines().next().unwrap_or_default()))
    }
}
