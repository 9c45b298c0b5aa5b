//! Values that follow from stored tensors alone: what a graph makes of them, computed as a runtime would.
//!
//! A [`Program`] is such a part of a graph. It is run twice: without the numbers of weights, which says what comes out
//! and whether all of it is understood, and with them, when somebody reads what comes out.

mod elementwise;
mod moves;
mod products;
mod reductions;
mod value;

use std::collections::HashMap;

use espalier_tensor::onnx::Id;
use espalier_tensor::{Code, DType, Error, Model, Result};

pub use value::Value;

/// Numbers of more elements are not read in a run that asks for lengths only.
const SMALL: u64 = 1 << 16;
/// Nothing larger is computed, nor are more numbers held for all steps of a program.
const LARGEST: usize = 1 << 28;

/// Nodes in an order in which each operand is made before it is read; what the last one makes is the result.
#[derive(Clone, Debug)]
pub struct Program {
    pub steps: Vec<Step>,
}

/// One node.
#[derive(Clone, Debug)]
pub struct Step {
    pub op: String,
    pub opset: i64,
    pub operands: Vec<Operand>,
    /// Which of the node's outputs is meant.
    pub output: usize,
    pub attributes: Attributes,
}

#[derive(Clone, Copy, Debug)]
pub enum Operand {
    Absent,
    Stored(Id),
    /// What an earlier step made.
    Step(usize),
}

/// A node's attributes by name; others than these say nothing here.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    pub ints: HashMap<String, Vec<i64>>,
    pub floats: HashMap<String, Vec<f64>>,
}

impl Attributes {
    fn int(&self, name: &str, otherwise: i64) -> i64 {
        self.ints.get(name).and_then(|own| own.first().copied()).unwrap_or(otherwise)
    }

    fn float(&self, name: &str, otherwise: f64) -> f64 {
        self.floats.get(name).and_then(|own| own.first().copied()).unwrap_or(otherwise)
    }
}

/// Type and lengths of what a program makes.
///
/// errors: `MODEL_UNSUPPORTED` for what is not understood; as reading tensors
pub fn shape(model: &Model, program: &Program) -> Result<(DType, Vec<u64>)> {
    let made = run(model, program, false)?;
    Ok((made.dtype, made.dims.iter().map(|length| *length as u64).collect()))
}

/// The elements of what a program makes, in the form of `raw_data`.
///
/// - errors: as [`shape`]
/// - memory: eight bytes for each element of all steps
pub fn compute(model: &Model, program: &Program) -> Result<Vec<u8>> {
    run(model, program, true)?.encode()
}

fn run(model: &Model, program: &Program, whole: bool) -> Result<Value> {
    let mut made: Vec<Value> = Vec::with_capacity(program.steps.len());
    let mut held = 0usize;
    for step in &program.steps {
        let operands = step.operands.iter().map(|operand| match operand {
            Operand::Absent => Ok(None),
            Operand::Stored(id) => Value::stored(model, *id, whole).map(Some),
            Operand::Step(place) => made
                .get(*place)
                .cloned()
                .map(Some)
                .ok_or_else(|| Error::internal(format!("step {place} is made later"))),
        });
        let operands = operands.collect::<Result<Vec<_>>>()?;
        let value = apply(step, &operands).map_err(|error| error.in_node("", &step.op))?;
        held = held.saturating_add(value.numbers.as_ref().map_or(0, Vec::len));
        if held > LARGEST {
            return Err(
                unsupported("its steps make more numbers than are held at once").in_node("", &step.op)
            );
        }
        made.push(value.rounded());
    }
    made.pop().ok_or_else(|| Error::internal("a program without steps"))
}

fn apply(step: &Step, operands: &[Option<Value>]) -> Result<Value> {
    let known = elementwise::apply(step, operands)
        .or_else(|| reductions::apply(step, operands))
        .or_else(|| moves::apply(step, operands))
        .or_else(|| products::apply(step, operands));
    known.unwrap_or_else(|| Err(unsupported(format!("{} is not computed", step.op))))
}

fn unsupported(what: impl Into<String>) -> Error {
    Error::new(Code::ModelUnsupported, what)
}

/// An operand that must be there.
fn operand(operands: &[Option<Value>], index: usize) -> Result<&Value> {
    operands
        .get(index)
        .and_then(Option::as_ref)
        .ok_or_else(|| unsupported(format!("operand {index} is absent")))
}

/// An axis counted from the front.
fn axis_of(axis: i64, rank: usize) -> Result<usize> {
    let front = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(front)
        .ok()
        .filter(|axis| *axis < rank)
        .ok_or_else(|| unsupported(format!("axis {axis} lies beyond the rank {rank}")))
}

/// Whole numbers that an attribute states, or an operand.
fn stated(step: &Step, name: &str, operands: &[Option<Value>], index: usize) -> Result<Option<Vec<i64>>> {
    if let Some(own) = step.attributes.ints.get(name) {
        return Ok(Some(own.clone()));
    }
    match operands.get(index) {
        Some(Some(value)) => value.integers().map(Some),
        _ => Ok(None),
    }
}
