//! A tensor seen as [outer, n, inner] about one axis, and the pieces that are worked on at a time.
//!
//! All bounds in here depend on shapes alone, since they fix the order of summation.

use crate::request::Slice;
use crate::scaling::Scaling;
use espalier_simd::Elements;
use espalier_tensor::{Model, Result};
use std::ops::Range;

/// Elements that a task has at most; 2 MiB of f32.
const TASK: u64 = 512 << 10;
/// Elements that are read at a time: few enough to stay in a core's own cache until they are worked through.
pub(crate) const BLOCK: usize = 64 << 10;

/// A tensor about one of its axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub tensor: usize,
    /// The product of the axes before.
    pub outer: u64,
    /// The axis' length.
    pub indices: usize,
    /// The product of the axes behind.
    pub inner: u64,
    /// What its integers stand for.
    pub scaling: Option<&'a Scaling>,
}

/// A box in a view, read in rows: one row for each outer position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub outer: Range<u64>,
    pub indices: Range<usize>,
    /// All of the inner positions, unless there is only one index.
    pub inner: Range<u64>,
}

impl<'a> View<'a> {
    pub fn new(model: &Model, slice: &'a Slice) -> Result<Self> {
        let Slice { tensor, axis, ref scaling, .. } = *slice;
        let dims = &model.tensor(tensor)?.dims;
        // The product of all axes was counted without overflow when the model was indexed; an empty tensor has no
        // tasks, whatever the products of its other axes are.
        let empty = dims.contains(&0);
        let product = |dims: &[u64]| if empty { 0 } else { dims.iter().product() };
        let indices = if empty { 0 } else { dims[axis] as usize };
        let (outer, inner) = (product(&dims[..axis]), product(&dims[axis + 1..]));
        Ok(View { tensor, outer, indices, inner, scaling: scaling.as_ref() })
    }

    /// Boxes that cover the view, with at most `most` indices each: in the order of elements where `most` is no limit.
    pub fn tasks(&self, most: usize) -> Vec<Task> {
        if self.outer == 0 || self.indices == 0 || self.inner == 0 {
            return Vec::new();
        }
        let wide = (TASK / self.inner).clamp(1, self.indices.min(most).max(1) as u64);
        let deep = (TASK / (wide * self.inner)).max(1);
        let mut tasks = Vec::new();
        for outer in cut(0..self.outer, deep) {
            for indices in cut(0..self.indices as u64, wide) {
                let indices = indices.start as usize..indices.end as usize;
                for inner in cut(0..self.inner, if wide == 1 { TASK } else { self.inner }) {
                    tasks.push(Task { outer: outer.clone(), indices: indices.clone(), inner });
                }
            }
        }
        tasks
    }

    /// Calls `work` with the task's elements in blocks: `work(row, column, elements)`, where the elements begin at `column`
    /// of `row` and either stay in that row or are whole rows. Where an index has no more elements in a row than the
    /// buffer holds, they are not torn apart.
    /// - `buffer`: [`BLOCK`] values
    pub fn read(
        &self,
        model: &Model,
        task: &Task,
        buffer: &mut [f32],
        mut work: impl FnMut(u64, usize, Elements) -> Result<()>,
    ) -> Result<()> {
        let (columns, width) = (task.columns(), task.width());
        let rows = (buffer.len() / columns).max(1) as u64;
        let step = if width < buffer.len() { buffer.len() / width * width } else { buffer.len() };
        for block in cut(task.outer.clone(), rows) {
            for column in (0..columns).step_by(step) {
                let start = self.element(task, block.start, column);
                let width = (columns - column).min(step);
                let length = (block.end - block.start) as usize * width;
                if task.rows_touch(self) || block.end == block.start + 1 {
                    work(block.start, column, self.elements(model, start, length, width, buffer)?)?;
                } else {
                    let values = &mut buffer[..length];
                    for (row, values) in block.clone().zip(values.chunks_exact_mut(width)) {
                        self.numbers(model, self.element(task, row, column), values)?;
                    }
                    work(block.start, column, Elements::F32(values))?;
                }
            }
        }
        Ok(())
    }

    /// The tensor's elements from one on: as they are stored, where that is what they stand for.
    fn elements<'b>(
        &self,
        model: &Model,
        start: u64,
        length: usize,
        width: usize,
        buffer: &'b mut [f32],
    ) -> Result<Elements<'b>> {
        // Kernels are slow where rows begin within a byte.
        let begins = |element: u64| (element * model[self.tensor].dtype.bits()).is_multiple_of(8);
        if self.scaling.is_none() && begins(start) && begins(width as u64) {
            return model.read_stored(self.tensor, start, length, buffer);
        }
        let values = &mut buffer[..length];
        self.numbers(model, start, values)?;
        Ok(Elements::F32(values))
    }

    /// The tensor's numbers from an element on: what its integers stand for, where something is known of that.
    pub fn numbers(&self, model: &Model, start: u64, values: &mut [f32]) -> Result<()> {
        model.read_elements_f32(self.tensor, start, values)?;
        if let Some(scaling) = self.scaling {
            scaling.apply(start, values);
        }
        Ok(())
    }

    /// The element of the tensor at a row and column of a task.
    pub fn element(&self, task: &Task, row: u64, column: usize) -> u64 {
        let first = row * self.indices as u64 + task.indices.start as u64;
        first * self.inner + task.inner.start + column as u64
    }
}

impl Task {
    /// Values in a row.
    pub fn columns(&self) -> usize {
        self.indices.len() * self.width()
    }

    /// Values of one index in a row.
    pub fn width(&self) -> usize {
        (self.inner.end - self.inner.start) as usize
    }

    pub fn elements(&self) -> u64 {
        (self.outer.end - self.outer.start) * self.columns() as u64
    }

    /// Does one row end where the next begins?
    fn rows_touch(&self, view: &View) -> bool {
        self.columns() as u64 == view.indices as u64 * view.inner
    }
}

fn cut(range: Range<u64>, length: u64) -> impl Iterator<Item = Range<u64>> {
    let end = range.end;
    range.step_by(length as usize).map(move |start| start..(start + length).min(end))
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, TASK, Task, View};

    fn view(outer: u64, indices: usize, inner: u64) -> View<'static> {
        View { tensor: 0, outer, indices, inner, scaling: None }
    }

    #[test]
    fn tasks_cover_every_element_once() {
        let large = TASK + 1000;
        for (outer, indices, inner) in [
            (1, 1, 1),
            (3, 5, 7),
            (700, 1000, 9),
            (1, 600_000, 3),
            (2, 3, large),
            (9, 70_000, 1),
            (1, 64, 40_000),
        ] {
            let view = view(outer, indices, inner);
            for most in [usize::MAX, 4096, 16, 1] {
                let tasks = view.tasks(most);
                assert_eq!(tasks.iter().map(Task::elements).sum::<u64>(), outer * indices as u64 * inner);
                assert!(tasks.iter().all(|task| task.elements() <= TASK && task.indices.len() <= most));
                assert!(tasks.iter().all(|task| task.width() as u64 == inner || task.indices.len() == 1));
                let starts: Vec<u64> = tasks.iter().map(|t| view.element(t, t.outer.start, 0)).collect();
                assert!(most < indices || starts.is_sorted());
            }
        }
    }

    #[test]
    fn an_empty_view_has_no_tasks() {
        assert!(view(0, 5, 5).tasks(9).is_empty());
        assert!(view(5, 0, 5).tasks(9).is_empty());
        assert!(view(5, 5, 0).tasks(9).is_empty());
        const { assert!(BLOCK as u64 <= TASK) };
    }
}
