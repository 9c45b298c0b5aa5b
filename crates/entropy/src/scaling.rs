//! What the integers of a quantised tensor stand for.

use espalier_tensor::{Code, Error, Model, Result};

/// (q - zero point) · scale, in f32: for all elements alike, or by their place along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// One number, or one for each place; none for a scale of 1 and a zero point of 0.
    scales: Vec<f32>,
    zero_points: Vec<f32>,
    /// The axis' length, and elements of one index in a row.
    length: u64,
    inner: u64,
    /// Neighbouring indices that share a place.
    block: u64,
    /// Where blocks have places of their own for each position on the other axes.
    is_blocked: bool,
}

/// The stored tensors that a [`Scaling`] is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaledBy {
    pub scale: Option<usize>,
    pub zero_point: Option<usize>,
    pub axis: usize,
    /// Neighbouring indices of the axis that share a scale; scale and zero point then have the tensor's other axes.
    pub block: Option<u64>,
}

impl Scaling {
    /// - errors: `MODEL_MALFORMED` where scale or zero point do not fit the tensor; as reading tensors
    /// - memory: four bytes for each scale and zero point
    pub fn read(model: &Model, tensor: usize, by: ScaledBy) -> Result<Self> {
        Self::of(model, tensor, by)
            .map_err(|error| model.path().map_or(error.clone(), |path| error.in_file(path)))
    }

    fn of(model: &Model, tensor: usize, by: ScaledBy) -> Result<Self> {
        let of = model.tensor(tensor)?;
        let Some(&length) = of.dims.get(by.axis) else {
            let what = format!("there is no axis {} among {}", by.axis, of.dims.len());
            return Err(Error::internal(what).in_tensor(&of.name));
        };
        let block = by.block.unwrap_or(1).max(1);
        let mut dims = of.dims.clone();
        dims[by.axis] = length.div_ceil(block);
        let all = |dims: &[u64]| dims.iter().try_fold(1u64, |all, &length| all.checked_mul(length));
        let places = if by.block.is_some() { all(&dims) } else { Some(length) };
        let numbers = |id: Option<usize>| -> Result<Vec<f32>> {
            let Some(id) = id else { return Ok(Vec::new()) };
            let from = model.tensor(id)?;
            if from.elements != 1 && Some(from.elements) != places {
                let what = format!("it has {} elements, which do not fit \"{}\"", from.elements, of.name);
                return Err(Error::new(Code::ModelMalformed, what).in_tensor(&from.name));
            }
            let mut numbers = vec![0.0; from.elements as usize];
            model.read_elements_f32(id, 0, &mut numbers)?;
            Ok(numbers)
        };
        let (scales, zero_points) = (numbers(by.scale)?, numbers(by.zero_point)?);
        // Of an empty tensor nothing is ever converted.
        let inner = if of.elements == 0 { 1 } else { of.dims[by.axis + 1..].iter().product() };
        Ok(Self { scales, zero_points, length, inner, block, is_blocked: by.block.is_some() })
    }

    /// Replaces integers by what they stand for; the first is element `start` of the tensor.
    pub(crate) fn apply(&self, start: u64, values: &mut [f32]) {
        let (mut at, mut rest) = (start, values);
        while !rest.is_empty() {
            let (place, step, run) = self.run(at);
            let (values, others) = rest.split_at_mut((run as usize).min(rest.len()));
            subtract(&self.zero_points, place, step, values);
            multiply(&self.scales, place, step, values);
            at += run;
            rest = others;
        }
    }

    /// The place of an element, whether the next elements lie at the next places or at the same one, and for how many
    /// that holds.
    fn run(&self, element: u64) -> (usize, bool, u64) {
        let (within, index) = (element % self.inner, element / self.inner % self.length);
        if self.is_blocked && self.inner > 1 {
            let row =
                element / self.inner / self.length * self.length.div_ceil(self.block) + index / self.block;
            return ((row * self.inner + within) as usize, true, self.inner - within);
        }
        let outer =
            if self.is_blocked { element / self.length * self.length.div_ceil(self.block) } else { 0 };
        let place = (outer + index / self.block) as usize;
        match (self.inner, self.block) {
            (1, 1) => (place, true, self.length - index),
            (1, block) => (place, false, (block - index % block).min(self.length - index)),
            (inner, _) => (place, false, inner - within),
        }
    }
}

fn subtract(numbers: &[f32], place: usize, step: bool, values: &mut [f32]) {
    match numbers {
        [] => {}
        [one] => values.iter_mut().for_each(|value| *value -= one),
        many if step => values.iter_mut().zip(&many[place..]).for_each(|(value, number)| *value -= number),
        many => values.iter_mut().for_each(|value| *value -= many[place]),
    }
}

fn multiply(numbers: &[f32], place: usize, step: bool, values: &mut [f32]) {
    match numbers {
        [] => {}
        [one] => values.iter_mut().for_each(|value| *value *= one),
        many if step => values.iter_mut().zip(&many[place..]).for_each(|(value, number)| *value *= number),
        many => values.iter_mut().for_each(|value| *value *= many[place]),
    }
}

#[cfg(test)]
mod tests {
    use super::Scaling;

    /// By the definition, one element at a time.
    fn expected(scaling: &Scaling, element: u64, value: f32) -> f32 {
        let within = element % scaling.inner;
        let index = element / scaling.inner % scaling.length;
        let outer = element / scaling.inner / scaling.length;
        let blocks = scaling.length.div_ceil(scaling.block);
        let place = if scaling.is_blocked {
            (outer * blocks + index / scaling.block) * scaling.inner + within
        } else {
            index
        };
        let of = |numbers: &[f32], otherwise| match numbers {
            [] => otherwise,
            [one] => *one,
            many => many[place as usize],
        };
        (value - of(&scaling.zero_points, 0.0)) * of(&scaling.scales, 1.0)
    }

    #[test]
    fn runs_give_what_single_elements_do() {
        for (outer, length, inner) in [(1u64, 7u64, 1u64), (3, 5, 4), (2, 6, 1), (4, 1, 3), (1, 9, 2)] {
            for block in [None, Some(1), Some(2), Some(3), Some(20)] {
                let size = block.unwrap_or(1);
                let places = block.map_or(length, |block: u64| outer * length.div_ceil(block) * inner);
                let many: Vec<f32> = (0..places).map(|i| 0.5 + i as f32).collect();
                for (scales, zero_points) in [
                    (many.clone(), many.iter().map(|x| x * 3.0).collect()),
                    (many.clone(), vec![2.0]),
                    (vec![0.25], many.clone()),
                    (Vec::new(), vec![7.0]),
                    (vec![0.5], Vec::new()),
                ] {
                    let is_blocked = block.is_some();
                    let scaling = Scaling { scales, zero_points, length, inner, block: size, is_blocked };
                    let elements = outer * length * inner;
                    for start in 0..elements {
                        let mut values: Vec<f32> = (start..elements).map(|i| i as f32 * 1.5).collect();
                        let wanted: Vec<f32> =
                            (start..).zip(&values).map(|(i, &v)| expected(&scaling, i, v)).collect();
                        scaling.apply(start, &mut values);
                        assert_eq!(values, wanted, "{outer} {length} {inner} {block:?} from {start}");
                    }
                }
            }
        }
    }
}
