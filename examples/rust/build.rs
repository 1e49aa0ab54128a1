//! Compiles the C that kgen wrote into xor/, and links it.

fn main() {
    println!("cargo:rerun-if-changed=xor");
    cc::Build::new()
        .file("xor/xor.c")
        .flag_if_supported("-std=c99")
        .opt_level(2) // debug builds too: the model is not what is debugged
        .compile("xor");
}
