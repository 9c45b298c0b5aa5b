//! Images in other sizes: `espalier_resample`.

use espalier_resample as resample;
use espalier_tensor::{Code, Error};
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use crate::background::{Background, background_alone};
use crate::error::to_js;
use crate::job::Job;

#[napi(object, object_to_js = false)]
pub struct Resampling {
    /// Pixels of a row, and rows.
    pub width: u32,
    pub height: u32,
    pub channels: u32,
    pub to_width: u32,
    pub to_height: u32,
    #[napi(ts_type = "'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos'")]
    pub filter: String,
    pub antialias: bool,
}

/// Pixels [height, width, channels] in another size: `resample::resize`. They are copied at once.
#[napi(ts_return_type = "Promise<Uint8Array>")]
pub fn resample(pixels: &[u8], how: Resampling, job: &Job) -> napi::Result<AsyncTask<Background<Vec<u8>>>> {
    let filter = resample::Filter::named(&how.filter).ok_or_else(|| {
        to_js(&Error::new(Code::OptionInvalid, format!("there is no filter \"{}\"", how.filter)))
    })?;
    let resize = resample::Resize {
        from: (how.width as usize, how.height as usize),
        to: (how.to_width as usize, how.to_height as usize),
        channels: how.channels as usize,
        filter,
        antialias: how.antialias,
    };
    let pixels = pixels.to_vec();
    Ok(AsyncTask::new(background_alone(job, move |job| resample::resize(&pixels, &resize, job))))
}
