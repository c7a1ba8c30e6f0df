//! Convolution in two dimensions as a matrix product (Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks
//! for Document Processing", 2006): windows are laid out as rows, and a product with the weights does the rest.
//!
//! Images are rows of pixels of `channels` numbers. With the windows W of x as [`Unfold`] lays them out, y = W·w for weights w of
//! (rows × columns × channels of the window) × outputs: y[image, i, j, o] takes fma(x[image, i·stride + u − padding, j·stride + v −
//! padding, c], w[u, v, c, o], ·) in ascending u, v, c from +0, where pixels outside the image are +0 and take part. Backwards the
//! weights' gradient is Wᵀ·dy, and the image's is [`Fold`] of dy·wᵀ.

use crate::reduce::stride;
use crate::tile::Shapes;
use crate::{Block, Kernel, Shape, canonical};

/// What is convolved with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Windows {
    /// Images.
    pub images: u32,
    /// Rows and columns of an image.
    pub image: [u32; 2],
    /// Numbers of a pixel.
    pub channels: u32,
    /// Rows and columns of a window.
    pub window: [u32; 2],
    /// From window to window, in pixels.
    pub stride: u32,
    /// Pixels of +0 around an image.
    pub padding: u32,
}

impl Windows {
    /// Windows down and across an image; 0 where none fits.
    #[inline]
    pub const fn fit(&self) -> [u32; 2] {
        [self.along(0), self.along(1)]
    }

    #[inline]
    const fn along(&self, side: usize) -> u32 {
        let whole = self.image[side] + 2 * self.padding;
        if whole < self.window[side] { 0 } else { (whole - self.window[side]) / self.stride + 1 }
    }
}

/// Lays out windows: row (image, i, j), column (u, v, c) holds x[image, i·stride + u − padding, j·stride + v − padding, c], bits as
/// they are, or +0 outside the image.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Unfold {
    /// The images.
    pub x: *const f32,
    /// A row for every window.
    pub y: *mut f32,
    /// The sizes.
    pub windows: Windows,
}

/// Back again: x[image, h, w, c] is the sum of all places that [`Unfold`] copied it to, in ascending u and v, from +0.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Fold {
    /// A row for every window.
    pub y: *const f32,
    /// The images.
    pub x: *mut f32,
    /// The sizes.
    pub windows: Windows,
}

// Pointers are plain data here; `Kernel::run` says what must hold.
unsafe impl Send for Unfold {}
unsafe impl Sync for Unfold {}
unsafe impl Send for Fold {}
unsafe impl Sync for Fold {}

fn over(images: u32, [down, across]: [u32; 2]) -> Shape {
    Shape { grid: [down * across, images, 1], shared: 0, ..Shape::rows(1) }
}

impl Kernel for Unfold {
    const NAME: &'static str = "unfold";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.windows.images, self.windows.fit())
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Windows { image, channels, window, stride, padding, .. } = self.windows;
        let ([at, picture, _], [_, across]) = (block.at(), self.windows.fit());
        let (height, width, down, right) = (image[0] as usize, image[1] as usize, window[0] as usize, window[1] as usize);
        let (channels, padding) = (channels as usize, padding as usize);
        let (top, left) = (at / across as usize * stride as usize, at % across as usize * stride as usize);
        // Safety: pixels within the image are read, and the window's own row is written.
        unsafe {
            let x = self.x.add(picture * height * width * channels);
            let y = self.y.add((picture * block.across() + at) * down * right * channels);
            block.spread([down, right, channels], |u, v, c| {
                // Above or left of the image these wrap, and lie outside as well.
                let (h, w) = ((top + u).wrapping_sub(padding), (left + v).wrapping_sub(padding));
                let inside = h < height && w < width;
                *y.add((u * right + v) * channels + c) = if inside { *x.add((h * width + w) * channels + c) } else { 0.0 };
            });
        }
    }
}

impl Kernel for Fold {
    const NAME: &'static str = "fold";
    fn shape<S: Shapes>(&self) -> Shape {
        over(self.windows.images, self.windows.image)
    }
    #[inline(always)]
    unsafe fn run<B: Block>(&self, block: &B) {
        let Windows { image, channels, window, stride: step, padding, .. } = self.windows;
        let ([at, picture, _], [fit_down, fit_across]) = (block.at(), self.windows.fit());
        let (fit_down, fit_across) = (fit_down as usize, fit_across as usize);
        let (channels, step, padding) = (channels as usize, step as usize, padding as usize);
        let (width, down, right) = (image[1] as usize, window[0] as usize, window[1] as usize);
        let (h, w) = (at / width + padding, at % width + padding);
        // Safety: windows that hold this pixel are read, and the pixel is written.
        unsafe {
            let y = self.y.add(picture * fit_down * fit_across * down * right * channels);
            let x = self.x.add((picture * block.across() + at) * channels);
            stride(block, channels, &mut block.lanes(()), |c, ()| {
                let (mut sum, mut u) = (0.0, 0);
                while u < down && u <= h {
                    let mut v = 0;
                    while v < right && v <= w {
                        let (i, j) = ((h - u) / step, (w - v) / step);
                        if i * step == h - u && j * step == w - v && i < fit_down && j < fit_across {
                            sum += *y.add((((i * fit_across + j) * down + u) * right + v) * channels + c);
                        }
                        v += 1;
                    }
                    u += 1;
                }
                *x.add(c) = canonical(sum);
            });
        }
    }
}
