//! The run folder.

use miette::{IntoDiagnostic, WrapErr, miette};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where a run keeps what it makes.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes a new folder: `out` if given, which must not exist yet, else a free name under `runs/`.
    pub fn create(out: Option<&Path>, scenario: &Path) -> miette::Result<Self> {
        Ok(Self { root: new_root(out, &stem(scenario), "run")? })
    }

    /// Takes a new folder back, for a run that could not begin.
    pub fn discard(&self) {
        let _ = fs::remove_dir_all(&self.root);
    }

    /// An existing run folder.
    pub fn open(root: &Path) -> miette::Result<Self> {
        if root.is_dir() {
            Ok(Self { root: root.to_path_buf() })
        } else {
            Err(miette!(help = "name the folder that `plasma run` wrote", "{} is not a run folder", root.display()))
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// What the run was and came to.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("manifest.json")
    }

    /// Every record.
    pub fn log(&self) -> PathBuf {
        self.root.join("log.plasma")
    }

    /// The resolved scenario.
    pub fn scenario(&self) -> PathBuf {
        self.root.join("scenario.toml")
    }

    /// Where an interrupted run continues.
    pub fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint.bin")
    }

    /// The charts.
    pub fn charts(&self) -> PathBuf {
        self.root.join("charts")
    }

    /// Every file that is made of a run, by its path in here, with its BLAKE3: not the log, the scenario, the checkpoint and the
    /// manifest, which answer for themselves.
    pub fn results(&self) -> miette::Result<BTreeMap<String, String>> {
        let own = [self.log(), self.scenario(), self.checkpoint(), self.manifest()];
        let mut digests = BTreeMap::new();
        for (folder, name) in [(&self.root, ""), (&self.charts(), "charts/")] {
            for entry in fs::read_dir(folder).into_diagnostic()? {
                let path = entry.into_diagnostic()?.path();
                if path.is_file() && !own.contains(&path) {
                    let file = format!("{name}{}", path.file_name().unwrap_or_default().to_string_lossy());
                    digests.insert(file, digest(&path)?);
                }
            }
        }
        Ok(digests)
    }

    /// The report.
    pub fn report(&self) -> PathBuf {
        self.root.join("report.html")
    }

    /// The summary as JSON.
    pub fn summary(&self) -> PathBuf {
        self.root.join("summary.json")
    }
}

/// Name of a file without its ending.
pub fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy().into_owned())
}

/// Makes a new folder with a place for charts: `out` if given, which must not exist yet, else `runs/NAME`, or with a number when that
/// is taken. `command` continues what such a folder holds.
pub fn new_root(out: Option<&Path>, name: &str, command: &str) -> miette::Result<PathBuf> {
    if let Some(out) = out.filter(|out| out.exists()) {
        let help = format!("choose another --out, remove the folder, or continue it with `plasma {command} --resume`");
        return Err(miette!(help = help, "{} is already there", out.display()));
    }
    let free = || {
        let names = (1..).map(|n| Path::new("runs").join(if n == 1 { name.to_owned() } else { format!("{name}-{n}") }));
        names.into_iter().find(|path| !path.exists()).expect("some number is free")
    };
    let root = out.map_or_else(free, Path::to_path_buf);
    let context = || format!("cannot make the folder {}", root.display());
    fs::create_dir_all(root.join("charts")).into_diagnostic().wrap_err_with(context)?;
    Ok(root)
}

/// BLAKE3 of a file, in hexadecimal.
pub fn digest(path: &Path) -> miette::Result<String> {
    let bytes = fs::read(path).into_diagnostic().wrap_err_with(|| format!("cannot read {}", path.display()))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

/// Writes a file so that a reader finds the old one or the new one, never half of either.
pub fn write_whole(path: &Path, bytes: &[u8]) -> miette::Result<()> {
    let context = || format!("cannot write {}", path.display());
    let partial = path.with_extension("partial");
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written.into_diagnostic().wrap_err_with(context)
}

/// A log to read, given as itself or as the run folder that holds it; with the folder's manifest, if there is one.
pub fn log_of(path: &Path) -> miette::Result<(PathBuf, Option<crate::manifest::Manifest>)> {
    if !path.is_dir() {
        if !path.exists() {
            return Err(miette!(help = "name a run folder or a log file", "{} does not exist", path.display()));
        }
        // The log of a run folder is that folder's log, however it was named.
        let folder = Folder { root: path.parent().map_or_else(PathBuf::new, Path::to_path_buf) };
        let manifest = folder.manifest();
        let its_own = folder.log() == path && manifest.exists();
        return Ok((path.to_path_buf(), its_own.then(|| crate::manifest::Manifest::read(&manifest)).transpose()?));
    }
    let folder = Folder::open(path)?;
    let manifest = if folder.manifest().exists() { Some(crate::manifest::Manifest::read(&folder.manifest())?) } else { None };
    if !folder.log().exists() && manifest.is_none() {
        let help = "name the folder that `plasma run` wrote, or a log file";
        return Err(miette!(help = help, "{} is not a run folder", path.display()));
    }
    if !folder.log().exists() {
        let level = manifest.as_ref().map_or("unknown", |manifest| manifest.log.level.as_str());
        let help = "run the scenario again with --log full";
        return Err(miette!(help = help, "{} holds no log (its level is {level})", path.display()));
    }
    Ok((folder.log(), manifest))
}
