//! A script's first line → how the script wants to be run.
//!
//! Scripts of the specification say nothing there. Ours may begin with `;; fuel N`: each call has N
//! units of fuel, and the instantiations have N together. All runners of scripts (the program, the
//! tests) read the line here, so that a script behaves the same everywhere.

/// A script's own settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The fuel of each invocation.
    pub fuel: Option<u64>,
}

impl Header {
    /// Reads the first line of a script.
    ///
    /// # Errors
    /// The reason, if the line begins like a header and is none.
    pub fn of(source: &str) -> Result<Header, String> {
        let line = source.lines().next().unwrap_or_default();
        let Some(number) = line.strip_prefix(";; fuel ") else { return Ok(Header::default()) };
        match number.trim().parse() {
            Ok(fuel) => Ok(Header { fuel: Some(fuel) }),
            Err(_) => Err(format!("`{line}`: the fuel of a script is a whole number of units")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Header;

    #[test]
    fn the_first_line_gives_fuel() {
        assert_eq!(Header::of(";; fuel 100\n(module)"), Ok(Header { fuel: Some(100) }));
        for other in ["", "(module)", ";; fuels", "(module)\n;; fuel 100", ";; about fuel 7"] {
            assert_eq!(Header::of(other), Ok(Header::default()), "{other}");
        }
        for wrong in [";; fuel many", ";; fuel -1", ";; fuel 1 2"] {
            assert!(Header::of(wrong).is_err(), "{wrong}");
        }
    }
}
