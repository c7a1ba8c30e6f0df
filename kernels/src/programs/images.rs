//! The program that looks at images.

use super::{Cost, Program, size, text::said};
use crate::device::{Device, Error};
use crate::models::images::{Config, Network};
use crate::models::noise::Noise;
use crate::trace::Trace;

/// A network of convolutions. Steps: the network and the images, the pixels after each layer, the logits.
pub const IMAGE_CONVOLUTION: Program = Program {
    id: 6,
    name: "image-convolution",
    sizes: &[
        size("images", 1 << 12),
        size("side", 1 << 11),
        size("channels", 1 << 8),
        size("columns", 1 << 10),
        size("layers", 1 << 6),
        size("classes", 1 << 14),
    ],
    cost: |sizes| {
        let [images, side, channels, columns, layers, classes] = [0, 1, 2, 3, 4, 5].map(|i| u128::from(sizes[i]));
        let (mut cost, mut side) = (Cost::default(), side);
        for layer in 0..layers {
            side = if layer == 0 { side } else { side.div_ceil(2) };
            // A window of nine pixels for every pixel that comes out, all laid out side by side for the product.
            let (rows, inputs) = (images * side * side, 9 * if layer == 0 { channels } else { columns });
            cost.operations += 2 * rows * inputs * columns;
            cost.bytes += 4 * (rows * inputs + inputs * columns + rows * columns);
        }
        cost.operations += 2 * images * columns * classes;
        cost.bytes += 4 * (images * columns + columns * classes + images * classes);
        cost
    },
    run: image_convolution,
};

fn image_convolution(device: &Device, sizes: &[u64], seed: u64) -> Result<Trace, Error> {
    let [images, side, channels, columns, layers, classes] = [0, 1, 2, 3, 4, 5].map(|i| sizes[i] as u32);
    let network = Network::random(device, Config { side, channels, columns, layers, classes }, seed).map_err(said)?;
    let pixels = Noise { seed }.get("images", &[images, side * side * channels]).map_err(said)?;
    let mut trace = Trace::default();
    let bytes = |x: &[f32]| x.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    trace.step(&[&network.digest()[..], &bytes(&pixels)].concat());
    let logits = network.logits(images, &pixels, |x| {
        trace.step(&bytes(&device.read(x)?));
        Ok(())
    });
    trace.step(&bytes(&device.read(&logits.map_err(said)?)?));
    Ok(trace)
}
