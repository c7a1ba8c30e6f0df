//! Convolution against its definition, forwards and backwards.

use plasma_kernels::Device;
use plasma_kernels::kernel::convolve::Windows;
use plasma_kernels::suite::numbers;
use proptest::prelude::*;

const NEVER: usize = usize::MAX;

/// The place of a pixel of an image that a window's pixel falls on.
fn pixel(windows: &Windows, [image, i, j]: [usize; 3], [u, v]: [usize; 2]) -> Option<usize> {
    let [height, width] = windows.image.map(|side| side as usize);
    let (stride, padding) = (windows.stride as usize, windows.padding as usize);
    let (h, w) = ((i * stride + u).checked_sub(padding)?, (j * stride + v).checked_sub(padding)?);
    (h < height && w < width).then_some(((image * height + h) * width + w) * windows.channels as usize)
}

/// Visits every window, every place in it, every channel: the row of the result, the row of the weights, the place in the images.
fn visit(windows: &Windows, mut f: impl FnMut(usize, usize, Option<usize>)) {
    let ([down, across], [height, width]) = (windows.fit().map(|n| n as usize), windows.window.map(|n| n as usize));
    for row in 0..windows.images as usize * down * across {
        let at = [row / (down * across), row / across % down, row % across];
        for k in 0..height * width {
            for c in 0..windows.channels as usize {
                let place = pixel(windows, at, [k / width, k % width]).map(|place| place + c);
                f(row, k * windows.channels as usize + c, place);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn convolution_is_its_definition_and_its_gradients_are_its_adjoints(
        images in 1u32..3, image in [1u32..9, 1u32..9], channels in 1u32..5, window in [1u32..5, 1u32..5], stride in 1u32..4,
        padding in 0u32..3, outputs in 1u32..6, seed: u32,
    ) {
        let windows = Windows { images, image, channels, window, stride, padding };
        let device = Device::open("cpu").unwrap();
        let [down, across] = windows.fit();
        let (rows, columns) = ((images * down * across) as usize, (window[0] * window[1] * channels) as usize);
        let (pixels, outputs) = ((images * image[0] * image[1] * channels) as usize, outputs as usize);
        let (x, w, dy) = (numbers(pixels, seed, NEVER), numbers(columns * outputs, !seed, NEVER), numbers(rows * outputs, seed ^ 5, NEVER));
        let [on_x, on_w, on_dy] = [&x, &w, &dy].map(|x| device.upload(x).unwrap());
        let (mut y, mut dx, mut dw) =
            (device.alloc(rows * outputs).unwrap(), device.alloc(pixels).unwrap(), device.alloc(columns * outputs).unwrap());
        device.convolve(windows, outputs as u32, &on_x, &on_w, &mut y).unwrap();
        device.convolve_backward((windows, outputs as u32), [&on_x, &on_w, &on_dy], &mut dx, &mut dw).unwrap();
        // Bit by bit forwards; backwards in f64.
        let (mut exact, mut exact_dx, mut exact_dw) = (vec![0f32; rows * outputs], vec![0f64; pixels], vec![0f64; columns * outputs]);
        visit(&windows, |row, k, place| {
            for o in 0..outputs {
                let (value, weight) = (place.map_or(0.0, |place| x[place]), w[k * outputs + o]);
                exact[row * outputs + o] = value.mul_add(weight, exact[row * outputs + o]);
                let slope = f64::from(dy[row * outputs + o]);
                exact_dw[k * outputs + o] += slope * f64::from(value);
                if let Some(place) = place {
                    exact_dx[place] += slope * f64::from(weight);
                }
            }
        });
        prop_assert_eq!(device.read(&y).unwrap(), exact);
        // Terms are at most 60² each.
        for (found, exact) in device.read(&dx).unwrap().iter().zip(exact_dx).chain(device.read(&dw).unwrap().iter().zip(exact_dw)) {
            prop_assert!((f64::from(*found) - exact).abs() <= 1e-7 * 3600.0 * (rows.max(columns) * outputs) as f64, "{found} {exact}");
        }
    }
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let device = Device::open("cpu").unwrap();
    let windows = Windows { images: 1, image: [4, 4], channels: 2, window: [3, 3], stride: 1, padding: 0 };
    let (x, w) = (device.upload(&[0f32; 32]).unwrap(), device.upload(&[0f32; 18]).unwrap());
    let said =
        |windows: Windows| device.convolve(windows, 1, &x, &w, &mut device.alloc(4).unwrap()).map_err(|error| error.to_string());
    assert!(said(windows).is_ok());
    assert!(said(Windows { stride: 0, ..windows }).unwrap_err().contains("at least one apart"));
    assert!(said(Windows { window: [0, 3], ..windows }).unwrap_err().contains("at least one pixel"));
    assert!(
        said(Windows { channels: 3, ..windows })
            .unwrap_err()
            .contains("the images holds 32 elements where the sizes call for 48")
    );
    assert!(said(Windows { image: [u32::MAX; 2], ..windows }).unwrap_err().contains("a side of the image is 4294967295"));
    assert!(said(Windows { padding: u32::MAX, ..windows }).unwrap_err().contains("padding"));
    assert!(said(Windows { image: [1 << 15; 2], images: 60_000, ..windows }).unwrap_err().contains("more than 2^30 rows"));
    assert!(said(Windows { images: 2, image: [2, 4], ..windows }).unwrap_err().contains("C holds 4 elements"), "no window fits");
}
