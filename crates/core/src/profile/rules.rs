//! The differences between engines → the rule of the profile, and the tests that show it.
//!
//! The list has every source of disagreement that polkadot-sdk's issue 990 names (syntactic,
//! binary and validation limits; validation early or late; the stack; growth; NaN; the host), those
//! of the WebAssembly specification's appendix, and those that engines of chains met in the field.
//! `docs/semantics.md` has the same rows; `crates/testing/tests/profile.rs` holds both against each
//! other, and asks for each test by its name.

/// One thing about which engines disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileRule {
    /// Its name: D and a number, which is never given to another rule.
    pub id: &'static str,
    /// The subject.
    pub subject: &'static str,
    /// How engines differ.
    pub engines: &'static str,
    /// The rule of the profile. Part of the digest.
    pub rule: &'static str,
    /// The tests that show it: files, or tests in files.
    pub shown_by: &'static [&'static str],
}

/// All rules, in the order of their numbers.
pub(super) const RULES: [ProfileRule; 20] = [
    ProfileRule {
        id: "D1",
        subject: "bits of NaNs",
        engines: "sign and payload are the processor's: x86-64 gives a negative one, AArch64 a \
                  positive one; operands swapped give another payload",
        rule: "a NaN that an operator computes is the positive canonical one, in each lane; moves, \
               loads, stores, constants, neg, abs, copysign, pmin, pmax, selections and \
               reinterpretations keep bits",
        shown_by: &["tests/profile/nan.wat", "tests/profile/nan-kept.wat"],
    },
    ProfileRule {
        id: "D2",
        subject: "relaxed vector operators",
        engines: "each has a set of results, from which the processor's instruction picks one",
        rule: "each has the result of the specification's deterministic profile: that of its \
               strict sibling; madd and nmadd round twice; a laneselect selects by each bit",
        shown_by: &["tests/profile/relaxed.wat"],
    },
    ProfileRule {
        id: "D3",
        subject: "growth of memories and tables",
        engines: "it may fail at any time, and does where the system has no room",
        rule: "it gives -1 exactly where the declared maximum or a limit of the store is passed; \
               where they admit it and there is no room, the program traps",
        shown_by: &[
            "tests/profile/growth.wat",
            "crates/cli/tests/hints.rs: growth_that_the_system_refuses_traps_if_it_is_to_be_deterministic",
        ],
    },
    ProfileRule {
        id: "D4",
        subject: "depth of calls",
        engines: "the machine's stack ends where the compiler's frames have filled it: at another \
                  depth with each compiler, level of optimisation and processor",
        rule: "a frame charges 8 bytes for each cell of its parameters, locals and greatest \
               operand stack, and 64; a call whose charge passes the limit traps, before there is \
               a frame",
        shown_by: &[
            "tests/profile/stack.wat",
            "crates/testing/tests/endless.rs: endless_recursion_exhausts_the_stack_at_the_same_depth",
        ],
    },
    ProfileRule {
        id: "D5",
        subject: "fuel of operators",
        engines: "it is counted on what is compiled: other numbers in each tier and version",
        rule: "it is counted on the WebAssembly, by segments, at the prices below; a segment that \
               cannot be paid does nothing",
        shown_by: &["tests/profile/fuel.wat", "crates/testing/tests/fuel.rs: both_counters_agree"],
    },
    ProfileRule {
        id: "D6",
        subject: "fuel of bulk operators, growth, calls of the host, throws",
        engines: "one unit for any number of bytes, or nothing",
        rule: "it is charged by bytes, elements, cells, frames and clauses at the prices below, \
               when operands are known and bounds tested; what cannot be paid does nothing",
        shown_by: &[
            "tests/profile/fuel-bytes.wat",
            "crates/testing/tests/bench_fuel.rs: every_program_uses_the_same_fuel_in_every_tier",
        ],
    },
    ProfileRule {
        id: "D7",
        subject: "validation",
        engines: "some validate a function before its first call: a module with an invalid \
                  function that nothing calls runs in one engine and not in another",
        rule: "every body is validated before the module exists; nothing of a module that is \
               invalid anywhere runs",
        shown_by: &[
            "tests/profile/invalid.wat",
            "crates/module/tests/two_passes.rs: generated_modules_whole_and_broken",
        ],
    },
    ProfileRule {
        id: "D8",
        subject: "translation",
        engines: "code is compiled early or late, on one thread or many, and may fail for a reason \
                  that another machine has not",
        rule: "no result, trap or unit of fuel depends on when, whether, by how many threads or to \
               what code a function is translated; no valid module is beyond the translator, and \
               code that is not proved is reported as a fault of Prova, never as a trap",
        shown_by: &[
            "crates/testing/tests/proof.rs: honest_code_is_accepted",
            "crates/testing/tests/profile.rs: code_does_not_depend_on_order_or_threads",
        ],
    },
    ProfileRule {
        id: "D9",
        subject: "proposals",
        engines: "each version turns more on: a module that one refuses runs in the next",
        rule: "a module may use the proposals below and no other",
        shown_by: &[
            "tests/profile/unsupported.wat",
            "crates/core/tests/profile.rs: an_engine_in_the_profile_has_no_more_than_the_profile",
        ],
    },
    ProfileRule {
        id: "D10",
        subject: "syntactic and binary limits",
        engines: "each has its own, or those of its machine's memory",
        rule: "a module beyond one of the limits below is refused before anything runs",
        shown_by: &[
            "crates/module/tests/limits.rs: each_limit_accepts_what_it_names_and_refuses_one_more",
        ],
    },
    ProfileRule {
        id: "D11",
        subject: "limits of validating and compiling",
        engines: "time and memory, so that a fast machine accepts what a slow one gives up",
        rule: "work is counted in units on the WebAssembly and bounded by the size of the code",
        shown_by: &[
            "crates/module/tests/limits.rs: work_is_limited_by_the_size_of_the_code",
            "crates/module/tests/limits.rs: each_kind_of_work_counts",
        ],
    },
    ProfileRule {
        id: "D12",
        subject: "limits of a store",
        engines: "instances, memories, tables and their sizes end where the machine does",
        rule: "what passes a limit of the store below is refused, or -1 for growth",
        shown_by: &[
            "crates/runtime/tests/store/limits.rs: each_limit_has_two_sides",
            "crates/testing/tests/endless.rs: growth_stops_at_the_limit",
        ],
    },
    ProfileRule {
        id: "D13",
        subject: "what a trap leaves",
        engines: "a store across the end of a memory writes its first bytes on some processors; a \
                  bulk operator may be half done",
        rule: "bounds are tested whole, then fuel is paid, then the operator acts: what traps has \
               written nothing; an atomic access tests its alignment before its bounds",
        shown_by: &["tests/profile/trap.wat"],
    },
    ProfileRule {
        id: "D14",
        subject: "exceptions",
        engines: "how many can be alive depends on a collector and on when it runs",
        rule: "an exception lives while frames, globals, tables, segments or exceptions of the \
               store refer to it; those alive and not yet forgotten take cells up to the limit \
               below and to what the store's bytes leave, and are forgotten at thresholds that \
               are counted",
        shown_by: &[
            "tests/profile/exception.wat",
            "crates/testing/tests/exceptions.rs: the_limit_is_reached_at_the_same_place",
        ],
    },
    ProfileRule {
        id: "D15",
        subject: "threads",
        engines: "shared memories are written by several threads at once",
        rule: "shared memories are refused; atomic operators act on unshared memories, where \
               notify wakes nobody and wait traps",
        shown_by: &["tests/profile/shared.wat", "tests/profile/atomic.wat"],
    },
    ProfileRule {
        id: "D16",
        subject: "instances",
        engines: "one that is used again had globals or memory of the run before",
        rule: "an instance begins as its module says, whatever ran before; segments are written in \
               order, and a trap of one leaves those before it written",
        shown_by: &[
            "tests/profile/instance.wat",
            "crates/runtime/tests/store/instantiate.rs: instances_of_one_module_share_nothing",
            "crates/runtime/tests/store/instantiate.rs: a_segment_out_of_bounds_traps_and_leaves_what_was_written_before",
        ],
    },
    ProfileRule {
        id: "D17",
        subject: "the host",
        engines: "clocks, random numbers, files, the order of directories; missing imports",
        rule: "what an import answers is an input of the run, as arguments and the amount of fuel \
               are; WASI is a host; a module with an import that nobody gives is not instantiated",
        shown_by: &[
            "crates/core/tests/api.rs: linking_fails_with_the_names",
            "crates/core/tests/wasi.rs: calls_cost_the_same_fuel_in_every_tier",
        ],
    },
    ProfileRule {
        id: "D18",
        subject: "time",
        engines: "an interrupt comes where the machine has got to",
        rule: "epochs and timeouts are no part of the profile: a run that is interrupted has no \
               result",
        shown_by: &["crates/core/tests/stops.rs: epochs_interrupt"],
    },
    ProfileRule {
        id: "D19",
        subject: "the text format, names and custom sections",
        engines: "parsers of the text differ; some refuse a malformed name section",
        rule: "the profile begins with the bytes of a binary module; names and custom sections \
               decide nothing but what messages say",
        shown_by: &["crates/module/tests/module.rs: names_are_read_leniently"],
    },
    ProfileRule {
        id: "D20",
        subject: "objects",
        engines: "when a collector runs, how much it leaves and what it costs depend on collector, \
                  machine and time",
        rule: "an object lives while frames, globals, tables, segments, objects or exceptions of \
               the store refer to it; those alive and not yet forgotten take bytes up to the \
               limits of the store, and are forgotten at thresholds that are counted; where the \
               limits admit an object and there is no room, the program traps as for growth",
        shown_by: &[
            "tests/profile/object.wat",
            "crates/testing/tests/run.rs: it_does_not_matter_when_the_store_collects",
        ],
    },
];
