//! The Content-Security-Policy of the page: nothing but its own files, and the inline scripts and styles that it
//! was built with, named by their hashes.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

/// The policy for an `index.html`. WebAssembly needs `'wasm-unsafe-eval'`; `'unsafe-inline'` and
/// `'unsafe-eval'` are never there.
pub(crate) fn for_html(html: &str) -> String {
    let scripts = hashes(html, "script");
    let styles = hashes(html, "style");
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles}; \
         connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}

/// The hashes of all elements of that name that hold their text themselves.
fn hashes(html: &str, element: &str) -> String {
    let mut found = String::new();
    // Same length in bytes: only ASCII letters change.
    let lower = html.to_ascii_lowercase();
    let (open, close) = (format!("<{element}"), format!("</{element}"));
    let mut from = 0;
    while let Some(start) = lower[from..].find(&open).map(|at| from + at) {
        let after_name = start + open.len();
        let Some(text_start) = lower[after_name..].find('>').map(|at| after_name + at + 1) else { break };
        let Some(text_end) = lower[text_start..].find(&close).map(|at| text_start + at) else { break };
        let attributes = &lower[after_name..text_start - 1];
        if attributes.chars().next().is_none_or(|c| c.is_ascii_whitespace()) && !has_src(attributes) {
            // Browsers hash what they parsed, where every line ends in a line feed.
            let text = html[text_start..text_end].replace("\r\n", "\n");
            let hash = BASE64_STANDARD.encode(Sha256::digest(text));
            write!(found, " 'sha256-{hash}'").expect("writing to a string does not fail");
        }
        from = text_end;
    }
    found
}

fn has_src(attributes: &str) -> bool {
    attributes.split_ascii_whitespace().any(|attribute| attribute.starts_with("src="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_and_styles_are_named_by_their_hash_and_files_are_not() {
        let html = "<!DOCTYPE html><STYLE>b{}</STYLE>\
                    <script type=\"module\">alert(1)</script><script src=\"/a.js\" defer></script>";
        let policy = for_html(html);
        // echo -n 'alert(1)' | openssl dgst -sha256 -binary | base64
        let script =
            "script-src 'self' 'wasm-unsafe-eval' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=';";
        assert!(policy.contains(script), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 2, "{policy}");
    }

    #[test]
    fn line_ends_are_hashed_as_browsers_read_them() {
        assert_eq!(for_html("<script>a\r\nb</script>"), for_html("<script>a\nb</script>"));
    }

    #[test]
    fn a_page_without_inline_code_allows_its_files_alone() {
        let policy = for_html("<p>scripts</p><script src=x></script><script");
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    }
}
