//! The command line of the agent: what it understands, and its exit status.
//!
//! 0 done, 1 failed, 2 wrong usage, 3 done in part. Results go to standard output, everything else to
//! standard error or the journal.

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;

use super::config::{self, Need, Settings};
use super::log::{Lines, Tap};
use super::{check, once, pin, register, supervisor, worker};
use crate::clock::Clock;
use crate::crypto::Hash;
use crate::logging;
use crate::settings::{Environment, Problem, Problems};

const DEFAULT_CONFIG: &str = "/etc/pganalytics/collector.toml";
const FAILED: u8 = 1;
const IN_PART: u8 = 3;

/// Collects beside one PostgreSQL server and sends what it measured to pgAnalytics.
#[derive(Debug, Parser)]
#[command(name = super::NAME, version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collect and push until SIGTERM
    Run(Common),
    /// Exchange a registration secret for an identity, written beside the configuration
    Register(Register),
    /// Try every source and the daemon; name what is missing and the GRANT that gives it
    Check(Common),
    /// Print one collection as JSON
    Once(Common),
    /// Collect for a supervisor (internal)
    #[command(hide = true)]
    Worker(Worker),
}

#[derive(Debug, Args)]
struct Common {
    /// Configuration file; without it, the environment or /etc/pganalytics/collector.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Args)]
struct Worker {
    #[command(flatten)]
    common: Common,
    /// Where the supervisor keeps what the daemon decided
    #[arg(long, value_name = "FOLDER")]
    state: PathBuf,
}

#[derive(Debug, Args)]
struct Register {
    /// Configuration file to enter the identity into; made when it is not there
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// The daemon's address
    #[arg(long)]
    url: Option<String>,
    /// The name that the collector shall have
    #[arg(long)]
    name: String,
    /// Certificate of the authority that the daemon's certificate comes from
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// SHA-256 of that certificate: it is fetched from the daemon, compared, and kept beside the configuration
    #[arg(long, value_name = "HASH", value_parser = pin::parse, conflicts_with = "ca_file")]
    ca_sha256: Option<Hash>,
    #[command(flatten)]
    secret: RegistrationSecret,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct RegistrationSecret {
    /// Read the registration secret from standard input
    #[arg(long)]
    secret_stdin: bool,
    /// Read the registration secret from a file
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Does what was asked for and says how it went.
pub fn run(arguments: Arguments, environment: &Environment) -> ExitCode {
    let done = match arguments.command {
        Command::Run(common) => run_supervisor(common, environment),
        Command::Worker(worker) => run_worker(&worker, environment),
        Command::Once(common) => run_once(&common, environment),
        Command::Check(common) => run_check(&common, environment),
        Command::Register(register) => run_register(register, environment),
    };
    done.unwrap_or_else(|message| {
        say(&message);
        ExitCode::from(FAILED)
    })
}

fn run_supervisor(common: Common, environment: &Environment) -> Result<ExitCode, String> {
    let file = chosen_file(common.config, environment);
    let settings = load(file.as_deref(), environment, Need::Everything)?;
    let lines = start_logging_to(&settings, "supervisor")?;
    let state = settings.spool.directory.clone().into_os_string();
    let mut worker = vec![OsString::from("worker"), OsString::from("--state"), state];
    if let Some(file) = file {
        worker.extend([OsString::from("--config"), file.into_os_string()]);
    }
    block_on(supervisor::run(&settings, worker, lines, Clock::System))?.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn run_worker(worker: &Worker, environment: &Environment) -> Result<ExitCode, String> {
    let mut settings = load(worker.common.config.as_deref(), environment, Need::Sources)?;
    let pulled = config::Pulled::read(&worker.state).map_err(|error| error.to_string())?;
    // the supervisor, which kept it, has found it good
    if let Some(tuned) = pulled.and_then(|pulled| settings.tuned(&pulled).ok()) {
        settings.tune(tuned);
    }
    let lines = start_logging_to(&settings, "worker")?;
    block_on(worker::run(&settings, &lines, Clock::System))?.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn run_once(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let file = chosen_file(common.config.clone(), environment);
    let settings = load(file.as_deref(), environment, Need::Sources)?;
    start_logging(&settings)?;
    let outcome = block_on(once::run(&settings, Clock::System, &mut io::stdout().lock()))?;
    match outcome.map_err(|error| error.to_string())? {
        once::Outcome::All => Ok(ExitCode::SUCCESS),
        once::Outcome::Part => Ok(ExitCode::from(IN_PART)),
        once::Outcome::Nothing => Ok(ExitCode::from(FAILED)),
    }
}

fn run_check(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let file = chosen_file(common.config.clone(), environment);
    let settings = match config::load(file.as_deref(), environment, Need::Sources) {
        Ok(settings) => settings,
        Err(problems) => return print_problems(&problems, common.output),
    };
    start_logging(&settings)?;
    let findings = block_on(check::run(&settings, &Clock::System))?;
    let bad = findings.iter().filter(|finding| !finding.ok).count();
    let text = || {
        findings.iter().fold(String::new(), |text, finding| {
            let mark = if finding.ok { "ok    " } else { "FAILED" };
            let fix = finding.grant.as_ref().or(finding.statement.as_ref());
            let fix = fix.map(|fix| format!("\n       fix: {fix}")).unwrap_or_default();
            format!("{text}{mark} {}: {}{fix}\n", finding.source, finding.message)
        })
    };
    print(common.output, &serde_json::json!({ "ok": bad == 0, "sources": findings }), text)?;
    Ok(match bad {
        0 => ExitCode::SUCCESS,
        all if all == findings.len() => ExitCode::from(FAILED),
        _ => ExitCode::from(IN_PART),
    })
}

fn print_problems(problems: &Problems, output: Output) -> Result<ExitCode, String> {
    let listed: Vec<_> = problems
        .0
        .iter()
        .map(|problem| {
            let Problem { field, value, rule, hint } = problem;
            serde_json::json!({ "field": field, "value": value, "rule": rule, "hint": hint })
        })
        .collect();
    print(output, &serde_json::json!({ "ok": false, "problems": listed }), || format!("{problems}\n"))?;
    Ok(ExitCode::from(FAILED))
}

fn run_register(register: Register, environment: &Environment) -> Result<ExitCode, String> {
    let request = register::Request {
        config: register.config,
        url: register.url,
        name: register.name,
        ca_file: register.ca_file,
        ca_sha256: register.ca_sha256,
        secret_file: register.secret.secret_file,
    };
    let registered = block_on(register::run(request, environment))?.map_err(|error| error.to_string())?;
    let text = || {
        let register::Registered { collector_id, expires_at, config, token_file, .. } = &registered;
        let (config, token_file) = (config.display(), token_file.display());
        format!("registered as {collector_id} until {expires_at}\nwrote {config} and {token_file}\n")
    };
    print(register.output, &registered, text)?;
    Ok(ExitCode::SUCCESS)
}

/// What was named; else nothing where the environment says everything; else the usual place.
fn chosen_file(named: Option<PathBuf>, environment: &Environment) -> Option<PathBuf> {
    let is_complete = ["COLLECTOR_ID", "COLLECTOR_JWT_TOKEN", "CENTRAL_API_URL"]
        .iter()
        .all(|name| environment.get(name).is_some());
    named.or_else(|| Some(PathBuf::from(DEFAULT_CONFIG)).filter(|path| !is_complete && path.exists()))
}

fn load(file: Option<&Path>, environment: &Environment, need: Need) -> Result<Settings, String> {
    config::load(file, environment, need).map_err(|problems| problems.to_string())
}

fn start_logging(settings: &Settings) -> Result<(), String> {
    logging::start(&settings.log.filter, settings.log.format).map_err(|error| error.to_string())
}

/// The same, with the lines that go to the daemon.
fn start_logging_to(settings: &Settings, process: &'static str) -> Result<Arc<Lines>, String> {
    let lines = Arc::new(Lines::default());
    let tap = Tap { process, lines: Arc::clone(&lines), clock: Clock::System };
    let started = logging::start_with(&settings.log.filter, settings.log.format, Some(Box::new(tap)));
    started.map(|()| lines).map_err(|error| error.to_string())
}

/// One thread is enough for what an agent does. A thread that hangs in a lost file system is left behind.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(result)
}

fn print(output: Output, value: &impl Serialize, text: impl Fn() -> String) -> Result<(), String> {
    let text = match output {
        Output::Text => text(),
        Output::Json => serde_json::to_string_pretty(value).map_err(|error| error.to_string())? + "\n",
    };
    io::stdout().lock().write_all(text.as_bytes()).map_err(|error| format!("cannot print: {error}"))
}

/// Before logging has started, and where a person at a terminal looks.
fn say(message: &str) {
    // nobody is left to tell when standard error is gone
    let _ = writeln!(io::stderr().lock(), "{}: {message}", super::NAME);
}
