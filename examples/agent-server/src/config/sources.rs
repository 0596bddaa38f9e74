//! Where settings come from, and which of several wins.

use super::{ConfigError, SETTINGS, Setting};
use clap::{Arg, Command};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use voice_core::agent::AgentConfig;

/// The places that are read. A file that is not there is empty, unless a flag names it.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Values of flags, by the name of the setting.
    pub flags: BTreeMap<&'static str, String>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// `.env`.
    pub dotenv: Option<PathBuf>,
    /// `agent.toml`.
    pub file: Option<PathBuf>,
}

/// The command line: a flag for every setting that is no secret.
pub fn command() -> Command {
    let files = [
        ("config", "FILE", "Settings and the agent's details [agent.toml where it exists]"),
        ("env-file", "FILE", "Settings as NAME=value lines [.env where it exists]"),
    ];
    let files = files.map(|(name, value, help)| Arg::new(name).long(name).value_name(value).help(help));
    let settings = SETTINGS.iter().filter_map(|setting| {
        let flag = setting.name.to_ascii_lowercase().replace('_', "-");
        Some(Arg::new(setting.name).long(flag).value_name("VALUE").help(setting.help?).allow_hyphen_values(true))
    });
    Command::new("agent-server")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Voice Agent behind a WebSocket, with a page to talk to")
        .after_help("Each setting can also stand in agent.toml, in .env or in the environment (HOST, PORT, …).")
        .args(files)
        .args(settings)
}

impl Sources {
    /// The usual places, seen from this directory and this process.
    ///
    /// # Errors
    /// A file named by a flag that is not there; a variable that is not UTF-8.
    pub fn of_process(arguments: &clap::ArgMatches) -> Result<Self, ConfigError> {
        let flag = |setting: &Setting| {
            setting.help?;
            Some((setting.name, arguments.get_one::<String>(setting.name)?.clone()))
        };
        let known = SETTINGS.iter().filter_map(|setting| Some((setting.name, std::env::var_os(setting.name)?)));
        let environment = known
            .map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name.to_owned(), value)),
                Err(_) => Err(ConfigError::new(format!("{name}: is not UTF-8 (from the environment)"))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            flags: SETTINGS.iter().filter_map(flag).collect(),
            environment,
            dotenv: existing(arguments.get_one::<String>("env-file"), ".env")?,
            file: existing(arguments.get_one::<String>("config"), "agent.toml")?,
        })
    }
}

fn existing(named: Option<&String>, usual: &str) -> Result<Option<PathBuf>, ConfigError> {
    match named {
        Some(path) if Path::new(path).is_file() => Ok(Some(path.into())),
        Some(path) => Err(ConfigError::new(format!("{path}: no such file"))),
        None => Ok(Some(PathBuf::from(usual)).filter(|path| path.is_file())),
    }
}

struct Value {
    text: String,
    origin: String,
}

/// The winning value of every setting, and the core's table of `agent.toml`.
pub(super) struct Layers {
    values: BTreeMap<&'static str, Value>,
    agent: Option<(toml::Value, String)>,
}

impl Layers {
    /// Reads all sources, from the weakest to the strongest. An empty value counts as not given.
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let mut layers = Self { values: BTreeMap::new(), agent: None };
        if let Some(path) = &sources.file {
            layers.add_file(path)?;
        }
        if let Some(path) = &sources.dotenv {
            layers.add_dotenv(path)?;
        }
        for (name, value) in &sources.environment {
            layers.add(name, value.clone(), "from the environment");
        }
        for (name, value) in &sources.flags {
            layers.add(name, value.clone(), "from the command line");
        }
        Ok(layers)
    }

    fn add(&mut self, name: &str, text: String, origin: &str) -> bool {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else { return false };
        if !text.trim().is_empty() {
            self.values.insert(setting.name, Value { text: text.trim().to_owned(), origin: origin.to_owned() });
        }
        true
    }

    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::new(format!("{shown}: {error}")))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            ConfigError::new(format!("{shown}, line {line}: {}", one_line(error.message())))
        })?;
        for (key, value) in table {
            if key == "agent" {
                self.agent = Some((value, shown.clone()));
                continue;
            }
            let Some(text) = scalar(&value) else {
                return Err(ConfigError::new(format!("{key}: must be a text, a number or a list (in {shown})")));
            };
            if !self.add(&key.to_ascii_uppercase(), text, &format!("in {shown}")) {
                return Err(ConfigError::new(format!("{key}: is not a setting (in {shown})")));
            }
        }
        Ok(())
    }

    /// Unknown names are left alone: a `.env` often serves other programs too.
    fn add_dotenv(&mut self, path: &Path) -> Result<(), ConfigError> {
        let shown = path.display().to_string();
        // The parser's message quotes the line, which may hold a key.
        let broken = |place: String| ConfigError::new(format!("{shown}: {place} is not NAME=value"));
        let lines = dotenvy::from_path_iter(path).map_err(|error| ConfigError::new(format!("{shown}: {error}")))?;
        let mut last = None;
        for line in lines {
            let place = || last.as_ref().map_or("the first line".into(), |name| format!("the line after {name}"));
            let (name, value) = line.map_err(|_| broken(place()))?;
            self.add(&name, value, &format!("in {shown}"));
            last = Some(name);
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.text.as_str())
    }

    /// The value, checked; the error names the setting, its value unless secret, and where it came from.
    pub(super) fn parse<T>(
        &self,
        name: &str,
        parser: impl FnOnce(&str) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.values.get(name) else { return Ok(None) };
        let shown = SETTINGS.iter().any(|setting| setting.name == name && setting.help.is_some());
        parser(&value.text).map(Some).map_err(|error| {
            let given = if shown { format!("={}", one_line(&value.text)) } else { String::new() };
            ConfigError::new(format!("{name}{given}: {error} ({})", value.origin))
        })
    }

    /// The core's settings from the table `agent`.
    pub(super) fn agent(&self) -> Result<AgentConfig, ConfigError> {
        let Some((table, shown)) = &self.agent else { return Ok(AgentConfig::default()) };
        table.clone().try_into().map_err(|error: toml::de::Error| {
            ConfigError::new(format!("agent: {} (in {shown})", one_line(&error.to_string())))
        })
    }
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => Some(items.iter().map(scalar).collect::<Option<Vec<_>>>()?.join(",")),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
