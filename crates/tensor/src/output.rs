//! Outputs: written beside their place under another name, then renamed; gone again where that fails. Every file that is written
//! under a name that a caller gave is one of these.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use crate::{Code, Error, Model, Result};

/// A file that is being written under a temporary name. Dropped before [`Output::commit`], it leaves nothing behind.
pub struct Output {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<File>,
    /// What was there before and has left already, under another name.
    before: Option<PathBuf>,
}

/// A file in its place, which can be taken back until it is [`Placed::keep`]t.
pub struct Placed {
    path: PathBuf,
    /// What was there before, under another name.
    before: Option<PathBuf>,
    kept: bool,
}

impl Output {
    /// Begins a file that will be at `path`.
    ///
    /// errors: `OUTPUT_EXISTS` where something is there and `force` is not given, or where it is a file of `model`;
    /// `OUTPUT_UNWRITABLE`
    pub fn create(path: &Path, model: &Model, force: bool) -> Result<Output> {
        check(path, model, force)?;
        loop {
            let temporary = beside(path).ok_or_else(|| {
                Error::new(Code::OutputUnwritable, "the output's path names no file").in_file(path)
            })?;
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => {
                    return Ok(Output { path: path.to_owned(), temporary, file: Some(file), before: None });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unwritable(path, &error)),
            }
        }
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file under its temporary name.
    pub fn file(&self) -> Result<&File> {
        self.file.as_ref().ok_or_else(|| Error::internal("the output is closed"))
    }

    /// Is something in its place?
    pub fn replaces(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Takes away what is in its place; it comes back where the output does not take it.
    pub fn make_way(&mut self) -> Result<()> {
        if self.before.is_none() && self.replaces() {
            let fail = |error: &io::Error| unwritable(&self.path, error);
            let name = beside(&self.path).ok_or_else(|| fail(&io::ErrorKind::InvalidInput.into()))?;
            fs::rename(&self.path, &name).map_err(|error| fail(&error))?;
            self.before = Some(name);
        }
        Ok(())
    }

    /// Flushes the file and gives it its name.
    pub fn commit(mut self, force: bool) -> Result<Placed> {
        let fail = |error: &io::Error| unwritable(&self.path, error);
        if let Some(file) = self.file.take() {
            file.sync_all().map_err(|error| fail(&error))?;
        }
        if force {
            let before = match self.before.take() {
                Some(before) => Some(before),
                None => aside(&self.path).map_err(|error| fail(&error))?,
            };
            if let Err(error) = fs::rename(&self.temporary, &self.path) {
                if let Some(before) = &before {
                    restore(before, &self.path);
                }
                return Err(fail(&error));
            }
            return Ok(Placed { path: self.path.clone(), before, kept: false });
        }
        place_new(&self.temporary, &self.path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => fail(&error),
        })?;
        Ok(Placed { path: self.path.clone(), before: None, kept: false })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.file = None;
        if let Some(before) = &self.before {
            restore(before, &self.path);
        }
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Placed {
    /// It stays; what was there before is gone.
    pub fn keep(mut self) {
        self.kept = true;
        if let Some(before) = &self.before {
            let _ = fs::remove_file(before);
        }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        match &self.before {
            Some(before) => restore(before, &self.path),
            None => drop(fs::remove_file(&self.path)),
        }
    }
}

/// Puts back what was at `path`. That it fails cannot be helped: this is already the way out of an error.
fn restore(before: &Path, path: &Path) {
    let _ = fs::rename(before, path);
    // Renaming between two names of one file does nothing.
    let _ = fs::remove_file(before);
}

/// Keeps what is at `path` under a second name, so that it can come back. None where nothing is there.
fn aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let name = beside(path).ok_or(io::ErrorKind::InvalidInput)?;
    match fs::hard_link(path, &name) {
        Ok(()) => Ok(Some(name)),
        // A file system without hard links: the place is empty for a moment.
        Err(_) => fs::rename(path, &name).map(|()| Some(name)),
    }
}

/// Gives a file a name that nothing has; never replaces anything.
fn place_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) => Ok(()),
        // A file system without hard links: take the name with an empty file of our own, and replace that.
        Err(_) => {
            OpenOptions::new().write(true).create_new(true).open(to)?;
            fs::rename(from, to)
        }
    }
}

fn check(path: &Path, model: &Model, force: bool) -> Result<()> {
    let Ok(link) = fs::symlink_metadata(path) else { return Ok(()) };
    if model.sources().iter().filter_map(|source| source.path()).any(|source| same_file(source, path)) {
        let what = "the output is a file of the model itself, which is never written to";
        return Err(Error::new(Code::OutputExists, what).in_file(path).todo("Choose another output."));
    }
    if !force {
        return Err(exists(path));
    }
    let kind = fs::metadata(path).unwrap_or(link);
    if !kind.is_file() && !kind.is_symlink() {
        let what = if kind.is_dir() { "the output is a folder" } else { "the output is not a regular file" };
        return Err(Error::new(Code::OutputUnwritable, what).in_file(path).todo("Choose another output."));
    }
    Ok(())
}

fn exists(path: &Path) -> Error {
    Error::new(Code::OutputExists, "the output is there already").in_file(path)
}

/// The error of an output that could not be written to.
pub fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::new(Code::OutputUnwritable, format!("cannot write the output: {error}")).in_file(path)
}

/// A name beside `path` that nothing has, as far as chance can say. None where the path names no file.
fn beside(path: &Path) -> Option<PathBuf> {
    // Cut, so that it fits where the name itself just does.
    let name = path.file_name()?.to_string_lossy().chars().take(40).collect::<String>();
    let random = RandomState::new().hash_one(&name);
    Some(path.with_file_name(format!(".{name}.{random:016x}.tmp")))
}

#[cfg(unix)]
fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
