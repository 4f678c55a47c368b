//! The agent's program: reads its arguments and its environment, and hands both on.

use std::process::ExitCode;

use clap::Parser;
use pganalytics::collector::cli;
use pganalytics::settings::Environment;

fn main() -> ExitCode {
    cli::run(cli::Arguments::parse(), &Environment::of_process())
}
