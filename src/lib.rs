#![doc = include_str!("../README.md")]

pub mod access;
pub mod atrest;
pub mod hunt;
pub mod manifest;
pub mod model;
pub mod pattern;
pub mod render;
pub mod seal;
pub mod source;
