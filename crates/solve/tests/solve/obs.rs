use crate::reference;
use crate::samples::{Samples, assert_close, singles};
use espalier_solve::{Consumer, Moments, Order, Precision, information, obs, ridge};
use espalier_tensor::{Code, Job};

fn order(consumers: &[Consumer], damping: f64) -> Order {
    obs(consumers, damping, 0, &Job::new()).expect("an order")
}

/// Samples, blocks of their inputs, and a weight.
type Plain<'a> = (&'a Samples, &'a [Vec<usize>], f64);

/// The definition: each price is the rise of the optimum, from scratch.
fn expected(consumers: &[Plain], damping: f64) -> (Vec<usize>, Vec<f64>) {
    let covariances: Vec<_> = consumers.iter().map(|(samples, ..)| reference::covariances(samples)).collect();
    let mut left: Vec<usize> = (0..consumers[0].1.len()).collect();
    let optimum = |left: &[usize]| -> f64 {
        let of = |((samples, blocks, weight), (c, r)): (&Plain, _)| {
            let stays = |input: &usize| !blocks.iter().any(|block| block.contains(input));
            let others = (0..samples.inputs).filter(stays);
            let keep: Vec<usize> = left.iter().flat_map(|&b| blocks[b].clone()).chain(others).collect();
            weight * reference::optimum(c, r, &keep, reference::lambda(c, damping))
        };
        consumers.iter().zip(covariances.iter().map(|(c, r)| (c, r))).map(of).sum()
    };
    let (mut order, mut prices) = (Vec::new(), Vec::new());
    while !left.is_empty() {
        let now = optimum(&left);
        let rise = |&block: &usize| {
            let others: Vec<usize> = left.iter().copied().filter(|&other| other != block).collect();
            optimum(&others) - now
        };
        let rises: Vec<f64> = left.iter().map(rise).collect();
        let cheapest = (0..left.len()).min_by(|&a, &b| rises[a].total_cmp(&rises[b])).expect("a block");
        prices.push(rises[cheapest]);
        order.push(left.remove(cheapest));
    }
    (order, prices)
}

#[test]
fn an_order_is_that_of_the_definition() {
    let one = Samples::random(1, 200, 24, 6);
    let two = Samples::random(2, 150, 30, 4);
    let thirds: Vec<Vec<usize>> = (0..8).map(|b| vec![b, b + 8, b + 16]).collect();
    // Taps of a kernel, a head, none; the last inputs are in no block.
    let uneven: Vec<Vec<usize>> =
        (0..8).map(|b| if b == 3 { vec![] } else { (b * 3..b * 3 + 1 + b % 3).collect() }).collect();
    let single = singles(24);
    let cases: [&[Plain]; 4] = [
        &[(&one, &single, 1.0)],
        &[(&one, &thirds, 1.0)],
        &[(&two, &uneven, 1.0)],
        &[(&one, &thirds, 0.5), (&two, &uneven, 2.0), (&two, &uneven, 0.0)],
    ];
    for (case, consumers) in cases.into_iter().enumerate() {
        for damping in [1e-6, 1e-2] {
            let (blocks, prices) = expected(consumers, damping);
            let moments: Vec<Moments> = consumers.iter().map(|consumer| consumer.0.moments()).collect();
            let consumers: Vec<Consumer> = consumers
                .iter()
                .zip(&moments)
                .map(|(&(_, blocks, weight), moments)| Consumer { moments, blocks, weight })
                .collect();
            let found = order(&consumers, damping);
            assert_eq!(found.blocks, blocks, "case {case}, damping {damping}");
            assert_close(&found.prices, &prices, 1e-8);
        }
    }
}

/// Prices add up to the error that a refit leaves, at every width, through many applied downdates and restarts.
#[test]
fn prices_foretell_the_error_of_a_refit() {
    let samples = Samples::random(3, 900, 300, 8);
    let moments = samples.moments();
    let triples: Vec<Vec<usize>> = (0..100).map(|b| vec![b * 3, b * 3 + 1, b * 3 + 2]).collect();
    for blocks in [singles(300), triples] {
        let found = order(&[Consumer { moments: &moments, blocks: &blocks, weight: 1.0 }], 0.0);
        let error = |left: &[usize]| -> f64 {
            let keep: Vec<usize> = left.iter().flat_map(|&block| blocks[block].clone()).collect();
            let refit = ridge(&moments, &keep, 0.0, &Job::new()).expect("a refit");
            refit.errors(&moments, &keep).expect("errors").iter().sum()
        };
        let first = error(&(0..blocks.len()).collect::<Vec<_>>());
        for removed in [1, 10, blocks.len() / 2, blocks.len() * 9 / 10, blocks.len()] {
            let foretold = first + found.prices[..removed].iter().sum::<f64>();
            let left = &found.blocks[removed..];
            assert_close(&[error(left)], &[foretold], 1e-10);
        }
    }
}

/// The same of so many inputs that matrices are held in single precision: what is left of the error and of the damping's part.
#[test]
fn prices_of_many_inputs_foretell_the_damped_error() {
    let samples = Samples::random(5, 1500, 600, 8);
    let (moments, damping) = (samples.moments(), 1e-3);
    let lambda = damping * moments.input_variances().iter().sum::<f64>() / 600.0;
    for size in [1, 4] {
        let blocks: Vec<Vec<usize>> = (0..600 / size).map(|b| (b * size..(b + 1) * size).collect()).collect();
        let found = order(&[Consumer { moments: &moments, blocks: &blocks, weight: 1.0 }], damping);
        let error = |left: &[usize]| -> f64 {
            let keep: Vec<usize> = left.iter().flat_map(|&block| blocks[block].clone()).collect();
            let share = lambda
                / (keep.iter().map(|&i| moments.input_variances()[i]).sum::<f64>() / keep.len() as f64);
            let refit = ridge(&moments, &keep, share, &Job::new()).expect("a refit");
            let error: f64 = refit.errors(&moments, &keep).expect("errors").iter().sum();
            error + lambda * refit.weights.iter().map(|weight| weight * weight).sum::<f64>()
        };
        let first = error(&(0..blocks.len()).collect::<Vec<_>>());
        for removed in [1, 10, blocks.len() / 2, blocks.len() * 9 / 10] {
            let foretold = first + found.prices[..removed].iter().sum::<f64>();
            assert_close(&[error(&found.blocks[removed..])], &[foretold], 1e-4);
        }
    }
}

/// ‖B_j‖² / [C⁻¹]_jj = ‖B_j‖² 2^{2h(X_j|rest)} / 2πe.
#[test]
fn the_first_price_is_a_weight_times_what_no_other_knows() {
    let samples = Samples::random(4, 100, 10, 3);
    let moments = samples.moments();
    let all: Vec<usize> = (0..10).collect();
    let weights = ridge(&moments, &all, 0.0, &Job::new()).expect("a refit").weights;
    let known = information(&moments, &singles(10), 0.0, &Job::new()).expect("entropies").conditional;
    let unit = 2.0 * std::f64::consts::PI * std::f64::consts::E;
    let price = |j: usize| {
        let square: f64 = (0..3).map(|o| weights[o * 10 + j].powi(2)).sum();
        square * (2.0 * known[j]).exp2() / unit
    };
    let cheapest = (0..10).min_by(|&a, &b| price(a).total_cmp(&price(b))).expect("an input");
    let blocks = singles(10);
    let found = order(&[Consumer { moments: &moments, blocks: &blocks, weight: 1.0 }], 0.0);
    assert_eq!(found.blocks[0], cheapest);
    assert_close(&found.prices[..1], &[price(cheapest)], 1e-10);
}

#[test]
fn what_others_repeat_and_what_is_dead_leaves_first() {
    let samples = Samples::random(5, 120, 12, 4).with(|x| {
        x[2] = 0.0;
        x[4] = 3.0;
        x[7] = x[9];
    });
    let moments = samples.moments();
    let blocks = singles(12);
    let found = order(&[Consumer { moments: &moments, blocks: &blocks, weight: 1.0 }], 0.0);
    let mut first = found.blocks[..3].to_vec();
    first.sort_unstable();
    assert!(first == [2, 4, 7] || first == [2, 4, 9], "{:?}", found.blocks);
    assert!(found.prices[..3].iter().all(|&price| price < 1e-6), "{:?}", found.prices);
    assert!(found.damping[0] > 0.0);
    assert!(found.prices.iter().all(|price| price.is_finite() && *price >= 0.0));
}

#[test]
fn more_inputs_than_samples_and_none_that_varies() {
    let few = Samples::random(6, 10, 40, 3);
    let still = Samples::random(7, 10, 40, 3).with(|x| x.fill(-2.0));
    let blocks = singles(40);
    for (samples, damping) in [(&few, 0.0), (&few, 1e-3), (&still, 0.0), (&still, 1e-3)] {
        let moments = samples.moments();
        let found = order(&[Consumer { moments: &moments, blocks: &blocks, weight: 1.0 }], damping);
        let mut all = found.blocks.clone();
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<_>>());
        assert!(found.prices.iter().all(|price| price.is_finite() && *price >= 0.0));
    }
}

#[test]
fn some_stay() {
    let moments = Samples::random(8, 60, 9, 2).moments();
    let blocks = singles(9);
    let consumer = Consumer { moments: &moments, blocks: &blocks, weight: 1.0 };
    let all = order(&[consumer], 1e-3);
    for stay in [0, 4, 9, 10] {
        let found = obs(&[consumer], 1e-3, stay, &Job::new()).expect("an order");
        let removed = 9usize.saturating_sub(stay);
        assert_eq!(found.blocks, all.blocks[..removed]);
        assert_eq!(found.prices, all.prices[..removed]);
    }
    assert_eq!(obs(&[], 1e-3, 0, &Job::new()).expect("nothing"), Order::default());
}

#[test]
fn what_cannot_be_is_refused() {
    let job = Job::new();
    let moments = Samples::random(1, 10, 3, 1).moments();
    let blocks = singles(3);
    let good = Consumer { moments: &moments, blocks: &blocks, weight: 1.0 };
    let code =
        |consumers: &[Consumer], damping: f64| obs(consumers, damping, 0, &job).expect_err("refused").code();
    assert_eq!(code(&[good, Consumer { blocks: &blocks[..2], ..good }], 0.1), Code::Internal);
    assert_eq!(code(&[Consumer { blocks: &[vec![0], vec![0]], ..good }], 0.1), Code::Internal);
    assert_eq!(code(&[Consumer { blocks: &[vec![3]], ..good }], 0.1), Code::Internal);
    assert_eq!(code(&[Consumer { weight: -1.0, ..good }], 0.1), Code::OptionInvalid);
    assert_eq!(code(&[Consumer { weight: f64::NAN, ..good }], 0.1), Code::OptionInvalid);
    assert_eq!(code(&[good], f64::INFINITY), Code::OptionInvalid);
    let empty = Moments::new(3, 1, Precision::Double).expect("moments");
    assert_eq!(code(&[Consumer { moments: &empty, ..good }], 0.1), Code::OptionInvalid);
    job.cancel();
    assert_eq!(code(&[good], 0.1), Code::Aborted);
}
