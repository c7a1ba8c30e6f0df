//! Convolution. Mathematical definitions stand with the kernels.

use super::{MAX_GRID, at_most};
use crate::device::{Buffer, Device, Error};
use plasma_kernels_device::convolve::{Fold, Unfold, Windows};

/// The most of any side, stride, padding or number of channels: what keeps products of them within 64 bits.
const MOST: u32 = 1 << 15;

/// What sizes come to.
struct Sizes {
    pixels: u128,
    rows: u32,
    columns: u32,
}

fn sizes(windows: &Windows) -> Result<Sizes, Error> {
    let Windows { images, image, channels, window, stride, padding } = *windows;
    for (what, value) in [("a side of the image", image[0].max(image[1])), ("a side of the window", window[0].max(window[1]))] {
        at_most(what, value.into(), MOST.into(), "cut the images")?;
    }
    at_most("padding", padding.into(), MOST.into(), "pad less")?;
    at_most("images", images.into(), MAX_GRID, "cut the batch")?;
    if stride == 0 || window[0] == 0 || window[1] == 0 {
        return Err(Error::Shape("windows have at least one pixel and stand at least one apart".into()));
    }
    let wide = |count: u64| u32::try_from(count).ok().filter(|&count| count <= 1 << 30);
    let [down, across] = windows.fit().map(u64::from);
    let rows = down.checked_mul(across).and_then(|each| each.checked_mul(images.into())).and_then(wide);
    let columns = u64::from(window[0] * window[1]).checked_mul(channels.into()).and_then(wide);
    let (Some(rows), Some(columns)) = (rows, columns) else {
        return Err(Error::Shape("the windows come to more than 2^30 rows or columns; cut the batch or the channels".into()));
    };
    let pixels = u128::from(images) * u128::from(image[0]) * u128::from(image[1]) * u128::from(channels);
    Ok(Sizes { pixels, rows, columns })
}

// Safety of every launch below: the lengths are those that the kernel's sizes call for, the pointers are of this device, and an
// output is borrowed mutably, so that it overlaps nothing.
impl Device {
    /// Windows as rows: [`Unfold`].
    ///
    /// # Errors
    /// If sizes, lengths or devices do not fit, or the driver fails. So of every operation below.
    pub fn unfold(&self, windows: Windows, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        let Sizes { pixels, rows, columns } = sizes(&windows)?;
        x.holds("the images", pixels)?;
        y.holds("the windows", u128::from(rows) * u128::from(columns))?;
        let x = self.pointer("the images", x)?;
        unsafe { self.launch(&Unfold { x, y: self.pointer_mut("the windows", y)?, windows }) }
    }

    /// Windows summed back to images: [`Fold`].
    ///
    /// # Errors
    /// As [`unfold`](Self::unfold).
    pub fn fold(&self, windows: Windows, y: &Buffer<f32>, x: &mut Buffer<f32>) -> Result<(), Error> {
        let Sizes { pixels, rows, columns } = sizes(&windows)?;
        x.holds("the images", pixels)?;
        y.holds("the windows", u128::from(rows) * u128::from(columns))?;
        let y = self.pointer("the windows", y)?;
        unsafe { self.launch(&Fold { y, x: self.pointer_mut("the images", x)?, windows }) }
    }

    /// Convolution to `outputs` channels: see [`convolve`](plasma_kernels_device::convolve).
    ///
    /// # Errors
    /// As [`unfold`](Self::unfold).
    pub fn convolve(
        &self,
        windows: Windows,
        outputs: u32,
        x: &Buffer<f32>,
        w: &Buffer<f32>,
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        let Sizes { rows, columns, .. } = sizes(&windows)?;
        let mut unfolded = self.alloc(rows as usize * columns as usize)?;
        self.unfold(windows, x, &mut unfolded)?;
        self.gemm_f32([rows, outputs, columns, 1], &unfolded, w, y)
    }

    /// Backwards: from the gradient of the result to those of the images and of the weights.
    ///
    /// # Errors
    /// As [`unfold`](Self::unfold).
    pub fn convolve_backward(
        &self,
        (windows, outputs): (Windows, u32),
        [x, w, dy]: [&Buffer<f32>; 3],
        dx: &mut Buffer<f32>,
        dw: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        let Sizes { rows, columns, .. } = sizes(&windows)?;
        let area = rows as usize * columns as usize;
        let (mut unfolded, mut turned) = (self.alloc(area)?, self.alloc(area)?);
        self.unfold(windows, x, &mut unfolded)?;
        self.transpose(rows, columns, &unfolded, &mut turned)?;
        self.gemm_f32([columns, outputs, rows, 1], &turned, dy, dw)?;
        let mut turned = self.alloc(columns as usize * outputs as usize)?;
        self.transpose(columns, outputs, w, &mut turned)?;
        self.gemm_f32([rows, columns, outputs, 1], dy, &turned, &mut unfolded)?;
        self.fold(windows, &unfolded, dx)
    }
}
