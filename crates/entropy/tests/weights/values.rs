use crate::models::{Tensor, model, model_of};
use crate::reference;
use espalier_entropy::{Group, Range, Run, Slice, Statistic, statistics};
use espalier_simd::Isa;
use espalier_tensor::{Job, Model};

fn entropy(bins: usize) -> Statistic {
    Statistic::Entropy { bins, miller_madow: false, range: Range::Group }
}

fn every_statistic() -> Vec<Statistic> {
    let mut all = vec![
        Statistic::Mass,
        Statistic::AbsSum,
        Statistic::SquareSum,
        Statistic::Variance,
        Statistic::Distance,
    ];
    for range in [Range::Group, Range::Tensor] {
        for (bins, miller_madow) in [(2, false), (256, false), (256, true), (5000, false)] {
            all.push(Statistic::Entropy { bins, miller_madow, range });
        }
    }
    all
}

fn own(tensor: usize, axis: usize, length: usize) -> Slice {
    Slice { tensor, axis, classes: (0..length as i32).collect(), scaling: None }
}

fn run(model: &Model, groups: &[Group], statistic: Statistic) -> Vec<Vec<f64>> {
    statistics(model, groups, statistic, &Run::new(&Job::new())).expect("statistics")
}

/// Layouts that every way through the code is taken for: rows, columns, vectors, long runs, one index, several tasks.
fn zoo() -> Vec<Tensor> {
    vec![
        Tensor::random("conv", &[32, 16, 3, 3], 1, 0.1, 0.0),
        Tensor::random("matrix", &[300, 700], 2, 0.02, 0.01),
        Tensor::random("bias", &[700], 3, 1.0, -0.5),
        Tensor::random("long runs", &[2, 3, 66_000], 4, 0.1, 0.0),
        Tensor::random("one index", &[1, 530_000], 5, 0.1, 0.2),
        Tensor::random("several tasks", &[800, 700], 6, 0.3, 0.0),
        Tensor::random("scalar", &[], 7, 1.0, 0.0),
        Tensor::random("empty", &[4, 0, 3], 8, 1.0, 0.0),
        Tensor::random("wide", &[3, 6000, 2], 9, 0.1, 0.0),
        Tensor::random("torn", &[2, 22_000, 3], 10, 0.1, 0.0),
    ]
}

/// Each axis of each tensor by itself, and groups over many: shared, scattered, with indices of no class.
fn groups(tensors: &[Tensor]) -> Vec<Group> {
    let mut groups = Vec::new();
    for (t, tensor) in tensors.iter().enumerate() {
        for (axis, &length) in tensor.dims.iter().enumerate() {
            let length = length as usize;
            if length <= 22_000 {
                groups.push(Group { classes: length, slices: vec![own(t, axis, length)] });
            }
            let scattered = (0..length).map(|i| (i * 7 % 5) as i32 - 1).collect();
            groups.push(Group {
                classes: 5,
                slices: vec![Slice { tensor: t, axis, classes: scattered, scaling: None }],
            });
        }
    }
    let shared = vec![own(1, 1, 700), own(2, 0, 700), own(5, 1, 700)];
    groups.push(Group { classes: 700, slices: shared });
    let twice = vec![own(0, 2, 3), own(0, 3, 3), own(9, 2, 3)];
    groups.push(Group { classes: 4, slices: twice });
    groups.push(Group { classes: 3, slices: Vec::new() });
    groups.push(Group {
        classes: 2,
        slices: vec![Slice { tensor: 2, axis: 0, classes: vec![-1; 700], scaling: None }],
    });
    groups
}

#[test]
fn statistics_are_those_of_the_definition() {
    let tensors = zoo();
    let (model, groups) = (model(&tensors), groups(&tensors));
    // Naive references are slow: those of the large groups are made for three statistics only.
    let large = |group: &&Group| {
        let values: usize = group.slices.iter().map(|slice| tensors[slice.tensor].values.len()).sum();
        values > 30_000 || group.classes > 1000
    };
    let (large, small): (Vec<_>, Vec<_>) = groups.iter().partition(large);
    for statistic in every_statistic() {
        let thorough = [entropy(2), entropy(256), Statistic::AbsSum].contains(&statistic);
        let groups: Vec<Group> = small
            .iter()
            .chain(&large[..if thorough { large.len() } else { 0 }])
            .map(|&group| group.clone())
            .collect();
        let found = run(&model, &groups, statistic);
        for (group, found) in groups.iter().zip(&found) {
            let expected = reference::statistic(&tensors, group, statistic);
            assert_eq!(found.len(), expected.len());
            for (class, (a, b)) in found.iter().zip(&expected).enumerate() {
                // A distance is of differences in f32.
                let precision = if statistic == Statistic::Distance { 1e-7 } else { 1e-12 };
                let close = (a - b).abs() <= precision * b.abs().max(1.0);
                assert!(close, "{statistic:?} of {:?}, class {class}: {a}, not {b}", group.slices);
            }
        }
    }
}

#[test]
fn the_same_bits_on_any_threads_and_instruction_set() {
    let tensors = zoo();
    let (model, groups) = (model(&tensors), groups(&tensors));
    let few: Vec<Group> = groups.iter().filter(|group| group.classes <= 1000).cloned().collect();
    for (statistic, groups) in [
        (entropy(256), &groups),
        (Statistic::Mass, &groups),
        (Statistic::AbsSum, &groups),
        (Statistic::SquareSum, &groups),
        (Statistic::Variance, &groups),
        (Statistic::Distance, &few),
    ] {
        let bits = |threads: usize, isa: Isa| -> Vec<u64> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            let job = Job::new();
            let found = pool.install(|| statistics(&model, groups, statistic, &Run { job: &job, isa }));
            assert_eq!(job.done(), job.total());
            found.expect("statistics").into_iter().flatten().map(f64::to_bits).collect()
        };
        let expected = bits(1, Isa::Scalar);
        for threads in [1, 2, 5] {
            for isa in Isa::available() {
                assert_eq!(bits(threads, isa), expected, "{statistic:?} on {threads} threads, {isa}");
            }
        }
    }
}

#[test]
fn a_permutation_of_indices_permutes_classes() {
    let tensor = Tensor::random("w", &[40, 30], 1, 1.0, 0.0);
    let model = model(&[tensor]);
    let mut order: Vec<i32> = (0..40).collect();
    fastrand::Rng::with_seed(3).shuffle(&mut order);
    let straight = Group { classes: 40, slices: vec![own(0, 0, 40)] };
    let permuted = Group {
        classes: 40,
        slices: vec![Slice { tensor: 0, axis: 0, classes: order.clone(), scaling: None }],
    };
    for statistic in every_statistic() {
        let found = run(&model, &[straight.clone(), permuted.clone()], statistic);
        for (i, &class) in order.iter().enumerate() {
            let (a, b) = (found[0][i], found[1][class as usize]);
            // The group's whole mass is summed in the order of its classes.
            assert!((a - b).abs() <= 1e-14 * a.abs(), "{statistic:?}: {a}, {b}");
        }
    }
}

#[test]
fn a_class_of_2_to_the_k_even_values_has_k_bits() {
    for k in 1..=8 {
        let row: Vec<f32> = (0..1 << k).map(|v| v as f32).collect();
        let model = model(&[Tensor::new("w", &[1, 1 << k], row)]);
        let group = Group { classes: 1, slices: vec![own(0, 0, 1)] };
        assert_eq!(run(&model, &[group], entropy(1 << k)), [[f64::from(k)]]);
    }
}

#[test]
fn constants_say_nothing() {
    let model = model(&[Tensor::new("w", &[2, 3], vec![0.3; 6]), Tensor::new("zero", &[2], vec![0.0, -0.0])]);
    let groups = [0, 1].map(|tensor| Group { classes: 2, slices: vec![own(tensor, 0, 2)] });
    for range in [Range::Group, Range::Tensor] {
        let statistic = Statistic::Entropy { bins: 256, miller_madow: true, range };
        assert_eq!(run(&model, &groups, statistic), [[0.0, 0.0], [0.0, 0.0]]);
    }
    assert_eq!(run(&model, &groups, Statistic::Mass), [[0.5, 0.5], [0.0, 0.0]]);
}

#[test]
fn the_widest_tensor_decides_unless_each_has_bins_of_its_own() {
    let narrow: Vec<f32> = (0..512).map(|v| v as f32 / 1e6).collect();
    let model = model(&[
        Tensor::new("narrow", &[2, 256], narrow),
        Tensor::new("wide", &[2, 2], vec![-9.0, 9.0, -9.0, 9.0]),
    ]);
    let group = Group { classes: 2, slices: vec![own(0, 0, 2), own(1, 0, 2)] };
    let of = |range| {
        let statistic = Statistic::Entropy { bins: 256, miller_madow: false, range };
        run(&model, std::slice::from_ref(&group), statistic)[0][0]
    };
    assert!(of(Range::Group) < 0.2);
    assert!(of(Range::Tensor) > 6.9);
}

#[test]
fn every_type_of_numbers_is_read() {
    let half = [0x3c00u16, 0xc000, 0x3800, 0x0000].iter().flat_map(|v| v.to_le_bytes()).collect();
    let brain = [0x3f80u16, 0xc000, 0x3f00, 0x0000].iter().flat_map(|v| v.to_le_bytes()).collect();
    let double = [1.0f64, -2.0, 0.5, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let model = model_of(
        [
            ("half", vec![2, 2], 10, half),
            ("brain", vec![2, 2], 16, brain),
            ("double", vec![2, 2], 11, double),
            ("int8", vec![2, 2], 3, vec![1, 254, 3, 0]),
        ]
        .into_iter(),
    );
    let groups: Vec<Group> =
        (0..4).map(|tensor| Group { classes: 2, slices: vec![own(tensor, 0, 2)] }).collect();
    assert_eq!(run(&model, &groups, Statistic::AbsSum), [[3.0, 0.5], [3.0, 0.5], [3.0, 0.5], [3.0, 3.0]]);
    assert_eq!(run(&model, &groups, Statistic::SquareSum)[3], [5.0, 9.0]);
}

#[test]
fn more_counts_than_are_held_at_a_time() {
    // 1,200 classes of 65,536 bins are 300 MiB of counts.
    let tensors =
        [Tensor::random("w", &[600, 50], 1, 1.0, 0.0), Tensor::random("v", &[10, 600], 2, 1.0, 0.0)];
    let model = model(&tensors);
    let groups = [
        Group { classes: 600, slices: vec![own(0, 0, 600), own(1, 1, 600)] },
        Group { classes: 600, slices: vec![own(1, 1, 600)] },
    ];
    let found = run(&model, &groups, entropy(65_536));
    for (group, found) in groups.iter().zip(&found) {
        let expected = reference::statistic(&tensors, group, entropy(65_536));
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
