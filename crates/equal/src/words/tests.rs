//! Tests of the rewrites.
