//! What the fuzzer calls with bytes from outside, and what the tests call with damaged samples: whatever the bytes are, the answer is
//! a sound value or an error in words.

use plasma_kernels::Device;
use plasma_kernels::models::decoder;
use plasma_kernels::models::encoder::Config;
use plasma_kernels::models::text::Text;
use plasma_kernels::models::weights::Weights;
use plasma_kernels::programs::training::{job, text_job};
use plasma_kernels::training::{Training, transformer};

/// A safetensors file: every tensor is as long as its shape says, or refused.
pub fn weights(bytes: &[u8]) {
    match Weights::new(bytes.to_vec()) {
        Ok(weights) => {
            for name in weights.names() {
                let shape = weights.shape(name).expect("a tensor that was named");
                let Ok(sides) = shape.iter().map(|&side| u32::try_from(side)).collect::<Result<Vec<_>, _>>() else { continue };
                match weights.get(name, &sides) {
                    Ok(values) => assert_eq!(values.len(), shape.iter().product::<usize>()),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A tokenizer: text goes in, and no more tokens come out than were allowed.
pub fn tokenizer(bytes: &[u8]) {
    match Text::new(bytes, 16) {
        Ok(text) => {
            if let Ok(tokens) = text.tokens("the quick brown fox, and again the quick brown fox jumps over the lazy dog") {
                assert!(tokens.len() <= 16);
                let _ = text.text(&tokens);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A configuration of a decoder or of an encoder.
pub fn config(bytes: &[u8]) {
    if let Err(error) = decoder::Config::new(bytes) {
        assert!(!error.to_string().is_empty());
    }
    match Config::new(bytes) {
        Ok(config) => assert!(config.hidden_size.is_multiple_of(config.num_attention_heads)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A checkpoint of the training that `sample` began: resumed and carried on by a step, or refused.
pub fn checkpoint(bytes: &[u8]) {
    let device = Device::open("cpu").expect("the CPU is always there");
    let (plan, examples) = job(&TRAINING, 1).expect("a small job");
    match Training::resume(&device, plan, &examples, bytes) {
        Ok(mut training) => {
            assert_eq!(training.checkpoint().expect("memory of the host").len(), bytes.len());
            training.step().expect("memory of the host");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The sizes of that training.
pub const TRAINING: [u64; 6] = [3, 4, 2, 5, 2, 1];

/// A checkpoint of the training of a decoder that `sample` began: resumed and carried on by a step, or refused.
pub fn decoder_checkpoint(bytes: &[u8]) {
    let device = Device::open("cpu").expect("the CPU is always there");
    let (plan, text) = text_job(&LEARNING, 1);
    match transformer::Training::resume(&device, plan, &text, None, bytes) {
        Ok(mut training) => {
            assert_eq!(training.checkpoint().expect("memory of the host").len(), bytes.len());
            training.step().expect("memory of the host");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The sizes of that training.
pub const LEARNING: [u64; 9] = [1, 1, 1, 2, 2, 4, 1, 2, 1];
