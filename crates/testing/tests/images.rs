//! Memory images change nothing that a program sees: every script of the specification's suite does
//! the same with images of all data segments that can have them as with all segments written.
//!
//! A green run does not show that an image is right where no script looks, nor that one was mapped
//! (`crates/runtime/src/image/tests.rs` does, and counts what has none). Where there are no images,
//! both runs write.

use prova_core::{Config, Tier};
use prova_testing::suites::spec::{run_with, scripts};

#[test]
fn every_script_does_the_same_with_images() {
    for tier in [Tier::TAIL, Tier::Reference] {
        let mut with_data = 0;
        for script in scripts() {
            if !script.text.contains("(data") && tier != Tier::TAIL {
                continue;
            }
            with_data += usize::from(script.text.contains("(data"));
            let config = || {
                let mut config = Config::new();
                config.tier(tier);
                config
            };
            let [mut written, mut mapped] = [config(), config()];
            written.memory_images(false);
            mapped.memory_images_from(0);
            let written = run_with(&script.folder, script.text, written);
            let mapped = run_with(&script.folder, script.text, mapped);
            assert_eq!(mapped, written, "{tier}: {}/{}", script.folder, script.name);
        }
        assert!(with_data > 50, "only {with_data} scripts have data segments");
    }
}
