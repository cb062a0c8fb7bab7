//! The outcome for every function and thunk of a module as machine code, and its cost.
//!
//! ```text
//! module, Config ─ compile, certify, check each ─► Survey
//! ```
//!
//! The stages are those of [`NativeCompiler`](crate::NativeCompiler) and of the runtime's
//! `NativeCode::load`, called one by one so that each can be timed. A function counts as native if
//! the check accepts its code. Nothing runs.

use crate::compiler::entered;
use crate::reach::Reach;
use crate::share::{self, Row, Share};
use crate::{Declined, Effort, NativeCode, NativeCompiler, Target, body};
use prova_certify::{Draft, in_parallel};
use prova_check::{Code, CodeKind, Config, Layout};
use prova_core::MachineCode;
use prova_equal::Setting;
use prova_module::{FuncIdx, Module, Operator, TypeIdx};
use prova_ssa::CheckedBody;
use prova_ssa::entered::EnteredBody;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Time of one thread in each stage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Function → SSA that is proved.
    pub ssa: Duration,
    /// SSA → code.
    pub compile: Duration,
    /// Code → certificate.
    pub certify: Duration,
    /// The check.
    pub check: Duration,
}

impl Times {
    fn add(&mut self, other: &Times) {
        self.ssa += other.ssa;
        self.compile += other.compile;
        self.certify += other.certify;
        self.check += other.check;
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Times { ssa, compile, certify, check } = self;
        let [ssa, compile, certify, check] =
            [ssa, compile, certify, check].map(Duration::as_secs_f64);
        write!(f, "ssa {ssa:.2} s, code {compile:.2} s, certify {certify:.2} s, check {check:.2} s")
    }
}

/// The outcomes for the functions of a module.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Functions with a body, or loops.
    pub functions: u64,
    /// Those whose code the check accepts.
    pub native: u64,
    /// Those that stay bytecode beyond a limit of the convention or of the compiler, by name; loops
    /// that cannot be entered, by the reason.
    pub caps: BTreeMap<&'static str, u64>,
    /// Functions and thunks that stay bytecode for another reason: a finding each.
    pub declined: Vec<String>,
    /// Functions and thunks whose code the check refused: a finding each.
    pub refused: Vec<String>,
    /// Functions and thunks whose first certificate the check refused.
    pub again: u64,
    /// Accesses of memories whose length is compared, by what became of the comparison.
    pub reaches: BTreeMap<Reach, u64>,
    /// Bytes of accepted code, thunks among them.
    pub code_bytes: u64,
    /// Bytes of its certificates.
    pub certificate_bytes: u64,
    /// The times that it took.
    pub times: Times,
}

impl Survey {
    /// Adds another.
    pub fn add(&mut self, other: &Survey) {
        self.functions += other.functions;
        self.native += other.native;
        for (&name, count) in &other.caps {
            *self.caps.entry(name).or_default() += count;
        }
        self.declined.extend(other.declined.iter().cloned());
        self.refused.extend(other.refused.iter().cloned());
        for (&reach, count) in &other.reaches {
            *self.reaches.entry(reach).or_default() += count;
        }
        self.again += other.again;
        self.code_bytes += other.code_bytes;
        self.certificate_bytes += other.certificate_bytes;
        self.times.add(&other.times);
    }

    /// Its columns: functions, native, caps, declined, refused.
    pub fn counts(&self) -> String {
        let caps: Vec<String> =
            self.caps.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let caps = if caps.is_empty() { "-".to_owned() } else { caps.join(" ") };
        format!(
            "{}\t{}\t{caps}\t{}\t{}",
            self.functions,
            self.native,
            self.declined.len(),
            self.refused.len()
        )
    }

    fn decline(&mut self, kind: CodeKind, why: &Declined) {
        match why {
            Declined::Results
            | Declined::Parameters
            | Declined::Frame
            | Declined::Casts
            | Declined::NoFunction
            | Declined::Subtypes
            | Declined::Limit(..)
            | Declined::Work(_)
            | Declined::Time
            | Declined::Budget(_) => *self.caps.entry(why.reason()).or_default() += 1,
            Declined::Round(why) => *self.caps.entry(why).or_default() += 1,
            Declined::Operator(_)
            | Declined::Relocation(_)
            | Declined::Ssa(_)
            | Declined::Compiler(_)
            | Declined::Panic(_)
            | Declined::Bug(_) => self.declined.push(format!("{kind:?}: {why}")),
        }
    }

    /// Certifies and checks code; its certificate, if it is accepted.
    fn judge(&mut self, layout: &Layout, code: &NativeCode) -> Option<Vec<u8>> {
        let NativeCode { kind, bytes, traps, calls, .. } = code;
        let start = Instant::now();
        let draft = Draft { kind: *kind, bytes, traps, calls };
        let mut certified = prova_certify::propose(layout, &draft);
        self.times.certify += start.elapsed();
        let check = |certificate: &Result<Vec<u8>, _>| {
            let certificate = certificate.as_deref().unwrap_or_default();
            layout.check(Code { kind: *kind, bytes, certificate, traps, calls })
        };
        let start = Instant::now();
        let mut checked = check(&certified);
        self.times.check += start.elapsed();
        if checked.is_err() && certified.is_ok() {
            self.again += 1;
            let start = Instant::now();
            certified = prova_certify::certify(layout, &draft);
            checked = check(&certified);
            self.times.certify += start.elapsed();
        }
        let why = certified.as_ref().err().copied();
        let certificate = certified.unwrap_or_default();
        match checked {
            Ok(_) => {
                self.code_bytes += bytes.len() as u64;
                self.certificate_bytes += certificate.len() as u64;
                Some(certificate)
            }
            Err(rejection) => {
                let why = why.map(|why| format!("{kind:?}: {why}"));
                self.refused.push(why.unwrap_or_else(|| rejection.to_string()));
                None
            }
        }
    }
}

/// Compiles and checks everything of a module on `jobs` threads, with the bits of NaNs fixed if
/// that is asked for.
///
/// # Errors
/// If there can be no code of the module at all.
pub fn survey(
    module: &Module,
    (config, deterministic): (&Config, bool),
    jobs: usize,
) -> Result<Survey, String> {
    survey_with(module, (config, deterministic), Effort::Speed, jobs)
}

/// The same with code that Cranelift makes so.
///
/// # Errors
/// If there can be no code of the module at all.
pub fn survey_with(
    module: &Module,
    (config, deterministic): (&Config, bool),
    effort: Effort,
    jobs: usize,
) -> Result<Survey, String> {
    let target = Target::with(config.cpu, effort).map_err(|error| error.to_string())?;
    let layout = Layout::derive(module.bytes(), config).map_err(|error| error.to_string())?;
    let made = (module, &layout, &target);
    Ok(surveyed(made, deterministic, jobs, (&|_| None::<Row>, &|| {}))?.0)
}

/// The same, with a proof of each function whose code is accepted that it does what the function
/// says. `each` is called as often as the module has functions.
///
/// # Errors
/// If there can be no code of the module at all, or no proofs.
pub fn survey_proved(
    module: &Module,
    (config, deterministic): (&Config, bool),
    jobs: usize,
    each: &(dyn Fn() + Sync),
) -> Result<(Survey, Share), String> {
    let compiler = NativeCompiler::of(config);
    let metering = prova_core::Metering::new(config.metering.fuel, config.metering.epoch);
    let settings = prova_core::Settings { metering, deterministic };
    let target = Target::new(config.cpu).map_err(|error| error.to_string())?;
    let layout = Layout::derive(module.bytes(), config).map_err(|error| error.to_string())?;
    let setting = Setting::new(module, &layout).map_err(|why| why.to_string())?;
    let setting = setting.with_deterministic(deterministic);
    let prove = |code| share::proved(&compiler, &setting, &settings, code);
    let made = (module, &layout, &target);
    surveyed(made, deterministic, jobs, (&prove, each))
}

/// The question for the proof of accepted code, if proofs are wanted, and the watch that is called
/// for each function.
type Asked<'a> = (&'a (dyn Fn(MachineCode) -> Option<Row> + Sync), &'a (dyn Fn() + Sync));

fn surveyed(
    (module, layout, target): (&Module, &Layout, &Target),
    deterministic: bool,
    jobs: usize,
    (prove, each): Asked<'_>,
) -> Result<(Survey, Share), String> {
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let types = module.types().len();
    let rows = in_parallel(jobs, funcs.len() + types, |at| match funcs.get(at) {
        Some(&func) => {
            let (row, code) = function(module, layout, (target, deterministic), func);
            let proof = code.and_then(prove);
            each();
            (row, proof)
        }
        None => (thunks(module, layout, target, TypeIdx((at - funcs.len()) as u32)), None),
    });
    let mut row = Survey::default();
    rows.iter().for_each(|(one, _)| row.add(one));
    let proofs = rows.into_iter().filter_map(|(_, proof)| proof);
    Ok((row, Share::of(proofs)))
}

/// The same for the loops of a module's functions: the code of each from a round on, which tier
/// `auto` goes over to. [`Survey::functions`] and [`Survey::native`] count loops; thunks are not
/// made.
///
/// # Errors
/// If there can be no code of the module at all.
pub fn survey_loops(
    module: &Module,
    (config, deterministic): (&Config, bool),
    jobs: usize,
) -> Result<Survey, String> {
    let layout = Layout::derive(module.bytes(), config).map_err(|error| error.to_string())?;
    let target = Target::new(config.cpu).map_err(|error| error.to_string())?;
    let metering = config.metering;
    let all: Vec<(FuncIdx, u32)> =
        module.defined_funcs().flat_map(|func| loops(module, func)).collect();
    let rows = in_parallel(jobs, all.len(), |at| {
        let (func, offset) = all[at];
        let kind = CodeKind::Loop { func: func.0, offset };
        let body = || entered(module, (func, offset), metering);
        let code = |body: EnteredBody| target.compile_round(module, &layout, &body, deterministic);
        one(&layout, kind, body, code).0
    });
    let mut row = Survey::default();
    rows.iter().for_each(|one| row.add(one));
    Ok(row)
}

/// The loops of a function: where each `loop` stands in the module.
fn loops(module: &Module, func: FuncIdx) -> Vec<(FuncIdx, u32)> {
    let operators = module.body(func).into_iter().flat_map(|body| {
        let reader = body.operators().into_iter_with_offsets();
        reader.filter_map(Result::ok)
    });
    let is_loop = |operator: &Operator<'_>| matches!(operator, Operator::Loop { .. });
    let found = operators.filter(|(operator, _)| is_loop(operator));
    found.map(|(_, offset)| (func, offset as u32)).collect()
}

fn function(
    module: &Module,
    layout: &Layout,
    (target, deterministic): (&Target, bool),
    func: FuncIdx,
) -> (Survey, Option<MachineCode>) {
    let made = || body(module, func, layout.config().metering);
    let code = |body: CheckedBody| target.compile(module, layout, body.body(), deterministic);
    one(layout, CodeKind::Func(func.0), made, code)
}

/// One function, or one loop: its body, the code of that, and the verdict on it; the code, if it is
/// accepted.
fn one<B>(
    layout: &Layout,
    kind: CodeKind,
    body: impl FnOnce() -> Result<B, Declined>,
    code: impl FnOnce(B) -> Result<NativeCode, Declined>,
) -> (Survey, Option<MachineCode>) {
    let mut row = Survey { functions: 1, ..Survey::default() };
    let start = Instant::now();
    // A fault of the SSA form is reported as a separate finding.
    let made = catch_unwind(AssertUnwindSafe(body));
    row.times.ssa = start.elapsed();
    let made = made.unwrap_or_else(|_| Err(Declined::Bug("the SSA form panicked")));
    let start = Instant::now();
    let code = made.and_then(code);
    row.times.compile = start.elapsed();
    let code = match code {
        Ok(code) => code,
        Err(why) => {
            row.decline(kind, &why);
            return (row, None);
        }
    };
    for (_, reach) in &code.reaches {
        *row.reaches.entry(*reach).or_default() += 1;
    }
    let Some(certificate) = row.judge(layout, &code) else { return (row, None) };
    row.native += 1;
    let NativeCode { kind, bytes, traps, calls, sources, .. } = code;
    let relation = Vec::new();
    (row, Some(MachineCode { kind, bytes, certificate, traps, calls, relation, sources }))
}

fn thunks(module: &Module, layout: &Layout, target: &Target, ty: TypeIdx) -> Survey {
    let mut row = Survey::default();
    for code in [target.thunk_in(module, ty), target.thunk_out(module, ty)] {
        match code {
            Ok(code) => {
                row.judge(layout, &code);
            }
            // Functions of the type count, where there are any; of other types there are none.
            Err(Declined::Results | Declined::Parameters | Declined::NoFunction) => {}
            Err(why) => row.decline(CodeKind::ThunkIn(ty.0), &why),
        }
    }
    row
}
