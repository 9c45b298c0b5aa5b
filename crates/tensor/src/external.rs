use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use crate::onnx::{Data, External};
use crate::{Code, Error, Result, Source};

/// Most files of one model that stay open: systems allow a process some hundreds.
const MOST_OPEN: usize = 64;

/// The folder of a model, where the files of its external data are looked for.
pub(crate) struct Folder {
    path: Option<PathBuf>,
    /// The folder itself, and that of the file the model's path leads to: stores of large files link to both.
    roots: Vec<PathBuf>,
    found: HashMap<PathBuf, usize>,
    sources: Vec<Source>,
}

impl Folder {
    /// The folder of the model at `path`.
    pub fn of(path: &Path) -> Folder {
        let parent = |path: &Path| match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let folder = parent(path);
        let real = path.canonicalize().map(|path| parent(&path));
        let roots = [folder.canonicalize(), real].into_iter().flatten().collect();
        Folder { path: Some(folder), roots, found: HashMap::new(), sources: Vec::new() }
    }

    /// The place of a model in memory, which has no folder.
    pub fn none() -> Folder {
        Folder { path: None, roots: Vec::new(), found: HashMap::new(), sources: Vec::new() }
    }

    /// The files that were found, in the order of their numbers: the first is the model's source 1.
    pub fn into_sources(self) -> Vec<Source> {
        self.sources
    }

    /// Where the `bytes` of a tensor lie.
    ///
    /// errors: `EXTERNAL_DATA` where the file is missing, outside the folder, or too short
    pub fn find(&mut self, external: &External, bytes: u64) -> Result<Data> {
        let fail = |what: String| Error::new(Code::ExternalData, what);
        let location = external.location.as_str();
        let Some(folder) = &self.path else {
            let what =
                format!("its data is in another file, \"{location}\", and a model in memory has no folder");
            return Err(fail(what).todo("Open the model by its path."));
        };
        if let Some(length) = external.length.filter(|length| *length != bytes) {
            return Err(fail(format!(
                "\"{location}\" is said to hold {length} bytes of it, but it takes {bytes}"
            )));
        }
        if !stays_inside(location) {
            return Err(fail(format!("\"{location}\" is not the name of a file in the model's folder")));
        }
        let path = folder.join(location);
        let real = path.canonicalize().map_err(|error| {
            fail(format!("its data file \"{location}\" cannot be found: {error}")).in_file(&path)
        })?;
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return Err(fail(format!(
                "\"{location}\" leads out of the model's folder, to {}",
                real.display()
            ))
            .in_file(&path));
        }
        let number = match self.found.get(&real) {
            Some(number) => *number,
            None => {
                let open = if self.sources.len() < MOST_OPEN { Source::open } else { Source::open_briefly };
                let source = open(&real)
                    .map_err(|error| fail(format!("its data file: {}", error.what())).in_file(&path))?;
                self.sources.push(source);
                self.found.insert(real, self.sources.len());
                self.sources.len()
            }
        };
        let length = self.sources[number - 1].length();
        let offset = external.offset;
        if offset.checked_add(bytes).is_none_or(|end| end > length) {
            let what = format!("its {bytes} bytes begin at {offset}, but \"{location}\" has {length} bytes");
            return Err(fail(what).in_file(&path));
        }
        Ok(Data::Bytes { source: number, offset })
    }
}

/// Is it a relative path without `..`, by the rules of every system?
fn stays_inside(location: &str) -> bool {
    let plain = |part: &str| part != ".." && !part.contains('\0');
    let drive = location.as_bytes().get(1) == Some(&b':');
    !location.is_empty()
        && !drive
        && !location.starts_with(['/', '\\'])
        && location.split(['/', '\\']).all(plain)
        && Path::new(location)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
