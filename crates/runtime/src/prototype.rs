//! The parts that all instances of a module share, made once: module, code and types → the parts
//! that [`Store::instantiate_prototype`](crate::Store::instantiate_prototype) copies or maps.
//!
//! The embedding API keeps one for each module. Nothing in it depends on a store: instances behave
//! the same with a prototype each.
//!
//! Images are made for the second instance: a module that is instantiated once pays nothing.

use crate::attach::Attach;
use crate::func::EntryParts;
use crate::image::{self, MemoryImage};
use prova_module::{Module, TypeId, TypeRegistry};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A module with the code of its functions, to be instantiated often.
pub struct Prototype {
    /// Tells prototypes apart, also from those that are gone.
    pub(crate) id: u64,
    pub(crate) module: Module,
    pub(crate) attach: Arc<dyn Attach>,
    /// By index among the defined functions.
    pub(crate) funcs: Box<[EntryParts]>,
    /// The module's types as the first ones of a store; `None` where there are too many.
    types: OnceLock<Option<(TypeRegistry, Vec<TypeId>)>>,
    /// The bytes of active data segments from which on it has images.
    images_from: Option<u64>,
    /// Whether it has been instantiated.
    used: AtomicBool,
    images: OnceLock<Option<Box<[Option<MemoryImage>]>>>,
}

impl Prototype {
    /// A prototype of a module whose functions get their code from `attach`. From the second
    /// instance on its active data segments are mapped where that is possible, if they have at
    /// least `images_from` bytes together.
    pub fn new(module: &Module, attach: Arc<dyn Attach>, images_from: Option<u64>) -> Prototype {
        let parts = |func| Some(EntryParts::new(module.func_type_idx(func), module.frame(func)?));
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Prototype {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            module: module.clone(),
            attach,
            funcs: module.defined_funcs().filter_map(parts).collect(),
            types: OnceLock::new(),
            images_from,
            used: AtomicBool::new(false),
            images: OnceLock::new(),
        }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Makes the images now, where there are any, and not at the second instance.
    pub fn make_images(&self) {
        self.used.store(true, Ordering::Relaxed);
        self.images();
    }

    /// The images by memory, for one more instance.
    pub(crate) fn images(&self) -> Option<&[Option<MemoryImage>]> {
        let from = self.images_from?;
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
            return None;
        }
        self.images.get_or_init(|| image::images(&self.module, from)).as_deref()
    }

    /// The module's types as the first ones of a store, and their identities there.
    pub(crate) fn types(&self) -> Option<&(TypeRegistry, Vec<TypeId>)> {
        let intern = || {
            let mut types = TypeRegistry::new();
            let ids = types.intern_all(self.module.types())?;
            Some((types, ids))
        };
        self.types.get_or_init(intern).as_ref()
    }
}

impl fmt::Debug for Prototype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prototype").field("module", &self.module).finish_non_exhaustive()
    }
}
