//! The intrinsics: functions that a program imports to talk to the specialiser, found by their
//! names and exact signatures.
//!
//! ```text
//! imports of module `weval` ─► Intrinsics: which imported function is which intrinsic
//! ```
//!
//! Names, signatures and meanings are those of weval 0.5.1, so that its headers keep working. What
//! differs: an import from that module which has another name or another signature is an error (it
//! would otherwise run as a function that nobody provides), and so is an intrinsic that the program
//! uses as a value (exported, in a table, as a reference). And where weval leaves a trap in the
//! place of the virtual stack's and virtual locals' intrinsics, in code that stays generic, they
//! are the loads and stores that they stand for: one body of an interpreter serves both ways.
//!
//! Two meanings belong to each: what it does in a function that is specialised (`walk` does it,
//! `check` knows it for itself), and what stands for its call in code that stays generic
//! ([`Generic`]).

use super::error::Error;
use prova_module::{
    ConstOp, ElementItems, ExternType, FuncBody, FuncIdx, FuncType, Module, Operator, ValType,
};

/// The module that intrinsics are imported from.
pub const MODULE: &str = "weval";

/// The code for a call of an intrinsic in code that is not specialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generic {
    /// Its operands are dropped.
    Nothing,
    /// Its first operand is its result.
    First,
    /// An i64 load from memory 0 at its first operand.
    Load,
    /// An i64 store to memory 0 at its first operand, of its last one.
    Store,
    /// Its result is an i64 global that the result has behind the module's own.
    Get(u32),
    /// Its operand is written to such a global.
    Set(u32),
    /// A trap: it has a meaning in specialised code only.
    Trap,
}

/// How many globals a module gets whose intrinsics read or write some.
pub(crate) const GLOBALS: u32 = 2;

macro_rules! intrinsics {
    ($($(#[$doc:meta])* $name:ident $text:literal
        [$($param:ident)*] -> [$($result:ident)?] $generic:ident $(($global:literal))?;)*) => {
        /// An intrinsic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Intrinsic { $($(#[$doc])* $name),* }

        impl Intrinsic {
            /// All intrinsics.
            pub const ALL: &[Intrinsic] = &[$(Intrinsic::$name),*];

            /// Its name as an import.
            pub const fn name(self) -> &'static str {
                match self { $(Intrinsic::$name => $text),* }
            }

            /// Its parameters and results.
            pub const fn signature(self) -> (&'static [ValType], &'static [ValType]) {
                match self {
                    $(Intrinsic::$name => (&[$(ValType::$param),*], &[$(ValType::$result)?])),*
                }
            }

            /// The code for its call in code that is not specialised.
            pub const fn generic(self) -> Generic {
                match self { $(Intrinsic::$name => Generic::$generic $(($global))?),* }
            }
        }
    };
}

intrinsics! {
    /// The context becomes a child of itself, for a program counter.
    PushContext "push.context" [I32] -> [] Nothing;
    /// The context of the innermost program counter becomes one of another.
    UpdateContext "update.context" [I32] -> [] Nothing;
    /// The context becomes the one before the innermost program counter.
    PopContext "pop.context" [] -> [] Nothing;
    /// A group of contexts, for statistics.
    ContextBucket "context.bucket" [I32] -> [] Nothing;
    /// The value, of which code is specialised for each from the second to the third operand.
    SpecializeValue "specialize.value" [I32 I32 I32] -> [I32] First;
    /// A global of the request.
    ReadSpecializationGlobal "read.specialization.global" [I32] -> [I64] Trap;
    /// The last value written to a register.
    ReadReg "read.reg" [I64] -> [I64] Trap;
    /// Writes a register of this activation.
    WriteReg "write.reg" [I64 I64] -> [] Trap;
    /// A store of the second operand at the first, put off.
    PushStack "push.stack" [I32 I64] -> [] Store;
    /// The last pushed value, which then need not be stored; a load if there is none.
    PopStack "pop.stack" [I32] -> [I64] Load;
    /// The value pushed N pushes before the last one, for the second operand N; a load at the first
    /// operand if there is none.
    ReadStack "read.stack" [I32 I32] -> [I64] Load;
    /// Replaces the value pushed N pushes before the last one, for the second operand N; a store if
    /// there is none.
    WriteStack "write.stack" [I32 I32 I64] -> [] Store;
    /// Does all stores that were put off.
    SyncStack "sync.stack" [] -> [] Nothing;
    /// The last value written to a local; a load at the first operand if there is none.
    ReadLocal "read.local" [I32 I32] -> [I64] Load;
    /// A store of the third operand at the first, put off, under the number of a local.
    WriteLocal "write.local" [I32 I32 I64] -> [] Store;
    /// Nothing.
    TraceLine "trace.line" [I32] -> [] Nothing;
    /// Nothing.
    Print "print" [I32 I32 I32] -> [] Nothing;
    /// Refuses the request, if the second operand is not zero.
    AbortSpecialization "abort.specialization" [I32 I32] -> [] Nothing;
    /// Refuses the request, unless the first operand is constant.
    AssertConst32 "assert.const32" [I32 I32] -> [] Nothing;
    /// Refuses the request where no context was pushed.
    AssertSpecialized "assert.specialized" [I32] -> [] Nothing;
    /// Its operand; what it promises is not made use of.
    AssumeConstMemory "assume.const.memory" [I32] -> [I32] First;
    /// The same.
    AssumeConstMemoryTransitive "assume.const.memory.transitive" [I32] -> [I32] First;
    /// Nothing.
    AssertConstMemory "assert.const.memory" [I32 I32] -> [] Nothing;
    /// The last value that the next intrinsic wrote, in any function; 0 at first.
    ReadGlobal0 "read.global.0" [] -> [I64] Get(0);
    /// Writes it.
    WriteGlobal0 "write.global.0" [I64] -> [] Set(0);
    /// The same, of another global.
    ReadGlobal1 "read.global.1" [] -> [I64] Get(1);
    /// The same, of another global.
    WriteGlobal1 "write.global.1" [I64] -> [] Set(1);
}

/// Which imported functions are intrinsics.
#[derive(Clone, Debug, Default)]
pub struct Intrinsics {
    /// By imported function.
    of: Vec<Option<Intrinsic>>,
    /// By imported function: how many intrinsics there are before it.
    before: Vec<u32>,
    /// How many globals the module has.
    globals: u32,
}

impl Intrinsics {
    /// Finds the intrinsics of a module.
    ///
    /// # Errors
    /// If an import of [`MODULE`] is none, has another signature, or is used as a value.
    pub fn find(module: &Module) -> Result<Intrinsics, Error> {
        let mut of = Vec::new();
        for import in module.imports() {
            let mine = &*import.module == MODULE;
            let refused = |what: String| Error::Intrinsic {
                name: import.name.to_string(),
                offset: import.offset,
                what,
            };
            let ExternType::Func(ty) = import.kind else {
                if mine {
                    return Err(refused("it is no function".to_owned()));
                }
                continue;
            };
            if !mine {
                of.push(None);
                continue;
            }
            let named = Intrinsic::ALL.iter().copied().find(|it| it.name() == &*import.name);
            let Some(intrinsic) = named else {
                return Err(refused("there is no such intrinsic".to_owned()));
            };
            let found = &module.types()[ty.index()];
            let (params, results) = intrinsic.signature();
            if &*found.params != params || &*found.results != results {
                let wanted = FuncType::new(params.iter().copied(), results.iter().copied());
                let what = format!("it has type {found}, not {wanted}");
                return Err(refused(what));
            }
            of.push(Some(intrinsic));
        }
        let mut count = 0;
        let before = |one: &Option<Intrinsic>| {
            let before = count;
            count += u32::from(one.is_some());
            before
        };
        let before = of.iter().map(before).collect();
        let all = Intrinsics { of, before, globals: module.globals().len() as u32 };
        all.are_only_called(module)?;
        Ok(all)
    }

    /// The intrinsic that a function is.
    pub fn of(&self, func: FuncIdx) -> Option<Intrinsic> {
        self.of.get(func.index()).copied().flatten()
    }

    /// The intrinsic that an operator calls.
    pub(crate) fn called(&self, operator: &Operator<'_>) -> Option<Intrinsic> {
        match operator {
            Operator::Call { function_index } => self.of(FuncIdx(*function_index)),
            _other => None,
        }
    }

    /// Whether a body calls one whose generic meaning needs a local: a store of the last of three
    /// operands.
    pub(crate) fn needs_local(&self, body: &FuncBody<'_>) -> bool {
        let needs = |intrinsic: Intrinsic| {
            intrinsic.generic() == Generic::Store && intrinsic.signature().0.len() > 2
        };
        if !self.of.iter().flatten().any(|&intrinsic| needs(intrinsic)) {
            return false;
        }
        let mut reader = body.operators();
        while let Ok(operator) = reader.read() {
            if self.called(&operator).is_some_and(needs) {
                return true;
            }
        }
        false
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match (self.before.last(), self.of.last()) {
            (Some(&before), Some(last)) => before as usize + usize::from(last.is_some()),
            (_, _) => 0,
        }
    }

    /// The index of a global that intrinsics read and write, behind the module's own.
    pub fn global(&self, number: u32) -> u32 {
        self.globals.saturating_add(number)
    }

    /// How many such globals there are: none where no intrinsic reads or writes one.
    pub fn added_globals(&self) -> u32 {
        let is_one = |intrinsic: &Intrinsic| {
            matches!(intrinsic.generic(), Generic::Get(_) | Generic::Set(_))
        };
        if self.of.iter().flatten().any(is_one) { GLOBALS } else { 0 }
    }

    /// The index that a function has once the intrinsics are gone; `None` for an intrinsic.
    pub fn renumbered(&self, func: FuncIdx) -> Option<FuncIdx> {
        if self.of(func).is_some() {
            return None;
        }
        let before = self.before.get(func.index()).copied();
        Some(FuncIdx(func.0 - before.unwrap_or(self.count() as u32)))
    }

    /// The index that a function has beside the intrinsics: what [`Intrinsics::renumbered`] undoes.
    pub(crate) fn original(&self, func: FuncIdx) -> FuncIdx {
        let kept = (0..self.of.len() as u32).map(FuncIdx).filter(|at| self.of(*at).is_none());
        let behind = || FuncIdx(func.0 + self.count() as u32);
        kept.into_iter().nth(func.index()).unwrap_or_else(behind)
    }

    /// Which intrinsic each imported function is.
    pub(crate) fn imported(&self) -> impl ExactSizeIterator<Item = Option<Intrinsic>> {
        self.of.iter().copied()
    }

    /// Intrinsics stand in no table, global and export, and are not the start function. (References
    /// in code are refused where code is rewritten.)
    fn are_only_called(&self, module: &Module) -> Result<(), Error> {
        let refuse = |func: FuncIdx, what: &str| match self.of(func) {
            Some(intrinsic) => Err(Error::Intrinsic {
                name: intrinsic.name().to_owned(),
                offset: 0,
                what: what.to_owned(),
            }),
            None => Ok(()),
        };
        for export in module.exports() {
            export.func().map_or(Ok(()), |func| refuse(func, "it is exported"))?;
        }
        module.start().map_or(Ok(()), |func| refuse(func, "it is the start function"))?;
        let in_expr = |ops: &[ConstOp]| {
            ops.iter().try_for_each(|op| match op {
                ConstOp::RefFunc(func) => refuse(*func, "a reference is made to it"),
                _other => Ok(()),
            })
        };
        for element in module.elements() {
            match &element.items {
                ElementItems::Funcs(funcs) => {
                    funcs.iter().try_for_each(|&func| refuse(func, "it is in a table"))?;
                }
                ElementItems::Exprs(_, exprs) => {
                    exprs.iter().try_for_each(|expr| in_expr(expr.ops()))?;
                }
            }
        }
        for global in (0..module.globals().len() as u32).map(prova_module::GlobalIdx) {
            module.global_init(global).map_or(Ok(()), |init| in_expr(init.ops()))?;
        }
        Ok(())
    }
}
