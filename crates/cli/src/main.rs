//! The binary `keelmark`.
fn main() {}
