//! The chain rule through attention, places, tables and means. Mathematical definitions stand with the kernels.

use super::layers::ends;
use super::{Columns, ColumnsMut, Heads, area};
use crate::device::{Buffer, Device, Error};
use plasma_kernels_device::attention::{Mask, Span};
use plasma_kernels_device::attention_backward::{AttentionKeys, AttentionQueries, Parts, STATISTICS};
use plasma_kernels_device::backward::GatherBackward;
use plasma_kernels_device::sequence::{MeanBackward, Turn};

/// Demands that the keys of different sequences be apart: two sequences would write the same gradients.
fn apart(spans: &[Span]) -> Result<(), Error> {
    let mut keys: Vec<(u64, u64)> = spans.iter().map(|span| (span.first_key.into(), span.keys.into())).collect();
    keys.retain(|(_, keys)| *keys > 0);
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0].0 + pair[0].1 > pair[1].0) {
        Some(pair) => Err(Error::Shape(format!("two sequences share the key of row {}; a gradient has one place", pair[1].0))),
        None => Ok(()),
    }
}

// Safety of every launch below: rows and columns lie within their buffers, the pointers are of this device, and an output is
// borrowed mutably, so that it overlaps nothing.
impl Device {
    /// Through [`attention`](Self::attention), from its operands, its result and the result's gradient to those of queries, keys and
    /// values: [`attention_backward`](plasma_kernels_device::attention_backward). Rows of no sequence stay as they are.
    ///
    /// # Errors
    /// As [`attention`](Self::attention), and if sequences share keys.
    pub fn attention_backward(
        &self,
        spans: &[Span],
        heads: Heads,
        (mask, scale): (Mask, f32),
        [q, k, v, y, dy]: [Columns; 5],
        [mut dq, mut dk, mut dv]: [ColumnsMut; 3],
    ) -> Result<(), Error> {
        let [wide, narrow] = heads.columns()?;
        let [rows, rows_of_keys] = ends(spans, mask)?;
        apart(spans)?;
        let count = u32::try_from(rows).map_err(|_| Error::Shape("queries end beyond row 2^32".into()))?;
        let on = self.upload(spans)?;
        let mut statistics = self.alloc(rows as usize * heads.queries as usize * STATISTICS)?;
        let parts = Parts {
            q: q.pointer(self, "q", rows, wide)?,
            k: k.pointer(self, "k", rows_of_keys, narrow)?,
            v: v.pointer(self, "v", rows_of_keys, narrow)?,
            y: y.pointer(self, "y", rows, wide)?,
            dy: dy.pointer(self, "dy", rows, wide)?,
            dq: dq.pointer(self, "dq", rows, wide)?,
            dk: dk.pointer(self, "dk", rows_of_keys, narrow)?,
            dv: dv.pointer(self, "dv", rows_of_keys, narrow)?,
            statistics: self.pointer_mut("the statistics", &mut statistics)?,
            spans: self.pointer("spans", &on)?,
            strides: [q.stride, k.stride, v.stride, y.stride, dy.stride, dq.stride, dk.stride, dv.stride],
            sequences: spans.len() as u32,
            longest: spans.iter().map(|span| span.queries).max().unwrap_or(0),
            heads: heads.queries,
            shared_by: heads.queries / heads.keys,
            dim: heads.dim,
            rows: count,
            mask,
            scale,
        };
        unsafe { self.launch(&AttentionQueries(parts))? };
        let longest = spans.iter().map(|span| span.keys).max().unwrap_or(0);
        unsafe { self.launch(&AttentionKeys(Parts { longest, ..parts })) }
    }

    /// Through [`rotary`](Self::rotary), by the same table and places: the gradient of a turn is the turn back.
    ///
    /// # Errors
    /// As [`rotary`](Self::rotary).
    pub fn rotary_backward(
        &self,
        sizes: [u32; 2],
        table: &Buffer<f32>,
        places: &Buffer<u32>,
        dy: Columns,
        dx: ColumnsMut,
    ) -> Result<(), Error> {
        self.turned(Turn::Back, sizes, (table, places), dy, dx)
    }

    /// Through [`gather`](Self::gather), to the table: [`GatherBackward`].
    ///
    /// # Errors
    /// If lengths or devices do not fit, or the driver fails.
    pub fn gather_backward(
        &self,
        columns: u32,
        dy: &Buffer<f32>,
        indices: &Buffer<u32>,
        dtable: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        let entries = dtable.len().checked_div(columns as usize).unwrap_or(0);
        let entries = u32::try_from(entries).map_err(|_| Error::Shape("the table has more than 2^32 rows".into()))?;
        let rows = u32::try_from(indices.len()).map_err(|_| Error::Shape("indices has more than 2^32 elements".into()))?;
        dtable.holds("the table's gradient", area(entries, columns))?;
        dy.holds("dy", area(rows, columns))?;
        let (dy, indices) = (self.pointer("dy", dy)?, self.pointer("indices", indices)?);
        let dtable = self.pointer_mut("the table's gradient", dtable)?;
        unsafe { self.launch(&GatherBackward { dy, indices, dtable, entries, rows, columns }) }
    }

    /// Through [`mean`](Self::mean) of the same sequences: [`MeanBackward`]. Rows of no sequence stay as they are.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn mean_backward(&self, spans: &[Span], columns: u32, dy: &Buffer<f32>, dx: &mut Buffer<f32>) -> Result<(), Error> {
        let [rows, _] = ends(spans, Mask::All)?;
        dy.holds("dy", spans.len() as u128 * u128::from(columns))?;
        let on = self.upload(spans)?;
        let dx = ColumnsMut::from((dx, columns)).pointer(self, "dx", rows, columns.into())?;
        let (dy, spans, sequences) = (self.pointer("dy", dy)?, self.pointer("spans", &on)?, spans.len() as u32);
        unsafe { self.launch(&MeanBackward { dy, dx, spans, sequences, columns }) }
    }
}
