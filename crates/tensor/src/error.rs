use std::fmt;
use std::path::Path;
use std::sync::PoisonError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of fault: the stable names that programs match on, listed in `src/base/errors.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    FileNotFound,
    FileUnreadable,
    OutputExists,
    OutputUnwritable,
    ModelMalformed,
    ModelUnsupported,
    ModelTooLarge,
    ExternalData,
    NonFinite,
    OptionInvalid,
    /// The caller cancelled; not an `ErrorCode`, it becomes an AbortError.
    Aborted,
    Internal,
}

impl Code {
    pub fn name(self) -> &'static str {
        match self {
            Code::FileNotFound => "FILE_NOT_FOUND",
            Code::FileUnreadable => "FILE_UNREADABLE",
            Code::OutputExists => "OUTPUT_EXISTS",
            Code::OutputUnwritable => "OUTPUT_UNWRITABLE",
            Code::ModelMalformed => "MODEL_MALFORMED",
            Code::ModelUnsupported => "MODEL_UNSUPPORTED",
            Code::ModelTooLarge => "MODEL_TOO_LARGE",
            Code::ExternalData => "EXTERNAL_DATA",
            Code::NonFinite => "NON_FINITE",
            Code::OptionInvalid => "OPTION_INVALID",
            Code::Aborted => "ABORTED",
            Code::Internal => "INTERNAL",
        }
    }

    /// The next thing to try, where an error says nothing closer.
    fn remedy(self) -> &'static str {
        match self {
            Code::FileNotFound => "Check the path.",
            Code::FileUnreadable => "Check that it is a file and that you may read it.",
            // Braces hold an option, which either surface has its own words for: `src/base/words.ts`.
            Code::OutputExists => "Choose another output, or give {force: true} to replace it.",
            Code::OutputUnwritable => "Check that the folder exists, may be written to and has room.",
            Code::ModelMalformed => {
                "Check that it is an .onnx file and that its download or copy is complete."
            }
            Code::ModelUnsupported => "Export the model without it.",
            Code::ModelTooLarge => "Save it to a file, with its weights as external data.",
            Code::ExternalData => {
                "Keep the model's external data files in its folder, under the names it gives them."
            }
            Code::NonFinite => "The weights hold NaN or infinity: check the training run.",
            Code::OptionInvalid => "Check the options.",
            Code::Aborted => "",
            Code::Internal => "Please report this.",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a fault lies: as much as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub file: Option<String>,
    pub node: Option<String>,
    pub op: Option<String>,
    pub tensor: Option<String>,
    pub axis: Option<u32>,
}

/// What was wrong, where, and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {}", .0.code, .0.what)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    code: Code,
    what: String,
    place: Place,
    todo: Option<String>,
}

impl Error {
    pub fn new(code: Code, what: impl Into<String>) -> Error {
        Error(Box::new(Details { code, what: what.into(), place: Place::default(), todo: None }))
    }

    pub fn malformed(what: impl Into<String>) -> Error {
        Error::new(Code::ModelMalformed, what)
    }

    pub fn internal(what: impl Into<String>) -> Error {
        Error::new(Code::Internal, what)
    }

    /// A thread panicked while it held a lock: what the lock guards may be half of what it should be.
    pub fn poisoned<T>(_: PoisonError<T>) -> Error {
        Error::internal("a thread stopped half way while others waited for what it had")
    }

    /// Says what to do, instead of the code's usual remedy.
    pub fn todo(mut self, todo: impl Into<String>) -> Error {
        self.0.todo = Some(todo.into());
        self
    }

    /// Names the file, unless a closer one is named already.
    pub fn in_file(mut self, path: &Path) -> Error {
        self.0.place.file.get_or_insert_with(|| path.display().to_string());
        self
    }

    pub fn in_tensor(mut self, name: &str) -> Error {
        self.0.place.tensor.get_or_insert_with(|| name.to_owned());
        self
    }

    pub fn in_node(mut self, name: &str, op: &str) -> Error {
        if self.0.place.node.is_none() {
            self.0.place.node = Some(name.to_owned());
            self.0.place.op = Some(op.to_owned()).filter(|op| !op.is_empty());
        }
        self
    }

    pub fn on_axis(mut self, axis: u32) -> Error {
        self.0.place.axis.get_or_insert(axis);
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn what(&self) -> &str {
        &self.0.what
    }

    pub fn place(&self) -> &Place {
        &self.0.place
    }

    pub fn remedy(&self) -> &str {
        self.0.todo.as_deref().unwrap_or_else(|| self.0.code.remedy())
    }
}
