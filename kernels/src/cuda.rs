//! NVIDIA GPUs through cudarc, which loads the driver at run time. A machine without one is no error until a GPU is asked for.

use crate::device::Error;
use crate::ptx;
use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, DeviceRepr, DriverError, LaunchConfig, PushKernelArg, sys,
};
use cudarc::nvrtc::Ptx;
use plasma_kernels_device::Kernel;
use plasma_kernels_device::tile::GpuShapes;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A GPU with the kernels loaded, and one stream on it.
#[derive(Clone)]
pub struct Cuda {
    number: usize,
    stream: Arc<CudaStream>,
    module: Arc<CudaModule>,
    functions: Arc<Mutex<HashMap<&'static str, CudaFunction>>>,
}

/// What a GPU is.
#[derive(Clone, Debug)]
pub struct Description {
    /// As the driver names it.
    pub name: String,
    /// Compute capability, ten times the major plus the minor number.
    pub capability: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Streaming multiprocessors.
    pub processors: u32,
    /// Clock of the processors in kHz.
    pub clock_khz: u32,
    /// The greatest version of CUDA that the driver knows, 1000 times the major plus 10 times the minor number.
    pub driver: u32,
}

/// A kernel's arguments as they are.
#[repr(transparent)]
struct Arguments<K>(K);

// Safety: kernels are plain data of fixed layout.
unsafe impl<K: Kernel> DeviceRepr for Arguments<K> {}

fn failed(what: &'static str) -> impl FnOnce(DriverError) -> Error {
    move |error| Error::Driver { what, error: error.to_string() }
}

impl Cuda {
    /// Whether there is a driver to ask for GPUs.
    pub fn has_driver() -> bool {
        unsafe { sys::is_culib_present() }
    }

    /// How many GPUs there are; none without a driver.
    pub fn count() -> usize {
        // Asked first, since cudarc panics without the library.
        if !Self::has_driver() {
            return 0;
        }
        CudaContext::device_count().ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
    }

    /// Opens a GPU and loads the kernels.
    pub(crate) fn open(number: usize) -> Result<Self, Error> {
        if !Self::has_driver() {
            return Err(Error::NoDriver);
        }
        let present = Self::count();
        if number >= present {
            return Err(Error::NoGpu { wanted: number, present });
        }
        let context = CudaContext::new(number).map_err(failed("open the GPU"))?;
        let (major, minor) = context.compute_capability().map_err(failed("read the GPU's capability"))?;
        let capability = u32::try_from(10 * major + minor).unwrap_or(0);
        let name = context.name().map_err(failed("read the GPU's name"))?;
        let ptx = ptx::for_capability(capability).ok_or(Error::TooOld { name, capability })?;
        let module = context.load_module(Ptx::from_src(ptx.text)).map_err(failed("compile the kernels"))?;
        let stream = context.new_stream().map_err(failed("open a stream"))?;
        Ok(Self { number, stream, module, functions: Arc::default() })
    }

    /// Which GPU.
    pub fn number(&self) -> usize {
        self.number
    }

    /// What it is.
    ///
    /// # Errors
    /// If the driver does not say.
    pub fn describe(&self) -> Result<Description, Error> {
        use sys::CUdevice_attribute as Attribute;
        let context = self.stream.context();
        let read = || -> Result<Description, DriverError> {
            let number = |attribute| context.attribute(attribute).map(|value| u32::try_from(value).unwrap_or(0));
            let mut driver = 0;
            unsafe { sys::cuDriverGetVersion(&mut driver) }.result()?;
            Ok(Description {
                name: context.name()?,
                capability: 10 * number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?
                    + number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
                memory: context.total_mem()? as u64,
                processors: number(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
                clock_khz: number(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)?,
                driver: u32::try_from(driver).unwrap_or(0),
            })
        };
        read().map_err(failed("describe the GPU"))
    }

    /// Zeros; none where memory is short.
    pub(crate) fn alloc(&self, bytes: usize) -> Result<Option<CudaSlice<u8>>, Error> {
        match self.stream.alloc_zeros(bytes) {
            Ok(slice) => Ok(Some(slice)),
            Err(DriverError(sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => Ok(None),
            Err(error) => Err(failed("take memory")(error)),
        }
    }

    /// Whether memory was taken on this opening of the GPU: on its stream all happens in order, and on no other.
    pub(crate) fn owns(&self, slice: &CudaSlice<u8>) -> bool {
        Arc::ptr_eq(slice.stream(), &self.stream)
    }

    pub(crate) fn upload(&self, from: &[u8], to: &mut CudaSlice<u8>) -> Result<(), Error> {
        if from.is_empty() {
            return Ok(());
        }
        self.stream.memcpy_htod(from, &mut to.slice_mut(..from.len())).map_err(failed("copy to the GPU"))
    }

    pub(crate) fn read(&self, from: &CudaSlice<u8>, to: &mut [u8]) -> Result<(), Error> {
        if !to.is_empty() {
            self.stream.memcpy_dtoh(&from.slice(..to.len()), to).map_err(failed("copy from the GPU"))?;
        }
        self.wait()
    }

    pub(crate) fn wait(&self) -> Result<(), Error> {
        self.stream.synchronize().map_err(failed("wait for the GPU"))
    }

    fn function(&self, name: &'static str) -> Result<CudaFunction, Error> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = functions.get(name) {
            return Ok(function.clone());
        }
        let function = self.module.load_function(name).map_err(failed("find a kernel"))?;
        functions.insert(name, function.clone());
        Ok(function)
    }

    /// Enqueues a kernel.
    ///
    /// # Safety
    /// As [`Kernel::run`].
    pub(crate) unsafe fn launch<K: Kernel>(&self, kernel: &K) -> Result<(), Error> {
        let shape = kernel.shape::<GpuShapes>();
        let [x, y, z] = shape.grid;
        if x == 0 || y == 0 || z == 0 {
            return Ok(());
        }
        let function = self.function(K::NAME)?;
        let arguments = Arguments(*kernel);
        let config = LaunchConfig { grid_dim: (x, y, z), block_dim: (shape.lanes, 1, 1), shared_mem_bytes: shape.shared };
        let mut launch = self.stream.launch_builder(&function);
        launch.arg(&arguments);
        unsafe { launch.launch(config) }.map(drop).map_err(failed("start a kernel"))
    }
}

impl fmt::Debug for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Cuda({})", self.number)
    }
}
