//! All machine code of a module as it is proposed, each piece checked, none loaded: the content of
//! an artifact.

use super::Code;
use crate::artifact::none;
use crate::compiler::RefusalReason;
use crate::error::Result;
use crate::machine::{MachineCode, accepted_code};
use crate::workers;
use prova_artifact::Settings;
use prova_check::CodeKind;
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
        let make = |kind| {
            let code = accepted_code(&**compiler, &self.module, layout, &self.settings, kind)?;
            let code = self.related(layout, code)?;
            self.proved(layout, &code, &code.bytes).map_err(RefusalReason::Rejected)?;
            Ok(code)
        };
        let proposed = |&kind: &CodeKind| match kind {
            CodeKind::Func(_) => (kind, self.watched(|| make(kind))),
            _ => (kind, make(kind)),
        };
        let made: Vec<_> = workers::work_in_parallel(|| kinds.par_iter().map(proposed).collect());
        let mut pieces = Vec::with_capacity(made.len());
        for (kind, made) in made {
            match (made, kind) {
                (Ok(code), _) => pieces.push((self.symbol(kind), code)),
                (Err(reason), CodeKind::Func(func)) => self.refuse(FuncIdx(func), reason),
                // Functions of the type are refused for it when they are loaded.
                (
                    Err(_),
                    CodeKind::ThunkIn(_)
                    | CodeKind::ThunkOut(_)
                    | CodeKind::Loop { .. }
                    | CodeKind::Way(_),
                ) => {}
            }
        }
        let (deterministic, maker) = (self.settings.deterministic, compiler.maker());
        Ok((Settings { config: *config, deterministic, maker }, pieces))
    }

    /// The name of a piece among the symbols of a file.
    fn symbol(&self, kind: CodeKind) -> String {
        match kind {
            CodeKind::Func(func) => match self.module.func_name_or_export(FuncIdx(func)) {
                Some(name) => format!("{name}@{func}"),
                None => FuncIdx(func).to_string(),
            },
            CodeKind::Loop { func, offset } => format!("loop@{func}@{offset}"),
            CodeKind::ThunkIn(ty) => format!("in@type{ty}"),
            CodeKind::ThunkOut(ty) => format!("out@type{ty}"),
            CodeKind::Way(way) => format!("{way:?}"),
        }
    }
}
