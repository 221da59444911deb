//! Prints the public API that is in rustdoc's JSON, one item a line. Run it by `scripts/public-api`.

#![allow(clippy::print_stdout)] // its output is what it is for

use public_api::Builder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let json = std::env::args_os().nth(1).ok_or("name rustdoc's file")?;
    // Blanket implementations and auto traits are not written in the source, and say little.
    let builder = Builder::from_rustdoc_json(json).omit_blanket_impls(true);
    let api = builder.omit_auto_trait_impls(true).build()?;
    for item in api.items() {
        println!("{item}");
    }
    Ok(())
}
