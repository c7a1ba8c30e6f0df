//! The cases of backward passes that no case of their forward pass holds.

use super::{Cases, Extent, NEVER, floats, numbers};
use crate::device::{Device, Error};
use plasma_kernels_device::attention::Span;
use plasma_kernels_device::map::Binary;
use plasma_kernels_device::reduce::Reduction;

impl Cases {
    pub(super) fn gradients(&mut self, extent: Extent) {
        self.of_products(extent);
        self.of_elements(extent);
        self.of_means(extent);
    }

    fn of_products(&mut self, extent: Extent) {
        let mut sizes = vec![[0, 3, 2, 1], [3, 0, 2, 2], [2, 3, 0, 1], [2, 3, 4, 0], [1, 1, 1, 1], [5, 7, 3, 3], [3, 33, 34, 2]];
        if extent == Extent::Full {
            sizes.extend([[130, 129, 131, 2], [65, 300, 7, 5]]);
        }
        for [m, n, k, batch] in sizes {
            for every in [NEVER, 13] {
                let of = move |device: &Device, area: u32, seed| device.upload(&numbers((area * batch) as usize, seed, every));
                self.add("gemm backward", [m, n, k, batch], move |device| {
                    let (a, b, dc) = (of(device, m * k, 47)?, of(device, k * n, 48)?, of(device, m * n, 49)?);
                    let (mut da, mut db) = (device.alloc(a.len())?, device.alloc(b.len())?);
                    device.gemm_f32_backward([m, n, k, batch], [&a, &b, &dc], &mut da, &mut db)?;
                    Ok([floats(device, &da)?, floats(device, &db)?].concat())
                });
                self.add("batch of transposes", [m, k, batch], move |device| {
                    let (a, mut b) = (of(device, m * k, 50)?, device.alloc((m * k * batch) as usize)?);
                    device.transpose_batch([m, k, batch], &a, &mut b)?;
                    floats(device, &b)
                });
            }
        }
        let mut sizes = vec![[0, 5], [5, 0], [1, 1], [3, 256], [257, 2], [33, 31]];
        if extent == Extent::Full {
            sizes.extend([[1000, 3], [65, 1025]]);
        }
        for [m, k] in sizes {
            for every in [NEVER, 101] {
                self.add("gemv backward", [m, k], move |device| {
                    let of = |n: u32, seed| device.upload(&numbers(n as usize, seed, every));
                    let (a, x, dy) = (of(m * k, 51)?, of(k, 52)?, of(m, 53)?);
                    let (mut da, mut dx) = (device.alloc(a.len())?, device.alloc(x.len())?);
                    device.gemv_backward([m, k], [&a, &x, &dy], &mut da, &mut dx)?;
                    Ok([floats(device, &da)?, floats(device, &dx)?].concat())
                });
            }
        }
    }

    fn of_elements(&mut self, extent: Extent) {
        let mut sizes = vec![0, 1, 255, 257, 4097];
        if extent == Extent::Full {
            sizes.extend([4095, 70_001]);
        }
        for n in sizes {
            for &(function, name) in Binary::ALL {
                self.add("zip backward", (name, n), move |device| {
                    // Every fifth pair is equal.
                    let (x, dz) = (numbers(n, 54, 3), device.upload(&numbers(n, 55, 19))?);
                    let mut y = numbers(n, 56, 4);
                    y.iter_mut().zip(&x).step_by(5).for_each(|(y, x)| *y = *x);
                    let (x, y) = (device.upload(&x)?, device.upload(&y)?);
                    let (mut dx, mut dy) = (device.alloc(n)?, device.alloc(n)?);
                    device.zip_backward(function, [&x, &y, &dz], &mut dx, &mut dy)?;
                    Ok([floats(device, &dx)?, floats(device, &dy)?].concat())
                });
            }
            for every in [NEVER, 100] {
                for reduction in [Reduction::Sum, Reduction::Max] {
                    self.add("reduce backward", (n, reduction), move |device| {
                        let (x, mut dx) = (device.upload(&numbers(n, 57, every))?, device.alloc(n)?);
                        device.reduce_backward(reduction, &x, -1.25, &mut dx)?;
                        floats(device, &dx)
                    });
                }
                self.add("scan backward", n, move |device| {
                    let (dy, mut dx) = (device.upload(&numbers(n, 58, every))?, device.alloc(n)?);
                    device.scan_backward(&dy, &mut dx)?;
                    floats(device, &dx)
                });
            }
        }
    }

    fn of_means(&mut self, extent: Extent) {
        let mut sizes = vec![[0, 4], [1, 2], [5, 258]];
        if extent == Extent::Full {
            sizes.extend([[40, 770], [300, 1]]);
        }
        for [m, n] in sizes {
            self.add("mean backward", [m, n], move |device| -> Result<Vec<u8>, Error> {
                let half = m / 2;
                let span = |first_query, queries| Span { first_query, queries, ..Span::default() };
                // The last row is no sequence's.
                let dy = device.upload(&numbers(3 * n as usize, 59, 11))?;
                let mut dx = device.upload(&numbers(((m + 1) * n) as usize, 60, NEVER))?;
                device.mean_backward(&[span(0, half), span(half, 0), span(half, m - half)], n, &dy, &mut dx)?;
                floats(device, &dx)
            });
        }
    }
}
