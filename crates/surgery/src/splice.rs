use std::collections::HashSet;
use std::ops::Range;

use espalier_tensor::onnx::{Id, Index};
use espalier_tensor::wire::write;
use espalier_tensor::{Error, Result};

use crate::piece::{self, Piece};

/// Changes to stretches of the .onnx file. The lengths of all messages around a change follow from it.
pub(crate) struct Splices<'m> {
    index: &'m Index,
    splices: Vec<Splice>,
    /// Messages that are gone: changes within them are too.
    removed: HashSet<Id>,
}

struct Splice {
    /// The message whose content changes.
    container: Id,
    span: Range<u64>,
    with: Vec<Piece>,
}

impl<'m> Splices<'m> {
    pub fn new(index: &'m Index) -> Splices<'m> {
        Splices { index, splices: Vec::new(), removed: HashSet::new() }
    }

    /// Puts pieces in the place of whole fields of `container`.
    pub fn replace(&mut self, container: Id, span: Range<u64>, with: Vec<Piece>) {
        self.splices.push(Splice { container, span, with });
    }

    /// Puts pieces between two fields of `container`, after what was put there before.
    pub fn insert(&mut self, container: Id, at: u64, with: Vec<Piece>) {
        self.replace(container, at..at, with);
    }

    /// Puts pieces in the place of the first span and takes out the others; with no span, inserts them at `otherwise`.
    pub fn replace_all(&mut self, container: Id, spans: &[Range<u64>], with: Vec<Piece>, otherwise: u64) {
        match spans.split_first() {
            Some((first, others)) => {
                self.replace(container, first.clone(), with);
                for other in others {
                    self.replace(container, other.clone(), Vec::new());
                }
            }
            None => self.insert(container, otherwise, with),
        }
    }

    /// Puts pieces in the place of a whole message.
    pub fn replace_message(&mut self, message: Id, with: Vec<Piece>) {
        let found = &self.index.messages[message];
        self.removed.insert(message);
        self.replace(found.parent, found.tag..found.body.end, with);
    }

    /// The whole file with all changes: pieces in order.
    ///
    /// errors: `INTERNAL` where two changes touch the same bytes
    pub fn finish(mut self) -> Result<Vec<Piece>> {
        let splices = std::mem::take(&mut self.splices);
        self.splices = splices.into_iter().filter(|splice| !self.is_removed(splice.container)).collect();
        self.restate_lengths()?;
        let messages = &self.index.messages;
        // Between two fields, what ends the inner message comes before what follows it in the outer one.
        self.splices.sort_by_key(|splice| {
            let depth = messages[splice.container].depth;
            (splice.span.start, !splice.span.is_empty(), std::cmp::Reverse(depth))
        });
        let end = messages[0].body.end;
        let mut pieces = Vec::with_capacity(2 * self.splices.len() + 1);
        let mut at = 0;
        for splice in self.splices {
            if splice.span.start < at {
                return Err(Error::internal(format!("two edits touch byte {}", splice.span.start)));
            }
            pieces.push(Piece::Copy(at..splice.span.start));
            pieces.extend(splice.with);
            at = splice.span.end;
        }
        pieces.push(Piece::Copy(at..end));
        pieces.retain(|piece| piece.length() > 0);
        Ok(pieces)
    }

    /// Is the message gone, or one around it?
    pub fn is_removed(&self, mut message: Id) -> bool {
        while message != 0 {
            if self.removed.contains(&message) {
                return true;
            }
            message = self.index.messages[message].parent;
        }
        false
    }

    /// Adds the splices of all length prefixes that change: innermost first, as a longer length lengthens what is around.
    fn restate_lengths(&mut self) -> Result<()> {
        let messages = &self.index.messages;
        let mut growth = vec![0i64; messages.len()];
        let mut touched = vec![false; messages.len()];
        for splice in &self.splices {
            let old = splice.span.end - splice.span.start;
            growth[splice.container] += piece::length(&splice.with) as i64 - old as i64;
            touched[splice.container] = true;
        }
        for (id, message) in messages.iter().enumerate().skip(1).rev() {
            if !touched[id] || growth[id] == 0 {
                continue;
            }
            let old = message.body.end - message.body.start;
            let new = old
                .checked_add_signed(growth[id])
                .ok_or_else(|| Error::internal("an edit takes more than there is"))?;
            let mut prefix = Vec::new();
            write::varint(&mut prefix, new);
            let old_prefix = message.body.start - message.length_at;
            growth[message.parent] += growth[id] + prefix.len() as i64 - old_prefix as i64;
            touched[message.parent] = true;
            self.splices.push(Splice {
                container: message.parent,
                span: message.length_at..message.body.start,
                with: vec![Piece::Literal(prefix)],
            });
        }
        Ok(())
    }
}
