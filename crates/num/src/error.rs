//! A numeric operator's refusal → the reason, in the specification's words.
//!
//! The only way an operator fails. The tiers turn a [`NumError`] into their own trap. The words are
//! those that the specification's test suite expects; its `assert_trap` would notice a wrong one.

use core::fmt;

/// Why an operator has no result (the cases where the specification's operator is undefined, core
/// 4.3.2 and 4.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumError {
    /// Division or remainder by zero.
    DivisionByZero,
    /// The result of a signed division, or of a truncation, does not fit the result type.
    IntegerOverflow,
    /// Truncation of a NaN.
    InvalidConversionToInteger,
}

impl fmt::Display for NumError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            NumError::DivisionByZero => "integer divide by zero",
            NumError::IntegerOverflow => "integer overflow",
            NumError::InvalidConversionToInteger => "invalid conversion to integer",
        })
    }
}

impl core::error::Error for NumError {}

#[cfg(test)]
mod tests {
    use super::NumError;

    #[test]
    fn errors_speak_the_specification_s_words() {
        assert_eq!(NumError::DivisionByZero.to_string(), "integer divide by zero");
        assert_eq!(NumError::IntegerOverflow.to_string(), "integer overflow");
        assert_eq!(
            NumError::InvalidConversionToInteger.to_string(),
            "invalid conversion to integer"
        );
    }
}
