//! An interpreter of the PTX that rustc makes of the kernels, so that what a GPU would execute is executed by the tests.
//!
//! Every thread has its own registers and runs until it meets a barrier, a tensor core instruction or its end. Semantics are
//! those of the PTX ISA; addresses are the host's, and every access must lie in memory that was allocated. Blocks, and threads
//! between two barriers, run in either order: where one comes to other bits, something is read that another thread may yet write.

mod execute;
mod parse;

use parse::Program;
use plasma_kernels::device::Emulator;
use plasma_kernels::kernel::Shape;
use plasma_kernels::ptx::Ptx;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// A GPU made of nothing but its specification.
pub struct Interpreter {
    programs: BTreeMap<String, Program>,
    regions: Mutex<BTreeMap<u64, u64>>,
    counts: Mutex<BTreeMap<String, u64>>,
    backwards: bool,
}

impl Interpreter {
    pub fn new(ptx: Ptx) -> Self {
        Self { programs: parse::programs(ptx.text), regions: Mutex::default(), counts: Mutex::default(), backwards: false }
    }

    /// The last block first, and the last thread first between barriers.
    pub fn backwards(self) -> Self {
        Self { backwards: true, ..self }
    }

    /// How often an instruction was executed, and forgets it.
    pub fn executed(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.counts.lock().unwrap())
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Interpreter({} entries)", self.programs.len())
    }
}

/// Notes a region; what was known of it before has been given back.
fn allocate(regions: &mut BTreeMap<u64, u64>, address: u64, bytes: u64) {
    regions.retain(|&base, size| base + *size <= address || base >= address + bytes);
    regions.insert(address, bytes);
}

impl Emulator for Interpreter {
    fn allocated(&self, address: u64, bytes: u64) {
        allocate(&mut self.regions.lock().unwrap(), address, bytes);
    }

    unsafe fn execute(&self, entry: &str, argument: &[u8], shape: Shape) {
        let program = &self.programs[entry];
        let mut regions = self.regions.lock().unwrap().clone();
        let mut counts = vec![0; program.code.len()];
        let [across, down, deep] = shape.grid.map(u64::from);
        let blocks = across * down * deep;
        for i in 0..blocks {
            let i = if self.backwards { blocks - 1 - i } else { i };
            let at = [i % across, i / across % down, i / across / down].map(|n| n as u32);
            // Stale words, so that nothing is taken for zero that was not written.
            let shared = vec![0xdead_beef_dead_beef_u64; shape.shared.div_ceil(8) as usize + 1];
            let base = shared.as_ptr() as u64;
            allocate(&mut regions, base, u64::from(shape.shared));
            execute::block(program, argument, shape, (at, self.backwards), base, &regions, &mut counts);
            regions.remove(&base);
        }
        let mut total = self.counts.lock().unwrap();
        for (instruction, count) in program.code.iter().zip(counts) {
            *total.entry(instruction.name.clone()).or_default() += count;
        }
    }
}
