//! Putting documents together again: pieces and values become the text, or the order of their slots.

use std::sync::Arc;

use super::pack::{self, Packed};
use super::piece::{DEEPEST, Hole, Layout};
use crate::clock::Timestamp;
use crate::storage::bytes::Reader;

/// A place in a document, in the order of the text.
pub(super) enum Step<'l> {
    Literal(&'l [u8]),
    /// A slot of the piece at this place of the shape.
    Slot {
        piece: u32,
        slot: u32,
    },
    Stamp(super::stamp::Form),
}

/// Goes through a document. `None` means that shape and pieces do not fit each other.
pub(super) fn walk<E>(
    shape: &[u32],
    mut layout: impl FnMut(u32) -> Result<Arc<Layout>, E>,
    mut see: impl FnMut(Step<'_>) -> Option<()>,
) -> Result<Option<()>, E> {
    let mut rest = shape;
    // the pieces that are open, each with its next part and its next slot
    let mut open: Vec<(u32, Arc<Layout>, usize, u32)> = Vec::new();
    let Some(root) = next_piece(&mut rest) else { return Ok(None) };
    open.push((root, layout(root)?, 0, 0));
    loop {
        let Some((piece, pattern, part, slot)) = open.last_mut() else {
            return Ok(rest.is_empty().then_some(()));
        };
        let Some((literal, hole)) = pattern.part(*part) else { return Ok(None) };
        *part += 1;
        if see(Step::Literal(literal)).is_none() {
            return Ok(None);
        }
        let seen = match hole {
            Hole::Slot => {
                *slot += 1;
                see(Step::Slot { piece: *piece, slot: *slot - 1 })
            }
            Hole::Stamp(form) => see(Step::Stamp(form)),
            Hole::List => see(Step::Literal(b"[")),
            Hole::End => {
                open.pop();
                Some(())
            }
        };
        if seen.is_none() || open.len() > DEEPEST {
            return Ok(None);
        }
        // behind the bracket of a list, and behind an element, comes the next one or the end of the list
        if hole == Hole::List || (hole == Hole::End && !open.is_empty()) {
            let between: &[u8] = if rest.first() == Some(&0) {
                b"]"
            } else if hole == Hole::End {
                b","
            } else {
                b""
            };
            if see(Step::Literal(between)).is_none() {
                return Ok(None);
            }
            if between == b"]" {
                rest = &rest[1..];
            } else {
                let Some(element) = next_piece(&mut rest) else { return Ok(None) };
                open.push((element, layout(element)?, 0, 0));
            }
        }
    }
}

fn next_piece(rest: &mut &[u32]) -> Option<u32> {
    let (piece, behind) = rest.split_first()?;
    *rest = behind;
    piece.checked_sub(1)
}

/// The JSON text of a document; `next` gives its values one after the other.
pub(super) fn write<E>(
    shape: &[u32],
    timestamp: Timestamp,
    layout: impl FnMut(u32) -> Result<Arc<Layout>, E>,
    mut next: impl FnMut(u32, u32, &mut Vec<u8>) -> Option<()>,
) -> Result<Option<String>, E> {
    let mut out = Vec::new();
    let written = walk(shape, layout, |step| {
        match step {
            Step::Literal(literal) => out.extend(literal),
            Step::Slot { piece, slot } => next(piece, slot, &mut out)?,
            Step::Stamp(form) => {
                out.push(b'"');
                out.extend(form.text(timestamp).as_bytes());
                out.push(b'"');
            }
        }
        Some(())
    })?;
    Ok(written.and_then(|()| String::from_utf8(out).ok()))
}

/// Gives the values of a document one after the other.
pub(super) fn write_next(values: &mut Reader<'_>, out: &mut Vec<u8>) -> Option<()> {
    pack::read(values).map(|value: Packed<'_>| value.write(out))
}
