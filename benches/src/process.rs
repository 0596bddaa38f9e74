//! What Linux counts of a process.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What a process has used and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ProcessState {
    /// CPU time its threads have used so far.
    #[serde(skip)]
    pub cpu: Duration,
    /// Time its threads have waited for a processor that others used.
    #[serde(skip)]
    pub waited: Duration,
    /// Resident memory, in KiB.
    pub resident_kib: u64,
    /// Threads alive.
    pub threads: u64,
    /// Files open, sockets included.
    pub files: u64,
    /// Sockets open.
    pub sockets: u64,
}

impl ProcessState {
    /// That of a process of this machine; zeros where it is gone.
    pub fn of(id: u32) -> Self {
        Self::at(&id.to_string())
    }

    /// The greater of each.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            waited: self.waited.max(other.waited),
            resident_kib: self.resident_kib.max(other.resident_kib),
            threads: self.threads.max(other.threads),
            files: self.files.max(other.files),
            sockets: self.sockets.max(other.sockets),
        }
    }

    fn at(id: &str) -> Self {
        let (mut files, mut sockets) = (0, 0);
        for entry in std::fs::read_dir(PathBuf::from("/proc").join(id).join("fd")).into_iter().flatten().flatten() {
            files += 1;
            let target = std::fs::read_link(entry.path()).unwrap_or_default();
            sockets += u64::from(target.to_string_lossy().starts_with("socket:["));
        }
        let (status, (cpu, waited)) = (read(id, "status"), scheduled(id));
        Self {
            cpu,
            waited,
            resident_kib: field(&status, "VmRSS:"),
            threads: field(&status, "Threads:"),
            files,
            sockets,
        }
    }
}

fn read(id: &str, file: &str) -> String {
    std::fs::read_to_string(PathBuf::from("/proc").join(id).join(file)).unwrap_or_default()
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|field| field.parse().ok()).unwrap_or(0)
}

/// What the threads of a process that are alive have had of the processors, and waited for them.
fn scheduled(id: &str) -> (Duration, Duration) {
    let threads = std::fs::read_dir(PathBuf::from("/proc").join(id).join("task")).into_iter().flatten().flatten();
    let mut sum = (Duration::ZERO, Duration::ZERO);
    for thread in threads {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        let mut nanoseconds = stat.split_whitespace().map(|field| field.parse().unwrap_or(0));
        sum.0 += Duration::from_nanos(nanoseconds.next().unwrap_or(0));
        sum.1 += Duration::from_nanos(nanoseconds.next().unwrap_or(0));
    }
    sum
}

/// Time that the machine under this one, where there is one, has given to others instead: of all processors together, in
/// clock ticks of 10 ms.
pub fn stolen() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.lines().next().and_then(|line| line.split_whitespace().nth(8)?.parse().ok());
    Duration::from_millis(ticks.unwrap_or(0_u64) * 10)
}

fn cpu(id: &str) -> Duration {
    let stat = read(id, "stat");
    // The name, in parentheses, may hold blanks; user and system time are fields 14 and 15.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// CPU time this process has used so far, in clock ticks of 10 ms.
pub fn process_cpu() -> Duration {
    cpu("self")
}

/// CPU time this thread has used so far: the time others take on a busy machine does not count.
pub fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or(0))
}

/// Resident memory of this process, in KiB.
pub fn resident_kib() -> u64 {
    field(&read("self", "status"), "VmRSS:")
}

/// TCP connections of this machine whose local end is `address` and that are not over yet: waiting for the last packets of
/// a closed one to be forgotten does not count.
pub fn open_connections(address: SocketAddr) -> usize {
    let port = format!(":{:04X}", address.port());
    let over = ["06", "0A"]; // TIME_WAIT, LISTEN
    let is_open = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().take(4).collect();
        matches!(fields[..], [_, local, _, state] if local.ends_with(&port) && !over.contains(&state))
    };
    let table = if address.is_ipv4() { "net/tcp" } else { "net/tcp6" };
    read("self", table).lines().skip(1).filter(is_open).count()
}
