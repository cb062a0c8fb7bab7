//! Size classes: the bytes of an object → the slots of a heap that hold it; and where machine code
//! finds slots in which it may make objects by itself.
//!
//! Classes are words of 8 bytes: each up to 8, then four between a power of two and the next, up to
//! an eighth of a page. So at most a quarter of a slot is unused. Larger objects have whole pages.
//!
//! The first page of a heap holds no object. At [`lent_at`] of a class it has two numbers of 32
//! bits: the offset of the next slot that is lent to code, and the end of those that are. From
//! [`display_at`] of a type on it has the type's supertypes by depth, 16 bits each, the type itself
//! the last: the identity + 1, [`NO_SUPERTYPE`] where there is none, and 0 all along where nothing
//! is said of the type.
//!
//! The heap and the compiler of machine code ask here. Tests: those below.

/// The bytes of a page.
pub const PAGE_BYTES: u32 = 64 << 10;

/// The greatest number of words of a slot.
const SLOT_WORDS_MAX: u32 = PAGE_BYTES / 8 / 8;

/// The bytes of slots of a class that are lent at a time, at most.
pub const LENT_BYTES: u32 = 4 << 10;

/// Where the words of the first class are, in the first page.
const LENT_AT: u32 = 0x100;

/// Types of which the first page of a heap has the supertypes: those of smaller identity.
pub const DISPLAY_TYPES: u32 = 1 << 11;

/// Depths at which it has them, from the type without supertype on.
pub const DISPLAY_DEPTHS: u32 = 8;

/// The bytes of a type's supertypes there.
pub const DISPLAY_BYTES: u32 = 2 * DISPLAY_DEPTHS;

/// In the place of a supertype: the type has none so deep.
pub const NO_SUPERTYPE: u16 = u16::MAX;

/// Where they begin, in the first page.
const DISPLAYS_AT: u32 = PAGE_BYTES - DISPLAY_TYPES * DISPLAY_BYTES;

/// The words of each class, ascending.
const WORDS: [u32; 36] = {
    let mut words = [0; 36];
    let mut at = 0;
    while at < 8 {
        words[at] = at as u32 + 1;
        at += 1;
    }
    let mut step = 2;
    while at < 36 {
        let mut quarter = 1;
        while quarter <= 4 {
            words[at] = words[at - 1] + step;
            at += 1;
            quarter += 1;
        }
        step *= 2;
    }
    words
};

/// How many classes there are.
pub const COUNT: usize = WORDS.len();

/// The class of each number of words.
static CLASSES: [u8; SLOT_WORDS_MAX as usize + 1] = {
    let mut classes = [0; SLOT_WORDS_MAX as usize + 1];
    let (mut words, mut class) = (0, 0);
    while words <= SLOT_WORDS_MAX {
        if words > WORDS[class] {
            class += 1;
        }
        classes[words as usize] = class as u8;
        words += 1;
    }
    classes
};

/// The class of objects of `bytes` bytes; `None` for those that have whole pages.
pub fn class_of(bytes: u64) -> Option<u8> {
    let words = usize::try_from(bytes.div_ceil(8)).ok()?;
    CLASSES.get(words).copied()
}

/// The bytes of a slot of a class.
pub fn slot_bytes(class: u8) -> u32 {
    8 * WORDS[usize::from(class)]
}

/// Where the two numbers of a class are in the first page.
pub fn lent_at(class: u8) -> u32 {
    LENT_AT + 8 * u32::from(class)
}

/// Where the supertype of a type at a depth is in the first page.
pub fn display_at(id: u32, depth: u32) -> u32 {
    DISPLAYS_AT + id * DISPLAY_BYTES + 2 * depth
}

/// The slots of a page of a class.
pub fn slots(class: u8) -> u32 {
    PAGE_BYTES / slot_bytes(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_fit_and_waste_a_quarter_at_most() {
        assert_eq!(WORDS[COUNT - 1], SLOT_WORDS_MAX);
        for bytes in 1..=u64::from(8 * SLOT_WORDS_MAX) {
            let slot = u64::from(slot_bytes(class_of(bytes).expect("it fits a slot")));
            assert!(slot >= bytes && slot.next_multiple_of(8) == slot, "{bytes}");
            assert!(slot <= 8 || 4 * (slot - bytes.next_multiple_of(8)) <= slot, "{bytes}");
        }
        assert_eq!(class_of(u64::from(8 * SLOT_WORDS_MAX) + 1), None);
        assert_eq!(class_of(u64::MAX), None);
        assert!(lent_at(COUNT as u8) <= display_at(0, 0));
        assert_eq!(display_at(DISPLAY_TYPES - 1, DISPLAY_DEPTHS), PAGE_BYTES);
    }
}
