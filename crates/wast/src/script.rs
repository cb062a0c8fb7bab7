//! One script in one store, directive by directive; a thread of a script in another store.
//!
//! Names of scripts stand for module definitions and for instances. A module that failed is
//! remembered with its line, and directives that need it are skipped.

use crate::pattern::{argument, matches, show};
use crate::{Finding, Messages, Options, Report, spectest};
use prova_core::{
    Engine, Error, ErrorKind, Instance, Linker, Module, Result, SharedMemory, Store, StoreLimits,
    UnsupportedModule, Val, bail, format_err, printable_message,
};
use std::collections::HashMap;
use std::fmt;
use std::thread::{self, ScopedJoinHandle};
use wast::core::WastRetCore;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, WastThread, Wat};

/// Runs a whole script.
pub(crate) fn run(source: &str, engine: &Engine, options: &Options) -> Result<Report> {
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    let unparsable = |error: wast::Error| {
        let (line, _) = error.span().linecol_in(source);
        let message = printable_message(&format!("the script does not parse: {}", error.message()));
        let failure = Finding { line: line + 1, message, unsupported: None };
        Report { failures: vec![failure], ..Report::default() }
    };
    let buffer = match ParseBuffer::new_with_lexer(lexer) {
        Ok(buffer) => buffer,
        Err(error) => return Ok(unparsable(error)),
    };
    let script = match parser::parse::<Wast<'_>>(&buffer) {
        Ok(script) => script,
        Err(error) => return Ok(unparsable(error)),
    };
    let mut runner = Runner::new(engine, options)?;
    let mut report = Report::default();
    thread::scope(|scope| {
        let mut threads = HashMap::new();
        for directive in script.directives {
            let line = line_of(source, directive.span());
            let outcome = match directive {
                WastDirective::Thread(thread) => runner.shared(&thread).and_then(|shared| {
                    let name = thread.name.name().to_owned();
                    let run = move || run_thread(source, engine, options, thread, shared);
                    let thread = thread::Builder::new().spawn_scoped(scope, run)?;
                    match threads.insert(name, (line, thread)) {
                        Some((line, before)) => joined(before, &mut report, line),
                        None => Ok(()),
                    }
                }),
                WastDirective::Wait { thread, .. } => match threads.remove(thread.name()) {
                    Some((_, thread)) => joined(thread, &mut report, line),
                    None => Err(format_err!("no such thread runs")),
                },
                directive => runner.directive(directive, line),
            };
            report.note(line, outcome);
        }
        let mut left: Vec<_> = threads.into_values().collect();
        left.sort_by_key(|(line, _)| *line);
        for (line, thread) in left {
            if let Err(error) = joined(thread, &mut report, line) {
                report.note(line, Err(error));
            }
        }
    });
    Ok(report)
}

/// Adds what a thread reports, once its directives have run.
fn joined(
    thread: ScopedJoinHandle<'_, Result<Report>>,
    report: &mut Report,
    line: usize,
) -> Result<()> {
    let found = thread.join().unwrap_or_else(|_| Err(format_err!("the thread panicked")));
    report.add(found.map_err(|error| format_err!("the thread of line {line}: {error:#}"))?);
    Ok(())
}

/// Runs the directives of a thread in a store for itself, where the instance that it shares, under
/// its name, has the shared memories that it exports.
fn run_thread(
    source: &str,
    engine: &Engine,
    options: &Options,
    thread: WastThread<'_>,
    shared: Option<Shares>,
) -> Result<Report> {
    let mut runner = Runner::new(engine, options)?;
    runner.shares = shared;
    let mut report = Report::default();
    for directive in thread.directives {
        let line = line_of(source, directive.span());
        let outcome = runner.directive(directive, line);
        report.note(line, outcome);
    }
    Ok(report)
}

impl Report {
    /// Adds the outcome of a directive.
    fn note(&mut self, line: usize, outcome: Result<()>) {
        let Err(error) = outcome else {
            self.passed += 1;
            return;
        };
        let unsupported = error.downcast_ref().and_then(UnsupportedModule::proposal);
        let message = printable_message(&one_line(&error));
        let finding = Finding { line, message, unsupported };
        let list = if error.is::<Skip>() { &mut self.skipped } else { &mut self.failures };
        list.push(finding);
    }

    /// Adds what a thread reports.
    fn add(&mut self, other: Report) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        self.skipped.extend(other.skipped);
    }
}

fn line_of(source: &str, span: Span) -> usize {
    span.linecol_in(source).0 + 1
}

/// The chain of an error without its backtrace.
fn one_line(error: &Error) -> String {
    let causes: Vec<String> = error
        .chain()
        .map(|cause| match cause.downcast_ref::<wast::Error>() {
            // The line is the finding's.
            Some(error) => error.message(),
            None => cause.to_string(),
        })
        .filter(|cause| !cause.starts_with("error while executing at wasm backtrace"))
        .collect();
    causes.join(": ")
}

/// The root of a directive that could not run.
#[derive(Debug)]
struct Skip {
    line: usize,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the module of line {} failed", self.line)
    }
}

impl std::error::Error for Skip {}

/// The name of an instance, and the shared memories that it exports.
type Shares = (String, Vec<(String, SharedMemory)>);

/// Something that exists, or the line at which it failed to.
type OrFailed<T> = Result<T, usize>;

struct Runner<'o> {
    engine: Engine,
    store: Store<StoreLimits>,
    linker: Linker<StoreLimits>,
    messages: Messages,
    options: &'o Options,
    /// The newest definition, and those with a name.
    definition: Option<OrFailed<Module>>,
    definitions: HashMap<String, OrFailed<Module>>,
    /// The newest instance, and those with a name.
    instance: Option<OrFailed<Instance>>,
    instances: HashMap<String, OrFailed<Instance>>,
    /// Of a thread: the instance of the script that it may register.
    shares: Option<Shares>,
    /// Registered names of instances that failed.
    failed: HashMap<String, usize>,
}

impl<'o> Runner<'o> {
    fn new(engine: &Engine, options: &'o Options) -> Result<Runner<'o>> {
        let mut store = Store::new(engine, options.limits.clone());
        store.gc_every(options.collect_every);
        store.limiter(|limits| limits);
        if let Some(fuel) = options.fuel {
            store.set_fuel(fuel)?;
        }
        store.set_epoch_deadline(1);
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store)?;
        Ok(Runner {
            engine: engine.clone(),
            store,
            linker,
            messages: options.messages,
            options,
            definition: None,
            definitions: HashMap::new(),
            instance: None,
            instances: HashMap::new(),
            shares: None,
            failed: HashMap::new(),
        })
    }

    fn directive(&mut self, directive: WastDirective<'_>, line: usize) -> Result<()> {
        match directive {
            WastDirective::Module(module) => self.module(module, line),
            WastDirective::ModuleDefinition(module) => {
                let name = module.name();
                let compiled = self.compile(module);
                self.keep_definition(name, compiled, line).map(drop)
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                self.module_instance(instance, module, line)
            }
            WastDirective::Register { name, module, .. } => self.register(name, module),
            WastDirective::Invoke(invoke) => self.invoke(&invoke).map(drop),
            WastDirective::AssertReturn { exec, results, .. } => self.assert_return(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec);
                self.expect_trap(outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(&call);
                self.expect_trap(outcome, message)
            }
            WastDirective::AssertInvalid { module, message, .. }
            | WastDirective::AssertMalformed { module, message, .. } => {
                self.assert_refused(module, message)
            }
            WastDirective::AssertUnlinkable { module, message, .. } => {
                self.assert_unlinkable(module, message)
            }
            WastDirective::AssertInvalidCustom { mut module, message, .. }
            | WastDirective::AssertMalformedCustom { mut module, message, .. } => {
                // A module that the text parser accepts is left alone: custom sections never make a
                // module invalid here.
                match module.encode() {
                    Ok(_) => bail!("a custom section was accepted, expected: {message}"),
                    Err(error) => self.expect_message(&error.into(), message),
                }
            }
            WastDirective::AssertException { exec, .. } => {
                let outcome = self.execute(exec);
                self.expect_trap(outcome, "unhandled exception")
            }
            WastDirective::AssertSuspension { .. } => bail!("suspensions are not supported"),
            WastDirective::Thread(_) | WastDirective::Wait { .. } => {
                bail!("a thread of a thread")
            }
        }
    }

    /// Defines and instantiates.
    fn module(&mut self, module: QuoteWat<'_>, line: usize) -> Result<()> {
        let name = module.name();
        let compiled = self.compile(module);
        let instance = match self.keep_definition(name, compiled, line) {
            Ok(module) => self.instantiate(&module),
            Err(error) => Err(error),
        };
        self.keep_instance(name, instance, line)
    }

    fn module_instance(
        &mut self,
        name: Option<Id<'_>>,
        module: Option<Id<'_>>,
        line: usize,
    ) -> Result<()> {
        let definition = match module {
            Some(id) => self.definitions.get(id.name()).cloned(),
            None => self.definition.clone(),
        };
        let instance = match existing(definition, "module definition") {
            Ok(module) => self.instantiate(&module),
            Err(error) => Err(error),
        };
        self.keep_instance(name, instance, line)
    }

    fn keep_definition(
        &mut self,
        name: Option<Id<'_>>,
        module: Result<Module>,
        line: usize,
    ) -> Result<Module> {
        let kept = module.as_ref().map(Module::clone).map_err(|_| line);
        if let Some(name) = name {
            self.definitions.insert(name.name().to_owned(), kept.clone());
        }
        self.definition = Some(kept);
        module
    }

    fn keep_instance(
        &mut self,
        name: Option<Id<'_>>,
        instance: Result<Instance>,
        line: usize,
    ) -> Result<()> {
        let kept = instance.as_ref().map(|instance| *instance).map_err(|_| line);
        if let Some(name) = name {
            self.instances.insert(name.name().to_owned(), kept);
        }
        self.instance = Some(kept);
        let instance = instance?;
        // Scripts with threads import shared memories by an instance's name alone.
        if let Some(name) = name {
            for (export, memory) in self.shared_exports(instance) {
                self.linker.define(&self.store, name.name(), &export, memory)?;
            }
        }
        Ok(())
    }

    /// The shared memories that an instance exports.
    fn shared_exports(&self, instance: Instance) -> Vec<(String, SharedMemory)> {
        let exports = instance.exports(&self.store).filter_map(|export| {
            let name = export.name().to_owned();
            Some((name, export.into_extern().into_shared_memory()?))
        });
        exports.collect()
    }

    /// The memories that a thread shares with the instances here.
    fn shared(&self, thread: &WastThread<'_>) -> Result<Option<Shares>> {
        let Some(id) = thread.shared_module else { return Ok(None) };
        let instance = self.find(Some(id))?;
        Ok(Some((id.name().to_owned(), self.shared_exports(instance))))
    }

    fn compile(&self, mut module: QuoteWat<'_>) -> Result<Module> {
        let bytes = module.encode()?;
        let bytes = match &self.options.rewrite {
            Some(rewrite) => (rewrite.0)(bytes),
            None => bytes,
        };
        Module::new(&self.engine, bytes)
    }

    /// Instantiates; a module that imports from a failed one cannot.
    fn instantiate(&mut self, module: &Module) -> Result<Instance> {
        for import in module.imports() {
            if let Some(&line) = self.failed.get(import.module()) {
                return Err(Error::new(Skip { line }));
            }
        }
        // So that memory images are tested where the configuration asks for them.
        self.linker.instantiate_pre(module)?.instantiate(&mut self.store)
    }

    fn find(&self, id: Option<Id<'_>>) -> Result<Instance> {
        let instance = match id {
            Some(id) => self.instances.get(id.name()).copied(),
            None => self.instance,
        };
        existing(instance, "instance")
    }

    fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Result<()> {
        if let (Some(id), Some((shared, memories))) = (module, &self.shares)
            && id.name() == shared
        {
            for (export, memory) in memories {
                self.linker.define(&self.store, name, export, memory.clone())?;
            }
            return Ok(());
        }
        match self.find(module) {
            Ok(instance) => {
                self.failed.remove(name);
                self.linker.instance(&self.store, name, instance)?;
                Ok(())
            }
            Err(error) => {
                if let Some(skip) = error.downcast_ref::<Skip>() {
                    self.failed.insert(name.to_owned(), skip.line);
                }
                Err(error)
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Val>> {
        let instance = self.find(invoke.module)?;
        let func = instance
            .get_func(&self.store, invoke.name)
            .ok_or_else(|| format_err!("no function `{}` is exported", invoke.name))?;
        let mut args = Vec::new();
        for arg in &invoke.args {
            args.push(argument(&mut self.store, arg)?);
        }
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        if let Some(fuel) = self.options.fuel {
            self.store.set_fuel(fuel)?;
        }
        func.call(&mut self.store, &args, &mut results)?;
        Ok(results)
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Vec<Val>> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(module) => {
                let module = self.compile(QuoteWat::Wat(module))?;
                self.instantiate(&module)?;
                Ok(Vec::new())
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.find(module)?;
                let global = instance
                    .get_global(&self.store, global)
                    .ok_or_else(|| format_err!("no global `{global}` is exported"))?;
                Ok(vec![global.get(&self.store)])
            }
        }
    }

    fn assert_return(&mut self, exec: WastExecute<'_>, wanted: &[WastRet<'_>]) -> Result<()> {
        let results = self.execute(exec)?;
        if results.len() != wanted.len() {
            bail!("expected {} results, got {}", wanted.len(), results.len());
        }
        for (i, (result, wanted)) in results.iter().zip(wanted).enumerate() {
            if !matches(&self.store, result, wanted)? {
                bail!(
                    "result {i}: expected {}, got {}",
                    describe(wanted),
                    show(&self.store, result)
                );
            }
        }
        Ok(())
    }

    fn expect_trap(&self, outcome: Result<Vec<Val>>, message: &str) -> Result<()> {
        let error = match outcome {
            Ok(results) => {
                let results: Vec<String> =
                    results.iter().map(|val| show(&self.store, val)).collect();
                bail!("expected the trap `{message}`, got results [{}]", results.join(" "));
            }
            Err(error) => error,
        };
        if ErrorKind::of(&error) != Some(ErrorKind::Trap) {
            return Err(error.context(format!("expected the trap `{message}`")));
        }
        let actual = error.root_cause().to_string();
        let actual = actual.trim_start_matches("wasm trap: ");
        if !same_trap(actual, message) {
            bail!("expected the trap `{message}`, got `{actual}`");
        }
        Ok(())
    }

    fn assert_refused(&mut self, module: QuoteWat<'_>, message: &str) -> Result<()> {
        let error = match self.compile(module) {
            Ok(_) => bail!("a module was accepted, expected: {message}"),
            Err(error) => error,
        };
        // An error without a kind is the text parser's. One that names a proposal is a refusal as
        // well: a script that is older than the proposal demands no more.
        match ErrorKind::of(&error) {
            Some(ErrorKind::Invalid | ErrorKind::Unsupported) | None => {
                self.expect_message(&error, message)
            }
            Some(_) => Err(error.context(format!("expected another refusal: {message}"))),
        }
    }

    fn assert_unlinkable(&mut self, module: Wat<'_>, message: &str) -> Result<()> {
        let module = self.compile(QuoteWat::Wat(module))?;
        match self.instantiate(&module) {
            Ok(_) => bail!("a module was linked, expected: {message}"),
            Err(error) if ErrorKind::of(&error) == Some(ErrorKind::Link) => {
                self.expect_message(&error, message)
            }
            Err(error) => Err(error.context(format!("expected a refusal to link: {message}"))),
        }
    }

    fn expect_message(&self, error: &Error, message: &str) -> Result<()> {
        let actual = one_line(error);
        if self.messages == Messages::Compared && !actual.contains(message) {
            bail!("expected the message `{message}`, got `{actual}`");
        }
        Ok(())
    }
}

/// The item that a name stands for; an error if it failed, or does not exist.
fn existing<T>(item: Option<OrFailed<T>>, what: &str) -> Result<T> {
    match item {
        Some(Ok(item)) => Ok(item),
        Some(Err(line)) => Err(Error::new(Skip { line })),
        None => bail!("there is no such {what}"),
    }
}

/// Whether our words for a trap mean the script's. Scripts may say more (the index of a null
/// element) or less.
fn same_trap(actual: &str, wanted: &str) -> bool {
    let wanted = match wanted {
        "expected shared memory" => "atomic wait on non-shared memory",
        "null function reference"
        | "null function"
        | "null exception reference"
        | "null array reference"
        | "null structure reference"
        | "null i31 reference" => "null reference",
        "out of bounds" => return actual.contains("out of bounds"),
        other => other,
    };
    actual.contains(wanted) || wanted.starts_with(actual)
}

fn describe(pattern: &WastRet<'_>) -> String {
    match pattern {
        WastRet::Core(pattern) => describe_core(pattern),
        other => format!("{other:?}"),
    }
}

/// A pattern of a value as scripts have it.
fn describe_core(pattern: &WastRetCore<'_>) -> String {
    use WastRetCore as R;
    match pattern {
        R::I32(x) => format!("(i32.const {x})"),
        R::I64(x) => format!("(i64.const {x})"),
        R::RefNull(_) => "(ref.null)".to_owned(),
        R::RefExtern(None) => "(ref.extern)".to_owned(),
        R::RefExtern(Some(host)) => format!("(ref.extern {host})"),
        R::RefHost(host) => format!("(ref.host {host})"),
        R::RefFunc(_) => "(ref.func)".to_owned(),
        R::RefAny => "(ref.any)".to_owned(),
        R::RefEq => "(ref.eq)".to_owned(),
        R::RefArray => "(ref.array)".to_owned(),
        R::RefStruct => "(ref.struct)".to_owned(),
        R::RefI31 => "(ref.i31)".to_owned(),
        R::Either(all) => {
            let all: Vec<String> = all.iter().map(describe_core).collect();
            format!("(either {})", all.join(" "))
        }
        // Floats and vectors with their kinds of NaNs.
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{describe_core, same_trap};
    use wast::core::WastRetCore;

    #[test]
    fn patterns_are_told_as_scripts_have_them() {
        let either = WastRetCore::Either(vec![WastRetCore::RefI31, WastRetCore::RefNull(None)]);
        assert_eq!(describe_core(&either), "(either (ref.i31) (ref.null))");
        assert_eq!(describe_core(&WastRetCore::RefArray), "(ref.array)");
    }

    #[test]
    fn words_for_traps() {
        assert!(same_trap("uninitialized element", "uninitialized element 7"));
        assert!(same_trap("undefined element: out of bounds table access", "undefined element"));
        assert!(same_trap("wasm `unreachable` instruction executed", "unreachable"));
        assert!(!same_trap("integer overflow", "integer divide by zero"));
        assert!(!same_trap("out of bounds memory access", "out of bounds table access"));
    }
}
