//! A Wasm function around one op: operands as parameters with guards between them → results that
//! show the whole frame.
//!
//! ```text
//! (param g0 s0 g1 s1 g2 d0 g3) … the operator on s0, s1, into d0 … (result g0 s0 g1 s1 g2 d0 g3)
//! ```
//!
//! The function returns all its parameters in their order, which is where they already lie, so a
//! call shows the cells of the frame as the instruction left them: results, sources, and the
//! guards, which nothing may touch.
//!
//! The text says what the op has to do in Wasm's own operators; how the translator makes the op of
//! it is not said.

use super::values::{Ty, edges};
use std::fmt::Write as _;

/// Where the values of a parameter come from.
#[derive(Clone, Debug)]
pub(crate) enum Feed {
    /// Anything of the type: a guard, or a cell to be written.
    Noise,
    /// These, each with those of the others; and chance.
    List(Vec<u128>),
    /// These and no others.
    Only(Vec<u128>),
}

/// A parameter.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) feed: Feed,
}

/// A function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) params: Vec<Param>,
    /// The code before it returns its parameters.
    pub(crate) body: String,
    /// Whether its code is also run with the op's slots moved to other places.
    pub(crate) placed: bool,
    /// The results, where they are not the parameters.
    pub(crate) results: Option<String>,
    /// The fuel of its calls, or what is read at the epoch; plenty of the one and 0 of the other
    /// where it is empty.
    pub(crate) budgets: Vec<u64>,
}

impl Form {
    pub(crate) fn new() -> Form {
        Form { placed: true, ..Form::default() }
    }

    /// One with these parameters and no guards, fed with edges.
    pub(crate) fn bare(params: &[(&str, Ty)]) -> Form {
        let param = |&(name, ty): &(&str, Ty)| Param {
            name: name.to_owned(),
            ty,
            feed: Feed::List(edges(ty)),
        };
        Form { params: params.iter().map(param).collect(), ..Form::new() }
    }

    /// A guard and a source with these values; gives its name.
    pub(crate) fn source(&mut self, ty: Ty, feed: Feed) -> String {
        self.param("$s", ty, feed)
    }

    /// A guard and a cell to be written; gives its name.
    pub(crate) fn dest(&mut self, ty: Ty) -> String {
        self.param("$d", ty, Feed::Noise)
    }

    /// A guard and a parameter of this name.
    pub(crate) fn named(&mut self, name: &str, ty: Ty, feed: Feed) {
        self.guard();
        self.params.push(Param { name: name.to_owned(), ty, feed });
    }

    fn param(&mut self, prefix: &str, ty: Ty, feed: Feed) -> String {
        let name = format!("{prefix}{}", self.params.len() + 1);
        self.named(&name, ty, feed);
        name
    }

    fn guard(&mut self) {
        let name = format!("$g{}", self.params.len());
        self.params.push(Param { name, ty: Ty::I64, feed: Feed::Noise });
    }

    /// The form with a body, and a guard behind the last parameter.
    pub(crate) fn with_body(mut self, body: impl Into<String>) -> Form {
        self.body = body.into();
        self.guard();
        self
    }

    /// The same without guards.
    pub(crate) fn without_guards(&self) -> Form {
        let mut form = self.clone();
        form.params.retain(|param| !param.name.starts_with("$g"));
        form
    }

    /// Whether it can be merged with others: its parameters are sources and results by number, and
    /// its results are they.
    pub(crate) fn merges(&self) -> bool {
        let numbered = |name: &str| {
            name.strip_prefix(['$']).is_some_and(|name| {
                name.starts_with(['s', 'd']) && name[1..].parse::<usize>().is_ok()
            })
        };
        // A wait always traps, a bulk operator often, and nothing behind it would run.
        let traps = ["memory.", "table.", "elem.", "data."].iter().any(|op| self.body.contains(op));
        self.results.is_none()
            && !traps
            && self.budgets.is_empty()
            && self.params.iter().all(|param| numbered(&param.name))
    }

    /// One form that does what all of these do, one after the other. Sources of one type are shared
    /// by their order.
    pub(crate) fn merge(forms: &[&Form]) -> Form {
        let mut merged = Form::default();
        for form in forms {
            let mut body = form.body.clone();
            for (i, param) in form.params.iter().enumerate() {
                let name = if param.name.starts_with("$s") {
                    let before = form.params[..i].iter().filter(|p| p.ty == param.ty).count();
                    format!("${}{before}", param.ty.name())
                } else {
                    format!("$r{}", merged.params.len())
                };
                for end in [")", " "] {
                    body = body.replace(&format!("{}{end}", param.name), &format!("{name}{end}"));
                }
                if merged.params.iter().all(|known| known.name != name) {
                    merged.params.push(Param { name, ..param.clone() });
                }
            }
            merged.body.push_str(&body);
            merged.body.push('\n');
        }
        merged
    }

    /// The same, never moved to other slots.
    pub(crate) fn in_place(self) -> Form {
        Form { placed: false, ..self }
    }

    /// The same with other results than the parameters.
    pub(crate) fn with_results(self, types: &str) -> Form {
        Form { results: Some(types.to_owned()), ..self }
    }

    /// The cells of its parameters.
    pub(crate) fn cells(&self) -> usize {
        self.params.iter().map(|param| if param.ty == Ty::V128 { 2 } else { 1 }).sum()
    }

    /// Its text; `pads` i64 values lie on the operand stack for a moment, and give the frame as
    /// many spare cells. A `wide` function has one local, a v128, which [`widen`] makes many.
    pub(crate) fn text(&self, export: &str, pads: usize, wide: bool) -> String {
        let mut text = format!("(func (export \"{export}\")");
        for param in &self.params {
            // Writing to a string does not fail.
            let _ = write!(text, " (param {} {})", param.name, param.ty.name());
        }
        match &self.results {
            Some(types) => text.push_str(types),
            None => {
                let types: Vec<&str> = self.params.iter().map(|param| param.ty.name()).collect();
                let _ = write!(text, " (result {})", types.join(" "));
            }
        }
        if wide {
            text.push_str(" (local v128)");
        }
        text.push_str(&" local.get 0".repeat(pads));
        text.push_str(&" drop".repeat(pads));
        let _ = write!(text, "\n  {}\n ", self.body);
        if self.results.is_none() {
            for param in &self.params {
                let _ = write!(text, " local.get {}", param.name);
            }
        }
        text.push_str(")\n");
        text
    }
}

/// A module of functions that belong to one op.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    /// Memories, tables, globals, helper functions; without functions that are called from outside.
    pub(crate) head: String,
    pub(crate) forms: Vec<Form>,
}

impl Unit {
    pub(crate) fn new(head: &str, forms: Vec<Form>) -> Unit {
        Unit { head: head.to_owned(), forms }
    }
}

/// The Wasm with `count` v128 locals in each function whose only locals are one v128: as text the
/// locals would be too long.
pub(crate) fn widen(wasm: &[u8], count: usize) -> Vec<u8> {
    let mut new = wasm[..8].to_vec();
    let mut at = 8;
    while at < wasm.len() {
        let id = wasm[at];
        at += 1;
        let end = number(wasm, &mut at) + at;
        let mut section = Vec::new();
        if id == 10 {
            let bodies = number(wasm, &mut at);
            push_number(bodies, &mut section);
            for _ in 0..bodies {
                let size = number(wasm, &mut at);
                let body = &wasm[at..at + size];
                at += size;
                let mut wide = Vec::new();
                if body.starts_with(&[1, 1, 0x7b]) {
                    wide.push(1);
                    push_number(count, &mut wide);
                    wide.extend(&body[2..]);
                } else {
                    wide.extend(body);
                }
                push_number(wide.len(), &mut section);
                section.extend(wide);
            }
        } else {
            section.extend(&wasm[at..end]);
        }
        at = end;
        new.push(id);
        push_number(section.len(), &mut new);
        new.extend(section);
    }
    new
}

/// A number in LEB128.
fn number(bytes: &[u8], at: &mut usize) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

fn push_number(mut value: usize, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
