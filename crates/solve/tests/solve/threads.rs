use crate::samples::{Samples, covariances, singles};
use espalier_solve::{Consumer, Moments, Patches, Precision, information, obs, ridge};
use espalier_tensor::Job;

/// Everything that is computed, as bits.
fn everything(samples: &Samples, image: (&[f32], &[f32], &Patches), precision: Precision) -> Vec<u64> {
    let job = &Job::new();
    let moments = samples.moments_in(precision);
    let (x, y, patches) = image;
    let mut of_patches = Moments::new(patches.inputs(), 5, precision).expect("moments");
    of_patches.add_patches(x, y, patches, job).expect("a batch");
    of_patches.add_patches(x, y, patches, job).expect("a batch");
    let mut bits = Vec::new();
    for (moments, width) in [(&moments, 1), (&of_patches, 9)] {
        let n = moments.inputs();
        let blocks: Vec<Vec<usize>> =
            (0..n / width).map(|block| (block * width..(block + 1) * width).collect()).collect();
        let (own, cross) = covariances(moments);
        let refit = ridge(moments, &(0..n * 2 / 3).collect::<Vec<_>>(), 1e-3, job).expect("a refit");
        let order = obs(&[Consumer { moments, blocks: &blocks, weight: 1.0 }], 1e-3, 0, job);
        let order = order.expect("an order");
        let known = information(moments, &singles(n), 1e-3, job).expect("bits");
        bits.extend(order.blocks.iter().map(|&block| block as u64));
        let numbers = [own, cross, refit.weights, refit.bias, order.prices, known.conditional];
        bits.extend(numbers.concat().into_iter().map(f64::to_bits));
    }
    bits
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let samples = Samples::random(1, 700, 290, 150);
    let patches = Patches {
        batch: 5,
        channels: 20,
        lengths: vec![12, 12],
        kernel: vec![3, 3],
        strides: vec![1, 1],
        dilations: vec![1, 1],
        pads: vec![(1, 1); 2],
        every: 1,
    };
    let mut random = fastrand::Rng::with_seed(1);
    let mut values = |count: usize| -> Vec<f32> { (0..count).map(|_| random.f32()).collect() };
    let (x, y) = (values(5 * 20 * 144), values(5 * 5 * 144));
    for precision in [Precision::Double, Precision::Single] {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| everything(&samples, (&x, &y, &patches), precision))
        };
        let expected = on(1);
        for threads in [2, 3, 8] {
            assert!(on(threads) == expected, "{threads} threads");
        }
    }
}
