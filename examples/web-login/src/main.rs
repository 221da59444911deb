//! Starts the account site. See the crate's page for what it shows.

use std::io::Write as _;
use std::process::ExitCode;

use secondfactor_web_login::{Command, Config, HELP, Outcome, Site, chain, operate};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let config = match Config::new(
        std::env::args_os().skip(1),
        std::env::var_os("SECONDFACTOR_STORE"),
    ) {
        Ok(Some(config)) => config,
        Ok(None) => return say(HELP).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        Err(error) => {
            complain(&format!("{error}; -h lists what it takes"));
            return ExitCode::from(2);
        }
    };
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&chain(&*error));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(config: Config) -> Outcome {
    let is_served = matches!(config.command, Command::Serve);
    let level = if is_served { "info" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    if is_served {
        serve(config).await
    } else {
        say(&operate(config).await?)
    }
}

async fn serve(config: Config) -> Outcome {
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
fn complain(text: &str) {
    eprintln!("secondfactor-web-login: {text}");
}
