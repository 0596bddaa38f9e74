//! Starts the server: configuration, log, providers, then until Ctrl-C.

use agent_server::{Config, Providers, Server, Sources, command, start_log};
use std::io::Write;
use std::process::ExitCode;
use tokio::sync::Mutex;

/// A setting is wrong.
const BAD_CONFIG: u8 = 2;
/// The server cannot run.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let arguments = command().get_matches();
    let config = match Sources::of_process(&arguments).and_then(|sources| Config::load(&sources)) {
        Ok(config) => config,
        Err(error) => return complain(&error.to_string(), BAD_CONFIG),
    };
    start_log(&config.log);
    let providers = match Providers::from_config(&config) {
        Ok(providers) => providers,
        Err(error) => return complain(&error.to_string(), BAD_CONFIG),
    };
    // Accepts connections and waits for signals; connections are served on threads of their own.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start threads: {error}"), FAILED),
    };
    match runtime.block_on(run(&config, providers)) {
        Ok(()) => ExitCode::SUCCESS,
        Err((message, code)) => complain(&message, code),
    }
}

async fn run(config: &Config, mut providers: Providers) -> Result<(), (String, u8)> {
    // Before the address is announced: whoever waits for it may send a signal at once.
    let signals = Signals::listen().map_err(|error| (format!("cannot listen for signals: {error}"), FAILED))?;
    providers.warm_up().await.map_err(|error| (error.to_string(), BAD_CONFIG))?;
    let server = Server::bind(config, providers)
        .await
        .map_err(|error| (format!("cannot listen on {}:{}: {error}", config.host, config.port), FAILED))?;
    server.announce(config);
    let signals = Mutex::new(signals);
    let next = || async { signals.lock().await.next().await };
    server.run_until(next(), next()).await;
    tracing::info!("stopped");
    Ok(())
}

/// Ctrl-C and SIGTERM.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Resolves at the next of them.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a way to be told, the server runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn complain(message: &str, code: u8) -> ExitCode {
    // Standard error that is closed leaves the exit code to tell.
    let _ = writeln!(std::io::stderr(), "agent-server: {message}");
    ExitCode::from(code)
}
