//! Text as numbers and back, by the tokenizer that a model was trained with.

use super::Error;
use tokenizers::{Tokenizer, TruncationParams};

const FILE: &str = "tokenizer.json";

/// The tokenizer of a `tokenizer.json`.
pub struct Text {
    tokenizer: Tokenizer,
}

impl Text {
    /// Takes the file; texts are cut to `longest` tokens.
    ///
    /// # Errors
    /// If the file is no tokenizer, or `longest` leaves no room for the tokens it adds to every text.
    pub fn new(bytes: &[u8], longest: u32) -> Result<Self, Error> {
        // The crate takes for granted that what it reads is JSON to the end, and stops the program where it is not.
        serde_json::from_slice::<serde_json::Value>(bytes).map_err(|error| Error::content(FILE, error))?;
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| Error::content(FILE, error))?;
        let added = tokenizer.get_post_processor().map_or(0, |post| tokenizers::PostProcessor::added_tokens(post, false));
        if added >= longest as usize {
            return Err(Error::content(FILE, format!("it adds {added} tokens to every text, and the model takes {longest}")));
        }
        let truncation = TruncationParams { max_length: longest as usize, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| Error::content(FILE, error))?;
        // Sequences keep their own lengths; nothing is computed for padding.
        tokenizer.with_padding(None);
        Ok(Self { tokenizer })
    }

    /// The tokens of a text, with those that the model expects around it.
    ///
    /// # Errors
    /// If the text cannot be cut into known tokens.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, Error> {
        let encoding = self.tokenizer.encode(text, true).map_err(|error| Error::Input(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of tokens.
    ///
    /// # Errors
    /// If the tokenizer has no way back.
    pub fn text(&self, tokens: &[u32]) -> Result<String, Error> {
        self.tokenizer.decode(tokens, true).map_err(|error| Error::Input(error.to_string()))
    }
}
