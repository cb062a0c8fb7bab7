//! A pair of functions → whether it differs by definitions of types that changed alone.
//!
//! It is an answer for readers: the functions stay `changed`, as an operator on another type does
//! something else.

use crate::pair::side::Side;
use crate::pair::token::Tokens;
use prova_module::FuncIdx;

/// The definition that a pair of functions follows from, and how often it names types that follow
/// from some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Follows {
    pub(crate) root: u32,
    pub(crate) places: u32,
}

/// Compares two defined functions with each type of A as it became in B: all else is equal, place
/// by place.
pub(crate) fn follows(sides: (&Side<'_>, &Side<'_>), funcs: (u32, u32)) -> Option<Follows> {
    let (a, b) = sides;
    let types = &a.types;
    if types.changed().is_empty() {
        return None;
    }
    let mut found = Follows { root: u32::MAX, places: 0 };
    let mut note = |root: Option<u32>| {
        if let Some(root) = root {
            found.places += 1;
            found.root = if found.root == u32::MAX { root } else { found.root };
        }
    };
    let (x, y) = (a.type_id_of(funcs.0), b.type_id_of(funcs.1));
    if types.id(x) != y {
        return None;
    }
    note(types.cause(x));
    let locals = |side: &Side<'_>, func| -> Option<Vec<u32>> {
        let body = side.module.body(FuncIdx(func))?;
        let params = side.module.func_type(FuncIdx(func)).params.len();
        Some(body.local_types().into_iter().skip(params).map(|ty| side.val_id(ty)).collect())
    };
    let (x, y) = (locals(a, funcs.0)?, locals(b, funcs.1)?);
    if x.len() != y.len() || x.iter().zip(&y).any(|(x, y)| types.val(*x) != *y) {
        return None;
    }
    x.iter().for_each(|ty| note(types.cause_of_val(*ty)));
    let (mut x, mut y) = (Tokens::new(a, funcs.0)?, Tokens::new(b, funcs.1)?);
    loop {
        match (x.next(), y.next()) {
            (None, None) => break,
            (Some(x), Some(y)) => {
                let (tok, cause) = types.token(x.tok);
                if tok != y.tok {
                    return None;
                }
                note(cause);
            }
            _ => return None,
        }
    }
    (found.places > 0).then_some(found)
}
