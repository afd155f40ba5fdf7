//! Which pages may call: an origin as a type, and the check of a request's `Origin`. Knows no route.

use std::{fmt, str::FromStr};

use axum::http::{HeaderMap, Uri, header};

/// Scheme, host and port of a page, written as browsers write it: lower case, no port where it is the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    text: String,
}

/// A text that is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin such as https://chat.example.org, without a path")]
pub struct InvalidOrigin;

impl Origin {
    /// As browsers write it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host, with its port where that is not the usual one.
    fn host(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, host)| host)
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin)?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(InvalidOrigin),
        };
        let authority = uri.authority().ok_or(InvalidOrigin)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !text.contains('#');
        if !bare || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(InvalidOrigin);
        }
        let scheme = if https { "https" } else { "http" };
        let host = authority.host().to_ascii_lowercase();
        let usual = if https { 443 } else { 80 };
        let text = match authority.port_u16() {
            Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        };
        Ok(Self { https, text })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a request with these headers comes from a page that may call, or from no page at all: the host
/// that is called, or one of the `known` origins.
///
/// Browsers put `Origin` on every socket and on every call that changes something, and no page can change it.
/// Programs that are no browser send none, or whatever they like: they prove who they are by a token.
pub fn allowed<'a>(headers: &HeaderMap, known: impl IntoIterator<Item = &'a Origin>) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    if origins.next().is_some() {
        return false;
    }
    let Some(origin) = origin.to_str().ok().and_then(|text| text.parse::<Origin>().ok()) else {
        return false;
    };
    is_same_host(&origin, headers) || known.into_iter().any(|known| *known == origin)
}

/// Whether the page came from the host that is being called. The scheme is not compared: behind a proxy that
/// ends TLS this server sees `http` where the page has `https`.
fn is_same_host(origin: &Origin, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let scheme = if origin.is_https() { "https" } else { "http" };
    let called = host.and_then(|host| format!("{scheme}://{host}").parse::<Origin>().ok());
    called.is_some_and(|called| called.host() == origin.host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ServerOptions;

    fn headers(host: &str, origin: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for origin in origin {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, written) in [
            ("https://Chat.Example.ORG", "https://chat.example.org"),
            ("https://chat.example.org:443/", "https://chat.example.org"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), written);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in [
            "",
            "null",
            "*",
            "chat.example.org",
            "ftp://chat.example.org",
            "https://",
            "https://chat.example.org/page",
            "https://chat.example.org?x",
            "https://somebody@chat.example.org",
        ] {
            assert_eq!(wrong.parse::<Origin>(), Err(InvalidOrigin), "{wrong}");
        }
    }

    #[test]
    fn the_own_page_a_program_and_the_listed_may_call() {
        let mut options = ServerOptions::new("unused");
        options.public_url = Some("https://chat.example.org".parse().unwrap());
        options.allow_origin = vec!["https://intranet.example.org".parse().unwrap()];
        for (host, origin) in [
            ("127.0.0.1:8080", vec![]),
            ("127.0.0.1:8080", vec!["http://127.0.0.1:8080"]),
            ("localhost", vec!["http://localhost:80"]),
            ("inner:8080", vec!["https://chat.example.org"]),
            ("proxied.example.org", vec!["https://proxied.example.org"]),
            ("inner:8080", vec!["https://intranet.example.org"]),
        ] {
            assert!(allowed(&headers(host, &origin), options.origins()), "{host} {origin:?}");
        }
    }

    #[test]
    fn everybody_else_may_not() {
        let mut options = ServerOptions::new("unused");
        options.public_url = Some("https://chat.example.org".parse().unwrap());
        for (host, origin) in [
            ("127.0.0.1:8080", vec!["http://127.0.0.1:8081"]),
            ("127.0.0.1:8080", vec!["https://evil.example"]),
            ("127.0.0.1:8080", vec!["null"]),
            ("127.0.0.1:8080", vec![""]),
            ("inner", vec!["https://chat.example.org.evil.example"]),
            ("inner", vec!["http://chat.example.org"]),
            ("inner", vec!["https://chat.example.org", "https://evil.example"]),
        ] {
            assert!(!allowed(&headers(host, &origin), options.origins()), "{host} {origin:?}");
        }
    }
}
