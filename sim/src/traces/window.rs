//! Windows: small requests aggregate into leases, as a host that serves many of them would.
//!
//! A request of at most [`SMALL`] on one reference GPU waits in a window that the first such request opens; the window closes
//! [`WINDOW`] later and becomes one lease, whose sizes are the sums of its requests'. Requests on different numbers of GPUs have
//! windows of their own. Only programs whose cost is linear in their sizes join requests: for others the work of a sum is not the
//! sum of the work.

use super::columns::MOST;
use super::{Job, Request};
use crate::scenario::model::{Class, Program};
use plasma_core::catalogue::MAX_SIZES;
use plasma_core::time::{HOUR, MINUTE, Span};

/// Longest time that a request waits for others.
pub const WINDOW: Span = 5 * MINUTE;
/// Work of a request above which it is a lease of its own.
pub const SMALL: Span = 10 * MINUTE;

/// Requests that wait for their window to close.
#[derive(Clone, Copy)]
struct Open {
    closes: i64,
    sizes: [f64; MAX_SIZES],
}

/// The leases that requests, in order of time, make. Times count from `first`.
pub(super) fn join(requests: &[Request], first: i64, program: &Program, reference: &Class) -> Vec<Job> {
    let linear = program.cost.iter().all(|term| term.exponents.iter().map(|&e| u32::from(e)).sum::<u32>() == 1);
    let mut open: [Option<Open>; 8] = [None; 8];
    let mut jobs = Vec::new();
    for request in requests {
        for (gpus_log2, window) in open.iter_mut().enumerate() {
            if let Some(closed) = window.take_if(|window| window.closes <= request.at) {
                jobs.push(job(closed.closes - first, &closed.sizes, gpus_log2 as u8));
            }
        }
        let work_ms =
            program.gpu_hours(reference, &request.sizes[..program.sizes.len().min(MAX_SIZES)]).unwrap_or(0.0) * HOUR as f64;
        if !linear || work_ms > SMALL as f64 {
            jobs.push(job(request.at - first, &request.sizes, request.gpus_log2));
            continue;
        }
        let closes = request.at + WINDOW as i64;
        let window = &mut open[usize::from(request.gpus_log2)];
        let full = |window: &mut Open| window.sizes.iter().zip(&request.sizes).any(|(sum, size)| sum + size > MOST);
        if let Some(closed) = window.take_if(full) {
            jobs.push(job(closed.closes - first, &closed.sizes, request.gpus_log2));
        }
        let window = window.get_or_insert(Open { closes, sizes: [0.0; MAX_SIZES] });
        window.sizes.iter_mut().zip(&request.sizes).for_each(|(sum, size)| *sum += size);
    }
    for (gpus_log2, window) in open.iter().enumerate() {
        jobs.extend(window.map(|window| job(window.closes - first, &window.sizes, gpus_log2 as u8)));
    }
    jobs.sort_by_key(|job| job.at);
    jobs
}

/// Sizes are whole numbers of at least 1.
fn job(at: i64, sizes: &[f64; MAX_SIZES], gpus_log2: u8) -> Job {
    let whole = |size: &f64| if *size > 0.0 { libm::ceil(*size).max(1.0) as u32 } else { 0 };
    let mut declared = [0; MAX_SIZES];
    declared.iter_mut().zip(sizes).for_each(|(to, from)| *to = whole(from));
    Job { at: at.max(0) as Span, sizes: declared, gpus_log2 }
}
