//! Accesses of memories: where they go, in what order they are tested, what they read and write.

use super::evaluate::{Args, Operations, evaluate};
use super::world::{Address, Bits, Fault, World};
use crate::body::{Access, Imm};
use prova_module::Opcode;
use prova_module::ops::Class;

/// Executes an access with its operands; gives its result, if it has one.
pub(super) fn access<W: World>(
    cx: &mut Operations<'_, W>,
    opcode: Opcode,
    imm: Imm,
    operands: &[Bits],
) -> Result<Option<Bits>, W::Error> {
    let (class, width) = (opcode.class(), usize::from(opcode.row().width));
    let (Imm::Access(Access { offset, memory, lane, .. }), Some(&base)) = (imm, operands.first())
    else {
        return Err(cx.world.fault(Fault::Bug("an access without address")));
    };
    let address = base + u128::from(offset);
    let at: Address<W> = (cx.instance, memory, address);
    let is_atomic = matches!(
        class,
        Class::atomic_load
            | Class::atomic_store
            | Class::atomic_rmw
            | Class::atomic_cmpxchg
            | Class::atomic_wait
            | Class::atomic_notify
    );
    let beyond = address > u128::from(u64::MAX);
    if is_atomic && !beyond && !address.is_multiple_of(width as u128) {
        return Err(cx.world.fault(Fault::Misaligned));
    }
    let mut bytes = [0; 16];
    let is_store = matches!(class, Class::store | Class::store_lane | Class::atomic_store);
    let is_probe = matches!(class, Class::atomic_wait | Class::atomic_notify);
    if !is_store {
        cx.world.read(at, &mut bytes[..width], is_probe)?;
    }
    if is_probe {
        return match class == Class::atomic_wait {
            true => Err(cx.world.fault(Fault::Unshared)),
            false => Ok(Some(0)),
        };
    }
    let found = u128::from_le_bytes(bytes);
    let mut args = Args::new();
    operands.iter().for_each(|&operand| args.push(operand));
    args.push(0);
    if matches!(class, Class::load_lane | Class::store_lane) {
        args.push(lane.into());
    }
    args.push(found);
    let Some(Ok((values, _))) = evaluate(opcode, &mut args, cx) else {
        return Err(cx.world.fault(Fault::Bug("an access without meaning")));
    };
    let [first, second, third] = values;
    let (stored, result) = if class == Class::atomic_rmw {
        (Some(second), Some(first))
    } else if class == Class::atomic_cmpxchg {
        ((found == second).then_some(third), Some(first))
    } else if is_store {
        (Some(first), None)
    } else {
        (None, Some(first))
    };
    if let Some(stored) = stored {
        cx.world.write(at, &stored.to_le_bytes()[..width])?;
    }
    Ok(result)
}
