//! Types of two modules → which definitions are each other's though they differ, and which types
//! follow from them.
//!
//! A structure or an array of A without an equal type in B *became* the type of B that has its
//! name, or that stands at its place between types that are paired. A function type became the one
//! whose parameters and results are its own as they became.
//!
//! 1. No verdict rests on it: it names causes, and functions that differ by types alone are still
//!    `changed`. A wrong partner makes a report clumsy.
//! 2. Each type of A that has no equal in B follows from at most one definition that changed, so
//!    that it is counted once.
//! 3. Linear in the types and in what they name, except for sorting.

use crate::pair::align::increasing;
use crate::pair::side::{ALONE, Side};
use crate::pair::token::{BlockKey, OBJECTS, Tok};
use prova_module::{
    Composite, FieldType, FuncType, HeapType, StorageType, TypeDef, TypeIdx, UnpackedIndex, ValType,
};
use std::collections::{HashMap, HashSet, VecDeque};

/// A definition of A that became another one of B, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) a: u32,
    pub(crate) b: u32,
    /// Whether the definitions are the same, and only their recursion groups are not.
    pub(crate) regrouped: bool,
}

/// Definitions that differ, and what follows from them.
#[derive(Debug, Default)]
pub(crate) struct Types {
    /// By id of a type of A that B does not have, the id that it became.
    became: HashMap<u32, u32>,
    /// By such an id, the place in `changed` that it follows from.
    follows: HashMap<u32, u32>,
    changed: Vec<Changed>,
}

impl Types {
    pub(crate) fn new(sides: (&Side<'_>, &Side<'_>)) -> Types {
        let rest = (rest(sides.0, sides.1), rest(sides.1, sides.0));
        if rest.0.is_empty() || rest.1.is_empty() {
            return Types::default();
        }
        let pairs = pairs(sides, (&rest.0, &rest.1));
        let mut types = Types::default();
        for (a, b) in &pairs {
            types.became.entry(sides.0.type_id(*a)).or_insert(sides.1.type_id(*b));
        }
        let named = types.funcs(sides, &rest);
        let mut pairs: Vec<(u32, u32)> = pairs.into_iter().chain(named).collect();
        pairs.sort_unstable();
        let graph = Graph::new(sides.0);
        for regrouped in [false, true] {
            for &(a, b) in &pairs {
                let known = types.follows.contains_key(&sides.0.type_id(a));
                if regrouped && known || !regrouped && types.same(sides, (a, b)) {
                    continue;
                }
                types.changed.push(Changed { a, b, regrouped });
                let root = types.changed.len() as u32 - 1;
                types.follows.entry(sides.0.type_id(a)).or_insert(root);
            }
            types.spread(sides.0, &graph);
        }
        types
    }

    /// Definitions that differ.
    pub(crate) fn changed(&self) -> &[Changed] {
        &self.changed
    }

    /// The id in B that a type of A became; its own if B has it.
    pub(crate) fn id(&self, id: u32) -> u32 {
        self.became.get(&id).copied().unwrap_or(id)
    }

    /// The same of the id of a type of values.
    pub(crate) fn val(&self, id: u32) -> u32 {
        match id & ALONE {
            0 => id,
            _ => ALONE | self.id((id & !ALONE) >> 1) << 1 | id & 1,
        }
    }

    /// The definition that a type of A follows from.
    pub(crate) fn cause(&self, id: u32) -> Option<u32> {
        self.follows.get(&id).copied()
    }

    /// The same of the id of a type of values.
    pub(crate) fn cause_of_val(&self, id: u32) -> Option<u32> {
        if id & ALONE == 0 { None } else { self.cause((id & !ALONE) >> 1) }
    }

    /// A token of A with its types as they became; and the definition that the first of those
    /// follows from.
    pub(crate) fn token<'m>(&self, tok: Tok<'m>) -> (Tok<'m>, Option<u32>) {
        if self.became.is_empty() {
            return (tok, None);
        }
        let key = |key| match key {
            BlockKey::Empty => (key, None),
            BlockKey::Value(ty) => (BlockKey::Value(self.val(ty)), self.cause_of_val(ty)),
            BlockKey::Func(ty) => (BlockKey::Func(self.id(ty)), self.cause(ty)),
        };
        match tok {
            Tok::Indirect(code, ty, table) => {
                (Tok::Indirect(code, self.id(ty), table), self.cause(ty))
            }
            Tok::Typed { code, types, rest } => {
                // The others name types of values.
                let named = code >> 16 == u32::from(OBJECTS) && code & 0xffff <= LAST_OF_A_TYPE;
                let both = code & 0xffff == COPY;
                let list = if named && !both { &types[..1] } else { &types[..] };
                let cause = list.iter().find_map(|ty| match named {
                    true => self.cause(*ty),
                    false => self.cause_of_val(*ty),
                });
                let [x, y] = types;
                let types = match (named, both) {
                    (true, true) => [self.id(x), self.id(y)],
                    (true, false) => [self.id(x), y],
                    (false, _) => [self.val(x), self.val(y)],
                };
                (Tok::Typed { code, types, rest }, cause)
            }
            Tok::Block(code, of) => {
                let (of, cause) = key(of);
                (Tok::Block(code, of), cause)
            }
            Tok::Try(of, clauses) => {
                let (of, cause) = key(of);
                (Tok::Try(of, clauses), cause)
            }
            Tok::Raw(_) | Tok::Func(..) | Tok::Local(..) | Tok::Global(..) => (tok, None),
            Tok::I32(_) | Tok::I64(_) | Tok::Mem { .. } => (tok, None),
        }
    }

    /// Finds what function types became. Gives the pairs, by number, that have one name and are
    /// named by structures and arrays.
    fn funcs(
        &mut self,
        sides: (&Side<'_>, &Side<'_>),
        rest: &(Vec<u32>, Vec<u32>),
    ) -> Vec<(u32, u32)> {
        let (a, b) = sides;
        let lacks = |own: &Side<'_>, other: &Side<'_>| {
            let known = ids(other);
            let all = 0..own.module.types().len() as u32;
            let func = |ty: &u32| own.module.types().func(TypeIdx(*ty)).is_some();
            all.filter(|ty| func(ty) && !known.contains(&own.type_id(*ty))).collect::<Vec<u32>>()
        };
        let (in_a, in_b) = (lacks(a, b), lacks(b, a));
        let key = |side: &Side<'_>, ty: u32, val: &dyn Fn(u32) -> u32| {
            let FuncType { params, results } = side.module.types().func(TypeIdx(ty))?;
            let ids = params.iter().chain(results).map(|ty| val(side.val_id(*ty)));
            Some((params.len(), ids.collect::<Vec<u32>>()))
        };
        let keys = in_b.iter().rev().filter_map(|ty| Some((key(b, *ty, &|id| id)?, *ty)));
        let by_key: HashMap<(usize, Vec<u32>), u32> = keys.collect();
        let names = unique_names(b, &in_b);
        let of_objects = named_by(a, &rest.0);
        let mut named = Vec::new();
        for ty in in_a {
            let own = key(a, ty, &|id| self.val(id));
            let found = own.and_then(|own| by_key.get(&own).copied());
            let by_name = || {
                let name = a.module.names().ty(TypeIdx(ty)).filter(|_| of_objects.contains(&ty))?;
                names.get(name).copied().flatten()
            };
            let Some(partner) = found.or_else(by_name) else { continue };
            self.became.entry(a.type_id(ty)).or_insert(b.type_id(partner));
            if found.is_none() {
                named.push((ty, partner));
            }
        }
        named
    }

    /// Whether two definitions are the same under partners.
    fn same(&self, (a, b): (&Side<'_>, &Side<'_>), (x, y): (u32, u32)) -> bool {
        let (types_a, types_b) = (a.module.types(), b.module.types());
        let (Some(own), Some(other)) = (types_a.def(TypeIdx(x)), types_b.def(TypeIdx(y))) else {
            return false;
        };
        let TypeDef { is_final, supertype, composite } = own;
        let of = supertype.map(|ty| self.id(a.type_id(ty.0)));
        let heads = *is_final == other.is_final && of == other.supertype.map(|ty| b.type_id(ty.0));
        let field = |(x, y): (&FieldType, &FieldType)| {
            let storage = match (x.element_type, y.element_type) {
                (StorageType::Val(x), StorageType::Val(y)) => self.val(a.val_id(x)) == b.val_id(y),
                (x, y) => x == y,
            };
            storage && x.mutable == y.mutable
        };
        let vals = |x: &[ValType], y: &[ValType]| {
            let mut all = x.iter().zip(y);
            x.len() == y.len() && all.all(|(x, y)| self.val(a.val_id(*x)) == b.val_id(*y))
        };
        heads
            && match (composite, &other.composite) {
                (Composite::Struct(x), Composite::Struct(y)) => {
                    x.len() == y.len() && x.iter().zip(y).all(field)
                }
                (Composite::Array(x), Composite::Array(y)) => field((x, y)),
                (Composite::Func, Composite::Func) => {
                    let funcs = (types_a.func(TypeIdx(x)), types_b.func(TypeIdx(y)));
                    let (Some(x), Some(y)) = funcs else { return false };
                    vals(&x.params, &y.params) && vals(&x.results, &y.results)
                }
                (Composite::Struct(_) | Composite::Array(_) | Composite::Func, _) => false,
            }
    }

    /// Lets types follow from the definitions that they name, the nearest first (2).
    fn spread(&mut self, side: &Side<'_>, graph: &Graph) {
        let start = self.changed.iter().enumerate().map(|(root, one)| (one.a, root as u32));
        let mut open: VecDeque<(u32, u32)> = start.collect();
        let mut seen: HashSet<u32> = open.iter().map(|(ty, _)| *ty).collect();
        while let Some((ty, root)) = open.pop_front() {
            for next in graph.users(ty) {
                if self.became.contains_key(&side.type_id(next)) && seen.insert(next) {
                    self.follows.entry(side.type_id(next)).or_insert(root);
                    open.push_back((next, root));
                }
            }
        }
    }
}

/// The last operator behind the prefix of objects that names a type by its number.
const LAST_OF_A_TYPE: u32 = 19;
/// `array.copy`, the one that names two.
const COPY: u32 = 17;

/// By type, the types that name it or are in its group.
struct Graph(HashMap<u32, Vec<u32>>);

impl Graph {
    fn new(side: &Side<'_>) -> Graph {
        let types = side.module.types();
        let mut users: HashMap<u32, Vec<u32>> = HashMap::new();
        for ty in 0..types.len() as u32 {
            for named in named_by(side, &[ty]) {
                users.entry(named).or_default().push(ty);
            }
        }
        for group in types.groups().iter().filter(|group| group.len > 1) {
            let first = group.start.0;
            for other in first + 1..first + group.len {
                users.entry(first).or_default().push(other);
                users.entry(other).or_default().push(first);
            }
        }
        Graph(users)
    }

    fn users(&self, ty: u32) -> impl Iterator<Item = u32> + '_ {
        self.0.get(&ty).into_iter().flatten().copied()
    }
}

fn ids(side: &Side<'_>) -> HashSet<u32> {
    (0..side.module.types().len() as u32).map(|ty| side.type_id(ty)).collect()
}

/// Structures and arrays of one side that the other does not have.
fn rest(own: &Side<'_>, other: &Side<'_>) -> Vec<u32> {
    let types = own.module.types();
    let object = |ty: &u32| types.def(TypeIdx(*ty)).is_some_and(|def| !def.is_func());
    let all: Vec<u32> = (0..types.len() as u32).filter(object).collect();
    if all.is_empty() {
        return all;
    }
    let known = ids(other);
    all.into_iter().filter(|ty| !known.contains(&own.type_id(*ty))).collect()
}

/// The types of a list by name; `None` for a name that more than one has.
fn unique_names<'m>(side: &Side<'m>, list: &[u32]) -> HashMap<&'m str, Option<u32>> {
    let module: &'m prova_module::Module = side.module;
    let mut names: HashMap<&str, Option<u32>> = HashMap::new();
    for ty in list {
        if let Some(name) = module.names().ty(TypeIdx(*ty)) {
            names.entry(name).and_modify(|one| *one = None).or_insert(Some(*ty));
        }
    }
    names
}

/// The types that the types of a list name.
fn named_by(side: &Side<'_>, list: &[u32]) -> HashSet<u32> {
    let types = side.module.types();
    let mut named = HashSet::new();
    let mut val = |ty: ValType| {
        if let ValType::Ref(ty) = ty
            && let HeapType::Concrete(UnpackedIndex::Module(index)) = ty.heap_type()
        {
            named.insert(index);
        }
    };
    let mut supertypes = Vec::new();
    for ty in list {
        let Some(def) = types.def(TypeIdx(*ty)) else { continue };
        supertypes.extend(def.supertype.map(|ty| ty.0));
        let fields = match &def.composite {
            Composite::Struct(fields) => fields,
            Composite::Array(field) => std::slice::from_ref(field),
            Composite::Func => &[][..],
        };
        for field in fields {
            if let StorageType::Val(ty) = field.element_type {
                val(ty);
            }
        }
        if let Some(func) = types.func(TypeIdx(*ty)) {
            func.params.iter().chain(&func.results).for_each(|ty| val(*ty));
        }
    }
    named.extend(supertypes);
    named
}

/// Pairs of structures and arrays: by name, then by place.
fn pairs(sides: (&Side<'_>, &Side<'_>), rest: (&[u32], &[u32])) -> Vec<(u32, u32)> {
    let (a, b) = sides;
    let mut names = (unique_names(a, rest.0), unique_names(b, rest.1));
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    names.0.retain(|_, ty| ty.is_some());
    for ty in rest.0 {
        let name = a.module.names().ty(TypeIdx(*ty)).filter(|name| names.0.contains_key(name));
        if let Some(partner) = name.and_then(|name| names.1.get(name).copied().flatten()) {
            pairs.push((*ty, partner));
        }
    }
    let mut first: HashMap<u32, u32> = HashMap::new();
    for ty in 0..b.module.types().len() as u32 {
        first.entry(b.type_id(ty)).or_insert(ty);
    }
    let mut seen = HashSet::new();
    let equal = (0..a.module.types().len() as u32).filter(|ty| seen.insert(a.type_id(*ty)));
    let equal = equal.filter_map(|ty| Some((ty, *first.get(&a.type_id(ty))?)));
    let mut anchors: Vec<(usize, usize)> =
        equal.chain(pairs.iter().copied()).map(|(x, y)| (x as usize, y as usize)).collect();
    anchors.sort_unstable();
    let paired: (HashSet<u32>, HashSet<u32>) = pairs.iter().copied().unzip();
    let open = |list: &[u32], paired: &HashSet<u32>| -> VecDeque<u32> {
        list.iter().copied().filter(|ty| !paired.contains(ty)).collect()
    };
    let (mut open_a, mut open_b) = (open(rest.0, &paired.0), open(rest.1, &paired.1));
    let ends = (a.module.types().len(), b.module.types().len());
    for (x, y) in increasing(anchors).into_iter().chain([ends]) {
        let (in_a, in_b) = (before(&mut open_a, x), before(&mut open_b, y));
        if in_a.len() == in_b.len() {
            pairs.extend(in_a.into_iter().zip(in_b).filter(|pair| alike(sides, *pair)));
        }
    }
    pairs
}

/// Takes the types before a number.
fn before(open: &mut VecDeque<u32>, end: usize) -> Vec<u32> {
    let count = open.iter().take_while(|ty| (**ty as usize) < end).count();
    open.drain(..count).collect()
}

/// Whether two types that stand at one place can be each other's: of one kind, and not named
/// otherwise.
fn alike((a, b): (&Side<'_>, &Side<'_>), (x, y): (u32, u32)) -> bool {
    let (name_a, name_b) = (a.module.names().ty(TypeIdx(x)), b.module.names().ty(TypeIdx(y)));
    let composite = |side: &Side<'_>, ty| {
        let def = side.module.types().def(TypeIdx(ty));
        def.map(|def| std::mem::discriminant(&def.composite))
    };
    (name_a.is_none() || name_b.is_none()) && composite(a, x) == composite(b, y)
}
