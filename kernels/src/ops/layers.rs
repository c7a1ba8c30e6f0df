//! The operations that models are made of. Mathematical definitions stand with the kernels.

use super::{MAX_GRID, area, at_most};
use crate::device::{Buffer, Device, Error};
use plasma_kernels_device::attention::{Attention, MAX_DIM, Mask, Span};
use plasma_kernels_device::linear::{Finish, FinishI8};
use plasma_kernels_device::map::Unary;
use plasma_kernels_device::sequence::{Gather, Mean, Place, Rotary, Turn};

/// Some columns of a row-major matrix, to be read.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    /// The matrix.
    pub of: &'a Buffer<f32>,
    /// The place of the first row's first of these columns.
    pub first: usize,
    /// From row to row, in elements.
    pub stride: u32,
}

/// Some columns of a row-major matrix, to be written.
pub struct ColumnsMut<'a> {
    /// The matrix.
    pub of: &'a mut Buffer<f32>,
    /// The place of the first row's first of these columns.
    pub first: usize,
    /// From row to row, in elements.
    pub stride: u32,
}

/// How attention is cut into heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Heads of queries.
    pub queries: u32,
    /// Heads of keys and values; each serves as many heads of queries as there are to it.
    pub keys: u32,
    /// Columns of a head.
    pub dim: u32,
}

/// Demands that `rows` rows of `columns` columns lie within `len` elements and, when written, apart from each other.
fn reaches(what: &str, len: usize, (first, stride): (usize, u32), rows: u64, columns: u64, written: bool) -> Result<(), Error> {
    if written && columns > u64::from(stride) && rows > 1 {
        return Err(Error::Shape(format!("{what} would be written twice: {columns} columns in rows {stride} elements apart")));
    }
    let end = first as u128 + u128::from(rows.saturating_sub(1)) * u128::from(stride) + u128::from(columns);
    if rows > 0 && end > len as u128 {
        let said = format!("{what} holds {len} elements where {rows} rows of {columns} columns end at {end}");
        return Err(Error::Shape(said));
    }
    Ok(())
}

impl<'a> From<(&'a Buffer<f32>, u32)> for Columns<'a> {
    /// Whole rows of so many columns.
    fn from((of, stride): (&'a Buffer<f32>, u32)) -> Self {
        Self { of, first: 0, stride }
    }
}

impl<'a> From<(&'a mut Buffer<f32>, u32)> for ColumnsMut<'a> {
    /// Whole rows of so many columns.
    fn from((of, stride): (&'a mut Buffer<f32>, u32)) -> Self {
        Self { of, first: 0, stride }
    }
}

impl Columns<'_> {
    pub(super) fn pointer(&self, device: &Device, what: &'static str, rows: u64, columns: u64) -> Result<*const f32, Error> {
        reaches(what, self.of.len(), (self.first, self.stride), rows, columns, false)?;
        Ok(device.pointer(what, self.of)?.wrapping_add(self.first))
    }
}

impl ColumnsMut<'_> {
    pub(super) fn pointer(&mut self, device: &Device, what: &'static str, rows: u64, columns: u64) -> Result<*mut f32, Error> {
        reaches(what, self.of.len(), (self.first, self.stride), rows, columns, true)?;
        Ok(device.pointer_mut(what, self.of)?.wrapping_add(self.first))
    }
}

/// Demands that queries come in order and apart, and gives one past the last row of the queries and of the keys.
pub(super) fn ends(spans: &[Span], mask: Mask) -> Result<[u64; 2], Error> {
    let (mut queries, mut keys) = (0, 0);
    for (i, span) in spans.iter().enumerate() {
        if u64::from(span.first_query) < queries {
            return Err(Error::Shape(format!("sequence {i} begins at row {}, before the last one's end", span.first_query)));
        }
        if mask == Mask::Causal && span.keys < span.queries {
            return Err(Error::Shape(format!("sequence {i} has {} queries and only {} keys", span.queries, span.keys)));
        }
        queries = u64::from(span.first_query) + u64::from(span.queries);
        keys = keys.max(u64::from(span.first_key) + u64::from(span.keys));
    }
    at_most("sequences", spans.len() as u64, MAX_GRID, "cut the batch")?;
    Ok([queries, keys])
}

impl Heads {
    /// Demands that queries share keys evenly and heads are as wide as kernels take them; gives the columns of queries and of keys.
    pub(super) fn columns(self) -> Result<[u64; 2], Error> {
        let Self { queries, keys, dim } = self;
        if keys == 0 || !queries.is_multiple_of(keys) {
            return Err(Error::Shape(format!("{queries} heads of queries cannot share {keys} heads of keys evenly")));
        }
        at_most("dim", dim.into(), MAX_DIM as u64, "use more heads of fewer columns")?;
        at_most("heads", queries.into(), MAX_GRID, "cut the heads")?;
        Ok([queries, keys].map(|heads| u64::from(heads) * u64::from(dim)))
    }
}

// Safety of every launch below: rows and columns lie within their buffers, the pointers are of this device, and an output is
// borrowed mutably, so that it overlaps nothing.
impl Device {
    /// Attention of every sequence: [`Attention`]. `q`, `k`, `v` and `y` begin with the first head.
    ///
    /// # Errors
    /// If rows or columns lie outside a buffer, sequences overlap, heads do not share evenly or are wider than [`MAX_DIM`], or
    /// the driver fails.
    pub fn attention(
        &self,
        spans: &[Span],
        heads: Heads,
        (mask, scale): (Mask, f32),
        [q, k, v]: [Columns; 3],
        mut y: ColumnsMut,
    ) -> Result<(), Error> {
        let Heads { queries, keys, dim } = heads;
        let [wide, narrow] = heads.columns()?;
        let [rows, rows_of_keys] = ends(spans, mask)?;
        let on = self.upload(spans)?;
        let attention = Attention {
            q: q.pointer(self, "q", rows, wide)?,
            k: k.pointer(self, "k", rows_of_keys, narrow)?,
            v: v.pointer(self, "v", rows_of_keys, narrow)?,
            y: y.pointer(self, "y", rows, wide)?,
            spans: self.pointer("spans", &on)?,
            strides: [q.stride, k.stride, v.stride, y.stride],
            sequences: spans.len() as u32,
            longest: spans.iter().map(|span| span.queries).max().unwrap_or(0),
            heads: queries,
            shared_by: queries / keys,
            dim,
            mask,
            scale,
        };
        unsafe { self.launch(&attention) }
    }

    /// Rows of a table by index: [`Gather`].
    ///
    /// # Errors
    /// If lengths or devices do not fit, or the driver fails. So of every operation below.
    pub fn gather(&self, columns: u32, table: &Buffer<f32>, indices: &Buffer<u32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        let entries = table.len().checked_div(columns as usize).unwrap_or(0);
        let entries = u32::try_from(entries).map_err(|_| Error::Shape("the table has more than 2^32 rows".into()))?;
        let rows = self.count("indices", indices)?;
        table.holds("the table", area(entries, columns))?;
        y.holds("y", area(rows, columns))?;
        let (table, indices) = (self.pointer("the table", table)?, self.pointer("indices", indices)?);
        unsafe { self.launch(&Gather { table, indices, y: self.pointer_mut("y", y)?, entries, rows, columns }) }
    }

    fn count(&self, what: &'static str, of: &Buffer<u32>) -> Result<u32, Error> {
        u32::try_from(of.len()).map_err(|_| Error::Shape(format!("{what} has more than 2^32 elements")))
    }

    /// Heads turned by their places: [`Rotary`]. The table has rows of `dim` numbers.
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn rotary(
        &self,
        sizes: [u32; 2],
        table: &Buffer<f32>,
        places: &Buffer<u32>,
        x: Columns,
        y: ColumnsMut,
    ) -> Result<(), Error> {
        self.turned(Turn::Forth, sizes, (table, places), x, y)
    }

    pub(super) fn turned(
        &self,
        turn: Turn,
        [heads, dim]: [u32; 2],
        (table, places): (&Buffer<f32>, &Buffer<u32>),
        x: Columns,
        mut y: ColumnsMut,
    ) -> Result<(), Error> {
        if dim == 0 || !dim.is_multiple_of(2) {
            return Err(Error::Shape(format!("heads of {dim} columns have no two halves")));
        }
        let entries = u32::try_from(table.len() / dim as usize).unwrap_or(u32::MAX);
        table.holds("the table", area(entries, dim))?;
        let (rows, columns) = (self.count("places", places)?, u64::from(heads) * u64::from(dim));
        let rotary = Rotary {
            x: x.pointer(self, "x", rows.into(), columns)?,
            y: y.pointer(self, "y", rows.into(), columns)?,
            table: self.pointer("the table", table)?,
            places: self.pointer("places", places)?,
            strides: [x.stride, y.stride],
            entries,
            rows,
            heads,
            dim,
            turn,
        };
        unsafe { self.launch(&rotary) }
    }

    /// Rows moved: [`Place`].
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn place(&self, [rows, columns]: [u32; 2], x: Columns, mut y: ColumnsMut) -> Result<(), Error> {
        let place = Place {
            x: x.pointer(self, "x", rows.into(), columns.into())?,
            y: y.pointer(self, "y", rows.into(), columns.into())?,
            strides: [x.stride, y.stride],
            rows,
            columns,
        };
        unsafe { self.launch(&place) }
    }

    /// The mean row of every sequence: [`Mean`].
    ///
    /// # Errors
    /// As [`gather`](Self::gather), and if sequences overlap.
    pub fn mean(&self, spans: &[Span], columns: u32, x: &Buffer<f32>, y: &mut Buffer<f32>) -> Result<(), Error> {
        let [rows, _] = ends(spans, Mask::All)?;
        y.holds("y", spans.len() as u128 * u128::from(columns))?;
        let on = self.upload(spans)?;
        let x = Columns::from((x, columns)).pointer(self, "x", rows, columns.into())?;
        let (spans, sequences) = (self.pointer("spans", &on)?, spans.len() as u32);
        unsafe { self.launch(&Mean { x, y: self.pointer_mut("y", y)?, spans, sequences, columns }) }
    }

    fn finishing(
        &self,
        [rows, columns]: [u32; 2],
        function: Unary,
        bias: &Buffer<f32>,
        residual: Option<&Buffer<f32>>,
        y: &mut Buffer<f32>,
    ) -> Result<Finish, Error> {
        y.holds("y", area(rows, columns))?;
        bias.holds("the bias", columns.into())?;
        residual.map_or(Ok(()), |residual| residual.holds("the residual", area(rows, columns)))?;
        let residual = residual.map_or(Ok(std::ptr::null()), |residual| self.pointer("the residual", residual))?;
        let bias = self.pointer("the bias", bias)?;
        Ok(Finish { y: self.pointer_mut("y", y)?, bias, residual, rows, columns, function })
    }

    /// Bias, activation and residual, in place: [`Finish`].
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn finish(
        &self,
        sizes: [u32; 2],
        function: Unary,
        bias: &Buffer<f32>,
        residual: Option<&Buffer<f32>>,
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        unsafe { self.launch(&self.finishing(sizes, function, bias, residual, y)?) }
    }

    /// The same after an integer product, with the scales of its rows and columns: [`FinishI8`].
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn finish_i8(
        &self,
        sizes: [u32; 2],
        (sums, [row_scales, column_scales]): (&Buffer<i32>, [&Buffer<f32>; 2]),
        function: Unary,
        bias: &Buffer<f32>,
        residual: Option<&Buffer<f32>>,
        y: &mut Buffer<f32>,
    ) -> Result<(), Error> {
        let finish = self.finishing(sizes, function, bias, residual, y)?;
        sums.holds("the sums", area(sizes[0], sizes[1]))?;
        row_scales.holds("the scales of rows", sizes[0].into())?;
        column_scales.holds("the scales of columns", sizes[1].into())?;
        let sums = self.pointer("the sums", sums)?;
        let row_scales = self.pointer("the scales of rows", row_scales)?;
        let column_scales = self.pointer("the scales of columns", column_scales)?;
        unsafe { self.launch(&FinishI8 { sums, row_scales, column_scales, finish }) }
    }
}
