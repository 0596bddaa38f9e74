//! What Linux counts of this process. Elsewhere nothing is known, and zero is told.

use crate::admission::cpu_time;
use std::time::Duration;

/// The process as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Process {
    pub(super) cpu: Duration,
    pub(super) resident_bytes: u64,
    pub(super) threads: u64,
    pub(super) open_files: u64,
}

impl Process {
    pub(super) fn read() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let open_files = std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64);
        Self { cpu: cpu_time().unwrap_or_default(), open_files, ..Self::parse(&status) }
    }

    fn parse(status: &str) -> Self {
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
        };
        Self { resident_bytes: number("VmRSS") * 1024, threads: number("Threads"), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_kernel_are_understood() {
        let process = Process::parse("Name:\tagent-server\nVmRSS:\t   20480 kB\nThreads:\t7\n");
        assert_eq!((process.resident_bytes, process.threads), (20 << 20, 7));
        assert_eq!(Process::parse(""), Process::default());
    }
}
