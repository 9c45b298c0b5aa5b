//! What everything is tried on.

use espalier_solve::{Moments, Precision};
use espalier_tensor::Job;

pub struct Samples {
    pub inputs: usize,
    pub outputs: usize,
    pub x: Vec<f32>,
    pub y: Vec<f32>,
}

impl Samples {
    /// Inputs that partly repeat each other, with means; targets that are a noisy mix of them.
    pub fn random(seed: u64, rows: usize, inputs: usize, outputs: usize) -> Samples {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bell = move || (0..4).map(|_| random.f32() - 0.5).sum::<f32>();
        let mut matrix = |count: usize| -> Vec<f32> { (0..count).map(|_| bell()).collect() };
        let (mix, out, shift) = (matrix(inputs * inputs), matrix(inputs * outputs), matrix(inputs));
        let (hidden, noise) = (matrix(rows * inputs), matrix(rows * outputs));
        let share = 0.7 / (inputs as f32).sqrt();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let hidden = &hidden[row * inputs..][..inputs];
            let own: Vec<f32> = (0..inputs)
                .map(|i| {
                    let mixed: f32 = hidden.iter().zip(&mix[i * inputs..]).map(|(h, m)| h * m).sum();
                    hidden[i] + 3.0 * share * mixed + 2.0 * shift[i]
                })
                .collect();
            y.extend((0..outputs).map(|o| {
                let mixed: f32 = own.iter().zip(&out[o * inputs..]).map(|(x, w)| x * w).sum();
                mixed + 0.2 * noise[row * outputs + o] + 1.0
            }));
            x.extend(own);
        }
        Samples { inputs, outputs, x, y }
    }

    pub fn moments(&self) -> Moments {
        self.moments_in(Precision::Double)
    }

    pub fn moments_in(&self, precision: Precision) -> Moments {
        let mut moments = Moments::new(self.inputs, self.outputs, precision).expect("moments");
        moments.add(&self.x, &self.y, &Job::new()).expect("a batch");
        moments
    }

    pub fn rows(&self) -> usize {
        self.x.len() / self.inputs
    }

    /// The same with inputs changed.
    pub fn with(mut self, change: impl Fn(&mut [f32])) -> Samples {
        self.x.chunks_exact_mut(self.inputs).for_each(change);
        self
    }
}

/// Each input by itself.
pub fn singles(inputs: usize) -> Vec<Vec<usize>> {
    (0..inputs).map(|input| vec![input]).collect()
}

#[track_caller]
pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{i}: {a}, not {b}");
    }
}

/// All covariances of the inputs, [in, in], and with the targets, [in, out].
pub fn covariances(moments: &Moments) -> (Vec<f64>, Vec<f64>) {
    let (n, out) = (moments.inputs(), moments.outputs());
    let own = (0..n * n).map(|i| moments.input_covariance(i / n, i % n)).collect();
    let cross = (0..n * out).map(|i| moments.cross_covariance(i / out, i % out)).collect();
    (own, cross)
}
