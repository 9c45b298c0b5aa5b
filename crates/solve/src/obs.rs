//! The order in which blocks of inputs leave: the optimal brain surgeon, priced at the consumers' outputs.

use crate::blocks::check_distinct;
use crate::moments::Moments;
use crate::surgeon::{Prices, surgeon};
use espalier_tensor::{Code, Error, Job, Result};

/// What reads the blocks: one of the layers that they feed.
#[derive(Clone, Copy, Debug)]
pub struct Consumer<'a> {
    pub moments: &'a Moments,
    /// For each block its inputs here: one, the taps of a kernel, a whole head, none. All consumers have as many blocks. An
    /// input that is in no block stays.
    pub blocks: &'a [Vec<usize>],
    /// What its price counts for beside the others': 1, or one over the variance of its targets.
    pub weight: f64,
}

/// Blocks in the order in which they leave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    pub blocks: Vec<usize>,
    /// What each cost when it left: over all consumers the rise of the mean squared error of the targets, summed over the
    /// targets, when everything that is left is refitted; damping included. >= 0.
    pub prices: Vec<f64>,
    /// The damping that each consumer took.
    pub damping: Vec<f64>,
}

/// Removes the cheapest block, again and again: its price is tr(B_cᵀ (P_cc)⁻¹ B_c) with P = (C + λI)⁻¹ and B = P C_xy the
/// best weights, summed over the consumers. Blocks that cost the same leave in the order of their indices.
///
/// - `damping`: λ as a share of the mean variance of a consumer's inputs, raised tenfold until C + λI is regular; the same λ
///   through all removals
/// - `stay`: so many blocks are left
/// - errors: `OPTION_INVALID` without samples, for a damping below 0 or a weight that is none; `ABORTED`; `INTERNAL` for
///   blocks that do not fit
/// - cost: O(n³ + n²·out) for each consumer of n inputs, and 3 n² numbers of memory
/// - source: Hassibi & Stork 1993; in blocks, Frantar & Alistarh 2022 (OBC)
pub fn obs(consumers: &[Consumer<'_>], damping: f64, stay: usize, job: &Job) -> Result<Order> {
    let count = consumers.first().map_or(0, |consumer| consumer.blocks.len());
    let mut surgeons = Vec::with_capacity(consumers.len());
    for consumer in consumers {
        let Consumer { moments, blocks, weight } = consumer;
        moments.check()?;
        if blocks.len() != count {
            return Err(Error::internal(format!("{} blocks beside {count}", blocks.len())));
        }
        if !weight.is_finite() || *weight < 0.0 {
            let what = format!("a consumer's weight of {weight}");
            return Err(Error::new(Code::OptionInvalid, what).todo("Take a number from 0 on."));
        }
        let named = check_distinct(moments.inputs(), blocks.iter().flatten())?;
        surgeons.push(surgeon(moments, blocks, &named, damping, job)?);
    }
    let removed = count.saturating_sub(stay);
    job.expect(removed as u64);
    let damping = surgeons.iter().map(|surgeon| surgeon.share()).collect();
    let mut order = Order { damping, ..Order::default() };
    for _ in 0..removed {
        job.check()?;
        let mut total = vec![Some(0.0); count];
        for (surgeon, consumer) in surgeons.iter_mut().zip(consumers) {
            for (total, price) in total.iter_mut().zip(prices(&mut **surgeon, job)?) {
                *total = total.zip(price).map(|(total, price)| total + consumer.weight * price);
            }
        }
        let left = total.iter().enumerate().filter_map(|(block, price)| Some((block, (*price)?)));
        let Some((block, price)) = left.min_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        order.blocks.push(block);
        order.prices.push(price);
        for surgeon in &mut surgeons {
            surgeon.remove(block, job)?;
        }
        job.advance(1);
    }
    Ok(order)
}

/// Prices, from fresh matrices where rounding has spoilt those that there are.
fn prices(surgeon: &mut dyn Prices, job: &Job) -> Result<Vec<Option<f64>>> {
    if let Some(prices) = surgeon.prices() {
        return Ok(prices);
    }
    if !surgeon.is_fresh() {
        surgeon.restart(job)?;
    }
    surgeon.prices().ok_or_else(|| Error::internal("a block of inputs has no positive covariance"))
}
