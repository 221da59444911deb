//! Starts the account site. See the crate's page for what it shows.

use std::io::Write as _;
use std::process::ExitCode;

use secondfactor_web_login::{Config, HELP, Outcome, Site, chain};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config = match Config::new(
        std::env::args_os().skip(1),
        std::env::var_os("SECONDFACTOR_STORE"),
    ) {
        Ok(Some(config)) => config,
        Ok(None) => return say(HELP).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Err(error) => return complain(&*error),
    };
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&*error),
    }
}

#[tokio::main]
async fn run(config: Config) -> Outcome {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();

    let site = Site::open(config).await?;
    // Before anybody can know that there is a server to stop.
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    say(&format!("Listening on http://{}/\n", site.address()))?;
    site.serve(async move {
        tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
    })
    .await
}

fn say(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

#[allow(clippy::print_stderr)] // nothing else can be told before there is a log
fn complain(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("{}", chain(error));
    ExitCode::FAILURE
}
