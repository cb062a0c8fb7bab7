//! All machine code of a module as it is proposed, each piece checked, none loaded: the content of
//! an artifact.

use super::Code;
use super::native::of_kind;
use crate::artifact::none;
use crate::compiler::{CodeRefusal, RefusalReason};
use crate::error::Result;
use crate::machine::{MachineCode, MachineCompiler};
use crate::workers;
use prova_artifact::Settings;
use prova_check::{CodeKind, Layout};
use prova_module::FuncIdx;
use rayon::prelude::*;

impl Code {
    /// The settings, and every piece that its compiler proposes and the check accepts, under its
    /// name. Functions without such a piece are among the refusals.
    ///
    /// # Errors
    /// If there can be no machine code.
    pub(crate) fn proposals(&self) -> Result<(Settings, Vec<(String, MachineCode)>)> {
        let Some((compiler, config)) = self.compilers.native.as_ref() else {
            return Err(none(None));
        };
        let Some(support) = self.native() else {
            let reason = self.native.get().and_then(|native| native.as_ref().err().cloned());
            return Err(none(reason));
        };
        let layout = support.module.layout();
        let types = 0..self.module.types().len() as u32;
        let ways = types.flat_map(|ty| [CodeKind::ThunkIn(ty), CodeKind::ThunkOut(ty)]);
        let funcs = self.module.defined_funcs().map(|func| CodeKind::Func(func.0));
        let kinds: Vec<CodeKind> = ways.chain(funcs).collect();
        let proposed = |&kind: &CodeKind| (kind, self.checked(&**compiler, layout, kind));
        let made: Vec<_> = workers::work_in_parallel(|| kinds.par_iter().map(proposed).collect());
        let mut pieces = Vec::with_capacity(made.len());
        for (kind, made) in made {
            match (made, kind) {
                (Ok(code), _) => pieces.push((self.symbol(kind), code)),
                (Err(reason), CodeKind::Func(func)) => self.refuse(FuncIdx(func), reason),
                // Functions of the type are refused for it when they are loaded.
                (Err(_), CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_)) => {}
            }
        }
        let (deterministic, maker) = (self.settings.deterministic, compiler.maker());
        Ok((Settings { config: *config, deterministic, maker }, pieces))
    }

    /// A piece that passes the check.
    fn checked(
        &self,
        compiler: &dyn MachineCompiler,
        layout: &Layout,
        kind: CodeKind,
    ) -> Result<MachineCode, RefusalReason> {
        let code = match kind {
            CodeKind::Func(func) => {
                compiler.function(&self.module, layout, &self.settings, FuncIdx(func))
            }
            CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) => {
                compiler.thunk(&self.module, layout, kind)
            }
        };
        let code = code.map_err(|error| RefusalReason::Declined(error.to_string()))?;
        let code = of_kind(code, kind).map_err(RefusalReason::Rejected)?;
        let rejected = match layout.check(super::native::bytes_of(&code)) {
            Ok(_) => return Ok(code),
            Err(rejection) => rejection,
        };
        let again = compiler.certified(layout, code).filter(|code| {
            code.kind == kind && layout.check(super::native::bytes_of(code)).is_ok()
        });
        let refusal = || RefusalReason::Rejected(CodeRefusal::Machine(rejected.to_string()));
        again.ok_or_else(refusal)
    }

    /// The name of a piece among the symbols of a file.
    fn symbol(&self, kind: CodeKind) -> String {
        match kind {
            CodeKind::Func(func) => match self.module.func_name_or_export(FuncIdx(func)) {
                Some(name) => format!("{name}@{func}"),
                None => FuncIdx(func).to_string(),
            },
            CodeKind::ThunkIn(ty) => format!("in@type{ty}"),
            CodeKind::ThunkOut(ty) => format!("out@type{ty}"),
        }
    }
}
