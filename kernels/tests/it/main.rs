//! The kernels against what others published, against exact references, and against one another, bit by bit.

mod accuracy;
mod backward;
mod committed;
mod convolve;
mod device;
mod gradients;
mod layers;
mod learn;
mod models;
mod programs;
mod ptx;
mod same_bits;
mod special;
mod tape;
mod training;
mod transformer;
