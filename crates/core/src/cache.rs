//! Machine code that is kept between runs: [`Config::cache`](crate::Config::cache),
//! [`Module::save_code`].
//!
//! ```
//! use prova_core::{Cache, Config};
//!
//! # let folder = std::env::temp_dir().join(format!("prova-cache-example-{}", std::process::id()));
//! let cache = Cache::open(&folder, prova_core::CACHE_BYTES_DEFAULT)?;
//! let mut config = Config::new();
//! config.cache(cache);
//! # std::fs::remove_dir_all(&folder).ok();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `pipeline` takes code from it and keeps what is new. The folder has the user's key, under which
//! entries are written: `prova_cache` says what that protects, `docs/reference/cache.md` what a
//! user sees.

use crate::error::{Context, Result};
use crate::module::Module;
use std::io;

pub use prova_cache::{
    BYTES_DEFAULT as CACHE_BYTES_DEFAULT, Cache, Entry as CacheEntry, FileId as CacheFileId,
    Guard as CacheGuard, Name as CacheName, Refused as CacheRefused, Removed as CacheRemoved,
    default_folder as default_cache_folder,
};

impl Module {
    /// Writes machine code that was made since the module was loaded to the engine's cache, with
    /// what is there already. Without a cache, or where nothing is new, nothing is written; says
    /// whether something was. Code that hot functions get while a program runs is written now and
    /// then without being asked for ([`Config::tier_up`](crate::Config::tier_up)), the rest here.
    ///
    /// # Errors
    /// If the system cannot write it; then the cache is as it was.
    pub fn save_code(&self) -> Result<bool> {
        let saved: io::Result<bool> = self.code().save();
        saved.context("failed to write the cache")
    }

    /// Why code that is in the cache was not used, as far as it was not: for each reason the file
    /// and the fault. The code is made anew then.
    pub fn cache_notes(&self) -> Vec<String> {
        self.code().cache_notes()
    }
}
