//! The arguments of parameters for locals, and which of the parameters remain.
//!
//! * F2. A parameter whose arguments are one value besides itself is that value; this is repeated
//!   until there is none (in reducible flow the result is minimal: Braun and others, 2013, theorem
//!   1).
//! * F3. Values only become equal, never different: what has been found equal need not be looked at
//!   again, so a parameter's arguments are scanned once, however often some of them change.
//!
//! Time: linear in parameters and arguments, plus the searches of `variable` and the shortening of
//! alias chains.

use super::BuildReason;
use super::draft::{Draft, Handler, Run, Source, slice};
use super::finish::Flow;
use super::forest::NONE;
use super::variable::{Fresh, Id, Locals, Phi, Region, Unset};

/// The parameters for locals with their arguments.
pub(super) struct Resolved {
    pub(super) phis: Vec<Phi>,
    /// The arguments of each, one for each edge into its block; none if it is another value.
    pub(super) args: Vec<Run>,
    pub(super) pool: Vec<Id>,
    /// The value that each value stands for; itself in most cases.
    alias: Vec<Id>,
    /// Of each parameter, how far its arguments are known to be one value, or itself (F3).
    scanned: Vec<Scanned>,
    /// The block whose parameters stay.
    forced: u32,
}

/// How much of a run of arguments is one value.
#[derive(Clone, Copy)]
struct Scanned {
    /// The first argument that is not known to be.
    next: u32,
    /// One of those before that are not the parameter itself; [`NONE`] if there is none.
    one: Id,
}

/// Finds the arguments of every parameter for a local, and removes those that are only another
/// value.
pub(super) fn resolve(
    draft: &mut Draft,
    locals: Locals,
    flow: &Flow,
    args_max: u64,
) -> Result<(Resolved, Vec<(prova_module::ValType, Id)>), BuildReason> {
    let unset = |_| BuildReason::Bug { offset: 0, what: "a local without value" };
    let mut locals = locals;
    locals.done = true;
    let phis = locals.phis.len();
    let (mut args, mut pool) = (Vec::with_capacity(phis), Vec::with_capacity(3 * phis));
    let mut aliases = Vec::new();
    // More parameters come up on the way.
    while let Some(&phi) = locals.phis.get(args.len()) {
        let start = pool.len() as u32;
        let Phi { block, local, value, .. } = phi;
        let (region, around) = region(&locals, &phi);
        let stays = block == locals.forced;
        if flow.reaches(block) && !stays && !locals.is_written(local, region.start, region.end) {
            let mut fresh = Fresh(&mut draft.types);
            let same = locals.value_at(local, region.start, around, &mut fresh);
            aliases.push((value, same.map_err(unset)?));
        } else if flow.reaches(block) {
            for &edge in flow.incoming(block) {
                pool.push(along(draft, &mut locals, edge, local).map_err(unset)?);
            }
        }
        if pool.len() as u64 > args_max {
            return Err(BuildReason::Args { limit: args_max });
        }
        args.push(start..pool.len() as u32);
    }
    let mut alias: Vec<Id> = (0..draft.types.len() as u32).collect();
    aliases.into_iter().for_each(|(value, same)| alias[value as usize] = same);
    let scanned = args.iter().map(|run| Scanned { next: run.start, one: NONE }).collect();
    let forced = locals.forced;
    let mut resolved = Resolved { phis: locals.phis, args, pool, alias, scanned, forced };
    resolved.simplify();
    // Only parameters are aliases; from here on each names its value at once.
    for id in 0..resolved.phis.len() {
        resolved.value(resolved.phis[id].value);
    }
    Ok((resolved, locals.zeros))
}

/// The positions that a parameter's block lies between, and the loop around it.
fn region(locals: &Locals, phi: &Phi) -> (Run, u32) {
    let (end, inside) = match phi.end_of {
        Region::Join(join) => {
            locals.joins.get(join).map_or((0, NONE), |join| (join.end, join.inside))
        }
        Region::Loop(id) => {
            (locals.loops.get(id).map_or(0, |data| data.end), locals.loops.parent(id))
        }
        Region::Handler { end, inside } => (end, inside),
    };
    (phi.start..end, inside)
}

/// The value of a local along an edge.
fn along(draft: &mut Draft, locals: &mut Locals, edge: u32, local: u32) -> Result<Id, Unset> {
    let mut fresh = Fresh(&mut draft.types);
    match draft.edges[edge as usize].source {
        Source::Place(pos, inside) => locals.value_at(local, pos, inside, &mut fresh),
        Source::Handler(handler) => {
            let &Handler { block, start, end, inside } = &draft.handlers[handler as usize];
            if locals.is_written(local, start, end) {
                let region = Region::Handler { end, inside };
                return Ok(locals.phi(block, local, start, region, &mut fresh));
            }
            locals.value_at(local, start, inside, &mut fresh)
        }
    }
}

impl Resolved {
    /// The value that a value finally stands for.
    #[inline]
    pub(super) fn is(&self, value: Id) -> Id {
        self.alias[value as usize]
    }

    /// The value that a value stands for as known so far; chains of aliases become short.
    fn value(&mut self, value: Id) -> Id {
        let (mut root, mut at) = (value, value);
        while self.alias[root as usize] != root {
            root = self.alias[root as usize];
        }
        while at != root {
            at = std::mem::replace(&mut self.alias[at as usize], root);
        }
        root
    }

    /// Removes the parameters that are only another value (F2).
    fn simplify(&mut self) {
        if self.phis.is_empty() {
            return;
        }
        let mut phi_of = vec![NONE; self.alias.len()];
        (0..).zip(&self.phis).for_each(|(id, phi)| phi_of[phi.value as usize] = id);
        let mut users = Users::new(self.phis.len(), self.pool.len());
        for id in 0..self.phis.len() as u32 {
            for at in self.args[id as usize].clone() {
                let arg = self.value(self.pool[at as usize]);
                users.add(phi_of[arg as usize], id, at);
            }
        }
        let mut open: Vec<u32> = (0..self.phis.len() as u32).rev().collect();
        while let Some(id) = open.pop() {
            let Some(only) = self.only(id) else { continue };
            self.alias[self.phis[id as usize].value as usize] = only;
            users.of(id, &mut open);
            users.join(id, phi_of[only as usize]);
        }
    }

    /// The one argument that a parameter has besides itself.
    fn only(&mut self, id: u32) -> Option<Id> {
        let Phi { value, block, .. } = self.phis[id as usize];
        if self.alias[value as usize] != value || block == self.forced {
            return None;
        }
        let Scanned { mut next, mut one } = self.scanned[id as usize];
        if one != NONE {
            one = Some(self.value(one)).filter(|&one| one != value).unwrap_or(NONE);
        }
        let end = self.args[id as usize].end;
        while next < end {
            let arg = self.value(self.pool[next as usize]);
            if arg != value && one == NONE {
                one = arg;
            }
            if arg != value && arg != one {
                break;
            }
            next += 1;
        }
        self.scanned[id as usize] = Scanned { next, one };
        (next == end && one != NONE).then_some(one)
    }

    /// Whether a parameter is one in the end.
    pub(super) fn remains(&self, id: u32) -> bool {
        let value = self.phis[id as usize].value;
        self.alias[value as usize] == value && !self.args[id as usize].is_empty()
    }

    /// The argument of a parameter along the edge of a position among those into its block.
    pub(super) fn arg(&self, id: u32, slot: u32) -> Option<Id> {
        slice(&self.pool, &self.args[id as usize]).get(slot as usize).copied()
    }

    /// How many arguments a parameter has.
    pub(super) fn arg_count(&self, id: u32) -> usize {
        self.args[id as usize].len()
    }
}

/// For each parameter, those that have it as an argument: lists that can be joined in constant
/// time.
struct Users {
    first: Vec<u32>,
    last: Vec<u32>,
    /// By argument.
    user: Vec<u32>,
    next: Vec<u32>,
}

impl Users {
    fn new(phis: usize, args: usize) -> Users {
        let (first, last) = (vec![NONE; phis], vec![NONE; phis]);
        Users { first, last, user: vec![NONE; args], next: vec![NONE; args] }
    }

    /// Parameter `user` has parameter `of` as argument number `arg`.
    fn add(&mut self, of: u32, user: u32, arg: u32) {
        self.user[arg as usize] = user;
        if let Some(first) = self.first.get_mut(of as usize) {
            self.next[arg as usize] = std::mem::replace(first, arg);
            let last = &mut self.last[of as usize];
            *last = if *last == NONE { arg } else { *last };
        }
    }

    fn of(&self, phi: u32, open: &mut Vec<u32>) {
        let mut at = self.first[phi as usize];
        while at != NONE {
            open.push(self.user[at as usize]);
            at = self.next[at as usize];
        }
    }

    /// Gives the users of one parameter to another, if that is one.
    fn join(&mut self, from: u32, to: u32) {
        let (first, last) = (self.first[from as usize], self.last[from as usize]);
        if first == NONE || to as usize >= self.first.len() {
            return;
        }
        self.next[last as usize] = std::mem::replace(&mut self.first[to as usize], first);
        let end = &mut self.last[to as usize];
        *end = if *end == NONE { last } else { *end };
    }
}
