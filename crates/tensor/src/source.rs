use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::{Code, Error, Result};

/// Bytes by position: a file that stays open, or memory. Shared freely between threads; nothing is loaded whole.
///
/// Files are read, not mapped: one that another program truncates meanwhile is an error here and not a crash.
#[derive(Debug)]
pub struct Source {
    bytes: Bytes,
    length: u64,
    path: Option<PathBuf>,
    /// None in memory.
    stamp: Option<Stamp>,
}

/// What tells one state of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    /// None where the system does not say.
    modified: Option<SystemTime>,
    /// Device and number of the file; zeros where there are none.
    file: (u64, u64),
}

#[derive(Debug)]
enum Bytes {
    File(File),
    /// A file that is opened for each read.
    Closed(PathBuf),
    Memory(Arc<[u8]>),
}

impl Source {
    /// A file that stays open, where threads can share one.
    ///
    /// errors: `FILE_NOT_FOUND`, `FILE_UNREADABLE` (no permission, a folder, a device)
    pub fn open(path: &Path) -> Result<Source> {
        let fail = |error: &io::Error| {
            let code = if error.kind() == io::ErrorKind::NotFound {
                Code::FileNotFound
            } else {
                Code::FileUnreadable
            };
            let what = match code {
                Code::FileNotFound => "there is no such file".to_owned(),
                _ => format!("cannot open it: {error}"),
            };
            Error::new(code, what).in_file(path)
        };
        let found = std::fs::metadata(path).map_err(|error| fail(&error))?;
        if !found.is_file() {
            let kind = if found.is_dir() { "a folder" } else { "not a regular file" };
            return Err(Error::new(Code::FileUnreadable, format!("it is {kind}")).in_file(path));
        }
        let file = File::open(path).map_err(|error| fail(&error))?;
        let stamp = Stamp::of(&file.metadata().map_err(|error| fail(&error))?);
        let length = stamp.length;
        let bytes = if SHARES_FILES { Bytes::File(file) } else { Bytes::Closed(path.to_owned()) };
        Ok(Source { bytes, length, path: Some(path.to_owned()), stamp: Some(stamp) })
    }

    /// A file that is opened for each read, for models in more files than may be open at once.
    ///
    /// errors: as [`Source::open`]
    pub fn open_briefly(path: &Path) -> Result<Source> {
        let source = Source::open(path)?;
        Ok(Source { bytes: Bytes::Closed(path.to_owned()), ..source })
    }

    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Source {
        let bytes = bytes.into();
        Source { length: bytes.len() as u64, bytes: Bytes::Memory(bytes), path: None, stamp: None }
    }

    /// Bytes in it when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The path it was opened by; none in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// errors: `FILE_UNREADABLE` where the file cannot be read or ended before that
    pub fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let inside = offset.checked_add(out.len() as u64).is_some_and(|end| end <= self.length);
        if !inside {
            return Err(self.place(Error::internal(format!(
                "read of {} bytes at {offset}, past the end at {}",
                out.len(),
                self.length
            ))));
        }
        match &self.bytes {
            Bytes::Memory(bytes) => {
                let start = offset as usize;
                out.copy_from_slice(&bytes[start..start + out.len()]);
                Ok(())
            }
            Bytes::File(file) => read_at(file, offset, out).map_err(|error| self.unreadable(&error)),
            Bytes::Closed(path) => {
                // Under the name there may be another file by now, or a pipe, which would be waited for.
                self.check_unchanged()?;
                let file = File::open(path).map_err(|error| self.unreadable(&error))?;
                self.compare(file.metadata())?;
                read_at(&file, offset, out).map_err(|error| self.unreadable(&error))
            }
        }
    }

    /// Is it what it was when it was opened? What was read of a file that others wrote to meanwhile fits nothing.
    ///
    /// errors: `FILE_UNREADABLE`
    pub fn check_unchanged(&self) -> Result<()> {
        match &self.bytes {
            Bytes::Memory(_) => Ok(()),
            Bytes::File(file) => self.compare(file.metadata()),
            Bytes::Closed(path) => self.compare(std::fs::metadata(path)),
        }
    }

    fn compare(&self, now: io::Result<Metadata>) -> Result<()> {
        let now = now.map_err(|error| self.unreadable(&error))?;
        if self.stamp.as_ref().is_none_or(|stamp| *stamp == Stamp::of(&now)) {
            return Ok(());
        }
        let what = if now.len() < self.length {
            "the file became shorter while it was read"
        } else {
            "the file changed while it was read"
        };
        Err(self.place(Error::new(Code::FileUnreadable, what).todo("Try again when nothing writes to it.")))
    }

    fn unreadable(&self, error: &io::Error) -> Error {
        let what = if error.kind() == io::ErrorKind::UnexpectedEof {
            "the file became shorter while it was read".to_owned()
        } else {
            format!("cannot read it: {error}")
        };
        self.place(Error::new(Code::FileUnreadable, what))
    }

    /// The error, with this file as its place.
    pub fn place(&self, error: Error) -> Error {
        match &self.path {
            Some(path) => error.in_file(path),
            None => error,
        }
    }
}

impl Stamp {
    fn of(found: &Metadata) -> Stamp {
        #[cfg(unix)]
        let file = {
            use std::os::unix::fs::MetadataExt;
            (found.dev(), found.ino())
        };
        #[cfg(not(unix))]
        let file = (0, 0);
        Stamp { length: found.len(), modified: found.modified().ok(), file }
    }
}

/// Whether what one thread has opened others can read at any place, all at once. In WebAssembly each thread has a table of open files
/// of its own, and files have one place that is read next.
const SHARES_FILES: bool = cfg!(any(unix, windows));

#[cfg(unix)]
fn read_at(file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                out = &mut out[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Of a file that this call alone has opened.
#[cfg(not(any(unix, windows)))]
fn read_at(mut file: &File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that fails answers a read with an error, as a file does that is open for writing only.
    #[test]
    fn a_read_that_fails_tells_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.onnx");
        std::fs::write(&path, [1; 64]).unwrap();
        let open = Source::open(&path).unwrap();
        let broken = File::options().write(true).open(&path).unwrap();
        let source = Source { bytes: Bytes::File(broken), ..open };
        let error = source.read(0, &mut [0; 8]).unwrap_err();
        assert_eq!(error.code(), Code::FileUnreadable);
        assert!(error.what().starts_with("cannot read it: "), "{}", error.what());
        assert_eq!(error.place().file.as_deref(), path.to_str());
    }
}
