//! What Linux counts of this process. Elsewhere nothing is known, and zero is told.

use std::time::Duration;

/// `/proc` counts CPU time in ticks of 10 ms for every program, whatever the kernel's own clock (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

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
        let file = |path| std::fs::read_to_string(path).unwrap_or_default();
        let open_files = std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64);
        Self { open_files, ..Self::parse(&file("/proc/self/stat"), &file("/proc/self/status")) }
    }

    fn parse(stat: &str, status: &str) -> Self {
        // The name, in parentheses, may hold blanks; user and system time are fields 14 and 15, threads 20.
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let field = |number: usize| after_name.split_whitespace().nth(number - 3).and_then(|field| field.parse().ok());
        let ticks = field(14).unwrap_or(0) + field(15).unwrap_or(0);
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Self {
            cpu: TICK * u32::try_from(ticks).unwrap_or(u32::MAX),
            resident_bytes: kib.unwrap_or(0) * 1024,
            threads: field(20).unwrap_or(0),
            open_files: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_kernel_are_understood() {
        let stat = "42 (agent) server) S 1 42 42 0 -1 4194304 900 0 0 0 250 50 0 0 20 0 7 0 12345 1 2 3";
        let process = Process::parse(stat, "Name:\tagent-server\nVmRSS:\t   20480 kB\nThreads:\t7\n");
        assert_eq!(process.cpu, Duration::from_secs(3));
        assert_eq!((process.resident_bytes, process.threads), (20 << 20, 7));
        assert_eq!(Process::parse("", ""), Process::default());
    }
}
