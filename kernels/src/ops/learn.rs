//! The operations of training. Mathematical definitions stand with the kernels.

use super::area;
use crate::device::{Buffer, Device, Error};
use plasma_kernels_device::backward::{NormaliseBackward, SoftmaxBackward};
use plasma_kernels_device::learn::{self, ColumnSums, CrossEntropy, Slope};
use plasma_kernels_device::map::Unary;
use plasma_kernels_device::rows::Norm;

/// How gradient descent steps: [`learn::Sgd`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The rate.
    pub rate: f32,
    /// The momentum, 0 for none.
    pub momentum: f32,
}

/// How Adam steps: [`learn::Adam`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The rate.
    pub rate: f32,
    /// β1 and β2.
    pub beta: [f32; 2],
    /// ε.
    pub epsilon: f32,
}

impl Default for Adam {
    /// As its authors recommend.
    fn default() -> Self {
        Self { rate: 0.001, beta: [0.9, 0.999], epsilon: 1e-8 }
    }
}

// Safety of every launch below: the lengths are those that the kernel's sizes call for, the pointers are of this device, and an
// output is borrowed mutably, so that it overlaps nothing.
impl Device {
    /// Every row's loss against its target, and the gradient times `scale`: [`CrossEntropy`].
    ///
    /// # Errors
    /// If lengths or devices do not fit, or the driver fails. So of every operation below.
    pub fn cross_entropy(
        &self,
        [rows, columns]: [u32; 2],
        (x, targets): (&Buffer<f32>, &Buffer<u32>),
        scale: f32,
        loss: &mut Buffer<f32>,
        gradient: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        x.holds("x", area(rows, columns))?;
        targets.holds("the targets", rows.into())?;
        loss.holds("the loss", rows.into())?;
        gradient.holds("the gradient", area(rows, columns))?;
        let (x, targets) = (self.pointer("x", x)?, self.pointer("the targets", targets)?);
        let (loss, gradient) = (self.pointer_mut("the loss", loss)?, self.pointer_mut("the gradient", gradient)?);
        unsafe { self.launch(&CrossEntropy { x, targets, loss, gradient, rows, columns, scale }) }
    }

    /// dx = dy·f'(x): [`Slope`].
    ///
    /// # Errors
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn slope(&self, function: Unary, x: &Buffer<f32>, dy: &Buffer<f32>, dx: &mut Buffer<f32>) -> Result<(), Error> {
        let n = x.len() as u64;
        dy.holds("dy", n.into())?;
        dx.holds("dx", n.into())?;
        let (x, dy) = (self.pointer("x", x)?, self.pointer("dy", dy)?);
        unsafe { self.launch(&Slope { x, dy, dx: self.pointer_mut("dx", dx)?, n, function }) }
    }

    /// The sums of columns: [`ColumnSums`].
    ///
    /// # Errors
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn column_sums(&self, [rows, columns]: [u32; 2], x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        x.holds("x", area(rows, columns))?;
        y.holds("y", columns.into())?;
        let x = self.pointer("x", x)?;
        unsafe { self.launch(&ColumnSums { x, y: self.pointer_mut("y", y)?, rows, columns }) }
    }

    /// Through softmax: [`SoftmaxBackward`].
    ///
    /// # Errors
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn softmax_backward(
        &self,
        [rows, columns]: [u32; 2],
        y: &Buffer<f32>,
        dy: &Buffer<f32>,
        dx: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        y.holds("y", area(rows, columns))?;
        dy.holds("dy", area(rows, columns))?;
        dx.holds("dx", area(rows, columns))?;
        let (y, dy) = (self.pointer("y", y)?, self.pointer("dy", dy)?);
        unsafe { self.launch(&SoftmaxBackward { y, dy, dx: self.pointer_mut("dx", dx)?, rows, columns }) }
    }

    /// Through a norm, to its input and to its gain: [`NormaliseBackward`], and the sums of its columns.
    ///
    /// # Errors
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn normalise_backward(
        &self,
        (norm, epsilon): (Norm, f32),
        [rows, columns]: [u32; 2],
        [x, gain, dy]: [&Buffer<f32>; 3],
        dx: &mut Buffer<f32>,
        dgain: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        x.holds("x", area(rows, columns))?;
        gain.holds("gain", columns.into())?;
        dy.holds("dy", area(rows, columns))?;
        dx.holds("dx", area(rows, columns))?;
        let mut d = self.alloc(x.len())?;
        let (x, gain, dy) = (self.pointer("x", x)?, self.pointer("gain", gain)?, self.pointer("dy", dy)?);
        let (dx, to) = (self.pointer_mut("dx", dx)?, self.pointer_mut("d", &mut d)?);
        unsafe { self.launch(&NormaliseBackward { x, gain, dy, dx, d: to, rows, columns, epsilon, norm })? };
        self.column_sums([rows, columns], &d, dgain)
    }

    /// A step of gradient descent: [`learn::Sgd`].
    ///
    /// # Errors
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn sgd(&self, how: Sgd, g: &Buffer<f32>, w: &mut Buffer<f32>, m: &mut Buffer<f32>) -> Result<(), Error> {
        let n = w.len() as u64;
        g.holds("the gradient", n.into())?;
        m.holds("the moments", n.into())?;
        let (g, w, m) = (self.pointer("the gradient", g)?, self.pointer_mut("w", w)?, self.pointer_mut("the moments", m)?);
        unsafe { self.launch(&learn::Sgd { w, m, g, n, rate: how.rate, momentum: how.momentum }) }
    }

    /// Step `t`, counted from 1, of Adam: [`learn::Adam`].
    ///
    /// # Errors
    /// As [`cross_entropy`](Self::cross_entropy).
    pub fn adam(
        &self,
        (how, t): (Adam, u64),
        g: &Buffer<f32>,
        w: &mut Buffer<f32>,
        [m, v]: [&mut Buffer<f32>; 2],
    ) -> Result<(), Error> {
        let n = w.len() as u64;
        g.holds("the gradient", n.into())?;
        m.holds("the moments", n.into())?;
        v.holds("the moments", n.into())?;
        let (g, w) = (self.pointer("the gradient", g)?, self.pointer_mut("w", w)?);
        let (m, v) = (self.pointer_mut("the moments", m)?, self.pointer_mut("the moments", v)?);
        // In f64 and by libm, so that it is the same everywhere.
        let correction = how.beta.map(|beta| (1.0 / (1.0 - libm::pow(beta.into(), t as f64))) as f32);
        let Adam { rate, beta, epsilon } = how;
        unsafe { self.launch(&learn::Adam { w, m, v, g, n, rate, beta, correction, epsilon }) }
    }
}
