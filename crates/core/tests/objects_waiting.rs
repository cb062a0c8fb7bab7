//! Objects in calls that wait, that are suspended and that are given up. Each test runs with each
//! engine of [`crate::engines`]; the crate `prova` includes this file, with machine code.
//!
//! A green run does not show that other executors than this one drive the futures.

use prova_core::*;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};

const TEXT: &str = r#"(module
    (type $box (struct (field i32)))
    (import "host" "later" (func $later (param (ref $box)) (result (ref $box))))
    (import "host" "tag" (tag $tag (param (ref $box))))
    (func $new (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
    (func (export "sum") (param i32) (result i32)
      (local $kept (ref $box))
      (local.set $kept (call $new (i32.const 100)))
      (i32.add (struct.get $box 0 (call $later (call $new (local.get 0))))
        (struct.get $box 0 (local.get $kept))))
    (func (export "caught") (param i32) (result i32)
      (block $h (result (ref $box))
        (try_table (catch $tag $h) (drop (call $later (call $new (local.get 0)))))
        (return (i32.const -1)))
      (struct.get $box 0))
    (func (export "new") (param i32) (result (ref $box)) (call $later (call $new (local.get 0)))))"#;

fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
            return result;
        }
    }
}

/// Is pending a few times.
async fn pause() {
    let mut left = 3;
    poll_fn(|_| {
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// A store that collects at each object and at each step into code or the host.
fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    store.gc_every(1);
    store.call_hook(|mut store, _| store.gc(None));
    store
}

fn box_type(module: &Module) -> Result<(FuncType, FuncType)> {
    let types: Vec<ExternType> = module.imports().map(|import| import.ty()).collect();
    let (func, tag) = (types[0].func().cloned(), types[1].tag().cloned());
    Ok((func.context("none")?, tag.context("none")?))
}

/// An instance whose host function waits, collects, and gives a new object with the next number; it
/// throws odd numbers.
fn waiting(store: &mut Store<()>) -> Result<Instance> {
    let module = Module::new(store.engine(), wat::parse_str(TEXT)?)?;
    let (later, tag) = box_type(&module)?;
    let ty = later.result(0).context("none")?;
    let ty = ty.unwrap_ref().heap_type().unwrap_concrete_struct().clone();
    let pre = StructRefPre::new(&mut *store, ty);
    let tag = Tag::new(&mut *store, &tag)?;
    let mut linker = Linker::new(store.engine());
    linker.define(&*store, "host", "tag", tag)?;
    linker.func_new_async("host", "later", later, move |mut caller, args, results| {
        let pre = pre.clone();
        Box::new(async move {
            caller.gc(None)?;
            pause().await;
            let given = args[0].unwrap_any_ref().context("null")?.unwrap_struct(&caller)?;
            let n = given.field(&mut caller, 0)?.unwrap_i32();
            let next = StructRef::new(&mut caller, &pre, &[Val::I32(n + 1)])?;
            pause().await;
            caller.gc(None)?;
            if n % 2 != 0 {
                return caller.throw(tag, &[next.into()]);
            }
            results[0] = next.into();
            Ok(())
        })
    })?;
    linker.instantiate(store, &module)
}

#[test]
fn calls_that_wait_keep_arguments_results_and_exceptions() -> Result<()> {
    for (name, engine) in crate::engines() {
        let mut store = store(&engine);
        let instance = waiting(&mut store)?;
        let sum = instance.get_typed_func::<i32, i32>(&mut store, "sum")?;
        let caught = instance.get_typed_func::<i32, i32>(&mut store, "caught")?;
        let new = instance.get_typed_func::<i32, Rooted<StructRef>>(&mut store, "new")?;
        for n in [0, 2, 40] {
            assert_eq!(block_on(sum.call_async(&mut store, n))?, n + 101, "{name}");
            assert_eq!(block_on(caught.call_async(&mut store, n + 1))?, n + 2, "{name}");
            let made = block_on(new.call_async(&mut store, n))?;
            store.gc(None)?;
            assert_eq!(made.field(&mut store, 0)?.unwrap_i32(), n + 1, "{name}");
        }
        let error = block_on(new.call_async(&mut store, 1)).expect_err("nothing catches it");
        let thrown: &ThrownException = error.downcast_ref().context("none")?;
        let thrown = thrown.values()[0].unwrap_any_ref().context("null")?.unwrap_struct(&store)?;
        assert_eq!(thrown.field(&mut store, 0)?.unwrap_i32(), 2, "{name}");
        // A call of the host function itself, and one that is given up.
        let later = *instance.get_typed_func::<i32, i32>(&mut store, "sum")?.func();
        let made = block_on(new.call_async(&mut store, 4))?;
        for polls in 0..4 {
            let mut results = [Val::I32(0)];
            let params = [Val::I32(2)];
            let mut call = Box::pin(later.call_async(&mut store, &params, &mut results));
            for _ in 0..polls {
                let polled = call.as_mut().poll(&mut Task::from_waker(Waker::noop()));
                assert!(polled.is_pending(), "{name}");
            }
            drop(call);
            store.gc(None)?;
            assert_eq!(made.field(&mut store, 0)?.unwrap_i32(), 5, "{name}");
        }
    }
    Ok(())
}

#[test]
fn scopes_of_calls_that_wait_end() -> Result<()> {
    for (name, engine) in crate::engines() {
        let mut store =
            Store::new(&engine, StoreLimitsBuilder::new().gc_heap_size(1 << 20).build());
        store.limiter(|limits| limits);
        let text = r#"(module (type $box (struct (field i32)))
            (import "" "f" (func $f (param (ref $box))))
            (func (export "g") (param i32) (call $f (struct.new $box (local.get 0)))))"#;
        let module = Module::new(&engine, wat::parse_str(text)?)?;
        let ty = module.imports().next().context("none")?.ty();
        let mut linker = Linker::new(&engine);
        linker.func_new_async("", "f", ty.func().cloned().context("none")?, |_, _, _| {
            Box::new(async { Ok(()) })
        })?;
        let instance = linker.instantiate(&mut store, &module)?;
        let g = instance.get_typed_func::<i32, ()>(&mut store, "g")?;
        for n in 0..100_000 {
            block_on(g.call_async(&mut store, n)).with_context(|| format!("{name}: call {n}"))?;
        }
    }
    Ok(())
}

#[test]
fn suspended_calls_take_objects_of_the_host() -> Result<()> {
    for (name, engine) in crate::engines() {
        let mut store = store(&engine);
        let module = Module::new(&engine, wat::parse_str(TEXT)?)?;
        let (later, tag) = box_type(&module)?;
        let ty = later.result(0).context("none")?;
        let ty = ty.unwrap_ref().heap_type().unwrap_concrete_struct().clone();
        let pre = StructRefPre::new(&mut store, ty);
        let tag = Tag::new(&mut store, &tag)?;
        let asks = Func::new(&mut store, later, |_, _, _| bail!("the embedder is asked"));
        let instance = Instance::new(&mut store, &module, &[asks.into(), tag.into()])?;
        let sum = instance.get_typed_func::<i32, i32>(&mut store, "sum")?;
        for n in 0..20 {
            let mut scope = RootScope::new(&mut store);
            let TypedResumableCall::HostTrap(call) = sum.call_resumable(&mut scope, n)? else {
                bail!("{name}: it is not suspended");
            };
            let answer = StructRef::new(&mut scope, &pre, &[Val::I32(7)])?;
            scope.as_context_mut().gc(None)?;
            let done = call.resume(&mut scope, &[answer.into()])?;
            assert!(matches!(done, TypedResumableCall::Finished(107)), "{name}");
            assert_eq!(answer.field(&mut scope, 0)?.unwrap_i32(), 7, "{name}");
        }
    }
    Ok(())
}
