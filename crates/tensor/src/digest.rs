use sha2::{Digest, Sha256};

use crate::{Job, Result, Source};

/// SHA-256 of a source, as 64 hexadecimal digits.
///
/// - errors: `FILE_UNREADABLE`, `ABORTED`
/// - memory: 1 MiB
pub(crate) fn sha256(source: &Source, job: &Job) -> Result<String> {
    job.expect(source.length());
    let mut block = vec![0; 1 << 20];
    let mut hash = Sha256::new();
    let mut at = 0;
    while at < source.length() {
        job.check()?;
        let length = (source.length() - at).min(block.len() as u64) as usize;
        source.read(at, &mut block[..length])?;
        hash.update(&block[..length]);
        job.advance(length as u64);
        at += length as u64;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
