//! The daemon's program: reads its arguments and its environment, and hands both on.

use std::process::ExitCode;

use clap::Parser;
use pganalytics::cli;
use pganalytics::settings::Environment;

fn main() -> ExitCode {
    cli::run(cli::Arguments::parse(), &Environment::of_process())
}
