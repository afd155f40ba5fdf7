//! What a token is believed, and what not.

use serde_json::{Value, json};

use super::*;

const SECRET: &str = "q7Zr1mJt0vYw9LxKc5HnPdBg3FsEa8Ui";

fn tokens(secret: &str) -> Tokens {
    Tokens::new(&Secret::from_bytes(secret), &ServerOptions::new("unused"))
}

fn somebody() -> Claims {
    Claims {
        user_id: UserId::mint(1, [1; 10]),
        session_id: SessionId::mint(2, [2; 10]),
        generation: 3,
        issued_at: Timestamp::from_unix_ms(1_795_000_000_000),
        expires_at: Timestamp::from_unix_ms(4_000_000_000_000),
    }
}

fn access_token(tokens: &Tokens) -> String {
    let claims = somebody();
    tokens.issue_access(claims.user_id, claims.session_id, claims.generation).0
}

/// The claims of a good access token with one of them changed, signed with the same key.
fn changed(tokens: &Tokens, name: &str, value: Value) -> String {
    let payload = access_token(tokens).split('.').nth(1).unwrap().to_owned();
    let mut claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    tokens.sign(&claims)
}

#[test]
fn a_good_access_token_says_who_it_is_and_when_it_ends() {
    let tokens = tokens(SECRET);
    let claims = somebody();
    let before = clock::now().unix_ms() / 1000;
    let (token, expires_at) = tokens.issue_access(claims.user_id, claims.session_id, 3);
    let issued_at = Timestamp::from_unix_ms(expires_at.unix_ms() - 900_000);
    assert_eq!(tokens.verify_access(&token), Ok(Claims { issued_at, expires_at, ..claims }));
    assert!((before..before + 10).contains(&(issued_at.unix_ms() / 1000)));
}

#[test]
fn a_changed_claim_makes_an_access_token_worthless() {
    let tokens = tokens(SECRET);
    let now_s = clock::now().unix_ms() / 1000;
    assert!(tokens.verify_access(&changed(&tokens, "more", json!("unknown"))).is_ok());
    for (name, value, error) in [
        ("iss", json!("somebody-else"), TokenError::Invalid),
        ("iss", Value::Null, TokenError::Invalid),
        ("aud", json!("ws"), TokenError::Invalid),
        ("aud", Value::Null, TokenError::Invalid),
        ("type", json!("connection"), TokenError::Invalid),
        ("type", Value::Null, TokenError::Invalid),
        ("sub", json!("admin"), TokenError::Invalid),
        ("sid", Value::Null, TokenError::Invalid),
        ("exp", Value::Null, TokenError::Invalid),
        ("exp", json!(now_s - 6), TokenError::Expired),
        ("exp", json!(0), TokenError::Expired),
    ] {
        let token = changed(&tokens, name, value.clone());
        assert_eq!(tokens.verify_access(&token), Err(error), "{name} {value}");
    }
}

#[test]
fn the_leeway_is_small() {
    let tokens = tokens(SECRET);
    let now_s = clock::now().unix_ms() / 1000;
    assert!(tokens.verify_access(&changed(&tokens, "exp", json!(now_s - 1))).is_ok());
}

#[test]
fn a_token_of_another_secret_or_algorithm_is_worthless() {
    let ours = tokens(SECRET);
    let theirs = tokens("0therR4nd0mS3cretWithManyLetters");
    assert_eq!(ours.verify_access(&access_token(&theirs)), Err(TokenError::Invalid));

    let token = access_token(&ours);
    let [_, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    for header in [json!({"alg": "none"}), json!({"alg": "HS512"}), json!({"alg": "RS256", "typ": "JWT"})] {
        let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        for signature in ["", signature] {
            let forged = format!("{header}.{payload}.{signature}");
            assert_eq!(ours.verify_access(&forged), Err(TokenError::Invalid), "{forged}");
        }
    }
    let key = EncodingKey::from_secret(&Secret::from_bytes(SECRET).derive("tokens v1"));
    let hs384 = Header::new(Algorithm::HS384);
    let forged =
        jsonwebtoken::encode(&hs384, &ours.access(somebody().user_id, somebody().session_id, 3), &key);
    assert_eq!(ours.verify_access(&forged.unwrap()), Err(TokenError::Invalid));
}

#[test]
fn no_text_is_taken_for_a_token() {
    let tokens = tokens(SECRET);
    for text in ["", ".", "..", "a.b.c", "not a token", &"x".repeat(100_000)] {
        assert_eq!(tokens.verify_access(text), Err(TokenError::Invalid));
        assert_eq!(tokens.redeem_connection(text), Err(TokenError::Invalid));
        assert_eq!(tokens.read_refresh(text), Err(TokenError::Invalid));
    }
}

#[test]
fn a_connection_token_opens_one_socket_once_and_carries_the_life_of_its_access_token() {
    let tokens = tokens(SECRET);
    let token = tokens.issue_connection(&somebody());
    assert_eq!(tokens.redeem_connection(&token), Ok(somebody()));
    assert_eq!(tokens.redeem_connection(&token), Err(TokenError::Used));
    assert_eq!(tokens.redeem_connection(&tokens.issue_connection(&somebody())), Ok(somebody()));
}

#[test]
fn neither_token_stands_for_the_other() {
    let tokens = tokens(SECRET);
    assert_eq!(tokens.verify_access(&tokens.issue_connection(&somebody())), Err(TokenError::Invalid));
    assert_eq!(tokens.redeem_connection(&access_token(&tokens)), Err(TokenError::Invalid));
}

#[test]
fn a_connection_token_ends_with_the_run_of_the_server_that_made_it() {
    let token = tokens(SECRET).issue_connection(&somebody());
    assert_eq!(tokens(SECRET).redeem_connection(&token), Err(TokenError::Expired));
}

#[test]
fn a_refresh_token_is_the_same_each_time_and_no_bit_of_it_can_be_changed() {
    let tokens = tokens(SECRET);
    let named = RefreshToken { session_id: somebody().session_id, generation: 7 };
    let token = tokens.issue_refresh(named);
    assert_eq!(token, tokens.issue_refresh(named));
    assert_eq!(tokens.read_refresh(&token), Ok(named));
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let forged = BASE64_URL_SAFE_NO_PAD.encode(forged);
        assert_eq!(tokens.read_refresh(&forged), Err(TokenError::Invalid), "{bit}");
    }
    for length in 0..bytes.len() {
        let cut = BASE64_URL_SAFE_NO_PAD.encode(&bytes[..length]);
        assert_eq!(tokens.read_refresh(&cut), Err(TokenError::Invalid), "{length}");
    }
}
