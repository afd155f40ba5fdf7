//! What the parser and the writer promise, held against another library where there is one.

use proptest::prelude::*;

use super::*;

objects! {
    struct Cup {
        tea as "type": String,
        sugar: Option<u64> = omit,
        milk: Option<bool>,
        sips: Vec<u64> = default,
    }
}

words! {
    enum Size {
        Small = "small",
        Large = "large",
    }
}

fn said(text: &str) -> String {
    from_str::<Cup>(text).unwrap_err().to_string()
}

#[test]
fn an_object_is_written_in_the_order_of_its_table_and_leaves_out_what_it_may() {
    let cup = Cup { tea: "Ceylon \"1\"\n".into(), sugar: None, milk: None, sips: vec![1, 20] };
    let text = to_string(&cup);
    assert_eq!(text, r#"{"type":"Ceylon \"1\"\n","milk":null,"sips":[1,20]}"#);
    assert_eq!(from_str(&text), Ok(cup));
    let short = from_str::<Cup>(r#" { "type" : "x" , "new" : [ { } ] , "sugar" : 2 } "#).unwrap();
    assert_eq!(short, Cup { tea: "x".into(), sugar: Some(2), milk: None, sips: Vec::new() });
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(said("{}"), "missing field `type`");
    assert_eq!(said(r#"{"type":"x","type":"y"}"#), "`type` is there twice");
    assert_eq!(said(r#"{"type":7}"#), "expected a string");
    assert_eq!(said(r#"{"type":"x","sugar":-1}"#), "expected a whole number that is not negative");
    assert_eq!(said(r#"{"type":"x","sips":[1,{}]}"#), "expected a whole number that is not negative");
    assert_eq!(from_str::<Cup>(r#"{"type":"x","sips":7}"#).unwrap_err().field(), Some("sips"));
    assert_eq!(from_str::<Size>("\"huge\"").unwrap_err().to_string(), "expected one of `small` `large`");
    for size in Size::ALL {
        assert_eq!(from_str(&to_string(size)), Ok(*size));
    }
}

#[test]
fn a_wrong_field_in_a_broken_text_is_a_broken_text() {
    for text in [
        "",
        "{",
        "{}}",
        "{\"type\":7",
        "{\"type\":7,}",
        "{\"type\":7 \"x\":1}",
        "[1,]",
        "\u{feff}{}",
        "{\"type\":01}",
        "{\"type\":\"\u{1}\"}",
        "{\"type\":\"\\x\"}",
        "{\"type\":nul}",
    ] {
        assert!(from_str::<Cup>(text).unwrap_err().is_syntax(), "{text:?}");
    }
}

#[test]
fn half_a_character_is_wrong_and_a_whole_one_is_read() {
    assert_eq!(from_str::<String>(r#""\ud83d\udc4b \u00e9\/""#).unwrap(), "👋 é/");
    for half in [r#""\ud83d""#, r#""\udc4b""#, r#""\ud83d\u0041""#, r#""\ud83dx""#] {
        let error = from_str::<String>(half).unwrap_err();
        assert!(!error.is_syntax(), "{half}");
    }
}

#[test]
fn nesting_without_end_is_passed_over_on_a_stack_of_its_own() {
    let deep = format!("{}1{}", "[{\"a\":".repeat(50_000), "}]".repeat(50_000));
    assert!(is_json(&deep));
    assert!(!is_json(&deep[1..]));
}

/// Any JSON as another library writes it.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_another_library_writes_is_json(value in json()) {
        prop_assert!(is_json(&value.to_string()));
        prop_assert!(is_json(&serde_json::to_string_pretty(&value).unwrap()));
    }

    #[test]
    fn what_another_library_takes_for_json_is_json_and_nothing_else(text in r#"[\{\}\[\]":,0-9a-fltrunse\\E.+\- ]{0,24}"#) {
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(is_json(&text), theirs, "{}", text);
    }

    #[test]
    fn any_text_is_written_as_another_library_reads_it_and_the_other_way_round(text: String) {
        prop_assert_eq!(&serde_json::from_str::<String>(&to_string(&text)).unwrap(), &text);
        prop_assert_eq!(&from_str::<String>(&serde_json::to_string(&text).unwrap()).unwrap(), &text);
        prop_assert_eq!(to_string(&text), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn any_number_is_written_as_it_is_read(number: u64) {
        prop_assert_eq!(to_string(&number), number.to_string());
        prop_assert_eq!(from_str::<u64>(&number.to_string()), Ok(number));
    }
}
