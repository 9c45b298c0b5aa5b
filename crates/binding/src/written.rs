use std::sync::{Mutex, PoisonError};

use espalier_tensor::{Error, Result};
use napi::Env;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use crate::background::{Background, IntoJs, background_alone};
use crate::error::to_js;
use crate::job::Job;

type Place = Box<dyn FnOnce() -> Result<()> + Send>;

/// Files that are written, but for their names: so whoever is told of it can still say no.
#[napi]
pub struct Written {
    /// Bytes of the file; without those of external data.
    pub bytes: f64,
    /// Bytes of its external data.
    pub external_bytes: f64,
    place: Mutex<Option<Place>>,
}

#[napi]
impl Written {
    /// Gives the files their names: once.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn place(&self, job: &Job) -> napi::Result<AsyncTask<Background<()>>> {
        let place = self.take().ok_or_else(|| to_js(&Error::internal("files that have had their turn")))?;
        Ok(AsyncTask::new(background_alone(job, move |_| place())))
    }

    /// Leaves nothing behind.
    #[napi]
    pub fn discard(&self) {
        drop(self.take());
    }
}

impl Written {
    pub(crate) fn new(
        bytes: u64,
        external_bytes: u64,
        place: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Written {
        let place: Place = Box::new(place);
        Written { bytes: bytes as f64, external_bytes: external_bytes as f64, place: Mutex::new(Some(place)) }
    }

    fn take(&self) -> Option<Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl IntoJs for Written {
    type Js<'env> = Written;
    fn into_js(self, _: &Env) -> napi::Result<Written> {
        Ok(self)
    }
}
