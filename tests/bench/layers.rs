//! Benches by layer.

fn main() {}
