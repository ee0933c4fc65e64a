//! Documents and books through history: the scenarios of a dynamic document, a document's numbers
//! calibrated, and margin against what came the day after.

pub mod calibrate;
