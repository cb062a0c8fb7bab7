//! A place of the code → the types on the operand stack there, and the values of both sides.
//!
//! The walker of `prova_module` gives the types; `trace::emit` reads the values in the run.

use crate::trace::{Request, Site, What};
use prova_module::ops::{Immediate, Kind};
use prova_module::walk::{Domain, Edge, Exit, Frame, How, walk};
use prova_module::{FuncBody, FuncIdx, Module, Opcode, Operator, ValType};

/// The types of an operand stack, bottom first.
type Stack = Vec<ValType>;

/// The state that belongs to an event: before its operator, once the events before it have been.
///
/// Of what a call has returned it is the state behind the call.
pub(super) fn request(
    module: &Module,
    site: Site,
    number: u64,
    caller: Option<(u32, u32)>,
) -> Option<Request> {
    let after = number.checked_sub(1 + u64::from(site.what.nth()))?;
    match site.what {
        What::Enter(_) => {
            let (func, behind) = (site.func, false);
            Some(Request { func, offset: None, behind, after, stack: Vec::new() })
        }
        What::HostCall(_) => {
            let (func, offset) = caller?;
            let func = FuncIdx(func);
            let stack = stack_at(module, func, offset, false)?;
            Some(Request { func, offset: Some(offset), behind: false, after, stack })
        }
        What::HostBytes(_) | What::HostResult(_) => None,
        What::Result(_) => {
            let stack = stack_at(module, site.func, site.offset, true)?;
            let offset = Some(site.offset);
            Some(Request { func: site.func, offset, behind: true, after, stack })
        }
        What::Load(_)
        | What::Store(_)
        | What::Update(_)
        | What::GlobalSet(_)
        | What::Effect(_)
        | What::Branch
        | What::Value(_) => {
            let stack = stack_at(module, site.func, site.offset, false)?;
            let offset = Some(site.offset);
            Some(Request { func: site.func, offset, behind: false, after, stack })
        }
    }
}

/// The operand stack before or behind a reachable operator; `None` if its types are not known.
fn stack_at(module: &Module, func: FuncIdx, offset: u32, behind: bool) -> Option<Stack> {
    let body = module.body(func)?;
    let mut find = Find { body: module.body(func)?, offset, stack: Vec::new(), found: None };
    // It ends with the answer, or with none.
    walk(module.body(func)?, &mut find).err()?;
    let before = find.found?;
    if !behind {
        return Some(before);
    }
    let mut reader = body.operators();
    let (op, _) = std::iter::from_fn(|| reader.read_with_offset().ok())
        .find(|(_, at)| *at == u64::from(offset))?;
    let immediates = Opcode::immediates(&op);
    let of_func = immediates.index(Immediate::func);
    let ty = match of_func {
        Some(callee) => module.func_type(FuncIdx(callee)),
        None => {
            let ty = immediates.index(Immediate::type_)?;
            module.types().get(ty as usize)?
        }
    };
    // The callee of an indirect call is one more operand.
    let operands = ty.params.len() + usize::from(of_func.is_none());
    let mut stack = before;
    stack.truncate(stack.len().checked_sub(operands)?);
    stack.extend(&ty.results);
    Some(stack)
}

/// Walks with types, and keeps the whole stack of values along with the walker's.
struct Find<'m> {
    body: FuncBody<'m>,
    offset: u32,
    /// The operand stack as the walk has it.
    stack: Stack,
    found: Option<Stack>,
}

/// The walk ends: the answer is there, or cannot be had.
struct Done;

impl Find<'_> {
    /// Ends the walk if the operator is the wanted one.
    fn at(&mut self, offset: u32) -> Result<(), Done> {
        if offset == self.offset {
            self.found = Some(self.stack.clone());
            return Err(Done);
        }
        Ok(())
    }

    fn pop(&mut self, count: usize) -> Result<(), Done> {
        let left = self.stack.len().checked_sub(count).ok_or(Done)?;
        self.stack.truncate(left);
        Ok(())
    }
}

impl<'m> Domain<'m> for Find<'m> {
    type Value = ValType;
    type Label = usize;
    type Error = Done;

    fn operator(
        &mut self,
        site: &prova_module::walk::Site<'m>,
        args: &[ValType],
        results: &mut Vec<ValType>,
    ) -> Result<(), Done> {
        self.at(site.offset)?;
        for &kind in site.row.results {
            if kind == Kind::results {
                results.extend(&site.callee.ok_or(Done)?.results);
                continue;
            }
            let of_operand = || match (kind, args) {
                (Kind::same, [first, ..]) => match site.operator {
                    Operator::TypedSelect { ty } => Some(ty),
                    _ => Some(*first),
                },
                (Kind::non_null, [ValType::Ref(ty)]) => Some(ValType::Ref(ty.as_non_null())),
                _ => None,
            };
            results.push(site.result_type(kind, &self.body).or_else(of_operand).ok_or(Done)?);
        }
        self.pop(args.len())?;
        self.stack.extend(results.iter());
        Ok(())
    }

    fn open(
        &mut self,
        site: Option<&prova_module::walk::Site<'m>>,
        block: &Frame<'m, ()>,
        condition: Option<&ValType>,
        params: &mut [ValType],
    ) -> Result<usize, Done> {
        if let Some(site) = site {
            self.at(site.offset)?;
        }
        self.pop(usize::from(condition.is_some()) + params.len())?;
        let height = self.stack.len();
        params.copy_from_slice(block.types.params());
        self.stack.extend(params.iter());
        Ok(height)
    }

    fn edge(
        &mut self,
        site: &prova_module::walk::Site<'m>,
        edge: Edge<'_, ValType>,
        _: &mut Frame<'m, usize>,
    ) -> Result<(), Done> {
        self.at(site.offset)?;
        match edge.how {
            How::BrIf(_) => self.pop(1),
            How::OnNonNull => self.pop(1),
            How::OnCast(_) => Ok(()),
            How::OnNull(_) => {
                let reference = self.stack.pop().ok_or(Done)?;
                let reference = self.non_null(reference);
                self.stack.push(reference);
                Ok(())
            }
            How::Br | How::BrTable(..) | How::Return | How::Fall | How::Skip => Ok(()),
        }
    }

    fn otherwise(
        &mut self,
        _: &prova_module::walk::Site<'m>,
        frame: &mut Frame<'m, usize>,
        params: &mut [ValType],
    ) -> Result<(), Done> {
        self.stack.truncate(frame.label);
        self.stack.extend(params.iter());
        Ok(())
    }

    fn close(
        &mut self,
        _: &prova_module::walk::Site<'m>,
        frame: Frame<'m, usize>,
        exit: Exit,
        results: &mut Vec<ValType>,
    ) -> Result<(), Done> {
        self.stack.truncate(frame.label);
        if exit != Exit::Never {
            results.clear();
            results.extend_from_slice(frame.types.results());
            self.stack.extend(results.iter());
        }
        Ok(())
    }

    fn leave(
        &mut self,
        site: &prova_module::walk::Site<'m>,
        _: &[ValType],
        _: &[ValType],
    ) -> Result<(), Done> {
        self.at(site.offset)
    }

    fn non_null(&mut self, reference: ValType) -> ValType {
        match reference {
            ValType::Ref(ty) => ValType::Ref(ty.as_non_null()),
            other => other,
        }
    }
}
