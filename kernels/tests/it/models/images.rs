//! The network for images against f64.

use super::reference::{Meter, Rows, mapped, rows};
use plasma_kernels::Device;
use plasma_kernels::models::images::{Config, Network};
use plasma_kernels::models::noise::Noise;
use plasma_kernels::models::weights::Weights;
use plasma_kernels::programs::named;
use serde_json::json;

/// The logits in f64: images as rows of pixels.
fn naive(config: &Config, seed: u64, pixels: &[f32], meter: &mut Meter) -> Rows {
    let noise = Noise { seed };
    let vector = |name: &str, n: u32| -> Vec<f64> { noise.get(name, &[n]).unwrap().into_iter().map(f64::from).collect() };
    let (mut side, mut channels) = (config.side as usize, config.channels as usize);
    let mut x: Vec<Rows> = pixels.chunks(side * side * channels).map(|image| rows(image, channels)).collect();
    for layer in 0..config.layers {
        let w = rows(
            &noise.get(&format!("layers.{layer}.weight"), &[9 * channels as u32, config.columns]).unwrap(),
            config.columns as usize,
        );
        let by_output: Rows = (0..config.columns as usize).map(|o| w.iter().map(|row| row[o]).collect()).collect();
        let stride = if layer == 0 { 1 } else { 2 };
        let next = side.div_ceil(stride);
        let mut windows = Rows::new();
        for image in &x {
            for at in 0..next * next {
                let mut window = Vec::new();
                for k in 0..9 {
                    let (h, w) = ((at / next * stride + k / 3) as i64 - 1, (at % next * stride + k % 3) as i64 - 1);
                    let inside = |z: i64| (0..side as i64).contains(&z);
                    window.extend(if inside(h) && inside(w) {
                        image[h as usize * side + w as usize].clone()
                    } else {
                        vec![0.0; channels]
                    });
                }
                windows.push(window);
            }
        }
        let y = meter.product(&windows, &by_output, &vector(&format!("layers.{layer}.bias"), config.columns));
        x = mapped(&y, |x| x.max(0.0)).chunks(next * next).map(<[Vec<f64>]>::to_vec).collect();
        (side, channels) = (next, config.columns as usize);
    }
    let mean = |image: &Rows| (0..channels).map(|c| image.iter().map(|row| row[c]).sum::<f64>() / image.len() as f64).collect();
    let means: Rows = x.iter().map(mean).collect();
    let last = rows(&noise.get("last.weight", &[config.classes, config.columns]).unwrap(), channels);
    meter.product(&means, &last, &vector("last.bias", config.classes))
}

#[test]
fn the_network_is_what_f64_makes_of_it_and_costs_what_is_counted() {
    let (device, program) = (Device::open("cpu").unwrap(), named("image-convolution").unwrap());
    for sizes in [[2, 9, 3, 8, 3, 5], [1, 1, 1, 1, 1, 1], [3, 16, 1, 20, 4, 10]] {
        let [images, side, channels, columns, layers, classes] = sizes.map(|size: u64| size as u32);
        let config = Config { side, channels, columns, layers, classes };
        let (pixels, mut meter) = (Noise { seed: 4 }.get("images", &[images, side * side * channels]).unwrap(), Meter::default());
        let exact = naive(&config, 4, &pixels, &mut meter).concat();
        let network = Network::random(&device, config, 4).unwrap();
        let found = device.read(&network.logits(images, &pixels, |_| Ok(())).unwrap()).unwrap();
        assert_eq!(found.len(), exact.len());
        for (found, exact) in found.iter().zip(exact) {
            assert!((f64::from(*found) - exact).abs() < 1e-5, "{found} {exact}");
        }
        let cost = program.cost(&sizes).unwrap();
        assert_eq!((cost.operations, cost.bytes), (meter.operations, meter.bytes), "{sizes:?}");
        assert_eq!(program.run(&device, &sizes, 4).unwrap().len(), u64::from(layers) + 2);
        let said = network.logits(images, &pixels[1..], |_| Ok(())).map(drop).unwrap_err().to_string();
        assert!(said.contains("the images hold"), "{said}");
    }
}

/// Weights out of a file are the same network.
#[test]
fn weights_come_from_files_too() {
    let (device, config) = (Device::open("cpu").unwrap(), Config { side: 5, channels: 2, columns: 4, layers: 2, classes: 3 });
    let noise = Noise { seed: 6 };
    let shapes: [(&str, &[u32]); 6] = [
        ("layers.0.weight", &[18, 4]),
        ("layers.0.bias", &[4]),
        ("layers.1.weight", &[36, 4]),
        ("layers.1.bias", &[4]),
        ("last.weight", &[3, 4]),
        ("last.bias", &[3]),
    ];
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in shapes {
        let first = data.len();
        data.extend(noise.get(name, shape).unwrap().into_iter().flat_map(f32::to_le_bytes));
        header.insert(name.into(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [first, data.len()] }));
    }
    let header = serde_json::Value::Object(header).to_string();
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat();
    let weights = Weights::new(file).unwrap();
    let (random, taken) =
        (Network::random(&device, config, 6).unwrap(), Network::from_weights(&device, config, &weights).unwrap());
    let pixels = noise.get("images", &[100]).unwrap();
    let logits = |network: &Network| device.read(&network.logits(2, &pixels, |_| Ok(())).unwrap()).unwrap();
    assert_eq!(logits(&random), logits(&taken));
    assert_eq!(taken.digest(), weights.digest());
    let other = Config { classes: 4, ..config };
    let said = Network::from_weights(&device, other, &weights).map(drop).unwrap_err().to_string();
    assert!(said.contains("`last.weight` has shape [3, 4]"), "{said}");
}
