//! The definitions, in the plainest way: loops over samples, elimination, every price from scratch.

use crate::samples::Samples;

pub type Matrix = Vec<Vec<f64>>;

/// Covariances of the inputs, [in][in], and with the targets, [in][out], from means taken first.
pub fn covariances(samples: &Samples) -> (Matrix, Matrix) {
    let rows = samples.rows();
    let columns = |values: &[f32], width: usize| -> Matrix {
        (0..width)
            .map(|i| {
                let column: Vec<f64> = (0..rows).map(|row| f64::from(values[row * width + i])).collect();
                let mean = column.iter().sum::<f64>() / rows as f64;
                column.iter().map(|v| v - mean).collect()
            })
            .collect()
    };
    let (x, y) = (columns(&samples.x, samples.inputs), columns(&samples.y, samples.outputs));
    let mean = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / rows as f64;
    let of = |right: &Matrix| x.iter().map(|a| right.iter().map(|b| mean(a, b)).collect()).collect();
    (of(&x), of(&y))
}

/// λ: a share of the mean of the diagonal.
pub fn lambda(c: &Matrix, damping: f64) -> f64 {
    damping * (0..c.len()).map(|i| c[i][i]).sum::<f64>() / c.len() as f64
}

/// (C_KK + λI)⁻¹ C_Ky: [keep][out].
pub fn weights(c: &Matrix, r: &Matrix, keep: &[usize], lambda: f64) -> Matrix {
    let mut left: Matrix = keep.iter().map(|&i| keep.iter().map(|&j| c[i][j]).collect()).collect();
    (0..keep.len()).for_each(|i| left[i][i] += lambda);
    solve(left, keep.iter().map(|&i| r[i].clone()).collect())
}

/// The least mean |y - Wx|² + λ|W|², less the variance of y.
pub fn optimum(c: &Matrix, r: &Matrix, keep: &[usize], lambda: f64) -> f64 {
    let weights = weights(c, r, keep, lambda);
    let product = |(&i, w): (&usize, &Vec<f64>)| r[i].iter().zip(w).map(|(r, w)| r * w).sum::<f64>();
    -keep.iter().zip(&weights).map(product).sum::<f64>()
}

/// a⁻¹ b, by elimination with pivots.
pub fn solve(mut a: Matrix, mut b: Matrix) -> Matrix {
    let n = a.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|&p, &q| a[p][i].abs().total_cmp(&a[q][i].abs())).expect("a row");
        a.swap(i, pivot);
        b.swap(i, pivot);
        for row in (0..n).filter(|&row| row != i) {
            let factor = a[row][i] / a[i][i];
            let (from_a, from_b) = (a[i].clone(), b[i].clone());
            a[row].iter_mut().zip(from_a).for_each(|(to, from)| *to -= factor * from);
            b[row].iter_mut().zip(from_b).for_each(|(to, from)| *to -= factor * from);
        }
    }
    (0..n).map(|i| b[i].iter().map(|v| v / a[i][i]).collect()).collect()
}
