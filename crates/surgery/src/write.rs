//! Pieces to bytes: blocks in parallel, each read and written on its own.

use std::fs::File;
use std::io;
use std::sync::Mutex;

use espalier_tensor::{Error, Job, Model, Result};
use rayon::prelude::*;

use crate::gather::Window;
use crate::piece::{self, Piece};

/// Bytes written at a time by each thread: with what they are gathered from, they stay in a core's own cache.
const BLOCK: usize = 1 << 20;

/// Memory that a thread works in; kept from block to block.
#[derive(Default)]
struct Scratch {
    block: Vec<u8>,
    window: Window,
}

/// Pieces one after the other.
pub(crate) struct Stream<'p> {
    model: &'p Model,
    pieces: &'p [Piece],
    /// Where each piece begins.
    starts: Vec<u64>,
    pub length: u64,
}

impl<'p> Stream<'p> {
    pub fn new(model: &'p Model, pieces: &'p [Piece]) -> Stream<'p> {
        let starts = pieces
            .iter()
            .scan(0, |end, piece| {
                let start = *end;
                *end += piece.length();
                Some(start)
            })
            .collect();
        Stream { model, pieces, starts, length: piece::length(pieces) }
    }

    /// Fills `out` with the bytes from `at` on.
    fn read(&self, mut at: u64, mut out: &mut [u8], window: &mut Window) -> Result<()> {
        let mut index = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
        while !out.is_empty() {
            let piece = &self.pieces[index];
            let from = at - self.starts[index];
            let length = (piece.length() - from).min(out.len() as u64) as usize;
            let (now, later) = out.split_at_mut(length);
            piece.read(self.model, from, now, window)?;
            out = later;
            at += length as u64;
            index += 1;
        }
        Ok(())
    }

    /// All of it, in memory.
    pub fn to_bytes(&self, job: &Job) -> Result<Vec<u8>> {
        let length = usize::try_from(self.length).map_err(|_| Error::internal("longer than memory"))?;
        let mut bytes = vec![0; length];
        bytes.par_chunks_mut(BLOCK).enumerate().try_for_each_init(
            Window::default,
            |window, (index, block)| {
                job.check()?;
                self.read((index * BLOCK) as u64, block, window)?;
                job.advance(block.len() as u64);
                Ok(())
            },
        )?;
        Ok(bytes)
    }

    /// All of it, to a file that is empty. `fail`: what an error of writing becomes.
    pub fn to_file(&self, file: &File, job: &Job, fail: &(dyn Fn(io::Error) -> Error + Sync)) -> Result<()> {
        file.set_len(self.length).map_err(fail)?;
        let blocks = self.length.div_ceil(BLOCK as u64);
        let spare = Mutex::new(Vec::<Scratch>::new());
        let write = |block: u64| {
            job.check()?;
            let at = block * BLOCK as u64;
            let length = (self.length - at).min(BLOCK as u64) as usize;
            let mut scratch = spare.lock().map_err(Error::poisoned)?.pop().unwrap_or_default();
            scratch.block.resize(length, 0);
            let bytes = scratch.block.as_mut_slice();
            self.read(at, bytes, &mut scratch.window)?;
            write_at(file, at, bytes).map_err(fail)?;
            job.advance(length as u64);
            spare.lock().map_err(Error::poisoned)?.push(scratch);
            Ok(())
        };
        if SHARES_FILES {
            (0..blocks).into_par_iter().try_for_each(write)
        } else {
            (0..blocks).try_for_each(write)
        }
    }
}

/// Whether other threads can write to a file that this one has opened. In WebAssembly each has a table of open files of its own.
const SHARES_FILES: bool = cfg!(any(unix, windows));

#[cfg(unix)]
fn write_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Of a file that no other thread writes to.
#[cfg(not(any(unix, windows)))]
fn write_at(mut file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(windows)]
fn write_at(file: &File, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
