//! The committed PTX, and the digest of the sources it was made from.

/// PTX of one target.
#[derive(Clone, Copy, Debug)]
pub struct Ptx {
    /// Least compute capability, ten times the major plus the minor number.
    pub capability: u32,
    /// The text.
    pub text: &'static str,
}

/// What is committed, the newest target first.
pub const COMMITTED: [Ptx; 2] = [
    Ptx { capability: 90, text: include_str!("../ptx/sm_90.ptx") },
    Ptx { capability: 80, text: include_str!("../ptx/sm_80.ptx") },
];

/// The line by which a PTX file names its sources.
pub const SOURCES: &str = "// sources: ";

/// The best PTX for a device of this capability.
pub fn for_capability(capability: u32) -> Option<Ptx> {
    COMMITTED.into_iter().find(|ptx| ptx.capability <= capability)
}

impl Ptx {
    /// BLAKE3 of the sources it was made from, in hexadecimal, as its first line says.
    pub fn sources(&self) -> &'static str {
        self.text.lines().next().and_then(|line| line.strip_prefix(SOURCES)).unwrap_or_default()
    }
}

/// BLAKE3 of sources, in hexadecimal: of every file's name, length and text, by name.
pub fn digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    let mut hasher = blake3::Hasher::new_derive_key("plasma kernels sources v1");
    for (name, text) in files {
        for part in [name, text] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}
