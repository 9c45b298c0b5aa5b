//! Counts of pairs of small codes: the joint histogram of two variables.

use crate::isa::{Instructions, Isa, Kernel};

/// The most bits of a code.
pub const MOST_CODE_BITS: u32 = 6;

/// Rows that are counted in u16 before they are added up: no count of any table reaches its end.
const ROWS: usize = 1 << 16;
/// Pairs whose cells are found at once, by vector instructions.
const BLOCK: usize = 64;

/// Adds to `counts[a[i] << bits | b[i]]` one for each i.
///
/// - `a`, `b`: codes below `1 << bits`; higher bits are ignored
/// - `bits`: 1 to [`MOST_CODE_BITS`]
/// - `counts`: one for each cell, `1 << (2 * bits)`; wraps beyond `u32::MAX`
/// - method: neighbouring pairs are counted in tables of their own, so that no addition waits for the one before
/// - panics: where lengths or `bits` are not so
pub fn joint_histogram(isa: Isa, a: &[u8], b: &[u8], bits: u32, counts: &mut [u32]) {
    assert_eq!(a.len(), b.len(), "pairs of codes");
    assert!((1..=MOST_CODE_BITS).contains(&bits), "codes of {bits} bits");
    assert_eq!(counts.len(), 1 << (2 * bits), "one count for each cell");
    isa.run(Joint { a, b, bits, counts });
}

struct Joint<'a> {
    a: &'a [u8],
    b: &'a [u8],
    bits: u32,
    counts: &'a mut [u32],
}

#[inline(always)]
fn cell(a: u8, b: u8, bits: u32) -> u16 {
    let mask = (1u16 << bits) - 1;
    (u16::from(a) & mask) << bits | (u16::from(b) & mask)
}

impl Kernel for Joint<'_> {
    type Output = ();

    fn scalar(self) {
        let Self { a, b, bits, counts } = self;
        for (&a, &b) in a.iter().zip(b) {
            let count = &mut counts[usize::from(cell(a, b, bits))];
            *count = count.wrapping_add(1);
        }
    }

    #[inline(always)]
    fn blocks<I: Instructions>(self, _: I) {
        let Self { a, b, bits, counts } = self;
        for (a, b) in a.chunks(ROWS).zip(b.chunks(ROWS)) {
            match bits {
                1..=2 => count::<8, 16>(a, b, bits, counts),
                3 => count::<8, 64>(a, b, bits, counts),
                4 => count::<8, 256>(a, b, bits, counts),
                5 => count::<4, 1024>(a, b, bits, counts),
                _ => count::<2, 4096>(a, b, bits, counts),
            }
        }
    }
}

/// `CELLS` is a power of two, `TABLES` too.
#[inline(always)]
fn count<const TABLES: usize, const CELLS: usize>(a: &[u8], b: &[u8], bits: u32, counts: &mut [u32]) {
    let mut tables = [[0u16; CELLS]; TABLES];
    let (a_blocks, a_rest) = a.as_chunks::<BLOCK>();
    let (b_blocks, b_rest) = b.as_chunks::<BLOCK>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        let mut cells = [0u16; BLOCK];
        for (c, (&a, &b)) in cells.iter_mut().zip(a.iter().zip(b)) {
            *c = cell(a, b, bits);
        }
        for cells in cells.as_chunks::<TABLES>().0 {
            for (table, &cell) in tables.iter_mut().zip(cells) {
                table[usize::from(cell) % CELLS] += 1;
            }
        }
    }
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        tables[0][usize::from(cell(a, b, bits)) % CELLS] += 1;
    }
    for table in &tables {
        for (count, &own) in counts.iter_mut().zip(table) {
            *count = count.wrapping_add(u32::from(own));
        }
    }
}
