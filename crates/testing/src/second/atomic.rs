//! Atomic operators, on memories that are not shared.
//!
//! A read-modify-write is one effect, among whose arguments are the bits that it writes, computed
//! from the bits that it gives.

use super::numeric::name;
use super::rows::{Effect, access_bytes, named};
use super::state::State;
use super::terms::Id;
use super::{Fault, Walk};
use prova_module::{MemArg, Operator, for_each_operator};

macro_rules! memargs {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// The immediate of an atomic access.
        fn access(operator: &Operator<'_>) -> Option<MemArg> {
            match operator {
                $(memargs!(pattern $proposal $op $($($arg)*)?) => memargs!(value $proposal $op $($($arg)*)?),)*
                _ => None,
            }
        }
    };
    (pattern threads AtomicFence $arg:ident) => { Operator::AtomicFence { .. } };
    (value threads AtomicFence $arg:ident) => { None };
    (pattern threads $op:ident $arg:ident) => { Operator::$op { $arg } };
    (value threads $op:ident $arg:ident) => { Some(*$arg) };
    (pattern $proposal:ident $op:ident $($arg:ident)*) => { Operator::$op { .. } };
    (value $($rest:tt)*) => { None };
}
for_each_operator!(memargs);

/// `(type, operator, bytes as in `rmw8`)` of a read-modify-write by its name:
/// `i64_atomic_rmw8_add_u` is `("i64", "add", "8")`.
fn read_modify_write(name: &str) -> Option<(&str, &str, &str)> {
    let (ty, rest) = name.split_once("_atomic_rmw")?;
    let (bits, operator) = rest.split_once('_')?;
    Some((ty, operator.strip_suffix("_u").unwrap_or(operator), bits))
}

impl Walk<'_> {
    /// An operator of this family; says whether it is one.
    pub(super) fn atomic(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        if matches!(operator, Operator::AtomicFence { .. }) {
            self.act(state, Effect::new("atomic_fence"), Vec::new())?;
            return Ok(true);
        }
        let Some(memarg) = access(operator) else { return Ok(false) };
        let name = name(operator);
        if let Some(modify) = read_modify_write(name) {
            return self.modify(state, memarg, name, modify);
        }
        let plain = name.replacen("_atomic", "", 1);
        let own = name.strip_prefix("memory_").map(|_| match name {
            "memory_atomic_notify" => ("atomic_notify", 1),
            "memory_atomic_wait32" => ("atomic_wait32", 2),
            _ => ("atomic_wait64", 2),
        });
        if let Some((name, operands)) = own {
            let operands = self.operands(state, operands)?;
            let mut args = self.address(state, memarg)?;
            args.extend(operands);
            let value = self.act(state, Effect::new(name), args)?;
            state.push(value, false);
        } else if name.contains("load") {
            let args = self.address(state, memarg)?;
            let effect = Effect::access("atomic_load", access_bytes(name));
            let bits = self.act(state, effect, args)?;
            let value = self.converted(&plain, bits);
            state.push(value, false);
        } else {
            let value = self.pop(state)?;
            let value = self.converted(&plain, value);
            let mut args = self.address(state, memarg)?;
            args.push(value);
            self.act(state, Effect::access("atomic_store", access_bytes(name)), args)?;
        }
        Ok(true)
    }

    fn modify(
        &mut self,
        state: &mut State,
        memarg: MemArg,
        name: &str,
        (ty, operator, bits): (&str, &str, &str),
    ) -> Result<bool, Fault> {
        let (load, store) = (format!("{ty}_load{bits}_u"), format!("{ty}_store{bits}"));
        let given = self.coming(0);
        let old = self.converted(&load, given);
        let bytes = access_bytes(name);
        let (effect, values): (Effect, Vec<Id>) = if operator == "cmpxchg" {
            let values = self.operands(state, 2)?;
            (Effect::access("atomic_cmpxchg", bytes), values)
        } else {
            let operand = self.pop(state)?;
            let new = match named(&format!("{ty}_{operator}")) {
                Some(num) => self.terms.num(num, &[old, operand]),
                // `xchg`.
                None => operand,
            };
            (Effect::access("atomic_rmw", bytes), vec![new])
        };
        let values: Vec<Id> = values.iter().map(|&value| self.converted(&store, value)).collect();
        let mut args = self.address(state, memarg)?;
        args.extend(values);
        self.act(state, effect, args)?;
        state.push(old, false);
        Ok(true)
    }
}
