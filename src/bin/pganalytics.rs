//! The daemon's program: reads its arguments and its environment, and hands both on.

use std::process::ExitCode;

use clap::Parser;
use pganalytics::cli;
use pganalytics::settings::Environment;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run(cli::Arguments::parse(), &Environment::of_process())
}
