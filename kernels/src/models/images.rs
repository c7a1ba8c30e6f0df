//! A network for images: convolutions of 3 × 3 with ReLU, of which all but the first halve the sides, then the mean over the pixels
//! and a product to the logits of classes (the plain column of Simonyan and Zisserman 2014, arXiv:1409.1556, with strides instead
//! of pooling, as in Springenberg et al. 2014, arXiv:1412.6806).

use super::Error;
use super::layers::{Linear, Source};
use super::noise::Noise;
use super::weights::Weights;
use super::{MOST, Precision, sized};
use crate::device::{Buffer, Device};
use plasma_kernels_device::attention::Span;
use plasma_kernels_device::convolve::Windows;
use plasma_kernels_device::map::Unary;

/// The sizes of such a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Rows and columns of an image.
    pub side: u32,
    /// Numbers of a pixel.
    pub channels: u32,
    /// Numbers of a pixel after a convolution.
    pub columns: u32,
    /// Convolutions.
    pub layers: u32,
    /// Classes.
    pub classes: u32,
}

struct Layer {
    /// (3 × 3 × channels) × columns.
    weights: Buffer<f32>,
    bias: Buffer<f32>,
}

/// A network on a device.
pub struct Network {
    device: Device,
    config: Config,
    layers: Vec<Layer>,
    last: Linear,
    digest: [u8; 32],
}

impl Config {
    /// The windows of a layer's convolution.
    pub fn windows(&self, layer: u32, images: u32) -> Windows {
        let side = (0..layer.saturating_sub(1)).fold(self.side, |side, _| side.div_ceil(2));
        let (channels, stride) = if layer == 0 { (self.channels, 1) } else { (self.columns, 2) };
        Windows { images, image: [side; 2], channels, window: [3; 2], stride, padding: 1 }
    }
}

impl Network {
    /// A network of random weights: [`Noise`], under the names of [`from_weights`](Self::from_weights).
    ///
    /// # Errors
    /// If sizes are out of range or memory is short.
    pub fn random(device: &Device, config: Config, seed: u64) -> Result<Self, Error> {
        let noise = Noise { seed };
        Self::build(device, config, &noise, noise.digest())
    }

    /// A network of the weights of a file: `layers.I.weight` of (3 × 3 × channels) × columns, where channels are those of the image
    /// for I = 0 and the columns after it, `layers.I.bias`, and `last.weight` of classes × columns with `last.bias`.
    ///
    /// # Errors
    /// If sizes are out of range, sizes and weights do not fit, or memory is short.
    pub fn from_weights(device: &Device, config: Config, weights: &Weights) -> Result<Self, Error> {
        Self::build(device, config, weights, weights.digest())
    }

    fn build(device: &Device, config: Config, source: &dyn Source, digest: [u8; 32]) -> Result<Self, Error> {
        let Config { side, channels, columns, layers, classes } = config;
        let sizes = [("side", side), ("channels", channels), ("columns", columns), ("layers", layers), ("classes", classes)];
        sizes.iter().try_for_each(|(key, value)| sized(key, *value, MOST / 16))?;
        let layer = |i: u32| -> Result<Layer, Error> {
            let inputs = 9 * config.windows(i, 1).channels;
            let weights = device.upload(&source.tensor(&format!("layers.{i}.weight"), &[inputs, columns])?)?;
            Ok(Layer { weights, bias: device.upload(&source.tensor(&format!("layers.{i}.bias"), &[columns])?)? })
        };
        let (rows, bias) = (source.tensor("last.weight", &[classes, columns])?, source.tensor("last.bias", &[classes])?);
        Ok(Self {
            device: device.clone(),
            config,
            layers: (0..layers).map(layer).collect::<Result<_, _>>()?,
            last: Linear::keep(device, (classes, columns), &rows, &bias, Precision::F32)?,
            digest,
        })
    }

    /// What tells this network from others.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The logits of `images` images, row by row of pixels; `see` is shown the pixels after every layer.
    ///
    /// # Errors
    /// If the numbers are not as many as the images have, memory is short or the driver fails.
    pub fn logits(
        &self,
        images: u32,
        pixels: &[f32],
        mut see: impl FnMut(&Buffer<f32>) -> Result<(), Error>,
    ) -> Result<Buffer<f32>, Error> {
        let Config { columns, classes, .. } = self.config;
        let (device, mut x, mut each) = (&self.device, self.device.upload(pixels)?, 0);
        for (i, layer) in self.layers.iter().enumerate() {
            let windows = self.config.windows(i as u32, images);
            let [down, across] = windows.fit();
            each = down * across;
            let count = u128::from(images) * u128::from(each) * u128::from(columns);
            let short = || Error::Input(format!("{images} images come to {count} numbers; cut the batch"));
            let mut y = device.alloc(usize::try_from(count).map_err(|_| short())?)?;
            device.convolve(windows, columns, &x, &layer.weights, &mut y)?;
            device.finish([images * each, columns], Unary::Relu, &layer.bias, None, &mut y)?;
            see(&y)?;
            x = y;
        }
        let span = |image: u32| Span { first_query: image * each, queries: each, ..Span::default() };
        let spans: Vec<Span> = (0..images).map(span).collect();
        let (mut means, mut logits) =
            (device.alloc(images as usize * columns as usize)?, device.alloc(images as usize * classes as usize)?);
        device.mean(&spans, columns, &x, &mut means)?;
        self.last.run(device, images, &means, Unary::Identity, None, &mut logits)?;
        Ok(logits)
    }
}
