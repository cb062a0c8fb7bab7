//! Structures, arrays and small integers that the host and a guest make, read and hand to each
//! other, and how long the host keeps them.

use wasmtime::*;

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.wasm_reference_types(true).wasm_function_references(true).wasm_gc(true);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, ());
    let module = Module::from_file(&engine, "wat/objects.wat")?;
    let instance = Instance::new(&mut store, &module, &[])?;

    structures(&engine, &mut store, &instance)?;
    arrays(&engine, &mut store, &instance)?;
    small_integers(&mut store, &instance)?;
    scopes(&engine, &mut store, &instance)
}

fn point_type(engine: &Engine) -> Result<StructType> {
    let field = |ty| FieldType::new(Mutability::Var, StorageType::ValType(ty));
    StructType::new(engine, [field(ValType::I32), field(ValType::F64)])
}

fn structures(engine: &Engine, mut store: &mut Store<()>, instance: &Instance) -> Result<()> {
    let ty = point_type(engine)?;
    println!("fields: {}, final: {}", ty.fields().len(), ty.finality().is_final());
    let pre = StructRefPre::new(&mut store, ty.clone());
    let point = StructRef::new(&mut store, &pre, &[Val::I32(3), Val::F64(2.5f64.to_bits())])?;
    let moves = instance.get_typed_func::<(Rooted<StructRef>, i32), ()>(&mut store, "move")?;
    moves.call(&mut store, (point, 4))?;
    println!("moved to: {}", point.field(&mut store, 0)?.unwrap_i32());
    point.set_field(&mut store, 1, Val::F64(0.5f64.to_bits()))?;
    let values: Vec<Val> = point.fields(&mut store)?.collect();
    println!("all fields: {} {}", values[0].unwrap_i32(), values[1].unwrap_f64());

    let made = instance.get_typed_func::<(i32, f64), Rooted<StructRef>>(&mut store, "point")?;
    let other = made.call(&mut store, (1, 1.5))?;
    println!("made by the guest: {}", other.field(&mut store, 1)?.unwrap_f64());
    println!("of the same type: {}", other.matches_ty(&store, &ty)?);
    println!("the same: {}", Rooted::ref_eq(&store, &point, &other)?);

    let same = instance.get_func(&mut store, "same").expect("it is exported");
    let mut results = [Val::I32(0)];
    same.call(&mut store, &[point.into()], &mut results)?;
    let back = *results[0].unwrap_anyref().expect("it is not null");
    println!("back: struct {}, array {}", back.is_struct(&store)?, back.is_array(&store)?);
    println!("the same: {}", Rooted::ref_eq(&store, &back, &point.to_anyref())?);
    let back = back.unwrap_eqref(&mut store)?.unwrap_struct(&store)?;
    println!("its field: {}", back.field(&mut store, 0)?.unwrap_i32());

    let held = instance.get_global(&mut store, "held").expect("it is exported");
    held.set(&mut store, other.into())?;
    let other = held.get(&mut store).unwrap_anyref().expect("not null").unwrap_struct(&store)?;
    println!("held: {}", other.field(&mut store, 0)?.unwrap_i32());
    let external = ExternRef::convert_any(&mut store, point.to_anyref())?;
    println!("a value of the host: {}", external.data(&store)?.is_some());
    let point = AnyRef::convert_extern(&mut store, external)?;
    println!("converted back: {}", point.is_struct(&store)?);

    println!("no third field: {}", other.field(&mut store, 2).is_err());
    println!("wrong value: {}", other.set_field(&mut store, 0, Val::I64(1)).is_err());
    println!("too few values: {}", StructRef::new(&mut store, &pre, &[]).is_err());
    Ok(())
}

fn arrays(engine: &Engine, mut store: &mut Store<()>, instance: &Instance) -> Result<()> {
    let ty = ArrayType::new(engine, FieldType::new(Mutability::Var, StorageType::I8));
    let pre = ArrayRefPre::new(&mut store, ty);
    let array = ArrayRef::new(&mut store, &pre, &Val::I32(2), 3)?;
    array.set(&mut store, 1, Val::I32(0x1ff))?;
    println!("length: {}", array.len(&store)?);
    let elements: Vec<i32> = array.elems(&mut store)?.map(|value| value.unwrap_i32()).collect();
    println!("elements: {elements:?}");
    let sum = instance.get_typed_func::<Rooted<ArrayRef>, i32>(&mut store, "sum")?;
    println!("sum: {}", sum.call(&mut store, array)?);
    let array = ArrayRef::new_fixed(&mut store, &pre, &[Val::I32(7), Val::I32(8)])?;
    println!("sum: {}", sum.call(&mut store, array)?);
    println!("behind the end: {}", array.get(&mut store, 2).is_err());

    let table = instance.get_table(&mut store, "table").expect("it is exported");
    table.set(&mut store, 1, array.into())?;
    let element = table.get(&mut store, 1).expect("it is inside");
    let element = *element.unwrap_any().expect("it is not null");
    println!("in the table: {}", element.unwrap_array(&store)?.len(&store)?);
    println!("the first is null: {}", table.get(&mut store, 0).expect("it is inside").is_null());
    Ok(())
}

fn small_integers(mut store: &mut Store<()>, instance: &Instance) -> Result<()> {
    println!("31 bits: {} {}", I31::new_i32(1 << 30).is_none(), I31::wrapping_i32(-1).get_u32());
    let negative = instance.get_typed_func::<I31, Option<I31>>(&mut store, "negative")?;
    let five = negative.call(&mut store, I31::wrapping_i32(-5))?.expect("it is not null");
    println!("negative of -5: {}", five.get_i32());
    let five = AnyRef::from_i31(&mut store, five);
    println!("as a reference: {}", five.unwrap_i31(&store)?.get_u32());
    println!("matches: {}", five.matches_ty(&store, &HeapType::I31)?);
    let eq = HeapType::I31.matches(&HeapType::Eq) && !HeapType::I31.matches(&HeapType::Struct);
    println!("subtypes: {eq}");
    Ok(())
}

fn scopes(engine: &Engine, mut store: &mut Store<()>, instance: &Instance) -> Result<()> {
    let pre = StructRefPre::new(&mut store, point_type(engine)?);
    let made = instance.get_typed_func::<(i32, f64), Rooted<StructRef>>(&mut store, "point")?;
    let mut sum = 0;
    for n in 0..10_000 {
        let mut scope = RootScope::new(&mut store);
        let point = made.call(&mut scope, (n, 0.0))?;
        sum += point.field(&mut scope, 0)?.unwrap_i32();
    }
    println!("sum in scopes: {sum}");
    let (owned, gone) = {
        let mut scope = RootScope::new(&mut store);
        let gone = StructRef::new(&mut scope, &pre, &[Val::I32(9), Val::F64(0)])?;
        (gone.to_owned_rooted(&mut scope)?, gone)
    };
    store.gc(None)?;
    println!("behind its scope: {}", gone.field(&mut store, 0).is_err());
    println!("owned: {}", owned.field(&mut store, 0)?.unwrap_i32());
    let rooted = owned.to_rooted(&mut store);
    println!("the same: {}", Rooted::ref_eq(&store, &owned, &rooted)?);
    Ok(())
}
