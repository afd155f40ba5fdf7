//! Access and connection tokens (JWT) and refresh tokens: made, read and checked. Knows no route and no database.

use std::sync::Mutex;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;
use shared::{SessionId, Timestamp, UserId};

use crate::{
    clock,
    options::ServerOptions,
    secret::Secret,
    used_tokens::{NotTaken, UsedTokens},
};

/// Who makes our tokens, and who alone is believed.
const ISSUER: &str = "confab";
/// The audience of access tokens: the HTTP calls, and `auth` frames.
const FOR_CALLS: &str = "api";
/// The audience of connection tokens: the address of a socket.
const FOR_SOCKETS: &str = "ws";

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Who.
    pub user_id: UserId,
    /// By which sign-in.
    pub session_id: SessionId,
    /// Of which generation of it.
    pub generation: u64,
    /// When the access token was made, in whole seconds, also where these are the claims of a connection token made
    /// from it.
    pub issued_at: Timestamp,
    /// When the access token ends, likewise.
    pub expires_at: Timestamp,
}

/// Why a token is no good. Its words may be shown: they say nothing about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of this server, or not one for this use.
    #[error("the token is not valid")]
    Invalid,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// A connection token opens one socket once.
    #[error("the token was used before")]
    Used,
    /// More connection tokens were used in the last minute than this server keeps in mind.
    #[error("too many connections were opened; try again in a minute")]
    Overloaded,
}

impl From<NotTaken> for TokenError {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::Used => Self::Used,
            NotTaken::Overloaded => Self::Overloaded,
        }
    }
}

/// A refresh token, read and of this server's making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// Which sign-in.
    pub session_id: SessionId,
    /// Which generation of it.
    pub generation: u64,
}

/// Makes and checks all tokens of one server.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    refresh_key: Hmac<Sha256>,
    for_calls: Validation,
    for_sockets: Validation,
    leeway_s: u64,
    access_ttl_s: u64,
    connection_ttl_s: u64,
    /// Names this run of the server in connection tokens: the used ones are forgotten when it ends, so the
    /// tokens must end with it.
    boot: String,
    used: Mutex<UsedTokens>,
}

/// What an access token carries.
#[derive(Serialize, Deserialize)]
struct Access {
    iss: String,
    aud: String,
    #[serde(rename = "type")]
    kind: Kind,
    sub: UserId,
    sid: SessionId,
    generation: u64,
    jti: String,
    iat: u64,
    exp: u64,
}

/// What a connection token carries beyond that: the run of the server, and when its access token was made and ends.
#[derive(Serialize, Deserialize)]
struct Connection {
    #[serde(flatten)]
    access: Access,
    boot: String,
    access_iat: u64,
    access_exp: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Access,
    Connection,
}

impl Tokens {
    /// Tokens that are signed with keys made from `secret`.
    pub fn new(secret: &Secret, options: &ServerOptions) -> Self {
        let jwt_key = secret.derive("tokens v1");
        let leeway_s = options.clock_leeway.as_secs();
        let connection_ttl_s = options.connection_token_ttl.as_secs();
        Self {
            encoding: EncodingKey::from_secret(&jwt_key),
            decoding: DecodingKey::from_secret(&jwt_key),
            refresh_key: mac(&secret.derive("refresh v1")),
            for_calls: validation(FOR_CALLS),
            for_sockets: validation(FOR_SOCKETS),
            leeway_s,
            access_ttl_s: options.access_token_ttl.as_secs(),
            connection_ttl_s,
            boot: BASE64_URL_SAFE_NO_PAD.encode(clock::random_bytes::<12>()),
            used: Mutex::new(UsedTokens::new((connection_ttl_s + leeway_s + 1) * 1000, options.used_tokens)),
        }
    }

    /// An access token, and when it ends.
    pub fn issue_access(&self, user: UserId, session: SessionId, generation: u64) -> (String, Timestamp) {
        let access = self.access(user, session, generation);
        let expires_at = Timestamp::from_unix_ms(access.exp * 1000);
        (self.sign(&access), expires_at)
    }

    /// Seconds that a new access token is good for.
    pub fn access_ttl_s(&self) -> u64 {
        self.access_ttl_s
    }

    /// Seconds that a new connection token is good for.
    pub fn connection_ttl_s(&self) -> u64 {
        self.connection_ttl_s
    }

    /// Reads an access token.
    ///
    /// # Errors
    /// When it is not ours, not an access token, or has ended.
    pub fn verify_access(&self, token: &str) -> Result<Claims, TokenError> {
        let access: Access = self.read(token, &self.for_calls)?;
        self.claims(&access, Kind::Access, [access.iat, access.exp])
    }

    /// A token that opens one socket once, made from a good access token.
    pub fn issue_connection(&self, claims: &Claims) -> String {
        let access = self.access(claims.user_id, claims.session_id, claims.generation);
        let access = Access {
            aud: FOR_SOCKETS.to_owned(),
            kind: Kind::Connection,
            exp: access.iat + self.connection_ttl_s,
            ..access
        };
        let [access_iat, access_exp] = [claims.issued_at, claims.expires_at].map(|at| at.unix_ms() / 1000);
        self.sign(&Connection { access, boot: self.boot.clone(), access_iat, access_exp })
    }

    /// Reads a connection token and uses it up. The claims end when its access token ends.
    ///
    /// # Errors
    /// When it is not ours, not a connection token of this run of the server, has ended or was used.
    pub fn redeem_connection(&self, token: &str) -> Result<Claims, TokenError> {
        let Connection { access, boot, access_iat, access_exp } = self.read(token, &self.for_sockets)?;
        let claims = self.claims(&access, Kind::Connection, [access_iat, access_exp])?;
        if boot != self.boot {
            return Err(TokenError::Expired);
        }
        let mut used = self.used.lock().expect("nobody panics while holding this lock");
        used.take(&access.jti, clock::now())?;
        Ok(claims)
    }

    /// A refresh token. The same session and generation always give the same one, so that an answer that got
    /// lost can be given again.
    pub fn issue_refresh(&self, token: RefreshToken) -> String {
        let mut bytes = Vec::with_capacity(56);
        bytes.extend_from_slice(token.session_id.as_uuid().as_bytes());
        bytes.extend_from_slice(&token.generation.to_be_bytes());
        let tag = self.refresh_key.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a refresh token.
    ///
    /// # Errors
    /// When it is not ours. Whether it is still good, only the session knows.
    pub fn read_refresh(&self, token: &str) -> Result<RefreshToken, TokenError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenError::Invalid)?;
        let (named, tag) = bytes.split_at_checked(24).ok_or(TokenError::Invalid)?;
        let good = self.refresh_key.clone().chain_update(named).verify_slice(tag);
        good.map_err(|_| TokenError::Invalid)?;
        let (session, generation) = named.split_at(16);
        let session: [u8; 16] = session.try_into().map_err(|_| TokenError::Invalid)?;
        let generation: [u8; 8] = generation.try_into().map_err(|_| TokenError::Invalid)?;
        Ok(RefreshToken {
            session_id: SessionId::from_uuid(uuid::Uuid::from_bytes(session)),
            generation: u64::from_be_bytes(generation),
        })
    }

    fn access(&self, user: UserId, session: SessionId, generation: u64) -> Access {
        let iat = clock::now().unix_ms() / 1000;
        Access {
            iss: ISSUER.to_owned(),
            aud: FOR_CALLS.to_owned(),
            kind: Kind::Access,
            sub: user,
            sid: session,
            generation,
            jti: BASE64_URL_SAFE_NO_PAD.encode(clock::random_bytes::<16>()),
            iat,
            exp: iat + self.access_ttl_s,
        }
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        let header = Header::new(Algorithm::HS256);
        jsonwebtoken::encode(&header, claims, &self.encoding).expect("plain data and an HMAC key always sign")
    }

    fn read<T: DeserializeOwned>(&self, token: &str, validation: &Validation) -> Result<T, TokenError> {
        let data = jsonwebtoken::decode(token, &self.decoding, validation);
        data.map(|data| data.claims).map_err(|_| TokenError::Invalid)
    }

    /// What a token says whose access token was made and ends at those moments, in seconds.
    fn claims(&self, access: &Access, kind: Kind, access_token_s: [u64; 2]) -> Result<Claims, TokenError> {
        if access.kind != kind {
            return Err(TokenError::Invalid);
        }
        if access.exp.saturating_add(self.leeway_s) < clock::now().unix_ms() / 1000 {
            return Err(TokenError::Expired);
        }
        let at = |seconds: u64| Timestamp::from_unix_ms(seconds.saturating_mul(1000));
        let [issued_at, expires_at] = access_token_s.map(at);
        let (user_id, session_id) = (access.sub, access.sid);
        Ok(Claims { user_id, session_id, generation: access.generation, issued_at, expires_at })
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Whether it has ended is checked against our own clock.
    validation.validate_exp = false;
    validation
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests;
