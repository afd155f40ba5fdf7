//! No two files import each other: whoever reads one of them can stop there. Knows `use` lines and names of modules, and
//! nothing of what they mean.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A module by the names on its path.
type Module = Vec<String>;

/// The crates of which it holds. A new one belongs here.
const CRATES: [&str; 6] = ["backend", "client-native", "oracle", "trial", "bench", "xtask"];

/// The files of a crate by their modules.
fn modules(name: &str) -> BTreeMap<Module, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).unwrap().with_extension("");
            let mut module: Module = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if module.last().is_some_and(|last| last == "mod") {
                module.pop();
            }
            if !["lib", "main"].contains(&module[0].as_str()) && module.last().unwrap() != "tests" {
                found.insert(module, path);
            }
        }
    }
    found
}

/// Every path that a `use` names, its groups taken apart.
fn paths(tree: &str) -> Vec<String> {
    let Some((prefix, group)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(letter);
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| paths(part.trim())).map(|path| format!("{}{path}", prefix.trim())).collect()
}

/// The modules that a file imports.
fn imports(module: &Module, text: &str, all: &BTreeMap<Module, PathBuf>) -> BTreeSet<Module> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut found = BTreeSet::new();
    for used in text.split("use ").skip(1).filter_map(|rest| rest.split_once(';')) {
        for path in paths(used.0) {
            let mut parts = path.split("::").map(|part| part.split(" as ").next().unwrap().trim()).peekable();
            let mut full: Module = match parts.next() {
                Some("crate") => Module::new(),
                Some("super") => module[..module.len() - 1].to_vec(),
                _ => continue,
            };
            while parts.next_if_eq(&"super").is_some() {
                full.pop();
            }
            full.extend(parts.map(str::to_owned));
            let known = (1..=full.len()).rev().find_map(|length| all.get_key_value(&full[..length]));
            found.extend(known.map(|(other, _)| other.clone()).filter(|other| other != module));
        }
    }
    found
}

#[test]
fn no_two_files_import_each_other() {
    let mut both = Vec::new();
    for name in CRATES {
        let all = modules(name);
        let read = |(module, path): (&Module, &PathBuf)| {
            (module.clone(), imports(module, &fs::read_to_string(path).unwrap(), &all))
        };
        let imported: BTreeMap<_, _> = all.iter().map(read).collect();
        for (module, others) in &imported {
            for other in others.iter().filter(|other| *other > module && imported[*other].contains(module)) {
                both.push(format!("{name}: {} and {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert!(both.is_empty(), "these import each other:\n{}", both.join("\n"));
}

#[test]
fn a_use_is_taken_apart_into_all_that_it_names() {
    let tree = "crate::{\n    chat::{hub::Hub, slot::{self, Mailbox}},\n    clock,\n}";
    let expected =
        ["crate::chat::hub::Hub", "crate::chat::slot::self", "crate::chat::slot::Mailbox", "crate::clock"];
    assert_eq!(paths(tree), expected);
    let all: BTreeMap<Module, PathBuf> =
        [vec!["chat".to_owned(), "hub".to_owned()], vec!["clock".to_owned()]]
            .into_iter()
            .map(|module| (module, PathBuf::new()))
            .collect();
    let of = |module: &[&str], text: &str| {
        let module: Module = module.iter().map(|part| (*part).to_owned()).collect();
        imports(&module, text, &all).into_iter().map(|module| module.join("::")).collect::<Vec<_>>()
    };
    assert_eq!(of(&["chat", "slot"], "use super::hub::Hub;\nuse crate::clock;"), ["chat::hub", "clock"]);
    assert_eq!(of(&["chat", "slot", "deep"], "use super::super::hub;"), ["chat::hub"]);
    assert_eq!(of(&["chat", "hub"], "use std::fmt;\n#[cfg(test)]\nmod tests { use crate::clock; }"), [""; 0]);
}
