//! What a load consists of, and how it is asked for on the command line.

use super::faults::Faults;
use super::lateness::Services;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Users, and what they do.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where the servers listen. Users begin at one of them, and go to the next when they lose it.
    pub servers: Vec<SocketAddr>,
    /// The path of their sessions.
    pub path: String,
    /// Users at once.
    pub users: usize,
    /// How long they talk once all of them are there.
    pub time: Duration,
    /// The time over which they arrive.
    pub ramp: Duration,
    /// Addresses they come from, 127.0.0.1 and on; 0 leaves the choice to the system.
    pub addresses: u8,
    /// Whether they report what they have played, as the page does.
    pub report_played: bool,
    /// What the answers are made by, where it is known.
    pub services: Option<Services>,
    /// Connections that are only echoed, to compare with. The server must be one for benches.
    pub echoes: usize,
    /// What users do that they should not.
    pub faults: Faults,
    /// Seed of all that is random.
    pub seed: u64,
    /// The first server's process, where it is on this machine.
    pub process: Option<u32>,
    /// Further lines of each request's head.
    pub headers: String,
}

impl Load {
    /// So many users for so long, well behaved.
    pub fn new(server: SocketAddr, users: usize, time: Duration) -> Self {
        Self {
            servers: vec![server],
            path: "/ws".into(),
            users,
            time,
            ramp: Duration::from_secs(2),
            addresses: 0,
            report_played: true,
            services: None,
            echoes: 0,
            faults: Faults::default(),
            seed: 1,
            process: None,
            headers: String::new(),
        }
    }

    /// The address from which user number `index` comes.
    pub(super) fn address(&self, index: usize) -> Option<IpAddr> {
        source(self.addresses, index)
    }

    /// What the command line asks for.
    ///
    /// # Errors
    /// A value that cannot be, in one line.
    pub fn from_arguments(arguments: &ArgMatches) -> Result<Self, String> {
        let seconds = |name: &str| number(arguments, name).map(Duration::from_secs_f64);
        let server = text(arguments, "server");
        let address = server.strip_prefix("ws://").unwrap_or(server);
        let (address, path) = address.split_once('/').unwrap_or((address, "ws"));
        let server = address.parse().map_err(|_| format!("--server {server}: must be an address and a port"))?;
        let services = match (text(arguments, "latencies"), arguments.get_flag("spawn")) {
            ("", false) => None,
            ("", true) => Some(Services::USUAL),
            (latencies, _) => Some(parse_services(latencies)?),
        };
        Ok(Self {
            path: format!("/{path}"),
            ramp: seconds("ramp")?,
            addresses: number(arguments, "addresses")? as u8,
            report_played: !arguments.get_flag("silent"),
            services,
            echoes: number(arguments, "echoes")? as usize,
            faults: match text(arguments, "faults") {
                "" => Faults::default(),
                faults => faults.parse()?,
            },
            seed: number(arguments, "seed")? as u64,
            process: text(arguments, "pid").parse().ok(),
            headers: arguments
                .get_many::<String>("header")
                .into_iter()
                .flatten()
                .map(|line| format!("{line}\r\n"))
                .collect(),
            ..Self::new(server, number(arguments, "users")? as usize, seconds("seconds")?)
        })
    }
}

/// The loopback address number `index` of so many; none where it does not matter.
pub(super) fn source(addresses: u8, index: usize) -> Option<IpAddr> {
    let place = (addresses > 0).then(|| index % usize::from(addresses) + 1)?;
    Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, u8::try_from(place).unwrap_or(u8::MAX))))
}

fn text<'a>(arguments: &'a ArgMatches, name: &str) -> &'a str {
    arguments.get_one::<String>(name).map_or("", String::as_str)
}

fn number(arguments: &ArgMatches, name: &str) -> Result<f64, String> {
    let value = text(arguments, name);
    let number: f64 = value.parse().map_err(|_| format!("--{name} {value}: must be a number"))?;
    if (0.0..1e9).contains(&number) { Ok(number) } else { Err(format!("--{name} {value}: must not be negative")) }
}

/// `500,150,200,10,150`.
fn parse_services(text: &str) -> Result<Services, String> {
    let parts: Vec<u64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match parts[..] {
        [endpointing_ms, stt_ms, llm_ms, token_ms, tts_ms] => {
            Ok(Services { endpointing_ms, stt_ms, llm_ms, token_ms, tts_ms })
        }
        _ => Err(format!("--latencies {text}: must be five whole numbers of ms")),
    }
}

/// The command line of `loadgen`.
pub fn command() -> Command {
    let value = |name: &'static str, value: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).default_value(default).help(help)
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("loadgen")
        .about("Scripted users that talk to an agent-server in real time, and what that cost it")
        .arg(value("server", "ADDRESS", "127.0.0.1:3000", "Where it listens; a path may follow"))
        .arg(value("users", "COUNT", "10", "Users at once"))
        .arg(value("seconds", "SECONDS", "30", "How long they talk"))
        .arg(value("ramp", "SECONDS", "2", "The time over which they arrive"))
        .arg(value("addresses", "COUNT", "0", "Addresses they come from: 127.0.0.1 and on"))
        .arg(flag("silent", "Users do not report what they have played"))
        .arg(value(
            "latencies",
            "MS,…",
            "",
            "Endpointing window, recogniser, model, token, voice: what answers are due by",
        ))
        .arg(value("echoes", "COUNT", "0", "Connections to compare with, where the server has /echo"))
        .arg(value("faults", "NAMES@PERCENT", "", "What users do that they should not"))
        .arg(value("seed", "NUMBER", "1", "Seed of all that is random"))
        .arg(value("pid", "PID", "", "The server's process, to tell what it uses"))
        .arg(
            Arg::new("header")
                .long("header")
                .value_name("LINE")
                .action(ArgAction::Append)
                .help("A line for each request's head"),
        )
        .arg(flag("json", "One JSON object instead of a table"))
        .arg(flag(
            "spawn",
            "Measure a server of this build, with fakes, started for it; its settings come from the environment",
        ))
        .arg(flag("pin", "With --spawn: the server on core 0, this program on core 1"))
        .subcommand(Command::new("serve").about("Be that server").arg(flag("bare", "Only read, and run the VAD")))
}
