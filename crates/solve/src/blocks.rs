//! Inputs by index, and sorted into blocks.

use espalier_tensor::{Error, Result};

/// errors: `INTERNAL` where an index is named twice or there is none such
pub(crate) fn check_distinct<'a>(
    inputs: usize,
    indices: impl IntoIterator<Item = &'a usize>,
) -> Result<Vec<bool>> {
    let mut named = vec![false; inputs];
    for &index in indices {
        match named.get_mut(index) {
            Some(named) if !*named => *named = true,
            Some(_) => return Err(Error::internal(format!("input {index} is named twice"))),
            None => return Err(Error::internal(format!("there is no input {index} among {inputs}"))),
        }
    }
    Ok(named)
}
