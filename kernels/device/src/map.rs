//! Elementwise kernels: `y[i] = f(x[i])` and `z[i] = f(x[i], y[i])`. Nothing is reduced, so that no order matters.

use crate::tile::Shapes;
use crate::{Block, CHUNK, Kernel, NAN, Shape, canonical, chunk, math};

macro_rules! functions {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $name { $($(#[$variant_doc])* $variant = $number),* }
        impl $name {
            /// All of them, with their names.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $text)),*];
        }
    };
}

functions! {
    /// A function of one number.
    Unary {
        /// max(x, 0).
        Relu = 0 "relu",
        /// [`math::gelu`].
        Gelu = 1 "gelu",
        /// [`math::silu`].
        Silu = 2 "silu",
        /// [`math::exp`].
        Exp = 3 "exp",
        /// [`math::log`].
        Log = 4 "log",
        /// [`math::tanh`].
        Tanh = 5 "tanh",
        /// [`math::sigmoid`].
        Sigmoid = 6 "sigmoid",
        /// The square root.
        Sqrt = 7 "sqrt",
        /// x, in the one pattern of NaN.
        Identity = 8 "identity",
        /// [`math::gelu_erf`].
        GeluErf = 9 "gelu_erf",
    }
}

functions! {
    /// A function of two numbers.
    Binary {
        /// x + y.
        Add = 0 "add",
        /// x − y.
        Sub = 1 "sub",
        /// x · y.
        Mul = 2 "mul",
        /// x / y.
        Div = 3 "div",
        /// [`math::max`].
        Max = 4 "max",
        /// [`math::silu`] of x, times y: the gate of SwiGLU (Shazeer 2020, arXiv:2002.05202).
        Swiglu = 5 "swiglu",
    }
}

/// Does `$body` with `$f` as the function that `$function` names, so that it is chosen once and not for every element.
macro_rules! with_function {
    ($function:expr, $machine:ty, $f:ident => $body:expr) => {
        with_function!(@ $function, $f, $body;
            Relu |x: f32| math::max(x, 0.0),
            Gelu math::gelu::<$machine>,
            Silu math::silu::<$machine>,
            Exp math::exp::<$machine>,
            Log math::log::<$machine>,
            Tanh math::tanh::<$machine>,
            Sigmoid math::sigmoid::<$machine>,
            Sqrt <$machine>::sqrt,
            Identity |x: f32| x,
            GeluErf math::gelu_erf::<$machine>,
        )
    };
    (@ $function:expr, $f:ident, $body:expr; $($name:ident $value:expr,)*) => {
        match $function {
            $(Unary::$name => {
                let $f = $value;
                $body
            })*
        }
    };
}
pub(crate) use with_function;

/// The same with the slope of the function.
macro_rules! with_slope {
    ($function:expr, $machine:ty, $f:ident => $body:expr) => {
        $crate::map::with_function!(@ $function, $f, $body;
            Relu math::relu_slope,
            Gelu math::gelu_slope::<$machine>,
            Silu math::silu_slope::<$machine>,
            Exp math::exp::<$machine>,
            Log |x: f32| 1.0 / x,
            Tanh |x: f32| { let y = math::tanh::<$machine>(x); 1.0 - y * y },
            Sigmoid |x: f32| { let y = math::sigmoid::<$machine>(x); y * (1.0 - y) },
            Sqrt |x: f32| 0.5 / <$machine>::sqrt(x),
            Identity |_: f32| 1.0,
            GeluErf math::gelu_erf_slope::<$machine>,
        )
    };
}
pub(crate) use with_slope;

/// `y[i] = f(x[i])`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Map {
    /// `n` numbers.
    pub x: *const f32,
    /// `n` numbers.
    pub y: *mut f32,
    /// Elements.
    pub n: u64,
    /// f.
    pub function: Unary,
}

/// `z[i] = f(x[i], y[i])`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Zip {
    /// `n` numbers.
    pub x: *const f32,
    /// `n` numbers.
    pub y: *const f32,
    /// `n` numbers.
    pub z: *mut f32,
    /// Elements.
    pub n: u64,
    /// f.
    pub function: Binary,
}

/// Backwards through [`Zip`], `dx[i]` and `dy[i]` from `dz[i]`:
///
/// | f | dx | dy |
/// |---|---|---|
/// | x + y | dz | dz |
/// | x − y | dz | −dz |
/// | x · y | dz·y | dz·x |
/// | x / y | dz / y | −((dz / y)·(x / y)) |
/// | the greater | dz if x > y, dz / 2 if x = y, +0 if x < y | dz if y > x, dz / 2 if x = y, +0 if y < x |
/// | silu(x)·y | (dz·y)·silu'(x) | dz·silu(x) |
///
/// Where one of two is NaN, both gradients of the greater are.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ZipBackward {
    /// `n` numbers.
    pub x: *const f32,
    /// `n` numbers.
    pub y: *const f32,
    /// `n` numbers.
    pub dz: *const f32,
    /// `n` numbers.
    pub dx: *mut f32,
    /// `n` numbers.
    pub dy: *mut f32,
    /// Elements.
    pub n: u64,
    /// f.
    pub function: Binary,
}

/// `z[i] = fma(a, x[i], y[i])`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Axpy {
    /// `n` numbers.
    pub x: *const f32,
    /// `n` numbers.
    pub y: *const f32,
    /// `n` numbers.
    pub z: *mut f32,
    /// Elements.
    pub n: u64,
    /// The factor.
    pub a: f32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Map {}
unsafe impl Sync for Map {}
unsafe impl Send for Zip {}
unsafe impl Sync for Zip {}
unsafe impl Send for ZipBackward {}
unsafe impl Sync for ZipBackward {}
unsafe impl Send for Axpy {}
unsafe impl Sync for Axpy {}

fn over(n: u64) -> Shape {
    Shape { shared: 0, ..Shape::rows((n as usize).div_ceil(CHUNK)) }
}

impl Kernel for Map {
    const NAME: &'static str = "map";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { x, y, n, .. } = *self;
        // Safety: i < n.
        with_function!(self.function, B, f => chunk(block, n as usize, |i| unsafe { *y.add(i) = canonical(f(*x.add(i))) }));
    }
}

impl Zip {
    #[inline(always)]
    unsafe fn apply<B: Block>(&self, block: &B, f: impl Fn(f32, f32) -> f32) {
        let Self { x, y, z, n, .. } = *self;
        // Safety: i < n.
        chunk(block, n as usize, |i| unsafe { *z.add(i) = canonical(f(*x.add(i), *y.add(i))) });
    }
}

impl Kernel for Zip {
    const NAME: &'static str = "zip";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe {
            match self.function {
                Binary::Add => self.apply(block, |x, y| x + y),
                Binary::Sub => self.apply(block, |x, y| x - y),
                Binary::Mul => self.apply(block, |x, y| x * y),
                Binary::Div => self.apply(block, |x, y| x / y),
                Binary::Max => self.apply(block, math::max),
                Binary::Swiglu => self.apply(block, |x, y| math::silu::<B>(x) * y),
            }
        }
    }
}

/// What falls to `own` of the gradient of the greater of two.
#[inline(always)]
fn won(own: f32, other: f32, dz: f32) -> f32 {
    let half = if own == other { 0.5 * dz } else { NAN };
    let lost = if own < other { 0.0 } else { half };
    if own > other { dz } else { lost }
}

impl ZipBackward {
    #[inline(always)]
    unsafe fn apply<B: Block>(&self, block: &B, f: impl Fn(f32, f32, f32) -> [f32; 2]) {
        let Self { x, y, dz, dx, dy, n, .. } = *self;
        // Safety: i < n.
        chunk(block, n as usize, |i| unsafe {
            let [of_x, of_y] = f(*x.add(i), *y.add(i), *dz.add(i));
            *dx.add(i) = canonical(of_x);
            *dy.add(i) = canonical(of_y);
        });
    }
}

impl Kernel for ZipBackward {
    const NAME: &'static str = "zip_backward";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        unsafe {
            match self.function {
                Binary::Add => self.apply(block, |_, _, dz| [dz, dz]),
                Binary::Sub => self.apply(block, |_, _, dz| [dz, -dz]),
                Binary::Mul => self.apply(block, |x, y, dz| [dz * y, dz * x]),
                Binary::Div => self.apply(block, |x, y, dz| [dz / y, -((dz / y) * (x / y))]),
                Binary::Max => self.apply(block, |x, y, dz| [won(x, y, dz), won(y, x, dz)]),
                Binary::Swiglu => {
                    self.apply(block, |x, y, dz| [(dz * y) * math::silu_slope::<B>(x), dz * math::silu::<B>(x)]);
                }
            }
        }
    }
}

impl Kernel for Axpy {
    const NAME: &'static str = "axpy";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { x, y, z, n, a } = *self;
        // Safety: i < n.
        chunk(block, n as usize, |i| unsafe { *z.add(i) = canonical(B::fma(a, *x.add(i), *y.add(i))) });
    }
}
