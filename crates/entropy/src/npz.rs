//! NumPy's `.npz`: a zip archive, not compressed, with one `.npy` array of float32 for each name.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive that is being written. Its bytes depend on what is written alone: no times, no names of machines.
pub(crate) struct Npz<'a> {
    zip: Option<ZipWriter<BufWriter<&'a File>>>,
    names: HashSet<String>,
}

impl<'a> Npz<'a> {
    pub fn new(file: &'a File) -> Self {
        Self { zip: Some(ZipWriter::new(BufWriter::new(file))), names: HashSet::new() }
    }

    /// Begins the array of a tensor; what is written next are its elements, little-endian, in row-major order.
    ///
    /// It is named as the tensor, where that is a name for a file: else with `%` and hexadecimal digits for single
    /// bytes, as in URLs. A name that is taken gets `~2`, `~3`, … behind it.
    pub fn begin(&mut self, name: &str, dims: &[u64]) -> io::Result<()> {
        let header = header(dims);
        let bytes = dims.iter().product::<u64>() * 4 + header.len() as u64;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(bytes >= u64::from(u32::MAX));
        let name = self.free_name(escaped(name));
        self.zip()?.start_file(name + ".npy", options)?;
        self.write(&header)
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip()?.write_all(bytes)
    }

    pub fn finish(mut self) -> io::Result<()> {
        let zip = self.zip.take().ok_or_else(closed)?;
        zip.finish()?.flush()
    }

    fn zip(&mut self) -> io::Result<&mut ZipWriter<BufWriter<&'a File>>> {
        self.zip.as_mut().ok_or_else(closed)
    }

    fn free_name(&mut self, name: String) -> String {
        let mut free = name.clone();
        let mut copy = 1;
        while !self.names.insert(free.clone()) {
            copy += 1;
            free = format!("{name}~{copy}");
        }
        free
    }
}

impl Drop for Npz<'_> {
    fn drop(&mut self) {
        // Not finished, so not wanted: its own `drop` would still write a directory, and report on stderr where the
        // disk is full. It owns no more than a buffer and the names so far.
        std::mem::forget(self.zip.take());
    }
}

fn closed() -> io::Error {
    io::Error::other("the archive is closed")
}

/// The header of version 1.0: magic, its length, a Python dictionary, spaces up to a multiple of 64 bytes.
fn header(dims: &[u64]) -> Vec<u8> {
    let mut shape: String = dims.iter().map(|length| format!("{length}, ")).collect();
    // (), (3,), (3, 4)
    shape.truncate(shape.len().saturating_sub(if dims.len() == 1 { 1 } else { 2 }));
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
    const BEFORE: usize = 10;
    let length = (BEFORE + text.len() + 1).next_multiple_of(64) - BEFORE;
    text.extend(std::iter::repeat_n(' ', length - 1 - text.len()));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    // A tensor has at most 255 axes, so this is below 8 KiB.
    header.extend((length as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

/// What would lead out of the folder that the archive is unpacked in, and what no file system takes, is escaped. Slashes
/// at either end, or two in a row, are no folders.
fn escaped(name: &str) -> String {
    let segments: Vec<&str> = name.split('/').collect();
    let mut escaped = escaped_segment(segments[0]);
    for pair in segments.windows(2) {
        escaped += if pair.contains(&"") { "%2F" } else { "/" };
        escaped += &escaped_segment(pair[1]);
    }
    escaped
}

fn escaped_segment(segment: &str) -> String {
    let dots = matches!(segment, "." | "..");
    let mut escaped = String::new();
    for c in segment.chars() {
        if dots || matches!(c, '%' | '\\') || c.is_control() {
            let mut bytes = [0; 4];
            escaped.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escaped, header};

    #[test]
    fn names_that_are_files_stay() {
        for name in
            ["layer1.0.conv1.weight", "onnx::MatMul_123", "encoder/block.0/ä", "a b", "...", "x~2", ""]
        {
            assert_eq!(escaped(name), name);
        }
    }

    #[test]
    fn names_that_lead_elsewhere_do_not() {
        for (name, expected) in [
            ("/etc/x", "%2Fetc/x"),
            ("../../x", "%2E%2E/%2E%2E/x"),
            ("a/./b", "a/%2E/b"),
            ("a//b", "a%2F%2Fb"),
            ("a/", "a%2F"),
            ("/", "%2F"),
            ("c:\\x", "c:%5Cx"),
            ("50%", "50%25"),
            ("nul\0\n", "nul%00%0A"),
        ] {
            assert_eq!(escaped(name), expected);
        }
    }

    #[test]
    fn headers_are_those_of_numpy() {
        for (dims, shape) in [(&[][..], "()"), (&[5], "(5,)"), (&[3, 4], "(3, 4)"), (&[0, 1, 2], "(0, 1, 2)")]
        {
            let header = header(dims);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(&header[..8], b"\x93NUMPY\x01\0");
            assert_eq!(u16::from_le_bytes([header[8], header[9]]) as usize, header.len() - 10);
            let text = String::from_utf8_lossy(&header[10..]);
            let expected = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
            assert_eq!(text.trim_end_matches([' ', '\n']), expected);
            assert!(text.ends_with('\n'));
        }
        assert_eq!(header(&[u64::MAX; 255]).len() % 64, 0);
    }
}
