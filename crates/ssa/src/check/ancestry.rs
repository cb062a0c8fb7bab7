//! Chains of things that lie one in, or after, the other, in which the outermost or oldest one of a
//! kind is found in logarithmic time.
//!
//! Each link knows the one before it and a second one further back, chosen as in Myers'
//! random-access lists (*An applicative random-access stack*, 1983). The check has three kinds of
//! chains: the regions of joins, the loops, the writes of each local.

/// No link.
pub(super) const NONE: u32 = u32::MAX;

struct Link<T> {
    before: u32,
    /// A link further back; at the start of a chain itself.
    far: u32,
    /// How many links are before it.
    depth: u32,
    data: T,
}

/// Chains that share their older parts.
pub(super) struct Ancestry<T>(Vec<Link<T>>);

impl<T> Default for Ancestry<T> {
    fn default() -> Ancestry<T> {
        Ancestry(Vec::new())
    }
}

impl<T> Ancestry<T> {
    /// Chains with room for `links` links.
    pub(super) fn with_room(links: usize) -> Ancestry<T> {
        Ancestry(Vec::with_capacity(links))
    }

    /// Adds a link after another one, or after [`NONE`].
    pub(super) fn push(&mut self, before: u32, data: T) -> u32 {
        let id = self.0.len() as u32;
        let (far, depth) = match self.0.get(before as usize) {
            None => (id, 0),
            Some(link) => {
                let far = &self.0[link.far as usize];
                let farther = &self.0[far.far as usize];
                // Two spans of one length become one of twice the length.
                let merge = link.depth - far.depth == far.depth - farther.depth;
                (if merge { far.far } else { before }, link.depth + 1)
            }
        };
        self.0.push(Link { before, far, depth, data });
        id
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&T> {
        self.0.get(id as usize).map(|link| &link.data)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.0.get_mut(id as usize).map(|link| &mut link.data)
    }

    /// The link before.
    pub(super) fn before(&self, id: u32) -> u32 {
        self.0.get(id as usize).map_or(NONE, |link| link.before)
    }

    /// The first link of `from` and those before it that does not have a property; it must hold for
    /// none before one without it.
    pub(super) fn skip(&self, from: u32, holds: impl Fn(&T) -> bool) -> u32 {
        let mut at = from;
        while let Some(link) = self.0.get(at as usize) {
            if !holds(&link.data) {
                return at;
            }
            let far = &self.0[link.far as usize];
            at = if link.far != at && holds(&far.data) { link.far } else { link.before };
        }
        NONE
    }

    /// The oldest link with a property among `from` and those before it; the property must hold for
    /// all links after one that has it.
    pub(super) fn last(&self, from: u32, holds: impl Fn(&T) -> bool) -> Option<u32> {
        let mut at = from;
        if !holds(self.get(at)?) {
            return None;
        }
        loop {
            let link = &self.0[at as usize];
            let has = |id: u32| id != at && self.get(id).is_some_and(&holds);
            at = if has(link.far) {
                link.far
            } else if has(link.before) {
                link.before
            } else {
                return Some(at);
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches give what one step after the other gives.
    #[test]
    fn far_links_change_no_answer() {
        let mut chains = Ancestry::default();
        let mut newest = vec![chains.push(NONE, 0u32)];
        let mut state = 7u32;
        for _ in 0..3000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let fork =
                if state >> 27 == 0 { state as usize % newest.len() } else { newest.len() - 1 };
            let depth = chains.get(newest[fork]).expect("a link") + 1;
            newest.push(chains.push(newest[fork], depth));
        }
        for (i, &from) in newest.iter().enumerate() {
            let bound = (i as u32).wrapping_mul(2_654_435_761) % 97;
            let (mut slow, mut oldest) = (from, None);
            while let Some(&depth) = chains.get(slow).filter(|&&depth| depth >= bound) {
                (oldest, slow) = (Some(slow), chains.before(slow));
                assert!(depth >= bound);
            }
            assert_eq!(chains.skip(from, |&depth| depth >= bound), slow);
            assert_eq!(chains.last(from, |&depth| depth >= bound), oldest);
        }
        assert_eq!(chains.skip(NONE, |_| true), NONE);
        assert_eq!(chains.last(NONE, |_| true), None);
    }
}
