//! A module's types as the observer reads them, and where arguments and results lie.
//!
//! Written from the WebAssembly specification and from the convention in the documents, so that
//! it shares neither with the check: a fault in `Layout::derive` or `prova_check::abi` would make
//! honest code break a rule here.

use wasmparser::{
    AbstractHeapType as A, CompositeInnerType, HeapType, Parser, Payload, TypeRef, ValType,
};

/// The kind of thing that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Names {
    Func,
    Extern,
    Exn,
}

/// Which of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    Any,
    Nothing,
    /// Functions of a type.
    Type(u32),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RefTy {
    pub(crate) names: Names,
    pub(crate) which: Which,
    pub(crate) nullable: bool,
}

impl RefTy {
    /// Whether each reference of the other type is one of this.
    fn takes(self, other: RefTy) -> bool {
        self.names == other.names
            && (self.nullable || !other.nullable)
            && (self.which == other.which
                || self.which == Which::Any
                || other.which == Which::Nothing)
    }
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
    /// Whether a value of the other type can stand for one of this.
    pub(crate) fn takes(self, other: Ty) -> bool {
        match (self, other) {
            (Ty::Ref(own), Ty::Ref(other)) => own.takes(other),
            _ => self == other,
        }
    }

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
        module
    }

    fn section(&mut self, payload: Payload<'_>) {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader {
                    for ty in group.expect("types").into_types() {
                        self.push_type(&ty.composite_type.inner);
                    }
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

    fn push_type(&mut self, inner: &CompositeInnerType) {
        let CompositeInnerType::Func(func) = inner else { panic!("a function type") };
        let list = |types: &[ValType]| types.iter().map(|&ty| self.value(ty)).collect();
        let signature = Signature { params: list(func.params()), results: list(func.results()) };
        let own = self.types.len();
        let first = self.types.iter().position(|ty| *ty == signature).unwrap_or(own);
        self.types.push(signature);
        self.canonical.push(u32::try_from(first).expect("few types"));
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
            HeapType::Concrete(index) => {
                let index = index.as_module_index().expect("a module's type");
                let first = self.canonical.get(index as usize).copied().unwrap_or(index);
                (Names::Func, Which::Type(first))
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
        self.memories.push(Memory { min: ty.initial << page, max, plain, paged });
    }

    fn push_global(&mut self, ty: &wasmparser::GlobalType) {
        self.globals.push((self.value(ty.content_type), ty.mutable));
    }
}
