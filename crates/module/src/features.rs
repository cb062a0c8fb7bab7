//! The proposals that a module may use: a run-time value, whose default is the set that every tier
//! executes, but shared memories, which an embedder asks for.
//!
//! `decode` hands [`Features::wasm`] to wasmparser; `refusal::name_refusal` names the proposal that
//! a refused module would need. A proposal that no tier executes is not a [`Proposal`] but a
//! [`RefusedProposal`], so nobody can turn it on by mistake.

use std::fmt;
use wasmparser::WasmFeatures;

/// Declares [`Proposal`] with its names and wasmparser flags.
macro_rules! proposals {
    ($($(#[$doc:meta])* $variant:ident $name:literal $flag:ident)*) => {
        /// A proposal that can be turned off. Wasm 1.0 is always on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Proposal {
            $($(#[$doc])* $variant,)*
        }

        impl Proposal {
            /// All of them, in a fixed order.
            pub const ALL: &[Proposal] = &[$(Proposal::$variant,)*];

            /// The name in messages.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Proposal::$variant => $name,)*
                }
            }

            pub(crate) const fn flag(self) -> WasmFeatures {
                match self {
                    $(Proposal::$variant => WasmFeatures::$flag,)*
                }
            }
        }
    };
}

proposals! {
    /// `i32.extend8_s` and its like (Wasm 2.0)
    SignExtension "sign extension" SIGN_EXTENSION
    /// `i32.trunc_sat_f32_s` and its like (Wasm 2.0)
    SaturatingFloatToInt "saturating float to int" SATURATING_FLOAT_TO_INT
    /// Several results and block parameters (Wasm 2.0)
    MultiValue "multi-value" MULTI_VALUE
    /// `memory.copy`, passive segments and their like (Wasm 2.0)
    BulkMemory "bulk memory" BULK_MEMORY
    /// `externref`, several tables (Wasm 2.0)
    ReferenceTypes "reference types" REFERENCE_TYPES
    /// `v128` (Wasm 2.0)
    Simd "simd" SIMD
    /// `i8x16.relaxed_swizzle` and its like
    RelaxedSimd "relaxed simd" RELAXED_SIMD
    /// `return_call`, `return_call_indirect`
    TailCall "tail calls" TAIL_CALL
    /// More than one memory
    MultiMemory "multi-memory" MULTI_MEMORY
    /// 64-bit memories and tables
    Memory64 "memory64" MEMORY64
    /// Arithmetic in constant expressions
    ExtendedConst "extended constant expressions" EXTENDED_CONST
    /// `i64.add128` and its like
    WideArithmetic "wide arithmetic" WIDE_ARITHMETIC
    /// Pages of one byte
    CustomPageSizes "custom page sizes" CUSTOM_PAGE_SIZES
    /// Atomic operators
    Threads "threads" THREADS
    /// `try_table`, `throw`, `throw_ref`, `exnref`, tags
    Exceptions "exceptions" EXCEPTIONS
    /// `call_ref` and its like, references to functions of one type, references that are never null
    FunctionReferences "typed function references" FUNCTION_REFERENCES
    /// Structures, arrays, small integers, casts; recursion groups and subtypes. With typed
    /// function references alone.
    Gc "gc" GC
    /// Memories that threads share: the part of the threads proposal that is off by default. With
    /// atomic operators alone
    SharedMemory "shared memories" THREADS
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Declares [`RefusedProposal`] with its names and wasmparser flags.
macro_rules! refused {
    ($($(#[$doc:meta])* $variant:ident $name:literal $flag:ident)*) => {
        /// A proposal that no tier executes: a module that needs it is refused under its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusedProposal {
            $($(#[$doc])* $variant,)*
        }

        impl RefusedProposal {
            /// All of them, in the order in which a refused module is tried with them.
            pub const ALL: &[RefusedProposal] = &[$(RefusedProposal::$variant,)*];

            /// The name in messages.
            pub const fn name(self) -> &'static str {
                match self {
                    $(RefusedProposal::$variant => $name,)*
                }
            }

            pub(crate) const fn flag(self) -> WasmFeatures {
                match self {
                    $(RefusedProposal::$variant => WasmFeatures::$flag,)*
                }
            }
        }
    };
}

refused! {
    /// Shared functions, tables, globals, structures
    SharedEverythingThreads "shared-everything threads" SHARED_EVERYTHING_THREADS
    /// Continuations
    StackSwitching "stack switching" STACK_SWITCHING
    /// Imports that share a module name
    CompactImports "compact imports" COMPACT_IMPORTS
    /// Descriptors of structures
    CustomDescriptors "custom descriptors" CUSTOM_DESCRIPTORS
    /// `memory.discard`
    MemoryControl "memory control" MEMORY_CONTROL
    /// Orderings weaker than sequential consistency, `pause`
    AcquireReleaseAtomics "acquire-release atomics" ACQUIRE_RELEASE_ATOMICS
    /// Loads and stores of arrays
    MultibyteArrayAccess "multibyte array access" MULTIBYTE_ARRAY_ACCESS
    /// `try`, `catch`, `rethrow`, `delegate`
    LegacyExceptions "legacy exceptions" LEGACY_EXCEPTIONS
}

impl fmt::Display for RefusedProposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The tool that turns a module with a refused proposal into one that runs, if there is one.
pub(crate) fn remedy(proposal: &str) -> Option<&'static str> {
    let is = |refused: &&RefusedProposal| refused.name() == proposal;
    match RefusedProposal::ALL.iter().find(is)? {
        RefusedProposal::LegacyExceptions => Some(
            "Binaryen converts them: `wasm-opt --translate-to-exnref --emit-exnref -all --disable-compact-imports IN -o OUT`",
        ),
        RefusedProposal::SharedEverythingThreads
        | RefusedProposal::StackSwitching
        | RefusedProposal::CompactImports
        | RefusedProposal::CustomDescriptors
        | RefusedProposal::MemoryControl
        | RefusedProposal::AcquireReleaseAtomics
        | RefusedProposal::MultibyteArrayAccess => None,
    }
}

/// A set of proposals.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Features(u32);

impl Features {
    /// Wasm 1.0 without any proposal.
    pub const WASM1: Features = Features(0);

    /// The same set with `proposal`.
    #[must_use]
    pub const fn with(self, proposal: Proposal) -> Features {
        Features(self.0 | 1 << proposal as u32)
    }

    /// The same set without `proposal`.
    #[must_use]
    pub const fn without(self, proposal: Proposal) -> Features {
        Features(self.0 & !(1 << proposal as u32))
    }

    /// Whether `proposal` is in the set.
    pub const fn has(self, proposal: Proposal) -> bool {
        self.0 & 1 << proposal as u32 != 0
    }

    /// A number that is equal for equal sets, for digests and cache keys.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The flags that wasmparser decodes and validates with.
    pub(crate) fn wasm(self) -> WasmFeatures {
        Proposal::ALL
            .iter()
            .filter(|&&proposal| self.has(proposal))
            .filter(|&&proposal| match proposal {
                Proposal::Gc => self.has(Proposal::FunctionReferences),
                Proposal::SharedMemory => self.has(Proposal::Threads),
                _ => true,
            })
            .fold(WasmFeatures::WASM1, |flags, proposal| flags | proposal.flag())
    }
}

impl Default for Features {
    /// All of [`Proposal::ALL`] but shared memories.
    fn default() -> Features {
        let all = Proposal::ALL.iter();
        let all = all.fold(Features::WASM1, |set, &proposal| set.with(proposal));
        all.without(Proposal::SharedMemory)
    }
}

impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(Proposal::ALL.iter().filter(|&&p| self.has(p)).map(|p| p.name()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_are_inverse_and_the_default_has_all() {
        for &proposal in Proposal::ALL {
            let off = proposal == Proposal::SharedMemory;
            let all = Features::default().with(proposal);
            let less = all.without(proposal);
            assert!(Features::default().has(proposal) != off && !less.has(proposal), "{proposal}");
            assert_eq!(less.with(proposal), all);
            assert_eq!(less.wasm().contains(proposal.flag()), off, "{proposal}");
        }
    }

    #[test]
    fn no_refused_flag_is_ever_on() {
        for proposal in RefusedProposal::ALL {
            assert!(!Features::default().wasm().intersects(proposal.flag()), "{proposal}");
        }
    }
}
