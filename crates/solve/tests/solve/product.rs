use espalier_solve::product;
use espalier_tensor::{Code, Job};

#[test]
fn products_are_those_of_the_definition() {
    let mut random = fastrand::Rng::with_seed(2);
    for (rows, inner, columns) in [(1, 1, 1), (3, 5, 2), (130, 40, 70), (2, 0, 3), (0, 4, 4)] {
        let a: Vec<f32> = (0..rows * inner).map(|_| random.f32() - 0.5).collect();
        let b: Vec<f64> = (0..inner * columns).map(|_| random.f64() - 0.5).collect();
        let found = product(&a, &b, (rows, inner, columns), &Job::new()).expect("a product");
        assert_eq!(found.len(), rows * columns);
        for (index, found) in found.into_iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            let sum: f64 = (0..inner).map(|k| f64::from(a[row * inner + k]) * b[k * columns + column]).sum();
            assert!((found - sum).abs() < 1e-12, "{found} beside {sum}");
        }
    }
}

#[test]
fn other_lengths_are_refused() {
    let refused = product(&[1.0; 3], &[1.0; 4], (2, 2, 2), &Job::new()).expect_err("three numbers");
    assert_eq!(refused.code(), Code::Internal);
}
