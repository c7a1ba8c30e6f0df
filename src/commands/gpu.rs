//! `plasma gpu`: the compute devices of this machine.

use crate::Outcome;
use crate::cli;
use crate::console::{bar, say};
use miette::IntoDiagnostic;
use plasma_kernels::measure::{Line, measure};
use plasma_kernels::suite::{self, Extent};
use plasma_kernels::{Cpu, Cuda, Device, check};
use serde_json::{Value, json};

/// Runs a subcommand.
pub fn gpu(command: &cli::Gpu) -> miette::Result<Outcome> {
    match command {
        cli::Gpu::Info(args) => info(args),
        cli::Gpu::Check(args) => compare(args),
        cli::Gpu::Bench(args) => bench(args),
    }
}

/// The device that was asked for, or else the best there is.
fn device(args: &cli::GpuRun) -> miette::Result<Device> {
    let best = if Cuda::count() > 0 { "cuda:0" } else { "cpu" };
    Device::open(args.device.as_deref().unwrap_or(best)).into_diagnostic()
}

fn info(args: &cli::GpuInfo) -> miette::Result<Outcome> {
    let cpu = Cpu::new();
    let mut devices = vec![json!({ "device": "cpu", "threads": cpu.threads(), "vectors": cpu.isa().name() })];
    for number in 0..Cuda::count() {
        let name = format!("cuda:{number}");
        let described = Device::open(&name).and_then(|device| match device {
            Device::Cuda(cuda) => cuda.describe().map(Some),
            _ => Ok(None),
        });
        devices.push(match described {
            Ok(Some(gpu)) => {
                json!({ "device": name, "name": gpu.name, "capability": format!("{}.{}", gpu.capability / 10, gpu.capability % 10),
                    "memory_bytes": gpu.memory, "processors": gpu.processors, "clock_khz": gpu.clock_khz,
                    "driver": format!("{}.{}", gpu.driver / 1000, gpu.driver % 1000 / 10) })
            }
            Ok(None) => json!({ "device": name }),
            Err(error) => json!({ "device": name, "unusable": error.to_string() }),
        });
    }
    if args.json {
        say!("{}", json!({ "devices": devices }));
        return Ok(Outcome::Done);
    }
    for device in &devices {
        let fields = device.as_object().into_iter().flatten().filter(|(key, _)| *key != "device");
        let fields: Vec<String> = fields.map(|(key, value)| field(key, value)).collect();
        say!("{:<8} {}", plain(&device["device"]), fields.join(", "));
    }
    if devices.len() == 1 {
        let why = if Cuda::has_driver() { "The NVIDIA driver names no GPU" } else { "No NVIDIA driver was found (libcuda.so)" };
        say!("{why}. Kernels run on the CPU, with the same results.");
    }
    Ok(Outcome::Done)
}

/// A field with its value in the units in which people think.
fn field(key: &str, value: &Value) -> String {
    match (key, value.as_u64()) {
        ("memory_bytes", Some(bytes)) => format!("memory {:.1} GiB", bytes as f64 / f64::from(1 << 30)),
        ("clock_khz", Some(clock)) => format!("clock {} MHz", clock / 1000),
        _ => format!("{key} {}", plain(value)),
    }
}

/// A value without the quotes of a string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compare(args: &cli::GpuRun) -> miette::Result<Outcome> {
    let (device, reference) = (device(args)?, suite::reference());
    let cases = suite::cases(if args.quick { Extent::Small } else { Extent::Full });
    let progress = bar(cases.len() as u64, "checking {wide_bar} {pos} of {len}");
    let mut differences = Vec::new();
    for case in &cases {
        let (found, right) = (case.run(&device).into_diagnostic()?, case.run(&reference).into_diagnostic()?);
        if let Some(byte) = check::first_difference(&found, &right) {
            differences.push(json!({ "kernel": case.kernel, "sizes": case.sizes, "byte": byte }));
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    if args.json {
        say!("{}", json!({ "device": device.name(), "cases": cases.len(), "differences": differences }));
    } else if differences.is_empty() {
        say!("{}: {} cases, every bit as the CPU's reference has it.", device.name(), cases.len());
    } else {
        for difference in &differences {
            let [kernel, sizes, byte] = ["kernel", "sizes", "byte"].map(|key| plain(&difference[key]));
            say!("DIFFERS: {kernel} {sizes}, first at byte {byte}");
        }
    }
    Ok(if differences.is_empty() { Outcome::Done } else { Outcome::Differs })
}

fn bench(args: &cli::GpuBench) -> miette::Result<Outcome> {
    let device = device(&args.run)?;
    let runs = args.runs.into();
    if args.run.json {
        let mut lines = Vec::new();
        let mut show = |line: Line| {
            lines.push(json!({ "kernel": line.kernel, "sizes": line.sizes, "unit": line.bound.unit(), "amount": line.amount,
                "seconds": line.time.as_secs_f64(), "per_second": line.rate(), "share_of_ceiling": line.share }));
        };
        measure(&device, runs, args.run.quick, &mut show).into_diagnostic()?;
        say!("{}", json!({ "device": device.name(), "lines": lines }));
        return Ok(Outcome::Done);
    }
    say!("{:<22} {:>20} {:>12} {:>16} {:>9}", "kernel", "sizes", "time", "rate", "share");
    let mut show = |line: Line| {
        let rate = format!("{:.2} G{}/s", line.rate() / 1e9, line.bound.unit());
        let time = format!("{:.3} ms", line.time.as_secs_f64() * 1e3);
        say!("{:<22} {:>20} {time:>12} {rate:>16} {:>8.1}%", line.kernel, line.sizes, line.share * 100.0);
    };
    measure(&device, runs, args.run.quick, &mut show).into_diagnostic()?;
    say!(
        "Shares are of the ceilings in the first lines: of the triad's memory bandwidth, or of the tile's arithmetic. What fits into"
    );
    say!("caches passes 100 %: compare shares of memory bandwidth at full sizes only, on a machine that does nothing else.");
    Ok(Outcome::Done)
}
