//! Whole registers, vectors and flags among them, and a stack of garbage: what code leaves of them.

use super::{BESIDE, PAGE, Processor};
use prova_random::Rng;
use std::arch::naked_asm;

/// Where the stack pointer is at entry, from the image's first byte on.
const STACK: usize = BESIDE - 72;
/// The bytes below it that hold garbage.
pub(crate) const BELOW: usize = 2048;

/// The registers that code begins with, or leaves.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub(crate) struct Image {
    pub(crate) vectors: [u128; 16],
    pub(crate) general: [u64; 16],
    pub(crate) flags: u64,
    pub(crate) host: u64,
}

/// Fills the registers from an image and goes to where its stack leads, whose code comes back.
///
/// # Safety
/// The image's stack pointer leads to the address of code that changes no memory but the image and
/// the stack, puts back the stack pointer that the image has as `host`, and returns as this does.
#[unsafe(naked)]
unsafe extern "sysv64" fn enter(image: *mut Image) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi + 392], rsp",
        "movups xmm0, [rdi]",
        "movups xmm1, [rdi + 16]",
        "movups xmm2, [rdi + 32]",
        "movups xmm3, [rdi + 48]",
        "movups xmm4, [rdi + 64]",
        "movups xmm5, [rdi + 80]",
        "movups xmm6, [rdi + 96]",
        "movups xmm7, [rdi + 112]",
        "push qword ptr [rdi + 384]",
        "popfq",
        "mov rax, [rdi + 256]",
        "mov rcx, [rdi + 264]",
        "mov rdx, [rdi + 272]",
        "mov rbx, [rdi + 280]",
        "mov rsp, [rdi + 288]",
        "mov rbp, [rdi + 296]",
        "mov rsi, [rdi + 304]",
        "mov r8, [rdi + 320]",
        "mov r9, [rdi + 328]",
        "mov r10, [rdi + 336]",
        "mov r11, [rdi + 344]",
        "mov r12, [rdi + 352]",
        "mov r13, [rdi + 360]",
        "mov r14, [rdi + 368]",
        "mov r15, [rdi + 376]",
        "mov rdi, [rdi + 312]",
        // The words of the frame are beyond.
        "ret 1024",
    )
}

/// A page of code, and those beside it, with an image and a stack.
pub(crate) struct Pages {
    code: Processor,
    image: *mut Image,
}

impl Pages {
    pub(crate) fn new() -> Pages {
        let code = Processor::new();
        let image = code.beside().cast();
        Pages { code, image }
    }

    /// The code that leaves all registers in the image, and comes back.
    fn behind(at: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let place = |out: &mut Vec<u8>, bytes: &[u8], to: usize| {
            out.extend(bytes);
            let end = at + out.len() + 4;
            out.extend(((PAGE + to) as u32).wrapping_sub(end as u32).to_le_bytes());
        };
        for n in 0..16_u8 {
            place(
                &mut out,
                &[0x48 | n >> 3 << 2, 0x89, (n & 7) << 3 | 5],
                256 + 8 * usize::from(n),
            );
        }
        for n in 0..8_u8 {
            place(&mut out, &[0x0f, 0x11, n << 3 | 5], 16 * usize::from(n));
        }
        // The host's stack pointer, and the flags.
        place(&mut out, &[0x48, 0x8b, 0x25], 392);
        out.push(0x9c);
        place(&mut out, &[0x8f, 0x05], 384);
        out.extend([0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5b, 0x5d, 0xc3]);
        out
    }

    /// Runs code: the registers that it leaves, and the stack.
    pub(crate) fn run(
        &mut self,
        bytes: &[u8],
        before: &Image,
        garbage: &mut Rng,
    ) -> (Image, Vec<u8>) {
        let mut code = bytes.to_vec();
        code.extend(Pages::behind(bytes.len()));
        // The return address is the last word.
        let words = (0..BELOW / 8).map(|_| garbage.bits());
        let mut stack: Vec<u64> = words.chain([0]).collect();
        let first = stack.len() - 2 - 1024 / 8;
        stack[first] = self.code.page as u64;
        assert!(code.len() < PAGE, "a page");
        let mut image = *before;
        image.general[4] = self.image as u64 + (STACK - 8 - 1024) as u64;
        // SAFETY: the page of code is writable, and nothing executes it now; image and stack lie
        // behind it. The code works on registers and its frame alone, as the check has
        // found, and what stands behind it does as `enter` wants.
        unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), self.code.page, code.len());
            self.image.write(image);
            let bottom = self.image.cast::<u8>().add(STACK - BELOW);
            std::ptr::copy_nonoverlapping(stack.as_ptr(), bottom.cast(), stack.len());
            enter(self.image);
            (self.image.read(), std::slice::from_raw_parts(bottom, BELOW + 8).to_vec())
        }
    }
}
