//! The dispatch over operators: the reader of a body calls a method of [`Cx`] for each.
//!
//! Each method knows its operator when this compiles, and so the family that treats it: at run time
//! only one call is left. An operator that its family does not know is refused as one of a proposal
//! that is not accepted.
//!
//! The names and types of the methods are wasmparser's.

use crate::translator::Cx;
use prova_bytecode::Metering;
use prova_module::ops::Class;
use prova_module::{
    FrameKind, FrameStack, Opcode, Operator, VisitOperator, VisitSimdOperator,
    for_each_visit_operator, for_each_visit_simd_operator,
};
use std::mem::ManuallyDrop;

/// Who treats an operator.
#[derive(Clone, Copy, Debug)]
enum Family {
    Variable,
    Constant,
    Numeric,
    Parametric,
    Control,
    Exception,
    /// Loads, stores and operations of the store.
    Store,
    Atomic,
    Aggregate,
    /// No one.
    Refused,
}

impl Family {
    const fn of(opcode: Opcode) -> Family {
        match opcode.class() {
            Class::local_get
            | Class::local_set
            | Class::local_tee
            | Class::global_get
            | Class::global_set => Family::Variable,
            Class::constant => Family::Constant,
            Class::pure | Class::pure2 | Class::trap => Family::Numeric,
            Class::select | Class::drop_ => Family::Parametric,
            Class::load
            | Class::store
            | Class::load_lane
            | Class::store_lane
            | Class::quick
            | Class::effect
            | Class::null => Family::Store,
            Class::atomic_load
            | Class::atomic_store
            | Class::atomic_rmw
            | Class::atomic_cmpxchg
            | Class::atomic_wait
            | Class::atomic_notify
            | Class::fence => Family::Atomic,
            Class::nop
            | Class::unreachable
            | Class::block
            | Class::loop_
            | Class::if_
            | Class::else_
            | Class::end
            | Class::br
            | Class::br_if
            | Class::br_table
            | Class::br_on_null
            | Class::br_on_non_null
            | Class::return_
            | Class::call
            | Class::call_indirect
            | Class::call_ref
            | Class::return_call
            | Class::return_call_indirect
            | Class::return_call_ref => Family::Control,
            Class::try_table | Class::throw | Class::throw_ref => Family::Exception,
            Class::aggregate | Class::allocate | Class::br_on_cast => Family::Aggregate,
            Class::refused => Family::Refused,
        }
    }
}

impl Family {
    /// Whether an operator of the family may own memory: `try_table` does, and refused ones.
    const fn may_own(self) -> bool {
        matches!(self, Family::Exception | Family::Refused)
    }
}

impl Cx<'_> {
    /// R8: of unreachable code only the structure is read.
    #[inline(always)]
    fn step(&mut self, family: Family, operator: &Operator<'_>) {
        if !self.live {
            return self.skip(operator);
        }
        self.before();
        let known = match family {
            Family::Variable => self.variable(operator),
            Family::Constant => self.constant(operator),
            // `ref.is_null` is a function of its operand.
            Family::Numeric => self.numeric(operator) || self.reference(operator),
            Family::Parametric => self.parametric(operator),
            Family::Control => self.control(operator),
            Family::Exception => self.exception(operator),
            Family::Store => {
                self.shared(operator)
                    || self.memory(operator)
                    || self.table(operator)
                    || self.reference(operator)
            }
            Family::Atomic => self.shared(operator) || self.atomic(operator),
            Family::Aggregate => self.aggregate(operator),
            Family::Refused => false,
        };
        if !known {
            self.unknown();
        }
    }

    #[inline(always)]
    fn step_vector(&mut self, operator: &Operator<'_>) {
        if !self.live {
            return;
        }
        self.before();
        if !self.shared(operator) && !self.vector(operator) {
            self.unknown();
        }
    }

    #[inline(always)]
    fn before(&mut self) {
        if self.metering != Metering::None || self.heat {
            self.meter();
        }
        self.poll_due = false;
    }

    #[cold]
    fn unknown(&mut self) {
        self.bug("an operator of a proposal that is not accepted");
    }
}

macro_rules! methods {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(fn $visit(&mut self $(, $($arg: $ty),*)?) {
            let family = const { Family::of(Opcode::$op) };
            // Few operators own anything, and a test of each whether it does would take its time.
            let operator = ManuallyDrop::new(Operator::$op $({ $($arg),* })?);
            self.step(family, &operator);
            if const { Family::of(Opcode::$op).may_own() } {
                drop(ManuallyDrop::into_inner(operator));
            }
        })*
    };
}

macro_rules! vector_methods {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(fn $visit(&mut self $(, $($arg: $ty),*)?) {
            // None of them owns anything.
            let operator = ManuallyDrop::new(Operator::$op $({ $($arg),* })?);
            self.step_vector(&operator);
        })*
    };
}

// The decoder's list names the lifetime `'a`.
impl<'a> VisitOperator<'a> for Cx<'_> {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    for_each_visit_operator!(methods);
}

impl<'a> VisitSimdOperator<'a> for Cx<'_> {
    for_each_visit_simd_operator!(vector_methods);
}

impl FrameStack for Cx<'_> {
    /// The body is valid, so an `else` stands in an `if`; where it did not, `control` would see it.
    fn current_frame(&self) -> Option<FrameKind> {
        Some(FrameKind::If)
    }
}
