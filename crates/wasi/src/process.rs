//! Arguments, environment, and the end of the process.
//!
//! Context → guest strings: pointers into one buffer of NUL-terminated strings.

use crate::call::Call;
use crate::ctx::State;
use crate::guest::{Exit, Outcome, low, write, write_u32};
use crate::price;
use crate::types::Errno;

/// A list of strings that the guest may ask for, with its size.
#[derive(Default)]
pub(crate) struct Strings {
    /// Each without its final NUL.
    list: Vec<Vec<u8>>,
    /// Bytes of all, each with its final NUL.
    size_bytes: u64,
}

impl Strings {
    pub(crate) fn push(&mut self, string: Vec<u8>) {
        self.size_bytes += string.len() as u64 + 1;
        self.list.push(string);
    }

    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// The number of strings and the bytes they take with their NULs, if that is within the limit.
    fn sizes(&self, size_bytes_max: u64) -> Result<(u32, u32), Errno> {
        if self.size_bytes > size_bytes_max {
            return Err(Errno::TooBig);
        }
        let size_bytes = u32::try_from(self.size_bytes).map_err(|_| Errno::Overflow)?;
        // Each string has at least its NUL, so there are not more of them than bytes.
        Ok((self.list.len() as u32, size_bytes))
    }
}

/// `args_get(argv, argv_buf)`.
pub(crate) fn args_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    strings_get(&ctx.args, call, args)
}

/// `args_sizes_get(argc, argv_buf_size)`.
pub(crate) fn args_sizes_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    strings_sizes_get(&ctx.args, call, args)
}

/// `environ_get(environ, environ_buf)`.
pub(crate) fn environ_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    strings_get(&ctx.env, call, args)
}

/// `environ_sizes_get(count, buf_size)`.
pub(crate) fn environ_sizes_get(ctx: &State, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    strings_sizes_get(&ctx.env, call, args)
}

fn strings_sizes_get(strings: &Strings, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [count_out, size_out] = args.map(low);
    let (count, size_bytes) = strings.sizes(call.limits().max_args_size)?;
    write_u32(call, count_out, count)?;
    write_u32(call, size_out, size_bytes)?;
    Ok(())
}

fn strings_get(strings: &Strings, call: &mut Call<'_>, args: [u64; 2]) -> Outcome {
    let [mut pointer, mut string_at] = args.map(low);
    let (count, size_bytes) = strings.sizes(call.limits().max_args_size)?;
    call.pay(price::STRING * u64::from(count) + u64::from(size_bytes))?;
    for string in &strings.list {
        call.poll()?;
        write_u32(call, pointer, string_at)?;
        write(call, string_at, string)?;
        // `sizes` bounds the sum of the lengths by u32::MAX.
        let end = string_at.checked_add(string.len() as u32).ok_or(Errno::Fault)?;
        write(call, end, &[0])?;
        string_at = end.checked_add(1).ok_or(Errno::Fault)?;
        pointer = pointer.checked_add(4).ok_or(Errno::Fault)?;
    }
    Ok(())
}

/// `proc_exit(code)`.
pub(crate) fn proc_exit(_: &State, _: &mut Call<'_>, args: [u64; 1]) -> Outcome {
    Err(Exit::Proc(low(args[0])).into())
}

/// `proc_raise(signal)`: there are no signals to send.
pub(crate) fn proc_raise(_: &State, _: &mut Call<'_>, args: [u64; 1]) -> Outcome {
    Err(Exit::Trap(format!("proc_raise: signal {} raised", low(args[0]))).into())
}

/// `sched_yield()`.
pub(crate) fn sched_yield(_: &State, _: &mut Call<'_>, _: [u64; 0]) -> Outcome {
    std::thread::yield_now();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_the_final_nuls() {
        let mut strings = Strings::default();
        assert_eq!(strings.sizes(0), Ok((0, 0)));
        strings.push(b"ab".to_vec());
        strings.push(Vec::new());
        assert_eq!(strings.sizes(4), Ok((2, 4)));
        assert_eq!(strings.sizes(3), Err(Errno::TooBig));
    }
}
