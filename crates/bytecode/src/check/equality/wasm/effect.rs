//! Operations of the store on the Wasm side: the `cx` of the rows of classes `quick` and `effect`.

use super::super::effects::Effect;
use super::super::{Fault, Observer, Proof};
use super::Sym;
use prova_terms::Vn;

/// Demands of the code what the expression of a row does to the store.
pub(super) struct Demand<'p, 't, 'f, O: Observer> {
    pub(super) proof: &'p mut Proof<'t, 'f, O>,
    /// Where the code did something else.
    pub(super) fault: Option<Fault>,
}

macro_rules! demand {
    ($($name:ident $effect:ident ($($arg:ident)*);)*) => {
        impl<'t, O: Observer> Demand<'_, 't, '_, O> {
            $(pub(super) fn $name(&mut self, $($arg: Sym<'t>),*) -> Sym<'t> {
                self.demand(Effect::$effect, [$($arg),*])
            })*
        }
    };
}
for_each_store_operation!(demand);

impl<'t, O: Observer> Demand<'_, 't, '_, O> {
    /// The reference, once it is known not to be null.
    pub(super) fn ref_as_non_null(&mut self, a: Sym<'t>) -> Sym<'t> {
        self.demand(Effect::RefAsNonNull, [a]);
        a
    }

    fn demand<const N: usize>(&mut self, effect: Effect, args: [Sym<'t>; N]) -> Sym<'t> {
        let result = match self.proof.demand(effect, args.map(Sym::vn)) {
            Ok(result) => result,
            Err(fault) => {
                self.fault.get_or_insert(fault);
                Vn::UNDEF
            }
        };
        self.proof.sym(result)
    }
}
