//! Keeps the module in the memory of its process until that ends: programs unload modules after each login.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
