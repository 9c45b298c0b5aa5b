//! Histograms on every instruction set have the counts of their definition, whatever the values and the bins.

use crate::inputs::{ODD, bits, everywhere, weights};
use espalier_simd::{Bins, Isa, bin_indices, histogram};

fn counts(isa: Isa, x: &[f32], bins: Bins) -> Vec<u32> {
    let mut counts = vec![0; bins.count()];
    histogram(isa, x, bins, &mut counts);
    counts
}

#[test]
fn histograms_equal_their_definition() {
    for count in [1, 2, 16, 255, 256, 257, 1000] {
        let bins = Bins::new(-0.07, 0.06, count);
        everywhere(|isa, x| {
            assert_eq!(counts(isa, x, bins), counts(Isa::Scalar, x, bins), "{isa}, {count} bins of {x:?}");
            let (mut fast, mut definition) = (vec![0; x.len()], vec![0; x.len()]);
            bin_indices(isa, x, bins, &mut fast);
            bin_indices(Isa::Scalar, x, bins, &mut definition);
            assert_eq!(fast, definition, "{isa}, {count} bins of {x:?}");
        });
    }
}

#[test]
fn any_range_and_any_count_of_bins() {
    let finite = |x: Vec<f32>| x.into_iter().filter(|v| v.is_finite()).collect::<Vec<_>>();
    for (seed, x) in [finite(ODD.to_vec()), finite(bits(1, 5000)), weights(2, 5000)].iter().enumerate() {
        let mut random = fastrand::Rng::with_seed(seed as u64);
        for _ in 0..300 {
            let (a, b) = (x[random.usize(..x.len())], x[random.usize(..x.len())]);
            let bins = Bins::new(a.min(b), a.max(b), random.usize(1..=Bins::MOST));
            let expected = counts(Isa::Scalar, x, bins);
            assert_eq!(expected.iter().sum::<u32>() as usize, x.len());
            for isa in Isa::available() {
                assert_eq!(counts(isa, x, bins), expected, "{isa}, {bins:?}");
            }
        }
    }
}

#[test]
fn whole_numbers_fill_one_bin_each() {
    for count in [2, 3, 16, 100, 256, 1000, 65_536] {
        let x: Vec<f32> = (0..count).map(|v| v as f32).collect();
        for isa in Isa::available() {
            let counts = counts(isa, &x, Bins::new(0.0, (count - 1) as f32, count));
            assert!(counts.iter().all(|&n| n == 1), "{isa}, {count} bins");
        }
    }
}

#[test]
fn edges_count_upwards_and_the_maximum_to_the_last() {
    let bins = Bins::new(0.0, 4.0, 4);
    let placed: Vec<usize> = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0].iter().map(|&v| bins.index(v)).collect();
    assert_eq!(placed, [0, 0, 1, 1, 2, 3, 3]);
    assert_eq!((bins.index(-1.0), bins.index(9.0), bins.index(f32::NAN)), (0, 3, 0));
}

#[test]
fn every_value_lies_in_the_bin_that_exact_arithmetic_names() {
    // Whole numbers of 24 bits: their products are exact in i128.
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..200 {
        let mut draw = || random.i32(-(1 << 23)..1 << 23);
        let (a, b) = (draw(), draw());
        let (min, max) = (a.min(b), a.max(b) + 1);
        for count in [2usize, 100, 256, 65_536] {
            let bins = Bins::new(min as f32, max as f32, count);
            for _ in 0..100 {
                let v = random.i32(min..max);
                let (scaled, range) =
                    ((i128::from(v) - i128::from(min)) * count as i128, i128::from(max - min));
                if scaled % range != 0 {
                    assert_eq!(
                        bins.index(v as f32) as i128,
                        scaled / range,
                        "{v} of {min}..{max}, {count} bins"
                    );
                }
            }
        }
    }
}

#[test]
fn ranges_beyond_what_a_float_holds() {
    let whole = Bins::new(f32::MIN, f32::MAX, 4);
    assert_eq!([f32::MIN, -1e38, 1e38, f32::MAX].map(|v| whole.index(v)), [0, 1, 2, 3]);
    let tiny = f32::from_bits(1);
    let least = Bins::new(-tiny, tiny, 3);
    assert_eq!([-tiny, 0.0, tiny].map(|v| least.index(v)), [0, 1, 2]);
    let beside = f32::from_bits(f32::MAX.to_bits() - 1);
    assert_eq!([beside, f32::MAX].map(|v| Bins::new(beside, f32::MAX, 2).index(v)), [0, 1]);
    let constant = Bins::new(0.25, 0.25, 256);
    assert_eq!(constant.index(0.25), 0);
}

#[test]
fn counts_are_added_to_what_was_there() {
    for isa in Isa::available() {
        let mut total = vec![5; 8];
        histogram(isa, &[0.0, 7.0, 7.0], Bins::new(0.0, 7.0, 8), &mut total);
        assert_eq!(total, [6, 5, 5, 5, 5, 5, 5, 7]);
    }
}

#[test]
#[should_panic(expected = "bins from")]
fn no_bins_over_nan() {
    Bins::new(f32::NAN, 1.0, 8);
}

#[test]
#[should_panic(expected = "65537 bins")]
fn no_more_bins_than_an_index_holds() {
    Bins::new(0.0, 1.0, 65_537);
}
