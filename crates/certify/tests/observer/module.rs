//! A module's types as the observer reads them, and where arguments and results lie.
//!
//! Written from the WebAssembly specification and from the convention in the documents, so that
//! it shares neither with the check: a fault in `Layout::derive` or `prova_check::abi` would make
//! honest code break a rule here.

use prova_check::builtins::Gives;
use wasmparser::{
    AbstractHeapType as A, CompositeInnerType, FieldType, HeapType, Parser, Payload, StorageType,
    SubType, TypeRef, ValType,
};

/// The kind of thing that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Names {
    Func,
    Extern,
    Exn,
    /// Structures, arrays and small integers, which are numbers to code.
    Any,
}

/// Which of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    Any,
    Nothing,
    /// Values that can be compared.
    Eq,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
    /// Small integers.
    I31,
    /// Values of a type, the first of those that are equal.
    Type(u32),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RefTy {
    pub(crate) names: Names,
    pub(crate) which: Which,
    pub(crate) nullable: bool,
}

/// A value type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefTy),
}

impl Ty {
    /// Bytes of a cell of this type that code may touch.
    pub(crate) fn cell_bytes(self) -> u64 {
        if self == Ty::V128 { 16 } else { 8 }
    }
}

/// A function type.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Signature {
    pub(crate) params: Vec<Ty>,
    pub(crate) results: Vec<Ty>,
}

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// A general register.
    General(usize),
    /// A vector register.
    Vector(usize),
    /// Bytes above the return address.
    Stack(u64),
}

impl Signature {
    /// Where the arguments lie, and the bytes that they take on the stack.
    pub(crate) fn arguments(&self) -> (Vec<(Ty, Home)>, u64) {
        // rdx, rcx, r8, r9; rdi and rsi are taken.
        let (mut general, mut vector, mut stack) = ([2, 1, 8, 9].into_iter(), 0..8, 0_u64);
        let mut homes = Vec::new();
        for &ty in &self.params {
            let home = match ty {
                Ty::I32 | Ty::I64 | Ty::Ref(_) => general.next().map(Home::General),
                Ty::F32 | Ty::F64 | Ty::V128 => vector.next().map(Home::Vector),
            };
            homes.push((
                ty,
                home.unwrap_or_else(|| {
                    stack = stack.next_multiple_of(ty.cell_bytes());
                    stack += ty.cell_bytes();
                    Home::Stack(8 + stack - ty.cell_bytes())
                }),
            ));
        }
        (homes, stack.next_multiple_of(16))
    }

    /// Where the results lie.
    pub(crate) fn results(&self) -> Vec<(Ty, Home)> {
        let (mut general, mut vector) = ([0, 1, 2, 6, 7, 8, 9, 10].into_iter(), 0..8);
        let mut home = |ty: Ty| match ty {
            Ty::I32 | Ty::I64 | Ty::Ref(_) => general.next().map(Home::General),
            Ty::F32 | Ty::F64 | Ty::V128 => vector.next().map(Home::Vector),
        };
        self.results.iter().map(|&ty| (ty, home(ty).expect("few results"))).collect()
    }

    /// The first cell of each of these types, two for a vector.
    pub(crate) fn cells(types: &[Ty]) -> Vec<(Ty, u64)> {
        let mut cell = 0;
        let mut next = |&ty: &Ty| {
            cell += ty.cell_bytes() / 8;
            (ty, cell - ty.cell_bytes() / 8)
        };
        types.iter().map(&mut next).collect()
    }
}

/// A memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) min: u64,
    pub(crate) max: u64,
    /// Whether a zone behind its base may stand for comparisons.
    pub(crate) plain: bool,
    /// Whether its pages have 64 KiB.
    pub(crate) paged: bool,
    /// Whether it is the heap of objects, which stays where it is.
    pub(crate) heap: bool,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) ty: RefTy,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

/// The observer's knowledge of a module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Module {
    pub(crate) types: Vec<Signature>,
    /// The types as they stand there, with the number of the first of each one's group.
    declared: Vec<(u32, SubType)>,
    /// The first type that is equal to each.
    pub(crate) canonical: Vec<u32>,
    /// Types of the functions, the first of those that are equal.
    pub(crate) funcs: Vec<u32>,
    pub(crate) imported: usize,
    pub(crate) memories: Vec<Memory>,
    pub(crate) tables: Vec<Table>,
    /// Types of the globals, and whether they can be changed.
    pub(crate) globals: Vec<(Ty, bool)>,
    /// The type of each tag.
    pub(crate) tags: Vec<u32>,
}

impl Module {
    /// Reads a module; what a layout refuses is not expected.
    pub(crate) fn read(wasm: &[u8]) -> Module {
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(wasm) {
            module.section(payload.expect("a module"));
        }
        if (0..number(module.declared.len())).any(|ty| !module.is_func(ty)) {
            let heap = Memory { min: 0, max: 0, plain: true, paged: false, heap: true };
            module.memories.push(heap);
        }
        module
    }

    fn section(&mut self, payload: Payload<'_>) {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader {
                    self.push_group(group.expect("types").into_types().collect());
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    match import.expect("an import").ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.imported += 1;
                            self.funcs.push(self.canonical[ty as usize]);
                        }
                        TypeRef::Table(ty) => self.push_table(&ty),
                        TypeRef::Memory(ty) => self.push_memory(&ty),
                        TypeRef::Global(ty) => self.push_global(&ty),
                        TypeRef::Tag(tag) => self.tags.push(tag.func_type_idx),
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    self.funcs.push(self.canonical[ty.expect("a type") as usize]);
                }
            }
            Payload::TableSection(reader) => {
                reader.into_iter().for_each(|table| self.push_table(&table.expect("a table").ty));
            }
            Payload::MemorySection(reader) => {
                reader.into_iter().for_each(|memory| self.push_memory(&memory.expect("a memory")));
            }
            Payload::TagSection(reader) => {
                self.tags.extend(reader.into_iter().map(|tag| tag.expect("a tag").func_type_idx));
            }
            Payload::GlobalSection(reader) => {
                reader
                    .into_iter()
                    .for_each(|global| self.push_global(&global.expect("a global").ty));
            }
            _ => {}
        }
    }

    /// Adds a group; it is compared with each before it.
    fn push_group(&mut self, group: Vec<SubType>) {
        let start = number(self.declared.len());
        let starts: Vec<u32> = self.declared.iter().map(|&(start, _)| start).collect();
        let group: Vec<(u32, SubType)> = group.into_iter().map(|ty| (start, ty)).collect();
        let equal = |at: &usize| {
            let before = self.declared[*at..].iter().take_while(|ty| ty.0 as usize == *at);
            before.clone().count() == group.len()
                && before.zip(&group).all(|(a, b)| self.same(a, b))
        };
        let first = (0..starts.len()).filter(|&at| starts[at] as usize == at).find(equal);
        let first = first.map_or(start, number);
        self.canonical.extend((0..number(group.len())).map(|at| first + at));
        self.declared.extend(group.iter().cloned());
        for (_, ty) in group {
            let signature = match &ty.composite_type.inner {
                CompositeInnerType::Func(func) => {
                    let list = |types: &[ValType]| types.iter().map(|&ty| self.value(ty)).collect();
                    Signature { params: list(func.params()), results: list(func.results()) }
                }
                _ => Signature::default(),
            };
            self.types.push(signature);
        }
    }

    /// Whether two types, each with the first of its group, are declared alike, where a type of
    /// the one's group is like the one at its place in the other's.
    fn same(&self, (start, one): &(u32, SubType), (from, other): &(u32, SubType)) -> bool {
        let index = |a: u32, b: u32| match (a.checked_sub(*start), b.checked_sub(*from)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => self.canonical[a as usize] == self.canonical[b as usize],
            _ => false,
        };
        let value = |a: &ValType, b: &ValType| match (a, b) {
            (ValType::Ref(a), ValType::Ref(b)) => {
                let heap = match (a.type_index(), b.type_index()) {
                    (Some(_), Some(_)) => index(named(*a), named(*b)),
                    _ => a.heap_type() == b.heap_type(),
                };
                heap && a.is_nullable() == b.is_nullable()
            }
            _ => a == b,
        };
        let values = |a: &[ValType], b: &[ValType]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| value(a, b))
        };
        let field = |a: &FieldType, b: &FieldType| {
            a.mutable == b.mutable
                && match (&a.element_type, &b.element_type) {
                    (StorageType::Val(a), StorageType::Val(b)) => value(a, b),
                    (a, b) => a == b,
                }
        };
        use CompositeInnerType as C;
        let inner = match (&one.composite_type.inner, &other.composite_type.inner) {
            (C::Func(a), C::Func(b)) => {
                values(a.params(), b.params()) && values(a.results(), b.results())
            }
            (C::Struct(a), C::Struct(b)) => {
                let (a, b) = (&a.fields, &b.fields);
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| field(a, b))
            }
            (C::Array(a), C::Array(b)) => field(&a.0, &b.0),
            _ => false,
        };
        let supertypes = match (supertype(one), supertype(other)) {
            (Some(a), Some(b)) => index(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        inner && supertypes && one.is_final == other.is_final
    }

    /// Whether all values of a type are of another one.
    pub(crate) fn is_subtype(&self, sub: usize, sup: u32) -> bool {
        let mut ty = self.canonical.get(sub).copied();
        while let Some(at) = ty {
            if at == sup {
                return true;
            }
            ty = supertype(&self.declared[at as usize].1).map(|ty| self.canonical[ty as usize]);
        }
        false
    }

    /// Whether it is a type of functions.
    pub(crate) fn is_func(&self, ty: u32) -> bool {
        let inner = &self.declared[ty as usize].1.composite_type.inner;
        matches!(inner, CompositeInnerType::Func(_))
    }

    /// The type of the result of an operator on objects, of indices that may be none; nothing for a
    /// number.
    pub(crate) fn given(&self, gives: Gives, first: u64, second: u64) -> Vec<Ty> {
        let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX);
        let inner = self.declared.get(at(first)).map(|ty| &ty.1.composite_type.inner);
        let unpacked = |ty: &FieldType| match ty.element_type {
            StorageType::Val(ty) => Some(self.value(ty)),
            StorageType::I8 | StorageType::I16 => None,
        };
        let reference = |names| Ty::Ref(RefTy { names, which: Which::Any, nullable: true });
        let given = match (gives, inner) {
            (Gives::Field, Some(CompositeInnerType::Struct(of))) => {
                of.fields.get(at(second)).and_then(unpacked)
            }
            (Gives::Element, Some(CompositeInnerType::Array(of))) => unpacked(&of.0),
            (Gives::Extern, _) => Some(reference(Names::Extern)),
            (Gives::Cast, _) => self.of_code(first).map(Ty::Ref),
            _ => None,
        };
        given.into_iter().collect()
    }

    /// The reference type that a cast asks for, from its code; nothing for one to objects.
    fn of_code(&self, code: u64) -> Option<RefTy> {
        let (names, which) = match code >> 1 {
            6 => (Names::Func, Which::Any),
            8 => (Names::Extern, Which::Any),
            10 => (Names::Exn, Which::Any),
            heap => {
                let ty = u32::try_from(heap.checked_sub(16)?).ok()?;
                let first = *self.canonical.get(ty as usize)?;
                self.is_func(ty).then_some((Names::Func, Which::Type(first)))?
            }
        };
        Some(RefTy { names, which, nullable: code & 1 == 1 })
    }

    /// Whether a value of the type `given` can stand for one of `wanted`.
    pub(crate) fn takes(&self, wanted: Ty, given: Ty) -> bool {
        let (Ty::Ref(wanted), Ty::Ref(given)) = (wanted, given) else { return wanted == given };
        let form = |ty: u32| match self.declared[ty as usize].1.composite_type.inner {
            CompositeInnerType::Struct(_) => Which::Struct,
            CompositeInnerType::Array(_) => Which::Array,
            _ => Which::Any,
        };
        wanted.names == given.names
            && (wanted.nullable || !given.nullable)
            && match (wanted.which, given.which) {
                (Which::Any, _) | (_, Which::Nothing) => true,
                (Which::Type(wanted), Which::Type(given)) => {
                    self.is_subtype(given as usize, wanted)
                }
                (Which::Eq, given) => given != Which::Any,
                (wanted, Which::Type(given)) => wanted == form(given),
                (wanted, given) => wanted == given,
            }
    }

    fn value(&self, ty: ValType) -> Ty {
        match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(ty) => Ty::Ref(self.reference(ty)),
        }
    }

    fn reference(&self, ty: wasmparser::RefType) -> RefTy {
        let nullable = ty.is_nullable();
        let (names, which) = match ty.heap_type() {
            HeapType::Abstract { ty: A::Func, .. } => (Names::Func, Which::Any),
            HeapType::Abstract { ty: A::NoFunc, .. } => (Names::Func, Which::Nothing),
            HeapType::Abstract { ty: A::Extern, .. } => (Names::Extern, Which::Any),
            HeapType::Abstract { ty: A::NoExtern, .. } => (Names::Extern, Which::Nothing),
            HeapType::Abstract { ty: A::Exn, .. } => (Names::Exn, Which::Any),
            HeapType::Abstract { ty: A::NoExn, .. } => (Names::Exn, Which::Nothing),
            HeapType::Abstract { ty: A::Any, .. } => (Names::Any, Which::Any),
            HeapType::Abstract { ty: A::None, .. } => (Names::Any, Which::Nothing),
            HeapType::Abstract { ty: A::Eq, .. } => (Names::Any, Which::Eq),
            HeapType::Abstract { ty: A::Struct, .. } => (Names::Any, Which::Struct),
            HeapType::Abstract { ty: A::Array, .. } => (Names::Any, Which::Array),
            HeapType::Abstract { ty: A::I31, .. } => (Names::Any, Which::I31),
            HeapType::Concrete(_) => {
                let index = named(ty);
                let names = if self.is_func(index) { Names::Func } else { Names::Any };
                (names, Which::Type(self.canonical[index as usize]))
            }
            other => panic!("a reference to {other:?}"),
        };
        RefTy { names, which, nullable }
    }

    fn push_table(&mut self, ty: &wasmparser::TableType) {
        let ty_of = self.reference(ty.element_type);
        self.tables.push(Table { ty: ty_of, min: ty.initial, max: ty.maximum.unwrap_or(u64::MAX) });
    }

    fn push_memory(&mut self, ty: &wasmparser::MemoryType) {
        let page = ty.page_size_log2.unwrap_or(16);
        // The observer makes none larger than a 32-bit memory.
        let max = ty.maximum.unwrap_or(u64::MAX).min((4 << 30) >> page) << page;
        let paged = page == 16;
        let plain = !ty.memory64 && paged;
        self.memories.push(Memory { min: ty.initial << page, max, plain, paged, heap: false });
    }

    fn push_global(&mut self, ty: &wasmparser::GlobalType) {
        self.globals.push((self.value(ty.content_type), ty.mutable));
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("few types")
}

/// The type that a reference type names.
fn named(ty: wasmparser::RefType) -> u32 {
    let index = ty.type_index().and_then(|index| index.unpack().as_module_index());
    index.expect("a module's type")
}

fn supertype(ty: &SubType) -> Option<u32> {
    Some(ty.supertype_idxs.first()?.as_module_index().expect("a module's type"))
}
