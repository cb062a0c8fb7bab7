//! F15: the handlers beside the code → ranges that nest, and an edge from each to its target.
//!
//! An exception leaves a range at any call or throw inside it and goes on at the target with its
//! values in their slots; what else the target's code reads is written at every such instruction,
//! which is proved with the values (`equality::exception`).
//!
//! # Invariants
//! * H1. Ends ascend in the table; ranges are disjoint or one in the other, so the open ones are a
//!   stack.
//!
//! Cost: a sort of the handlers; constant for an instruction.

use super::targets::Targets;
use super::{Context, Fault, Rule, Verdict};
use crate::candidate::Handler;
use prova_module::{TagIdx, cells_of};
use std::borrow::Cow;

/// The ranges that the walk is in or has still to come to.
pub(super) struct Ranges<'a> {
    /// Handlers by ascending start, those of longer ranges first.
    coming: Vec<&'a Handler>,
    next: usize,
    /// Start and end of the open ranges, the innermost last.
    open: Vec<(u32, u32)>,
}

fn fault(what: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(Rule::Handlers, what)
}

impl<'a> Ranges<'a> {
    pub(super) fn new(cx: &Context<'a>) -> Result<Ranges<'a>, Fault> {
        let handlers = &cx.candidate.handlers;
        let mut end = 0;
        for handler in handlers {
            if handler.start > handler.end || handler.end < end {
                let what = format!("a range from @{} to @{}", handler.start, handler.end);
                return Err(fault(what));
            }
            end = handler.end;
            values(cx, handler)?;
        }
        if end as usize > cx.candidate.words.len() {
            return Err(fault(format!("a range to @{end}, behind the code")));
        }
        // Nothing throws in an empty range.
        let mut coming: Vec<&Handler> = handlers.iter().filter(|h| h.start < h.end).collect();
        coming.sort_by_key(|handler| (handler.start, u32::MAX - handler.end));
        Ok(Ranges { coming, next: 0, open: Vec::new() })
    }

    /// Whether the code has no handlers.
    pub(super) fn is_empty(&self) -> bool {
        self.coming.is_empty()
    }

    /// The walk comes to the instruction at `word`.
    pub(super) fn enter(&mut self, cx: &Context<'_>, targets: &mut Targets, word: u32) -> Verdict {
        while let Some(&(_, end)) = self.open.last().filter(|&&(_, end)| end <= word) {
            if end < word {
                return Err(fault(format!("a range to @{end}, inside an instruction")));
            }
            self.open.pop();
        }
        while let Some(handler) = self.coming.get(self.next).filter(|h| h.start <= word) {
            if handler.start < word {
                return Err(fault(format!(
                    "a range from @{}, inside an instruction",
                    handler.start
                )));
            }
            self.next += 1;
            if self.open.last() != Some(&(handler.start, handler.end)) {
                if self.open.last().is_some_and(|&(_, end)| handler.end > end) {
                    return Err(fault(format!("a range from @{word} that is not nested")));
                }
                self.open.push((handler.start, handler.end));
            }
            if handler.target != Handler::RETURN {
                targets.goes(word, handler.target)?;
                if handler.target <= word {
                    super::metering::cycle(cx, handler.target)?;
                }
            }
        }
        Ok(())
    }

    /// The end of the code.
    pub(super) fn finish(&self, words: usize) -> Verdict {
        if self.next < self.coming.len() || self.open.iter().any(|&(_, end)| end as usize != words)
        {
            return Err(fault("a range that does not end at an instruction"));
        }
        Ok(())
    }
}

/// The cells that a handler writes; they lie in the frame, or are the function's results.
fn values(cx: &Context<'_>, handler: &Handler) -> Result<u32, Fault> {
    let payload = match handler.tag {
        Some(tag) => cells_of(&tag_type(cx, u64::from(tag.0))?.params),
        None => 0,
    };
    let cells = payload + u32::from(handler.with_ref);
    let slot = u32::from(handler.slot);
    if handler.target == Handler::RETURN {
        if slot != 0 || cells != cx.facts.result_cells {
            let what = format!("{cells} cells at s{slot} as {} of results", cx.facts.result_cells);
            return Err(Fault::new(Rule::Returns, what));
        }
        return Ok(cells);
    }
    let (locals, frame) = (cx.facts.local_cells, cx.candidate.frame_cells);
    if slot < locals || slot + cells > frame {
        let what = format!("{cells} cells at s{slot}: {locals} of locals, frame {frame}");
        return Err(Fault::new(Rule::Slots, what));
    }
    Ok(cells)
}

/// The type of a tag of the module.
pub(super) fn tag_type<'a>(
    cx: &Context<'a>,
    tag: u64,
) -> Result<&'a prova_module::FuncType, Fault> {
    let ty = u32::try_from(tag).ok().and_then(|tag| cx.module.tag(TagIdx(tag)));
    ty.ok_or_else(|| Fault::new(Rule::Indices, format!("there is no tag{tag}")))
}
