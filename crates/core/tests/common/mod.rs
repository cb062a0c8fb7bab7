//! Engines of every tier for the tests of this folder.

use prova_core::*;

/// Runs `test` with an engine of each tier, configured by `configure`.
pub(crate) fn each_tier(configure: impl Fn(&mut Config), test: impl Fn(&Engine) -> Result<()>) {
    for tier in Tier::ALL {
        let mut config = Config::new();
        config.tier(tier);
        configure(&mut config);
        let engine = Engine::new(&config).expect("a possible configuration");
        if let Err(error) = test(&engine) {
            panic!("{tier}: {error:?}");
        }
    }
}

/// The module of a text.
pub(crate) fn module(engine: &Engine, text: &str) -> Result<Module> {
    Module::new(engine, wat::parse_str(text)?)
}

/// The trap at the root of an error, whose kind must say the same.
pub(crate) fn trap_of(error: &Error) -> Option<Trap> {
    assert_eq!(
        ErrorKind::of(error) == Some(ErrorKind::Trap),
        error.is::<Trap>(),
        "a trap is the error of a trap: {error:?}"
    );
    error.downcast_ref().copied()
}
