//! A Redis of this machine, to be stopped and started.

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// One that keeps nothing on disk. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Redis {
    port: u16,
    folder: PathBuf,
    child: Option<Child>,
}

impl Redis {
    /// Starts one on a free port; `None` where it is not installed.
    pub(super) fn start(folder: &Path) -> io::Result<Option<Self>> {
        let mut redis = Self { port: free_port()?, folder: folder.to_owned(), child: None };
        match redis.run() {
            Ok(()) => Ok(Some(redis)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The setting by which a server finds it.
    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it again, with nothing in it.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(&self.folder);
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
        Ok(())
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended cannot be killed, which is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Lets it stand still, or go on.
    pub(super) fn hold(&self, held: bool) -> io::Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        let signal = if held { "-STOP" } else { "-CONT" };
        Command::new("kill").args([signal, &child.id().to_string()]).status().map(|_| ())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that nobody uses now.
pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
