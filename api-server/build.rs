//! Puts the console into the binary: whatever `npm run build` left in `web/dist`. Where that is empty, the server is built
//! without it, and says at its address how to get it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let crate_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let dist = crate_dir.join("../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    // Also when it is not there, which would make every build a new one.
    if dist.is_dir() {
        println!("cargo::rerun-if-changed={}", dist.display());
    }
    let index = dist.join("index.html");
    let absent = crate_dir.join("src/http/console/absent.html");
    let page = if index.is_file() { &index } else { &absent };
    let mut code = format!(
        "pub(super) const PAGE: &str = include_str!({});\n",
        quoted(page)
    );
    code += "pub(super) const FILES: &[File] = &[\n";
    if index.is_file() {
        for name in files_of(&dist)? {
            code += &entry(&dist, &name);
        }
    }
    code += "];\n";
    fs::write(out_dir.join("console.rs"), code)
}

/// Everything that has an address of its own: neither the page, nor the compressed forms of others, nor what git keeps.
fn files_of(dist: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut left = vec![dist.to_owned()];
    while let Some(dir) = left.pop() {
        for found in fs::read_dir(dir)? {
            let path = found?.path();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            let name = path.strip_prefix(dist).expect("it was found in there");
            let name = name.to_str().map(ToOwned::to_owned);
            let name = name.ok_or_else(|| io::Error::other("a name is not UTF-8"))?;
            let is_other = [".br", ".gz"].iter().any(|end| name.ends_with(end));
            if !is_other && name != "index.html" && !name.starts_with('.') {
                names.push(name);
            }
        }
    }
    names.sort();
    Ok(names)
}

fn entry(dist: &Path, name: &str) -> String {
    let mut entry = format!(
        "    File {{ path: {:?}, plain: include_bytes!({})",
        format!("/{name}"),
        quoted(&dist.join(name))
    );
    for (field, end) in [("brotli", "br"), ("gzip", "gz")] {
        let packed = dist.join(format!("{name}.{end}"));
        let value = if packed.is_file() {
            format!("Some(include_bytes!({}))", quoted(&packed))
        } else {
            "None".to_owned()
        };
        write!(entry, ", {field}: {value}").expect("a text takes everything");
    }
    entry + " },\n"
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
