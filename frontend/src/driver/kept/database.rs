//! Texts under names in an IndexedDB database of this browser. It knows neither what they say nor whose they are.
//!
//! Straight over web-sys and not by one of the wrappers (`idb`, `rexie`, `indexed_db_futures`): those bring conversions,
//! builders and error types for every part of IndexedDB, and here are one object store, three kinds of write and one
//! kind of read. The page counts every kilobyte.

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbOpenDbRequest, IdbRequest, IdbTransactionMode};

use crate::browser::window;

/// The database and its only object store.
const NAME: &str = "confab";

/// Raised when the shape of the database changes; what is in a text has a version of its own.
const VERSION: u32 = 1;

/// One thing to write.
pub(super) enum Write {
    /// That text under that name, over what was there.
    Put(String, String),
    /// Nothing under that name.
    Delete(String),
    /// Nothing under any name.
    Clear,
}

/// An open database. It is closed when it is dropped, after what was written before.
pub(super) struct Database {
    database: IdbDatabase,
    _handlers: [Closure<dyn FnMut()>; 2],
}

impl Database {
    /// Opens the database, if the browser lets us. `trouble` is told whenever something could not be written, and when
    /// the browser takes the database away.
    pub(super) async fn open(trouble: impl FnMut() + 'static) -> Option<Self> {
        let factory = window().indexed_db().ok().flatten()?;
        let request = factory.open_with_u32(NAME, VERSION).ok()?;
        let make = Closure::once({
            let request = request.clone();
            move || {
                // Fails only where the transaction has failed, and then the request fails.
                let _ = database_of(&request).map(|database| database.create_object_store(NAME));
            }
        });
        request.set_onupgradeneeded(Some(make.as_ref().unchecked_ref()));
        let opened = done(&request).await;
        request.set_onupgradeneeded(None);
        let database = opened.ok()?.unchecked_into::<IdbDatabase>();
        let trouble: Closure<dyn FnMut()> = Closure::new(trouble);
        database.set_onclose(Some(trouble.as_ref().unchecked_ref()));
        database.set_onabort(Some(trouble.as_ref().unchecked_ref()));
        // A newer page wants to change its shape, and must not have to wait for this one.
        let make_way: Closure<dyn FnMut()> = Closure::new({
            let database = database.clone();
            move || database.close()
        });
        database.set_onversionchange(Some(make_way.as_ref().unchecked_ref()));
        Some(Self { database, _handlers: [trouble, make_way] })
    }

    /// Writes all of this or nothing, begun before this returns.
    pub(super) fn write(&self, writes: impl IntoIterator<Item = Write>) -> Result<(), JsValue> {
        let transaction = self.database.transaction_with_str_and_mode(NAME, IdbTransactionMode::Readwrite)?;
        let store = transaction.object_store(NAME)?;
        for write in writes {
            match write {
                Write::Put(name, text) => store.put_with_key(&text.into(), &name.into())?,
                Write::Delete(name) => store.delete(&name.into())?,
                Write::Clear => store.clear()?,
            };
        }
        // At once, so that not even the end of this page keeps it from happening.
        #[allow(
            deprecated,
            reason = "a note of web-sys about an older type; the standard and all browsers have it"
        )]
        transaction.commit()
    }

    /// Every name with its text.
    pub(super) async fn read(&self) -> Option<Vec<(String, String)>> {
        let transaction = self.database.transaction_with_str(NAME).ok()?;
        let store = transaction.object_store(NAME).ok()?;
        let (names, texts) = (store.get_all_keys().ok()?, store.get_all().ok()?);
        let texts = done(&texts).await.ok()?.unchecked_into::<js_sys::Array>();
        let names = names.result().ok()?.unchecked_into::<js_sys::Array>();
        // What is no text is not ours.
        Some(
            names
                .iter()
                .zip(texts.iter())
                .filter_map(|(name, text)| name.as_string().zip(text.as_string()))
                .collect(),
        )
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.database.set_onclose(None);
        self.database.set_onabort(None);
        self.database.set_onversionchange(None);
        self.database.close();
    }
}

fn database_of(request: &IdbOpenDbRequest) -> Option<IdbDatabase> {
    request.result().ok().map(JsCast::unchecked_into)
}

/// The result of a request.
async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let answer = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(answer).await?;
    request.result()
}
