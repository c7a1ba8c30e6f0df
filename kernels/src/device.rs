//! Devices and their memory.

use crate::{Cpu, Cuda};
use cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut};
use plasma_kernels_device::attention::Span;
use plasma_kernels_device::challenge::Cell;
use plasma_kernels_device::tile::GpuShapes;
use plasma_kernels_device::{Kernel, Shape};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Where kernels run. What is enqueued on a device happens in order; reading a buffer waits for it.
#[derive(Clone, Debug)]
pub enum Device {
    /// The host.
    Cpu(Cpu),
    /// A GPU.
    Cuda(Cuda),
    /// Something that executes the PTX in the host's memory, as the interpreter of the tests does.
    Emulated(Arc<dyn Emulator>),
}

/// Executes PTX in the host's memory.
pub trait Emulator: fmt::Debug + Send + Sync {
    /// Learns that so many bytes from an address on may be used.
    fn allocated(&self, address: u64, bytes: u64);
    /// Executes an entry of the PTX on the bytes of its one argument.
    ///
    /// # Safety
    /// The argument is that of a launch for which [`Kernel::run`]'s conditions hold.
    unsafe fn execute(&self, entry: &str, argument: &[u8], shape: Shape);
}

/// Why something was not done, and what helps.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no driver.
    #[error("no NVIDIA driver was found (libcuda.so); install one, or use the device `cpu`")]
    NoDriver,
    /// There is no such GPU.
    #[error("there is no GPU {wanted}: this machine has {present}; `plasma gpu info` lists them")]
    NoGpu {
        /// Its number.
        wanted: usize,
        /// How many there are.
        present: usize,
    },
    /// The GPU is older than every committed PTX.
    #[error("{name} has compute capability {}.{}; the kernels need 8.0 or later: use the device `cpu`", .capability / 10, .capability % 10)]
    TooOld {
        /// The GPU.
        name: String,
        /// Its capability.
        capability: u32,
    },
    /// The processor lacks vectors that were asked for.
    #[error("this processor has no {0}; leave the choice to Plasma")]
    NoIsa(&'static str),
    /// A name of a device that nobody knows.
    #[error("`{0}` is no device; write `cpu`, `cuda` or `cuda:N`")]
    NoSuchDevice(String),
    /// Memory is short.
    #[error("{bytes} bytes do not fit into the memory of {device}; use smaller sizes or another device")]
    Memory {
        /// Bytes wanted.
        bytes: u64,
        /// Where.
        device: String,
    },
    /// A buffer has the wrong length for the sizes given.
    #[error("{what} holds {found} elements where the sizes call for {wanted}")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// Its elements.
        found: usize,
        /// What the sizes call for.
        wanted: u128,
    },
    /// Sizes out of range.
    #[error("{what} is {found}, which is more than {most}; {help}")]
    TooLarge {
        /// Which size.
        what: &'static str,
        /// Its value.
        found: u64,
        /// The most there may be.
        most: u64,
        /// What to do.
        help: &'static str,
    },
    /// Sizes that contradict each other.
    #[error("{0}")]
    Shape(String),
    /// A buffer of another device.
    #[error("{0} belongs to another device, or to another opening of this one; copy it with `read` and `upload`")]
    Elsewhere(&'static str),
    /// The driver refused.
    #[error("the CUDA driver failed while it tried to {what}: {error}; `nvidia-smi` shows the GPU's state")]
    Driver {
        /// What was tried.
        what: &'static str,
        /// What it said.
        error: String,
    },
}

mod sealed {
    pub trait Sealed {}
}

/// What a buffer can hold: plain data for which every pattern of bits is a value.
pub trait Plain: Copy + Send + Sync + Default + PartialEq + fmt::Debug + sealed::Sealed + 'static {}

macro_rules! plain {
    ($($type:ty),*) => {$(impl sealed::Sealed for $type {} impl Plain for $type {})*};
}
plain!(f32, i8, i32, u32, Cell, Span);

enum Memory {
    /// Words, so that every element is aligned.
    Cpu(Vec<u64>),
    Cuda(CudaSlice<u8>),
}

/// Elements in the memory of a device.
pub struct Buffer<T> {
    memory: Memory,
    len: usize,
    element: PhantomData<T>,
}

impl<T: Plain> Buffer<T> {
    /// Elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Demands a length.
    pub(crate) fn holds(&self, what: &'static str, wanted: u128) -> Result<(), Error> {
        if self.len as u128 == wanted { Ok(()) } else { Err(Error::Length { what, found: self.len, wanted }) }
    }

    fn address(&self) -> u64 {
        match &self.memory {
            Memory::Cpu(words) => words.as_ptr() as u64,
            Memory::Cuda(slice) => slice.device_ptr(slice.stream()).0,
        }
    }
}

/// Bytes of plain elements.
fn bytes<T: Plain>(elements: &[T]) -> &[u8] {
    // Safety: plain elements have no padding.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

impl Device {
    /// The device of a name: `cpu`, `cuda`, `cuda:N`.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(name: &str) -> Result<Self, Error> {
        match Self::gpu_named(name)? {
            None => Ok(Self::Cpu(Cpu::new())),
            Some(number) => Cuda::open(number).map(Self::Cuda),
        }
    }

    /// The number of the GPU that a name means, whether it is there or not; none for the CPU.
    ///
    /// # Errors
    /// If no device could have that name.
    pub fn gpu_named(name: &str) -> Result<Option<usize>, Error> {
        let digits = match name {
            "cpu" => return Ok(None),
            "cuda" => "0",
            _ => name.strip_prefix("cuda:").unwrap_or_default(),
        };
        let number = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        number.map(Some).ok_or_else(|| Error::NoSuchDevice(name.into()))
    }

    /// Its name, as [`open`](Self::open) takes it.
    pub fn name(&self) -> String {
        match self {
            Self::Cpu(_) => "cpu".into(),
            Self::Cuda(cuda) => format!("cuda:{}", cuda.number()),
            Self::Emulated(_) => "emulated".into(),
        }
    }

    /// Memory for `len` elements, all bits zero.
    ///
    /// # Errors
    /// If there is not enough.
    pub fn alloc<T: Plain>(&self, len: usize) -> Result<Buffer<T>, Error> {
        let size = (len as u64).saturating_mul(size_of::<T>() as u64);
        let short = || Error::Memory { bytes: size, device: self.name() };
        let memory = match self {
            Self::Cpu(_) | Self::Emulated(_) => {
                let mut words = Vec::new();
                let count = usize::try_from(size.div_ceil(8)).map_err(|_| short())?;
                words.try_reserve_exact(count).map_err(|_| short())?;
                words.resize(count, 0u64);
                if let Self::Emulated(emulator) = self {
                    emulator.allocated(words.as_ptr() as u64, 8 * count as u64);
                }
                Memory::Cpu(words)
            }
            // An empty allocation has no address.
            Self::Cuda(cuda) => {
                let whole = size.checked_next_multiple_of(8).and_then(|size| usize::try_from(size.max(8)).ok());
                Memory::Cuda(cuda.alloc(whole.ok_or_else(short)?)?.ok_or_else(short)?)
            }
        };
        Ok(Buffer { memory, len, element: PhantomData })
    }

    /// Elements brought to the device.
    ///
    /// # Errors
    /// If there is not enough memory, or the driver fails.
    pub fn upload<T: Plain>(&self, elements: &[T]) -> Result<Buffer<T>, Error> {
        let mut buffer = self.alloc(elements.len())?;
        match (&mut buffer.memory, self) {
            (Memory::Cpu(words), _) => {
                // Safety: `alloc` made room for the bytes of all elements.
                unsafe {
                    let to = words.as_mut_ptr().cast::<u8>();
                    to.copy_from_nonoverlapping(bytes(elements).as_ptr(), size_of_val(elements));
                }
            }
            (Memory::Cuda(slice), Self::Cuda(cuda)) => cuda.upload(bytes(elements), slice)?,
            (Memory::Cuda(_), _) => unreachable!("alloc gives memory of its own device"),
        }
        Ok(buffer)
    }

    /// A buffer's elements, when all that was enqueued before is done.
    ///
    /// # Errors
    /// If the buffer is another device's, or the driver fails.
    pub fn read<T: Plain>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, Error> {
        self.owns("the buffer", buffer)?;
        let mut elements = vec![T::default(); buffer.len];
        let size = size_of_val(elements.as_slice());
        // Safety: plain elements take any bytes, and `size` is all of theirs.
        let to = unsafe { std::slice::from_raw_parts_mut(elements.as_mut_ptr().cast::<u8>(), size) };
        match (&buffer.memory, self) {
            (Memory::Cpu(words), Self::Cpu(_) | Self::Emulated(_)) => {
                // Safety: `alloc` made room for the bytes of all elements.
                to.copy_from_slice(unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size) });
            }
            (Memory::Cuda(slice), Self::Cuda(cuda)) => cuda.read(slice, to)?,
            _ => unreachable!("owned by this device"),
        }
        Ok(elements)
    }

    /// Where a kernel reads this buffer.
    pub(crate) fn pointer<T: Plain>(&self, what: &'static str, buffer: &Buffer<T>) -> Result<*const T, Error> {
        self.owns(what, buffer)?;
        Ok(buffer.address() as *const T)
    }

    /// Where a kernel writes this buffer.
    pub(crate) fn pointer_mut<T: Plain>(&self, what: &'static str, buffer: &mut Buffer<T>) -> Result<*mut T, Error> {
        self.owns(what, buffer)?;
        Ok(match &mut buffer.memory {
            Memory::Cpu(words) => words.as_mut_ptr().cast(),
            Memory::Cuda(slice) => {
                let stream = slice.stream().clone();
                slice.device_ptr_mut(&stream).0 as *mut T
            }
        })
    }

    fn owns<T: Plain>(&self, what: &'static str, buffer: &Buffer<T>) -> Result<(), Error> {
        let ours = match (&buffer.memory, self) {
            (Memory::Cpu(_), Self::Cpu(_) | Self::Emulated(_)) => true,
            (Memory::Cuda(slice), Self::Cuda(cuda)) => cuda.owns(slice),
            _ => false,
        };
        if ours { Ok(()) } else { Err(Error::Elsewhere(what)) }
    }

    /// Enqueues a kernel.
    ///
    /// # Safety
    /// As [`Kernel::run`]: the operations in `ops` see to it.
    pub(crate) unsafe fn launch<K: Kernel>(&self, kernel: &K) -> Result<(), Error> {
        // CUDA's bound, and every device's, so that what runs on one runs on all.
        let (blocks, most) = (u64::from(kernel.shape::<GpuShapes>().grid[0]), (1 << 31) - 1);
        if blocks > most {
            return Err(Error::TooLarge { what: "the number of blocks", found: blocks, most, help: "cut the work into parts" });
        }
        match self {
            Self::Cpu(cpu) => {
                unsafe { cpu.launch(kernel) };
                Ok(())
            }
            Self::Cuda(cuda) => unsafe { cuda.launch(kernel) },
            Self::Emulated(emulator) => {
                // Safety: a kernel is plain data.
                let argument = unsafe { std::slice::from_raw_parts((&raw const *kernel).cast(), size_of::<K>()) };
                unsafe { emulator.execute(K::NAME, argument, kernel.shape::<GpuShapes>()) };
                Ok(())
            }
        }
    }

    /// Waits for all that was enqueued.
    ///
    /// # Errors
    /// If the driver fails.
    pub fn wait(&self) -> Result<(), Error> {
        match self {
            Self::Cpu(_) | Self::Emulated(_) => Ok(()),
            Self::Cuda(cuda) => cuda.wait(),
        }
    }
}
