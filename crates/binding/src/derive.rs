//! Tensors that follow from stored ones: `src/native/derived.ts`.

use std::collections::HashMap;

use espalier_fold as fold;
use napi_derive::napi;

use crate::error::to_js;
use crate::model::Model;

/// A value of the graph, and the nodes that make it of stored tensors, each before those that read it.
#[napi(object, object_to_js = false)]
pub struct Program {
    pub name: String,
    pub steps: Vec<Step>,
}

#[napi(object, object_to_js = false)]
pub struct Step {
    pub op: String,
    pub opset: f64,
    /// The id of a stored tensor, -1 - the place of an earlier step, or nothing where the operand is absent.
    pub operands: Vec<Option<i32>>,
    pub output: u32,
    pub ints: HashMap<String, Vec<f64>>,
    pub floats: HashMap<String, Vec<f64>>,
}

/// A tensor that a program makes.
#[napi(object, object_from_js = false)]
pub struct Made {
    pub dtype: String,
    pub dims: Vec<f64>,
    pub bytes: f64,
}

#[napi]
impl Model {
    /// Type and lengths of what each program makes; null where one is not understood.
    #[napi]
    pub fn made(&self, programs: Vec<Program>) -> napi::Result<Vec<Option<Made>>> {
        let model = self.get()?;
        let made = programs.into_iter().map(|program| {
            let (dtype, dims) = fold::shape(&model, &program.convert().1).ok()?;
            let bytes = dtype.bytes(dims.iter().product())?;
            let dims = dims.iter().map(|length| *length as f64).collect();
            Some(Made { dtype: dtype.name().to_owned(), dims, bytes: bytes as f64 })
        });
        Ok(made.collect())
    }

    /// Adds what programs make to the stored tensors: the first one's id is how many of these there are.
    #[napi]
    pub fn derive(&self, programs: Vec<Program>) -> napi::Result<()> {
        let model = self.get()?;
        let derived = programs.into_iter().map(|program| {
            let (name, program) = program.convert();
            let (dtype, dims) = fold::shape(&model, &program)?;
            let compute: espalier_tensor::Compute = Box::new(move |model| fold::compute(model, &program));
            Ok((name, dtype, dims, compute))
        });
        let derived = derived.collect::<espalier_tensor::Result<Vec<_>>>().map_err(|error| to_js(&error))?;
        model.derive(derived).map_err(|error| to_js(&error))
    }
}

impl Program {
    fn convert(self) -> (String, fold::Program) {
        let steps = self.steps.into_iter().map(|step| fold::Step {
            op: step.op,
            opset: step.opset as i64,
            operands: step.operands.into_iter().map(operand).collect(),
            output: step.output as usize,
            attributes: fold::Attributes {
                ints: step
                    .ints
                    .into_iter()
                    .map(|(name, values)| (name, values.into_iter().map(|value| value as i64).collect()))
                    .collect(),
                floats: step.floats,
            },
        });
        (self.name, fold::Program { steps: steps.collect() })
    }
}

fn operand(of: Option<i32>) -> fold::Operand {
    match of {
        None => fold::Operand::Absent,
        Some(id) if id >= 0 => fold::Operand::Stored(id as usize),
        Some(place) => fold::Operand::Step((-1 - place) as usize),
    }
}
