//! A specialised function with all that its proof reads, before it stands in a module: what tests
//! edit, to see that the check refuses it.

use crate::ask::certificate::Certificate;
use crate::ask::image::Image;
use crate::ask::intrinsic::Intrinsics;
use crate::ask::places::OFFSETS;
use crate::ask::promise::Assumption;
use crate::ask::promise::{Assume, Promises};
use crate::ask::question::memory_bytes;
use crate::ask::request::{Request, Requests};
use crate::check;
use crate::search::explore::explore;
use crate::search::generic::Generic;
use crate::search::sink::Subject;
use crate::write::residual::{self, Residual, Rows};
use prova_module::Module;
use prova_ssa::Body;

/// Trusted programs are specialised without the copies that make them faster: no proof knows of
/// those, and an edit of a small function says more.
const WITHOUT_COPIES: bool = false;

/// A specialised function, for tests.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Certified {
    generic: Generic,
    intrinsics: Intrinsics,
    request: Request,
    promises: Promises,
    /// The least size of memory 0.
    pub memory_bytes: u64,
    /// The specialised function.
    pub body: Body,
    /// Its certificate.
    pub certificate: Certificate,
}

#[doc(hidden)]
impl Certified {
    /// The function that is made for the request that writes to an address.
    pub fn new(module: &Module, slot: u32, assume: Assume) -> Option<Certified> {
        Certified::written(module, slot, assume, Rows::Needed)
    }

    /// The same function with a row for each block.
    pub fn with_rows(module: &Module, slot: u32, assume: Assume) -> Option<Certified> {
        Certified::written(module, slot, assume, Rows::All)
    }

    fn written(module: &Module, slot: u32, assume: Assume, rows: Rows) -> Option<Certified> {
        let intrinsics = Intrinsics::find(module).ok()?;
        let requests = Requests::read(module, &Image::of(module).ok()?).ok()?;
        let (_, request) = requests.all.into_iter().find(|(asked, _)| asked.slot == slot)?;
        let request = request.ok()?;
        let generic = Generic::new(module, request.func).ok()?;
        let (promises, memory_bytes) = (assume.promises(), memory_bytes(module));
        let subject = Subject {
            generic: &generic,
            intrinsics: &intrinsics,
            request: &request,
            promises,
            memory_bytes,
            places: &OFFSETS,
            has_cells: WITHOUT_COPIES,
        };
        let (mut explored, _, done) = explore(subject);
        done.ok()?;
        let Residual { body, certificate } =
            residual::write(subject, &mut explored, generic.func(), rows).ok()?;
        Some(Certified { generic, intrinsics, request, promises, memory_bytes, body, certificate })
    }

    /// How many blocks the generic function has.
    pub fn generic_blocks(&self) -> usize {
        self.generic.body().block_count()
    }

    /// Proves the function. Returns the assumptions of the proof.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn prove(&self) -> Result<Vec<Assumption>, check::Rejection> {
        self.measured().0
    }

    /// The same, and how much work it was.
    pub fn measured(&self) -> (Result<Vec<Assumption>, check::Rejection>, check::Work) {
        let subject = Subject {
            generic: &self.generic,
            intrinsics: &self.intrinsics,
            request: &self.request,
            promises: self.promises,
            memory_bytes: self.memory_bytes,
            places: &OFFSETS,
            has_cells: WITHOUT_COPIES,
        };
        let question = subject.question();
        check::measured(&question, &self.body, &self.certificate)
    }
}
