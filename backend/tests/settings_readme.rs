//! The README's table of settings is the program's.

use backend::settings;

#[test]
fn every_setting_is_a_line_of_the_readme_with_its_default_and_its_meaning() {
    let readme = include_str!("../../README.md");
    let lines: Vec<_> = settings::list()
        .map(|(name, variable, default, meaning)| {
            format!("| `--{name}` | `{variable}` | {default} | {meaning} |")
        })
        .collect();
    assert!(lines.iter().any(|line| line.starts_with("| `--config` | `CONFAB_CONFIG` |")));
    let missing: Vec<_> = lines.iter().filter(|line| !readme.lines().any(|is| is == *line)).collect();
    assert!(missing.is_empty(), "the README lacks\n{missing:#?}");
    assert_eq!(readme.lines().filter(|line| line.contains("| `CONFAB_")).count(), lines.len());
}
