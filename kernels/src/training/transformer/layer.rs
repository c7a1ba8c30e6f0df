//! A layer of a decoder that learns, there and back.

use super::net::{Builder, Norm, Product, Room, Slopes, columns};
use crate::device::Buffer;
use crate::models::Error;
use crate::models::decoder::{Form, Names};
use crate::models::layers::Layout;
use crate::ops::{Columns, ColumnsMut, Heads};
use plasma_kernels_device::attention::{Mask, Span};
use plasma_kernels_device::map::{Binary, Unary};

pub(super) struct Layer {
    before: Norm,
    /// Queries, keys and values side by side.
    look: Product,
    take: Product,
    between: Norm,
    inner: Product,
    /// What the inner columns are multiplied by, where there is a gate.
    gate: Option<Product>,
    outer: Product,
}

/// Queries and keys turned by their places.
type Turned = [Buffer<f32>; 2];

/// Which tokens belong together, and how they look at one another.
pub(super) struct Texts<'a> {
    pub spans: Vec<Span>,
    pub heads: Heads,
    /// The function between products.
    pub function: Unary,
    /// Cosines and sines of places, and the place of every token, where places turn.
    pub turns: Option<(&'a Buffer<f32>, &'a Buffer<u32>)>,
}

/// What rows became on their way through a layer.
pub(super) struct Passed {
    x: Buffer<f32>,
    /// After the first norm.
    normed: Buffer<f32>,
    looked: Buffer<f32>,
    /// None where places do not turn.
    turned: Option<Turned>,
    taken: Buffer<f32>,
    /// After attention.
    between: Buffer<f32>,
    /// After the second norm.
    normed_again: Buffer<f32>,
    inner: Buffer<f32>,
    gate: Option<Buffer<f32>>,
    active: Buffer<f32>,
}

impl Layer {
    /// Takes the layer of this number out of the builder's source.
    pub fn new(builder: &mut Builder, form: &Form, names: &Names, i: u32) -> Result<Self, Error> {
        let ([wide, narrow], width, inner) = (columns(form.heads), form.width, form.inner);
        let at = |part: &str| format!("{}.{i}.{part}", names.layers);
        let part = |name: &str, output: u32| (at(name), output);
        let norm = |builder: &mut Builder, name: &str| builder.norm(&at(name), width, !form.rms, form.epsilon);
        if form.rms {
            let parts = [part("self_attn.q_proj", wide), part("self_attn.k_proj", narrow), part("self_attn.v_proj", narrow)];
            let by = Layout::ByOutput;
            Ok(Self {
                before: norm(builder, "input_layernorm")?,
                look: builder.product(&parts, width, by, false)?,
                take: builder.product(&[part("self_attn.o_proj", width)], wide, by, false)?,
                between: norm(builder, "post_attention_layernorm")?,
                inner: builder.product(&[part("mlp.up_proj", inner)], width, by, false)?,
                gate: Some(builder.product(&[part("mlp.gate_proj", inner)], width, by, false)?),
                outer: builder.product(&[part("mlp.down_proj", width)], inner, by, false)?,
            })
        } else {
            let by = Layout::ByInput;
            Ok(Self {
                before: norm(builder, "ln_1")?,
                look: builder.product(&[part("attn.c_attn", 3 * width)], width, by, true)?,
                take: builder.product(&[part("attn.c_proj", width)], width, by, true)?,
                between: norm(builder, "ln_2")?,
                inner: builder.product(&[part("mlp.c_fc", inner)], width, by, true)?,
                gate: None,
                outer: builder.product(&[part("mlp.c_proj", width)], inner, by, true)?,
            })
        }
    }

    /// The rows after this layer, and what it needs to find back.
    pub fn run(&self, room: Room, texts: &Texts, x: Buffer<f32>) -> Result<(Buffer<f32>, Passed), Error> {
        let normed = self.before.run(room, &x)?;
        let looked = self.look.run(room, &normed, None)?;
        let (turned, taken) = texts.attend(room, &looked)?;
        let between = self.take.run(room, &taken, Some(&x))?;
        let normed_again = self.between.run(room, &between)?;
        let inner = self.inner.run(room, &normed_again, None)?;
        let gate = self.gate.as_ref().map(|gate| gate.run(room, &normed_again, None)).transpose()?;
        let active = match &gate {
            Some(gate) => room.zipped(Binary::Swiglu, gate, &inner)?,
            None => room.mapped(texts.function, &inner)?,
        };
        let y = self.outer.run(room, &active, Some(&between))?;
        Ok((y, Passed { x, normed, looked, turned, taken, between, normed_again, inner, gate, active }))
    }

    /// Back through the layer, from the slope of its rows to that of the rows before; weights' slopes are noted.
    pub fn back(
        &self,
        room: Room,
        texts: &Texts,
        passed: &Passed,
        dy: &Buffer<f32>,
        slopes: &mut Slopes,
    ) -> Result<Buffer<f32>, Error> {
        let of_active = self.outer.back(room, &passed.active, dy, slopes)?;
        let of_normed = match (&self.gate, &passed.gate) {
            (Some(product), Some(gate)) => {
                let [of_gate, of_inner] = room.unzipped(Binary::Swiglu, [gate, &passed.inner, &of_active])?;
                let through_gate = product.back(room, &passed.normed_again, &of_gate, slopes)?;
                let through_inner = self.inner.back(room, &passed.normed_again, &of_inner, slopes)?;
                room.zipped(Binary::Add, &through_gate, &through_inner)?
            }
            _ => {
                let of_inner = room.slope(texts.function, &passed.inner, &of_active)?;
                self.inner.back(room, &passed.normed_again, &of_inner, slopes)?
            }
        };
        let of_between = self.between.back(room, &passed.between, &of_normed, Some(dy), slopes)?;
        let of_taken = self.take.back(room, &passed.taken, &of_between, slopes)?;
        let of_looked = texts.attend_back(room, passed, &of_taken)?;
        let of_normed = self.look.back(room, &passed.normed, &of_looked, slopes)?;
        self.before.back(room, &passed.x, &of_normed, Some(&of_between), slopes)
    }
}

impl Texts<'_> {
    /// The places of queries, keys and values in rows that have them side by side.
    fn parts<'a>(&self, looked: &'a Buffer<f32>) -> [Columns<'a>; 3] {
        let [wide, narrow] = columns(self.heads);
        [0, wide, wide + narrow].map(|first| Columns { of: looked, first: first as usize, stride: wide + 2 * narrow })
    }

    fn how(&self) -> (Mask, f32) {
        (Mask::Causal, 1.0 / (self.heads.dim as f32).sqrt())
    }

    /// Queries and keys turned by their places, where they turn, and what attention makes of them.
    fn attend(&self, room: Room, looked: &Buffer<f32>) -> Result<(Option<Turned>, Buffer<f32>), Error> {
        let Heads { queries, keys, dim } = self.heads;
        let [wide, narrow] = columns(self.heads);
        let [mut q, mut k, v] = self.parts(looked);
        let turned = match self.turns {
            Some((table, places)) => {
                let (mut on_q, mut on_k) = (room.space(wide)?, room.space(narrow)?);
                room.device.rotary([queries, dim], table, places, q, (&mut on_q, wide).into())?;
                room.device.rotary([keys, dim], table, places, k, (&mut on_k, narrow).into())?;
                Some([on_q, on_k])
            }
            None => None,
        };
        if let Some([on_q, on_k]) = &turned {
            (q, k) = ((on_q, wide).into(), (on_k, narrow).into());
        }
        let mut taken = room.space(wide)?;
        room.device.attention(&self.spans, self.heads, self.how(), [q, k, v], (&mut taken, wide).into())?;
        Ok((turned, taken))
    }

    /// Back to queries, keys and values side by side.
    fn attend_back(&self, room: Room, passed: &Passed, of_taken: &Buffer<f32>) -> Result<Buffer<f32>, Error> {
        let (device, Heads { queries, keys, dim }) = (room.device, self.heads);
        let [wide, narrow] = columns(self.heads);
        let [mut q, mut k, v] = self.parts(&passed.looked);
        if let Some([on_q, on_k]) = &passed.turned {
            (q, k) = ((on_q, wide).into(), (on_k, narrow).into());
        }
        let from = [q, k, v, (&passed.taken, wide).into(), (of_taken, wide).into()];
        let (mut dq, mut dk, mut dv) = (room.space(wide)?, room.space(narrow)?, room.space(narrow)?);
        let to: [ColumnsMut; 3] = [(&mut dq, wide).into(), (&mut dk, narrow).into(), (&mut dv, narrow).into()];
        device.attention_backward(&self.spans, self.heads, self.how(), from, to)?;
        let mut all = room.space(wide + 2 * narrow)?;
        let stride = wide + 2 * narrow;
        let mut put = |first: u32, heads: u32, x: &Buffer<f32>, turns: bool| {
            let to = ColumnsMut { of: &mut all, first: first as usize, stride };
            match self.turns.filter(|_| turns) {
                Some((table, places)) => device.rotary_backward([heads, dim], table, places, (x, heads * dim).into(), to),
                None => device.place([room.rows, heads * dim], (x, heads * dim).into(), to),
            }
        };
        put(0, queries, &dq, true)?;
        put(wide, keys, &dk, true)?;
        put(wide + narrow, keys, &dv, false)?;
        Ok(all)
    }
}
