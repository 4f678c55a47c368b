//! What Linux says about this machine under /proc, for the probes and for heartbeats.

use procfs::{Current, CurrentSI, KernelStats, Meminfo};

/// The processor's counters at one moment. Percentages are differences between two of them.
#[derive(Clone, Debug)]
pub(super) struct CpuSample {
    user: u64,
    system: u64,
    idle: u64,
    iowait: u64,
    steal: u64,
}

/// Shares of the time between two samples, in percent of all processors together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CpuShares {
    pub(super) user: f64,
    pub(super) system: f64,
    pub(super) idle: f64,
    pub(super) iowait: f64,
    pub(super) steal: f64,
}

impl CpuSample {
    pub(super) fn take() -> procfs::ProcResult<Self> {
        let total = KernelStats::current()?.total;
        Ok(Self {
            user: total.user + total.nice,
            system: total.system + total.irq.unwrap_or(0) + total.softirq.unwrap_or(0),
            idle: total.idle,
            iowait: total.iowait.unwrap_or(0),
            steal: total.steal.unwrap_or(0),
        })
    }

    /// What happened since `earlier`; `None` when the counters have not moved.
    pub(super) fn since(&self, earlier: &Self) -> Option<CpuShares> {
        // iowait may run backwards, as the kernel's documentation says
        let user = self.user.saturating_sub(earlier.user);
        let system = self.system.saturating_sub(earlier.system);
        let idle = self.idle.saturating_sub(earlier.idle);
        let iowait = self.iowait.saturating_sub(earlier.iowait);
        let steal = self.steal.saturating_sub(earlier.steal);
        let total = user + system + idle + iowait + steal;
        if total == 0 {
            return None;
        }
        let percent = |part: u64| as_f64(part) * 100.0 / as_f64(total);
        Some(CpuShares {
            user: percent(user),
            system: percent(system),
            idle: percent(idle),
            iowait: percent(iowait),
            steal: percent(steal),
        })
    }
}

impl CpuShares {
    /// Percent of the machine that is at work.
    pub(super) fn busy(&self) -> f64 {
        (100.0 - self.idle - self.iowait).clamp(0.0, 100.0)
    }
}

/// Percent of this machine's memory that is taken and cannot be freed at once.
pub(super) fn memory_percent() -> procfs::ProcResult<f64> {
    let memory = Meminfo::current()?;
    let available = memory.mem_available.unwrap_or(memory.mem_free);
    let used = memory.mem_total.saturating_sub(available);
    Ok(as_f64(used) * 100.0 / as_f64(memory.mem_total.max(1)))
}

/// Bytes through one interface since the machine started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) received_bytes: u64,
    pub(super) sent_bytes: u64,
}

/// All interfaces but the loopback, by name.
pub(super) fn interfaces() -> procfs::ProcResult<Vec<Interface>> {
    let mut interfaces: Vec<Interface> = procfs::net::dev_status()?
        .into_values()
        .filter(|status| status.name != "lo")
        .map(|status| Interface {
            name: status.name,
            received_bytes: status.recv_bytes,
            sent_bytes: status.sent_bytes,
        })
        .collect();
    interfaces.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(interfaces)
}

/// Counters and sizes as floating point: exact up to 2^53, which is 8 PiB in bytes.
#[expect(clippy::cast_precision_loss, reason = "shares and rounded sizes need no more digits")]
pub(super) const fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_differences_and_make_a_whole() {
        let earlier = CpuSample { user: 100, system: 50, idle: 800, iowait: 50, steal: 0 };
        let later = CpuSample { user: 130, system: 60, idle: 850, iowait: 60, steal: 0 };
        let shares = later.since(&earlier).unwrap();
        assert_eq!(shares, CpuShares { user: 30.0, system: 10.0, idle: 50.0, iowait: 10.0, steal: 0.0 });
        assert!((shares.busy() - 40.0).abs() < 1e-9);
        assert_eq!(later.since(&later), None);
    }

    #[test]
    fn a_counter_that_runs_backwards_counts_as_still() {
        let earlier = CpuSample { user: 100, system: 0, idle: 0, iowait: 50, steal: 0 };
        let later = CpuSample { user: 110, system: 0, idle: 10, iowait: 40, steal: 0 };
        assert!((later.since(&earlier).unwrap().iowait).abs() < f64::EPSILON);
    }
}
