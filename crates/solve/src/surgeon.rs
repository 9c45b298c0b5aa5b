//! One consumer under the optimal brain surgeon: what its blocks cost, and what is left when one leaves.

use crate::columns::columns;
use crate::damping::{Damped, damped_of};
use crate::matrix::{Cholesky, add_lower, factor_small, small_block, solve_small, square, whitened};
use crate::moments::Moments;
use crate::products::Element;
use espalier_tensor::{Job, Result};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use std::ops::Range;

/// Columns of downdates that are gathered before they are applied, in one product.
const PENDING: usize = 128;
/// Once one in so many rows is of inputs that have left, they are taken out.
const COMPACT: usize = 8;

/// The state after some removals: P = (C_KK + λI)⁻¹ and M = B Bᵀ with B = P C_Ky the best weights, of the inputs K that are
/// left.
///
/// When block c leaves, P loses P_:c P_cc⁻¹ P_c: and B loses P_:c P_cc⁻¹ B_c. With P_cc = L Lᵀ, U = P_:c L⁻ᵀ,
/// T = L⁻¹ M_cc L⁻ᵀ and V = M_:c L⁻ᵀ - ½ U T that is P -= U Uᵀ, M -= U Vᵀ + V Uᵀ. Prices need the blocks on the diagonals
/// only, and a step the columns of one block, so U and V are gathered and applied to the whole now and then.
struct Surgeon<'a, T> {
    moments: &'a Moments,
    /// λ, the same through all removals.
    lambda: f64,
    share: f64,
    blocks: Vec<Block>,
    /// Inputs that belong to no block, and so stay.
    others: Vec<usize>,
    state: State<T>,
}

/// A block of inputs.
struct Block {
    inputs: Vec<usize>,
    left: bool,
    /// Where it lies in the matrices.
    start: usize,
    /// P_cc and M_cc, as they are now.
    p: Vec<f64>,
    m: Vec<f64>,
}

struct State<T> {
    /// Lower triangles, without what is pending; the blocks on the diagonals are known in double precision besides.
    p: Mat<T>,
    m: Mat<T>,
    /// [n, pending].
    u: Mat<T>,
    v: Mat<T>,
    pending: usize,
    /// Inputs that there were when the matrices were made, and how many have left since.
    fresh: usize,
    gone: usize,
}

/// What prices the blocks of one consumer, and takes them away.
pub(crate) trait Prices {
    /// The damping that λ came from.
    fn share(&self) -> f64;
    /// What leaves with each block that is still there: the rise of the mean squared error, damping included; none for those
    /// that left.
    /// - returns: none where rounding has left a block that is not positive
    fn prices(&self) -> Option<Vec<Option<f64>>>;
    /// Takes a block away.
    /// - errors: `ABORTED`, `INTERNAL`
    fn remove(&mut self, block: usize, job: &Job) -> Result<()>;
    /// Makes the matrices again from the moments of what is left.
    /// - errors: `ABORTED`, `INTERNAL`
    fn restart(&mut self, job: &Job) -> Result<()>;
    /// Whether nothing has been taken away since the matrices were made.
    fn is_fresh(&self) -> bool;
}

/// From so many inputs on matrices are held in single precision: half of the memory, and nearly half of the time.
const LARGE: usize = 512;
/// Under a damping that is at least this, elements of P are at most 10⁴ times what they come to once no other input says the same,
/// so that rounding to single precision stays a small share of a price.
const DAMPED: f64 = 1e-4;

/// The surgeon of a consumer, in the precision that suits its inputs.
/// - `named`: for each input, whether a block has it
pub(crate) fn surgeon<'a>(
    moments: &'a Moments,
    blocks: &[Vec<usize>],
    named: &[bool],
    damping: f64,
    job: &Job,
) -> Result<Box<dyn Prices + 'a>> {
    Ok(if moments.inputs() < LARGE || damping < DAMPED {
        Box::new(Surgeon::<f64>::new(moments, blocks, named, damping, job)?)
    } else {
        Box::new(Surgeon::<f32>::new(moments, blocks, named, damping, job)?)
    })
}

impl<'a, T: Element> Surgeon<'a, T> {
    fn new(
        moments: &'a Moments,
        blocks: &[Vec<usize>],
        named: &[bool],
        damping: f64,
        job: &Job,
    ) -> Result<Surgeon<'a, T>> {
        let mut blocks: Vec<Block> = blocks
            .iter()
            .map(|inputs| Block { inputs: inputs.clone(), left: false, start: 0, p: vec![], m: vec![] })
            .collect();
        let others: Vec<usize> = (0..moments.inputs()).filter(|&input| !named[input]).collect();
        let order = place(&mut blocks, &others);
        let again = || moments.covariance_of(&order);
        let Damped { factor, lambda, share } = damped_of(again(), again, damping, job)?;
        let state = State::new(moments, &order, factor, &mut blocks);
        Ok(Surgeon { moments, lambda, share, blocks, others, state })
    }
}

impl<T: Element> Prices for Surgeon<'_, T> {
    fn share(&self) -> f64 {
        self.share
    }

    fn prices(&self) -> Option<Vec<Option<f64>>> {
        // Small ones are not worth a task each.
        let shortest =
            1 + 512 / self.blocks.iter().map(|block| block.inputs.len().pow(2)).max().unwrap_or(1).max(1);
        self.blocks.par_iter().with_min_len(shortest).map(Block::price).collect()
    }

    fn remove(&mut self, block: usize, job: &Job) -> Result<()> {
        let leaving = &mut self.blocks[block];
        leaving.left = true;
        let size = leaving.inputs.len();
        if size == 0 {
            return Ok(());
        }
        self.state.gone += size;
        // From half of them on it is as cheap to begin again as to go on, and rounding begins again too.
        if 2 * self.state.gone >= self.state.fresh || !self.state.downdate(&mut self.blocks, block) {
            return self.restart(job);
        }
        let alive = self.state.fresh - self.state.gone;
        if COMPACT * (self.state.p.nrows() - alive) >= self.state.p.nrows() {
            self.state.compact(&mut self.blocks, self.others.len());
        }
        Ok(())
    }

    fn restart(&mut self, job: &Job) -> Result<()> {
        let order = place(&mut self.blocks, &self.others);
        let lifted = || {
            let mut covariance = self.moments.covariance_of(&order);
            for i in 0..order.len() {
                covariance[(i, i)] += self.lambda;
            }
            covariance
        };
        let factor = match Cholesky::new(lifted()) {
            Some(factor) => factor,
            None => damped_of(lifted(), lifted, 0.0, job)?.factor,
        };
        self.state = State::new(self.moments, &order, factor, &mut self.blocks);
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        self.state.gone == 0
    }
}

/// The inputs that are left, block after block, and then those without one.
fn place(blocks: &mut [Block], others: &[usize]) -> Vec<usize> {
    let mut order = Vec::new();
    for block in blocks.iter_mut().filter(|block| !block.left) {
        block.start = order.len();
        order.extend(&block.inputs);
    }
    order.extend(others);
    order
}

impl Block {
    /// tr(P_cc⁻¹ M_cc); 0 for a block without inputs.
    fn price(&self) -> Option<Option<f64>> {
        if self.left {
            return Some(None);
        }
        let n = self.inputs.len();
        if n == 0 {
            return Some(Some(0.0));
        }
        if n == 1 {
            return (self.p[0] > 0.0).then(|| Some((self.m[0] / self.p[0]).max(0.0)));
        }
        let mut l = self.p.clone();
        if !factor_small(&mut l, n) {
            return None;
        }
        let whitened = whitened(&l, n, &self.m);
        let price: f64 = (0..n).map(|i| whitened[i * n + i]).sum();
        Some(Some(price.max(0.0)))
    }
}

impl<T: Element> State<T> {
    fn new(moments: &Moments, order: &[usize], factor: Cholesky, blocks: &mut [Block]) -> State<T> {
        let weights = factor.solve(moments.cross_covariance_of(order));
        let p = factor.inverse();
        drop(factor);
        let widest = widest(blocks);
        blocks.par_iter_mut().filter(|block| !block.left).for_each(|block| {
            let (start, n) = (block.start, block.inputs.len());
            block.p = small_block(p.as_ref(), start, n);
            let own = weights.subrows(start, n);
            block.m = (0..n * n)
                .map(|index| (0..own.ncols()).map(|k| own[(index / n, k)] * own[(index % n, k)]).sum())
                .collect();
        });
        let p = numbers::<T>(p);
        let m = square(numbers::<T>(weights).as_ref());
        let columns = || Mat::zeros(order.len(), PENDING + widest);
        State { p, m, u: columns(), v: columns(), pending: 0, fresh: order.len(), gone: 0 }
    }

    /// - returns: false where rounding has left the block not positive
    fn downdate(&mut self, blocks: &mut [Block], leaving: usize) -> bool {
        let Block { start, inputs, p, m, .. } = &blocks[leaving];
        let (start, size) = (*start, inputs.len());
        let mut l = p.clone();
        if !factor_small(&mut l, size) {
            return false;
        }
        let t = whitened(&l, size, m);
        let (known, n) = (self.pending, self.p.nrows());

        // Columns of the block, whole and with all that is pending.
        let mut p = columns_of(&self.p, start, size);
        let mut m = columns_of(&self.m, start, size);
        let (u, v) = (self.u.as_ref().subcols(0, known), self.v.as_ref().subcols(0, known));
        let (own_u, own_v) = (u.subrows(start, size).transpose(), v.subrows(start, size).transpose());
        let minus = T::number(-1.0);
        matmul(&mut p, Accum::Add, u, own_u, minus, Par::Seq);
        matmul(&mut m, Accum::Add, u, own_v, minus, Par::Seq);
        matmul(&mut m, Accum::Add, v, own_u, minus, Par::Seq);

        let rows: Vec<(Vec<T>, Vec<T>)> = (0..n.div_ceil(ROWS))
            .into_par_iter()
            .map(|chunk| spread(&p, &m, &l, &t, chunk * ROWS..n.min((chunk + 1) * ROWS)))
            .collect();
        for (chunk, (from_u, from_v)) in rows.into_iter().enumerate() {
            for (to, from) in [(&mut self.u, from_u), (&mut self.v, from_v)] {
                for (j, column) in from.chunks_exact(from.len() / size).enumerate() {
                    let to = to.col_mut(known + j).subrows_mut(chunk * ROWS, column.len());
                    to.iter_mut().zip(column).for_each(|(to, &value)| *to = value);
                }
            }
        }
        self.pending += size;

        let (u, v) = (self.u.as_ref().subcols(known, size), self.v.as_ref().subcols(known, size));
        let shortest = 1 + 4096 / (size * widest(blocks).pow(2)).max(1);
        blocks.par_iter_mut().with_min_len(shortest).filter(|block| !block.left).for_each(|block| {
            let n = block.inputs.len();
            for i in 0..n {
                for j in 0..n {
                    let (a, b) = (block.start + i, block.start + j);
                    for k in 0..size {
                        let of = |matrix: MatRef<'_, T>, row: usize| matrix[(row, k)].double();
                        block.p[i * n + j] -= of(u, a) * of(u, b);
                        block.m[i * n + j] -= of(u, a) * of(v, b) + of(v, a) * of(u, b);
                    }
                }
            }
        });
        if self.pending >= PENDING {
            self.apply();
        }
        true
    }

    /// Takes the rows and columns of what has left out.
    /// - `others`: inputs without a block, which lie last
    fn compact(&mut self, blocks: &mut [Block], others: usize) {
        self.apply();
        let n = self.p.nrows();
        let mut order = Vec::with_capacity(n);
        for block in blocks.iter_mut().filter(|block| !block.left) {
            let start = std::mem::replace(&mut block.start, order.len());
            order.extend(start..start + block.inputs.len());
        }
        order.extend(n - others..n);
        for matrix in [&mut self.p, &mut self.m] {
            let from = &*matrix;
            let mut left = Mat::zeros(order.len(), order.len());
            columns(left.as_mut()).enumerate().for_each(|(j, mut column)| {
                // The order rises, so that what lies below the diagonal did before.
                for i in j..order.len() {
                    column[i] = from[(order[i], order[j])];
                }
            });
            *matrix = left;
        }
        let columns = self.u.ncols();
        self.u = Mat::zeros(order.len(), columns);
        self.v = Mat::zeros(order.len(), columns);
    }

    fn apply(&mut self) {
        let (n, pending) = (self.p.nrows(), self.pending);
        let (u, v) = (self.u.as_ref().subcols(0, pending), self.v.as_ref().subcols(0, pending));
        let minus = T::number(-1.0);
        add_lower(self.p.as_mut(), minus, u, u);
        let both = |first: MatRef<'_, T>, second: MatRef<'_, T>| {
            let mut both = Mat::zeros(n, 2 * pending);
            both.as_mut().subcols_mut(0, pending).copy_from(first);
            both.as_mut().subcols_mut(pending, pending).copy_from(second);
            both
        };
        add_lower(self.m.as_mut(), minus, both(u, v).as_ref(), both(v, u).as_ref());
        self.pending = 0;
    }
}

fn widest(blocks: &[Block]) -> usize {
    blocks.iter().map(|block| block.inputs.len()).max().unwrap_or(0)
}

/// Rows that one task works on. It depends on nothing else, as the order of every sum does.
const ROWS: usize = 256;

/// For some rows of P_:c and M_:c those of U = P_:c L⁻ᵀ and V = M_:c L⁻ᵀ - ½ U T, column by column.
/// - `l`, `t`: [size, size]
fn spread<T: Element>(p: &Mat<T>, m: &Mat<T>, l: &[f64], t: &[f64], rows: Range<usize>) -> (Vec<T>, Vec<T>) {
    let (size, count) = (p.ncols(), rows.len());
    let (mut u, mut v) = (vec![T::number(0.0); count * size], vec![T::number(0.0); count * size]);
    let (mut from_p, mut from_m) = (vec![0.0; size], vec![0.0; size]);
    for (at, row) in rows.enumerate() {
        for j in 0..size {
            (from_p[j], from_m[j]) = (p[(row, j)].double(), m[(row, j)].double());
        }
        solve_small(l, size, &mut from_p);
        solve_small(l, size, &mut from_m);
        for j in 0..size {
            let half: f64 = (0..size).map(|k| from_p[k] * t[k * size + j]).sum();
            u[j * count + at] = T::number(from_p[j]);
            v[j * count + at] = T::number(from_m[j] - 0.5 * half);
        }
    }
    (u, v)
}

/// Columns `start..start + size` of a matrix of which the lower triangle is known, whole.
fn columns_of<T: Element>(lower: &Mat<T>, start: usize, size: usize) -> Mat<T> {
    let mut whole = Mat::zeros(lower.nrows(), size);
    // What lies above the diagonal is in rows below it: of each column before the block's, as many as the block has, side by side.
    for i in 0..start {
        let from = lower.col(i).subrows(start, size);
        for (j, &value) in from.iter().enumerate() {
            whole[(i, j)] = value;
        }
    }
    for j in 0..size {
        for i in start..lower.nrows() {
            let column = start + j;
            whole[(i, j)] = lower[(i.max(column), i.min(column))];
        }
    }
    whole
}

/// The same numbers, as they are held.
fn numbers<T: Element>(matrix: Mat<f64>) -> Mat<T> {
    let mut rounded = Mat::zeros(matrix.nrows(), matrix.ncols());
    columns(rounded.as_mut()).enumerate().for_each(|(j, to)| {
        to.iter_mut().zip(matrix.col(j).iter()).for_each(|(to, &from)| *to = T::number(from));
    });
    rounded
}
