//! Makes sure that the page's folder is there and that a release holds the page as it is now. Builds no page.

use std::{env, fs};

const PAGE: &str = "../dist";

fn main() {
    // The path is resolved while this crate compiles: a folder that came later would never be looked into.
    // Where it can't be made, the server says that its page was not built.
    let _ = fs::create_dir_all(PAGE);
    println!("cargo:rerun-if-changed=build.rs");
    // A debug build reads the page from the disk.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={PAGE}");
    }
}
