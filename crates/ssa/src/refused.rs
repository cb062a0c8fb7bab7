//! Why a proof refused: which function, at which place, which rule, and what breaks it.
//!
//! One type for the proofs of this crate ([`crate::check`], [`crate::replace`]), of emission and of
//! specialised functions. Each has its own rules ([`Rules`], defined by
//! `rules!`), which say what it claims; a place has the parts that the proof knows.

use crate::entity::Block;
use prova_module::FuncIdx;
use std::fmt;

/// The rules of a proof.
pub trait Rules: Copy + fmt::Debug + fmt::Display {
    /// The sentence that a refusal begins with.
    const REFUSED: &'static str;

    /// Whether Prova is at fault whenever a rule is broken.
    const IS_BUG: bool;

    /// The rule that bounds the work of the proof.
    const SIZE: Self;
}

/// A function that is not proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused<R> {
    /// The function.
    pub func: FuncIdx,
    /// The place at which the rule is broken.
    pub place: Where,
    /// The rule.
    pub rule: R,
    /// The fault that breaks it, in words.
    pub what: String,
}

/// A place in a function, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Where {
    /// The offset of an operator in the module.
    pub offset: Option<u32>,
    /// The block of the body whose proof it is.
    pub block: Option<Block>,
    /// Of a body that was emitted: the block of the emitted function's SSA form.
    pub image: Option<Block>,
}

impl Where {
    /// A block, if it is known.
    pub fn block(block: Option<Block>) -> Where {
        Where { block, ..Where::default() }
    }
}

impl<R: Rules> fmt::Display for Refused<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { func, place: Where { offset, block, image }, rule, what } = self;
        write!(f, "{func}: {}", R::REFUSED)?;
        if let Some(offset) = offset {
            write!(f, " at {offset:#x}")?;
        }
        if let Some(block) = block {
            write!(f, " in {block}")?;
        }
        if let Some(image) = image {
            write!(f, " (emitted: {image})")?;
        }
        write!(f, ": {rule}: {what}")?;
        if R::IS_BUG { f.write_str(": a bug") } else { Ok(()) }
    }
}

impl<R: Rules> std::error::Error for Refused<R> {}

/// Defines the rules of a proof from their names in messages: the type, its `ALL`, its `Display`
/// and its [`Rules`]. One of them is `Size`.
#[macro_export]
macro_rules! rules {
    (
        $(#[$whole:meta])* $type:ident: $refused:literal, is_bug: $is_bug:literal;
        $($(#[$doc:meta])* $name:ident = $text:literal;)*
    ) => {
        $(#[$whole])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type { $($(#[$doc])* $name),* }

        impl $type {
            /// All rules in their order.
            pub const ALL: &[$type] = &[$($type::$name),*];
        }

        impl $crate::Rules for $type {
            const REFUSED: &'static str = $refused;
            const IS_BUG: bool = $is_bug;
            const SIZE: $type = $type::Size;
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($type::$name => $text),* })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{check, replace};

    /// The rule of a proof that refuses without a fault of Prova's.
    #[derive(Clone, Copy, Debug)]
    struct Mild;

    impl fmt::Display for Mild {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("size")
        }
    }

    impl Rules for Mild {
        const REFUSED: &'static str = "what was emitted is not proved";
        const IS_BUG: bool = false;
        const SIZE: Mild = Mild;
    }

    fn refused<R: Rules>(place: Where, rule: R) -> String {
        Refused { func: FuncIdx(7), place, rule, what: "two of them".to_owned() }.to_string()
    }

    #[test]
    fn a_refusal_says_where_and_which_rule() {
        let (block, image) = (Some(Block::from_u32(3)), Some(Block::from_u32(4)));
        assert_eq!(
            refused(Where { offset: Some(64), block, image: None }, check::Rule::Size),
            "func7: the SSA form is not proved at 0x40 in block3: size: two of them: a bug"
        );
        assert_eq!(
            refused(Where::block(None), replace::PassRule::Form),
            "func7: the new body is not proved equal to the old one: form: two of them: a bug"
        );
        assert_eq!(
            refused(Where { offset: None, block, image }, Mild),
            "func7: what was emitted is not proved in block3 (emitted: block4): size: two of them"
        );
    }
}
