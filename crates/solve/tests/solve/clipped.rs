use crate::moments::im2col;
use crate::samples::{Samples, assert_close, covariances};
use espalier_solve::{Moments, Patches, Precision, Refit, ridge};
use espalier_tensor::{Code, Job};

/// What a position's target becomes, as the definition says it.
fn seen(y: f64, low: f64, high: f64, answer: f64) -> f64 {
    if y <= low {
        // Anything at or below the bound is as good: the nearest to what is answered.
        if answer <= low { answer } else { low }
    } else if y >= high {
        if answer >= high { answer } else { high }
    } else {
        y
    }
}

fn answers(x: &[f32], refit: &Refit) -> Vec<f64> {
    let inputs = refit.weights.len() / refit.bias.len();
    x.chunks_exact(inputs)
        .flat_map(|x| {
            refit
                .weights
                .chunks_exact(inputs)
                .zip(&refit.bias)
                .map(|(w, b)| b + x.iter().zip(w).map(|(&x, w)| f64::from(x) * w).sum::<f64>())
        })
        .collect()
}

struct Bounded {
    x: Vec<f32>,
    y: Vec<f32>,
    low: Vec<f32>,
    high: Option<Vec<f32>>,
}

impl Bounded {
    fn random(seed: u64, samples: &Samples, parts: usize) -> Bounded {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = samples.y.len();
        // Some bounds are none, and some targets lie on theirs.
        let mut bound = |sign: f32| -> Vec<f32> {
            (0..count)
                .map(|i| match random.u8(0..8) {
                    0 => sign * f32::INFINITY,
                    1 => samples.y[i],
                    _ => 1.0 + sign * 0.8 * random.f32(),
                })
                .collect()
        };
        let (low, high) = (bound(-1.0), (parts > 2).then(|| bound(1.0)));
        Bounded { x: samples.x.clone(), y: samples.y.clone(), low, high }
    }

    fn targets(&self, refit: &Refit) -> Vec<f32> {
        let answers = answers(&self.x, refit);
        (0..self.y.len())
            .map(|i| {
                let high = self.high.as_ref().map_or(f64::INFINITY, |high| f64::from(high[i]));
                seen(f64::from(self.y[i]), f64::from(self.low[i]), high, answers[i]) as f32
            })
            .collect()
    }

    /// [outer, parts, length]
    fn joined(&self, length: usize) -> Vec<f32> {
        let parts: Vec<&Vec<f32>> = [&self.y, &self.low].into_iter().chain(&self.high).collect();
        let outer = self.y.len() / length;
        (0..outer)
            .flat_map(|at| parts.iter().flat_map(move |part| part[at * length..][..length].to_vec()))
            .collect()
    }
}

#[track_caller]
fn assert_same(found: &Moments, expected: &Moments, tolerance: f64) {
    assert_eq!(found.count(), expected.count());
    assert_close(&found.output_means(), &expected.output_means(), tolerance);
    assert_close(&found.output_variances(), &expected.output_variances(), tolerance);
    assert_close(&found.input_means(), &expected.input_means(), tolerance);
    let (own, cross) = covariances(found);
    let (c, r) = covariances(expected);
    assert_close(&own, &c, tolerance);
    assert_close(&cross, &r, tolerance);
}

fn first_refit(moments: &Moments) -> Refit {
    let all: Vec<usize> = (0..moments.inputs()).collect();
    ridge(moments, &all, 1e-3, &Job::new()).expect("a refit")
}

#[test]
fn targets_of_rows_are_those_of_the_definition() {
    for (precision, tolerance) in [(Precision::Double, 1e-6), (Precision::Single, 1e-5)] {
        for (rows, inputs, outputs) in [(1, 2, 1), (90, 7, 3), (900, 70, 40)] {
            let samples = Samples::random(rows as u64, rows, inputs, outputs);
            for parts in [2, 3] {
                let mut found = samples.moments_in(precision);
                let refit = first_refit(&found);
                let bounded = Bounded::random(7, &samples, parts);
                let y = bounded.targets(&refit);
                let expected = Samples { inputs, outputs, x: samples.x.clone(), y }.moments();
                found.clear_targets();
                // In two batches, as there are several.
                let (half, wide) = (rows / 2, parts * outputs);
                let joined = bounded.joined(outputs);
                for rows in [0..half, half..rows] {
                    let batch = (
                        &samples.x[rows.start * inputs..rows.end * inputs],
                        &joined[rows.start * wide..rows.end * wide],
                    );
                    found.add_clipped(batch, parts, None, &refit, &Job::new()).expect("a batch");
                }
                assert_same(&found, &expected, tolerance);
            }
        }
    }
}

#[test]
fn targets_of_patches_are_those_of_their_rows() {
    let mut random = fastrand::Rng::with_seed(11);
    for every in [1, 3] {
        for parts in [2, 3] {
            let patches = Patches {
                batch: 3,
                channels: 2,
                lengths: vec![7, 6],
                kernel: vec![3, 2],
                strides: vec![2, 1],
                dilations: vec![1, 2],
                pads: vec![(1, 1), (0, 2)],
                every,
            };
            let (outputs, inputs) = (4, patches.inputs());
            let positions: usize = patches.output_lengths().expect("lengths").iter().product();
            let mut values = |count: usize| -> Vec<f32> { (0..count).map(|_| 2.0 * random.f32()).collect() };
            let (x, y) = (values(3 * 2 * 42), values(3 * outputs * positions));
            let mut found = Moments::new(inputs, outputs, Precision::Double).expect("moments");
            found.add_patches(&x, &y, &patches, &Job::new()).expect("a batch");
            let refit = first_refit(&found);

            let rows = im2col(&x, &patches);
            let places: Vec<usize> = (0..(3 * positions).div_ceil(every))
                .map(|index| patches.taken(index, 3 * positions))
                .flat_map(|at| {
                    (0..outputs).map(move |o| (at / positions * outputs + o) * positions + at % positions)
                })
                .collect();
            let whole = Samples { inputs, outputs, x: Vec::new(), y: y.clone() };
            let bounded = Bounded::random(5, &whole, parts);
            let of = |values: &[f32]| -> Vec<f32> { places.iter().map(|&place| values[place]).collect() };
            let plain = Bounded {
                x: rows.clone(),
                y: of(&y),
                low: of(&bounded.low),
                high: bounded.high.as_deref().map(of),
            };
            let targets = plain.targets(&refit);
            let expected = Samples { inputs, outputs, x: rows, y: targets }.moments();
            found.clear_targets();
            let joined = bounded.joined(outputs * positions);
            found.add_clipped((&x, &joined), parts, Some(&patches), &refit, &Job::new()).expect("a batch");
            assert_same(&found, &expected, 1e-6);
        }
    }
}

#[test]
fn cleared_targets_are_gone_and_inputs_stay() {
    let samples = Samples::random(2, 80, 6, 3);
    let mut moments = samples.moments();
    let before = covariances(&moments).0;
    moments.clear_targets();
    let (own, cross) = covariances(&moments);
    assert_eq!(own, before);
    assert_eq!(moments.count(), 80);
    assert!(cross.iter().all(|&value| value == 0.0));
    assert_eq!(moments.output_variances(), [0.0; 3]);
    // Without bounds that clip, they are what they were.
    let refit = first_refit(&samples.moments());
    let low = vec![f32::NEG_INFINITY; samples.y.len()];
    let bounded = Bounded { x: samples.x.clone(), y: samples.y.clone(), low, high: None };
    moments.add_clipped((&samples.x, &bounded.joined(3)), 2, None, &refit, &Job::new()).expect("a batch");
    assert_same(&moments, &samples.moments(), 1e-12);
}

/// The mean of (max(y, 0) - max(answer, 0))², summed over targets.
fn rectified(samples: &Samples, refit: &Refit) -> f64 {
    let answers = answers(&samples.x, refit);
    let errors = samples.y.iter().zip(answers).map(|(&y, a)| (f64::from(y).max(0.0) - a.max(0.0)).powi(2));
    errors.sum::<f64>() / samples.rows() as f64
}

/// What each round makes smaller: the distance to all that looks the same behind the ReLU, which is no less than the rectified
/// error.
fn unseen(samples: &Samples, refit: &Refit) -> f64 {
    let answers = answers(&samples.x, refit);
    let errors =
        samples.y.iter().zip(answers).map(|(&y, a)| (seen(f64::from(y), 0.0, f64::INFINITY, a) - a).powi(2));
    errors.sum::<f64>() / samples.rows() as f64
}

#[test]
fn rounds_bring_the_rectified_error_down() {
    for seed in 0..6 {
        let whole = Samples::random(seed, 1500, 16, 4);
        // Half of the inputs have left, so that there is an error.
        let x: Vec<f32> = whole.x.chunks_exact(16).flat_map(|row| row[..8].to_vec()).collect();
        let y = whole.y.iter().map(|y| y - 1.0).collect();
        let samples = Samples { inputs: 8, outputs: 4, x, y };
        let mut moments = samples.moments();
        let all: Vec<usize> = (0..8).collect();
        let solve = |moments: &Moments| ridge(moments, &all, 0.0, &Job::new()).expect("a refit");
        let zero = vec![0.0; samples.y.len()];
        let bounded = Bounded { x: samples.x.clone(), y: samples.y.clone(), low: zero, high: None };
        let joined = bounded.joined(4);
        let mut refit = solve(&moments);
        let mut errors = vec![(unseen(&samples, &refit), rectified(&samples, &refit))];
        for _ in 0..8 {
            moments.clear_targets();
            moments.add_clipped((&samples.x, &joined), 2, None, &refit, &Job::new()).expect("a batch");
            refit = solve(&moments);
            errors.push((unseen(&samples, &refit), rectified(&samples, &refit)));
        }
        for pair in errors.windows(2) {
            assert!(pair[1].0 <= pair[0].0 * (1.0 + 1e-9), "{seed}: {errors:?}");
        }
        let (first, last) = (errors[0].1, errors[8].1);
        assert!(last < first, "{seed}: {errors:?}");
        assert!(errors.iter().all(|(unseen, rectified)| *rectified <= unseen * (1.0 + 1e-9)));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let samples = Samples::random(3, 10, 4, 2);
    let refit = first_refit(&samples.moments());
    let code = |x: &[f32], y: usize, parts: usize, refit: &Refit| {
        let y = vec![0.0; y];
        let mut moments = samples.moments();
        let result = moments.add_clipped((x, &y), parts, None, refit, &Job::new());
        assert_eq!(covariances(&moments), covariances(&samples.moments()));
        result.map_err(|error| error.code())
    };
    assert_eq!(code(&samples.x, 40, 1, &refit), Err(Code::Internal));
    assert_eq!(code(&samples.x, 80, 4, &refit), Err(Code::Internal));
    assert_eq!(code(&samples.x, 39, 2, &refit), Err(Code::Internal));
    let short = Refit { weights: refit.weights[1..].to_vec(), ..refit.clone() };
    assert_eq!(code(&samples.x, 40, 2, &short), Err(Code::Internal));
    let mut broken = samples.x.clone();
    broken[3] = f32::NAN;
    assert_eq!(code(&broken, 40, 2, &refit), Err(Code::NonFinite));
}
