//! How blocks end; exceptions are in [`super::exception`].

use crate::Declined;
use crate::lower::Lowering;
use crate::thunk;
use cranelift_codegen::ir::{BlockArg, BlockCall, InstBuilder, JumpTableData, Value};
use prova_check::traps;
use prova_module::{RefKind, RefType};
use prova_ssa::{ArgKind, Block, BlockData, Edge, List, Terminator};

/// The greatest number of values that all edges of a function hand over, each label of a
/// `br_table` counted.
pub const EDGE_ARGS_MAX: usize = 1 << 18;

/// The greatest number of labels of a `br_table`.
pub const TABLE_MAX: usize = 1 << 14;

impl Lowering<'_> {
    pub(crate) fn terminator(&mut self, block: &BlockData) -> Result<(), Declined> {
        match &block.terminator {
            Terminator::Jump(edge) => {
                let (to, args) = self.edge(edge, &[])?;
                self.emit.ins(|i| i.jump(to, &args));
            }
            Terminator::Branch { condition, then, otherwise } => {
                let condition = self.get(*condition)?;
                self.branch(condition, (then, &[]), (otherwise, &[]))?;
            }
            Terminator::Null { reference, null, non_null } => {
                let reference = self.get(*reference)?;
                self.branch(reference, (non_null, &[reference]), (null, &[]))?;
            }
            Terminator::Cast { reference, ty, fits, otherwise } => {
                self.cast(*reference, *ty, fits, otherwise)?;
            }
            Terminator::Table { index, edges, targets } => {
                let index = self.get(*index)?;
                self.table(index, *edges, *targets)?;
            }
            Terminator::Return(values) => {
                let values = self.body.operands(*values).iter().map(|&value| self.get(value));
                let values = values.collect::<Result<Vec<Value>, Declined>>()?;
                let values = planted!(SwappedResults, values, values.into_iter().rev().collect());
                match self.result_cells {
                    None => self.emit.ins(|i| i.return_(&values)),
                    Some(at) => {
                        thunk::put_cells(self.emit, at, &values);
                        self.emit.ins(|i| i.return_(&[]))
                    }
                };
            }
            Terminator::TailCall(_) if self.result_cells.is_some() => {
                return Err(Declined::Round("a tail call leaves it"));
            }
            Terminator::TailCall(call) => self.tail_call(call)?,
            Terminator::Unreachable => self.emit.trap(traps::UNREACHABLE),
            Terminator::Invoke { call, normal, handler } => {
                self.invoke((call, block.end), normal, handler)?;
            }
            Terminator::Throw { opcode, imm, args, handler } => {
                self.throw((*opcode, *imm, block.end), *args, handler.as_ref())?;
            }
            Terminator::Catch { .. } => return Err(Declined::Bug("a handler as a block")),
        }
        Ok(())
    }

    /// Goes along an edge, behind what may have changed the fuel.
    pub(crate) fn jump(&mut self, edge: &Edge, payloads: &[Value]) -> Result<(), Declined> {
        self.fuel_wanted(edge.block);
        let (to, args) = self.edge(edge, payloads)?;
        self.emit.ins(|i| i.jump(to, &args));
        Ok(())
    }

    /// The same with these arguments.
    pub(crate) fn jump_with(&mut self, to: Block, args: Vec<Value>) -> Result<(), Declined> {
        self.fuel_wanted(to);
        let (to, args) = self.edge_with(to, args)?;
        self.emit.ins(|i| i.jump(to, &args));
        Ok(())
    }

    fn edge(
        &self,
        edge: &Edge,
        payloads: &[Value],
    ) -> Result<(cranelift_codegen::ir::Block, Vec<BlockArg>), Declined> {
        let args = self.body.args(edge).iter().map(|arg| match arg.kind() {
            ArgKind::Value(value) => self.get(value),
            ArgKind::Payload(number) => {
                let payload = payloads.get(number as usize).copied();
                payload.ok_or(Declined::Bug("an edge without payload"))
            }
        });
        let args = args.collect::<Result<Vec<Value>, Declined>>()?;
        self.edge_with(edge.block, args)
    }

    fn edge_with(
        &self,
        to: Block,
        args: Vec<Value>,
    ) -> Result<(cranelift_codegen::ir::Block, Vec<BlockArg>), Declined> {
        let args = planted!(SwappedEdge, args, args.into_iter().rev().collect());
        let mut args: Vec<BlockArg> = args.into_iter().map(BlockArg::from).collect();
        args.extend(self.fuel_argument(to)?.map(BlockArg::from));
        self.edge_args.set(self.edge_args.get() + args.len());
        if self.edge_args.get() > EDGE_ARGS_MAX {
            return Err(Declined::Limit("values of edges", EDGE_ARGS_MAX));
        }
        Ok((self.blocks[to.as_u32() as usize], args))
    }

    /// A branch by the type of a reference. To the check a reference to a function keeps the type
    /// that it had.
    fn cast(
        &mut self,
        of: prova_ssa::Value,
        ty: RefType,
        fits: &Edge,
        otherwise: &Edge,
    ) -> Result<(), Declined> {
        if self.module.types().ref_kind(ty) != RefKind::Any {
            return Err(Declined::Casts);
        }
        let reference = self.get(of)?;
        let is = match self.test(of, reference, ty)? {
            Some(is) => is,
            None => self.ask(reference, (ty.is_nullable(), ty.heap_type()))?,
        };
        self.fuel_wanted(fits.block);
        self.fuel_wanted(otherwise.block);
        self.branch(is, (fits, &[reference]), (otherwise, &[reference]))
    }

    fn branch(
        &mut self,
        condition: Value,
        (then, payload): (&Edge, &[Value]),
        (otherwise, other): (&Edge, &[Value]),
    ) -> Result<(), Declined> {
        // Cranelift would make the same of it, and give the trap the branch's offset.
        if let Some(offset) = self.only_traps(then) {
            self.emit.at(offset);
            self.emit.trap_if(condition, traps::UNREACHABLE);
            let (to, args) = self.edge(otherwise, other)?;
            self.emit.ins(|i| i.jump(to, &args));
            return Ok(());
        }
        if let Some(offset) = self.only_traps(otherwise) {
            self.emit.at(offset);
            self.emit.trap_unless(condition, traps::UNREACHABLE);
            let (to, args) = self.edge(then, payload)?;
            self.emit.ins(|i| i.jump(to, &args));
            return Ok(());
        }
        let (then, otherwise) = planted!(TurnedBranch, (then, otherwise), (otherwise, then));
        let (then, then_args) = self.edge(then, payload)?;
        let (otherwise, args) = self.edge(otherwise, other)?;
        self.emit.ins(|i| i.brif(condition, then, &then_args, otherwise, &args));
        Ok(())
    }

    /// The offset of the trap of a block that does nothing else.
    fn only_traps(&self, edge: &Edge) -> Option<u32> {
        let block = self.body.block(edge.block);
        let pure = block.insts().all(|inst| self.body.inst(inst).op.effects().is_pure());
        (pure && block.terminator == Terminator::Unreachable).then_some(block.end)
    }

    fn table(
        &mut self,
        index: Value,
        edges: List<Edge>,
        targets: List<u32>,
    ) -> Result<(), Declined> {
        let (edges, targets) = (self.body.edges(edges), self.body.targets(targets));
        if targets.len() > TABLE_MAX {
            return Err(Declined::Limit("labels of a br_table", TABLE_MAX));
        }
        let calls = targets.iter().map(|&at| {
            let edge = edges.get(at as usize).ok_or(Declined::Bug("a table without edge"))?;
            let (to, args) = self.edge(edge, &[])?;
            let mut func = self.emit.func.borrow_mut();
            Ok(BlockCall::new(to, args, &mut func.dfg.value_lists))
        });
        let mut calls = calls.collect::<Result<Vec<BlockCall>, Declined>>()?;
        let default = calls.pop().ok_or(Declined::Bug("a table without targets"))?;
        planted!(TurnedTable, {}, calls.reverse());
        let data = JumpTableData::new(default, &calls);
        let table = self.emit.func.borrow_mut().create_jump_table(data);
        self.emit.ins(|i| i.br_table(index, table));
        Ok(())
    }
}
