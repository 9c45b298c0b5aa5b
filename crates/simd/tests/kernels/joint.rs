//! Joint histograms on every instruction set have the counts of their definition.

use espalier_simd::{Isa, MOST_CODE_BITS, joint_histogram};

fn counts(isa: Isa, a: &[u8], b: &[u8], bits: u32) -> Vec<u32> {
    let mut counts = vec![0; 1 << (2 * bits)];
    joint_histogram(isa, a, b, bits, &mut counts);
    counts
}

#[test]
fn joint_histograms_equal_their_definition() {
    let mut random = fastrand::Rng::with_seed(1);
    for bits in 1..=MOST_CODE_BITS {
        for length in (0..200).chain([1000, 65_535, 65_536, 65_537, 140_001]) {
            // Any bytes: bits beyond those of a code are ignored.
            let a: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
            let b: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
            let expected = counts(Isa::Scalar, &a, &b, bits);
            assert_eq!(expected.iter().sum::<u32>() as usize, length);
            for isa in Isa::available() {
                assert_eq!(counts(isa, &a, &b, bits), expected, "{isa}, {bits} bits, {length} pairs");
            }
        }
    }
}

#[test]
fn one_cell_may_hold_them_all() {
    for isa in Isa::available() {
        for bits in 1..=MOST_CODE_BITS {
            let last = (1u8 << bits) - 1;
            let codes = vec![last; 200_000];
            let counts = counts(isa, &codes, &codes, bits);
            assert_eq!(counts.last(), Some(&200_000));
            assert_eq!(counts.iter().filter(|&&count| count > 0).count(), 1);
        }
    }
}

#[test]
fn counts_are_added_to_what_was_there() {
    for isa in Isa::available() {
        let mut counts = vec![7; 4];
        joint_histogram(isa, &[0, 1, 1], &[0, 0, 1], 1, &mut counts);
        assert_eq!(counts, [8, 7, 8, 8]);
    }
}

#[test]
#[should_panic(expected = "codes of 7 bits")]
fn no_more_bits_than_a_table_holds() {
    joint_histogram(Isa::Scalar, &[], &[], 7, &mut []);
}
