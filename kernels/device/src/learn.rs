//! What training adds: the loss with its gradient, slopes of functions, sums down columns, and the steps of SGD and Adam.

use crate::map::{Unary, with_slope};
use crate::reduce::{stride, tree};
use crate::rows::greatest;
use crate::tile::Shapes;
use crate::{Block, CHUNK, Kernel, LANES, NAN, Shape, canonical, chunk, math};

/// The cross-entropy of every row's softmax with its target, and the gradient: with m = max x and the sum of e^(x − m) by the tree
/// as [`Softmax`](crate::rows::Softmax) has it, `loss = ln Σ − (x[target] − m)` and `gradient[j] = (e^(x[j] − m) / Σ − [j =
/// target])·scale`. A target beyond the columns makes both NaN.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CrossEntropy {
    /// `rows` × `columns`.
    pub x: *const f32,
    /// `rows` columns.
    pub targets: *const u32,
    /// `rows` numbers.
    pub loss: *mut f32,
    /// `rows` × `columns`.
    pub gradient: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// What gradients are multiplied by, 1 / rows for the mean loss.
    pub scale: f32,
}

/// `dx[i] = dy[i] · f'(x[i])`: the chain rule through [`Map`](crate::map::Map). Slopes are those of [`math`], 1 − tanh² of tanh,
/// σ·(1 − σ) of the sigmoid, 1 / x of the logarithm, 0.5 / √x of the root; they are within 3·10^-6 of the greater of 1 and themselves.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Slope {
    /// `n` numbers.
    pub x: *const f32,
    /// `n` numbers.
    pub dy: *const f32,
    /// `n` numbers.
    pub dx: *mut f32,
    /// Elements.
    pub n: u64,
    /// f.
    pub function: Unary,
}

/// `y[j] = Σ x[i][j]` in ascending i from +0: a bias' gradient.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ColumnSums {
    /// `rows` × `columns`.
    pub x: *const f32,
    /// `columns` numbers.
    pub y: *mut f32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
}

/// A step of gradient descent with momentum (Sutskever et al. 2013, as torch has it): m ← fma(momentum, m, g), w ← fma(−rate, m,
/// w).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Sgd {
    /// `n` weights, changed in place.
    pub w: *mut f32,
    /// `n` moments, changed in place.
    pub m: *mut f32,
    /// `n` gradients.
    pub g: *const f32,
    /// Elements.
    pub n: u64,
    /// The rate.
    pub rate: f32,
    /// The momentum.
    pub momentum: f32,
}

/// A step of Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1): m ← fma(β1, m, (1 − β1)·g), v ← fma(β2, v, (1 − β2)·(g·g)),
/// w ← fma(−rate, (m·c1) / (√(v·c2) + ε), w), with c = 1 / (1 − β^t).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Adam {
    /// `n` weights, changed in place.
    pub w: *mut f32,
    /// `n` first moments, changed in place.
    pub m: *mut f32,
    /// `n` second moments, changed in place.
    pub v: *mut f32,
    /// `n` gradients.
    pub g: *const f32,
    /// Elements.
    pub n: u64,
    /// The rate.
    pub rate: f32,
    /// β1 and β2.
    pub beta: [f32; 2],
    /// c1 and c2.
    pub correction: [f32; 2],
    /// ε.
    pub epsilon: f32,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for CrossEntropy {}
unsafe impl Sync for CrossEntropy {}
unsafe impl Send for Slope {}
unsafe impl Sync for Slope {}
unsafe impl Send for ColumnSums {}
unsafe impl Sync for ColumnSums {}
unsafe impl Send for Sgd {}
unsafe impl Sync for Sgd {}
unsafe impl Send for Adam {}
unsafe impl Sync for Adam {}

fn over(n: u64) -> Shape {
    Shape { shared: 0, ..Shape::rows((n as usize).div_ceil(CHUNK)) }
}

impl Kernel for CrossEntropy {
    const NAME: &'static str = "cross_entropy";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape::rows(self.rows as usize)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (row, n) = (block.at()[0], self.columns as usize);
        // Safety: the row lies within x and the gradient; a lane reads back only what it wrote itself, but for the target's x.
        unsafe {
            let (x, gradient) = (self.x.add(row * n), self.gradient.add(row * n));
            let (target, scale, loss) = (*self.targets.add(row) as usize, self.scale, self.loss.add(row));
            let most = greatest(block, n, |i| *x.add(i));
            let mut sums = block.lanes(0.0);
            stride(block, n, &mut sums, |i, sum| {
                let power = math::exp::<B>(*x.add(i) - most);
                *gradient.add(i) = power;
                *sum += power;
            });
            let total = tree(block, &mut sums, |a, b| a + b);
            stride(block, n, &mut block.lanes(()), |i, ()| {
                let part = *gradient.add(i) / total - if i == target { 1.0 } else { 0.0 };
                *gradient.add(i) = canonical(if target < n { part * scale } else { NAN });
            });
            let value = if target < n { math::log::<B>(total) - (*x.add(target) - most) } else { NAN };
            block.each(&mut sums, 1, |_, _| *loss = canonical(value));
        }
    }
}

impl Kernel for Slope {
    const NAME: &'static str = "slope";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { x, dy, dx, n, .. } = *self;
        // Safety: i < n.
        with_slope!(self.function, B, f => chunk(block, n as usize, |i| unsafe {
            *dx.add(i) = canonical(*dy.add(i) * f(*x.add(i)));
        }));
    }
}

impl Kernel for ColumnSums {
    const NAME: &'static str = "column_sums";
    fn shape<S: Shapes>(&self) -> Shape {
        Shape { shared: 0, ..Shape::rows((self.columns as usize).div_ceil(LANES)) }
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let (first, n) = (block.at()[0] * LANES, self.columns as usize);
        // Safety: columns from the first on lie within every row.
        unsafe {
            let (x, y) = (self.x.add(first), self.y.add(first));
            let mut sums = block.lanes(0.0);
            let mut row = 0;
            while row < self.rows as usize {
                block.each(&mut sums, n - first, |t, sum| *sum += *x.add(row * n + t));
                row += 1;
            }
            block.each(&mut sums, n - first, |t, sum| *y.add(t) = canonical(*sum));
        }
    }
}

impl Kernel for Sgd {
    const NAME: &'static str = "sgd";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { w, m, g, n, rate, momentum } = *self;
        // Safety: i < n, and a lane alone touches its elements.
        chunk(block, n as usize, |i| unsafe {
            let moment = B::fma(momentum, *m.add(i), *g.add(i));
            *m.add(i) = canonical(moment);
            *w.add(i) = canonical(B::fma(-rate, moment, *w.add(i)));
        });
    }
}

impl Kernel for Adam {
    const NAME: &'static str = "adam";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.n)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Self { w, m, v, g, n, rate, beta, correction, epsilon } = *self;
        // Safety: i < n, and a lane alone touches its elements.
        chunk(block, n as usize, |i| unsafe {
            let slope = *g.add(i);
            let first = B::fma(beta[0], *m.add(i), (1.0 - beta[0]) * slope);
            let second = B::fma(beta[1], *v.add(i), (1.0 - beta[1]) * (slope * slope));
            *m.add(i) = canonical(first);
            *v.add(i) = canonical(second);
            let step = (first * correction[0]) / (B::sqrt(second * correction[1]) + epsilon);
            *w.add(i) = canonical(B::fma(-rate, step, *w.add(i)));
        });
    }
}
