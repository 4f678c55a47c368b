//! `sysstat`: processor, memory, disks and network of this machine, from /proc.

use std::path::Path;

use procfs::{CpuTime, Current, CurrentSI, KernelStats, LoadAverage, Meminfo};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until};

use crate::clock::Timestamp;
use crate::collector::collection::to_document;
use crate::collector::host::{self, CpuSample};
use crate::limits::{CPU_SAMPLE_GAP, PROCESSORS};

const MIB: u64 = 1 << 20;

/// Remembers the last sample of the processor's counters.
pub(crate) struct Sysstat {
    last: Option<(CpuSample, Instant)>,
}

#[derive(Serialize)]
struct Document {
    r#type: &'static str,
    timestamp: Timestamp,
    cpu: Cpu,
    processors: Vec<Processor>,
    memory: Memory,
    disk_io: Vec<Disk>,
    network: Vec<Network>,
}

#[derive(Serialize)]
struct Cpu {
    user: f64,
    system: f64,
    idle: f64,
    iowait: f64,
    steal: f64,
    load_1m: f32,
    load_5m: f32,
    load_15m: f32,
}

/// What one processor did since the machine started.
#[derive(Serialize)]
struct Processor {
    cpu: String,
    user_seconds: f64,
    nice_seconds: f64,
    system_seconds: f64,
    idle_seconds: f64,
    iowait_seconds: f64,
    irq_seconds: f64,
    softirq_seconds: f64,
    steal_seconds: f64,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the wire contract has these names")]
struct Memory {
    total_mb: u64,
    free_mb: u64,
    cached_mb: u64,
    used_mb: u64,
    available_mb: u64,
}

#[derive(Serialize)]
struct Disk {
    device: String,
    read_ops: u64,
    write_ops: u64,
    read_sectors: u64,
    write_sectors: u64,
}

#[derive(Serialize)]
struct Network {
    interface: String,
    received_bytes: u64,
    sent_bytes: u64,
}

impl Sysstat {
    /// Takes the first sample at once, so that the first document needs to wait for a moment only.
    pub(crate) fn new() -> Self {
        Self { last: CpuSample::take().ok().map(|sample| (sample, Instant::now())) }
    }

    pub(crate) async fn document(&mut self, now: Timestamp) -> Result<Box<RawValue>, String> {
        let cpu =
            self.cpu().await.map_err(|error| format!("cannot read the processor's counters: {error}"))?;
        let processors =
            processors().map_err(|error| format!("cannot read the processors' counters: {error}"))?;
        let memory = memory().map_err(|error| format!("cannot read /proc/meminfo: {error}"))?;
        let disk_io = disks().map_err(|error| format!("cannot read /proc/diskstats: {error}"))?;
        let interfaces = host::interfaces().map_err(|error| format!("cannot read /proc/net/dev: {error}"))?;
        let network = interfaces.into_iter().map(|interface| Network {
            interface: interface.name,
            received_bytes: interface.received_bytes,
            sent_bytes: interface.sent_bytes,
        });
        let network = network.collect();
        let document =
            Document { r#type: "sysstat", timestamp: now, cpu, processors, memory, disk_io, network };
        to_document(&document).map_err(|error| error.to_string())
    }

    async fn cpu(&mut self) -> procfs::ProcResult<Cpu> {
        let (earlier, taken_at) = match self.last.take() {
            Some(last) => last,
            None => (CpuSample::take()?, Instant::now()),
        };
        sleep_until(taken_at + CPU_SAMPLE_GAP).await;
        let mut sample = CpuSample::take()?;
        let shares = loop {
            if let Some(shares) = sample.since(&earlier) {
                break shares;
            }
            // a machine whose counters stand still for that long has just woken up
            sleep_until(Instant::now() + CPU_SAMPLE_GAP).await;
            sample = CpuSample::take()?;
        };
        self.last = Some((sample, Instant::now()));
        let load = LoadAverage::current()?;
        Ok(Cpu {
            user: shares.user,
            system: shares.system,
            idle: shares.idle,
            iowait: shares.iowait,
            steal: shares.steal,
            load_1m: load.one,
            load_5m: load.five,
            load_15m: load.fifteen,
        })
    }
}

/// Each by its number; those of a very large machine only as far as the bound.
fn processors() -> procfs::ProcResult<Vec<Processor>> {
    let seconds = |milliseconds: Option<u64>| host::as_f64(milliseconds.unwrap_or(0)) / 1000.0;
    let counters = KernelStats::current()?.cpu_time.into_iter().take(PROCESSORS).enumerate();
    let processor = |(number, counters): (usize, CpuTime)| Processor {
        cpu: number.to_string(),
        user_seconds: seconds(Some(counters.user_ms())),
        nice_seconds: seconds(Some(counters.nice_ms())),
        system_seconds: seconds(Some(counters.system_ms())),
        idle_seconds: seconds(Some(counters.idle_ms())),
        iowait_seconds: seconds(counters.iowait_ms()),
        irq_seconds: seconds(counters.irq_ms()),
        softirq_seconds: seconds(counters.softirq_ms()),
        steal_seconds: seconds(counters.steal_ms()),
    };
    Ok(counters.map(processor).collect())
}

fn memory() -> procfs::ProcResult<Memory> {
    let memory = Meminfo::current()?;
    let cached = memory.cached + memory.buffers + memory.s_reclaimable.unwrap_or(0);
    Ok(Memory {
        total_mb: memory.mem_total / MIB,
        free_mb: memory.mem_free / MIB,
        cached_mb: cached / MIB,
        used_mb: memory.mem_total.saturating_sub(memory.mem_free + cached) / MIB,
        available_mb: memory.mem_available.unwrap_or(memory.mem_free) / MIB,
    })
}

/// Whole disks that have ever been used; partitions would count the same traffic twice.
fn disks() -> procfs::ProcResult<Vec<Disk>> {
    let is_disk = |name: &str| {
        let is_virtual = ["loop", "ram", "zram", "fd", "sr"].iter().any(|prefix| name.starts_with(prefix));
        !is_virtual && Path::new("/sys/block").join(name.replace('/', "!")).exists()
    };
    let disks = procfs::diskstats()?
        .into_iter()
        .filter(|disk| is_disk(&disk.name) && disk.reads + disk.writes > 0)
        .map(|disk| Disk {
            device: disk.name,
            read_ops: disk.reads,
            write_ops: disk.writes,
            read_sectors: disk.sectors_read,
            write_sectors: disk.sectors_written,
        });
    Ok(disks.collect())
}
