use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::onnx::{Data, External};
use crate::{Code, Error, Result, Source};

/// Most files of one model that stay open: systems allow a process some hundreds.
const MOST_OPEN: usize = 64;

/// What a file of external data is, where it is given beside the model.
#[derive(Clone, Debug)]
pub enum Given {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
}

/// Files of external data that are given, by the names that the model has for them.
pub type GivenFiles = HashMap<String, Given>;

/// Where the files of a model's external data are looked for: among those that are given, and in its folder where it has one.
pub(crate) struct Folder {
    given: GivenFiles,
    path: Option<PathBuf>,
    /// The folder itself, and that of the file the model's path leads to: stores of large files link to both.
    roots: Vec<PathBuf>,
    found: HashMap<Found, usize>,
    sources: Vec<Source>,
}

/// What was opened already: a file of the folder, or one that was given.
#[derive(PartialEq, Eq, Hash)]
enum Found {
    Real(PathBuf),
    Given(String),
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
        Folder { path: Some(folder), roots, ..Folder::none() }
    }

    /// The place of a model in memory, which has no folder.
    pub fn none() -> Folder {
        let (given, found) = (HashMap::new(), HashMap::new());
        Folder { given, path: None, roots: Vec::new(), found, sources: Vec::new() }
    }

    /// The same with files that are given, which come before those in the folder.
    pub fn with(self, given: GivenFiles) -> Folder {
        let given = given.into_iter().map(|(name, file)| (plain(&name), file)).collect();
        Folder { given, ..self }
    }

    /// The files that were found, in the order of their numbers: the first is the model's source 1.
    pub fn into_sources(self) -> Vec<Source> {
        self.sources
    }

    /// Where the `bytes` of a tensor lie.
    ///
    /// errors: `EXTERNAL_DATA` where the file is missing, outside the folder, or too short
    pub fn find(&mut self, external: &External, bytes: u64) -> Result<Data> {
        let location = external.location.as_str();
        if let Some(length) = external.length.filter(|length| *length != bytes) {
            return Err(fail(format!(
                "\"{location}\" is said to hold {length} bytes of it, but it takes {bytes}"
            )));
        }
        let number = match self.given.get(&plain(location)).cloned() {
            Some(file) => self.open_given(location, &file)?,
            None => self.open_beside(location)?,
        };
        let source = &self.sources[number - 1];
        let (length, offset) = (source.length(), external.offset);
        if offset.checked_add(bytes).is_none_or(|end| end > length) {
            let what = format!("its {bytes} bytes begin at {offset}, but \"{location}\" has {length} bytes");
            return Err(source.place(fail(what)));
        }
        Ok(Data::Bytes { source: number, offset })
    }

    /// The number of a file that is given.
    fn open_given(&mut self, location: &str, file: &Given) -> Result<usize> {
        self.number(Found::Given(plain(location)), |open| match file {
            Given::Bytes(bytes) => Ok(Source::from_bytes(bytes.clone())),
            Given::Path(path) => {
                open(path).map_err(|error| fail(format!("its data file: {}", error.what())).in_file(path))
            }
        })
    }

    /// The number of a file in the folder.
    fn open_beside(&mut self, location: &str) -> Result<usize> {
        let Some(folder) = &self.path else { return Err(self.not_given(location)) };
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
        self.number(Found::Real(real.clone()), |open| {
            open(&real).map_err(|error| fail(format!("its data file: {}", error.what())).in_file(&path))
        })
    }

    /// The number of what was found, which is opened the first time.
    fn number(
        &mut self,
        found: Found,
        opened: impl FnOnce(fn(&Path) -> Result<Source>) -> Result<Source>,
    ) -> Result<usize> {
        if let Some(number) = self.found.get(&found) {
            return Ok(*number);
        }
        let open = if self.sources.len() < MOST_OPEN { Source::open } else { Source::open_briefly };
        self.sources.push(opened(open)?);
        self.found.insert(found, self.sources.len());
        Ok(self.sources.len())
    }

    fn not_given(&self, location: &str) -> Error {
        let mut names: Vec<&str> = self.given.keys().map(String::as_str).collect();
        names.sort_unstable();
        let given = if names.is_empty() { String::new() } else { format!(" (but {})", names.join(", ")) };
        fail(format!("its data is in another file, \"{location}\", which was not given{given}"))
            .todo("Give that file beside the model, as externalData, or open the model by its path.")
    }
}

fn fail(what: String) -> Error {
    Error::new(Code::ExternalData, what)
}

/// A name as it is compared: `./` before it says nothing, and there are two separators.
fn plain(location: &str) -> String {
    let name = location.replace('\\', "/");
    name.trim_start_matches("./").to_owned()
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
