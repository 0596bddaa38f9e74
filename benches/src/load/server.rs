//! A server of this build in a process of its own, with fakes for its services.

use super::lateness::Services;
use agent_server::{Config, Providers, Server, Sources, start_log};
use std::fs::{File, read_to_string};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long a start may take.
const START: Duration = Duration::from_secs(20);
/// How long an end may take.
const END: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(20);

/// Where a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Wherever the system puts it.
    Anywhere,
    /// On this core alone.
    Core(u32),
}

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sessions, with fakes that are so fast.
    Agent(Services),
    /// WebSockets that are read, and Silero over what they bring.
    Bare,
}

/// A server that runs. Dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its log, a line of JSON for each thing.
    pub log: PathBuf,
}

impl ServerProcess {
    /// Starts `loadgen serve` from the executable `program` with these settings, and waits until it listens. Its log goes
    /// into the file `log`.
    ///
    /// # Errors
    /// It does not start, or listens nowhere within 20 s.
    pub async fn start(
        program: &Path,
        place: Place,
        kind: Kind,
        settings: &[(&str, &str)],
        log: &Path,
    ) -> io::Result<Self> {
        let mut command = match place {
            Place::Anywhere => Command::new(program),
            Place::Core(core) => {
                let mut command = Command::new("taskset");
                command.arg("--cpu-list").arg(core.to_string()).arg(program);
                command
            }
        };
        command.args(["serve"]).env("PORT", "0");
        match kind {
            Kind::Bare => command.arg("--bare"),
            Kind::Agent(services) => command.envs(of_fakes(services)),
        };
        // All users come from few addresses, and the server is to be loaded.
        let limits = ["UPGRADES_PER_MINUTE", "CONNECTIONS_PER_ADDRESS", "MAX_LATE_MS", "MAX_CPU_PERCENT"];
        command.envs(limits.map(|name| (name, "0"))).envs(settings.iter().copied());
        let child = command.stdin(Stdio::null()).stdout(File::create(log)?).spawn()?;
        // Killed with this value when it does not come to listen.
        let mut server = Self { child, address: SocketAddr::from(([0, 0, 0, 0], 0)), log: log.to_owned() };
        let listening = async {
            loop {
                if let Some(address) = server.announced()? {
                    return Ok(address);
                }
                if let Some(status) = server.child.try_wait()? {
                    return Err(io::Error::other(format!("the server ended at once: {status}")));
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        server.address = tokio::time::timeout(START, listening).await??;
        Ok(server)
    }

    fn announced(&self) -> io::Result<Option<SocketAddr>> {
        let log = read_to_string(&self.log)?;
        let line = log.lines().find_map(|line| line.split_once(r#""address":""#));
        let address = line.and_then(|(_, rest)| rest.split('"').next()).and_then(|url| url.rsplit('/').next());
        Ok(address.and_then(|address| address.parse().ok()))
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits; whether it ended in order.
    ///
    /// # Errors
    /// It does not end within 15 s.
    pub async fn stop(mut self) -> io::Result<bool> {
        Command::new("kill").arg("-TERM").arg(self.id().to_string()).status()?;
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    return Ok(status.success());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(END, ended).await?
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // One that has ended cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn of_fakes(services: Services) -> Vec<(&'static str, String)> {
    let Services { endpointing_ms, stt_ms, llm_ms, tts_ms, .. } = services;
    let latencies =
        [("ENDPOINTING_MS", endpointing_ms), ("FAKE_STT_MS", stt_ms), ("FAKE_LLM_MS", llm_ms), ("FAKE_TTS_MS", tts_ms)];
    let fakes = ["STT", "LLM", "TTS"].map(|stage| (stage, "fake".to_owned()));
    fakes.into_iter().chain(latencies.map(|(name, ms)| (name, ms.to_string()))).collect()
}

/// Moves this process, with all its threads, to one core.
///
/// # Errors
/// `taskset` is missing or refuses.
pub fn keep_to_core(core: u32) -> io::Result<()> {
    let id = std::process::id().to_string();
    let mut command = Command::new("taskset");
    command.args(["--all-tasks", "--pid", "--cpu-list", &core.to_string(), &id]).stdout(Stdio::null());
    if command.status()?.success() { Ok(()) } else { Err(io::Error::other("taskset refused")) }
}

/// Is the server, with the settings of the environment and of the file that `AGENT_TOML` names, until it is told to end; or,
/// where it is to be bare, the least that any server does.
///
/// # Errors
/// A setting is wrong, or the address cannot be had.
pub fn serve(bare: bool) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let file = std::env::var_os("AGENT_TOML").map(PathBuf::from);
    let config = Config::load(&Sources { environment: std::env::vars().collect(), file, ..Sources::default() })?;
    start_log(&config.log);
    let runtime = super::runtime()?;
    if bare {
        return runtime.block_on(async {
            let listener = TcpListener::bind((config.host.as_str(), config.port)).await?;
            tracing::info!(address = %format_args!("http://{}", listener.local_addr()?), "listening");
            super::bare::serve(listener).await
        });
    }
    let providers = Providers::from_config(&config)?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let server = Server::bind(&config, providers).await?;
        server.announce(&config);
        let told = async move {
            terminate.recv().await;
        };
        server.run(told).await;
        Ok(())
    })
}
