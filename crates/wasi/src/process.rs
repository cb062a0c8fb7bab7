//! Arguments, environment, the end of the process, and the calls that are not offered.
//!
//! Context → guest strings: pointers into one buffer of NUL-terminated strings.

use crate::ctx::WasiCtx;
use crate::guest::{Exit, Guest, Outcome, low, write, write_u32};
use crate::types::{Errno, Filetype};

/// `args_get(argv, argv_buf)`.
pub(crate) fn args_get(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 2]) -> Outcome {
    strings_get(&ctx.args, guest, args)
}

/// `args_sizes_get(argc, argv_buf_size)`.
pub(crate) fn args_sizes_get(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 2]) -> Outcome {
    strings_sizes_get(&ctx.args, guest, args)
}

/// `environ_get(environ, environ_buf)`.
pub(crate) fn environ_get(ctx: &mut WasiCtx, guest: &mut dyn Guest, args: [u64; 2]) -> Outcome {
    strings_get(&ctx.env, guest, args)
}

/// `environ_sizes_get(count, buf_size)`.
pub(crate) fn environ_sizes_get(
    ctx: &mut WasiCtx,
    guest: &mut dyn Guest,
    args: [u64; 2],
) -> Outcome {
    strings_sizes_get(&ctx.env, guest, args)
}

/// The number of strings and the bytes they take with their NULs.
fn sizes(strings: &[Vec<u8>]) -> Result<(u32, u32), Errno> {
    let count = u32::try_from(strings.len()).map_err(|_| Errno::Overflow)?;
    let total: usize = strings.iter().map(|string| string.len() + 1).sum();
    Ok((count, u32::try_from(total).map_err(|_| Errno::Overflow)?))
}

fn strings_sizes_get(strings: &[Vec<u8>], guest: &mut dyn Guest, args: [u64; 2]) -> Outcome {
    let [count_out, size_out] = args.map(low);
    let (count, size_bytes) = sizes(strings)?;
    guest.charge(1)?;
    write_u32(guest, count_out, count)?;
    write_u32(guest, size_out, size_bytes)?;
    Ok(())
}

fn strings_get(strings: &[Vec<u8>], guest: &mut dyn Guest, args: [u64; 2]) -> Outcome {
    let [mut pointer, mut string_at] = args.map(low);
    let (count, size_bytes) = sizes(strings)?;
    guest.charge(u64::from(count) + u64::from(size_bytes))?;
    for string in strings {
        write_u32(guest, pointer, string_at)?;
        write(guest, string_at, string)?;
        // `sizes` bounds the sum of the lengths by u32::MAX.
        let end = string_at.checked_add(string.len() as u32).ok_or(Errno::Fault)?;
        write(guest, end, &[0])?;
        string_at = end.checked_add(1).ok_or(Errno::Fault)?;
        pointer = pointer.checked_add(4).ok_or(Errno::Fault)?;
    }
    Ok(())
}

/// `proc_exit(code)`.
pub(crate) fn proc_exit(_: &mut WasiCtx, _: &mut dyn Guest, args: [u64; 1]) -> Outcome {
    Err(Exit::Proc(low(args[0])).into())
}

/// `proc_raise(signal)`: there are no signals to send.
pub(crate) fn proc_raise(_: &mut WasiCtx, _: &mut dyn Guest, args: [u64; 1]) -> Outcome {
    Err(Exit::Trap(format!("proc_raise: signal {} raised", low(args[0]))).into())
}

/// `sched_yield()`.
pub(crate) fn sched_yield(_: &mut WasiCtx, guest: &mut dyn Guest, _: [u64; 0]) -> Outcome {
    guest.charge(1)?;
    std::thread::yield_now();
    Ok(())
}

/// `sock_accept`, `sock_recv`, `sock_send`, `sock_shutdown`: networks are not offered.
pub(crate) fn socket<const N: usize>(
    ctx: &mut WasiCtx,
    guest: &mut dyn Guest,
    args: [u64; N],
) -> Outcome {
    guest.charge(1)?;
    let fd = args.first().copied().map_or(u32::MAX, low);
    match ctx.fds.get(fd)?.filetype {
        Filetype::SocketStream => Err(Errno::NotSup.into()),
        Filetype::Unknown
        | Filetype::BlockDevice
        | Filetype::CharacterDevice
        | Filetype::Directory
        | Filetype::RegularFile
        | Filetype::SymbolicLink => Err(Errno::NotSock.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_the_final_nuls() {
        assert_eq!(sizes(&[]), Ok((0, 0)));
        assert_eq!(sizes(&[b"ab".to_vec(), Vec::new()]), Ok((2, 4)));
    }
}
