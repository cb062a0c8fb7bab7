//! Changes of relations: claims and leaders that are dropped, doubled, exchanged, moved or made up.

use prova_equal::words::Head;
use prova_equal::{Claim, Expr, Leader, Place, Relation};
use prova_random::Rng;

/// The material that made-up claims are of.
pub(crate) struct Material {
    /// How many values the body has, and how many blocks.
    pub(crate) values: u32,
    pub(crate) blocks: u32,
    /// Offsets of instructions.
    pub(crate) offsets: Vec<u32>,
    /// Expressions of honest claims.
    exprs: Vec<Expr>,
}

impl Material {
    pub(crate) fn new(
        (values, blocks): (u32, u32),
        offsets: Vec<u32>,
        honest: &Relation,
    ) -> Material {
        let claims = honest.leaders.values().flat_map(|leader| &leader.claims);
        let exprs = claims.filter_map(|claim| match claim {
            Claim::Holds { expr, .. }
            | Claim::Is { expr, .. }
            | Claim::Known(expr, _)
            | Claim::Reached { address: expr, .. } => Some(expr.clone()),
            Claim::Compared { .. } => None,
        });
        Material { values, blocks, offsets, exprs: exprs.collect() }
    }

    /// A relation with some changes.
    pub(crate) fn change(&self, relation: &Relation, rng: &mut Rng) -> Relation {
        let mut changed = relation.clone();
        for _ in 0..=rng.below(4) {
            match rng.below(3) {
                0 => self.change_leader(&mut changed, rng),
                _ => self.change_claims(&mut changed, rng),
            }
        }
        changed
    }

    fn change_leader(&self, relation: &mut Relation, rng: &mut Rng) {
        let offsets: Vec<u32> = relation.leaders.keys().copied().collect();
        let to = *rng.pick(&self.offsets);
        if offsets.is_empty() || rng.below(4) == 0 {
            let leader = Leader {
                block: rng.below(self.blocks as usize + 1) as u32,
                at: rng.below(6) as u32,
                passed: rng.below(2) as u32,
                claims: (0..rng.below(4)).map(|_| self.claim(rng)).collect(),
            };
            relation.leaders.insert(to, leader);
            return;
        }
        let from = *rng.pick(&offsets);
        match rng.below(4) {
            0 => {
                relation.leaders.remove(&from);
            }
            1 => {
                let leader = relation.leaders[&from].clone();
                relation.leaders.insert(to, leader);
            }
            2 => {
                let leader = relation.leaders.remove(&from).expect("a leader");
                relation.leaders.insert(to, leader);
            }
            _ => {
                let leader = relation.leaders.get_mut(&from).expect("a leader");
                match rng.below(3) {
                    0 => leader.block = rng.below(self.blocks as usize + 1) as u32,
                    1 => leader.at = leader.at.wrapping_add(rng.below(3) as u32).wrapping_sub(1),
                    _ => leader.passed ^= 1,
                }
            }
        }
    }

    fn change_claims(&self, relation: &mut Relation, rng: &mut Rng) {
        let offsets: Vec<u32> = relation.leaders.keys().copied().collect();
        if offsets.is_empty() {
            return;
        }
        let (from, to) = (*rng.pick(&offsets), *rng.pick(&offsets));
        let made = self.claim(rng);
        let claims = &mut relation.leaders.get_mut(&from).expect("a leader").claims;
        if claims.is_empty() || rng.below(4) == 0 {
            let at = rng.below(claims.len() + 1);
            claims.insert(at, made);
            return;
        }
        let i = rng.below(claims.len());
        match rng.below(4) {
            0 => {
                claims.remove(i);
            }
            1 => {
                let claim = claims[i].clone();
                relation.leaders.get_mut(&to).expect("a leader").claims.push(claim);
            }
            2 => {
                let j = rng.below(claims.len());
                claims.swap(i, j);
            }
            _ => self.vary(&mut claims[i], rng),
        }
    }

    /// A claim with one part that is another.
    fn vary(&self, claim: &mut Claim, rng: &mut Rng) {
        match claim {
            Claim::Holds { place, bits, extended, expr } => match rng.below(4) {
                0 => *place = random_place(rng),
                1 => *bits = width(rng),
                2 => *extended = !*extended,
                _ => *expr = self.expr(rng, 0),
            },
            Claim::Is { value, expr } => match rng.below(2) {
                0 => *value = rng.below(self.values as usize + 1) as u32,
                _ => *expr = self.expr(rng, 0),
            },
            Claim::Known(expr, holds) => match rng.below(2) {
                0 => *holds = !*holds,
                _ => *expr = self.expr(rng, 0),
            },
            Claim::Reached { bytes, address } => match rng.below(2) {
                0 => *bytes = rng.below(20) as u8,
                _ => *address = self.expr(rng, 0),
            },
            Claim::Compared { floats, words } => match rng.below(2) {
                0 => *floats = !*floats,
                _ => words.0 = self.expr(rng, 0),
            },
        }
    }

    fn claim(&self, rng: &mut Rng) -> Claim {
        let expr = self.expr(rng, 0);
        match rng.below(7) {
            3 => Claim::Reached { bytes: rng.below(17) as u8, address: expr },
            0 => Claim::Is { value: rng.below(self.values as usize + 1) as u32, expr },
            1 => Claim::Known(expr, rng.below(2) == 0),
            2 => {
                let words = Box::new((expr, self.expr(rng, 0)));
                Claim::Compared { floats: rng.below(2) == 0, words }
            }
            _ => {
                let (place, bits) = (random_place(rng), width(rng));
                Claim::Holds { place, bits, extended: rng.below(2) == 0, expr }
            }
        }
    }

    fn expr(&self, rng: &mut Rng, depth: u32) -> Expr {
        match rng.below(if depth < 3 { 6 } else { 3 }) {
            0 | 1 => Expr::Value(rng.below(self.values as usize + 1) as u32),
            2 if !self.exprs.is_empty() => rng.pick(&self.exprs).clone(),
            2 | 3 => Expr::Term(Head::Const, width(rng), rng.below(9) as u128, Box::new([])),
            _ => {
                const HEADS: [(Head, usize); 19] = [
                    (Head::Fixed, 0),
                    (Head::Slice, 1),
                    (Head::Zext, 1),
                    (Head::Sext, 1),
                    (Head::Zero, 1),
                    (Head::Read, 1),
                    (Head::Load, 1),
                    (Head::Prim, 1),
                    (Head::Prim, 2),
                    (Head::Sum, 2),
                    (Head::Mul, 2),
                    (Head::And, 2),
                    (Head::Or, 2),
                    (Head::Xor, 2),
                    (Head::Shl, 2),
                    (Head::Shr, 2),
                    (Head::Ult, 2),
                    (Head::Slt, 2),
                    (Head::Ite, 3),
                ];
                let (head, count) = *rng.pick(&HEADS);
                let args = (0..count).map(|_| self.expr(rng, depth + 1)).collect();
                Expr::Term(head, width(rng), rng.below(40) as u128, args)
            }
        }
    }
}

fn random_place(rng: &mut Rng) -> Place {
    match rng.below(4) {
        0 => Place::Vector(rng.below(17) as u8),
        1 => Place::Stack(rng.below(9) as i64 * 4 - 32),
        _ => Place::Register(rng.below(17) as u8),
    }
}

fn width(rng: &mut Rng) -> u8 {
    match rng.below(8) {
        0 => *rng.pick(&[0, 1, 4, 12, 63, 65, 129, 200, 255]),
        1 | 2 => 64,
        3 => 128,
        4 => 8,
        5 => 1,
        _ => 32,
    }
}
