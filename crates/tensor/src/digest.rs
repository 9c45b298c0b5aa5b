use sha2::{Digest, Sha256};

use crate::{Job, Result, Source};

/// Bytes read at a time.
const BLOCK: u64 = 1 << 20;

/// SHA-256 of a source, as 64 hexadecimal digits.
///
/// - errors: `FILE_UNREADABLE`, `ABORTED`
/// - memory: 1 MiB
pub(crate) fn sha256(source: &Source, job: &Job) -> Result<String> {
    job.expect(source.length());
    let mut hash = Sha256::new();
    let mut block = Vec::new();
    let mut at = 0;
    while at < source.length() {
        job.check()?;
        block.resize((source.length() - at).min(BLOCK) as usize, 0);
        source.read(at, &mut block)?;
        hash.update(&block);
        job.advance(block.len() as u64);
        at += block.len() as u64;
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
