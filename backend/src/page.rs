//! The page: files built into the program (a debug build reads them from the disk), compressed ahead of time.
//! Knows nothing of chat.

use std::borrow::Cow;

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;
use shared::ErrorCode;

use crate::{csp, http::problem::Problem};

/// What trunk built, each file with a `.br` and a `.gz` beside it.
#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Files;

/// The file that is the page.
const INDEX: &str = "index.html";

/// A file with a hash in its name never changes: kept for a year, which is as long as caches go.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Any other file is asked for every time, and answered with 304 while it is the same.
const ASK: &str = "no-cache";

/// What is served where the page was not built.
const NOT_BUILT: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Confab</title>\
<h1>The server runs, but its page was not built</h1>\
<p>Build it with <code>cargo xtask serve</code>, which starts the server too, \
or with <code>trunk build</code> while this server runs from a debug build.</p></html>";

/// What somebody who went astray is shown.
const NOT_HERE: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
<title>Not found · Confab</title><h1>There is nothing here</h1>\
<p>The link may be incomplete. <a href=\"/\">Go to Confab</a></p></html>";

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
    Plain,
}

impl Encoding {
    const BEST_FIRST: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Plain];

    /// What its file has behind its name.
    fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Plain => "",
        }
    }

    /// Its name in HTTP.
    fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Plain => "identity",
        }
    }
}

/// A file, however it came here.
struct File {
    data: Cow<'static, [u8]>,
    /// SHA-256 of the data.
    hash: [u8; 32],
    kind: String,
}

impl File {
    /// One that was built in.
    fn built_in(name: &str) -> Option<Self> {
        let file = Files::get(name)?;
        let kind = file.metadata.mimetype().to_owned();
        Some(Self { hash: file.metadata.sha256_hash(), data: file.data, kind })
    }
}

/// `GET /` and `GET /r/{code}`, with or without a slash at the end: the page, which reads the rest from its address.
pub(crate) async fn index(headers: HeaderMap) -> Response {
    match File::built_in(INDEX) {
        Some(file) => answer(INDEX, &file, &headers, File::built_in),
        None => {
            let policy = csp::for_html(NOT_BUILT);
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
                (header::CONTENT_SECURITY_POLICY, &policy),
            ];
            (StatusCode::SERVICE_UNAVAILABLE, headers, NOT_BUILT).into_response()
        }
    }
}

/// Every path that no route has: a file of the page, or nothing.
pub(crate) async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().trim_start_matches('/');
    let is_compressed = name.ends_with(".br") || name.ends_with(".gz");
    let readable = matches!(method, Method::GET | Method::HEAD) && !is_compressed;
    match File::built_in(name).filter(|_| readable) {
        Some(file) => answer(name, &file, &headers, File::built_in),
        None => nothing(name, &headers),
    }
}

/// A problem for programs, and a page with a way out for people.
fn nothing(name: &str, headers: &HeaderMap) -> Response {
    let problem = Problem::new(ErrorCode::NotFound, "there is nothing here").into_response();
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_call = format!("/{name}").starts_with(&format!("{}/", shared::api::API));
    if is_call || !accepted.contains("text/html") {
        return problem;
    }
    let (mut parts, _) = problem.into_parts();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    parts.headers.insert(header::VARY, HeaderValue::from_static("accept"));
    Response::from_parts(parts, NOT_HERE.into())
}

fn answer(name: &str, plain: &File, headers: &HeaderMap, find: impl Fn(&str) -> Option<File>) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (encoding, data) = Encoding::BEST_FIRST
        .into_iter()
        .filter(|encoding| accepts(accepted.unwrap_or_default(), *encoding))
        .find_map(|encoding| Some((encoding, find(&format!("{name}{}", encoding.suffix()))?.data)))
        .unwrap_or_else(|| (Encoding::Plain, plain.data.clone()));

    let tag = entity_tag(plain, encoding);
    let same = headers.get(header::IF_NONE_MATCH).is_some_and(|known| matches_tag(known, &tag));
    let mut response = match same {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => data.into_response(),
    };
    let to = response.headers_mut();
    let mut put = |name, value: &str| {
        to.insert(name, HeaderValue::from_str(value).expect("our headers are plain ASCII"));
    };
    put(header::ETAG, &tag);
    put(header::VARY, "accept-encoding");
    put(header::CACHE_CONTROL, if is_hashed(name) { FOR_EVER } else { ASK });
    put(header::CONTENT_TYPE, &content_type(&plain.kind));
    if encoding != Encoding::Plain {
        put(header::CONTENT_ENCODING, encoding.token());
    }
    if plain.kind == "text/html" {
        put(header::CONTENT_SECURITY_POLICY, &csp::for_html(&String::from_utf8_lossy(&plain.data)));
    }
    response
}

fn content_type(kind: &str) -> Cow<'_, str> {
    if kind.starts_with("text/") { format!("{kind}; charset=utf-8").into() } else { kind.into() }
}

/// Names what the file holds and how it is compressed.
fn entity_tag(file: &File, encoding: Encoding) -> String {
    let short = u128::from_be_bytes(std::array::from_fn(|n| file.hash[n]));
    format!("\"{short:032x}-{}\"", encoding.token())
}

fn matches_tag(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// Whether a client takes this encoding, as `Accept-Encoding` has it.
fn accepts(header: &str, encoding: Encoding) -> bool {
    let listed = header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        let name = words.next().unwrap_or_default();
        let refused =
            words.any(|word| matches!(word.strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000")));
        name.eq_ignore_ascii_case(encoding.token()) && !refused
    });
    listed || encoding == Encoding::Plain
}

/// Whether trunk put a hash into the name: sixteen hexadecimal digits behind a dash.
fn is_hashed(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.split('-').skip(1).any(|part| {
        let hash = part.split(['.', '_']).next().unwrap_or_default();
        hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for name in [
            "frontend-3f8a9c1d2e4b5a67.js",
            "frontend-3f8a9c1d2e4b5a67_bg.wasm",
            "a/main-00aa11bb22cc33dd.css",
        ] {
            assert!(is_hashed(name), "{name}");
        }
        for name in
            ["index.html", "icon-192.png", "frontend.js", "fonts-12/inter.woff2", "a-3f8a9c1d2e4b5a6.js"]
        {
            assert!(!is_hashed(name), "{name}");
        }
    }

    const HTML: &str = "<!DOCTYPE html><script>start()</script>";

    /// A page of three files, where only one is compressed.
    fn find(name: &str) -> Option<File> {
        let (text, kind) = match name {
            "index.html" => (HTML, "text/html"),
            "index.html.br" => ("smaller", "application/x-br"),
            "index.html.gz" => ("small", "application/gzip"),
            "app-3f8a9c1d2e4b5a67_bg.wasm" => ("wasm", "application/wasm"),
            _ => return None,
        };
        let first = name.as_bytes()[0];
        Some(File { data: text.as_bytes().into(), hash: [first; 32], kind: kind.to_owned() })
    }

    fn get(name: &str, asked: &[(HeaderName, &str)]) -> Response {
        let headers = asked.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        answer(name, &find(name).unwrap(), &headers, find)
    }

    fn header_of(response: &Response, name: HeaderName) -> Option<&str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn the_page_is_asked_for_every_time_and_may_run_only_what_it_was_built_with() {
        let page = get("index.html", &[]);
        assert_eq!(header_of(&page, header::CACHE_CONTROL), Some("no-cache"));
        assert_eq!(header_of(&page, header::CONTENT_TYPE), Some("text/html; charset=utf-8"));
        assert_eq!(header_of(&page, header::CONTENT_SECURITY_POLICY), Some(csp::for_html(HTML).as_str()));
        assert_eq!(header_of(&page, header::CONTENT_ENCODING), None);
    }

    #[test]
    fn the_best_compression_that_is_taken_and_there_is_given() {
        for (accepted, given) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, gzip;q=0.1", Some("gzip")),
            ("zstd", None),
        ] {
            let page = get("index.html", &[(header::ACCEPT_ENCODING, accepted)]);
            assert_eq!(header_of(&page, header::CONTENT_ENCODING), given, "{accepted}");
            assert_eq!(header_of(&page, header::VARY), Some("accept-encoding"));
            assert_eq!(header_of(&page, header::CONTENT_TYPE), Some("text/html; charset=utf-8"));
        }
        let wasm = get("app-3f8a9c1d2e4b5a67_bg.wasm", &[(header::ACCEPT_ENCODING, "br")]);
        assert_eq!(header_of(&wasm, header::CONTENT_ENCODING), None);
        assert_eq!(header_of(&wasm, header::CONTENT_TYPE), Some("application/wasm"));
        assert_eq!(header_of(&wasm, header::CACHE_CONTROL), Some("public, max-age=31536000, immutable"));
    }

    #[test]
    fn what_a_browser_has_already_is_not_sent_again() {
        let brotli = [(header::ACCEPT_ENCODING, "br")];
        let tag = header_of(&get("index.html", &brotli), header::ETAG).unwrap().to_owned();
        for known in [&tag, &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
            let again = get("index.html", &[brotli[0].clone(), (header::IF_NONE_MATCH, known)]);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        }
        let as_gzip = [(header::ACCEPT_ENCODING, "gzip"), (header::IF_NONE_MATCH, &tag)];
        assert_eq!(get("index.html", &as_gzip).status(), StatusCode::OK);
    }

    #[test]
    fn an_encoding_is_taken_when_it_is_listed_and_not_refused() {
        assert!(accepts("gzip, deflate, br, zstd", Encoding::Brotli));
        assert!(accepts("gzip;q=0.5", Encoding::Gzip));
        assert!(!accepts("br;q=0, gzip", Encoding::Brotli));
        assert!(!accepts("", Encoding::Gzip));
        assert!(accepts("", Encoding::Plain));
    }
}
