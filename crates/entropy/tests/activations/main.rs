//! Statistics of activations: against NumPy, against closed forms, and whatever way the batches come.

mod closed;
mod passes;
mod reference;

use espalier_entropy::{Activations, Batch, Edges, Run, Span};
use espalier_tensor::Job;

/// One batch of a value, [outer, n, inner].
pub struct Value {
    pub dims: [usize; 3],
    pub classes: Vec<i32>,
    pub values: Vec<f32>,
}

impl Value {
    /// One lane.
    pub fn of(values: Vec<f32>) -> Value {
        Value { dims: [values.len(), 1, 1], classes: vec![0], values }
    }

    pub fn lanes(&self) -> usize {
        self.classes.iter().max().map_or(0, |&most| (most + 1) as usize)
    }

    /// Calls `work` with so many outer positions at a time.
    pub fn in_batches(&self, rows: usize, mut work: impl FnMut(&Batch<'_>)) {
        let [_, n, inner] = self.dims;
        for values in self.values.chunks(rows * n * inner) {
            let outer = values.len() / (n * inner);
            work(&Batch { name: "v", values, outer, inner, classes: &self.classes });
        }
    }

    pub fn added(&self, sample: usize, rows: usize) -> Activations {
        let mut found = Activations::new(self.lanes(), sample);
        self.in_batches(rows, |batch| found.add(batch, &Run::new(&Job::new())).unwrap());
        found
    }

    pub fn entropy(&self, edges: Edges, span: Span, bins: usize, miller_madow: bool) -> Vec<f64> {
        let mut found = self.added(1 << 20, usize::MAX / 1_000_000);
        found.bins(edges, span, bins).unwrap();
        self.in_batches(usize::MAX / 1_000_000, |batch| found.count(batch, &Run::new(&Job::new())).unwrap());
        found.entropy(miller_madow)
    }
}
